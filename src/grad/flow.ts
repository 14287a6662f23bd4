// What runs through the calculus: a value and the mask under which it flows (rule R1: selection is control flow). The mask
// is applied once, at a join, a sum or the end, never at each product along the way.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Contribution } from './rules.ts';

/** An adjoint or a tangent: `value` where `guard` holds (null: everywhere), zero elsewhere. */
export interface Flow {
  readonly value: Node;
  readonly guard: Node | null;
  /** The value is already zero where the guard does not hold. */
  readonly clean?: boolean;
}

/** What flows on from `flow` through a rule's contribution; null if nothing does. */
export function through(b: Builder, flow: Flow, contribution: Contribution): Flow | null {
  if (contribution === null) return null;
  const { guard } = flow;
  if (!('mask' in contribution)) {
    return flow.clean && isSigned(contribution, flow.value)
      ? { value: contribution, guard, clean: true }
      : { value: contribution, guard };
  }
  const { mask, value } = contribution;
  const known = constantOf(mask.op === 'broadcast' ? mask.inputs[0] : mask);
  if (known !== undefined) return known ? { value, guard } : null;
  return { value, guard: guard === null ? mask : b.and(guard, mask) };
}

/** x or -x. */
function isSigned(node: Node, x: Node): boolean {
  return node === x || (node.op === 'neg' && node.inputs[0] === x);
}

/** The flow as a plain value: zero where its guard does not hold. */
export function masked(b: Builder, { value, guard, clean }: Flow): Node {
  return guard === null || clean ? value : b.select(guard, value, 0);
}
