// What an expression can be. Most values are nodes of the graph, of any shape. Three kinds become a node only where one
// is needed: the elements of an array literal stay apart, so that a formula of scalars is compiled as one; a range of
// whole numbers stays a range, so that it can be a slice; and inside of a mapped function each parameter is an element,
// a number to the formula, whatever the shape of the node that computes all of them.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { MOST_INPUTS } from '../ir/ops.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import {
  addSizes,
  divideSize,
  exactQuotient,
  multiplySizes,
  type Size,
  sizeText,
  subtractSizes,
} from '../ir/size.ts';

/** An array literal of scalars. */
export interface ListValue {
  readonly kind: 'list';
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly elements: readonly Node[];
}

/** The whole numbers start, start + step, ... */
export interface RangeValue {
  readonly kind: 'range';
  readonly start: Size;
  readonly step: number;
  readonly length: Size;
  /** None of them is beyond it; the last one, unless the length is symbolic and the step longer than 1. */
  readonly end: Size;
}

/** An element of each array that a function is mapped over: a number to the formula. */
export interface ElementValue {
  readonly kind: 'element';
  readonly node: Node;
  /** Which map it belongs to: elements of two cannot meet. */
  readonly map: number;
}

export type Present = Node | ListValue | RangeValue | ElementValue;

/** `undefined` is the value of what has been reported as an error: it silences what depends on it. */
export type Value = Present | undefined;

export function isNode(value: Value): value is Node {
  return value !== undefined && 'op' in value;
}

export function isScalarNode(value: Value): value is Node {
  return isNode(value) && value.shape === SCALAR;
}

export function isList(value: Value): value is ListValue {
  return value !== undefined && 'kind' in value && value.kind === 'list';
}

export function isRange(value: Value): value is RangeValue {
  return value !== undefined && 'kind' in value && value.kind === 'range';
}

export function isElement(value: Value): value is ElementValue {
  return value !== undefined && 'kind' in value && value.kind === 'element';
}

/** More dimensions than this are a mistake, and copying shapes of a deep nesting would be quadratic. */
export const MAX_RANK = 8;

/** The shape that the formula sees. */
export function shapeOf(value: Present): Shape {
  if ('op' in value || value.kind === 'list') return value.shape;
  return value.kind === 'range' ? [value.length] : SCALAR;
}

export function rankOf(value: Present): number {
  return shapeOf(value).length;
}

/** The number of a mask: 1 where it holds, else 0. Numbers stay as they are. */
export function toReal(b: Builder, x: Node): Node {
  return x.dtype === 'bool' ? b.real(x) : x;
}

/** Whether `x` counts as true: masks as they are; a number if it is neither 0 nor NaN. */
export function toMask(b: Builder, x: Node): Node {
  return x.dtype === 'bool' ? x : b.or(b.lt(x, 0), b.lt(0, x));
}

/** The node that computes `value`; of an element, of all of them. */
export function toNode(b: Builder, value: Present): Node {
  if ('op' in value) return value;
  switch (value.kind) {
    case 'element':
      return value.node;
    case 'range':
      return b.add(b.mul(value.step, b.iota(value.length)), b.size(value.start));
    case 'list': {
      const { shape, elements } = value;
      const numbers = elements.map(constantOf);
      if (!numbers.includes(undefined)) return b.array(numbers as number[], shape);
      return b.reshape(joined(b, elements), shape);
    }
  }
}

/** The scalars along one axis. */
function joined(b: Builder, elements: readonly Node[]): Node {
  let parts = elements.map(element => b.reshape(toReal(b, element), [1]));
  while (parts.length > 1) {
    const joins: Node[] = [];
    for (let i = 0; i < parts.length; i += MOST_INPUTS)
      joins.push(b.concat(0, parts.slice(i, i + MOST_INPUTS)));
    parts = joins;
  }
  return parts[0];
}

/** The numbers in `value` in row-major order, if all are constant. */
export function constantsOf(value: Present): readonly number[] | undefined {
  if (isList(value)) {
    const numbers = value.elements.map(constantOf);
    return numbers.includes(undefined) ? undefined : (numbers as number[]);
  }
  if (isRange(value)) {
    const { start, step, length } = value;
    if (typeof start !== 'number' || typeof length !== 'number' || length > MOST_INPUTS) return undefined;
    return Array.from({ length }, (_, i) => start + i * step);
  }
  if (!isNode(value)) return undefined;
  if (value.op === 'array') return value.attrs.values;
  if (value.op === 'broadcast') {
    const [length] = value.shape;
    const number = constantOf(value.inputs[0]);
    if (number === undefined || value.shape.length !== 1 || typeof length !== 'number') return undefined;
    return length > MOST_INPUTS ? undefined : new Array<number>(length).fill(number);
  }
  const number = constantOf(value);
  return number === undefined ? undefined : [number];
}

/** Formulas of sizes are short; a deeper one is a number like any other. */
const DEEPEST_SIZE = 32;

/** The size that a scalar is, if it is computed from constants and named sizes alone. */
export function sizeOf(value: Value): Size | undefined {
  return isNode(value) && value.shape === SCALAR ? sizeOfNode(value, DEEPEST_SIZE) : undefined;
}

function sizeOfNode(node: Node, depth: number): Size | undefined {
  if (node.op === 'const') return Number.isSafeInteger(node.attrs.value) ? node.attrs.value : undefined;
  if (node.op === 'size') return node.attrs.size;
  const combine = SIZE_OPERATIONS.get(node.op);
  if (combine === undefined || depth === 0) return undefined;
  const [x, y] = node.inputs;
  if (node.op === 'floor' || node.op === 'ceil' || node.op === 'fix') return rounded(node, depth - 1);
  const p = sizeOfNode(x, depth - 1);
  const q = y === undefined ? 0 : sizeOfNode(y, depth - 1);
  return p === undefined || q === undefined ? undefined : combine(p, q);
}

const SIZE_OPERATIONS: ReadonlyMap<string, (p: Size, q: Size) => Size | undefined> = new Map<
  string,
  (p: Size, q: Size) => Size | undefined
>([
  ['add', addSizes],
  ['sub', subtractSizes],
  ['mul', multiplySizes],
  ['div', exactQuotient],
  ['neg', p => multiplySizes(p, -1)],
  ['pow', (p, q) => (typeof q === 'number' && q >= 0 && q <= 8 ? powerOf(p, q) : undefined)],
  ['floor', p => p],
  ['ceil', p => p],
  ['fix', p => p],
]);

function powerOf(size: Size, exponent: number): Size {
  let power: Size = 1;
  for (let k = 0; k < exponent; k++) power = multiplySizes(power, size);
  return power;
}

/** `floor(p / k)`, and `ceil(p / k)`, which is floor((p + k - 1) / k); `fix` of what is not negative is floor. */
function rounded({ op, inputs: [x] }: Node, depth: number): Size | undefined {
  if (x.op !== 'div') return sizeOfNode(x, depth);
  const p = sizeOfNode(x.inputs[0], depth);
  const k = constantOf(x.inputs[1]);
  if (p === undefined || k === undefined || !Number.isSafeInteger(k) || k < 1) return undefined;
  if (op === 'fix' && !isNeverNegative(p)) return undefined;
  return divideSize(op === 'ceil' ? addSizes(p, k - 1) : p, k);
}

/** True if `size` is at least 0 whatever the named sizes are. A false answer proves nothing. */
export function isNeverNegative(size: Size): boolean {
  if (typeof size === 'number') return size >= 0;
  return size.monomials.every(
    ({ coefficient, atoms }) =>
      coefficient >= 0 && atoms.every(atom => typeof atom === 'string' || isNeverNegative(atom.numerator)),
  );
}

/** More elements than this are not worth remembering a call by. */
const LONGEST_KEY = 64;

/** Equal for equal values only; undefined for those that are too long to tell. */
export function keyOf(value: Value): string | undefined {
  if (value === undefined) return '';
  if ('op' in value) return `${value.id}`;
  switch (value.kind) {
    case 'element':
      return `e${value.node.id}.${value.map}`;
    case 'range':
      return `${sizeText(value.start)}:${value.step}:${sizeText(value.length)}`;
    case 'list':
      if (value.elements.length > LONGEST_KEY) return undefined;
      return `[${value.shape}|${value.elements.map(({ id }) => id)}]`;
  }
}
