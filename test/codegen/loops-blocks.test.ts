// Rows in blocks: Gauss-Newton products against J'J and J'r of Jacobians written by hand, for numbers of rows around the
// length of a block, and a workspace that does not grow with them.

import { describe, expect, test } from 'vitest';
import { compile } from '../../src/index.ts';
import { load } from '../load.ts';
import { itReads } from '../target.ts';

type Numbers = Float64Array | Float32Array;
type Data = Readonly<Record<string, number[]>>;

interface Model {
  readonly text: string;
  readonly data: (rows: number) => Data;
  /** The residual of row i, and the derivatives of that by all of theta. */
  readonly row: (data: Data, i: number) => readonly [residual: number, derivatives: number[]];
}

const K = 9;
const [D, H] = [8, 9];

const MODELS: Readonly<Record<string, Model>> = {
  sinusoids: {
    text: `# @input t: m
# @input y: m
# @input a: k
# @input f: k
# @input p: k
# @wrt a, f, p
sin(2 * pi * outer(t, f) + p) * a - y`,
    data: m => ({ t: ramp(m, 1), y: ramp(m, 2), a: ramp(K, 3), f: ramp(K, 4), p: ramp(K, 5) }),
    row: ({ t, y, a, f, p }, i) => {
      const turn = 2 * Math.PI * t![i]!;
      const angles = f!.map((each, j) => turn * each + p![j]!);
      const waves = angles.map((angle, j) => Math.cos(angle) * a![j]!);
      const residual = angles.reduce((sum, angle, j) => sum + Math.sin(angle) * a![j]!, -y![i]!);
      return [residual, [...angles.map(Math.sin), ...waves.map(wave => wave * turn), ...waves]];
    },
  },
  logistic: {
    text: '# @input X: m x k\n# @input y: m\n# @input w: k\n# @wrt w\n1 ./ (1 + exp(-(X * w))) - y',
    data: m => ({ X: ramp(m * K, 1), y: ramp(m, 2), w: ramp(K, 3) }),
    row: ({ X, y, w }, i) => {
      const x = X!.slice(i * K, (i + 1) * K);
      const p = 1 / (1 + Math.exp(-x.reduce((sum, each, j) => sum + each * w![j]!, 0)));
      return [p - y![i]!, x.map(each => each * p * (1 - p))];
    },
  },
  layer: {
    text: `# @input X: m x ${D}
# @input y: m
# @input W: ${D} x ${H}
# @input v: ${H}
# @wrt W, v
tanh(X * W) * v - y`,
    data: m => ({ X: ramp(m * D, 1), y: ramp(m, 2), W: ramp(D * H, 3), v: ramp(H, 4) }),
    row: ({ X, y, W, v }, i) => {
      const x = X!.slice(i * D, (i + 1) * D);
      const h = v!.map((_, j) => Math.tanh(x.reduce((sum, each, q) => sum + each * W![q * H + j]!, 0)));
      const residual = h.reduce((sum, each, j) => sum + each * v![j]!, -y![i]!);
      const byW = x.flatMap(each => h.map((out, j) => each * (1 - out * out) * v![j]!));
      return [residual, [...byW, ...h]];
    },
  },
};

/** Numbers between -1 and 1 without a pattern. */
function ramp(length: number, seed: number): number[] {
  return Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed) ** 3);
}

const emit = (text: string, precision: 'f64' | 'f32' = 'f64') =>
  compile(text, { name: 'residuals.expr', gaussNewton: true, precision, unroll: 0 });

function byHand({ data, row }: Model, rows: number) {
  const values = data(rows);
  const n = row(data(1), 0)[1].length;
  const [gradient, matrix] = [new Float64Array(n), new Float64Array(n * n)];
  for (let i = 0; i < rows; i++) {
    const [r, derivatives] = row(values, i);
    for (const [p, x] of derivatives.entries()) {
      gradient[p]! += x * r;
      for (const [q, y] of derivatives.entries()) matrix[p * n + q]! += x * y;
    }
  }
  return { gradient, matrix };
}

function expectNear(actual: Numbers, expected: Float64Array, tolerance: number): void {
  const scale = 1 + Math.max(...expected.map(Math.abs));
  for (const [i, x] of expected.entries()) expect(Math.abs(actual[i]! - x)).toBeLessThan(tolerance * scale);
}

describe.each(Object.entries(MODELS))('%s', (_, model) => {
  test.each([0, 1, 2, 127, 128, 129, 1000])('%i rows', async rows => {
    for (const precision of ['f64', 'f32'] as const) {
      const { bind } = await load(emit(model.text, precision).code);
      const data = model.data(rows);
      const sizes = { m: rows, k: K };
      const f = bind({ ...data, ...sizes });
      const Floats = precision === 'f64' ? Float64Array : Float32Array;
      const [g, A] = [new Floats(f.size).fill(NaN), new Floats(f.size ** 2).fill(NaN)];
      const theta = f.pack(data);
      const { gradient, matrix } = byHand(model, rows);
      // Twice: nothing of a call is left in the arrays for the next.
      for (let call = 0; call < 2; call++) {
        f.gaussNewton(theta, g, A);
        expectNear(g, gradient, precision === 'f64' ? 1e-13 : 1e-5);
        expectNear(A, matrix, precision === 'f64' ? 1e-13 : 1e-5);
      }
    }
  });

  test('no array has a row of several numbers for each sample', () => {
    for (const { length } of emit(model.text).stats.loops!.workspace) {
      expect(typeof length === 'number' || !/\*m\b|\bm\*/.test(length), `${length}`).toBe(true);
    }
  });
});

itReads('a call allocates nothing', () => {
  const { code } = emit(MODELS.sinusoids!.text);
  const method = code.slice(code.lastIndexOf('    gaussNewton('));
  expect(method.slice(0, method.indexOf('\n    },'))).toMatch(
    /for \(let first = 0; first < m; first \+= 128\)/,
  );
  expect(method.slice(0, method.indexOf('\n    },'))).not.toMatch(/new |=>|slice/);
});
