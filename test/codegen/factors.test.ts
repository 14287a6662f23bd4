// The factors of Hessians against the dense Hessian of the same module and against differences of its gradient.

import { describe, expect, test } from 'vitest';
import { type CompileOptions, compile, type MetaStructured } from '../../src/index.ts';
import { difference, generator } from '../differences.ts';
import { load } from '../load.ts';
import { itReads } from '../target.ts';
import { blockOf, lowRankOf, type Sizes, sizeOf } from './factors.ts';

interface Case {
  readonly text: string;
  readonly sizes?: Sizes;
  /** Values of inputs that may not be random. */
  readonly given?: Readonly<Record<string, ArrayLike<number> | number>>;
  readonly options?: CompileOptions;
}

/** Checks everything; returns the kinds of the terms by pair, and what the module gave. */
async function checked({ text, sizes = {}, given = {}, options = {} }: Case) {
  const { code, meta } = compile(text, { ...options, hessian: 'structured' });
  const isSingle = options.precision === 'f32';
  const array = isSingle ? Float32Array : Float64Array;
  const module = await load(code);
  expect(module.meta).toEqual(meta);
  const { blocks } = meta.hessian as MetaStructured;
  const random = generator(7);
  const lengthsOf = (name: string) =>
    meta.inputs.find(input => input.name === name)!.shape.map(size => sizeOf(size, sizes));
  const count = (lengths: readonly number[]) => lengths.reduce((product, length) => product * length, 1);
  const inputs = Object.fromEntries([
    ...Object.entries(sizes),
    ...meta.inputs.map(({ name }) => {
      const lengths = lengthsOf(name);
      const values = new array(count(lengths)).map(() => 2 * random() - 1);
      return [name, given[name] ?? (lengths.length === 0 ? values[0] : values)];
    }),
  ]);
  const tolerance = isSingle ? 1e-4 : 1e-11;
  const close = (actual: ArrayLike<number>, expected: ArrayLike<number>, error: number) => {
    expect(actual.length).toBe(expected.length);
    for (let k = 0; k < expected.length; k++) {
      const limit = error * Math.max(1, Math.abs(expected[k]));
      if (!(Math.abs(actual[k] - expected[k]) <= limit)) {
        expect.fail(`element ${k} is ${actual[k]}, not ${expected[k]}\n${code}`);
      }
    }
  };

  // The record form, against the dense blocks.
  const dense = module.hessian(inputs);
  const factors = module.hessianFactors(inputs);
  const kinds: Record<string, string> = {};
  for (const u of meta.wrt) {
    for (const v of meta.wrt) {
      const lengths = [...lengthsOf(u), ...lengthsOf(v)];
      const block = blockOf(blocks[u][v], factors[u][v], lengths, sizes);
      const expected = typeof dense[u][v] === 'number' ? [dense[u][v]] : dense[u][v];
      close(block, expected, tolerance);
      for (const [k, term] of blocks[u][v].entries()) {
        if (term.kind !== 'low-rank') continue;
        expect(term.shape).toHaveLength(lengths.length + 1);
        const extents = [...[u, v].map(name => count(lengthsOf(name))), sizeOf(term.shape.at(-1)!, sizes)];
        close(
          lowRankOf(factors[u][v][k], extents),
          blockOf([term], [factors[u][v][k]], lengths, sizes),
          tolerance,
        );
      }
      kinds[`${u}.${v}`] = blocks[u][v].map(({ kind }) => kind).join(' + ');
    }
  }

  // The bound form, whose views are refreshed by a call.
  const f = module.bind(inputs);
  const theta = f.pack(inputs);
  const F = new array(f.factorsSize).fill(Number.NaN);
  const views = f.unpackFactors(F);
  f.hessianFactors(theta, F);
  expect(views).toEqual(factors);
  const again = new array(f.factorsSize).fill(7);
  f.hessianFactors(theta, again);
  expect(again).toEqual(F);

  // Differences of the gradient, which are the dense blocks in turn.
  if (!isSingle) {
    const H = new array(f.size ** 2);
    f.hessian(theta, H);
    const differences = new array(f.size ** 2);
    const g = new array(f.size);
    for (let j = 0; j < f.size; j++) {
      for (let i = 0; i < f.size; i++) {
        differences[i * f.size + j] = difference(x => {
          f.valueAndGrad(theta.slice().fill(x, j, j + 1), g);
          return g[i];
        }, theta[j]);
      }
    }
    close(H, differences, 1e-7);
  }
  return { kinds, factors, inputs, f, code, meta };
}

const LOGISTIC = `
# @input X: n x d
# @input y: n
# @input w: d
# @input lambda: scalar = 0.5
# @wrt w
z = X * w
mean(softplus(z) - y .* z) + lambda / 2 * dot(w, w)`;

describe('logistic regression', () => {
  test("is a diagonal and X' diag(s) X, X being the input", async () => {
    const { kinds, factors, inputs, f } = await checked({ text: LOGISTIC, sizes: { n: 6, d: 3 } });
    expect(kinds).toEqual({ 'w.w': 'diagonal + low-rank' });
    const [[lambda], [left, s, right]] = factors.w.w.map((term: { factors: unknown }) => term.factors);
    expect(lambda).toEqual(Float64Array.of(inputs.lambda));
    expect(left).toBe(inputs.X);
    expect(right).toBe(inputs.X);
    expect(s.length).toBe(6);
    expect(f.factorsSize).toBe(7);
    const [, own] = f.unpackFactors(new Float64Array(7)).w.w;
    expect(own.factors[0]).toBe(f.inputs.X);
  });

  itReads('takes work that grows with n d only: no loop within two others', async () => {
    const { code } = compile(LOGISTIC, { hessian: 'structured' });
    const body = code.slice(code.indexOf('    hessianFactors(theta, F) {'));
    const depths = body
      .slice(0, body.indexOf('\n    },'))
      .split('\n')
      .filter(line => /^ *for /.test(line))
      .map(line => line.search(/\S/));
    expect(Math.max(...depths)).toBe(8);
  });

  test.each([
    { n: 0, d: 2 },
    { n: 1, d: 1 },
    { n: 1, d: 0 },
  ])('of %o', async sizes => {
    const text = LOGISTIC.replace('mean', 'sum');
    expect((await checked({ text, sizes })).kinds['w.w']).toBe('diagonal + low-rank');
  });

  test('of fixed sizes is as dense as is less to store', async () => {
    const shapes = { X: '50 x 3', y: '50', w: '3' };
    const { kinds } = await checked({ text: LOGISTIC, options: { shapes } });
    expect(kinds['w.w']).toBe('diagonal + dense');
    const wide = await checked({ text: LOGISTIC, options: { shapes: { X: '3 x 9', y: '3', w: '9' } } });
    expect(wide.kinds['w.w']).toBe('diagonal + low-rank');
  });

  test('in single precision', async () => {
    const { factors } = await checked({
      text: LOGISTIC,
      sizes: { n: 4, d: 3 },
      options: { precision: 'f32' },
    });
    expect(factors.w.w[1].factors[1]).toBeInstanceOf(Float32Array);
  });

  test('with a bias', async () => {
    const text = `
# @input X: n x d
# @input y: n
# @input w: d
# @input b: scalar
# @wrt w, b
z = X * w + b
sum(softplus(z) - y .* z)`;
    const { kinds, factors } = await checked({ text, sizes: { n: 5, d: 2 } });
    expect(kinds['w.w']).toBe('low-rank');
    expect(factors.b.w[0].factors.at(-1)).toEqual(factors.w.b[0].factors[0]);
  });
});

const FACTORISATION = `
# @input R: m x n
# @input U: m x k
# @input V: n x k
# @wrt U, V
sum((U * V' - R).^2)`;

describe('matrix factorisation', () => {
  test('hands out one block for all rows, and the two sides of outer products', async () => {
    const { kinds, factors, f } = await checked({ text: FACTORISATION, sizes: { m: 4, n: 3, k: 2 } });
    expect(kinds).toEqual({
      'U.U': 'block-diagonal',
      'U.V': 'product + block-diagonal',
      'V.U': 'product + block-diagonal',
      'V.V': 'block-diagonal',
    });
    expect(factors.U.U[0].factors[0].length).toBe(4);
    expect(factors.V.U[0].factors[0]).toEqual(factors.U.V[0].factors[0]);
    expect(factors.V.U[0].factors[0].buffer).toBe(factors.U.V[0].factors[0].buffer);
    expect(f.factorsSize).toBe(4 + 4 + 4 * 2 + 3 * 2 + 4 * 3);
  });

  test.each([
    [FACTORISATION, { m: 0, n: 3, k: 2 }, {}],
    [FACTORISATION, { m: 1, n: 1, k: 1 }, {}],
    [FACTORISATION, {}, { shapes: { R: '3 x 4', U: '3 x 2', V: '4 x 2' } }],
    [FACTORISATION, { m: 3, n: 4 }, { shapes: { U: 'm x 2', V: 'n x 2' } }],
    [FACTORISATION.replace('(U', 'R .* (U'), { m: 4, n: 3, k: 2 }, {}],
    [FACTORISATION.replace('(U', 'R .* (U'), { m: 4, n: 3, k: 2 }, { optimize: 0 as const }],
  ])('also in other forms: %#', async (text, sizes, options) => {
    await checked({ text, sizes: sizes as Sizes, options });
  });
});

describe('kinds of terms', () => {
  test.each<[string, string, Case]>([
    ['a separable sum', 'diagonal', { text: '# @input x: n\nsum(sin(x))', sizes: { n: 4 } }],
    ['one of a matrix', 'diagonal', { text: '# @input x: n x 3\nsum(exp(x))', sizes: { n: 2 } }],
    ['a sum of fixed size', 'diagonal', { text: '# @input x: 5\nsum(sin(x))' }],
    [
      'a quadratic form',
      'dense + dense',
      { text: '# @input A: n x n\n# @input x: n\n# @wrt x\nx * A * x', sizes: { n: 3 } },
    ],
    [
      'a least squares',
      'low-rank',
      {
        text: '# @input A: m x n\n# @input y: m\n# @input x: n\n# @wrt x\nsum((A * x - y).^2)',
        sizes: { m: 3, n: 2 },
      },
    ],
    ['a logsumexp', 'diagonal + dense', { text: '# @input x: n\nlogsumexp(x)', sizes: { n: 4 } }],
    [
      'a power of a product',
      'low-rank',
      { text: '# @input a: n\n# @input x: n\n# @wrt x\ndot(a, x)^4', sizes: { n: 3 } },
    ],
    ['what does not depend', '', { text: '# @input x: n\nsum(2 * x)', sizes: { n: 3 } }],
  ])('%s: %s', async (_, kind, own) => {
    const { kinds } = await checked(own);
    expect(Object.values(kinds)).toEqual([kind]);
  });

  test('differences of neighbours are banded', async () => {
    const text = '# @input x: n\nsum((x[2:end] - x[1:end-1]).^4)';
    const { kinds } = await checked({ text, sizes: { n: 6 } });
    expect(kinds['x.x']).toMatch(/^banded( \+ banded)+$/);
    await checked({ text, sizes: { n: 2 } });
    await checked({ text: text.replace('x: n', 'x: 7') });
  });

  test('an embedding is told by its index', async () => {
    const text = `
# @input k: n int
# @input E: v x 2
# @input w: 2
# @wrt E, w
sum(exp(E[k, :] * w)) + sum(E[k, :].^3)`;
    const { kinds, factors, inputs } = await checked({
      text,
      sizes: { n: 5, v: 4 },
      given: { k: Int32Array.of(1, 3, 3, 4, 1) },
    });
    expect(kinds['E.E']).toContain('indexed');
    expect(kinds['E.E']).toContain('product');
    expect(factors.E.E[0].indices).toEqual([inputs.k, inputs.k]);
    expect(factors.E.E[0].indices[0]).toBe(inputs.k);
  });

  test('an index that is computed is handed out', async () => {
    const text = '# @input k: n int\n# @input x: v\n# @wrt x\nsum(x[k + 1].^3)';
    const given = { k: Int32Array.of(1, 3, 0, 1) };
    const { kinds, factors } = await checked({ text, sizes: { n: 4, v: 5 }, given });
    expect(kinds['x.x']).toBe('indexed');
    expect(Array.from(factors.x.x[0].indices[0])).toEqual([2, 4, 1, 2]);
  });

  test('an element and a slice', async () => {
    await checked({ text: '# @input x: n\nx[2]^3 * x[1] + sum(x[2:3].^2) * x[3]', sizes: { n: 5 } });
  });
});

test('differences, signs and blocks of different inputs', async () => {
  const text = `
# @input a: n
# @input c: m
# @input b: n
# @input x: n
# @input y: m
# @wrt x, y
dot(a, x) * dot(c, y) - dot(a, x)^3 - dot(b, x)^4 - dot(c, y)^2 * sum(y)`;
  const { kinds } = await checked({ text, sizes: { n: 3, m: 2 } });
  expect(kinds['x.y']).toBe('low-rank');
  expect(kinds['y.x']).toBe('low-rank');
  expect(kinds['x.x']).toBe('low-rank + low-rank');
});

describe('models', () => {
  const softmax = `
# @input X: n x d
# @input Y: n x k
# @input W: d x k
# @input b: k
# @wrt W, b
-sum(Y .* logsoftmax(X * W + b))`;
  test.each<[string, Case]>([
    ['softmax regression', { text: softmax, sizes: { n: 4, d: 3, k: 2 } }],
    [
      'with fixed sizes',
      { text: softmax, sizes: { n: 4 }, options: { shapes: { X: 'n x 3', Y: 'n x 2', W: '3 x 2', b: '2' } } },
    ],
    ['at -O0', { text: softmax, sizes: { n: 3, d: 2, k: 2 }, options: { optimize: 0 } }],
    [
      'a layer',
      {
        text: '# @input X: n x d\n# @input W: d x k\n# @input b: k\n# @input v: k\n# @wrt W, b, v\nsum((tanh(X * W + b) * v).^2)',
        sizes: { n: 3, d: 2, k: 2 },
      },
    ],
    [
      'two layers, of more factors than there may be',
      {
        text: '# @input X: n x d\n# @input W: d x k\n# @input V: k x m\n# @wrt W, V\nsum(tanh(tanh(X * W) * V).^2)',
        sizes: { n: 3, d: 2, k: 2, m: 2 },
      },
    ],
    ['a cumulative sum', { text: '# @input x: n\nsum(cumsum(x).^3)', sizes: { n: 4 } }],
    ['a norm', { text: '# @input x: n\nnorm(x)', sizes: { n: 3 } }],
    ['a product', { text: '# @input x: 4\nprod(x)' }],
  ])('%s', async (_, own) => {
    await checked(own);
  });

  test('softmax regression stores no array of the size of a block', async () => {
    const { meta } = await checked({ text: softmax, sizes: { n: 4, d: 3, k: 2 } });
    const { W } = (meta.hessian as MetaStructured).blocks.W;
    expect(W.every(({ factors }) => factors.every(({ axes }) => axes.length <= 3))).toBe(true);
  });
});

describe('formulas of numbers', () => {
  test('have one dense term a pair, and none where it is zero', async () => {
    const { kinds, factors } = await checked({
      text: 'x^2 * y + z^3 + a',
      options: { wrt: ['x', 'y', 'z', 'a'] },
    });
    expect(kinds).toMatchObject({
      'x.x': 'dense',
      'x.y': 'dense',
      'y.x': 'dense',
      'y.y': '',
      'z.z': 'dense',
      'x.z': '',
    });
    expect(factors.y.x).toEqual(factors.x.y);
  });

  test('all of whose second derivatives are zero', async () => {
    const { f } = await checked({ text: 'x + y' });
    expect(f.factorsSize).toBe(0);
  });
});

test('a network whose dense Hessian no memory holds has factors', async () => {
  const text = `
# @input X: n x 784
# @input W: 784 x 128
# @input V: 128 x 10
# @wrt W, V
sum(tanh(tanh(X * W) * V).^2)`;
  const { code } = compile(text, { hessian: 'structured' });
  const X = new Float64Array(2 * 784).fill(0.01);
  const f = (await load(code)).bind({ X });
  const F = new Float64Array(f.factorsSize).fill(Number.NaN);
  f.hessianFactors(
    f.pack({ W: new Float64Array(784 * 128).fill(0.1), V: new Float64Array(1280).fill(0.1) }),
    F,
  );
  expect(F.length).toBeLessThan(1e7);
  expect(F.every(Number.isFinite)).toBe(true);
  const { W } = f.unpackFactors(F);
  expect(W.W.some(({ factors }: { factors: unknown[] }) => factors.includes(f.inputs.X))).toBe(true);
});

test('declarations name what there is', () => {
  const { dts } = compile(LOGISTIC, { hessian: 'structured' });
  expect(dts).toContain(
    'export declare function hessianFactors(inputs: Inputs): { w: { w: HessianTerm[] } };',
  );
  expect(dts).toContain('  readonly factorsSize: number;');
  expect(dts).toContain('  hessianFactors(theta: ArrayLike<number>, F: Float64Array): void;');
  expect(compile(LOGISTIC, { hessian: true }).dts).not.toContain('Factors');
});

test('an index that makes the pattern of a sparse Jacobian too', async () => {
  const text = '# @input k: n int\n# @input x: v\n# @wrt x\nsum(x[k].^3)';
  const given = { k: Int32Array.of(1, 3) };
  const { factors, inputs } = await checked({
    text,
    sizes: { n: 2, v: 3 },
    given,
    options: { jacobian: 'sparse' },
  });
  expect(factors.x.x[0].indices[0]).toEqual(inputs.k);
});

test('names that are no identifiers', async () => {
  const text = '# @input F: n\n# @input class: n\n# @wrt class, F\nsum(F.^3 .* class) + sum(class.^2)';
  const { kinds } = await checked({ text, sizes: { n: 2 } });
  expect(kinds).toEqual({
    'class.class': 'diagonal',
    'class.F': 'diagonal',
    'F.class': 'diagonal',
    'F.F': 'diagonal',
  });
});

test('the array has to be long enough', async () => {
  const { f, inputs } = await checked({ text: LOGISTIC, sizes: { n: 2, d: 2 } });
  expect(() => f.hessianFactors(f.pack(inputs), new Float64Array(2))).toThrow(
    'F: expected 3 elements, got 2',
  );
});
