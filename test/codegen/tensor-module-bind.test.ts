// `bind` of a tensor module: data is copied, sizes are fixed, arrays are filled, and calls allocate nothing.

import { describe, expect, test } from 'vitest';
import { type EmittedExports, emitted } from '../emitted.ts';

const of = (...numbers: number[]) => Float64Array.of(...numbers);

const REGRESSION = `# @input X: n x 2
# @input y: n
# @input w: 2
# @input b: scalar
# @input lambda: scalar = 0.5
# @wrt w, b
r = X * w + b - y
sum(r .^ 2) + lambda * dot(w, w)`;

const DATA = { X: of(1, 2, 3, 4, 5, 6), y: of(1, 0, 2) };

/** What the regression is at w, b, worked out by hand. */
function reference(
  X: ArrayLike<number>,
  y: ArrayLike<number>,
  w: readonly number[],
  b: number,
  lambda = 0.5,
) {
  let value = lambda * (w[0] ** 2 + w[1] ** 2);
  const g = [2 * lambda * w[0], 2 * lambda * w[1], 0];
  for (let i = 0; i < y.length; i++) {
    const r = X[2 * i] * w[0] + X[2 * i + 1] * w[1] + b - y[i];
    value += r * r;
    g[0] += 2 * r * X[2 * i];
    g[1] += 2 * r * X[2 * i + 1];
    g[2] += 2 * r;
  }
  return { value, g: Float64Array.from(g) };
}

const model = emitted(REGRESSION, { hessian: true, hvp: true, jvp: true, vjp: true });

test('functions over a flat vector', async () => {
  const f = (await model).bind(DATA);
  expect(f.size).toBe(3);
  expect(f.sizes).toEqual({ n: 3 });
  const theta = f.pack({ w: [1, -1], b: 0.25 });
  expect(theta).toEqual(of(1, -1, 0.25));
  expect(f.unpack(theta)).toEqual({ w: of(1, -1), b: 0.25 });
  const expected = reference(DATA.X, DATA.y, [1, -1], 0.25);
  const g = new Float64Array(3);
  expect(f.value(theta)).toBeCloseTo(expected.value, 14);
  expect(f.valueAndGrad(theta, g)).toBeCloseTo(expected.value, 14);
  expect(g).toEqual(expected.g);

  const H = new Float64Array(9).fill(7);
  f.hessian(theta, H);
  expect(H).toEqual(of(71, 88, 18, 88, 113, 24, 18, 24, 6));
  const [H2, g2, out] = [new Float64Array(9), new Float64Array(3), new Float64Array(3)];
  expect(f.valueGradAndHessian(theta, g2, H2)).toBe(f.value(theta));
  expect([H2, g2]).toEqual([H, g]);
  f.hvp(theta, of(0, 1, 0), out);
  expect(out).toEqual(H.subarray(3, 6));
  const tangent = new Float64Array(1);
  f.jvp(theta, of(1, 10, 100), tangent);
  expect(tangent[0]).toBeCloseTo(g[0] + 10 * g[1] + 100 * g[2], 12);
  f.vjp(theta, of(2), out);
  expect(out).toEqual(g.map(x => 2 * x));
});

test('data is copied, and refilled between calls', async () => {
  const data = { X: DATA.X.slice(), y: [...DATA.y] };
  const f = (await model).bind(data);
  const theta = of(1, -1, 0.25);
  const before = f.value(theta);
  data.X.fill(0);
  data.y.fill(0);
  expect(f.value(theta)).toBe(before);
  expect(f.inputs).toEqual({ ...DATA, lambda: 0.5 });

  const [X, y] = [of(2, 0, 1, 1, 0, 3), of(5, 5, 5)];
  f.inputs.X.set(X);
  f.inputs.y.set(y);
  f.inputs.lambda = 3;
  const g = new Float64Array(3);
  const expected = reference(X, y, [1, -1], 0.25, 3);
  expect(f.valueAndGrad(theta, g)).toBeCloseTo(expected.value, 13);
  expect(g).toEqual(expected.g);
});

test('two of them do not share their data or their workspace', async () => {
  const { bind } = await emitted(
    `# @input A: n x n\n# @input B: n x n\n# @wrt A\nC = exp(A * B)\nsum(C * C)`,
  );
  const n = 9;
  const matrix = (seed: number) => Float64Array.from({ length: n * n }, (_, i) => Math.sin(seed + i) / 9);
  const [A, B, D] = [1, 2, 3].map(matrix);
  const [f, h] = [bind({ B, n }), bind({ B: D, n })];
  const [alone, g] = [new Float64Array(n * n), new Float64Array(n * n)];
  const value = bind({ B, n }).valueAndGrad(A, alone);
  h.value(D);
  expect(f.valueAndGrad(A, g)).toBe(value);
  expect(g).toEqual(alone);
  expect(h.value(A)).not.toBe(value);
});

test('sizes by name, by arrays of wrt, or not at all', async () => {
  const { bind } = await emitted('# @input W: n x k\n# @input c: k\n# @wrt W\nsum((W .* c) .^ 2)');
  expect(bind({ c: [1, 2], n: 3 }).size).toBe(6);
  expect(bind({ c: [1, 2], W: new Float64Array(8) }).size).toBe(8);
  expect(bind({ c: [1, 2], W: [[1, 2]] }).sizes).toEqual({ n: 1, k: 2 });
  expect(() => bind({ c: [1, 2] })).toThrow(new TypeError('missing input W, or the size n'));
  expect(() => bind({ c: [1, 2], n: 3, W: [1, 2] })).toThrow(
    new RangeError('W: expected n*k = 6 elements, got 2 (n = 3 is given, c says k = 2)'),
  );
  const free = await emitted('# @input x: n\nsum(x .^ 2)');
  const f = free.bind({ n: 3 });
  expect(f.value([1, 2, 3])).toBe(14);
  expect(f.inputs).toEqual({});
});

describe.each([
  ['loops', 'n', { n: 2 }],
  ['straight-line code', '2', {}],
])('arrays of the caller: %s', (_, n, sizes) => {
  test('are checked', async () => {
    const f = (await emitted(`# @input x: ${n}\n# @input s: scalar\ns * sum(x .^ 2)`, { hvp: true })).bind(
      sizes,
    );
    const theta = of(1, 2, 3);
    expect(() => f.value(of(1, 2))).toThrow(new RangeError('theta: expected 3 elements, got 2'));
    expect(() => f.valueAndGrad(theta, of(1, 2))).toThrow(new RangeError('g: expected 3 elements, got 2'));
    expect(() => f.valueAndGrad([1, 2, 3, 4], theta)).toThrow(RangeError);
    expect(() => f.hvp(theta, of(1), of(1, 2, 3))).toThrow(new RangeError('v: expected 3 elements, got 1'));
    expect(() => f.hvp(theta, of(1, 2, 3), of())).toThrow(new RangeError('out: expected 3 elements, got 0'));
    expect(() => f.unpack(of(1))).toThrow(new RangeError('theta: expected 3 elements, got 1'));
    expect(() => f.pack({ x: [1, 2, 3], s: 1 })).toThrow(RangeError);
    expect(() => f.pack({ x: [1, 2] })).toThrow(new TypeError('missing input s'));
  });

  test('longer ones keep their rest', async () => {
    const f = (await emitted(`# @input x: ${n}\n# @input z: ${n}\nsum(x .^ 2)`, { hessian: true })).bind(
      sizes,
    );
    const g = new Float64Array(6).fill(9);
    f.valueAndGrad([1, 2, 3, 4], g);
    expect(g).toEqual(of(2, 4, 0, 0, 9, 9));
    const H = new Float64Array(18).fill(9);
    f.hessian([1, 2, 3, 4], H);
    expect([...H]).toEqual([2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9]);
  });

  test('values and Jacobians of tensors', async () => {
    const text = `# @output p, q\n# @input A: ${n} x ${n}\n# @input s: scalar\np = A * [s; 2]\nq = sum(A)`;
    const f = (await emitted(text.replace('[s; 2]', `(s * ones(${n}))`), { jvp: true, vjp: true })).bind(
      sizes,
    );
    const theta = of(1, 2, 3, 4, 10);
    const [y, J] = [new Float64Array(3), new Float64Array(15)];
    f.valueAndJacobian(theta, y, J);
    expect(y).toEqual(of(30, 70, 10));
    expect(J).toEqual(of(10, 10, 0, 0, 3, 0, 0, 10, 10, 7, 1, 1, 1, 1, 0));
    const [y2, J2, out, grad] = [3, 15, 3, 5].map(length => new Float64Array(length));
    f.value(theta, y2);
    f.jacobian(theta, J2);
    expect([y2, J2]).toEqual([y, J]);
    f.jvp(theta, of(1, 0, 0, 0, 1), out);
    expect(out).toEqual(of(13, 7, 1));
    f.vjp(theta, of(1, 0, 2), grad);
    expect(grad).toEqual(of(12, 12, 2, 2, 3));
  });
});

describe('calls allocate nothing', () => {
  const FORMULAS: readonly (readonly [string, string, object])[] = [
    ['a regression', REGRESSION, DATA],
    [
      'matrix products',
      '# @input X: n x 12\n# @input V: 12 x 10\n# @wrt V\n# @input c: 10\nsum(softmax(tanh(X * V + c)) .^ 2)',
      { X: new Float64Array(12 * 16).fill(0.1), c: new Float64Array(10) },
    ],
    ['small tensors', '# @input x: 3\n# @input a: 3\n# @wrt x\nexp(-dot(x - a, x - a))', { a: [1, 2, 3] }],
    [
      'gathers',
      '# @input v: n\n# @input k: m int\n# @wrt v\nsum(v[k] .* cumsum(v)[k])',
      { k: [1, 2, 2], n: 4 },
    ],
  ];

  test.each(FORMULAS)('%s', async (_, text, data) => {
    const f: EmittedExports = (await emitted(text, { hessian: true, hvp: true, jvp: true, vjp: true })).bind(
      data,
    );
    const n = f.size;
    const theta = new Float64Array(n).fill(0.5);
    const [g, v, out, H, t, c] = [n, n, n, n * n, 1, 1].map(length => new Float64Array(length).fill(0.25));
    const calls: readonly (() => unknown)[] = [
      () => f.value(theta),
      () => f.valueAndGrad(theta, g),
      () => f.hessian(theta, H),
      () => f.valueGradAndHessian(theta, g, H),
      () => f.hvp(theta, v, out),
      () => f.jvp(theta, v, t),
      () => f.vjp(theta, c, out),
    ];
    const arrays = countArrays(() => {
      for (const call of calls) call();
    });
    expect(arrays).toBe(0);
    for (const call of calls) expect(bytesPerCall(call)).toBeLessThanOrEqual(LARGEST);
  });
});

describe('sparse matrices allocate nothing', () => {
  test.each([
    [
      'a factorisation',
      "# @input A: n x m\n# @input U: n x 2\n# @input V: m x 2\n# @wrt U, V\nsum((A - U * V') .^ 2)",
      { A: new Float64Array(6), n: 2, m: 3 },
    ],
    ['gathers', '# @input v: n\n# @input k: m int\n# @wrt v\nsum(exp(v[k]))', { k: [1, 2, 2], n: 4 }],
  ])('%s', async (_, text, data) => {
    const f: EmittedExports = (await emitted(text, { hessian: 'sparse', jacobian: 'sparse' })).bind(data);
    const theta = new Float64Array(f.size).fill(0.5);
    const [J, H] = [f.jacobianPattern, f.hessianPattern].map(
      ({ rowIndex }) => new Float64Array(rowIndex.length),
    );
    const calls: readonly (() => unknown)[] = [() => f.hessian(theta, H), () => f.jacobian(theta, J)];
    expect(
      countArrays(() => {
        for (const call of calls) call();
      }),
    ).toBe(0);
    for (const call of calls) expect(bytesPerCall(call)).toBeLessThanOrEqual(LARGEST);
  });
});

/** How many typed arrays are made while `run` runs. */
function countArrays(run: () => void): number {
  const { Float64Array: doubles, Float32Array: floats, Int32Array: integers } = globalThis;
  let count = 0;
  const counted = <T extends object>(type: T): T =>
    new Proxy(type, {
      construct: (target, args, newTarget) => {
        count++;
        return Reflect.construct(target as unknown as new () => object, args, newTarget);
      },
    });
  try {
    Object.assign(globalThis, {
      Float64Array: counted(doubles),
      Float32Array: counted(floats),
      Int32Array: counted(integers),
    });
    run();
  } finally {
    Object.assign(globalThis, { Float64Array: doubles, Float32Array: floats, Int32Array: integers });
  }
  return count;
}

/** A number that is returned to a caller in another function. */
const LARGEST = 16;
const ROUND = 1000;

/**
 * The growth of the heap over many calls, once the code is optimised. Growth is not seen in a round with a collection, so
 * the last of several rounds that agree counts.
 */
function bytesPerCall(call: () => unknown): number {
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0, agreed = 0; round < 200 && agreed < 4; round++) {
    const before = process.memoryUsage().heapUsed;
    for (let k = 0; k < ROUND; k++) call();
    const grown = Math.floor((process.memoryUsage().heapUsed - before) / ROUND);
    agreed = grown === bytes && grown <= LARGEST ? agreed + 1 : 0;
    bytes = grown;
  }
  return bytes;
}
