// What an expression can be. Most values are nodes of the graph, of any shape. Three kinds become a node only where one
// is needed: the elements of an array literal stay apart, so that a formula of scalars is compiled as one; a range of
// whole numbers stays a range, so that it can be a slice; and inside of a mapped function each parameter is an element,
// a number to the formula, whatever the shape of the node that computes all of them.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { MOST_INPUTS, type OpName } from '../ir/ops.ts';
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

/** Formulas of sizes are short; a longer one is a number like any other. */
const DEEPEST_SIZE = 32;
const MOST_MONOMIALS = 16;
const LARGEST_COEFFICIENT = 2 ** 31;

/** The size that a scalar is, if it is computed from constants and named sizes alone. */
export function sizeOf(value: Value): Size | undefined {
  return isScalarNode(value) ? sizeOfNode(value, DEEPEST_SIZE, new Map()) : undefined;
}

type Known = Map<Node, Size | undefined>;

function sizeOfNode(node: Node, depth: number, known: Known): Size | undefined {
  if (node.op === 'const') return Number.isSafeInteger(node.attrs.value) ? node.attrs.value : undefined;
  if (node.op === 'size') return node.attrs.size;
  const combine = SIZE_OPERATIONS[node.op];
  if (combine === undefined || depth === 0) return undefined;
  if (!known.has(node)) {
    const size = combine(node.inputs, input => sizeOfNode(input, depth - 1, known));
    known.set(node, limited(size));
  }
  return known.get(node);
}

function limited(size: Size | undefined): Size | undefined {
  if (size === undefined || typeof size === 'number') return size;
  const { monomials } = size;
  if (monomials.length > MOST_MONOMIALS) return undefined;
  return monomials.every(({ coefficient }) => Math.abs(coefficient) < LARGEST_COEFFICIENT) ? size : undefined;
}

/** The size of an operation, from the operands and what their sizes are. */
type Combine = (inputs: readonly Node[], sizeOfInput: (input: Node) => Size | undefined) => Size | undefined;

function both(of: (p: Size, q: Size) => Size | undefined): Combine {
  return ([x, y = x], sizeOfInput) => {
    const p = sizeOfInput(x);
    const q = p === undefined ? undefined : sizeOfInput(y);
    return p === undefined || q === undefined ? undefined : of(p, q);
  };
}

const SIZE_OPERATIONS: { readonly [O in OpName]?: Combine } = {
  add: both(addSizes),
  sub: both(subtractSizes),
  mul: both(multiplySizes),
  div: both(exactQuotient),
  neg: both(p => multiplySizes(p, -1)),
  pow: both(powerOf),
  floor: rounded((p, k) => divideSize(p, k)),
  // ceil(p / k) is floor((p + k - 1) / k).
  ceil: rounded((p, k) => divideSize(addSizes(p, k - 1), k)),
  // Of what is not negative fix is floor.
  fix: rounded((p, k) => (isNeverNegative(p) ? divideSize(p, k) : undefined)),
};

function powerOf(size: Size, exponent: Size): Size | undefined {
  if (typeof exponent !== 'number' || exponent < 0 || exponent > MOST_MONOMIALS) return undefined;
  let power: Size | undefined = 1;
  for (let k = 0; k < exponent && power !== undefined; k++) power = limited(multiplySizes(power, size));
  return power;
}

/** What is rounded is whole, or a quotient by a constant whole number. */
function rounded(of: (p: Size, k: number) => Size | undefined): Combine {
  return ([x], sizeOfInput) => {
    if (x.op !== 'div') return sizeOfInput(x);
    const p = sizeOfInput(x.inputs[0]);
    const k = constantOf(x.inputs[1]);
    return p === undefined || k === undefined || !Number.isSafeInteger(k) || k < 1 ? undefined : of(p, k);
  };
}

/** True if `size` is at least 0 whatever the named sizes are. A false answer proves nothing. */
export function isNeverNegative(size: Size): boolean {
  if (typeof size === 'number') return size >= 0;
  for (const { coefficient, atoms } of size.monomials) {
    const [atom] = atoms;
    if (coefficient >= 0 || atoms.length !== 1 || typeof atom === 'string') continue;
    // floor(p / k) <= p / k, so k (rest + c floor(p / k)) >= k rest + c p for a negative c.
    const { numerator, divisor } = atom;
    const quotient = divideSize(numerator, divisor);
    const rest = subtractSizes(size, multiplySizes(coefficient, quotient));
    return isNeverNegative(addSizes(multiplySizes(rest, divisor), multiplySizes(numerator, coefficient)));
  }
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
