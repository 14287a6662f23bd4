// Forward mode for tangents that are mostly zero (tangents.ts): the Jacobian of a tensor by a tensor, pushed from the
// identity through the rows of the calculus. Every row is linear in the tangent, so a sum of terms is pushed term by term,
// and an operation that moves elements moves places. What has no such form (a cumulative product, a reshape that merges
// axes) is pushed as an array, with the guards of axes.ts.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { addSizes, multiplySizes, type Size, sameSize, subtractSizes } from '../ir/size.ts';
import { arrayOf, fromArray } from './arrays.ts';
import { collected } from './collected.ts';
import { storage, typical } from './factors.ts';
import type { Labelled } from './layout.ts';
import { alikeAxis, pushed } from './maps.ts';
import { type Contribution, hasZeroFactor, partial, type Rule, type Rules } from './rules.ts';
import {
  along,
  FIRST,
  gathered,
  guarded,
  identity,
  isWhole,
  merged,
  type Place,
  readAt,
  restricted,
  scaled,
  summedTo,
  type Tangent,
  unused,
  uses,
} from './tangents.ts';

/** The tangents of `outputs` by an input, as terms; none where they are identically zero. */
export type StructuredPushforward = (input: Node, outputs: readonly Node[]) => (readonly Tangent[])[];

/**
 * Visits the ancestors of the outputs that depend on the input, in topological order. `isRead` tells the indices that the
 * formula reads in any case, so that they are in range: where an access may be unselected no place is made of its index.
 */
export function structuredPushforward(
  b: Builder,
  rules: Rules,
  isRead: (index: Node) => boolean,
): StructuredPushforward {
  return (input, outputs) => {
    const tangents = new Map<Node, readonly Tangent[]>([[input, [identity(input.shape)]]]);
    let pushed = 0;
    for (const node of descendants(input, outputs)) {
      b.graph.at(node.span);
      const terms = node.inputs.flatMap((x, index) =>
        (tangents.get(x) ?? []).flatMap(
          tangent => pushedTerm({ b, rules, isRead }, tangent, node, index, input.shape) ?? [],
        ),
      );
      const sum =
        terms.length === 0
          ? terms
          : fewer(b, collected(b, terms), [node.shape, input.shape], pushed > BUDGET);
      pushed += sum.length;
      if (sum.length > 0) tangents.set(node, sum);
    }
    return outputs.map(node => tangents.get(node) ?? []);
  };
}

/** So many terms of one tangent are kept in any case; more if that saves half of what one array would take. */
const FEW = 8;
/** When so many terms have been pushed through a formula, each further tangent becomes one array. */
const BUDGET = 4000;

function fewer(
  b: Builder,
  terms: readonly Tangent[],
  [own, lead]: readonly [Shape, Shape],
  isSpent: boolean,
): readonly Tangent[] {
  if (terms.length === 1 || (terms.length <= FEW && !isSpent)) return terms;
  const array = [...own, ...lead].reduce<number>((product, size) => product * typical(size), 1);
  const apart = terms.reduce((sum, { factors, lengths }) => sum + storage(factors, lengths), 0);
  if (!isSpent && 2 * apart <= array) return terms;
  return [fromArray(b, arrayOf(b, terms, own, lead), own, lead)];
}

interface Context {
  readonly b: Builder;
  readonly rules: Rules;
  readonly isRead: (index: Node) => boolean;
}

/** What the tangent of the input of `node` at `index` becomes; null if it has no further effect. */
function pushedTerm(
  { b, rules, isRead }: Context,
  tangent: Tangent,
  node: Node,
  index: number,
  lead: Shape,
): Tangent | null {
  const rule: Rule = rules[node.op];
  const x = node.inputs[index];
  switch (rule.kind) {
    case 'constant':
      return null;
    case 'elementwise':
    case 'variadic': {
      const slope = partial(rule, b.constant(1), node, index);
      return sloped(b, repeatedTo(tangent, x.shape, node.shape), slope);
    }
    case 'weighted': {
      const { axes } = node.attrs as { readonly axes: readonly number[] };
      const slope = rule.partial(b.constant(1), x, b.expand(node, axes), axes);
      const terms = sloped(b, tangent, slope);
      return terms && summedTo(b, terms, withoutAxes(terms.own, axes));
    }
    case 'bilinear':
      return hasZeroFactor(node.inputs[1 - index]) ? null : contracted(b, tangent, node, index);
    case 'linear': {
      if (node.op === 'gather' || node.op === 'scatterAdd') {
        if (index === 1) return null;
        if (!isRead(node.inputs[1])) return pushedArray();
      }
      const moved = movedBy(b, tangent, node, index);
      return moved === undefined ? pushedArray() : moved;
    }
    case 'scan':
      return pushedArray();
    default:
      return rule satisfies never;
  }

  function pushedArray(): Tangent | null {
    const flow = pushed(b, rules, arrayOf(b, [tangent], x.shape, lead), node, index, lead);
    return flow && fromArray(b, flow, node.shape, lead);
  }
}

/** Times a partial derivative, which has the axes of the tangent's own; null if nothing flows. */
function sloped(b: Builder, tangent: Tangent, slope: Contribution): Tangent | null {
  if (slope === null) return null;
  const read = (node: Node): Labelled => readAt(b, node, tangent.own, tangent.lengths);
  if (!('mask' in slope)) return scaled(b, tangent, read(slope));
  const open = guarded(b, tangent, read(slope.mask));
  return open && scaled(b, open, read(slope.value));
}

/** The tangent of an operand of shape `from` that is broadcast to shape `to`. */
function repeatedTo(tangent: Tangent, from: Shape, to: Shape): Tangent {
  const lengths = new Map(tangent.lengths);
  let next = unused(tangent);
  const own = to.map((size, axis): Place => {
    const at = axis - (to.length - from.length);
    if (at >= 0 && (from[at] !== 1 || size === 1)) return tangent.own[at];
    if (size === 1) return FIRST;
    lengths.set(next, size);
    return along(next++);
  });
  return { ...tangent, own, lengths };
}

function withoutAxes(own: readonly Place[], axes: readonly number[]): Place[] {
  return own.filter((_, axis) => !axes.includes(axis));
}

/** One operand of a contraction replaced by its tangent. */
function contracted(b: Builder, tangent: Tangent, node: Node, index: number): Tangent {
  const { x, y, out } = subscriptsOf((node.attrs as { readonly subscripts: string }).subscripts);
  const [own, other] = index === 0 ? [x, y] : [y, x];
  const partner = node.inputs[1 - index];
  const placeOf = new Map<string, Place>([...own].map((letter, axis) => [letter, tangent.own[axis]]));
  const sizeOf = new Map<string, Size>(
    [...own].map((letter, axis) => [letter, node.inputs[index].shape[axis]]),
  );
  const lengths = new Map(tangent.lengths);
  let next = unused(tangent);
  for (const [axis, letter] of [...other].entries()) {
    const size = partner.shape[axis];
    // An axis of length 1 of one operand repeats along the other.
    if (placeOf.has(letter) && (sizeOf.get(letter) !== 1 || size === 1)) continue;
    if (size === 1) placeOf.set(letter, FIRST);
    else {
      lengths.set(next, size);
      placeOf.set(letter, along(next++));
    }
  }
  const places = (letters: string) => [...letters].map(letter => placeOf.get(letter)!);
  const factor = readAt(b, partner, places(other), lengths);
  const whole = { ...tangent, own: places(own), lengths };
  return summedTo(b, scaled(b, whole, factor), places(out));
}

/** A linear map that moves places, or sums along axes; undefined if it has no such form here. */
function movedBy(b: Builder, tangent: Tangent, node: Node, index: number): Tangent | null | undefined {
  const { own } = tangent;
  const x = node.inputs[index];
  switch (node.op) {
    case 'reduceSum':
      return summedTo(b, tangent, withoutAxes(own, node.attrs.axes));
    case 'broadcast':
      return repeatedTo(tangent, x.shape, node.shape);
    case 'permute':
      return { ...tangent, own: node.attrs.permutation.map(axis => own[axis]) };
    case 'reshape': {
      const places = node.shape.map(() => FIRST);
      for (const [axis, place] of own.entries()) {
        if (x.shape[axis] === 1) continue;
        const at = alikeAxis(x.shape, node.shape, axis);
        if (at === undefined) return undefined;
        places[at] = place;
      }
      return { ...tangent, own: places };
    }
    case 'pad':
      return shifted(tangent, node.attrs.axis, node.attrs.start, node.attrs.step);
    case 'concat': {
      const { axis } = node.attrs;
      const start = node.inputs
        .slice(0, index)
        .reduce<Size>((sum, { shape }) => addSizes(sum, shape[axis]), 0);
      return shifted(tangent, axis, start, 1);
    }
    case 'slice': {
      const { axis, start, step, length } = node.attrs;
      return sliced(b, tangent, axis, x.shape[axis], { start, step, length });
    }
    case 'element': {
      let rest: Tangent | null | undefined = tangent;
      let position = node.attrs.position;
      for (const [axis, size] of [...x.shape.entries()].reverse()) {
        const at = position % (size as number);
        position = (position - at) / (size as number);
        if (rest) rest = sliced(b, rest, axis, size, { start: at, step: 1, length: 1 });
      }
      return rest && { ...rest, own: [] };
    }
    case 'diagonal':
      return onDiagonal(b, tangent, x.shape);
    case 'gather':
      return gatheredAlong(b, tangent, node.attrs.axis, x.shape, node.inputs[1]);
    case 'scatterAdd':
      return scattered(tangent, node.attrs.axis, x.shape, node.inputs[1]);
    default:
      return undefined;
  }
}

/** What stood at k along the axis stands at start + step * k. Of places that an index tells only the start may change. */
function shifted(tangent: Tangent, axis: number, start: Size, step: number): Tangent {
  const { own, lengths } = tangent;
  const place = own[axis];
  const moved: Place = {
    ...place,
    start: addSizes(start, multiplySizes(place.start, step)),
    step: place.step * step,
  };
  return { ...tangent, own: own.with(axis, moved), lengths };
}

type Range = { readonly start: Size; readonly step: number; readonly length: Size };

/** A slice along one axis of length `size`; null if it has nothing of the tangent, undefined if that is not known. */
export function sliced(
  b: Builder,
  tangent: Tangent,
  axis: number,
  size: Size,
  { start, step, length }: Range,
): Tangent | null | undefined {
  if (size === 1) return sameSize(length, 1) ? tangent : undefined;
  const { own, lengths } = tangent;
  const place = own[axis];
  const { label } = place;
  if (place.index !== undefined) return undefined;
  if (label === undefined) {
    const at = subtractSizes(place.start, start);
    if (typeof at !== 'number' || typeof length !== 'number') return undefined;
    const k = at / step;
    if (!Number.isInteger(k) || k < 0 || k >= length) return null;
    return { ...tangent, own: own.with(axis, length === 1 ? FIRST : { label, start: k, step: 1 }) };
  }
  const to = (part: Tangent, first: Size): Tangent => {
    const now: Place = length === 1 ? FIRST : { label: part.own[axis].label, start: first, step: 1 };
    return { ...part, own: part.own.with(axis, now) };
  };
  if (isWhole(place, size, lengths)) return to(restricted(b, tangent, label, start, step, length), 0);
  // Elements that stand at place.start + i meet the slice at start + j: i = j + offset.
  if (place.step !== 1 || step !== 1) return undefined;
  const offset = subtractSizes(start, place.start);
  const first = larger(0, multiplySizes(offset, -1));
  const end = smaller(length, subtractSizes(lengths.get(label)!, offset));
  if (first === undefined || end === undefined) return undefined;
  const count = subtractSizes(end, first);
  if (typeof count === 'number' && count <= 0) return null;
  if (!isNatural(count)) return undefined;
  return to(restricted(b, tangent, label, addSizes(first, offset), 1, count), first);
}

/** The larger of two sizes, if that can be told whatever the named sizes are. */
function larger(p: Size, q: Size): Size | undefined {
  if (isNatural(subtractSizes(p, q))) return p;
  return isNatural(subtractSizes(q, p)) ? q : undefined;
}

function smaller(p: Size, q: Size): Size | undefined {
  const more = larger(p, q);
  return more && (more === p ? q : p);
}

/** True if a size is never negative, as far as one can tell: named sizes are not. */
function isNatural(size: Size): boolean {
  if (typeof size === 'number') return size >= 0;
  return size.monomials.every(
    ({ coefficient, atoms }) => atoms.every(atom => typeof atom === 'string') && coefficient >= 0,
  );
}

/** The diagonal of the last two axes. */
function onDiagonal(b: Builder, tangent: Tangent, shape: Shape): Tangent | undefined {
  const rank = shape.length;
  const [p, q] = tangent.own.slice(rank - 2);
  const own = tangent.own.slice(0, rank - 1);
  const same = p.label === q.label && p.start === q.start && p.step === q.step && p.index === q.index;
  if (same) return { ...tangent, own };
  const isPlain = [p, q].every((place, k) => isWhole(place, shape[rank - 2 + k], tangent.lengths));
  return isPlain ? { ...merged(b, tangent, q.label!, p.label!), own } : undefined;
}

/** Slices at the positions in `index`. */
function gatheredAlong(
  b: Builder,
  tangent: Tangent,
  axis: number,
  shape: Shape,
  index: Node,
): Tangent | undefined {
  if (index.shape.length > 1) return undefined;
  const place = tangent.own[axis];
  const isVector = index.shape.length === 1;
  if (shape[axis] === 1 || !isWhole(place, shape[axis], tangent.lengths)) return undefined;
  const result = gathered(b, tangent, place.label!, index);
  const isLong = isVector && index.shape[0] !== 1;
  const now = isLong ? [along(place.label!)] : isVector ? [FIRST] : [];
  return { ...result, own: [...result.own.slice(0, axis), ...now, ...result.own.slice(axis + 1)] };
}

/** Elements added at the positions in `index`: only places change, unless a dense part would be spread. */
function scattered(tangent: Tangent, axis: number, shape: Shape, index: Node): Tangent | undefined {
  if (index.shape.length !== 1 || shape[axis] === 1) return undefined;
  const place = tangent.own[axis];
  if (!isWhole(place, shape[axis], tangent.lengths) || uses(tangent, place.label!) === 1) return undefined;
  return { ...tangent, own: tangent.own.with(axis, { ...place, index }) };
}

/** The nodes between the input and the outputs, in topological order. */
function descendants(input: Node, outputs: readonly Node[]): Node[] {
  const seen = new Set<Node>(outputs);
  const stack = [...seen];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const each of node.inputs) {
      if (!seen.has(each)) {
        seen.add(each);
        stack.push(each);
      }
    }
  }
  const reached = new Set<Node>([input]);
  const order = [...seen].sort((p, q) => p.id - q.id);
  for (const node of order) if (node.inputs.some(each => reached.has(each))) reached.add(node);
  return order.filter(node => node !== input && reached.has(node));
}
