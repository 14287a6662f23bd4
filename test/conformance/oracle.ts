// Plain mathjs, with the scope that symgrad offers for it, as an oracle for files with arrays.

import { all, create, type Matrix } from 'mathjs';
import { scope } from '../../src/mathjs.ts';
import type { ConformanceCase, Nested } from './cases.ts';

/** A shape, none for a number, and the elements in row-major order. */
export interface Flat {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

// Real results only, and comparisons nearly as exact as ours: with a smaller tolerance `%` of mathjs throws.
const math = create(all, { predictable: true, relTol: 1e-15, absTol: 0 });

/** What mathjs says of a file. If its last statement is a function, that is called with the inputs it names. */
export function evaluateInMathjs(example: Pick<ConformanceCase, 'text' | 'inputs' | 'sizes'>): Flat {
  return lastValue(example, example.inputs);
}

/** The same with matrices of mathjs as inputs, for which mathjs has code of its own. */
export function evaluateMatricesInMathjs(example: Pick<ConformanceCase, 'text' | 'inputs' | 'sizes'>): Flat {
  const entries = Object.entries(example.inputs).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : math.matrix(value as number[]),
  ]);
  return lastValue(example, Object.fromEntries(entries));
}

function lastValue(
  { text, sizes }: Pick<ConformanceCase, 'text' | 'sizes'>,
  inputs: Readonly<Record<string, unknown>>,
): Flat {
  const variables = scope(inputs, sizes);
  const result: unknown = math.evaluate(text, variables);
  const last = math.isResultSet(result) ? (result.entries.at(-1) as unknown) : result;
  return flat(
    typeof last === 'function' ? last(...parametersOf(last).map(name => variables.get(name))) : last,
  );
}

/** A function of mathjs carries its head as text, `f(x, y)`. */
function parametersOf(f: object): string[] {
  return (f as { syntax: string }).syntax.replace(/^.*\(|\)$/g, '').split(', ');
}

function flat(result: unknown): Flat {
  const value = math.isMatrix(result) ? (result as Matrix).toArray() : result;
  const shape = math.isMatrix(result) ? result.size() : math.size(value as number[]);
  return { shape: [...(shape as number[])], data: elements(value as Nested) };
}

/** The elements of nested arrays, row by row; masks as numbers. */
export function elements(value: Nested): number[] {
  if (Array.isArray(value)) return value.flatMap(elements);
  if (typeof value !== 'number' && typeof value !== 'boolean')
    throw new TypeError(`not a real number: ${value}`);
  return [Number(value)];
}
