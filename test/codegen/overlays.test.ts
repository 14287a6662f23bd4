// Gradients of slices: what was picked in pieces is added in pieces, each over its own extent.

import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.ts';
import { emitted, load } from '../emitted.ts';
import { itReads } from '../target.ts';

const ramp = (n: number) => Float64Array.from({ length: n }, (_, i) => Math.sin(0.4 + 1.3 * i));

/** The gradient of x by central differences, Richardson's extrapolation of two. */
function differences(f: (x: Float64Array) => number, x: Float64Array): number[] {
  const slope = (i: number, h: number) => (f(x.with(i, x[i] + h)) - f(x.with(i, x[i] - h))) / (2 * h);
  return Array.from(x, (_, i) => (4 * slope(i, 1e-3) - slope(i, 2e-3)) / 3);
}

describe('gradients of slices', () => {
  itReads('need no condition in the loop that they share with the value', () => {
    const { code } = compile('# @input x: n\nsum(100 * (x[2:end] - x[1:end-1].^2).^2 + (1 - x[1:end-1]).^2)');
    expect(code).toContain('g[i + 1] += ');
    expect(code.match(/for \(let i = 0; i < n - 1; i\+\+\)/g)).toHaveLength(2); // value, valueAndGrad
  });

  test.each([
    ['neighbours', '# @input x: n\nsum((x[2:end] - x[1:end-1].^2).^2 + (1 - x[1:end-1]).^4)', 7],
    ['steps and the other way', '# @input x: 9\nsum(x[1:2:9].^3) - sum(x[9:-2:1] .* x[1:5])', 9],
    ['with all of it', '# @input x: n\nsum(exp(x)) - 3 * sum(x[2:end-1].^2 .* x[3:end])', 8],
    ['rows and columns', '# @input x: n\nA = reshape(x, [3, 4])\nsum(A[2:3, 1:3].^2 .* A[1:2, 2:4])', 12],
  ])('%s', async (_, text, n) => {
    const { value, grad } = await emitted(text, { unroll: 0 });
    const x = ramp(n);
    const wanted = differences(at => value({ x: at }), x);
    for (const [i, g] of grad({ x }).x.entries()) expect(g).toBeCloseTo(wanted[i], 8);
  });

  test('of a matrix, with f32 arrays', async () => {
    const text =
      '# @input A: n x m\nsum((A[2:end, :] - A[1:end-1, :]).^2) + sum((A[:, 2:end] - A[:, 1:end-1]).^2)';
    const { code } = compile(text, { precision: 'f32' });
    const { valueAndGrad } = await load(code);
    const A = Float32Array.from(ramp(20));
    const { grad } = valueAndGrad({ A, n: 4, m: 5 });
    const f = (a: Float64Array) => {
      let sum = 0;
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 5; j++) {
          if (i > 0) sum += (a[5 * i + j] - a[5 * i - 5 + j]) ** 2;
          if (j > 0) sum += (a[5 * i + j] - a[5 * i + j - 1]) ** 2;
        }
      }
      return sum;
    };
    const wanted = differences(f, Float64Array.from(A));
    for (const [i, g] of grad.A.entries()) expect(g).toBeCloseTo(wanted[i], 5);
  });
});
