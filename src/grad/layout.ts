// Tensors with labelled axes. A label is the place of an axis counted from the end, so that broadcasting, which aligns the
// last axes, keeps it; axes of length 1 have none. What is laid out has its axes in an order that is asked for, and what
// was laid out before is not permuted twice: permutations are read through.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { isElementwise } from '../ir/ops.ts';
import type { Size } from '../ir/size.ts';

/** A tensor and the labels of its axes. */
export interface Labelled {
  readonly node: Node;
  readonly labels: readonly number[];
}

/** The axes of `node` by their places, from the end; a broadcast or a permutation of axes is left out. */
export function labelled(b: Builder, node: Node): Labelled {
  const inner = node.op === 'broadcast' ? node.inputs[0] : node;
  return compact(b, inner, descending(inner.shape.length));
}

/** The tensor whose axes have these labels, without those of length 1. */
export function compact(b: Builder, node: Node, labels: readonly number[]): Labelled {
  const isReal = (_: unknown, axis: number) => node.shape[axis] !== 1;
  const core = b.reshape(node, node.shape.filter(isReal));
  const own = labels.filter(isReal);
  if (core.op !== 'permute') return { node: core, labels: own };
  const { permutation } = core.attrs;
  return { node: core.inputs[0], labels: own.map((_, axis) => own[permutation.indexOf(axis)]) };
}

/** The tensor with its axes in the order given, length 1 where it has none; leading ones are left out. */
export function laid(b: Builder, { node, labels }: Labelled, order: readonly number[]): Node {
  const own = order.filter(label => labels.includes(label));
  const turned = b.permute(
    node,
    own.map(label => labels.indexOf(label)),
  );
  const shape: Size[] = [];
  for (const label of order) {
    const at = own.indexOf(label);
    if (at >= 0) shape.push(turned.shape[at]);
    else if (shape.length > 0) shape.push(1);
  }
  return b.reshape(turned, shape);
}

/** As `laid`, but what is computed element by element is computed in the new order: its operands are laid out. */
export function laidInside(b: Builder, tensor: Labelled, order: readonly number[], most = DEPTH): Node {
  const known = new Map<string, Node>(); // one node may stand there with different labels
  const inside = ({ node, labels }: Labelled, depth: number): Node => {
    const own = order.filter(label => labels.includes(label));
    const isInOrder = own.every((label, at) => label === labels[at]);
    if (isInOrder || depth === 0 || node.inputs.length === 0 || !isElementwise(node.op)) {
      return laid(b, { node, labels }, order);
    }
    const key = `${node.id} ${labels}`;
    const done = known.get(key);
    if (done !== undefined) return done;
    const operands = node.inputs.map(input => inside(operandOf(b, input, labels), depth - 1));
    const result = b.make(node.op, operands, node.attrs);
    known.set(key, result);
    return result;
  };
  return inside(tensor, most);
}

/** The tensor in the order of its operands, if all of those with as many axes were permuted alike. */
export function unpermuted(b: Builder, { node, labels }: Labelled): Labelled {
  const orders = new Map<string, readonly number[]>();
  const visit = (part: Labelled, depth: number): void => {
    if (part.labels.length < labels.length) return;
    const isLeaf = depth === 0 || part.node.inputs.length === 0 || !isElementwise(part.node.op);
    if (isLeaf) orders.set(part.labels.join(), part.labels);
    else for (const input of part.node.inputs) visit(operandOf(b, input, part.labels), depth - 1);
  };
  visit({ node, labels }, DEPTH);
  const [order] = orders.values();
  if (orders.size !== 1 || order.join() === labels.join()) return { node, labels };
  return compact(b, laidInside(b, { node, labels }, order), order);
}

/** So far down a formula is laid out anew. */
const DEPTH = 6;

/** An operand of an elementwise operation whose axes have these labels. */
function operandOf(b: Builder, input: Node, labels: readonly number[]): Labelled {
  const { node, labels: places } = labelled(b, input);
  return { node, labels: places.map(place => labels[labels.length - 1 - place]) };
}

/** `rank - 1`, ..., 1, 0. */
export function descending(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

/** `value` where `mask` holds, else 0. */
export function maskedBy(b: Builder, mask: Labelled, value: Labelled): Labelled {
  const order = union([value, mask]);
  return compact(b, b.select(laid(b, mask, order), laid(b, value, order), 0), order);
}

/** The one mask that holds where all of these do; null if there are none. */
export function conjunction(b: Builder, masks: readonly Labelled[]): Labelled | null {
  if (masks.length === 0) return null;
  const order = union(masks);
  const all = masks.map(mask => laid(b, mask, order)).reduce((both, mask) => b.and(both, mask));
  return compact(b, all, order);
}

/** Where two tensors are equal. */
export function equal(b: Builder, x: Labelled, y: Labelled): Labelled {
  const order = union([x, y]);
  return compact(b, b.eq(laid(b, x, order), laid(b, y, order)), order);
}

/** The tensor reduced over the axes with these labels, as far as there are any. */
export function without(
  { node, labels }: Labelled,
  gone: readonly number[],
  reduce: (node: Node, axes: readonly number[]) => Node,
): Labelled {
  const axes = labels.flatMap((label, axis) => (gone.includes(label) ? [axis] : []));
  if (axes.length === 0) return { node, labels };
  return { node: reduce(node, axes), labels: labels.filter(label => !gone.includes(label)) };
}

/** The label `from` becomes `to`; a tensor that has both is read on its diagonal. */
export function renamed(b: Builder, { node, labels }: Labelled, from: number, to: number): Labelled {
  if (!labels.includes(from)) return { node, labels };
  if (!labels.includes(to)) return { node, labels: labels.map(label => (label === from ? to : label)) };
  const rest = labels.filter(label => label !== from && label !== to);
  return { node: b.diagonal(laid(b, { node, labels }, [...rest, from, to])), labels: [...rest, to] };
}

/** All labels, in the order of the first tensor's axes, what others have besides in front. */
function union(tensors: readonly Labelled[]): number[] {
  const order: number[] = [];
  for (const { labels } of tensors) order.unshift(...labels.filter(label => !order.includes(label)));
  return order;
}
