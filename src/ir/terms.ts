// Tensors that are mostly zero, as sums of terms. A term is a dense `value` and, for every axis of the whole, where along it
// the elements of the value stand; all else is zero. So a diagonal is a vector whose one axis is both the row and the
// column, a block diagonal has one axis in both and two more, a band is a diagonal that starts elsewhere, and what a
// gather sends back stands where an index input says. Terms may overlap: they are added.

import type { Node } from './graph.ts';
import type { Size } from './size.ts';

/** Where the elements of a term stand along one axis of the whole. */
export interface Coordinate {
  /** The axis of the value along which they are told apart; undefined: all stand in one place. */
  readonly axis: number | undefined;
  /** They stand at start + step * k, k being the index along `axis`, 0 without one. Where an `index` says where: 0 and 1. */
  readonly start: Size;
  readonly step: number;
  /** The positions themselves, counted from 1: a vector along `axis`, or a number without one. */
  readonly index?: Node;
}

/** One term: element L of `value` stands at `coordinates` of L. Every axis of the value longer than 1 is in some coordinate. */
export interface Term {
  readonly value: Node;
  /** One for every axis of the whole. */
  readonly coordinates: readonly Coordinate[];
}

/** Every node of the terms. */
export function nodesOfTerms(terms: readonly Term[]): Node[] {
  return terms.flatMap(({ value, coordinates }) => [
    value,
    ...coordinates.flatMap(({ index }) => (index === undefined ? [] : [index])),
  ]);
}

/** The terms with every node replaced. */
export function mapTerms(terms: readonly Term[], move: (node: Node) => Node): Term[] {
  return terms.map(({ value, coordinates }) => ({
    value: move(value),
    coordinates: coordinates.map(({ index, ...rest }) =>
      index === undefined ? rest : { ...rest, index: move(index) },
    ),
  }));
}

/** The same terms with the first `rank` axes of the whole after the others: the block of y by x from that of x by y. */
export function transposedTerms(terms: readonly Term[], rank: number): Term[] {
  return terms.map(({ value, coordinates }) => ({
    value,
    coordinates: [...coordinates.slice(rank), ...coordinates.slice(0, rank)],
  }));
}
