// Adding up what arrives at a node. A contribution may carry a guard: the mask under which it flows. Contributions of
// one guard are simply added; those of complementary guards become one select; only where guards really differ is each
// masked. So the cost of rule R1 is paid once per join, not at every product along the way. Of tensors the guard is a mask
// that broadcasts: each element has its own.

import { type Builder, constantOf, opposite } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { SCALAR } from '../ir/shape.ts';
import { type Flow, masked } from './flow.ts';
import { whole } from './spans.ts';

/** The sum of one or more flows. */
export function join(b: Builder, flows: readonly Flow[]): Flow {
  if (flows.length === 1) return flows[0];
  if (flows.every(flow => flow.guard === flows[0].guard)) {
    return {
      value: flows.map(flow => flow.value).reduce((sum, value) => b.add(sum, value)),
      guard: flows[0].guard,
      ...(flows.every(({ clean }) => clean) && { clean: true }),
    };
  }
  const sums = new Map<Node | null, Flow>();
  for (const flow of flows) {
    const sum = sums.get(flow.guard);
    sums.set(flow.guard, sum === undefined ? flow : plus(b, sum, flow));
  }
  const groups = pairUp(b, sums);
  if (groups.length === 1) return groups[0];
  const isTensor = groups.some(({ value }) => value.shape !== SCALAR);
  const joined = isTensor ? whole(b, groups) : null;
  if (joined !== null) return { value: joined, guard: null };
  let value = masked(b, groups[0]);
  let guard = groups[0].guard;
  for (let i = 1; i < groups.length; i++) {
    value = b.add(value, masked(b, groups[i]));
    const next = groups[i].guard;
    guard = guard === null || next === null ? null : b.or(guard, next);
  }
  if (guard === null || constantOf(guard) === 1) return { value, guard: null };
  return isTensor ? { value, guard, clean: true } : { value, guard };
}

/** The sum of two flows under one guard. */
function plus(b: Builder, flow: Flow, other: Flow): Flow {
  const value = b.add(flow.value, other.value);
  return { value, guard: flow.guard, ...(flow.clean && other.clean && { clean: true }) };
}

/** Merges groups whose guards are `p and c`, `p and not c` into one select on c, guarded by p, while there are any. */
function pairUp(b: Builder, sums: ReadonlyMap<Node | null, Flow>): Flow[] {
  let groups: Flow[] = [...sums.values()];
  for (let merged = true; merged && groups.length > 1 && groups.length <= MANY; ) {
    merged = false;
    search: for (let i = 0; i < groups.length; i++) {
      for (let j = i + 1; j < groups.length; j++) {
        const split = complementary(groups[i].guard, groups[j].guard);
        if (split === null) continue;
        const pair: Flow = {
          value: b.select(split.condition, groups[i].value, groups[j].value),
          guard: split.common,
        };
        const rest = groups.filter((_, k) => k !== i && k !== j);
        const same = rest.findIndex(group => group.guard === pair.guard);
        if (same >= 0) rest[same] = plus(b, rest[same], pair);
        else rest.push(pair);
        groups = rest;
        merged = true;
        break search;
      }
    }
  }
  return groups;
}

/** Beyond this many different guards at one node the quadratic search for pairs is not worth its time. */
const MANY = 32;

/** p = common and condition, q = common and not condition: what they share, and what tells them apart. */
function complementary(p: Node | null, q: Node | null): { common: Node | null; condition: Node } | null {
  if (p === null || q === null) return null;
  if (opposite(p, q)) return { common: null, condition: p };
  if (p.op !== 'and' || q.op !== 'and') return null;
  for (const [common, condition] of [p.inputs, [...p.inputs].reverse()]) {
    for (const [other, negation] of [q.inputs, [...q.inputs].reverse()]) {
      if (common === other && opposite(condition, negation)) return { common, condition };
    }
  }
  return null;
}
