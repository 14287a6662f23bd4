// The module of a formula with tensors from outside: what its functions take and give, in loops and as straight-line code.
// What they compute is checked in loops.test.ts and by the check of modules; here small formulas are worked out by hand.

import { describe, expect, test } from 'vitest';
import { compile, evaluate, parse, SymgradError } from '../../src/index.ts';
import { type EmittedExports, emitted, load } from '../emitted.ts';
import { isWasm, itReads } from '../target.ts';

const of = (...numbers: number[]) => Float64Array.of(...numbers);

/** The same formula over named sizes, and over lengths that are written out. */
const FORMS = [
  ['loops', 'n', 'm'],
  ['straight-line code', '2', '3'],
] as const;

describe.each(FORMS)('%s', (_, n, m) => {
  /** sum over i of y_i (X w)_i + b, with X of n x m. */
  const LINEAR = `# @input X: ${n} x ${m}\n# @input y: ${n}\n# @input w: ${m}\n# @input b: scalar\n`;
  const X = of(1, 2, 3, 4, 5, 6);
  const y = of(10, 100);
  const w = of(1, 0, -1);
  const at = { X, y, w, b: 0.5 };

  test('scalars are numbers, tensors flat arrays', async () => {
    const f = await emitted(`${LINEAR}# @wrt b, w\nsum(y .* (X * w)) + b^2`);
    expect(f.value(at)).toBe(10 * -2 + 100 * -2 + 0.25);
    expect(f.grad(at)).toEqual({ b: 1, w: of(410, 520, 630) });
    expect(f.valueAndGrad(at)).toEqual({ value: f.value(at), grad: f.grad(at) });
    expect(f.grad(at).w).toBeInstanceOf(Float64Array);
  });

  test('nested and plain lists are as good as typed arrays, and keys that mean nothing are ignored', async () => {
    const f = await emitted(`${LINEAR}# @wrt w\nsum(y .* (X * w)) + b`);
    const expected = f.valueAndGrad(at);
    const forms: object[] = [
      { ...at, X: [1, 2, 3, 4, 5, 6] },
      {
        ...at,
        X: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        w: [1, 0, -1],
      },
      { ...at, X: [Float32Array.of(1, 2, 3), of(4, 5, 6)], y: Int8Array.of(10, 100) },
      { ...at, unknown: 'text', f: null },
    ];
    for (const inputs of forms) expect(f.valueAndGrad(inputs)).toEqual(expected);
  });

  test('arguments are read, never written', async () => {
    const f = await emitted(`${LINEAR}# @wrt w, X\nsum(y .* (X * w)) + b`);
    const copies = { X: X.slice(), y: y.slice(), w: w.slice() };
    f.valueAndGrad(at);
    f.bind(at).inputs.y.fill(7);
    expect({ X, y, w }).toEqual(copies);
  });

  test('a Hessian has a block of p x q for each pair', async () => {
    const f = await emitted(`# @input x: ${n}\n# @input s: scalar\ns * sum(x .* x .* x) + s^2 * x[1]`, {
      hessian: true,
    });
    const inputs = { x: of(2, 3), s: 5 };
    const { value, grad, hessian } = f.valueGradAndHessian(inputs);
    expect(hessian).toEqual({
      x: { x: of(60, 0, 0, 90), s: of(12 + 10, 27) },
      s: { x: of(12 + 10, 27), s: 4 },
    });
    expect([value, grad]).toEqual([5 * 35 + 50, { x: of(60 + 25, 135), s: 35 + 20 }]);
    expect(f.hessian(inputs)).toEqual(hessian);
  });

  test('a tensor output has Jacobian blocks of m x p', async () => {
    const f = await emitted(`# @input x: ${n}\n# @input s: scalar\ns * x .* x + x[1]`);
    const inputs = { x: of(2, 3), s: 5 };
    expect(f.value(inputs)).toEqual(of(22, 47));
    expect(f.jacobian(inputs)).toEqual({ x: of(21, 0, 1, 30), s: of(4, 9) });
    expect(f.valueAndJacobian(inputs)).toEqual({ value: f.value(inputs), jacobian: f.jacobian(inputs) });
    expect(f.grad).toBe(undefined);
  });

  test('several outputs are records by name', async () => {
    const f = await emitted(`# @output p, q\n# @input x: ${n}\nq = x .^ 2\np = sum(q)`, {
      jvp: true,
      vjp: true,
    });
    const inputs = { x: of(2, 3) };
    const value = { p: 13, q: of(4, 9) };
    expect(f.value(inputs)).toEqual(value);
    expect(f.jacobian(inputs)).toEqual({ p: { x: of(4, 6) }, q: { x: of(4, 0, 0, 6) } });
    expect(f.jvp(inputs, { x: [1, 10] })).toEqual({ value, tangent: { p: 64, q: of(4, 60) } });
    expect(f.vjp(inputs, { p: 1, q: [10, 100] })).toEqual({ value, grad: { x: of(44, 606) } });
  });

  test('a scalar output by a tensor is 1 x p', async () => {
    const f = await emitted(`# @input x: ${n}\nsum(x .^ 2)`, { jacobian: true });
    expect(f.jacobian({ x: [2, 3] })).toEqual({ x: of(4, 6) });
  });

  test('products with vectors take records, cotangents are shaped like outputs', async () => {
    const scalar = await emitted(`# @input A: ${n} x 2\n# @input s: scalar = 1\ns * sum(A .^ 3)`, {
      hvp: true,
      jvp: true,
      vjp: true,
    });
    const inputs = { A: [1, 2, 3, 4] };
    const v = {
      A: [
        [1, 0],
        [0, 2],
      ],
      s: 1,
    };
    expect(scalar.hvp(inputs, v)).toEqual({ A: of(6 + 3, 12, 27, 48 + 48), s: 3 + 96 });
    expect(scalar.jvp(inputs, v)).toEqual({ value: 100, tangent: 3 + 96 + 100 });
    expect(scalar.vjp(inputs, 2)).toEqual({ value: 100, grad: { A: of(6, 24, 54, 96), s: 200 } });

    const tensor = await emitted(`# @input A: ${n} x 2\nA'`, { vjp: true, jvp: true });
    const c = [1, 10, 100, 1000];
    for (const cotangent of [c, of(...c), [c.slice(0, 2), c.slice(2)]]) {
      expect(tensor.vjp(inputs, cotangent)).toEqual({
        value: of(1, 3, 2, 4),
        grad: { A: of(1, 100, 10, 1000) },
      });
    }
    expect(tensor.jvp(inputs, { A: of(...c) }).tangent).toEqual(of(1, 100, 10, 1000));
  });

  test('the default of an input is no tangent', async () => {
    const f = await emitted(`# @input x: ${n} = 3\nsum(x .^ 2)`, { jvp: true, hvp: true });
    const given = n === 'n' ? { n: 2 } : {};
    expect(f.jvp(given, { x: [1, 1] }).tangent).toBe(12);
    expect(() => f.jvp(given, {})).toThrow(new TypeError('missing input tangents.x'));
    expect(() => f.hvp(given, {})).toThrow(new TypeError('missing input v.x'));
  });

  test('defaults fill tensors', async () => {
    const f = await emitted(`${LINEAR}# @input a: ${m} = 2\n# @input c: ${n} int = 3\n# @wrt w, a
      sum(y .* (X * (w + a))) + b + sum(c)`);
    expect(f.value(at)).toBe(f.value({ ...at, a: [2, 2, 2], c: [3, 3] }));
    expect(f.grad(at).w).toEqual(f.grad(at).a);
    expect(f.bind(at).pack({ w }).length).toBe(6);
  });

  test('a derivative that is nowhere used is zeros', async () => {
    const f = await emitted(
      `# @input x: ${n}\n# @input z: ${m}\n# @wrt x, z\n# @input k: ${m}\nsum(x .^ 2)`,
      {
        hessian: true,
      },
    );
    const inputs = { x: [1, 2], z: [1, 2, 3], k: [0, 0, 0] };
    expect(f.grad(inputs)).toEqual({ x: of(2, 4), z: of(0, 0, 0) });
    const g = of(9, 9, 9, 9, 9);
    f.bind(inputs).valueAndGrad(of(1, 2, 1, 2, 3), g);
    expect(g).toEqual(of(2, 4, 0, 0, 0));
    const { x, z } = f.hessian(inputs);
    expect([x.x, x.z, z.x, z.z]).toEqual([of(2, 0, 0, 2), of(...zeros(6)), of(...zeros(6)), of(...zeros(9))]);
  });

  test('meta says shapes', async () => {
    const f = await emitted(`${LINEAR}# @input k: ${m} int = 1 -- places\n# @wrt w\nX * w + w[k[1]]`);
    const size = (text: string) => (/\d/.test(text) ? Number(text) : text);
    expect(f.meta).toEqual({
      inputs: [
        { name: 'X', shape: [size(n), size(m)], dtype: 'real' },
        { name: 'y', shape: [size(n)], dtype: 'real' },
        { name: 'w', shape: [size(m)], dtype: 'real' },
        { name: 'b', shape: [], dtype: 'real' },
        { name: 'k', shape: [size(m)], dtype: 'int', default: 1, doc: 'places' },
      ],
      wrt: ['w'],
      outputs: [{ name: 'value', shape: [size(n)] }],
      sizes: n === 'n' ? ['n', 'm'] : [],
    });
  });
});

const zeros = (length: number) => new Array<number>(length).fill(0);

describe('single precision', () => {
  const text = '# @input X: n x 2\n# @input w: 2\n# @wrt w\nsum((X * w) .^ 2)';
  const X = Float32Array.of(1.5, 2.25, 3, 4);

  test.each([
    ['loops', text],
    ['straight-line code', text.replace('n x 2', '2 x 2')],
  ])('%s: arrays are Float32Array', async (_, formula) => {
    const f = await emitted(formula, { precision: 'f32', hessian: true });
    const w = [0.1, 0.2];
    const { value, grad } = f.valueAndGrad({ X, w });
    expect(grad.w).toBeInstanceOf(Float32Array);
    expect(value).toBeCloseTo(0.6 ** 2 + 1.1 ** 2, 6);
    const bound = f.bind({ X: [1.5, 2.25, 3, 4] });
    expect(bound.inputs.X).toEqual(X);
    expect(bound.pack({ w })).toEqual(Float32Array.from(w));
    expect(f.hessian({ X, w }).w.w).toBeInstanceOf(Float32Array);
  });
});

describe('sizes that are none or one', () => {
  const text = `# @input X: n x d\n# @input w: d\n# @wrt w\nz = X * w\n
    sum(z) + prod(z) + 1 / max(z) + 1 / min(z) + logsumexp(z) * 0 + norm(w)`;

  test('n = 0', async () => {
    const f = await emitted(text);
    const at = { X: [], w: [3, 4], d: 2 };
    expect(f.value(at)).toBe(NaN); // 0 * -Infinity
    const g = await emitted(
      '# @input X: n x d\n# @input w: d\n# @wrt w\nsum(X * w) + prod(X * w) + 1 / max(X * w) + norm(w)',
    );
    expect(g.value(at)).toBe(0 + 1 - 0 + 5);
    expect(g.grad(at).w[0]).toBeCloseTo(0.6, 15);
    expect(g.value({ X: [], w: [], n: 0 })).toBe(1);
  });

  test('n = 1', async () => {
    const f = await emitted(text);
    const at = { X: [[2]], w: [3] };
    expect(f.value(at)).toBeCloseTo(6 + 6 + 1 / 6 + 1 / 6 + 3, 14);
    expect(f.grad(at).w[0]).toBeCloseTo(2 + 2 - 2 / 18 + 1, 14);
  });

  test('a flat array that repeats one size tells it by a root', async () => {
    const f = await emitted(
      '# @input place: d x d\n# @input T: d x e x e\nsum(place) + 100 * d + e + sum(T)',
    );
    const numbers = (length: number) => new Array(length).fill(0);
    expect(f.value({ place: numbers(100), T: numbers(90) })).toBe(1003);
    expect(f.value({ place: [], T: [], e: 2 })).toBe(2);
    expect(() => f.value({ place: numbers(99), T: [] })).toThrow(
      new RangeError('place: expected d*d elements, got 99'),
    );
    expect(() => f.value({ place: numbers(100), T: numbers(100) })).toThrow(
      new RangeError('T: expected d*e*e elements, got 100 (place says d = 10)'),
    );
  });

  test.each([
    ['x[k]', { k: 7 }, new RangeError('k: index 7 is out of range 1..5')],
    ['x[k]', { k: 0 }, new RangeError('k: index 0 is out of range 1..5')],
    ['x[k + 1]', { k: 7 }, new RangeError('index 8 is out of range 1..5')],
    ['x[k]', { k: 1.5 }, new TypeError('k: expected an integer, got 1.5')],
    ['sum(x[p])', { p: [1, 7] }, new RangeError('p: index 7 is out of range 1..5')],
    ['sum(x[p .* 2])', { p: [1, 7] }, new RangeError('index 14 is out of range 1..5')],
    ['sum(x[p])', { p: [1, 1.5] }, new TypeError('p: expected integers, got 1.5')],
  ] as const)('an access out of range is said as by the evaluator: %s at %o', async (access, at, error) => {
    const text = `# @input k: scalar int = 1\n# @input p: m int\n# @input x: n\n${access} + 0 * sum(p) * k`;
    const inputs = { p: [1], x: [1, 2, 3, 4, 5], ...at };
    const f = await emitted(text);
    expect(() => f.value(inputs)).toThrow(error);
    expect(() => evaluate(parse(text), inputs)).toThrow(error);
  });

  test('a length that would be negative', async () => {
    const f = await emitted('# @input x: n\nsum(x[2:end] - x[1:end-1])');
    expect(f.value({ x: [5] })).toBe(0);
    expect(() => f.value({ x: [] })).toThrow(new RangeError('the length n - 1 is -1'));
  });
});

test('sizes that outgrow their limit in a derivative are a mistake with a place', () => {
  const text = '# @input A: n x m\nB = kron(A, A)\nC = kron(B, B)\nD = kron(C, C)\nkron(D, D) * 2';
  expect(() => compile(text)).toThrow(
    expect.objectContaining({
      code: 'too-large',
      message: 'the derivatives need a size of more than 200 terms or 32 factors',
      span: { start: text.indexOf('kron(D'), end: text.indexOf(' * 2') },
    }),
  );
});

test('of a tensor there is no Hessian, and the hint says how to get a scalar', () => {
  const hintsOf = (text: string) => {
    try {
      compile(text, { hvp: true });
    } catch (error) {
      return error instanceof SymgradError ? [error.code, ...error.hints] : [];
    }
    return [];
  };
  expect(hintsOf('# @input x: n\nx .* x')).toEqual([
    'hessian-of-several',
    'make a scalar of it: the sum of its elements, sum(...), or one of them',
  ]);
  const [, hint] = hintsOf('# @output a, b\na = x^2\nb = x^3');
  expect(hint).toContain('@output');
});

test('sparse results of small tensors', async () => {
  const dense: EmittedExports = await emitted('# @input x: 3\nx[1]^2 * x[2] + x[3]^3', { hessian: true });
  const f: EmittedExports = await emitted('# @input x: 3\nx[1]^2 * x[2] + x[3]^3', { hessian: 'sparse' });
  const { values, rowIndex, colPointer } = f.hessian({ x: [2, 3, 5] });
  expect([values, rowIndex, colPointer]).toEqual([
    of(6, 4, 4, 30),
    Int32Array.of(0, 1, 0, 2),
    Int32Array.of(0, 2, 3, 4),
  ]);
  expect(dense.hessian({ x: [2, 3, 5] }).x.x).toEqual(of(6, 4, 0, 4, 0, 0, 0, 0, 30));
});

itReads('look as written by hand', async () => {
  const regression = `# @input X: n x d -- a row for each sample
# @input y: n -- what was measured
# @input w: d
# @input b: scalar = 0 -- offset
# @wrt w, b
r = X * w + b - y
mean(r .^ 2)`;
  const loops = compile(regression, { name: 'regression.expr' });
  await expect(loops.code).toMatchFileSnapshot('../golden/regression.mjs');
  await expect(loops.dts).toMatchFileSnapshot('../golden/regression.d.mts');
  const triangle =
    '# @input a: 3\n# @input b: 3\n# @input scale: scalar = 1\n# @wrt a, b\nscale * norm(cross(a, b)) / 2';
  const straight = compile(triangle, { name: 'triangle.expr', vjp: true });
  await expect(straight.code).toMatchFileSnapshot('../golden/triangle.mjs');
});

describe('functions that are too long for the optimiser of an engine come in pieces', () => {
  const close = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
    expect(actual.length).toBe(expected.length);
    for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 10);
  };
  const numbers = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(1 + i));

  test('straight-line code, against loops', async () => {
    const text = '# @input X: 12 x 12\n# @input w: 12\n# @wrt w, X\nsum(tanh(X * X * w) .^ 2)';
    const long = compile(text, { unroll: 100_000 }).code;
    if (!isWasm) expect(long).toContain('function valueAndGrad2(theta, g) {');
    const [f, expected] = [await load(long), await emitted(text, { unroll: 0 })];
    const at = { X: numbers(144).map(x => x / 9), w: numbers(12) };
    expect(f.value(at)).toBeCloseTo(expected.value(at), 12);
    for (const name of ['w', 'X']) close(f.grad(at)[name], expected.grad(at)[name]);
  });

  test('loops, against straight-line code', async () => {
    const steps = (n: string) =>
      [
        `# @input A: ${n} x ${n}\n# @input x: ${n}`,
        ...Array.from({ length: 70 }, (_, k) => `x = tanh(A * x + ${k} / 9) .* sum(x) / 3`),
        'sum(x .^ 2)',
      ].join('\n');
    const long = compile(steps('n')).code;
    if (!isWasm) expect(long).toContain('function valueAndGrad2(theta, g) {');
    const [f, expected] = [await load(long), await emitted(steps('2'), { unroll: 100_000 })];
    const at = { A: numbers(4), x: numbers(2) };
    expect(f.value(at)).toBeCloseTo(expected.value(at), 12);
    for (const name of ['A', 'x']) close(f.grad(at)[name], expected.grad(at)[name]);
  });
});
