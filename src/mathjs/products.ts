// Products of vectors and matrices, norms, and the power of a matrix.

import { indicesOf, isArray, type MathValue, nested, real, type Tensor, tensor } from './arrays.ts';
import { einsum } from './einsum.ts';
import { norm as listNorm, max, scaleOf, sum } from './lists.ts';

/** x y' of two vectors. */
export function outer(x: MathValue, y: MathValue): unknown {
  return einsum('i,j->ij', x, y);
}

/** Of two vectors or columns; 0 of none. mathjs throws there. */
export function dot(x: MathValue, y: MathValue): number {
  const [a, b] = [x, y].map(value => vectorOf(tensor(value)));
  if (a.length !== b.length) throw new RangeError(`dot: lengths ${a.length} and ${b.length}`);
  return sum(a.map((value, i) => value * b[i]));
}

function vectorOf({ shape, data }: Tensor): readonly number[] {
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return data;
  throw new RangeError(`a vector was expected, not ${shape.join('x') || 'a number'}`);
}

/** Of two vectors of 3; a row of 3 if one of them is a matrix. That of mathjs changes its arguments. */
export function cross(x: MathValue, y: MathValue): unknown {
  const operands = [x, y].map(tensor);
  const [a, b] = operands.map(({ data }) => data);
  if (a.length !== 3 || b.length !== 3) throw new RangeError('cross: vectors of 3 were expected');
  const data = [0, 1, 2].map(i => {
    const [j, k] = [(i + 1) % 3, (i + 2) % 3];
    return a[j] * b[k] - a[k] * b[j];
  });
  return nested({ shape: operands.every(({ shape }) => shape.length === 1) ? [3] : [1, 3], data });
}

export function trace(x: MathValue): number {
  return sum(diagonal(squareOf(x)));
}

function diagonal({ shape, data }: Tensor): number[] {
  return Array.from({ length: shape[0] }, (_, i) => data[i * (shape[0] + 1)]);
}

function squareOf(value: MathValue): Tensor {
  const x = tensor(value);
  if (x.shape.length !== 2 || x.shape[0] !== x.shape[1])
    throw new RangeError(`a square matrix was expected, not ${x.shape.join('x') || 'a number'}`);
  return x;
}

/** Of a number the real power, NaN where it would be complex; of a square matrix and a whole number the matrix power. */
export function pow(x: MathValue, y: MathValue): unknown {
  if (!isArray(x)) return real(x) ** real(y);
  const count = real(y);
  if (!Number.isInteger(count) || count < 0) throw new RangeError('pow: a whole number was expected');
  const size = squareOf(x).shape[0];
  let power: unknown = nested({
    shape: [size, size],
    data: indicesOf([size, size]).map(([i, j]) => Number(i === j)),
  });
  for (let k = 0; k < count; k++) power = einsum('ij,jk->ik', power as MathValue, x);
  return power;
}

/**
 * Of a number the absolute value; of a vector the p-norm (2); of a matrix the largest singular value (2), the largest
 * column sum (1), the largest row sum ('inf' or Infinity), or that of all elements ('fro').
 */
export function norm(value: MathValue, kind: number | string = 2): number {
  const x = tensor(value);
  const p = kind === 'inf' ? Number.POSITIVE_INFINITY : kind === '-inf' ? Number.NEGATIVE_INFINITY : kind;
  if (p === 'fro') return listNorm(x.data);
  if (typeof p !== 'number') throw new TypeError(`norm: unknown ${p}`);
  if (x.shape.length < 2) return x.shape.length === 0 ? Math.abs(x.data[0]) : listNorm(x.data, p);
  if (x.shape.length > 2) throw new RangeError('norm: a vector or matrix was expected');
  if (p === 1) return max(columnsOf(x).map(column => listNorm(column, 1)));
  if (p === Number.POSITIVE_INFINITY) return max(rowsOf(x).map(row => listNorm(row, 1)));
  if (p === 2) return largestSingularValue(x);
  throw new RangeError(`norm: no ${p}-norm of a matrix`);
}

function rowsOf({ shape: [rows, columns], data }: Tensor): number[][] {
  return Array.from({ length: rows }, (_, i) => data.slice(i * columns, (i + 1) * columns));
}

function columnsOf(x: Tensor): number[][] {
  return Array.from({ length: x.shape[1] }, (_, j) => rowsOf(x).map(row => row[j]));
}

/** By one-sided Jacobi rotations, which make the shorter side's lines orthogonal (Golub and Van Loan, 8.6.3). */
function largestSingularValue(x: Tensor): number {
  const most = listNorm(x.data, Number.POSITIVE_INFINITY);
  if (most === 0 || !Number.isFinite(most)) return most;
  const scale = scaleOf(most);
  const scaled = { shape: x.shape, data: x.data.map(value => value / scale) };
  const lines = x.shape[0] < x.shape[1] ? rowsOf(scaled) : columnsOf(scaled);
  for (let sweep = 0; sweep < 60; sweep++) {
    let isDone = true;
    for (let j = 1; j < lines.length; j++)
      for (let i = 0; i < j; i++) if (rotate(lines, i, j)) isDone = false;
    if (isDone) break;
  }
  return scale * max(lines.map(line => listNorm(line)));
}

/** Makes two lines orthogonal; whether they were not. */
function rotate(lines: number[][], i: number, j: number): boolean {
  const [a, b] = [lines[i], lines[j]];
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (!(Math.abs(ab) > 1e-16 * Math.sqrt(aa * bb))) return false;
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const c = 1 / Math.hypot(1, t);
  lines[i] = a.map((value, k) => c * (value - t * b[k]));
  lines[j] = b.map((value, k) => c * (value + t * a[k]));
  return true;
}
