// Compiles a sample through the library and imports the emitted module.

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { CompileOptions } from '../../src/compile.ts';
import { compile } from '../../src/index.ts';

export type Scalars = Readonly<Record<string, number>>;

/** One scalar output, scalar inputs. */
export interface ScalarModule {
  value(inputs: Scalars): number;
  grad(inputs: Scalars): Scalars;
  valueAndGrad(inputs: Scalars): { value: number; grad: Scalars };
  hessian(inputs: Scalars): Readonly<Record<string, Scalars>>;
  bind(data?: Scalars): BoundScalar;
}

export interface BoundScalar {
  readonly size: number;
  readonly inputs: Record<string, number>;
  pack(inputs: Scalars): Float64Array;
  unpack(theta: Float64Array): Scalars;
  value(theta: Float64Array): number;
  valueAndGrad(theta: Float64Array, g: Float64Array): number;
  hessian(theta: Float64Array, H: Float64Array): void;
}

/** One tensor output, scalar inputs: a Jacobian block holds one column. */
export interface TensorModule {
  value(inputs: Scalars): Float64Array;
  jacobian(inputs: Scalars): Readonly<Record<string, Float64Array>>;
  valueAndJacobian(inputs: Scalars): {
    value: Float64Array;
    jacobian: Readonly<Record<string, Float64Array>>;
  };
  bind(data?: Scalars): BoundTensor;
}

export interface BoundTensor {
  readonly size: number;
  pack(inputs: Scalars): Float64Array;
  value(theta: Float64Array, y: Float64Array): void;
  jacobian(theta: Float64Array, J: Float64Array): void;
  valueAndJacobian(theta: Float64Array, y: Float64Array, J: Float64Array): void;
}

export function sampleText(name: string): string {
  return readFileSync(new URL(`../../samples/${name}.expr`, import.meta.url), 'utf8');
}

export async function load<M = ScalarModule>(name: string, options: CompileOptions = {}): Promise<M> {
  const { code } = compile(sampleText(name), { name: `${name}.expr`, ...options });
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as M;
}

/** Equal within a relative tolerance; near zero within `scale` times it. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-12,
  scale = 0,
) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const error = Math.abs(a - e) / Math.max(Math.abs(e), scale, Number.MIN_VALUE);
    if (!(a === e || error <= tolerance))
      expect.fail(`entry ${i}: got ${a}, expected ${e} (relative error ${error.toExponential(2)})`);
  }
}

/** The values of an object in the order of `names`. */
export function pick(object: Scalars, names: readonly string[]): number[] {
  return names.map(name => object[name]!);
}

/** A Hessian of scalar blocks as one row-major array. */
export function flatHessian(blocks: Readonly<Record<string, Scalars>>, names: readonly string[]): number[] {
  return names.flatMap(row => pick(blocks[row]!, names));
}

/** The columns of a Jacobian of one tensor output as one row-major array. */
export function flatJacobian(
  blocks: Readonly<Record<string, ArrayLike<number>>>,
  names: readonly string[],
  rows: number,
): number[] {
  return Array.from({ length: rows }, (_, i) => names.map(name => blocks[name]![i]!)).flat();
}
