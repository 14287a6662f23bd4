// The hand-written gradients of the tensor benchmarks against central differences, their values against the formulas in
// plain mathjs, and their data against the declarations of the formulas; the hand-written Hessians and the sparse Jacobian
// against differences of first order.

import { all, create } from 'mathjs';
import { describe, expect, test } from 'vitest';
import { type Floats, type FloatsOf, generate, pack, type Sizes } from '../../bench/tensors/data.mjs';
import { formulaText, lstm } from '../../bench/tensors/formulas.mjs';
import { allocated, ratio, takeTurns, timed } from '../../bench/tensors/measure.mjs';
import { hessians, workloads } from '../../bench/tensors/workloads.mjs';
import { bundleProblem } from '../../samples/bundle-problem.mjs';
import { compile } from '../../src/index.ts';
import { scope } from '../../src/mathjs.ts';
import { load as loadText } from '../load.ts';
import { expectClose, sampleText } from '../samples/load.ts';

const math = create(all!);

type ValueAndGrad = (theta: Floats, g: Floats) => number;

const small: [kind: string, hand: string, sizes: Sizes][] = [
  ['logistic', 'logistic', { n: 7, d: 3 }],
  ['mlp', 'mlp', { n: 5, layers: [6, 4, 3] }],
  ['mlp', 'mlp', { n: 5, layers: [6, 5, 4, 3] }],
  ['factorization', 'factorization', { n: 5, m: 4, k: 2 }],
  ['layers', 'layers', { d: 4 }],
  ['gmm', 'gmm', { n: 9, d: 3, k: 4 }],
  ['lstm', 'lstm', { d: 3, steps: 4 }],
  ['product', 'product', { n: 3, m: 4, k: 5 }],
  ['product', 'product-naive', { n: 3, m: 4, k: 5 }],
];

describe.each(small)('%s by %s.mjs', (kind, hand, sizes) => {
  test('gradient agrees with central differences', async () => {
    const { f, theta, g } = await load(kind, hand, sizes, Float64Array);
    f(theta, g);
    const scratch = g.slice();
    const at = (i: number, x: number) => f(theta.with(i, x), scratch);
    const scale = Math.max(...g.map(Math.abs));
    for (let i = 0; i < theta.length; i++) {
      const x = theta[i]!;
      const difference = (order: number) => {
        const h = order * 2e-4;
        return (at(i, x + h) - at(i, x - h)) / (2 * h);
      };
      // Richardson's extrapolation: the error is of order 4
      const expected = (4 * difference(1) - difference(2)) / 3;
      expect(Math.abs(g[i]! - expected), `derivative ${i}: ${g[i]}, not ${expected}`).toBeLessThan(
        1e-8 * scale,
      );
    }
  });

  test('gives the same again, and nearly the same in single precision', async () => {
    const double = await load(kind, hand, sizes, Float64Array);
    const single = await load(kind, hand, sizes, Float32Array);
    const value = double.f(double.theta, double.g);
    const again = double.g.slice().fill(NaN);
    expect(double.f(double.theta, again)).toBe(value);
    expect(again).toEqual(double.g);
    expect(Math.abs(single.f(single.theta, single.g) / value - 1)).toBeLessThan(1e-4);
    const scale = Math.max(...double.g.map(Math.abs));
    double.g.forEach((x, i) => {
      expect(Math.abs(x - single.g[i]!)).toBeLessThan(1e-4 * scale);
    });
  });
});

async function load(kind: string, hand: string, sizes: Sizes, Floats: FloatsOf) {
  const { make } = await import(new URL(`../../bench/tensors/hand/${hand}.mjs`, import.meta.url).href);
  const { inputs, wrt } = generate(kind, sizes, Floats);
  const theta = pack(inputs, wrt, Floats);
  return { f: make(inputs, sizes, Floats) as ValueAndGrad, theta, g: new Floats(theta.length) };
}

const smallHessians: [kind: string, sizes: Sizes][] = [
  ['logistic', { n: 7, d: 3 }],
  ['logistic', { n: 130, d: 4 }],
  ['factorization', { n: 4, m: 3, k: 5 }],
  ['layers', { d: 3 }],
  ['layers', { d: 5 }],
];

test.each(smallHessians)('Hessian of %s, %o, agrees with central differences', async (kind, sizes) => {
  const { f, theta } = await load(kind, kind, sizes, Float64Array);
  const { make } = await import(
    new URL(`../../bench/tensors/hand/${kind}-hessian.mjs`, import.meta.url).href
  );
  const H = new Float64Array(theta.length ** 2).fill(NaN);
  make(generate(kind, sizes).inputs, sizes)(theta, H);
  const gradient = (i: number, step: number) => {
    const g = theta.slice();
    f(theta.with(i, theta[i]! + step), g);
    return g;
  };
  const scale = Math.max(...H.map(Math.abs));
  for (let i = 0; i < theta.length; i++) {
    const slope = (h: number) => {
      const below = gradient(i, -h);
      return gradient(i, h).map((g, k) => (g - below[k]!) / (2 * h));
    };
    const far = slope(4e-4);
    const expected = slope(2e-4).map((s, k) => (4 * s - far[k]!) / 3);
    expectClose(H.subarray(i * theta.length, (i + 1) * theta.length), expected, 1e-8, scale);
  }
});

test('the sparse Jacobian of a bundle adjustment agrees with central differences', async () => {
  const sizes = { n: 4, p: 6, m: 17 };
  const problem = bundleProblem({ cameras: sizes.n, points: sizes.p, observations: sizes.m });
  const { make } = await import('../../bench/tensors/hand/bundle-adjustment.mjs');
  const hand = make(problem, sizes);
  const { rowIndex, colPointer } = hand.pattern();
  const { bind } = await loadText(compile(sampleText('bundle-adjustment-problem')).code);
  const f = bind({ ...problem, ...sizes });
  const theta: Float64Array = f.pack({ ...problem.start, weights: problem.weights });
  expect(colPointer.length).toBe(theta.length + 1);

  const y = new Float64Array(2 * sizes.m);
  const values = new Float64Array(rowIndex.length).fill(NaN);
  hand.valueAndJacobian(theta, y, values);
  const residuals = (i: number, step: number): Float64Array => {
    const r = y.slice();
    f.value(theta.with(i, theta[i]! + step), r);
    return r;
  };
  expectClose(y, residuals(0, 0), 1e-12, 100);
  for (let j = 0; j < theta.length; j++) {
    const column = new Float64Array(y.length);
    for (let k = colPointer[j]!; k < colPointer[j + 1]!; k++) column[rowIndex[k]!] = values[k]!;
    const slope = (h: number) => {
      const below = residuals(j, -h);
      return residuals(j, h).map((r, i) => (r - below[i]!) / (2 * h));
    };
    const far = slope(2e-4);
    const expected = slope(1e-4).map((s, i) => (4 * s - far[i]!) / 3);
    expectClose(column, expected, 1e-8, 100);
  }
});

const measured = new Map([...workloads, ...hessians].map(work => [work.formula, work]));

describe.each([...measured.values()])('$title', ({ kind, formula, sizes }) => {
  const text = formulaText(formula);
  const few = sizes.n !== undefined && kind !== 'product' ? { ...sizes, n: 2 } : sizes;
  const { inputs, wrt } = generate(kind, few);
  const declared = Array.from(
    text.matchAll(/^# @input (\w+): ([\w ]+?)(?: int)?(?: = \S+)?(?: --.*)?$/gm),
    ([, name, shape]) => [name!, shape === 'scalar' ? [] : shape!.split(' x ').map(size)] as const,
  );

  function size(text: string): number {
    return text === 'n' ? few.n! : text === 'm' ? few.m! : Number(text);
  }

  test('has the inputs that its formula declares', () => {
    expect(declared.map(([name]) => name).sort()).toEqual(Object.keys(inputs).sort());
    for (const [name, shape] of declared) {
      const input = inputs[name]!;
      if (typeof input === 'number') expect(shape).toEqual([]);
      else expect(input.length, name).toBe(shape.reduce((product, length) => product * length));
    }
    expect(/^# @wrt (.*)$/m.exec(text)![1]!.split(', ')).toEqual(wrt);
  });

  test('is the formula, in plain mathjs', async () => {
    const { f, theta, g } = await load(kind, kind, few, Float64Array);
    const arrays = declared.map(([name, shape]) => [name, nested(inputs[name]!, shape)]);
    const given = scope(Object.fromEntries(arrays), few.n === undefined ? {} : { n: few.n });
    const { entries } = math.evaluate(text, given) as { entries: number[] };
    expect(entries.at(-1)! / f(theta, g)).toBeCloseTo(1, 12);
  });
});

function nested(flat: ArrayLike<number> | number, shape: readonly number[]): unknown {
  if (typeof flat === 'number') return flat;
  return shape.reduceRight(
    (rows: unknown[], length) =>
      Array.from({ length: rows.length / length }, (_, i) => rows.slice(i * length, (i + 1) * length)),
    Array.from(flat),
  )[0];
}

test('allocated bytes are those that arrays own', () => {
  const { bytes, result } = allocated(() => {
    const a = new Float64Array(10);
    const b = a.slice(0, 5);
    return [a, b, a.subarray(2), Float32Array.from([1, 2, 3]), new Float64Array(new ArrayBuffer(16))];
  });
  expect(bytes).toBe(80 + 40 + 12 + 16);
  expect(result[1]).toBeInstanceOf(Float64Array);
  expect(new Float64Array(1).constructor).toBe(Float64Array);
});

test('allocated bytes are the pages of a memory', () => {
  const { bytes } = allocated(() => {
    const { WebAssembly } = globalThis as unknown as {
      WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } };
    };
    return new Float64Array(new WebAssembly.Memory({ initial: 2 }).buffer);
  });
  expect(bytes).toBe(2 * 65536);
});

test('what does twice the work takes longer', async () => {
  const work = (times: number) => () => {
    let sum = 0;
    for (let i = 0; i < times * 20_000; i++) sum += Math.sqrt(i);
    return sum;
  };
  const [one, four] = await takeTurns([work(1), work(4)].map(timed), { quick: true });
  expect(ratio(four!, one!)).toBeGreaterThan(1.5);
});

test('the generated LSTM has the text of the file', () => {
  expect(lstm(14, 1024)).toBe(formulaText('lstm-14x1024'));
});
