// What an emitted module offers: one entry for each function, with the values it computes and the two forms in which it
// hands them out. The record form, `grad({ x, y })`, builds a result; the bound form, `valueAndGrad(theta, g)` of what
// `bind` returns, fills arrays of the caller. Both are views of the same blocks: flat arrays in which each value has its
// place. Lengths may depend on named sizes.

import { constantOf } from '../ir/build.ts';
import type { InputNode, Node } from '../ir/graph.ts';
import {
  type Derivative,
  type DerivativeKind,
  type HigherKind,
  type Input,
  inputsByRole,
  isHigherKind,
  nodeOf,
  type Output,
  type Program,
} from '../ir/program.ts';
import { elementsIn, SCALAR, type Shape } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize, sizeText } from '../ir/size.ts';
import { type Cell, type Side as CellSide, cellsOf, placeOfCell, planOf } from './cells.ts';
import { type Factors, factorsOf } from './factors.ts';
import { higherEntry } from './higher.ts';
import type { Deposit } from './loops/deposit.ts';
import { stridesOf } from './loops/space.ts';
import { compress, type Pattern } from './pattern.ts';
import { type Region, regionsOf } from './regions.ts';
import { type Sparsity, sparseMatrix } from './sparsity.ts';

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

/** What a function takes besides the inputs: tangents shaped like inputs, or cotangents shaped like outputs. */
export interface Extra {
  readonly parameter: string;
  /** The flat array that the bound form takes instead. */
  readonly boundParameter: string;
  readonly parts: readonly ExtraPart[];
  readonly length: Size;
  /** True if the one part stands for the whole parameter, which is then no record. */
  readonly isBare: boolean;
}

export interface ExtraPart {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: Size;
  /** One node of the shape, or one for each element of a list; absent where the derivative reads nothing. */
  readonly nodes: readonly (InputNode | undefined)[];
}

export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly result: Result;
  /** The blocks that the bound form hands out; none if there is no bound form. */
  readonly bound: readonly Block[];
  readonly extra?: Extra;
  /** True if rows come in blocks (loops/blocks.ts): memory does not grow with them, large products pay a little. */
  readonly hasBlocks?: true;
}

/** The functions of the module of `program`, in order. `scalarsOf` takes values apart; absent if the code is loops. */
export function entriesOf(program: Program, scalarsOf?: ScalarsOf): Entry[] {
  const wrt = placed(inputsByRole(program).variables);
  const rows = placed(program.outputs.flatMap(rowsOf));
  const value = valueView(program.outputs, rows);
  const names = program.outputs.map(({ name }) => name).join(', ');
  const summary = names === 'value' ? 'The value of the formula.' : `The value of ${names}.`;
  const entries: Entry[] = [{ name: 'value', summary, result: value.result, bound: [value.block] }];
  for (const derivative of program.derivatives) {
    const { kind } = derivative;
    if (isHigherKind(kind)) entries.push(higherEntry(kind, wrt, derivative));
    else {
      const request = { program, wrt, rows, value, derivative, ...(scalarsOf && { scalarsOf }) };
      entries.push(...ENTRIES[kind](request));
    }
  }
  return entries;
}

/** The elements of a value, in row-major order. */
export type ScalarsOf = (node: Node) => readonly Node[];

/** Every block that `result` shows, in order. */
export function blocksOf(result: Result): Block[] {
  if (result.kind !== 'record') return [result.block];
  return [...new Set(result.fields.flatMap(([, field]) => blocksOf(field)))];
}

/** The patterns of sparse results. */
export function patternsOf(entries: readonly Entry[]): (Pattern | Sparsity)[] {
  const patterns = new Map<string, Pattern | Sparsity>();
  const visit = (result: Result): void => {
    if (result.kind === 'sparse') patterns.set(result.pattern.name, result.pattern);
    else if (result.kind === 'record') for (const [, field] of result.fields) visit(field);
  };
  for (const { result } of entries) visit(result);
  return [...patterns.values()];
}

/** The entry that hands out factors, if there is one. */
export function factorsIn(entries: readonly Entry[]): Factors | undefined {
  for (const { result } of entries) if (result.kind === 'factors') return result.factors;
  return undefined;
}

/** True for a pattern that is the same whatever the module is given: a constant of the module. */
export function isConstantPattern(pattern: Pattern | Sparsity): boolean {
  return !('listings' in pattern) || pattern.isStatic;
}

/** How many nonzero elements a pattern has; undefined if only its indices tell. */
export function nonzerosOf(pattern: Pattern | Sparsity): Size | undefined {
  return 'listings' in pattern ? pattern.nonzeros : pattern.rowIndex.length;
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
interface Row {
  /** As in `Derivative.values`. */
  readonly path: string;
  readonly node: Node;
  readonly shape: Shape;
}

function rowsOf(output: Output): Row[] {
  const { name, shape, elements } = output;
  const node = nodeOf(output);
  if (node !== undefined) return [{ path: name, node, shape }];
  return elements.map((element, k) => ({ path: `${name}.${k + 1}`, node: element, shape: SCALAR }));
}

interface Viewed {
  readonly block: Block;
  readonly result: Result;
}

interface Request {
  readonly program: Program;
  readonly wrt: Placed<Input>;
  readonly rows: Placed<Row>;
  readonly value: Viewed;
  readonly derivative: Derivative;
  readonly scalarsOf?: ScalarsOf;
}

const ENTRIES: { readonly [K in Exclude<DerivativeKind, HigherKind>]: (request: Request) => Entry[] } = {
  grad: ({ wrt, value, derivative }) => {
    const grad = vectorOf('g', 'the gradient', wrt, derivative);
    const both = record([
      ['value', value.result],
      ['grad', grad.result],
    ]);
    return [
      { name: 'grad', summary: 'The gradient.', result: grad.result, bound: [] },
      {
        name: 'valueAndGrad',
        summary: 'The value and the gradient.',
        result: both,
        bound: [value.block, grad.block],
      },
    ];
  },
  jacobian: request => {
    const { value } = request;
    const { block, result } = jacobianOf(request);
    const both = record([
      ['value', value.result],
      ['jacobian', result],
    ]);
    return [
      { name: 'jacobian', summary: 'The Jacobian.', result, bound: [block] },
      {
        name: 'valueAndJacobian',
        summary: 'The value and the Jacobian.',
        result: both,
        bound: [value.block, block],
      },
    ];
  },
  hessian: request => {
    const { program, wrt, value } = request;
    const { block, result } = hessianOf(request);
    const own = { name: 'hessian', summary: 'The Hessian.', result, bound: [block] };
    const parts = request.derivative.form === 'structured' ? [factorsEntry(request)] : [];
    const first = program.derivatives.find(({ kind }) => kind === 'grad');
    if (first === undefined) return [own, ...parts];
    const grad = vectorOf('g', 'the gradient', wrt, first);
    const all = {
      name: 'valueGradAndHessian',
      summary: 'The value, the gradient and the Hessian, with what they share computed once.',
      result: record([
        ['value', value.result],
        ['grad', grad.result],
        ['hessian', result],
      ]),
      bound: [value.block, grad.block, block],
    };
    return [own, all, ...parts];
  },
  gaussNewton: request => {
    const { wrt, derivative } = request;
    const half = { parameter: undefined, parts: [partOf(derivative.values.get(''), SCALAR, 0)], length: 1 };
    const cost: Block = { ...half, doc: "r'r / 2" };
    const gradient = vectorOf('g', "J'r", wrt, derivative);
    const matrix = symmetricOf(request, { name: 'gaussNewtonPattern', parameter: 'A', doc: "J'J" });
    const result = record([
      ['cost', { kind: 'number', block: cost, at: 0 }],
      ['gradient', gradient.result],
      ['matrix', matrix.result],
    ]);
    const summary =
      "Half the sum of squares of the outputs r, its gradient J'r and the matrix J'J of the normal equations.";
    const bound = [cost, gradient.block, matrix.block];
    return [{ name: 'gaussNewton', summary, result, bound, hasBlocks: true }];
  },
  hvp: ({ wrt, derivative }) => {
    const { block, result } = vectorOf('out', 'the product', wrt, derivative);
    const extra = tangentsOf('v', 'v', wrt, derivative);
    return [{ name: 'hvp', summary: 'The Hessian times the vector `v`.', result, bound: [block], extra }];
  },
  jvp: ({ program, rows, wrt, value, derivative }) => {
    const nodeAt = ({ path }: Row): Node | undefined => derivative.values.get(path);
    const tangent = flatten('out', 'the tangent of the value', program.outputs, rows, nodeAt);
    const result = record([
      ['value', value.result],
      ['tangent', tangent.result],
    ]);
    const extra = tangentsOf('tangents', 't', wrt, derivative);
    const summary = 'The value, and the Jacobian times the vector `tangents`.';
    return [{ name: 'jvp', summary, result, bound: [tangent.block], extra }];
  },
  vjp: ({ program, wrt, value, derivative }) => {
    const grad = vectorOf('out', 'the product', wrt, derivative);
    const result = record([
      ['value', value.result],
      ['grad', grad.result],
    ]);
    const nodeAt = inputsByName(derivative);
    const { items, length } = placed(program.outputs);
    const parts = items.map((output): ExtraPart => {
      const { name, shape, offset } = output;
      return { name, shape, offset, nodes: rowsOf(output).map(({ path }) => nodeAt(`cotangent.${path}`)) };
    });
    const extra = { parameter: 'cotangent', boundParameter: 'c', parts, length, isBare: parts.length === 1 };
    const summary = 'The value, and the vector `cotangent` times the Jacobian.';
    return [{ name: 'vjp', summary, result, bound: [grad.block], extra }];
  },
};

/** A scalar is returned; anything else fills `y`. */
function valueView(outputs: readonly Output[], rows: Placed<Row>): Viewed {
  const parameter = outputs.length === 1 && isScalar(outputs[0]) ? undefined : 'y';
  return flatten(parameter, 'the value', outputs, rows, ({ node }) => node);
}

/** Values like those of the outputs, one output after the other; several outputs are a record by name. */
function flatten(
  parameter: string | undefined,
  doc: string,
  outputs: readonly Output[],
  rows: Placed<Row>,
  nodeAt: (row: Row) => Node | undefined,
): Viewed {
  const parts = rows.items.map(row => partOf(nodeAt(row), row.shape, row.offset));
  const block = { parameter, parts, length: rows.length, doc };
  const fields = placed(outputs).items.map(({ name, shape, offset }) => {
    return [name, vector(block, shape, offset)] as const;
  });
  return { block, result: outputs.length === 1 ? fields[0][1] : record(fields) };
}

/** A value like each input in wrt. */
function vectorOf(parameter: string, doc: string, wrt: Placed<Input>, { values }: Derivative): Viewed {
  const parts = wrt.items.map(({ name, shape, offset }) => partOf(values.get(name), shape, offset));
  const block = { parameter, parts, length: wrt.length, doc };
  const fields = wrt.items.map(({ name, shape, offset }) => [name, vector(block, shape, offset)] as const);
  return { block, result: record(fields) };
}

/** All elements of the outputs by all of the inputs, or sparse columns. */
function jacobianOf(request: Request): Viewed {
  const { program, wrt, rows, derivative } = request;
  if (derivative.form === 'sparse') return sparse('jacobianPattern', 'J', rows, request, false);
  const length = multiplySizes(rows.length, wrt.length);
  const block = {
    parameter: 'J',
    ...(derivative.terms?.size
      ? termsIn('J', rows.items, request, false)
      : { parts: rows.items.flatMap(row => wrt.items.map(x => cellOf(row, x, wrt.length, derivative))) }),
    length,
    doc: 'the Jacobian',
  };
  const fields = placed(program.outputs).items.map(output => {
    const cells = wrt.items.map(x => [x.name, matrix(block, output, x, wrt.length)] as const);
    return [output.name, record(cells)] as const;
  });
  return { block, result: program.outputs.length === 1 ? fields[0][1] : record(fields) };
}

interface Symmetric {
  /** Of the constant that holds the pattern of a sparse matrix. */
  readonly name: string;
  readonly parameter: string;
  readonly doc: string;
}

function hessianOf(request: Request): Viewed {
  return symmetricOf(request, { name: 'hessianPattern', parameter: 'H', doc: 'the Hessian' });
}

/** The values hold one triangle, in the order of `wrt`; both are handed out. */
function symmetricOf(request: Request, { name, parameter, doc }: Symmetric): Viewed {
  const { wrt, derivative } = request;
  const rows = wrt.items.map(x => ({ ...x, path: x.name }));
  if (derivative.form === 'sparse') {
    return sparse(name, parameter, { items: rows, length: wrt.length }, request, true);
  }
  const length = multiplySizes(wrt.length, wrt.length);
  const triangle = () =>
    rows.flatMap((row, i) => {
      const [own, ...others] = wrt.items.slice(i).map(x => cellOf(row, x, wrt.length, derivative));
      return [{ ...own, rowAxes: row.shape.length }, ...others];
    });
  const block = {
    parameter,
    ...(derivative.terms?.size
      ? termsIn(parameter, rows, request, true)
      : { parts: triangle(), symmetric: wrt.length }),
    length,
    doc,
  };
  const fields = wrt.items.map(row => {
    const cells = wrt.items.map(x => [x.name, matrix(block, row, x, wrt.length)] as const);
    return [row.name, record(cells)] as const;
  });
  return { block, result: record(fields) };
}

/** The terms of the Hessian, as what they are products of. */
function factorsEntry({ program, wrt, derivative, scalarsOf }: Request): Entry {
  const isZero = (node: Node): boolean => scalarsOf!(node).every(each => constantOf(each) === 0);
  const factors = factorsOf(program, columnsOf(wrt), derivative, scalarsOf && { isZero });
  const { parts, length } = factors;
  const block = { parameter: 'F', parts, length, doc: 'the factors of the Hessian' };
  const summary =
    'The Hessian as lists of terms, each a product of factors; `meta.hessian` says where their elements stand.';
  return { name: 'hessianFactors', summary, result: { kind: 'factors', block, factors }, bound: [block] };
}

type Side = { readonly shape: Shape; readonly offset: Size };

/** The derivative of a row by an input, in a matrix of `width` columns. */
function cellOf(
  row: Side & { readonly path: string },
  column: Side & { readonly name: string },
  width: Size,
  { values }: Derivative,
): Part {
  const node = values.get(`${row.path}.${column.name}`);
  const offset = addSizes(multiplySizes(row.offset, width), column.offset);
  if (row.shape.length === 0) return partOf(node, column.shape, offset);
  const strides = [
    ...stridesOf(row.shape).map(stride => multiplySizes(stride, width)),
    ...stridesOf(column.shape),
  ];
  return { node, shape: [...row.shape, ...column.shape], offset, strides };
}

/** A matrix of which some cells are sums of terms, with both triangles if it is symmetric. */
function termsIn(
  parameter: string,
  rows: readonly CellSide[],
  { wrt, derivative }: Request,
  isSymmetric: boolean,
): Required<Pick<Block, 'parts' | 'deposits' | 'zeros'>> {
  const cells = cellsOf(rows, columnsOf(wrt), derivative, isSymmetric);
  const parts: Part[] = [];
  const deposits: Deposit[] = [];
  const empty = new Set<Cell>();
  for (const [k, cell] of cells.entries()) {
    const { offset, strides } = placeOfCell(cell, wrt.length);
    const path = `${cell.row.path}.${cell.column.path}`;
    const node = derivative.values.get(path);
    if (
      node !== undefined &&
      !derivative.terms?.has(path) &&
      !(isSymmetric && cell.row.path !== cell.column.path)
    ) {
      parts.push({ node, shape: cell.shape, offset, strides });
      continue;
    }
    const { steps, isCovered } = planOf(cell);
    if (!isCovered) empty.add(cell);
    const isDiagonal = isSymmetric && cell.row.path === cell.column.path;
    for (const { term, combine, isWhole } of steps) {
      const { value, coordinates } = term;
      deposits.push({
        kind: 'deposit',
        ...(isDiagonal ? { rowAxes: cell.row.shape.length } : {}),
        value,
        shape: value.shape,
        coordinates,
        lengths: cell.shape,
        combine,
        to: { name: '', offset, strides },
        cell: `${parameter} ${k}`,
        isWhole,
      });
    }
  }
  return { parts, deposits, zeros: regionsOf(cells, empty, wrt.items.length, wrt.length) };
}

function columnsOf({ items }: Placed<Input>): CellSide[] {
  return items.map(({ name, shape, offset }) => ({ path: name, shape, offset }));
}

/** The nonzero elements of a matrix by columns; of a symmetric one the derivative has the upper triangle. */
function sparse(
  name: string,
  parameter: string,
  rows: { readonly items: readonly CellSide[]; readonly length: Size },
  request: Request,
  isSymmetric: boolean,
): Viewed {
  const { wrt, derivative, scalarsOf } = request;
  const doc = 'the nonzero elements';
  if (derivative.compressed !== undefined) {
    const { values, pattern } = derivative.compressed;
    const length = pattern.rowIndex.length;
    const block = { parameter, parts: [partOf(values, [length], 0)], length, doc };
    return { block, result: { kind: 'sparse', block, pattern: { name, height: pattern.rows, ...pattern } } };
  }
  if (scalarsOf === undefined) {
    const cells = cellsOf(rows.items, columnsOf(wrt), derivative, isSymmetric);
    const { sparsity, deposits, isCleared } = sparseMatrix(name, cells, rows.length, wrt.length);
    const length = sparsity.nonzeros ?? sparsity.count;
    const zeros = isCleared ? [{ offset: 0, rows: 1, columns: length, width: length }] : [];
    const block = { parameter, parts: [], deposits, zeros, length, sparsity, doc };
    return { block, result: { kind: 'sparse', block, pattern: sparsity } };
  }
  const found = { rows: [] as number[], columns: [] as number[], values: [] as Node[] };
  const add = (row: number, column: number, value: Node): void => {
    found.rows.push(row);
    found.columns.push(column);
    found.values.push(value);
  };
  const rowOf = new Map(rows.items.map(row => [row.path, row]));
  const columnOf = new Map(wrt.items.map(x => [x.name, x]));
  for (const [path, node] of derivative.values) {
    const dot = path.lastIndexOf('.');
    if (dot < 0) continue; // no element of the matrix
    const { offset: firstRow } = rowOf.get(path.slice(0, dot))!;
    const { offset: firstColumn, shape } = columnOf.get(path.slice(dot + 1))!;
    const width = integer(elementsIn(shape));
    for (const [k, value] of scalarsOf(node).entries()) {
      if (node.shape !== SCALAR && constantOf(value) === 0) continue;
      const row = integer(firstRow) + Math.floor(k / width);
      const column = integer(firstColumn) + (k % width);
      if (isSymmetric && column < row) continue;
      add(row, column, value);
      if (isSymmetric && row !== column) add(column, row, value);
    }
  }
  const { rowIndex, colPointer, places } = compress(found.rows, found.columns, integer(wrt.length));
  const parts = found.values.map((node, k) => partOf(node, SCALAR, places[k]));
  const height = integer(rows.length);
  const block = { parameter, parts, length: parts.length, doc };
  return { block, result: { kind: 'sparse', block, pattern: { name, height, rowIndex, colPointer } } };
}

/** Sparse results have patterns that are constants, so their lengths are. */
function integer(size: Size): number {
  if (typeof size === 'number') return size;
  throw new TypeError(`${size.text} is not known when the module is made`);
}

function tangentsOf(
  parameter: string,
  boundParameter: string,
  { items, length }: Placed<Input>,
  derivative: Derivative,
): Extra {
  const nodeAt = inputsByName(derivative);
  const parts = items.map(({ name, shape, offset }) => {
    return { name, shape, offset, nodes: [nodeAt(`tangent.${name}`)] };
  });
  return { parameter, boundParameter, parts, length, isBare: false };
}

function inputsByName(derivative: Derivative): (name: string) => InputNode | undefined {
  const byName = new Map(derivative.inputs.map(node => [node.attrs.name, node]));
  return name => byName.get(name);
}

function isScalar(output: Output): boolean {
  return output.shape.length === 0;
}

const NO_STRIDES: readonly Size[] = Object.freeze([]);

/** A value that is contiguous. */
function partOf(node: Node | undefined, shape: Shape, offset: Size): Part {
  return { node, shape, offset, strides: shape.length === 0 ? NO_STRIDES : stridesOf(shape) };
}

/** A contiguous part of a block. */
function vector(block: Block, shape: Shape, at: Size): Result {
  if (shape.length === 0) return { kind: 'number', block, at };
  const columns = elementsIn(shape);
  return { kind: 'array', block, shape, at, rows: 1, columns, width: columns };
}

/** The rows of one value by the columns of another in a matrix of `width` columns. */
function matrix(block: Block, row: Side, column: Side, width: Size): Result {
  const at = addSizes(multiplySizes(row.offset, width), column.offset);
  const [rows, columns] = [elementsIn(row.shape), elementsIn(column.shape)];
  if (row.shape.length === 0) return vector(block, column.shape, at);
  const shape = column.shape.length === 0 ? row.shape : [rows, columns];
  const isWhole = sameSize(columns, width);
  return isWhole
    ? { kind: 'array', block, shape, at, rows: 1, columns: multiplySizes(rows, columns), width }
    : { kind: 'array', block, shape, at, rows, columns, width };
}

function record(fields: readonly Field[]): Result {
  return { kind: 'record', fields };
}
