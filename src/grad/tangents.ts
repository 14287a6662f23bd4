// Tangents that are mostly zero. Pushed forward from an identity, the tangent of a tensor has the axes of the tensor (`own`)
// and those of the input in front (`lead`), and most of it is zero. It is kept as a sum of terms, and of a term there is
// only what is not zero: a product of `factors` over labelled axes, and for every axis of the whole the place along it where
// an element stands. The identity itself has no factors, and one label for both of its axes; slices and paddings move a
// place and touch no value; sums over an axis that is tied to another are no sums. So a diagonal stays one to the end.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize } from '../ir/size.ts';
import { contractedOver, type Lengths, product, times } from './factors.ts';
import { compact, conjunction, type Labelled, maskedBy, renamed, without } from './layout.ts';

/** Along one axis: start + step * the index along `label`, or what the 1-based `index` says there, less one. */
export interface Place {
  /** Undefined: all elements stand in one place. */
  readonly label: number | undefined;
  readonly start: Size;
  readonly step: number;
  readonly index?: Node;
}

/** One term of a tangent: the product of the factors where the guard holds (null: everywhere), at its places. */
export interface Tangent {
  readonly factors: readonly Labelled[];
  readonly guard: Labelled | null;
  readonly own: readonly Place[];
  readonly lead: readonly Place[];
  /** Of every label, whether a factor varies along it or not. */
  readonly lengths: Lengths;
  /** The product is already zero where the guard does not hold: a sum of what was. */
  readonly clean?: boolean;
}

export function along(label: number): Place {
  return { label, start: 0, step: 1 };
}

/** The one place along an axis of length 1. */
export const FIRST: Place = { label: undefined, start: 0, step: 1 };

/** True if the place runs over a whole axis of `size`, in order. */
export function isWhole({ label, start, step, index }: Place, size: Size, lengths: Lengths): boolean {
  if (label === undefined || start !== 0 || step !== 1 || index !== undefined) return false;
  return sameSize(lengths.get(label)!, size);
}

/** The tangent of an input of this shape by itself. */
export function identity(shape: Shape): Tangent {
  const places = shape.map((size, axis) => (size === 1 ? FIRST : along(axis)));
  return {
    factors: [],
    guard: null,
    own: places,
    lead: places,
    lengths: new Map(shape.flatMap((size, axis) => (size === 1 ? [] : [[axis, size] as const]))),
  };
}

/** How many places the label decides. */
export function uses({ own, lead }: Tangent, label: number): number {
  return [...own, ...lead].filter(place => place.label === label).length;
}

/** A label that the tangent does not have. */
export function unused({ lengths }: Tangent): number {
  return Math.max(-1, ...lengths.keys()) + 1;
}

export function scaled(b: Builder, tangent: Tangent, factor: Labelled): Tangent {
  const factors = times(b, tangent.factors, factor);
  return factors === tangent.factors ? tangent : { ...tangent, factors, clean: false };
}

/** The tangent where `mask` holds too; null if that is nowhere. */
export function guarded(b: Builder, tangent: Tangent, mask: Labelled): Tangent | null {
  const known = constantOf(mask.node);
  if (known !== undefined) return known ? tangent : null;
  const masks = tangent.guard === null ? [mask] : [tangent.guard, mask];
  return { ...tangent, guard: conjunction(b, masks), clean: false };
}

/** The tensor `node`, whose axes are the last of those of `own`, at the places of these. */
export function readAt(b: Builder, node: Node, own: readonly Place[], lengths: Lengths): Labelled {
  const source = node.op === 'broadcast' ? node.inputs[0] : node;
  const places = own.slice(own.length - source.shape.length);
  const part = places.reduce(
    (rest, place, axis) => (source.shape[axis] === 1 ? rest : readAlong(b, rest, axis, place, lengths)),
    source,
  );
  return onDiagonals(
    b,
    part,
    places.map(({ label }, axis) => (source.shape[axis] === 1 ? UNLABELLED : (label ?? UNLABELLED))),
  );
}

/** Labels of axes of length 1, which have none. */
const UNLABELLED = -1;

/** Labelled, and read on its diagonal where two axes have one label. */
function onDiagonals(b: Builder, node: Node, labels: readonly number[]): Labelled {
  const seen = new Map<number, number>();
  let apart = -2;
  const distinct = labels.map(label => {
    if (label === UNLABELLED || !seen.has(label)) {
      seen.set(label, label);
      return label;
    }
    return apart--;
  });
  let result = compact(b, node, distinct);
  for (const [axis, label] of distinct.entries()) {
    if (label < UNLABELLED) result = renamed(b, result, label, labels[axis]);
  }
  return result;
}

/** The elements of `node` along one axis in the order of a label; the one element, if there is none. */
function readAlong(b: Builder, node: Node, axis: number, place: Place, lengths: Lengths): Node {
  const { label, start, step, index } = place;
  if (isWhole(place, node.shape[axis], lengths)) return node;
  const length = label === undefined ? 1 : lengths.get(label)!;
  if (index === undefined) return b.slice(node, { axis, start, step, length });
  return b.gather(node, b.reshape(positionOf(b, place), [length]), axis);
}

/** Where the elements stand along an axis, from 1: a vector along the label, or a number. */
export function positionOf(b: Builder, { start, step, index }: Place): Node {
  const k = b.sub(index!, 1);
  return start === 0 && step === 1 ? index! : b.add(b.mul(step, k), b.add(b.size(start), 1));
}

// --- labels -----------------------------------------------------------------------------------------------------------

/** Of the elements along a label only those at start + step * (0 ... length - 1) are left. */
export function restricted(
  b: Builder,
  tangent: Tangent,
  label: number,
  start: Size,
  step: number,
  length: Size,
): Tangent {
  if (start === 0 && step === 1 && sameSize(length, tangent.lengths.get(label)!)) return tangent;
  const cut = ({ node, labels }: Labelled): Labelled => {
    const axis = labels.indexOf(label);
    if (axis < 0) return { node, labels };
    return compact(b, b.slice(node, { axis, start, step, length }), labels);
  };
  const isSingle = length === 1;
  const move = (place: Place): Place => {
    if (place.label !== label) return place;
    const { index } = place;
    if (index === undefined) {
      const from = addSizes(place.start, multiplySizes(start, place.step));
      return isSingle
        ? { label: undefined, start: from, step: 1 }
        : { label, start: from, step: place.step * step };
    }
    const part = b.slice(index, { axis: 0, start, step, length });
    return { ...place, label: isSingle ? undefined : label, index: isSingle ? b.reshape(part, []) : part };
  };
  const lengths = new Map(tangent.lengths);
  if (isSingle) lengths.delete(label);
  else lengths.set(label, length);
  return {
    factors: tangent.factors.map(cut),
    guard: tangent.guard && cut(tangent.guard),
    own: tangent.own.map(move),
    lead: tangent.lead.map(move),
    lengths,
  };
}

/** The elements along a label at the 1-based positions in `index`, a number or a vector, whose axis takes the place of the label. */
export function gathered(b: Builder, tangent: Tangent, label: number, index: Node): Tangent {
  const isVector = index.shape.length === 1 && index.shape[0] !== 1;
  const flat = isVector ? index : b.reshape(index, []);
  const pick = ({ node, labels }: Labelled): Labelled => {
    const axis = labels.indexOf(label);
    if (axis < 0) return { node, labels };
    return compact(b, b.gather(node, flat, axis), isVector ? labels : labels.filter(each => each !== label));
  };
  const next = isVector ? label : undefined;
  const move = (place: Place): Place => {
    if (place.label !== label) return place;
    return {
      ...place,
      label: next,
      index: place.index === undefined ? flat : b.gather(place.index, flat, 0),
    };
  };
  const lengths = new Map(tangent.lengths);
  if (isVector) lengths.set(label, index.shape[0]);
  else lengths.delete(label);
  return {
    factors: tangent.factors.map(pick),
    guard: tangent.guard && pick(tangent.guard),
    own: tangent.own.map(move),
    lead: tangent.lead.map(move),
    lengths,
  };
}

/** The tangent with one label in the place of another of the same length: what has both is read on its diagonal. */
export function merged(b: Builder, tangent: Tangent, from: number, to: number): Tangent {
  const rename = (tensor: Labelled) => renamed(b, tensor, from, to);
  const move = (place: Place): Place => (place.label === from ? { ...place, label: to } : place);
  const lengths = new Map(tangent.lengths);
  lengths.delete(from);
  return {
    factors: tangent.factors.map(rename),
    guard: tangent.guard && rename(tangent.guard),
    own: tangent.own.map(move),
    lead: tangent.lead.map(move),
    lengths,
  };
}

/** The tangent with new places of its own; the sum over labels that decide no place any more. */
export function summedTo(b: Builder, tangent: Tangent, own: readonly Place[]): Tangent {
  const kept = new Set([...own, ...tangent.lead].map(({ label }) => label));
  const over = [...tangent.lengths.keys()].filter(label => !kept.has(label));
  if (over.length === 0) return { ...tangent, own };
  const { factors, guard } = ungated(b, tangent, over);
  const isGated = factors !== tangent.factors;
  const lengths = new Map([...tangent.lengths].filter(([label]) => kept.has(label)));
  return {
    factors: contractedOver(b, factors, over, tangent.lengths),
    guard,
    own,
    lead: tangent.lead,
    lengths,
    clean: isGated || tangent.clean === true,
  };
}

/**
 * The factors with the guard applied if it changes along one of the labels; the guard that is left holds where it held
 * for any of the summands: what the sum of none of them meets next may not be finite (rule R1).
 */
function ungated(
  b: Builder,
  { factors, guard }: Tangent,
  over: readonly number[],
): { readonly factors: readonly Labelled[]; readonly guard: Labelled | null } {
  if (guard === null || !guard.labels.some(label => over.includes(label))) return { factors, guard };
  const any = without(guard, over, (node, axes) => b.any(node, axes));
  return { factors: gatedFactors(b, factors, guard), guard: constantOf(any.node) === 1 ? null : any };
}

/**
 * 0 where the guard does not hold: in the product of what varies along its axes only, and in what has further axes wherever
 * none of its uses is selected (rule R1).
 */
function gatedFactors(b: Builder, factors: readonly Labelled[], guard: Labelled): readonly Labelled[] {
  const isInside = ({ labels }: Labelled) => labels.every(label => guard.labels.includes(label));
  const core = maskedBy(b, guard, product(b, factors.filter(isInside)));
  const rest = factors.filter(factor => !isInside(factor));
  return [
    core,
    ...rest.map(factor => {
      const lacking = guard.labels.filter(label => !factor.labels.includes(label));
      if (lacking.length === guard.labels.length) return factor;
      return maskedBy(
        b,
        without(guard, lacking, (node, axes) => b.any(node, axes)),
        factor,
      );
    }),
  ];
}

/** The tangent with other labels. */
export function relabelled(
  { factors, guard, own, lead, lengths, clean = false }: Tangent,
  to: (label: number) => number,
): Tangent {
  const rename = ({ node, labels }: Labelled): Labelled => ({ node, labels: labels.map(to) });
  const move = (place: Place): Place =>
    place.label === undefined ? place : { ...place, label: to(place.label) };
  return {
    factors: factors.map(rename),
    guard: guard && rename(guard),
    own: own.map(move),
    lead: lead.map(move),
    lengths: new Map([...lengths].map(([label, size]) => [to(label), size])),
    clean,
  };
}
