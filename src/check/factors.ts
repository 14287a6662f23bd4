// A Hessian that is handed out as factors, written out: a plain loop over the indices of each term, by what the module's
// `meta` says of it. An array or an element that is not there reads as NaN.

import { Cursor } from '../ir/cursor.ts';
import { parseSize } from '../ir/parse-size.ts';
import { evaluateSize } from '../ir/size.ts';
import type { Sizes } from './domain.ts';
import type { Part, Parts } from './layout.ts';

/** What `meta.hessian` of a module has to say. */
export interface Structure {
  readonly form: 'structured';
  /** By the input of the rows, then of the columns. */
  readonly blocks: Readonly<Record<string, Readonly<Record<string, readonly Term[]>>>>;
}

/** At each index of `shape` the product of the factors there is added to the element at `coordinates`. */
interface Term {
  readonly shape: readonly (number | string)[];
  readonly coordinates: readonly {
    readonly axis?: number;
    readonly start: number | string;
    readonly step: number;
    readonly index?: number;
  }[];
  readonly factors: readonly { readonly axes: readonly number[] }[];
}

/** A term as the module gives it. */
interface Given {
  readonly factors?: readonly ArrayLike<number>[];
  readonly indices?: readonly ArrayLike<number>[];
}

/** More products than this are not added up. */
const MOST_PRODUCTS = 1e7;
/** A matrix of more elements than this is not made. */
const MOST_ELEMENTS = 1e8;

/** True if nobody who asks for factors wants the whole matrix. */
export function isTooLarge({ length }: Parts): boolean {
  return length ** 2 > MOST_ELEMENTS;
}

/** The matrix over `wrt` that the terms make; undefined if that would take long. */
export function writtenOut(
  { blocks }: Structure,
  given: unknown,
  wrt: Parts,
  sizes: Sizes,
): Float64Array | undefined {
  if (isTooLarge(wrt)) return undefined;
  const matrix = new Float64Array(wrt.length ** 2);
  const lists = given as Readonly<Record<string, Readonly<Record<string, readonly Given[]>>>>;
  for (const row of wrt.items) {
    for (const column of wrt.items) {
      const terms = lists[row.name]?.[column.name] ?? [];
      for (const [k, term] of blocks[row.name][column.name].entries()) {
        const extents = term.shape.map(size => lengthOf(size, sizes));
        const count = extents.reduce((product, length) => product * length, 1);
        if (count > MOST_PRODUCTS) return undefined;
        const place = placeIn(term, terms[k] ?? {}, row, column, wrt.length, sizes);
        for (let position = 0; position < count; position++) {
          const at = indexAt(position, extents);
          matrix[place(at)] += productAt(term, terms[k] ?? {}, extents, at);
        }
      }
    }
  }
  return matrix;
}

function productAt(
  { factors }: Term,
  { factors: arrays = [] }: Given,
  extents: readonly number[],
  at: readonly number[],
): number {
  return factors.reduce((product, { axes }, k) => {
    const place = axes.reduce((sum, axis) => sum * extents[axis] + at[axis], 0);
    return product * (arrays[k]?.[place] ?? Number.NaN);
  }, 1);
}

/** Where an element of a term stands in the whole matrix. */
function placeIn(
  { coordinates }: Term,
  { indices = [] }: Given,
  row: Part,
  column: Part,
  width: number,
  sizes: Sizes,
): (at: readonly number[]) => number {
  const starts = coordinates.map(({ start }) => lengthOf(start, sizes));
  return at => {
    const place = coordinates.map(({ axis, step, index }, k) => {
      const own = axis === undefined ? 0 : at[axis];
      return index === undefined ? starts[k] + step * own : (indices[index]?.[own] ?? Number.NaN) - 1;
    });
    const flat = (part: Part, from: number) =>
      part.offset + part.shape.reduce((sum, length, axis) => sum * length + place[from + axis], 0);
    return flat(row, 0) * width + flat(column, row.shape.length);
  };
}

function lengthOf(size: number | string, sizes: Sizes): number {
  return typeof size === 'number' ? size : evaluateSize(parseSize(new Cursor(size)), sizes);
}

function indexAt(position: number, extents: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (const length of extents.toReversed()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return index;
}
