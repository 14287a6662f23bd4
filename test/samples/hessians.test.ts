// Every element of emitted dense Hessians of published problems, against closed forms and against differences of
// gradients in plain loops; with sizes left open (loops) and with sizes fixed (small ones are written out).

import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.ts';
import { load as loadText } from '../load.ts';
import { expectClose } from './load.ts';
import { type Arrays, inputsOf, PROBLEMS, type Problem } from './second-order.ts';

interface Module {
  value(inputs: Arrays): number;
  hessian(inputs: Arrays): Readonly<Record<string, Readonly<Record<string, Float64Array>>>>;
  bind(data: Arrays): Bound;
}

interface Bound {
  readonly size: number;
  pack(inputs: Arrays): Float64Array;
  hessian(theta: Float64Array, H: Float64Array): void;
}

describe.each(PROBLEMS)('$name', problem => {
  const open = emitted(problem);

  test.each([1, 2, 7])('n = %i', async n => {
    const fixed = emitted(problem, n);
    const inputs = inputsOf(problem, n, n);
    const expected = problem.hessian(inputs, n).flat();
    const scale = Math.max(...expected.map(Math.abs));
    // of one class the entropy is zero, whatever the weights
    if (!(problem.text.includes('relu') && n === 1)) expect(scale).toBeGreaterThan(1e-3);
    expectClose(differences(problem, inputs, n), expected, 1e-7, scale);

    for (const module of await Promise.all([open, fixed])) {
      const given = { ...problem.sizes(n), ...inputs } as unknown as Arrays;
      expectClose([module.value(given)], [problem.valueAndGradient(inputs, n).value], 1e-12, 1);
      const f = module.bind(given);
      expect(f.size ** 2).toBe(expected.length);
      const H = new Float64Array(f.size ** 2).fill(Number.NaN);
      f.hessian(f.pack(given), H);
      expectClose(H, expected, 1e-11, scale);
      expectClose(flat(module.hessian(given), problem.wrt, f.size), expected, 1e-11, scale);
    }
  });
});

/** The module of a problem, of any size or of size `n`. */
async function emitted({ text, shapes, sizes }: Problem, n?: number): Promise<Module> {
  const fixed = Object.entries(shapes).map(([name, shape]) => [
    name,
    shape.map(size => (n === undefined ? size : sizes(n)[size])).join(' x '),
  ]);
  const { code } = compile(text, { hessian: true, shapes: Object.fromEntries(fixed) });
  return (await loadText(code)) as unknown as Module;
}

/** The Hessian by central differences of the gradient, extrapolated once: the error is of order 4. */
function differences(problem: Problem, inputs: Arrays, n: number): number[] {
  const columns = problem.wrt.flatMap(name =>
    Array.from(inputs[name]!, (x, i) => {
      const gradient = (step: number) =>
        problem.valueAndGradient({ ...inputs, [name]: inputs[name]!.with(i, x + step) }, n).gradient;
      const slope = (h: number) => {
        const [above, below] = [gradient(h), gradient(-h)];
        return above.map((g, k) => (g - below[k]!) / (2 * h));
      };
      const [near, far] = [slope(5e-4), slope(1e-3)];
      return near.map((s, k) => (4 * s - far[k]!) / 3);
    }),
  );
  return columns.flatMap((_, row) => columns.map(column => column[row]!));
}

/** The blocks of two inputs each as one matrix. */
function flat(blocks: ReturnType<Module['hessian']>, wrt: readonly string[], size: number): number[] {
  const lengths = wrt.map(name => Math.sqrt(blocks[name]![name]!.length));
  const matrix = wrt.flatMap((row, r) =>
    Array.from({ length: lengths[r]! }, (_, i) =>
      wrt.flatMap((column, c) =>
        Array.from(blocks[row]![column]!.subarray(i * lengths[c]!, (i + 1) * lengths[c]!)),
      ),
    ),
  );
  expect(matrix.length).toBe(size);
  return matrix.flat();
}
