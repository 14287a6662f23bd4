// Blocks: flat arrays in which each value that a module computes has its place, and the results of record forms as
// positions in them. Lengths may depend on named sizes.

import type { Node } from '../ir/graph.ts';
import { type Derivative, type Input, nodeOf, type Output, type Program } from '../ir/program.ts';
import { elementsIn, SCALAR, type Shape } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize, sizeText } from '../ir/size.ts';
import type { Factors } from './factors.ts';
import type { Deposit } from './loops/deposit.ts';
import { stridesOf } from './loops/space.ts';
import type { Pattern } from './pattern.ts';
import type { Region } from './regions.ts';
import type { Sparsity } from './sparsity.ts';

/** A value in the array of a block: its element `index` is at offset + index . strides. */
export interface Part {
  /** Absent: identically zero. */
  readonly node: Node | undefined;
  readonly shape: Shape;
  readonly offset: Size;
  readonly strides: readonly Size[];
  /** Of a part on the diagonal of a symmetric matrix, the axes that are rows: its lower triangle need not be there. */
  readonly rowAxes?: number;
}

/** Values that are computed together. */
export interface Block {
  /** The array that the bound form fills; a block without one has one element, which the bound form returns. */
  readonly parameter: string | undefined;
  readonly parts: readonly Part[];
  /** Of a block in loops: terms, and what is cleared before them. */
  readonly deposits?: readonly Deposit[];
  readonly zeros?: readonly Region[];
  readonly length: Size;
  /** The pattern of a sparse matrix: it tells the length where no size does. */
  readonly sparsity?: Sparsity;
  /** Of a symmetric matrix or tensor, of which `parts` are what has ascending indices, the length of each axis. */
  readonly symmetric?: Size;
  /** The number of axes of one that is symmetric. Default 2. */
  readonly order?: number;
  /** What the array holds, for documentation. */
  readonly doc: string;
}

/** The result of a record form, told as positions in blocks. */
export type Result =
  | { readonly kind: 'number'; readonly block: Block; readonly at: Size }
  /** A tensor, flat, whose elements stand in so many rows of so many columns, `width` apart. */
  | {
      readonly kind: 'array';
      readonly block: Block;
      readonly shape: Shape;
      readonly at: Size;
      readonly rows: Size;
      readonly columns: Size;
      readonly width: Size;
    }
  /** A tensor, flat, whose element is told by one index for each of `lengths`; it stands at + index . strides. */
  | {
      readonly kind: 'strided';
      readonly block: Block;
      readonly shape: Shape;
      readonly at: Size;
      readonly lengths: readonly Size[];
      readonly strides: readonly Size[];
    }
  | { readonly kind: 'sparse'; readonly block: Block; readonly pattern: Pattern | Sparsity }
  | { readonly kind: 'factors'; readonly block: Block; readonly factors: Factors }
  | { readonly kind: 'record'; readonly fields: readonly Field[] };

export type Field = readonly [name: string, result: Result];

/** The elements of a value, in row-major order. */
export type ScalarsOf = (node: Node) => readonly Node[];

/** Every block that `result` shows, in order. */
export function blocksOf(result: Result): Block[] {
  if (result.kind !== 'record') return [result.block];
  return [...new Set(result.fields.flatMap(([, field]) => blocksOf(field)))];
}

/** The length of a block, for people. */
export function lengthText({ length, sparsity }: Block): string {
  if (sparsity !== undefined && sparsity.nonzeros === undefined) return `${sparsity.name}.rowIndex.length`;
  return sizeText(length);
}

/** Named values one after the other in a flat array. */
export interface Placed<T> {
  readonly items: readonly (T & { readonly offset: Size })[];
  readonly length: Size;
}

export function placed<T extends { readonly shape: Shape }>(items: readonly T[]): Placed<T> {
  let length: Size = 0;
  const list = items.map(item => {
    const offset = length;
    length = addSizes(length, elementsIn(item.shape));
    return { ...item, offset };
  });
  return { items: list, length };
}

/** A value of the outputs: one for each output, or one for each element of a list. */
export interface Row {
  /** As in `Derivative.values`. */
  readonly path: string;
  readonly node: Node;
  readonly shape: Shape;
}

export function rowsOf(output: Output): Row[] {
  const { name, shape, elements } = output;
  const node = nodeOf(output);
  if (node !== undefined) return [{ path: name, node, shape }];
  return elements.map((element, k) => ({ path: `${name}.${k + 1}`, node: element, shape: SCALAR }));
}

export interface Viewed {
  readonly block: Block;
  readonly result: Result;
}

export interface Request {
  readonly program: Program;
  readonly wrt: Placed<Input>;
  readonly rows: Placed<Row>;
  readonly value: Viewed;
  readonly derivative: Derivative;
  readonly scalarsOf?: ScalarsOf;
}

export type Side = { readonly shape: Shape; readonly offset: Size };

const NO_STRIDES: readonly Size[] = Object.freeze([]);

/** A value that is contiguous. */
export function partOf(node: Node | undefined, shape: Shape, offset: Size): Part {
  return { node, shape, offset, strides: shape.length === 0 ? NO_STRIDES : stridesOf(shape) };
}

/** A contiguous part of a block. */
export function vector(block: Block, shape: Shape, at: Size): Result {
  if (shape.length === 0) return { kind: 'number', block, at };
  const columns = elementsIn(shape);
  return { kind: 'array', block, shape, at, rows: 1, columns, width: columns };
}

/** The rows of one value by the columns of another in a matrix of `width` columns. */
export function matrix(block: Block, row: Side, column: Side, width: Size): Result {
  const at = addSizes(multiplySizes(row.offset, width), column.offset);
  const [rows, columns] = [elementsIn(row.shape), elementsIn(column.shape)];
  if (row.shape.length === 0) return vector(block, column.shape, at);
  const shape = column.shape.length === 0 ? row.shape : [rows, columns];
  const isWhole = sameSize(columns, width);
  return isWhole
    ? { kind: 'array', block, shape, at, rows: 1, columns: multiplySizes(rows, columns), width }
    : { kind: 'array', block, shape, at, rows, columns, width };
}

export function record(fields: readonly Field[]): Result {
  return { kind: 'record', fields };
}
