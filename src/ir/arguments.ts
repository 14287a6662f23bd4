// The inputs of a program as a caller gives them: numbers, nested arrays, flat arrays in row-major order. Named sizes are
// bound from the lengths; what is left is given by the name of the size.

import type { Node } from './graph.ts';
import type { Shape } from './shape.ts';
import { elementsIn } from './shape.ts';
import { evaluateSize, namedSize, namesIn, type Size, sizeText, substitute } from './size.ts';
import { countOf, shapeAt, type Tensor } from './tensors.ts';

/** A scalar, the elements of a tensor in row-major order, or its slices along the first axis. */
export type Value = number | ArrayLike<number> | readonly Value[];

/** What is asked of a caller. */
interface Parameter {
  readonly name: string;
  readonly shape: Shape;
  /** `int` if every element has to be an integer. */
  readonly dtype?: Node['dtype'];
  /** The value of every element if the input is left out. */
  readonly default?: number;
}

/** Values at which every size is known. */
export interface Arguments {
  readonly tensors: ReadonlyMap<string, Tensor<number>>;
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * The tensors that `given` stands for, by name; values that no parameter asks for are ignored, but for those of sizes.
 * Throws `TypeError` if something is missing or no number, `RangeError` if a length does not fit.
 */
export function bindArguments(
  parameters: readonly Parameter[],
  given: Readonly<Record<string, Value>>,
): Arguments {
  const values = new Map(Object.entries(given));
  const arrays = new Map<string, Tensor<number>>();
  for (const { name, shape, dtype, default: fill } of parameters) {
    const value = values.get(name);
    if (value !== undefined) {
      const array = tensorOf(name, value, shape.length);
      if (dtype === 'int') checkIntegers(name, array);
      arrays.set(name, array);
    } else if (fill === undefined) throw new TypeError(`missing input ${name}`);
  }
  const sizes = bindSizes(parameters, arrays, values);
  const tensors = parameters.map(({ name, shape: symbolic, default: fill }) => {
    const shape = shapeAt(symbolic, sizes);
    const elements = arrays.get(name)?.elements ?? new Array<number>(countOf(shape)).fill(fill!);
    return [name, { shape, elements }] as const;
  });
  return { tensors: new Map(tensors), sizes };
}

/** A length that was met: of all elements, or along one axis. */
interface Length {
  readonly size: Size;
  readonly length: number;
  /** `X: expected`. */
  readonly start: string;
  /** `elements along axis 2`. */
  readonly end: string;
}

/** The value of each named size. A size is bound by a length that is a multiple of one power of it, but for a constant. */
function bindSizes(
  parameters: readonly Parameter[],
  arrays: ReadonlyMap<string, Tensor<number>>,
  values: ReadonlyMap<string, Value>,
): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const names = new Set(parameters.flatMap(({ shape }) => shape.flatMap(namesIn)));
  for (const name of names) {
    const value = parameters.some(parameter => parameter.name === name) ? undefined : values.get(name);
    if (value === undefined) continue;
    if (!isLength(value)) throw new RangeError(`${name}: expected a length, got ${value}`);
    sizes.set(name, value);
  }
  let waiting = parameters.flatMap(parameter => lengthsOf(parameter, arrays.get(parameter.name)));
  for (let isProgress = true; isProgress; ) {
    const later = waiting.filter(length => !settle(length, sizes));
    isProgress = later.length < waiting.length;
    waiting = later;
  }
  for (const name of names) {
    if (!sizes.has(name)) throw new TypeError(`missing size ${name}`);
  }
  return sizes;
}

function lengthsOf({ name, shape }: Parameter, array: Tensor<number> | undefined): Length[] {
  if (array === undefined || shape.length === 0) return [];
  const start = `${name}: expected`;
  if (array.shape.length === shape.length) {
    const end = shape.length === 1 ? '' : ' along axis';
    return shape.map((size, axis) => ({
      size,
      length: array.shape[axis],
      start,
      end: `elements${end && `${end} ${axis + 1}`}`,
    }));
  }
  return [{ size: elementsIn(shape), length: array.elements.length, start, end: 'elements' }];
}

/** Compares or binds. False if more than one size is unbound, or one not by a single power: `d x d` gives d by a root. */
function settle({ size, length, start, end }: Length, sizes: Map<string, number>): boolean {
  const rest = substitute(size, name => sizes.get(name) ?? namedSize(name));
  const mismatch = () => {
    const value = typeof size !== 'number' && typeof rest === 'number' ? ` = ${rest}` : '';
    return new RangeError(`${start} ${lengthText(size)}${value} ${end}, got ${length}`);
  };
  if (typeof rest === 'number') {
    if (rest !== length) throw mismatch();
    return true;
  }
  const [first, second] = rest.monomials;
  const [name] = first.atoms;
  const isPower =
    first.atoms.every(atom => atom === name) && (second === undefined || second.atoms.length === 0);
  if (typeof name !== 'string' || !isPower) return false;
  const power = (length - (second?.coefficient ?? 0)) / first.coefficient;
  const value = Math.round(power ** (1 / first.atoms.length));
  if (!isLength(value) || value ** first.atoms.length !== power) throw mismatch();
  sizes.set(name, value);
  return true;
}

/** `20n`, as one says it. */
function lengthText(size: Size): string {
  return sizeText(size).replace(/([0-9])\*/g, '$1');
}

function isLength(value: Value): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** The lengths along all axes if `value` is nested, else that of all elements together. */
function tensorOf(name: string, value: Value, rank: number): Tensor<number> {
  if (typeof value === 'number') {
    if (rank > 0) throw new TypeError(`${name}: expected an array`);
    return { shape: [], elements: [value] };
  }
  if (value === null || typeof value !== 'object' || !('length' in value)) {
    throw new TypeError(`${name}: expected ${rank > 0 ? 'an array' : 'a number'}`);
  }
  if (rank === 0) throw new TypeError(`${name}: expected a number`);
  const shape: number[] = [];
  let rows: readonly Value[] = [value];
  while (rows.length > 0 && typeof rows[0] !== 'number' && shape.length < rank) {
    const length = lengthOf(rows[0]);
    const next: Value[] = [];
    for (const row of rows) {
      if (lengthOf(row) !== length) {
        throw new RangeError(`${name}: expected rows of one length, got ${length} and ${lengthOf(row)}`);
      }
      for (let k = 0; k < length!; k++) next.push((row as ArrayLike<Value>)[k]);
    }
    shape.push(length!);
    rows = next;
  }
  if (shape.length !== rank && shape.length !== 1) {
    throw new RangeError(`${name}: expected ${rank} axes, got ${shape.length}`);
  }
  const stranger = rows.find(element => typeof element !== 'number');
  if (stranger !== undefined) throw new TypeError(`${name}: expected numbers, got ${typeof stranger}`);
  return { shape, elements: rows as readonly number[] };
}

/** Throws `TypeError` unless all elements are integers, in the words of emitted modules. */
function checkIntegers(name: string, { shape, elements }: Tensor<number>): void {
  const stranger = Array.from(elements).find(element => !Number.isInteger(element));
  if (stranger === undefined) return;
  throw new TypeError(`${name}: expected ${shape.length > 0 ? 'integers' : 'an integer'}, got ${stranger}`);
}

/** The length of an array; undefined for anything else. */
function lengthOf(value: Value): number | undefined {
  return typeof value === 'object' && value !== null ? value.length : undefined;
}

/** Throws `RangeError` unless the two lengths are equal. */
export function checkLengths(left: Size, right: Size, sizes: ReadonlyMap<string, number>): void {
  const [p, q] = [evaluateSize(left, sizes), evaluateSize(right, sizes)];
  if (p === q) return;
  const text = (size: Size, value: number) =>
    typeof size === 'number' ? sizeText(size) : `${sizeText(size)} = ${value}`;
  throw new RangeError(`lengths have to be equal: ${text(left, p)}, ${text(right, q)}`);
}
