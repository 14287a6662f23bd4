// What computing an element reads: the elements of stored nodes below it, through views and inline nodes. Invariant: for
// each element that elements.ts loads while it computes `node` at `index` there is an access here; an index that is only
// known when the function runs is dynamic, without a value.

import type { Node } from '../../ir/graph.ts';
import { dynamicIndex, type Index, isView, operandIndex, throughView } from './space.ts';
import { isLeaf, mustStore } from './stored.ts';

/** An element of a node: where, in the loop variables of the unit that reads it. */
export interface Access {
  readonly node: Node;
  readonly index: readonly Index<undefined>[];
}

/**
 * The elements of stored nodes and leaves that computing `node` at `index` reads, each place of a node once; `self` is
 * what is being computed, which is stored but not read.
 */
export function readsOf(
  { node, index }: Access,
  self: Node | undefined,
  stored: ReadonlySet<Node>,
): Access[] {
  const reads: Access[] = [];
  const seen = new Map<Node, (readonly Index<undefined>[])[]>();
  const pending: Access[] = [{ node, index }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node: at, index: where } = next;
    if (at.op === 'const' || at.op === 'size') continue;
    const known = seen.get(at) ?? [];
    if (known.some(other => sameIndex(other, where))) continue;
    seen.set(at, [...known, where]);
    if (at !== self && (stored.has(at) || isLeaf(at) || mustStore(at))) {
      reads.push(next);
      continue;
    }
    for (const operand of operandsAt(at, where)) pending.push(operand);
  }
  return reads;
}

function sameIndex(a: readonly Index<undefined>[], b: readonly Index<undefined>[]): boolean {
  return a.length === b.length && a.every((part, k) => part === b[k]);
}

/** What the element `index` of an inline node is computed from. */
function operandsAt(node: Node, index: readonly Index<undefined>[]): Access[] {
  const [x, y] = node.inputs;
  if (isView(node)) return [{ node: x, index: throughView(node, index) }];
  switch (node.op) {
    case 'pad':
      return [
        {
          node: x,
          index: index.map((part, at) => (at === node.attrs.axis ? dynamicIndex(undefined) : part)),
        },
      ];
    case 'gather': {
      const { axis } = node.attrs;
      const rank = y.shape.length;
      const inner = [
        ...index.slice(0, axis),
        dynamicIndex<undefined>(undefined),
        ...index.slice(axis + rank),
      ];
      return [
        { node: x, index: inner },
        { node: y, index: index.slice(axis, axis + rank) },
      ];
    }
    default:
      return node.inputs.map(input => ({
        node: input,
        index: operandIndex(input.shape, node.shape, index),
      }));
  }
}
