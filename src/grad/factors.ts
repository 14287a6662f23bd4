// Products of labelled tensors (layout.ts), kept as lists of factors: an outer product is never multiplied out, and a sum over
// an axis touches only the factors that vary along it. Sums over several axes are contractions of two factors at a time,
// the cheapest first: a chain of matrices is multiplied in the order of their sizes.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Size } from '../ir/size.ts';
import { compact, type Labelled, laid, without } from './layout.ts';

/** The lengths of labelled axes. */
export type Lengths = ReadonlyMap<number, Size>;

/** What a named size is taken for when costs are compared. */
export const TYPICAL_SIZE = 100;

/** About how many elements an array over the labels has. */
export function volume(labels: Iterable<number>, lengths: Lengths): number {
  let product = 1;
  for (const label of labels) product *= typical(lengths.get(label)!);
  return product;
}

/** About how many numbers the factors have. */
export function storage(factors: readonly Labelled[], lengths: Lengths): number {
  return factors.reduce((sum, { labels }) => sum + volume(labels, lengths), 1);
}

/** A size as a number, if need be a typical one. */
export function typical(size: Size): number {
  return typeof size === 'number' ? size : TYPICAL_SIZE;
}

/** The factors with one more; those over the same axes are multiplied, the others stay apart. */
export function times(b: Builder, factors: readonly Labelled[], factor: Labelled): readonly Labelled[] {
  if (isOne(factor)) return factors;
  const at = factors.findIndex(each => hasSameLabels(each, factor));
  return at < 0 ? [...factors, factor] : factors.with(at, multiplied(b, factors[at], factor));
}

/** The product of all factors, small ones first; 1 if there are none. */
export function product(b: Builder, factors: readonly Labelled[]): Labelled {
  const order = factors.toSorted((p, q) => p.labels.length - q.labels.length);
  return order.length === 0 ? ONE(b) : order.reduce((all, factor) => multiplied(b, all, factor));
}

/** The sum of products, a factor that several of them share taken out: f g + f h = f (g + h). */
export function sumOfProducts(b: Builder, products: readonly (readonly Labelled[])[]): Labelled {
  const [first, ...others] = products;
  if (others.length === 0) return product(b, first);
  const shared = mostShared(products);
  if (shared === undefined) {
    return products
      .map(factors => product(b, factors))
      .reduce((sum, term) => combined(b, [sum, term], (x, y) => b.add(x, y)));
  }
  const [has, hasNot] = [
    products.filter(each => hasFactor(each, shared)),
    products.filter(each => !hasFactor(each, shared)),
  ];
  const inner = sumOfProducts(
    b,
    has.map(factors => factors.filter(each => !isSameFactor(each, shared))),
  );
  const own = product(b, [shared, inner]);
  if (hasNot.length === 0) return own;
  return combined(b, [own, sumOfProducts(b, hasNot)], (x, y) => b.add(x, y));
}

/** The product summed over the axes in `over`, as factors: those that do not vary along these axes are left alone. */
export function contractedOver(
  b: Builder,
  factors: readonly Labelled[],
  over: Iterable<number>,
  lengths: Lengths,
): readonly Labelled[] {
  let rest: Labelled[] = [...factors];
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
      return without(factor, own, (node, axes) => b.reduceSum(node, axes));
    });
    if (left.size === 0) return rest;
    const pair = cheapestPair(rest, left, lengths);
    const [x, y] = withNumbers(b, pair, rest, lengths);
    const others = rest.filter(factor => !pair.includes(factor) && factor.labels.length > 0);
    const gone = [...left].filter(label => !others.some(({ labels }) => labels.includes(label)));
    const inPair = gone.filter(label => x.labels.includes(label) || y.labels.includes(label));
    for (const label of inPair) left.delete(label);
    rest = [...others, inPair.length === 0 ? multiplied(b, x, y) : contraction(b, x, y, inPair)];
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

/** A factor of several of the products, of most of them; undefined if there is none. */
function mostShared(products: readonly (readonly Labelled[])[]): Labelled | undefined {
  const counts = new Map<string, { readonly factor: Labelled; readonly count: number }>();
  for (const factors of products) {
    for (const factor of factors) {
      const key = `${factor.node.id} ${factor.labels}`;
      counts.set(key, { factor, count: (counts.get(key)?.count ?? 0) + 1 });
    }
  }
  const shared = [...counts.values()].filter(({ count }) => count > 1);
  return shared.sort((p, q) => q.count - p.count || q.factor.labels.length - p.factor.labels.length)[0]
    ?.factor;
}

export function isSameFactor(x: Labelled, y: Labelled): boolean {
  return (
    x.node === y.node &&
    x.labels.length === y.labels.length &&
    x.labels.every((label, i) => label === y.labels[i])
  );
}

export function hasFactor(factors: readonly Labelled[], factor: Labelled): boolean {
  return factors.some(each => isSameFactor(each, factor));
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

function ONE(b: Builder): Labelled {
  return { node: b.constant(1), labels: [] };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
