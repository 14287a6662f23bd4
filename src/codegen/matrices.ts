// Jacobians, Hessians and J'J as blocks: of values, of terms that are put down one by one, or of the nonzero elements alone.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Derivative, Input } from '../ir/program.ts';
import { elementsIn, SCALAR } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size } from '../ir/size.ts';
import { type Cell, type Side as CellSide, cellsOf, placeOfCell, planOf } from './cells.ts';
import type { Deposit } from './loops/deposit.ts';
import { stridesOf } from './loops/space.ts';
import {
  type Block,
  matrix,
  type Part,
  type Placed,
  partOf,
  placed,
  type Request,
  record,
  type Side,
  type Viewed,
} from './parts.ts';
import { compress } from './pattern.ts';
import { regionsOf } from './regions.ts';
import { sparseMatrix } from './sparsity.ts';

/** All elements of the outputs by all of the inputs, or sparse columns. */
export function jacobianOf(request: Request): Viewed {
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

export function hessianOf(request: Request): Viewed {
  return symmetricOf(request, { name: 'hessianPattern', parameter: 'H', doc: 'the Hessian' });
}

/** The values hold one triangle, in the order of `wrt`; both are handed out. */
export function symmetricOf(request: Request, { name, parameter, doc }: Symmetric): Viewed {
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

export function columnsOf({ items }: Placed<Input>): CellSide[] {
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
