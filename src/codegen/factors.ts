// A Hessian as what it is made of: for each pair of inputs a list of terms (ir/terms.ts) whose values are handed out as
// factors (factoring.ts). Invariants: a block is the sum of its terms; below the diagonal stand the same arrays with rows
// and columns exchanged; each array has one place, however many terms it is a factor of.

import { type Builder, builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { type Derivative, inputsByRole, type Program } from '../ir/program.ts';
import { elementsIn, type Shape } from '../ir/shape.ts';
import { addSizes, type Size, sameSize } from '../ir/size.ts';
import type { Coordinate, Term } from '../ir/terms.ts';
import { type Cell, cellsOf, type Side } from './cells.ts';
import { type Factor, type Product, productsOf } from './factoring.ts';
import { stridesOf } from './loops/space.ts';
import type { Part } from './parts.ts';

/** Where the elements of a term stand, or that it is a product; in words at `KINDS`. */
export type TermKind = keyof typeof KINDS;

/** The kinds of terms, for documentation. */
export const KINDS = {
  dense: 'all elements',
  diagonal: 'the diagonal',
  'block-diagonal': 'blocks: an axis of the rows is one of the columns too',
  banded: 'a diagonal, or blocks along it, that begins or ends elsewhere',
  part: 'rows and columns that are some of all',
  indexed: 'rows and columns that an index tells',
  'low-rank': "left' diag(weights) right, from the factors left, weights, right",
  product: 'a product of factors, summed over the axes that are no coordinate',
} as const;

/** Where an array of a term is found: among the data, or in the flat array of all that is stored. */
export interface Source {
  readonly node: Node;
  /** The name of the input that it is. */
  readonly input: string | undefined;
  /** Of a stored one: its place. */
  readonly at: Size;
}

export interface FactoredTerm {
  readonly kind: TermKind;
  /** The lengths of all axes: those of the value, then those that are summed. */
  readonly shape: Shape;
  readonly coordinates: readonly Coordinate[];
  readonly factors: readonly (Source & Pick<Factor, 'axes'>)[];
  /** What coordinates are looked up in, in the order of those that have an index. */
  readonly indices: readonly Source[];
}

/** The terms of the rows of one input by the columns of another. */
export interface FactoredCell {
  readonly row: string;
  readonly column: string;
  readonly terms: readonly FactoredTerm[];
}

export interface Factors {
  /** All pairs, row by row. */
  readonly cells: readonly FactoredCell[];
  /** The stored arrays, one after the other. */
  readonly parts: readonly Part[];
  readonly length: Size;
}

/**
 * The terms of a Hessian over `sides`. `isZero` tells values that are zero. Values of scalars stay whole, since
 * straight-line code has no arrays to take apart.
 */
export function factorsOf(
  program: Program,
  sides: readonly Side[],
  derivative: Derivative,
  scalars: { readonly isZero: (node: Node) => boolean } | undefined,
): Factors {
  const { data } = inputsByRole(program);
  const names = new Map<Node, string>(data.map(({ node, name }) => [node, name]));
  const isFree = (node: Node) => names.has(node) && node.shape.length > 0;
  const b = builder(program.graph);
  const store = new Store(node => (isFree(node) ? names.get(node) : undefined));
  const known = new Map<string, readonly FactoredTerm[]>();
  const cells = cellsOf(sides, sides, derivative, true).map((cell): FactoredCell => {
    const [row, column] = [cell.row.path, cell.column.path];
    const mirrored = known.get(`${column}.${row}`);
    const terms = mirrored
      ? mirrored.map(term => exchanged(term, cell.column.shape.length))
      : cell.terms
          .filter(({ value }) => !scalars?.isZero(value))
          .flatMap(term => factored(b, store, cell, term, scalars ? undefined : isFree));
    known.set(`${row}.${column}`, terms);
    return { row, column, terms };
  });
  return { cells, parts: store.parts, length: store.length };
}

/** Gives each array its place. */
class Store {
  readonly parts: Part[] = [];
  length: Size = 0;
  readonly #inputOf: (node: Node) => string | undefined;
  readonly #known = new Map<Node, Source>();

  constructor(inputOf: (node: Node) => string | undefined) {
    this.#inputOf = inputOf;
  }

  take(node: Node): Source {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const source = { node, input: this.#inputOf(node), at: this.length };
    this.#known.set(node, source);
    if (source.input === undefined) {
      const { shape } = node;
      this.parts.push({ node, shape, offset: this.length, strides: stridesOf(shape) });
      this.length = addSizes(this.length, elementsIn(shape));
    }
    return source;
  }
}

/** A term as those that hand it out: more than one if its value is a sum that is larger than what is added. */
function factored(
  b: Builder,
  store: Store,
  { row, shape }: Cell,
  { value, coordinates }: Term,
  isFree: ((node: Node) => boolean) | undefined,
): FactoredTerm[] {
  const products: readonly Product[] =
    isFree === undefined
      ? [{ shape: value.shape, factors: [{ node: value, axes: [...value.shape.keys()] }] }]
      : productsOf(b, value, node => isFree(node) && isReal(node));
  const rank = row.shape.length;
  const place = placeOf(coordinates, value.shape, shape, rank);
  return products.map(product => {
    const isProduct = product.factors.length > 1;
    const own = isProduct ? lowRank(b, product, coordinates, place, rank) : undefined;
    const used = own ?? product;
    return {
      kind: own ? 'low-rank' : isProduct ? 'product' : place,
      shape: used.shape,
      coordinates,
      factors: used.factors.map(({ node, axes }) => ({ ...store.take(node), axes })),
      indices: coordinates.flatMap(({ index }) => (index === undefined ? [] : [store.take(index)])),
    };
  });
}

function isReal({ dtype }: Node): boolean {
  return dtype === 'real';
}

/** The same term with the first `rank` axes, the rows, as columns. */
function exchanged(term: FactoredTerm, rank: number): FactoredTerm {
  const { kind, coordinates, factors, indices } = term;
  const rowIndices = coordinates.slice(0, rank).filter(({ index }) => index !== undefined).length;
  return {
    ...term,
    coordinates: [...coordinates.slice(rank), ...coordinates.slice(0, rank)],
    factors: kind === 'low-rank' ? factors.toReversed() : factors,
    indices: [...indices.slice(rowIndices), ...indices.slice(0, rowIndices)],
  };
}

/** Where the elements of a value stand in a cell, of whose axes the first `rank` are rows. */
function placeOf(
  coordinates: readonly Coordinate[],
  value: Shape,
  cell: Shape,
  rank: number,
): Exclude<TermKind, 'low-rank' | 'product'> {
  if (coordinates.some(({ index }) => index !== undefined)) return 'indexed';
  const isWhole = coordinates.every(({ axis, start, step }, k) => {
    const length = axis === undefined ? 1 : value[axis];
    return start === 0 && step === 1 && sameSize(length, cell[k]);
  });
  const [rows, columns] = [coordinates.slice(0, rank), coordinates.slice(rank)].map(side =>
    side.map(({ axis }) => axis),
  );
  const [longRows, longColumns] = [rows, columns].map(side => side.filter(axis => axis !== undefined));
  const isShared = longRows.some(axis => longColumns.includes(axis));
  const isRepeated = [longRows, longColumns].some(side => new Set(side).size < side.length);
  if (isRepeated || (!isWhole && !isShared)) return 'part';
  if (!isShared) return 'dense';
  if (!isWhole) return 'banded';
  return rows.length === columns.length && rows.every((axis, k) => axis === columns[k])
    ? 'diagonal'
    : 'block-diagonal';
}

/** Factors left, weights and right of left' diag(weights) right, if that is what the product is. */
function lowRank(
  b: Builder,
  { shape, factors }: Product,
  coordinates: readonly Coordinate[],
  place: TermKind,
  rank: number,
): Product | undefined {
  const axes = coordinates.map(({ axis }) => axis);
  if (place !== 'dense' || axes.includes(undefined)) return undefined;
  const inner = [...shape.keys()].filter(axis => !axes.includes(axis));
  if (inner.length > 1) return undefined;
  const isNew = inner.length === 0;
  const r = inner[0] ?? shape.length;
  const along = (factor: Factor) => factor.axes.filter(axis => axis !== undefined);
  const isSide = (factor: Factor, side: readonly (number | undefined)[]) => {
    const own = along(factor);
    const wanted = isNew ? side : [r, ...side];
    return own.length === wanted.length && own.every((axis, k) => axis === wanted[k]);
  };
  const left = factors.find(factor => isSide(factor, axes.slice(0, rank)));
  const right = factors.find(factor => factor !== left && isSide(factor, axes.slice(rank)));
  const others = factors.filter(factor => factor !== left && factor !== right);
  if (left === undefined || right === undefined || others.length > 1) return undefined;
  const [weights = { node: b.constant(1), axes: [] }] = others;
  if (along(weights).some(axis => axis !== r)) return undefined;
  return { shape: isNew ? [...shape, 1] : shape, factors: [left, weights, right] };
}
