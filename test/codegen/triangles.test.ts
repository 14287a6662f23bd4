// Hessians of which the loops compute an upper triangle, and that are handed out whole.

import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.ts';
import { builder } from '../../src/ir/build.ts';
import { emitted } from '../emitted.ts';
import { load } from '../load.ts';
import { isWasm } from '../target.ts';
import { emitted as emittedLoops, programOf } from './tensors.ts';

/** The Hessian of a formula at `theta` from its gradients by central differences, row by row. */
async function checkHessian(text: string, data: object, theta: Float64Array): Promise<void> {
  for (const precision of ['f64', 'f32'] as const) {
    const f = (await emitted(text, { hessian: true, unroll: 0 })).bind(data);
    const narrow = (await emitted(text, { hessian: true, unroll: 0, precision })).bind(data);
    const n = theta.length;
    const H = new (precision === 'f64' ? Float64Array : Float32Array)(n * n).fill(Number.NaN);
    narrow.hessian(precision === 'f64' ? theta : Float32Array.from(theta), H);
    const [above, below] = [new Float64Array(n), new Float64Array(n)];
    for (let i = 0; i < n; i++) {
      const h = 1e-5;
      f.valueAndGrad(theta.with(i, theta[i] + h), above);
      f.valueAndGrad(theta.with(i, theta[i] - h), below);
      for (let j = 0; j < n; j++) {
        const slope = (above[j] - below[j]) / (2 * h);
        const tolerance = (precision === 'f64' ? 1e-7 : 1e-4) * Math.max(1, Math.abs(slope));
        if (!(Math.abs(H[i * n + j] - slope) <= tolerance))
          expect.fail(`${i}, ${j}: ${H[i * n + j]} is not ${slope}`);
      }
    }
  }
}

const ramp = (n: number, from = 0.3, step = 0.37) =>
  Float64Array.from({ length: n }, (_, i) => 0.7 * Math.sin(from + step * i));

/** Five layers with one matrix: each element of the Hessian is a long sum. */
const layers = (n: number | string) =>
  `# @input W: ${n} x ${n}\n# @input h: ${n}\n# @wrt W\n${'h = tanh(W * h)\n'.repeat(5)}sum(h)`;

describe('Hessians', () => {
  test.each([1, 2, 3, 5, 8])('of layers of %i, fixed and named', async n => {
    for (const size of [n, 'n']) await checkHessian(layers(size), { h: ramp(n, 0.9) }, ramp(n * n));
  });
  test('of layers with a bias, a matrix of which they are a part', async () => {
    const text = `# @input c: n\n# @input W: n x n\n# @input h: n\n# @wrt c, W\n${'h = tanh(W * h + c)\n'.repeat(5)}sum(h)`;
    for (const n of [1, 2, 5]) await checkHessian(text, { h: ramp(n, 0.9) }, ramp(n * n + n));
  });
  test.each([0, 1, 2, 3, 9])('of a vector of %i', async n => {
    const text = (size: number | string) =>
      `# @input x: ${size}\n# @input A: ${size} x ${size}\n# @wrt x\nexp(dot(x, A * x) / 9) + sum(x .^ 3)`;
    await checkHessian(text('n'), { A: ramp(n * n), n }, ramp(n));
    if (n > 0) await checkHessian(text(n), { A: ramp(n * n) }, ramp(n));
  });
  test('of several inputs whose blocks are one node', async () => {
    const inputs = '# @input x: n\n# @input y: n\n# @input z: scalar\n# @wrt x, y, z\n';
    for (const formula of ['z * exp(sum(x + y)) + sum(x .* y)', 'z * exp(sum((x + y) .^ 2))']) {
      for (const n of [1, 3]) await checkHessian(inputs + formula, { n }, ramp(2 * n + 1));
    }
  });
  test('of matrices with an axis of length 1', async () => {
    const text = '# @input x: 1 x n\n# @input y: n x 1\n# @wrt x, y\nexp(sum(x) * 0.1) + sum(tanh(y * x))';
    for (const n of [1, 4]) await checkHessian(text, { n }, ramp(2 * n));
  });
});

describe.skipIf(isWasm)('what lies below the diagonal', () => {
  const hessianOf = (text: string) => {
    const { code } = compile(text, { hessian: true });
    return code.slice(code.indexOf('    hessian(theta'), code.indexOf('    valueGradAndHessian(theta'));
  };
  test('is not computed', () => {
    expect(hessianOf(layers('n'))).toMatch(/for \(let k = i; k < n; k\+\+\)/);
  });
  test('is, if an element is cheaper than its copy', () => {
    expect(hessianOf('# @input x: n\n# @wrt x\nexp(sum(x .^ 2))')).not.toContain('j = i');
  });
});

test('what another block reads is computed whole', async () => {
  const program = programOf({ x: 'n', y: 'n' }, (b, { x }) => ({ f: b.reduceSum(x) }), ['x', 'y']);
  const b = builder(program.graph);
  const [x] = program.inputs.map(({ node }) => node);
  const own = b.exp(b.mul(b.expand(x, [1]), x));
  const values = new Map([
    ['x.x', own],
    ['x.y', b.mul(own, x)],
    ['y.y', b.contract('i,j->ij', x, x)],
  ]);
  const derivatives = [{ kind: 'hessian', form: 'dense', inputs: [], values }] as const;
  const module = await load(emittedLoops({ ...program, derivatives }));
  const n = 3;
  const H = new Float64Array(4 * n * n).fill(Number.NaN);
  const at = ramp(n);
  module.bind({ n }).hessian(new Float64Array([...at, ...at]), H);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const expected = Math.exp(at[i] * at[j]);
      expect(H[2 * n * i + j]).toBeCloseTo(expected, 12);
      expect(H[2 * n * i + n + j]).toBeCloseTo(expected * at[j], 12);
      expect(H[2 * n * (n + i) + n + j]).toBeCloseTo(at[i] * at[j], 12);
      expect(H[2 * n * (n + j) + i]).toBe(H[2 * n * i + n + j]);
    }
  }
});
