// Jacobians of tensors by columns: forward mode from an identity for a seed, whose further axes are those of the input. The
// identity is no array of zeros and ones but a guard, the condition that two indices are equal: products with it are never
// built, and what is diagonal is written as such when the block is.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { closed, deltaMask, opened, relabelled } from './axes.ts';
import { type Flow, masked } from './flow.ts';
import { compact, descending, type Labelled, laid, laidInside } from './layout.ts';
import { repeated } from './maps.ts';

/** The tangent of shape [...x, ...x] of the input x by itself. */
export function identitySeed(b: Builder, { shape }: Node): Flow {
  const rank = shape.length;
  const masks = shape.flatMap((length, axis) => {
    const q = rank - 1 - axis;
    return length === 1 ? [] : [deltaMask(b, { p: q + rank, q, length }, descending(2 * rank))];
  });
  const guard = masks.length === 0 ? null : masks.reduce((all, mask) => b.and(all, mask));
  return { value: b.constant(1), guard };
}

/** The tangent of shape [...x, ...f] as the block of f by x, of shape [...f, ...x]. */
export function blockOf(b: Builder, tangent: Flow, { shape: f }: Node, { shape: x }: Node): Node {
  if (f.length === 0 && x.length === 0) return masked(b, tangent);
  const to = (label: number) => (label < f.length ? label + x.length : label - f.length);
  const flow = relabelled(opened(b, tangent), to);
  const rank = f.length + x.length;
  const value = laidOnce(b, flow.value, descending(rank));
  return repeated(b, masked(b, { ...closed(b, flow, rank), value }), [...f, ...x]);
}

/** The tensor with its axes in the order given; a product is written in that order at once. */
function laidOnce(b: Builder, { node, labels }: Labelled, order: readonly number[]): Node {
  if (node.op !== 'contract') return laidInside(b, { node, labels }, order);
  const own = order.filter(label => labels.includes(label));
  const [operands, out] = node.attrs.subscripts.split('->');
  const letters = own.map(label => out[labels.indexOf(label)]).join('');
  const product = b.contract(`${operands}->${letters}`, node.inputs[0], node.inputs[1]);
  return laid(b, compact(b, product, own), order);
}

/** The block of x by y from that of y by x. */
export function transposedBlock(b: Builder, block: Node, x: Node, y: Node): Node {
  const [p, q] = [x.shape.length, y.shape.length];
  const axes = Array.from({ length: p + q }, (_, axis) => (axis < p ? axis + q : axis - p));
  return b.permute(block, axes);
}
