// Flows over labelled axes (layout.ts). Here a guard is a list of conditions, and a condition `index p = index q` is a
// delta: a sum over q of what flows under it is the summand at q = p, and no sum at all. That is how the identity seeds of
// a Jacobian disappear from the products they meet, and how what is diagonal stays so to the end.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { type Size, sameSize } from '../ir/size.ts';
import type { Flow } from './flow.ts';
import {
  compact,
  conjunction,
  descending,
  type Labelled,
  labelled,
  laid,
  maskedBy,
  renamed,
  unpermuted,
  without,
} from './layout.ts';

/** The condition that the indices along p and q, which have one length, are equal. */
export interface Delta {
  readonly p: number;
  readonly q: number;
  readonly length: Size;
}

/** A flow taken apart: `value` where all deltas and masks hold. */
export interface Opened {
  readonly value: Labelled;
  readonly deltas: readonly Delta[];
  readonly masks: readonly Labelled[];
  /** The value is already zero elsewhere. */
  readonly clean: boolean;
}

export function opened(b: Builder, { value, guard, clean = false }: Flow): Opened {
  const deltas: Delta[] = [];
  const masks: Labelled[] = [];
  for (const mask of conjuncts(guard)) {
    const delta = deltaOf(mask);
    if (delta === null) masks.push(labelled(b, mask));
    else deltas.push(delta);
  }
  return { value: labelled(b, value), deltas, masks, clean };
}

/** The inverse of `opened`, for axes with the labels below `rank`. Shapes are those of operands that broadcast. */
export function closed(b: Builder, { value, deltas, masks, clean }: Opened, rank: number): Flow {
  const order = descending(rank);
  const guards = [
    ...deltas.map(delta => deltaMask(b, delta, order)),
    ...masks.map(mask => laid(b, mask, order)),
  ];
  const guard = guards.length === 0 ? null : guards.reduce((all, mask) => b.and(all, mask));
  return { value: laid(b, value, order), guard, ...(clean && guard !== null && { clean }) };
}

export function relabelled({ value, deltas, masks, clean }: Opened, to: (label: number) => number): Opened {
  const move = ({ node, labels }: Labelled) => ({ node, labels: labels.map(to) });
  return {
    value: move(value),
    deltas: deltas.map(({ p, q, length }) => ({ p: to(p), q: to(q), length })),
    masks: masks.map(move),
    clean,
  };
}

/** The flow with the index `from` set to the index `to` everywhere. */
export function identified(
  b: Builder,
  { value, deltas, masks, clean }: Opened,
  from: number,
  to: number,
): Opened {
  const label = (each: number) => (each === from ? to : each);
  return {
    value: renamed(b, value, from, to),
    deltas: deltas
      .map(({ p, q, length }) => ({ p: label(p), q: label(q), length }))
      .filter(({ p, q }) => p !== q),
    masks: masks.map(mask => renamed(b, mask, from, to)),
    clean,
  };
}

/** The sum over the axes in `lengths`. The guard holds where it held for any of the summands. */
export function summed(b: Builder, flow: Opened, lengths: ReadonlyMap<number, Size>): Opened {
  let rest = flow;
  const left = new Map(lengths);
  for (const q of lengths.keys()) {
    const delta = rest.deltas.find(each => each.p === q || each.q === q);
    if (delta === undefined) continue;
    rest = identified(b, rest, q, delta.p === q ? delta.q : delta.p);
    left.delete(q);
  }
  const over = [...left.keys()];
  const { inner, outer, guards } = guardsOver(b, rest, over);
  const value = inner === null || rest.clean ? rest.value : maskedBy(b, inner, rest.value);
  const missing = over.filter(label => !value.labels.includes(label));
  const count = missing.reduce((product, label) => b.mul(product, b.size(left.get(label)!)), b.constant(1));
  const sum = without(value, over, (node, axes) => b.reduceSum(node, axes));
  return {
    value: { node: b.mul(count, sum.node), labels: sum.labels },
    deltas: rest.deltas,
    masks: [...outer, ...guards],
    clean: rest.clean || (outer.length === 0 && rest.deltas.length === 0),
  };
}

/**
 * The contraction of a flow with `other`, whose labels are those of all its axes, over the labels that `out` lacks. Where
 * nothing of the flow is selected, `other` reads as 0: what it holds there does not leak (rule R1). `product` takes the
 * subscripts of flow, other and result.
 */
export function contracted(
  b: Builder,
  flow: Opened,
  other: Labelled,
  out: readonly number[],
  product: (subscripts: readonly [string, string, string], flow: Node, other: Node) => Node,
): Opened {
  let rest = flow;
  let partner = other;
  const over = new Set([...other.labels, ...flow.value.labels].filter(label => !out.includes(label)));
  for (const q of [...over]) {
    const delta = rest.deltas.find(each => each.p === q || each.q === q);
    if (delta === undefined) continue;
    const p = delta.p === q ? delta.q : delta.p;
    rest = identified(b, rest, q, p);
    partner = renamed(b, partner, q, p);
    over.delete(q);
  }
  const { inner, outer, guards } = guardsOver(b, rest, [...over]);
  let value = unpermuted(b, rest.value);
  if (inner !== null) {
    if (!rest.clean) value = maskedBy(b, inner, value);
    const lacking = inner.labels.filter(label => !partner.labels.includes(label));
    const anyUse = without(inner, lacking, (node, axes) => b.any(node, axes));
    partner = maskedBy(b, anyUse, partner);
  }
  const labels = out.filter(label => value.labels.includes(label) || partner.labels.includes(label));
  const letters = new Map([...value.labels, ...partner.labels].map((label, i) => [label, LETTERS[i]]));
  const text = (of: readonly number[]) => of.map(label => letters.get(label)!).join('');
  const node = product([text(value.labels), text(partner.labels), text(labels)], value.node, partner.node);
  return {
    value: compact(b, node, labels),
    deltas: rest.deltas,
    masks: [...outer, ...guards],
    clean: rest.clean || (outer.length === 0 && rest.deltas.length === 0),
  };
}

/** The mask of a delta over axes in the order given. */
export function deltaMask(b: Builder, { p, q, length }: Delta, order: readonly number[]): Node {
  const index = b.iota(length);
  return b.eq(laid(b, { node: index, labels: [p] }, order), laid(b, { node: index, labels: [q] }, order));
}

/** The label and the length of the one axis along which `node` counts 0, 1, 2, ...; null if it does not. */
export function countingAxis(node: Node): { readonly label: number; readonly length: Size } | null {
  const source = node.op === 'reshape' ? node.inputs[0] : node;
  if (source.op !== 'iota') return null;
  const axis = node.shape.findIndex(size => size !== 1);
  return axis < 0 ? null : { label: node.shape.length - 1 - axis, length: node.shape[axis] };
}

/** The masks whose conjunction `guard` is: at most MANY of them. */
export function conjuncts(guard: Node | null): readonly Node[] {
  if (guard === null) return [];
  const parts: Node[] = [guard];
  for (let at = 0; at < parts.length; ) {
    const part = parts[at];
    if (part.op === 'broadcast') parts[at] = part.inputs[0];
    else if (part.op === 'and' && parts.length < MANY) parts.splice(at, 1, ...part.inputs);
    else at++;
  }
  return [...new Set(parts)].filter(part => constantOf(part) !== 1);
}

/** Longer guards are not taken apart. */
const MANY = 16;

/** Letters for the subscripts of contractions. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function deltaOf(mask: Node): Delta | null {
  if (mask.op !== 'eq') return null;
  const [p, q] = mask.inputs.map(countingAxis);
  if (p === null || q === null || p.label === q.label || !sameSize(p.length, q.length)) return null;
  return { p: Math.max(p.label, q.label), q: Math.min(p.label, q.label), length: p.length };
}

/** The masks that change along one of the axes, as one; the others; and what of the first is left when these are gone. */
function guardsOver(b: Builder, { masks }: Opened, axes: readonly number[]) {
  const changes = (mask: Labelled) => mask.labels.some(label => axes.includes(label));
  const inner = conjunction(b, masks.filter(changes));
  const any = inner && without(inner, axes, (node, at) => b.any(node, at));
  return {
    inner,
    outer: masks.filter(mask => !changes(mask)),
    guards: any === null || constantOf(any.node) === 1 ? [] : [any],
  };
}
