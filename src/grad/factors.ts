// Products of labelled tensors (layout.ts), kept as lists of factors: an outer product is never multiplied out, and a sum over
// an axis touches only the factors that vary along it. Sums over several axes are contractions of two factors at a time,
// the cheapest first: a chain of matrices is multiplied in the order of their sizes.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Size } from '../ir/size.ts';
import { compact, type Labelled, laid, without as reduced } from './layout.ts';

/** The lengths of labelled axes. */
export type Lengths = ReadonlyMap<number, Size>;

/** What a named size is taken for when costs are compared. */
const TYPICAL_SIZE = 100;

/** About how many elements an array over the labels has. */
export function volume(labels: Iterable<number>, lengths: Lengths): number {
  let product = 1;
  for (const label of labels) product *= typical(lengths.get(label)!);
  return product;
}

/** About how many numbers the factors have when those over the same axes are one. */
export function storage(factors: readonly Labelled[], lengths: Lengths): number {
  const apart = factors.filter((factor, i) => factors.findIndex(each => hasSameLabels(each, factor)) === i);
  return apart.reduce((sum, { labels }) => sum + volume(labels, lengths), 1);
}

/** A size as a number, if need be a typical one. */
export function typical(size: Size): number {
  return typeof size === 'number' ? size : TYPICAL_SIZE;
}

/** The factors with one more, in the order in which they came: what is shared with other products is found again. */
export function times(b: Builder, factors: readonly Labelled[], factor: Labelled): readonly Labelled[] {
  if (isOne(factor)) return factors;
  const all = [...factors, factor];
  if (all.length <= MOST_FACTORS) return all;
  const old = all.splice(0, MOST_FACTORS / 2);
  return [...folded(b, old), ...all];
}

/** Longer lists are multiplied out in part. */
const MOST_FACTORS = 32;

/**
 * Factors over the same axes as one. The last ones are multiplied first: they are those that many derivatives by different
 * inputs end in, and so share (they are the adjoint of where their paths met).
 */
export function folded(b: Builder, factors: readonly Labelled[]): readonly Labelled[] {
  const groups: Labelled[] = [];
  for (const factor of factors.toReversed()) {
    const at = groups.findIndex(each => hasSameLabels(each, factor));
    if (at < 0) groups.unshift(factor);
    else groups[at] = multiplied(b, factor, groups[at]);
  }
  return groups;
}

/**
 * The product of all factors; 1 if there are none. What varies along some axes of another factor only is multiplied into
 * that, so that outer products come last: they are the largest.
 */
export function product(b: Builder, factors: readonly Labelled[]): Labelled {
  const order = folded(b, factors).toSorted((p, q) => p.labels.length - q.labels.length);
  const apart: Labelled[] = [];
  for (const factor of order) {
    apart.push(factor);
    for (let at = 0; at < apart.length - 1; ) {
      if (!apart[at].labels.every(label => factor.labels.includes(label))) at++;
      else apart.push(multiplied(b, apart.splice(at, 1)[0], apart.pop()!));
    }
  }
  return apart.length === 0 ? one(b) : apart.reduce((all, factor) => multiplied(b, all, factor));
}

/**
 * The sum of products, with what several of them share taken out: f g + f h = f (g + h). First all factors along an axis, if
 * that is what they share, for then the sum that is left does not have that axis: an outer product stays one.
 */
export function sumOfProducts(b: Builder, products: readonly (readonly Labelled[])[]): Labelled {
  const [first, ...others] = products;
  if (others.length === 0) return product(b, first);
  const shared = sharedAlong(products) ?? mostShared(products);
  if (shared === undefined)
    return products.map(factors => product(b, factors)).reduce((sum, term) => added(b, sum, term));
  const own = product(b, [...shared.factors, sumOfProducts(b, shared.rests)]);
  return shared.others.length === 0 ? own : added(b, own, sumOfProducts(b, shared.others));
}

/** Factors that several products share, what else these have, and the other products. */
interface Shared {
  readonly factors: readonly Labelled[];
  readonly rests: readonly (readonly Labelled[])[];
  readonly others: readonly (readonly Labelled[])[];
}

/** The factors along one axis that most products share; undefined if no two do. */
function sharedAlong(products: readonly (readonly Labelled[])[]): Shared | undefined {
  const groups = new Map<string, { readonly label: number; readonly members: (readonly Labelled[])[] }>();
  for (const factors of products) {
    for (const label of new Set(factors.flatMap(({ labels }) => labels))) {
      const key = `${label}: ${keysOf(factors.filter(({ labels }) => labels.includes(label)))}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { label, members: [factors] });
      else group.members.push(factors);
    }
  }
  const [best] = [...groups.values()].sort((p, q) => q.members.length - p.members.length);
  if (best === undefined || best.members.length < 2) return undefined;
  const { label, members } = best;
  const isAlong = ({ labels }: Labelled) => labels.includes(label);
  return {
    factors: members[0].filter(isAlong),
    rests: members.map(factors => factors.filter(factor => !isAlong(factor))),
    others: products.filter(factors => !members.includes(factors)),
  };
}

/** A text that lists of the same factors share, in any order. */
function keysOf(factors: readonly Labelled[]): string {
  return factors
    .map(({ node, labels }) => `${node.id} ${labels}`)
    .sort()
    .join(', ');
}

/** What both have, each factor as often as in both, in the order of the first. */
export function commonFactors(x: readonly Labelled[], y: readonly Labelled[]): readonly Labelled[] {
  let rest = y;
  return x.filter(factor => {
    const isShared = hasFactor(rest, factor);
    if (isShared) rest = lessFactor(rest, factor);
    return isShared;
  });
}

/** The factors without those others, each taken away once. */
export function without(factors: readonly Labelled[], others: readonly Labelled[]): readonly Labelled[] {
  return others.reduce(lessFactor, factors);
}

/** The product summed over the axes in `over`, as factors: those that do not vary along these axes are left alone. */
export function contractedOver(
  b: Builder,
  factors: readonly Labelled[],
  over: Iterable<number>,
  lengths: Lengths,
): readonly Labelled[] {
  let rest: Labelled[] = [...folded(b, factors)];
  const left = new Set(over);
  for (const label of left) {
    if (rest.some(({ labels }) => labels.includes(label))) continue;
    rest.push({ node: b.size(lengths.get(label)!), labels: [] });
    left.delete(label);
  }
  for (;;) {
    rest = rest.map(factor => {
      const own = factor.labels.filter(label => left.has(label) && isOnly(rest, factor, label));
      for (const label of own) left.delete(label);
      return reduced(factor, own, (node, axes) => b.reduceSum(node, axes));
    });
    if (left.size === 0) return rest;
    const pair = cheapestPair(rest, left, lengths);
    const [x, y] = withNumbers(b, pair, rest, lengths);
    const others = rest.filter(factor => !pair.includes(factor) && factor.labels.length > 0);
    const gone = [...left].filter(label => !others.some(({ labels }) => labels.includes(label)));
    const inPair = gone.filter(label => x.labels.includes(label) || y.labels.includes(label));
    for (const label of inPair) left.delete(label);
    rest = [
      ...folded(b, [...others, inPair.length === 0 ? multiplied(b, x, y) : contraction(b, x, y, inPair)]),
    ];
  }
}

/** The pair, its smaller factor multiplied by all numbers: later they would meet what is larger. */
function withNumbers(
  b: Builder,
  [x, y]: readonly [Labelled, Labelled],
  factors: readonly Labelled[],
  lengths: Lengths,
): readonly [Labelled, Labelled] {
  const numbers = factors.filter(({ labels }) => labels.length === 0);
  return volume(x.labels, lengths) <= volume(y.labels, lengths)
    ? [product(b, [...numbers, x]), y]
    : [x, product(b, [...numbers, y])];
}

/** x times y summed over the axes in `gone`. */
function contraction(b: Builder, x: Labelled, y: Labelled, gone: readonly number[]): Labelled {
  const all = [...new Set([...x.labels, ...y.labels])];
  const letters = new Map(all.map((label, i) => [label, LETTERS[i]]));
  const text = (labels: readonly number[]) => labels.map(label => letters.get(label)!).join('');
  const out = all.filter(label => !gone.includes(label));
  return compact(b, b.contract(`${text(x.labels)},${text(y.labels)}->${text(out)}`, x.node, y.node), out);
}

/** Two factors that share an axis to be summed, with the smallest product. */
function cheapestPair(
  factors: readonly Labelled[],
  over: ReadonlySet<number>,
  lengths: Lengths,
): readonly [Labelled, Labelled] {
  let best: readonly [Labelled, Labelled] | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, x] of factors.entries()) {
    for (const y of factors.slice(i + 1)) {
      if (!x.labels.some(label => over.has(label) && y.labels.includes(label))) continue;
      const cost = volume(new Set([...x.labels, ...y.labels]), lengths);
      if (cost < least) [best, least] = [[x, y], cost];
    }
  }
  return best!; // every axis in `over` belongs to at least two
}

/** The one factor that most products share; undefined if no two do. */
function mostShared(products: readonly (readonly Labelled[])[]): Shared | undefined {
  const counts = new Map<string, { readonly factor: Labelled; readonly members: (readonly Labelled[])[] }>();
  for (const factors of products) {
    for (const [i, factor] of factors.entries()) {
      if (factors.findIndex(each => isSameFactor(each, factor)) < i) continue;
      const key = keysOf([factor]);
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { factor, members: [factors] });
      else known.members.push(factors);
    }
  }
  const [best] = [...counts.values()].sort(
    (p, q) => q.members.length - p.members.length || q.factor.labels.length - p.factor.labels.length,
  );
  if (best === undefined || best.members.length < 2) return undefined;
  const { factor, members } = best;
  return {
    factors: [factor],
    rests: members.map(factors => lessFactor(factors, factor)),
    others: products.filter(factors => !members.includes(factors)),
  };
}

function isSameFactor(x: Labelled, y: Labelled): boolean {
  return (
    x.node === y.node &&
    x.labels.length === y.labels.length &&
    x.labels.every((label, i) => label === y.labels[i])
  );
}

function hasFactor(factors: readonly Labelled[], factor: Labelled): boolean {
  return factors.some(each => isSameFactor(each, factor));
}

function lessFactor(factors: readonly Labelled[], factor: Labelled): readonly Labelled[] {
  const at = factors.findIndex(each => isSameFactor(each, factor));
  return at < 0 ? factors : factors.toSpliced(at, 1);
}

function hasSameLabels(x: Labelled, y: Labelled): boolean {
  return x.labels.length === y.labels.length && x.labels.every(label => y.labels.includes(label));
}

function isOnly(factors: readonly Labelled[], factor: Labelled, label: number): boolean {
  return factors.every(each => each === factor || !each.labels.includes(label));
}

function multiplied(b: Builder, x: Labelled, y: Labelled): Labelled {
  return combined(b, [x, y], (p, q) => b.mul(p, q));
}

function added(b: Builder, x: Labelled, y: Labelled): Labelled {
  return combined(b, [x, y], (p, q) => b.add(p, q));
}

/** An elementwise operation of two labelled tensors, over the axes of both. */
export function combined(
  b: Builder,
  [x, y]: readonly [Labelled, Labelled],
  operation: (x: Node, y: Node) => Node,
): Labelled {
  const [more, less] = x.labels.length >= y.labels.length ? [x, y] : [y, x];
  const order = [...less.labels.filter(label => !more.labels.includes(label)), ...more.labels];
  return compact(b, operation(laid(b, x, order), laid(b, y, order)), order);
}

function isOne({ node }: Labelled): boolean {
  return node.op === 'const' && node.attrs.value === 1;
}

function one(b: Builder): Labelled {
  return { node: b.constant(1), labels: [] };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
