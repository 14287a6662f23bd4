// Sparse matrices of formulas that take loops: which elements there are is what the terms of the cells say. Each term lists
// the rows and columns of its elements; the pattern is made of the list, and a term puts its values where its part of the
// list has gone. Invariant: the list is as long as the terms have elements, whatever the lengths of the formula are, and is
// read by loops: the code does not grow with the data.

import { tensorEvaluator } from '../ir/evaluate.ts';
import type { Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import { elementsIn, type Shape } from '../ir/shape.ts';
import { addSizes, multiplySizes, productOfSizes, type Size, sizeText } from '../ir/size.ts';
import type { Term } from '../ir/terms.ts';
import { type Cell, nonzerosIn, planOf } from './cells.ts';
import type { Deposit, Listing } from './loops/deposit.ts';
import { stridesOf } from './loops/space.ts';
import type { ArrayRef } from './loops/values.ts';
import { type Compressed, compress } from './pattern.ts';

/** The pattern of a sparse matrix, to be made of listed elements. Arrays have no names yet. */
export interface Sparsity {
  /** What the pattern is called. */
  readonly name: string;
  readonly listings: readonly Listing[];
  /** How many elements are listed. */
  readonly count: Size;
  readonly height: Size;
  readonly width: Size;
  /** How many are different; undefined if that cannot be told without looking at them. */
  readonly nonzeros: Size | undefined;
  /** True if it is the same whatever the module is given. */
  readonly isStatic: boolean;
  /** The pattern itself, if it is always the same and not large. */
  readonly known: Compressed | undefined;
  /** The same if it is small enough to be written out. */
  readonly constant: Compressed | undefined;
  /** The names of the inputs that it is made from. */
  readonly deciding: readonly string[];
}

/** A sparse matrix: its pattern, and what puts its values down. */
export interface SparseMatrix {
  readonly sparsity: Sparsity;
  readonly deposits: readonly Deposit[];
  /** True if the values have to be cleared before terms are added. */
  readonly isCleared: boolean;
}

/** Patterns up to so many numbers are written out. */
const MOST_WRITTEN = 2000;
/** Up to so many listed elements are counted when the module is made. */
const MOST_COUNTED = 100_000;

/** The matrix of `cells`, of so many rows and columns; `name` is that of its pattern. */
export function sparseMatrix(name: string, cells: readonly Cell[], height: Size, width: Size): SparseMatrix {
  const plans = cells.map(planOf);
  const owns = plans.map(nonzerosIn);
  const nonzeros = owns.reduce<Size | undefined>(
    (sum, own) => (own === undefined || sum === undefined ? undefined : addSizes(sum, own)),
    0,
  );
  const isCleared = plans.some(plan => !plan.isExact);
  const steps = cells.flatMap((cell, k) => plans[k].steps.map(step => ({ ...step, cell, k })));
  const { list, count } = listed(steps.map(({ cell, term }) => spreadOf(cell, term)));
  const listings = steps.map(({ cell }, i): Listing => {
    const { places, ...spread } = list[i];
    return { kind: 'listing', ...spread, rows: places, columns: places, ...sidesOf(cell) };
  });
  const deposits = steps.map(({ term, combine, isWhole, k }, i): Deposit => {
    const to = { name: '', offset: 0, strides: [1] };
    return { kind: 'deposit', ...list[i], value: term.value, combine, to, cell: `${name} ${k}`, isWhole };
  });
  const sizes = { listings, count, height, width };
  const nodes = indexNodes(listings);
  const deciding = liveNodes(nodes).flatMap(node => (node.op === 'input' ? [node.attrs.name] : []));
  const lengths = [count, height, width, ...listings.flatMap(({ shape, lengths }) => [...shape, ...lengths])];
  const isFixed = deciding.length === 0 && lengths.every(length => typeof length === 'number');
  const known =
    isFixed && (count as number) + (width as number) <= MOST_COUNTED ? compressed(sizes) : undefined;
  const isWritten = known !== undefined && known.places.length + known.colPointer.length <= MOST_WRITTEN;
  return {
    sparsity: {
      name,
      ...sizes,
      nonzeros: known?.rowIndex.length ?? nonzeros,
      isStatic: isFixed,
      known,
      constant: isWritten ? known : undefined,
      deciding: [...new Set(deciding)],
    },
    deposits,
    isCleared,
  };
}

/**
 * Where the elements of each term stand in the list of all. Terms that are vectors of one length take turns: a loop over
 * them, such as one over observations, then reads the list from its beginning to its end.
 */
function listed(spreads: readonly Spread[]): {
  readonly list: readonly (Spread & { readonly places: ArrayRef })[];
  readonly count: Size;
} {
  const keyOf = ({ shape }: Spread, k: number) => (shape.length === 1 ? sizeText(shape[0]) : `${k}th`);
  const groups = new Map<string, Spread[]>();
  for (const [k, spread] of spreads.entries()) {
    const key = keyOf(spread, k);
    groups.set(key, [...(groups.get(key) ?? []), spread]);
  }
  const placesOf = new Map<Spread, ArrayRef>();
  let count: Size = 0;
  for (const group of groups.values()) {
    for (const [k, spread] of group.entries()) {
      const strides = stridesInOrder(spread).map(stride => multiplySizes(stride, group.length));
      placesOf.set(spread, { name: '', offset: addSizes(count, k), strides });
    }
    count = addSizes(count, multiplySizes(elementsIn(group[0].shape), group.length));
  }
  return { list: spreads.map(spread => ({ ...spread, places: placesOf.get(spread)! })), count };
}

type Spread = Pick<Listing, 'shape' | 'coordinates' | 'lengths'>;

/** Columns before rows: the values of a column lie side by side. */
function spreadOf({ row, column }: Cell, { value, coordinates }: Term): Spread {
  const rank = row.shape.length;
  return {
    shape: value.shape,
    coordinates: [...coordinates.slice(rank), ...coordinates.slice(0, rank)],
    lengths: [...column.shape, ...row.shape],
  };
}

function sidesOf({ row, column }: Cell): Pick<Listing, 'row' | 'column'> {
  const none = (shape: Shape) => shape.map(() => 0);
  return {
    row: { name: '', offset: row.offset, strides: [...none(column.shape), ...stridesOf(row.shape)] },
    column: { name: '', offset: column.offset, strides: [...stridesOf(column.shape), ...none(row.shape)] },
  };
}

/** Distances in the list of elements, which has the order in which loops go over them. */
function stridesInOrder({ shape, coordinates }: Spread): Size[] {
  const first = (axis: number) => coordinates.findIndex(coordinate => coordinate.axis === axis);
  return shape.map((_, axis) =>
    productOfSizes(shape.filter((_, other) => other !== axis && first(other) > first(axis))),
  );
}

function indexNodes(listings: readonly Listing[]): Node[] {
  return listings.flatMap(({ coordinates }) =>
    coordinates.flatMap(({ index }) => (index === undefined ? [] : [index])),
  );
}

/** The pattern of listings whose lengths and indices are constants. */
function compressed({
  listings,
  count,
  width,
}: Pick<Sparsity, 'listings' | 'count' | 'width'>): Compressed | undefined {
  const nodes = [...new Set(indexNodes(listings))];
  const tensors = tensorEvaluator(nodes)(new Map(), new Map());
  const indices = new Map(nodes.map((node, k) => [node, tensors[k].elements]));
  const rows = new Array<number>(count as number).fill(0);
  const columns = new Array<number>(count as number).fill(0);
  for (const { shape, coordinates, lengths, rows: list, row, column } of listings) {
    for (let k = 0; k < (elementsIn(shape) as number); k++) {
      const index = indexAt(k, shape as readonly number[]);
      const position = coordinates.map(({ axis, start, step, index: node }) => {
        const at = axis === undefined ? 0 : index[axis];
        return node === undefined ? (start as number) + step * at : indices.get(node)![at] - 1;
      });
      // An index out of range is an error of whoever calls the module.
      if (position.some((at, axis) => !(at >= 0 && at < (lengths[axis] as number)))) return undefined;
      const place = placeAt(list, index);
      rows[place] = placeAt(row, position);
      columns[place] = placeAt(column, position);
    }
  }
  return compress(rows, columns, width as number);
}

function placeAt({ offset, strides }: ArrayRef, index: readonly number[]): number {
  return index.reduce((sum, at, axis) => sum + at * (strides[axis] as number), offset as number);
}

function indexAt(position: number, shape: readonly number[]): number[] {
  const strides = stridesOf(shape) as number[];
  return shape.map((length, axis) => Math.floor(position / strides[axis]) % length);
}

/** The elements that a listing names, once the list has a name. */
export function namedListing(listing: Listing, rows: string, columns: string): Listing {
  return {
    ...listing,
    rows: { ...listing.rows, name: rows },
    columns: { ...listing.columns, name: columns },
  };
}
