// The order of the numbers that a module gives at one point: outputs before inputs, rows before columns, and inside of a
// tensor row by row.

import type { Program } from '../ir/program.ts';
import type { Shape } from '../ir/shape.ts';
import { evaluateSize } from '../ir/size.ts';
import type { Sizes, Value } from './domain.ts';

/** A named value among the numbers. */
export interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly isScalar: boolean;
  readonly offset: number;
  readonly length: number;
}

/** Values one after the other. */
export interface Parts {
  readonly items: readonly Part[];
  readonly length: number;
}

/** At the sizes of a point. */
export interface Layout {
  readonly inputs: Parts;
  readonly wrt: Parts;
  readonly outputs: Parts;
  /** True if the formula is one number. */
  readonly isNumber: boolean;
}

export function layoutOf({ inputs, wrt, outputs }: Program, sizes: Sizes): Layout {
  const variables = wrt.map(name => inputs.find(input => input.name === name)!);
  return {
    inputs: partsOf(inputs, sizes),
    wrt: partsOf(variables, sizes),
    outputs: partsOf(outputs, sizes),
    isNumber: outputs.length === 1 && outputs[0].shape.length === 0,
  };
}

function partsOf(values: readonly { readonly name: string; readonly shape: Shape }[], sizes: Sizes): Parts {
  let offset = 0;
  const items = values.map(({ name, shape }): Part => {
    const lengths = shape.map(size => evaluateSize(size, sizes));
    const length = lengths.reduce((product, size) => product * size, 1);
    offset += length;
    return { name, shape: lengths, isScalar: shape.length === 0, offset: offset - length, length };
  });
  return { items, length: offset };
}

/** What number `at` of the inputs in wrt is called: `x`, `w.3`, `A.1.2`. */
export function columnPath({ wrt }: Layout, at: number): string {
  return pathIn(wrt, at, true);
}

/** What number `at` of the outputs is called; the name of a single output is left out. */
export function rowPath({ outputs }: Layout, at: number): string {
  return pathIn(outputs, at, outputs.items.length > 1);
}

function pathIn({ items }: Parts, at: number, isNamed: boolean): string {
  const part = items.find(({ offset, length }) => at < offset + length)!;
  const index: number[] = [];
  let rest = at - part.offset;
  for (const length of part.shape.toReversed()) {
    index.unshift((rest % length) + 1);
    rest = Math.floor(rest / length);
  }
  return joinPath(isNamed ? part.name : '', index.join('.'));
}

/** `r` and `x` as `r.x`; either may be empty. */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('.');
}

/** The flat vector of the values that `point` has for `parts`. */
export function flatten({ items, length }: Parts, point: ReadonlyMap<string, Value>): Float64Array {
  const flat = new Float64Array(length);
  for (const { name, offset } of items) {
    const value = point.get(name)!;
    if (typeof value === 'number') flat[offset] = value;
    else flat.set(value, offset);
  }
  return flat;
}

/** The values of a flat vector by name. */
export function unflatten({ items }: Parts, flat: Float64Array): Map<string, Value> {
  return new Map(
    items.map(({ name, isScalar, offset, length }) => [
      name,
      isScalar ? flat[offset] : flat.slice(offset, offset + length),
    ]),
  );
}

/** The elements of a tensor as nested lists. */
export function nested(elements: ArrayLike<number>, shape: readonly number[], offset = 0): Nested {
  const [length, ...rest] = shape;
  if (length === undefined) return elements[offset];
  const stride = rest.reduce((product, size) => product * size, 1);
  return Array.from({ length }, (_, i) => nested(elements, rest, offset + i * stride));
}

export type Nested = number | readonly Nested[];
