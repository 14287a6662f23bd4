// The samples with arrays: values against plain mathjs, first derivatives against differences of the models in loops,
// second derivatives against differences of the first and against closed forms.

import { describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../src/compile.ts';
import { difference, generator } from '../differences.ts';
import { atSizes, CASES, type Case, forModule, inMathjs, randomInputs, wrtOf } from './cases.ts';
import { expectClose, load } from './load.ts';
import type { Inputs } from './models.ts';

type Values = Readonly<Record<string, number | Float64Array>>;

interface Module {
  valueAndGrad(inputs: Values): { value: number; grad: Values };
  valueAndJacobian(inputs: Values): { value: Float64Array; jacobian: Values };
  bind(data: Values): Bound;
}

interface Bound {
  readonly size: number;
  readonly inputs: Record<string, number | Float64Array>;
  pack(inputs: Values): Float64Array;
  unpack(theta: Float64Array): Values;
  value(theta: Float64Array): number;
  valueAndGrad(theta: Float64Array, g: Float64Array): number;
  hessian(theta: Float64Array, H: Float64Array): void;
  hvp(theta: Float64Array, v: Float64Array, out: Float64Array): void;
  jvp(theta: Float64Array, t: Float64Array, out: Float64Array): void;
  vjp(theta: Float64Array, c: Float64Array, out: Float64Array): void;
  valueAndJacobian(theta: Float64Array, y: Float64Array, J: Float64Array): void;
}

function loadCase(sample: Case, options: CompileOptions = {}): Promise<Module> {
  return load<Module>(sample.name, { ...(sample.shapes && { shapes: sample.shapes }), ...options });
}

const scalarCases = CASES.filter(({ name }) => name !== 'sinusoids');

describe.each(scalarCases)('$name', sample => {
  const module = loadCase(sample);

  test('value and gradient of both forms', async () => {
    const { valueAndGrad, bind } = await module;
    for (const { at, inputs } of atSizes(sample)) {
      const given = forModule(at, inputs);
      const { value, grad } = valueAndGrad(given);
      expectClose([value], inMathjs(at, inputs), 1e-12, 1);
      for (const name of wrtOf(at))
        expectClose(flat(grad[name]!), differences(at, inputs, name).flat(), 1e-9, 0.1);

      const f = bind(given);
      const theta = f.pack(given);
      const g = new Float64Array(f.size);
      expectClose([f.valueAndGrad(theta, g)], [value], 1e-12, 1);
      expectClose([f.value(theta)], [value], 1e-12, 1);
      const parts = f.unpack(g);
      for (const name of wrtOf(at)) expectClose(flat(parts[name]!), flat(grad[name]!), 1e-12, 0.1);
    }
  });

  test('data can be refilled after bind', async () => {
    const { valueAndGrad, bind } = await module;
    const [first, second] = [
      forModule(sample, randomInputs(sample, 3)),
      forModule(sample, randomInputs(sample, 4)),
    ];
    const f = bind(first);
    const theta = f.pack(second);
    const g = new Float64Array(f.size);
    f.valueAndGrad(theta, g);
    for (const [name, array] of Object.entries(f.inputs)) {
      const next = second[name]!;
      if (typeof next === 'number') f.inputs[name] = next;
      else (array as Float64Array).set(next);
    }
    const { value, grad } = valueAndGrad(second);
    expectClose([f.valueAndGrad(theta, g)], [value], 1e-12, 1);
    const parts = f.unpack(g);
    for (const name of wrtOf(sample)) expectClose(flat(parts[name]!), flat(grad[name]!), 1e-12, 0.1);
  });
});

describe.each(scalarCases)('$name', sample => {
  test('second derivatives', async () => {
    // the dense Hessian of eight unrolled steps would be a module of 2 MB
    const dense = sample.name !== 'lstm-unrolled';
    const { bind } = await loadCase(sample, { hessian: dense, hvp: true });
    const inputs = forModule(sample, randomInputs(sample, 5));
    const f = bind(inputs);
    const n = f.size;
    const theta = f.pack(inputs);
    const H = new Float64Array(n * n);
    if (dense) f.hessian(theta, H);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++) expectClose([H[i * n + j]!], [H[j * n + i]!], 1e-12, 1);

    // along two random directions
    const random = generator(6);
    for (let repeat = 0; repeat < 2; repeat++) {
      const direction = theta.map(() => 2 * random() - 1);
      const expected = slopes(f, theta, direction);
      const along = new Float64Array(n);
      f.hvp(theta, direction, along);
      expectClose(along, expected, 1e-8, 1);
      const product = theta.map((_, i) => direction.reduce((sum, v, j) => sum + H[i * n + j]! * v, 0));
      if (dense) expectClose(product, along, 1e-11, 1);
    }
  });

  test('the same at -O0', async () => {
    const inputs = forModule(sample, randomInputs(sample, 9));
    const [plain, optimised] = await Promise.all([loadCase(sample, { optimize: 0 }), loadCase(sample)]);
    const [a, b] = [plain.valueAndGrad(inputs), optimised.valueAndGrad(inputs)];
    expectClose([a.value], [b.value], 1e-12, 1);
    for (const name of wrtOf(sample)) expectClose(flat(a.grad[name]!), flat(b.grad[name]!), 1e-12, 0.1);
  });
});

test('sinusoids: residuals and Jacobian of both forms', async () => {
  const sample = CASES.find(({ name }) => name === 'sinusoids')!;
  const { m, k } = sample.sizes;
  const { valueAndJacobian, bind } = await loadCase(sample, { jvp: true, vjp: true });
  for (const seed of [1, 2]) {
    const inputs = randomInputs(sample, seed);
    const given = forModule(sample, inputs);
    const { value, jacobian } = valueAndJacobian(given);
    expectClose(value, inMathjs(sample, inputs), 1e-12, 1);
    const blocks = wrtOf(sample).map(name => differences(sample, inputs, name));
    wrtOf(sample).forEach((name, i) => {
      expectClose(flat(jacobian[name]!), blocks[i]!.flat(), 1e-9, 1);
    });

    const f = bind(given);
    const [y, J] = [new Float64Array(m!), new Float64Array(m! * f.size)];
    f.valueAndJacobian(f.pack(given), y, J);
    expect(f.size).toBe(3 * k!);
    expectClose(y, value, 1e-12, 1);
    expectClose(J, Array.from({ length: m! }, (_, i) => blocks.flatMap(block => block[i]!)).flat(), 1e-9, 1);
  }
});

test('mlp at its full size: value, and derivatives along random directions', async () => {
  const sample: Case = { ...CASES[0]!, sizes: { n: 3 }, shapes: {}, given: { lambda: () => 1e-4 } };
  const inputs = randomInputs(sample, 1);
  // one label a row, and weights of a size that keeps the activations small
  inputs.Y!.forEach((_, i) => {
    inputs.Y![i] = i % 11 === 0 ? 1 : 0;
  });
  for (const name of ['W1', 'W2']) inputs[name] = inputs[name]!.map(v => v / 16);
  const { valueAndGrad } = await load<Module>('mlp');
  const { value, grad } = valueAndGrad(forModule(sample, inputs));
  expectClose([value], sample.model(inputs), 1e-12);
  const random = generator(2);
  for (let repeat = 0; repeat < 2; repeat++) {
    const directions = new Map(wrtOf(sample).map(name => [name, inputs[name]!.map(() => 2 * random() - 1)]));
    const moved = (t: number) => ({
      ...inputs,
      ...Object.fromEntries(
        Array.from(directions, ([name, d]) => [name, inputs[name]!.map((v, i) => v + t * d[i]!)]),
      ),
    });
    const slope = Array.from(directions).reduce(
      (sum, [name, d]) => sum + flat(grad[name]!).reduce((s, v, i) => s + v * d[i]!, 0),
      0,
    );
    expectClose([slope], [difference(t => sample.model(moved(t))[0]!, 0, 1e-4)], 1e-8, 1);
  }
});

test('logistic-regression: the Hessian is X diag(s) X / n and the penalty', async () => {
  const sample = CASES.find(({ name }) => name === 'logistic-regression')!;
  const { n, d } = sample.sizes as { n: number; d: number };
  const inputs = randomInputs(sample, 7);
  const { X, w, b, lambda } = inputs as Required<typeof inputs>;
  const { bind } = await loadCase(sample, { hessian: true });
  const f = bind(forModule(sample, inputs));
  const H = new Float64Array((d + 1) ** 2);
  f.hessian(f.pack(forModule(sample, inputs)), H);
  const rows = Array.from({ length: n }, (_, i) => [...X!.subarray(i * d, (i + 1) * d), 1]);
  const slopes = rows.map(row => {
    const z = row.reduce((sum, x, j) => sum + x * (j < d ? w![j]! : b![0]!), 0);
    return 1 / (2 + 2 * Math.cosh(z)) / n;
  });
  const expected = Array.from({ length: d + 1 }, (_, a) =>
    Array.from(
      { length: d + 1 },
      (_, c) =>
        rows.reduce((sum, row, i) => sum + slopes[i]! * row[a]! * row[c]!, 0) +
        (a === c && a < d ? lambda![0]! : 0),
    ),
  );
  expectClose(H, expected.flat(), 1e-13, 0.1);
});

test('matrix-factorisation: the Hessian of U is block diagonal', async () => {
  const sample = CASES.find(({ name }) => name === 'matrix-factorisation')!;
  const { n, m, k } = sample.sizes as { n: number; m: number; k: number };
  const inputs = randomInputs(sample, 8);
  const { M, V } = inputs as Required<typeof inputs>;
  const { bind } = await loadCase(sample, { hessian: true, wrt: ['U'] });
  const f = bind(forModule(sample, inputs));
  const H = new Float64Array((n * k) ** 2);
  f.hessian(f.pack(forModule(sample, inputs)), H);
  const expected = Array.from(H, (_, index) => {
    const [p, q] = [Math.floor(index / (n * k)), index % (n * k)];
    const i = Math.floor(p / k);
    if (i !== Math.floor(q / k)) return 0;
    let sum = 0;
    for (let j = 0; j < m; j++) sum += 2 * M![i * m + j]! * V![j * k + (p % k)]! * V![j * k + (q % k)]!;
    return sum;
  });
  expectClose(H, expected, 1e-13, 0.1);
});

/** The derivatives of the gradient's elements along a direction. */
function slopes(f: Bound, theta: Float64Array, direction: Float64Array): Float64Array {
  const gradients = new Map<number, Float64Array>();
  const gradientAt = (t: number) => {
    const known = gradients.get(t);
    if (known !== undefined) return known;
    const g = new Float64Array(f.size);
    f.valueAndGrad(
      theta.map((v, i) => v + t * direction[i]!),
      g,
    );
    gradients.set(t, g);
    return g;
  };
  return theta.map((_, i) => difference(t => gradientAt(t)[i]!, 0, 0.01));
}

/** The derivatives of the model's outputs with respect to one input, outputs by elements. */
function differences(sample: Case, inputs: Inputs, name: string): number[][] {
  const outputs = sample.model(inputs).length;
  return Array.from({ length: outputs }, (_, output) =>
    Array.from(inputs[name]!, (at, i) =>
      difference(x => sample.model({ ...inputs, [name]: inputs[name]!.with(i, x) })[output]!, at, 0.01),
    ),
  );
}

function flat(value: number | Float64Array): Float64Array {
  return typeof value === 'number' ? Float64Array.of(value) : value;
}
