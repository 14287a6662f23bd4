// Sums of terms in as few as is worth it. Two terms that stand at the same places are added value by value, unless that would
// multiply out what is small apart: products of factors over different axes stay products, and what two of them share is a
// factor of their sum.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { sizeText } from '../ir/size.ts';
import { join } from './contributions.ts';
import { commonFactors, product, storage, sumOfProducts, times, volume, without } from './factors.ts';
import type { Flow } from './flow.ts';
import { compact, laid } from './layout.ts';
import { type Place, relabelled, type Tangent } from './tangents.ts';

/** The same sum in fewer terms: those that stand alike are added, unless that would multiply out what is small apart. */
export function collected(b: Builder, all: readonly Tangent[]): Tangent[] {
  const groups = new Map<string, Tangent[]>();
  for (const each of all) {
    const term = canonical(each);
    const key = keyOf(term);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [term]);
    else addTo(b, group, term);
  }
  const terms = [...groups.values()].flatMap(group => {
    const [first] = group;
    const apart = group.reduce((sum, { factors }) => sum + storage(factors, first.lengths), 0);
    const isMany = group.length > MANY || 2 * apart > volume(first.lengths.keys(), first.lengths);
    return group.length > 1 && isMany ? [total(b, group)] : group;
  });
  return [...grouped(terms, placesOf).values()].flatMap(group => {
    const [first] = group;
    const apart = group.reduce((sum, { factors }) => sum + storage(factors, first.lengths), 0);
    const guards = new Set(group.map(({ guard }) => guard?.node));
    return guards.size < MANY_GUARDS || apart < volume(first.lengths.keys(), first.lengths)
      ? group
      : [joined(b, group)];
  });
}

/** Terms that stand alike are joined if they have so many guards: each layer of a network could double them. */
const MANY_GUARDS = 3;

/** The sum of terms that stand alike, but under different guards, as one term. */
function joined(b: Builder, group: readonly Tangent[]): Tangent {
  const [first] = group;
  const order = [...first.lengths.keys()];
  const flows = group.map(({ factors, guard }): Flow => {
    return { value: laid(b, product(b, factors), order), guard: guard && laid(b, guard, order) };
  });
  const { value, guard } = join(b, flows);
  const labelled = (node: Node) => compact(b, node, order.slice(order.length - node.shape.length));
  return { ...first, factors: [labelled(value)], guard: guard && labelled(guard), clean: false };
}

/** Terms by a text that those of a group share. */
export function grouped(
  terms: readonly Tangent[],
  keyOf: (term: Tangent) => string,
): ReadonlyMap<string, Tangent[]> {
  const groups = new Map<string, Tangent[]>();
  for (const term of terms) {
    const key = keyOf(term);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [term]);
    else group.push(term);
  }
  return groups;
}

/** Adds a term to one of a group if their sum is no larger than both apart. */
function addTo(b: Builder, group: Tangent[], term: Tangent): void {
  for (const [at, other] of group.entries()) {
    const shared = commonFactors(other.factors, term.factors);
    const rests = [other, term].map(({ factors }) => without(factors, shared));
    const labels = new Set(rests.flat().flatMap(factor => factor.labels));
    const apart = rests.reduce((sum, rest) => sum + storage(rest, term.lengths), 0);
    if (volume(labels, term.lengths) > apart) continue;
    const factors = times(b, shared, sumOfProducts(b, rests));
    group[at] = { ...other, factors, clean: false };
    return;
  }
  group.push(term);
}

/** The sum of terms that stand alike as one product. */
export function total(b: Builder, group: readonly Tangent[]): Tangent {
  const [first] = group;
  return {
    ...first,
    factors: [
      sumOfProducts(
        b,
        group.map(({ factors }) => factors),
      ),
    ],
    clean: false,
  };
}

/** More terms than this that stand alike are added up. */
const MANY = 512;

/** What is alike in two terms that may be added value by value. */
function keyOf(tangent: Tangent): string {
  const { own, lead, guard } = tangent;
  const names = ordinals([...own, ...lead]);
  const mask = guard === null ? '' : `${guard.node.id} ${guard.labels.map(label => names.get(label))}`;
  return `${placesOf(tangent)} | ${mask}`;
}

/** Where a term stands: the same text for two that have an element at the same places. */
export function placesOf({ own, lead, lengths }: Tangent): string {
  const names = ordinals([...own, ...lead]);
  const places = [...own, ...lead].map(({ label, start, step, index }) => {
    const name = label === undefined ? '' : `${names.get(label)}/${sizeText(lengths.get(label)!)}`;
    return `${name}:${sizeText(start)}:${step}:${index?.id ?? ''}`;
  });
  return places.join(' ');
}

/** Labels numbered as they first appear. */
function ordinals(places: readonly Place[]): Map<number, number> {
  const names = new Map<number, number>();
  for (const { label } of places) if (label !== undefined && !names.has(label)) names.set(label, names.size);
  return names;
}

/** The tangent with the labels 0, 1, 2, ... in the order of its places. */
export function canonical(tangent: Tangent): Tangent {
  const names = ordinals([...tangent.own, ...tangent.lead]);
  const isNamed = [...names].every(([label, name]) => label === name);
  return isNamed ? tangent : relabelled(tangent, label => names.get(label)!);
}
