// What every operation means, in terms of scalar ones: the reference for tensors. Generic in the scalar, so that one text
// serves the evaluator (numbers), and the pass that unrolls small tensors (nodes). Sums and products are taken in
// row-major order from the first element on; over nothing a sum is 0, a product 1, max -Infinity, min Infinity, norm 0,
// logsumexp -Infinity, `any` false, argmax and argmin 0, which is no position.
//
// Invariant: an access out of range is not an error here but a value (`Algebra.outside`), because it is none where it is
// not selected. Lengths that have to be equal are (graph.constraints): that is checked before, by whoever knows the sizes.

import type { AttrsOf, Node } from './graph.ts';
import { MOST_INPUTS, type OpName } from './ops.ts';
import { subscriptsOf } from './shapes.ts';
import { evaluateSize, sizeText } from './size.ts';

/** Elements in row-major order. */
export interface Tensor<T> {
  readonly shape: readonly number[];
  readonly elements: ArrayLike<T>;
}

/** The scalars that tensors are made of. */
export interface Algebra<T> {
  readonly constant: (value: number) => T;
  /** An elementwise operation over scalars; `order` is that of polygamma, phi, sphericalBessel. */
  readonly apply: (op: OpName, args: readonly T[], order?: number) => T;
  /** The number that a scalar is, or undefined if that is not known. */
  readonly numberOf: (x: T) => number | undefined;
  /** What is read at an index that is not known to be in range: `error`, as a value or thrown. */
  readonly outside: (index: T, error: RangeError) => T;
}

/**
 * The result of `node`, which is not an input, over `operands`, for these values of the named sizes. Throws `RangeError` if
 * a length is negative, `TypeError` if a size is missing.
 */
export function applyOperation<T>(
  node: Node,
  operands: readonly Tensor<T>[],
  algebra: Algebra<T>,
  sizes: ReadonlyMap<string, number>,
): Tensor<T> {
  const shape = shapeAt(node.shape, sizes);
  return { shape, elements: elementsOf(node, shape, operands, algebra, sizes) };
}

/** The lengths of a shape for these sizes. Throws `RangeError` if one is negative, `TypeError` if a size is missing. */
export function shapeAt(shape: Node['shape'], sizes: ReadonlyMap<string, number>): readonly number[] {
  return shape.map(size => {
    const length = evaluateSize(size, sizes);
    if (length >= 0) return length;
    throw new RangeError(`the length ${sizeText(size)} is ${length}`);
  });
}

/** The number of elements. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function elementsOf<T>(
  node: Node,
  shape: readonly number[],
  operands: readonly Tensor<T>[],
  algebra: Algebra<T>,
  sizes: ReadonlyMap<string, number>,
): ArrayLike<T> {
  const { constant, apply } = algebra;
  const [x, y] = operands;
  const number = (value: number) => constant(value);
  const arranged = (strides: readonly number[]) => pick(x.elements, offsets(shape, strides));
  /** The numbers of `fold` along the axes that the result lacks. */
  const reduced = (axes: readonly number[], fold: (along: readonly T[]) => T) => reduce(x, axes, fold);
  const chain = (op: OpName, ofNone: number) => (along: readonly T[]) =>
    along.length === 0 ? constant(ofNone) : along.reduce((p, q) => apply(op, [p, q]));
  const joint = (op: OpName, ofNone: number) => (along: readonly T[]) =>
    along.length === 0 ? constant(ofNone) : variadic(op, along, apply);

  switch (node.op) {
    case 'input':
      throw new TypeError('an input has no operands');
    case 'const':
      return [constant(node.attrs.value)];
    case 'array':
      return node.attrs.values.map(number);
    case 'size':
      return [constant(evaluateSize(node.attrs.size, sizes))];
    case 'iota':
      return Array.from({ length: shape[0] }, (_, k) => constant(k));

    case 'broadcast':
      return arranged(broadcastStrides(x.shape, shape));
    case 'reshape':
      return x.elements;
    case 'permute': {
      const strides = stridesOf(x.shape);
      return arranged(node.attrs.permutation.map(axis => strides[axis]));
    }
    case 'diagonal': {
      const strides = stridesOf(x.shape);
      const [rows, columns] = strides.splice(-2);
      return arranged([...strides, rows + columns]);
    }
    case 'element':
      return [x.elements[node.attrs.position]];
    case 'concat':
      return concatenated(operands, node.attrs.axis);
    case 'slice': {
      const { axis } = node.attrs;
      return gathered(x, axis, stretch(node.attrs, shape[axis], algebra, sizes), algebra, undefined);
    }
    case 'pad': {
      const { axis } = node.attrs;
      const index = stretch(node.attrs, x.shape[axis], algebra, sizes);
      return scattered(x, axis, index, shape[axis], algebra, undefined);
    }
    case 'gather':
      return gathered(x, node.attrs.axis, y, algebra, nameOfIndex(node.inputs[1]));
    case 'scatterAdd': {
      const { axis } = node.attrs;
      return scattered(x, axis, y, shape[axis], algebra, nameOfIndex(node.inputs[1]));
    }

    case 'reduceSum':
      return reduced(node.attrs.axes, chain('add', 0));
    case 'reduceProd':
      return reduced(node.attrs.axes, chain('mul', 1));
    case 'any':
      return reduced(node.attrs.axes, chain('or', 0));
    case 'reduceMax':
      return reduced(node.attrs.axes, joint('max', -Infinity));
    case 'reduceMin':
      return reduced(node.attrs.axes, joint('min', Infinity));
    case 'norm':
      return reduced(node.attrs.axes, joint('hypot', 0));
    case 'reduceLogsumexp':
      return reduced(node.attrs.axes, joint('logsumexp', -Infinity));
    case 'argmax':
      return reduced(node.attrs.axes, along => positionOfBest(along, (top, z) => [z, top], algebra));
    case 'argmin':
      return reduced(node.attrs.axes, along => positionOfBest(along, (top, z) => [top, z], algebra));
    case 'cumsum':
      return accumulated(x, node.attrs, 'add', 0, algebra);
    case 'cumprod':
      return accumulated(x, node.attrs, 'mul', 1, algebra);
    case 'contract':
      return contracted(x, y, node.attrs.subscripts, chain('add', 0), apply);

    default: {
      const order = node.attrs?.order;
      const from = operands.map(operand => offsets(shape, broadcastStrides(operand.shape, shape)));
      return Array.from({ length: countOf(shape) }, (_, at) => {
        const args = operands.map(({ elements }, k) => elements[from[k][at]]);
        return order === undefined ? apply(node.op, args) : apply(node.op, args, order);
      });
    }
  }
}

/** How far apart neighbours along each axis lie in row-major order. */
function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = new Array(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The strides that read `from` as if it had the shape `to`: 0 along axes that it lacks or repeats. */
function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || from[own] === 1 ? 0 : strides[own];
  });
}

/** The sum of index times stride over all axes, for every index in row-major order. */
function offsets(shape: readonly number[], strides: readonly number[]): Int32Array {
  let result = new Int32Array(1);
  for (const [axis, length] of shape.entries()) {
    const next = new Int32Array(result.length * length);
    let at = 0;
    for (const base of result) for (let k = 0; k < length; k++) next[at++] = base + k * strides[axis];
    result = next;
  }
  return result;
}

function pick<T>(elements: ArrayLike<T>, positions: Int32Array): T[] {
  return Array.from(positions, position => elements[position]);
}

/** `fold` over the elements along `axes`, for each place along the others. */
function reduce<T>(
  { shape, elements }: Tensor<T>,
  axes: readonly number[],
  fold: (along: readonly T[]) => T,
): T[] {
  const strides = stridesOf(shape);
  const only = (wanted: boolean) => {
    const of = (all: readonly number[]) => all.filter((_, axis) => axes.includes(axis) === wanted);
    return offsets(of(shape), of(strides));
  };
  const [along, places] = [only(true), only(false)];
  return Array.from(places, place => fold(Array.from(along, step => elements[place + step])));
}

/** A variadic operation over any number of scalars: an engine has a limit on arguments. */
function variadic<T>(op: OpName, args: readonly T[], apply: Algebra<T>['apply']): T {
  if (args.length <= MOST_INPUTS) return apply(op, args);
  const parts: T[] = [];
  for (let at = 0; at < args.length; at += MOST_INPUTS)
    parts.push(apply(op, args.slice(at, at + MOST_INPUTS)));
  return variadic(op, parts, apply);
}

/**
 * The 1-based position of the first NaN or else of the first of the best; `order` gives z and the best so far as a pair
 * that is ascending, or equal, if z is not better.
 */
function positionOfBest<T>(
  along: readonly T[],
  order: (top: T, z: T) => readonly [T, T],
  { constant, apply }: Algebra<T>,
): T {
  if (along.length === 0) return constant(0);
  let top = along[0];
  let position = constant(1);
  for (let k = 1; k < along.length; k++) {
    // Better, or the first NaN: that fails every comparison.
    const isAhead = apply('not', [apply('le', order(top, along[k]))]);
    const isBetter = apply('and', [isAhead, apply('eq', [top, top])]);
    position = apply('select', [isBetter, constant(k + 1), position]);
    top = apply('select', [isBetter, along[k], top]);
  }
  return position;
}

function accumulated<T>(
  { shape, elements }: Tensor<T>,
  { axis, exclusive, reverse }: AttrsOf['cumsum'],
  op: OpName,
  ofNone: number,
  { constant, apply }: Algebra<T>,
): T[] {
  const result: T[] = Array.from(elements);
  const length = shape[axis];
  const strides = stridesOf(shape);
  for (const place of offsets(shape.toSpliced(axis, 1), strides.toSpliced(axis, 1))) {
    let sum: T | undefined;
    for (let k = 0; k < length; k++) {
      const at = place + (reverse ? length - 1 - k : k) * strides[axis];
      const next: T = sum === undefined ? elements[at] : apply(op, [sum, elements[at]]);
      result[at] = exclusive ? (sum ?? constant(ofNone)) : next;
      sum = next;
    }
  }
  return result;
}

function contracted<T>(
  x: Tensor<T>,
  y: Tensor<T>,
  text: string,
  sum: (products: readonly T[]) => T,
  apply: Algebra<T>['apply'],
): T[] {
  const subscripts = subscriptsOf(text);
  const lengths = new Map([...subscripts.x].map((letter, axis) => [letter, x.shape[axis]]));
  for (const [axis, letter] of [...subscripts.y].entries()) lengths.set(letter, y.shape[axis]);
  const summed = [...lengths.keys()].filter(letter => !subscripts.out.includes(letter));
  const along = (letters: readonly string[], own: string, { shape }: Tensor<T>) => {
    const strides = stridesOf(shape);
    return offsets(
      letters.map(letter => lengths.get(letter)!),
      letters.map(letter => strides[own.indexOf(letter)] ?? 0),
    );
  };
  const [outX, outY] = [
    along([...subscripts.out], subscripts.x, x),
    along([...subscripts.out], subscripts.y, y),
  ];
  const [sumX, sumY] = [along(summed, subscripts.x, x), along(summed, subscripts.y, y)];
  return Array.from(outX, (placeX, at) =>
    sum(
      Array.from(sumX, (stepX, k) =>
        apply('mul', [x.elements[placeX + stepX], y.elements[outY[at] + sumY[k]]]),
      ),
    ),
  );
}

function concatenated<T>(operands: readonly Tensor<T>[], axis: number): T[] {
  const result: T[] = [];
  const outer = countOf(operands[0].shape.slice(0, axis));
  for (let o = 0; o < outer; o++) {
    for (const { shape, elements } of operands) {
      const count = countOf(shape.slice(axis));
      for (let k = 0; k < count; k++) result.push(elements[o * count + k]);
    }
  }
  return result;
}

/** The elements that a slice takes of the longer axis, as an index: 1-based. */
function stretch<T>(
  { start, step }: AttrsOf['slice'],
  length: number,
  { constant }: Algebra<T>,
  sizes: ReadonlyMap<string, number>,
): Tensor<T> {
  const first = evaluateSize(start, sizes) + 1;
  return { shape: [length], elements: Array.from({ length }, (_, k) => constant(first + k * step)) };
}

/** `x` at `index`, whose axes take the place of `axis`. */
function gathered<T>(
  { shape, elements }: Tensor<T>,
  axis: number,
  index: Tensor<T>,
  algebra: Algebra<T>,
  name: string | undefined,
): T[] {
  const length = shape[axis];
  const [outer, inner] = [countOf(shape.slice(0, axis)), countOf(shape.slice(axis + 1))];
  const result: T[] = [];
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < index.elements.length; j++) {
      const at = placeOf(index.elements[j], length, algebra);
      for (let i = 0; i < inner; i++) {
        result.push(
          at === undefined
            ? outside(index.elements[j], length, algebra, name)
            : elements[(o * length + at) * inner + i],
        );
      }
    }
  }
  return result;
}

/**
 * Zeros of `length` along `axis`, to which the slices of `x` are added at `index`. To add 0 out of range is no access:
 * that is how the adjoint of an access arrives that was not selected.
 */
function scattered<T>(
  { shape, elements }: Tensor<T>,
  axis: number,
  index: Tensor<T>,
  length: number,
  algebra: Algebra<T>,
  name: string | undefined,
): T[] {
  const { constant, apply, numberOf } = algebra;
  const count = index.elements.length;
  const outer = countOf(shape.slice(0, axis));
  const inner = countOf(shape.slice(axis + index.shape.length));
  const sums: (T | undefined)[] = new Array(outer * length * inner);
  const add = (at: number, value: T) => {
    const sum = sums[at];
    sums[at] = sum === undefined ? value : apply('add', [sum, value]);
  };
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < count; j++) {
      const at = placeOf(index.elements[j], length, algebra);
      for (let i = 0; i < inner; i++) {
        const value = elements[(o * count + j) * inner + i];
        if (at !== undefined) add((o * length + at) * inner + i, value);
        else if (numberOf(value) !== 0) {
          const error = outside(index.elements[j], length, algebra, name);
          for (let k = 0; k < length; k++) add((o * length + k) * inner + i, error);
        }
      }
    }
  }
  return Array.from(sums, sum => sum ?? constant(0));
}

/** The place from 0 of a 1-based index, or undefined if it is not known to be in range. */
function placeOf<T>(index: T, length: number, { numberOf }: Algebra<T>): number | undefined {
  const position = numberOf(index);
  if (position === undefined || !Number.isInteger(position)) return undefined;
  return position >= 1 && position <= length ? position - 1 : undefined;
}

function outside<T>(index: T, length: number, algebra: Algebra<T>, name: string | undefined): T {
  return algebra.outside(index, indexError(algebra.numberOf(index), length, name));
}

/** `k: index 7 is out of range 1..5`, in the words of emitted modules. */
function indexError(index: number | undefined, length: number, name = 'index'): RangeError {
  const of = name === 'index' ? '' : `${name}: `;
  return new RangeError(`${of}index ${index} is out of range 1..${length}`);
}

/** The input that the elements of an index are those of, if that is so. */
function nameOfIndex(index: Node): string | undefined {
  let node = index;
  while (
    node.op === 'reshape' ||
    node.op === 'broadcast' ||
    node.op === 'permute' ||
    node.op === 'slice' ||
    node.op === 'element'
  )
    node = node.inputs[0];
  return node.op === 'input' ? node.attrs.name : undefined;
}
