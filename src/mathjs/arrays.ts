// Arrays of any rank for the functions of the scope: a shape and its elements in row-major order. mathjs hands over
// nested arrays and matrices, our functions give back nested arrays, which mathjs takes anywhere. Axes count from 0
// here, dimensions from 1 as in the language.

/** What mathjs takes for a number or an array of them. */
export type MathValue = number | boolean | Nested<number | boolean> | Matrix;

export type Nested<T> = readonly (T | Nested<T>)[];

/** What we need of a matrix of mathjs. */
export interface Matrix {
  size(): readonly number[];
  toArray(): readonly MathValue[];
  clone(): Matrix;
}

export interface Tensor<T = number> {
  readonly shape: readonly number[];
  readonly data: readonly T[];
}

export function isArray(value: unknown): value is readonly MathValue[] | Matrix {
  return Array.isArray(value) || isMatrix(value);
}

function isMatrix(value: unknown): value is Matrix {
  return typeof (value as Partial<Matrix> | null | undefined)?.toArray === 'function';
}

/** The number of a scalar: 1 for true, NaN for a complex number. */
export function real(value: unknown): number {
  if (isArray(value)) throw new TypeError('a number was expected, not an array');
  return Number(value);
}

/** @throws RangeError if the rows differ in length */
export function tensor(value: MathValue): Tensor {
  if (!isArray(value)) return { shape: [], data: [real(value)] };
  const shape = shapeOf(value);
  const data: number[] = [];
  const append = (part: MathValue, axis: number) => {
    const list = isMatrix(part) ? part.toArray() : part;
    if (axis === shape.length) data.push(real(part));
    else if (!Array.isArray(list) || list.length !== shape[axis])
      throw new RangeError('rows differ in length');
    else for (const item of list) append(item, axis + 1);
  };
  append(value, 0);
  return { shape, data };
}

function shapeOf(value: MathValue): readonly number[] {
  if (isMatrix(value)) return value.size();
  if (!Array.isArray(value)) return [];
  return value.length === 0 ? [0] : [value.length, ...shapeOf(value[0])];
}

/** A number as it is, else arrays in arrays. */
export function nested<T>({ shape, data }: Tensor<T>): T | Nested<T> {
  if (shape.length === 0) return data[0];
  const [count, ...rest] = shape;
  const size = product(rest);
  return Array.from({ length: count }, (_, i) =>
    nested({ shape: rest, data: data.slice(i * size, (i + 1) * size) }),
  );
}

/** A copy of an input: plain arrays for typed ones, so that no file can change what the caller holds. */
export function copied(value: unknown): unknown {
  if (isMatrix(value)) return value.clone();
  if (Array.isArray(value)) return value.map(copied);
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
}

/**
 * `f` over elements that correspond, aligned at the last axis; a size of 1 is repeated.
 * @throws RangeError if two sizes differ and neither is 1
 */
export function broadcast<T>(f: (...values: number[]) => T, operands: readonly Tensor[]): Tensor<T> {
  const shape = operands.map(x => x.shape).reduce(commonShape, []);
  const strides = operands.map(x => stridesIn(x.shape, shape));
  const data = indicesOf(shape).map(index => f(...operands.map((x, k) => x.data[offset(index, strides[k])])));
  return { shape, data };
}

function commonShape(x: readonly number[], y: readonly number[]): readonly number[] {
  const rank = Math.max(x.length, y.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = x[axis - rank + x.length] ?? 1;
    const q = y[axis - rank + y.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1)
      throw new RangeError(`shapes ${x.join('x')} and ${y.join('x')} do not broadcast`);
    return p === 1 ? q : p;
  });
}

/** How far apart neighbours along each axis of `target` are in an array of `shape`: 0 along a repeated axis. */
function stridesIn(shape: readonly number[], target: readonly number[]): number[] {
  const missing = target.length - shape.length;
  return target.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || shape[own] === 1 ? 0 : product(shape.slice(own + 1));
  });
}

/** All indices of an array, the last axis fastest. */
export function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (heads, size) => heads.flatMap(head => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );
}

export function offset(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
}

/** `f` of each line of elements along `axis`, which disappears. */
export function reduceAlong<T>(x: Tensor, axis: number, f: (line: number[]) => T): Tensor<T> {
  const inner = product(x.shape.slice(axis + 1));
  const shape = x.shape.filter((_, i) => i !== axis);
  const data = Array.from({ length: product(shape) }, (_, i) => f(line(x, axis, inner, i)));
  return { shape, data };
}

/** Each line of elements along `axis` replaced by `f` of it, of the same length. */
export function mapAlong(x: Tensor, axis: number, f: (line: number[]) => number[]): Tensor {
  const inner = product(x.shape.slice(axis + 1));
  const lines = reduceAlong(x, axis, f).data;
  const data = x.data.map((_, i) => {
    const row = Math.floor(i / inner);
    return lines[Math.floor(row / x.shape[axis]) * inner + (i % inner)][row % x.shape[axis]];
  });
  return { shape: x.shape, data };
}

/** The `k`-th line along `axis`; `inner` is the distance of its elements. */
function line(x: Tensor, axis: number, inner: number, k: number): number[] {
  const count = x.shape[axis];
  const first = Math.floor(k / inner) * count * inner + (k % inner);
  return Array.from({ length: count }, (_, i) => x.data[first + i * inner]);
}

/**
 * The axis of a dimension that counts from 1.
 * @throws RangeError if the array has no such dimension
 */
export function axisOf(dimension: unknown, { shape }: Tensor): number {
  if (!isDimension(dimension, shape.length))
    throw new RangeError(`no dimension ${dimension} in an array of rank ${shape.length}`);
  return dimension - 1;
}

/** Whether `value` is a whole number from 1 to `rank`. */
export function isDimension(value: unknown, rank: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= rank;
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((x, y) => x * y, 1);
}
