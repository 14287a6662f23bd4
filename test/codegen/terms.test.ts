// Derivatives that are sums of terms, dense and sparse: every matrix is compared with its terms scattered by plain loops.

import { describe, expect, test } from 'vitest';
import { emitModule } from '../../src/codegen/module.ts';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { termsOnly } from '../../src/ir/program.ts';
import { namedSize, type Size, subtractSizes } from '../../src/ir/size.ts';
import { expand } from '../../src/rewrite/expand.ts';
import { emitted, load } from '../emitted.ts';
import { itReads } from '../target.ts';
import { run } from './programs.ts';
import { expectClose } from './tensors.ts';
import { along, at, checkTerms, looked, type Made, moduleOf, withTerms } from './terms.ts';

const [n, m] = [namedSize('n'), namedSize('m')];

/** Numbers that are no multiples of each other. */
function numbers(count: number, seed = 1): Float64Array {
  return Float64Array.from({ length: count }, (_, k) => Math.sin(seed + 1.7 * k));
}

const zero = (b: Builder): Node => b.constant(0);

/** The Hessian of |A - U V'|^2 + lambda (|U|^2 + |V|^2): block diagonals, and a full block with a diagonal in it. */
const FACTORIZATION: Made = {
  inputs: { A: 'n x m', U: 'n x 5', V: 'm x 5', lambda: 'scalar' },
  wrt: ['U', 'V'],
  kind: 'hessian',
  output: b => zero(b),
  terms: (b, { A, U, V, lambda }) => {
    const R = b.sub(A, b.contract('ik,jk->ij', U, V));
    const penalty = b.mul(2, lambda);
    const squares = (W: Node, length: Size) =>
      b.broadcast(b.mul(2, b.contract('jk,jl->kl', W, W)), [length, 5, 5]);
    const u = b.reshape(U, [n, 1, 1, 5]);
    const v = b.permute(b.reshape(V, [1, 1, m, 5]), [0, 3, 2, 1]);
    const shape = [n, 5, m, 5];
    const blocks = [along(0), along(1), along(0), along(2)];
    const diagonal = [along(0), along(1), along(0), along(1)];
    return {
      'U.U': [
        { value: squares(V, n), coordinates: blocks },
        { value: b.broadcast(penalty, [n, 5]), coordinates: diagonal },
      ],
      'V.V': [
        { value: b.broadcast(penalty, [m, 5]), coordinates: diagonal },
        { value: squares(U, m), coordinates: blocks },
      ],
      'U.V': [
        {
          value: b.broadcast(b.reshape(b.mul(-2, R), [n, 1, m]), [n, 5, m]),
          coordinates: [along(0), along(1), along(2), along(1)],
        },
        {
          value: b.mul(2, b.mul(b.broadcast(u, shape), b.broadcast(v, shape))),
          coordinates: shape.map((_, axis) => along(axis)),
        },
      ],
    };
  },
};

function factors(rows: number, columns: number) {
  const sizes = { n: rows, m: columns };
  return {
    A: numbers(rows * columns),
    U: numbers(5 * rows, 2),
    V: numbers(5 * columns, 3),
    lambda: 0.3,
    ...sizes,
  };
}

describe('matrix factorisation', () => {
  test.each([
    [0, 0],
    [0, 3],
    [1, 1],
    [1, 4],
    [5, 3],
  ])('%i x %i', async (rows, columns) => {
    await checkTerms(FACTORIZATION, factors(rows, columns));
  });

  test('in single precision', async () => {
    await checkTerms(FACTORIZATION, factors(3, 4), 'f32');
  });

  itReads(
    'the full block comes before what is added to it, in the same loops, and only the rest is cleared',
    () => {
      const { code } = moduleOf(withTerms(FACTORIZATION, 'dense'));
      expect(code.match(/H\.fill/g)).toHaveLength(2);
      expect(code).not.toContain('H.fill(0, 0');
      const body = code.slice(code.indexOf('hessian(theta, H)'));
      expect(body.match(/^ {6}for \(let i/gm)).toHaveLength(3);
    },
  );

  test('the number of elements is a text of sizes', () => {
    const { meta } = moduleOf(withTerms(FACTORIZATION, 'sparse'));
    expect(meta.hessian).toEqual({ form: 'sparse', nonzeros: '50*m*n + 25*m + 25*n' });
  });
});

/** Three diagonals of one block, each of its own length. */
const BAND: Made = {
  inputs: { x: 'n', c: 'n' },
  wrt: ['x'],
  kind: 'hessian',
  output: b => zero(b),
  terms: (b, { x, c }) => {
    const length = subtractSizes(n, 1);
    const next = b.mul(
      b.slice(x, { axis: 0, start: 1, step: 1, length }),
      b.slice(c, { axis: 0, start: 0, step: 1, length }),
    );
    return {
      'x.x': [
        { value: next, coordinates: [along(0), along(0, 1)] },
        { value: b.exp(x), coordinates: [along(0), along(0)] },
        { value: next, coordinates: [along(0, 1), along(0)] },
      ],
    };
  },
};

test.each([1, 2, 5])('a band of a matrix of %i rows', async length => {
  await checkTerms(BAND, { x: numbers(length), c: numbers(length, 4) });
  const { meta, code } = moduleOf(withTerms(BAND, 'sparse'));
  expect(meta.hessian).toEqual({ form: 'sparse', nonzeros: '3*n - 2' });
  expect(code).not.toContain('.fill(0, 0');
});

/** Elements that are gathered: what is sent back stands where the index says, some of it twice. */
const GATHER: Made = {
  inputs: { A: 'n x 2', k: 'm int', c: 'm x 2' },
  wrt: ['A'],
  kind: 'hessian',
  output: b => zero(b),
  terms: (b, { A, k, c }) => ({
    'A.A': [
      { value: b.mul(c, b.gather(A, k, 0)), coordinates: [looked(k, 0), along(1), looked(k, 0), along(1)] },
      { value: b.mul(A, 3), coordinates: [along(0), along(1), along(0), along(1)] },
    ],
  }),
};

describe('gathers', () => {
  test.each([[[2, 1, 2, 2]], [[3]], [[]]])('rows %j', async k => {
    const module = await checkTerms(GATHER, { A: numbers(6), k, c: numbers(2 * k.length), n: 3 });
    expect(module.hessianPattern).toBeUndefined();
  });

  test('an index out of range is told by bind, or by the call', async () => {
    const inputs = { A: numbers(6), k: [1, 4], c: numbers(4), n: 3 };
    const message = 'k: index 4 is out of range 1..3';
    const sparse = await load(moduleOf(withTerms(GATHER, 'sparse')).code);
    expect(() => sparse.bind(inputs)).toThrow(new RangeError(message));
    const f = (await load(moduleOf(withTerms(GATHER, 'dense')).code)).bind(inputs);
    expect(() => f.hessian(f.pack(inputs), new Float64Array(36))).toThrow(new RangeError(message));
  });

  test('the indices that decide the pattern are no longer inputs, and stay as they are', async () => {
    const k = Int32Array.of(1, 1, 3);
    const inputs = { A: numbers(6), k, c: numbers(6), n: 3 };
    const { code, dts } = moduleOf(withTerms(GATHER, 'sparse'));
    const f = (await load(code)).bind(inputs);
    expect(Object.keys(f.inputs)).toEqual(['c']);
    expect(dts).toContain('readonly inputs: { readonly c: Float64Array };');
    expect(code).toContain('The pattern of nonzero elements is made of k, which stay as they are.');
    const values = new Float64Array(f.hessianPattern.rowIndex.length);
    f.hessian(f.pack(inputs), values);
    k.fill(2);
    const again = new Float64Array(values.length);
    f.hessian(f.pack(inputs), again);
    expect(again).toEqual(values);
  });

  test('what a selection leaves out is not looked up', async () => {
    const made: Made = {
      inputs: { x: 'n', k: 'm int', c: 'm' },
      wrt: ['x'],
      kind: 'hessian',
      output: b => zero(b),
      terms: (b, { k, c }) => ({
        'x.x': [{ value: b.select(b.lt(0, c), c, 0), coordinates: [looked(k, 0), looked(k, 0)] }],
      }),
    };
    const f = (await load(moduleOf(withTerms(made, 'dense')).code)).bind({ k: [9, 2], c: [-1, 4], n: 2 });
    const H = new Float64Array(4).fill(Number.NaN);
    f.hessian(new Float64Array(2), H);
    expect(H).toEqual(Float64Array.of(0, 0, 0, 4));
  });

  test('one index for all', async () => {
    const made: Made = {
      inputs: { A: 'n x 3', k: 'scalar int', c: '3' },
      wrt: ['A'],
      kind: 'hessian',
      output: b => zero(b),
      terms: (b, { k, c }) => ({
        'A.A': [{ value: b.exp(c), coordinates: [looked(k), along(0), looked(k), along(0, 2, -1)] }],
      }),
    };
    await checkTerms(made, { A: numbers(12), k: 3, c: numbers(3) });
  });
});

/** The Hessian of a regression: a product that fills its block, with and without more in it, and its edges. */
const REGRESSION: Made = {
  inputs: { X: 'n x d', s: 'n', w: 'd', b: 'scalar', lambda: 'scalar', v: '4' },
  wrt: ['w', 'b', 'v'],
  kind: 'hessian',
  output: b => zero(b),
  terms: (b, { X, s, lambda, v }) => {
    const d = namedSize('d');
    const weighted = b.mul(b.expand(s, [1]), X);
    const outer = b.contract('ij,ik->jk', X, weighted);
    return {
      'w.w': [
        { value: b.broadcast(lambda, [d]), coordinates: [along(0), along(0)] },
        { value: outer, coordinates: [along(0), along(1)] },
      ],
      'w.b': [{ value: b.reduceSum(weighted, [0]), coordinates: [along(0)] }],
      'b.b': [{ value: b.reduceSum(s, [0]), coordinates: [] }],
      'w.v': [
        { value: b.contract('ij,k->jk', X.shape.length === 2 ? weighted : X, v), coordinates: [] },
      ].slice(1),
    };
  },
};

describe('a regression', () => {
  const inputs = (rows: number, columns: number) => {
    const sizes = { n: rows, d: columns };
    return {
      X: numbers(rows * columns),
      s: numbers(rows, 2),
      w: numbers(columns),
      b: 1,
      lambda: 0.5,
      v: numbers(4),
      ...sizes,
    };
  };
  test.each([
    [0, 1],
    [1, 0],
    [4, 3],
    [10, 12],
  ])('%i samples of %i features', async (rows, columns) => {
    await checkTerms(REGRESSION, inputs(rows, columns));
  });

  test('the product is computed where it belongs', () => {
    const { loops } = moduleOf(withTerms(REGRESSION, 'dense'));
    expect(loops!.workspace.map(({ length }) => length)).not.toContain('d*d');
  });
});

test('what is added to a block that is computed in place comes after it, though a loop over its diagonal is open', async () => {
  const made: Made = {
    inputs: { X: 'n x d', w: 'd' },
    wrt: ['w'],
    kind: 'hessian',
    output: b => zero(b),
    terms: (b, { X, w }) => ({
      'w.w': [
        {
          value: b.contract(
            'ij,ik->jk',
            X,
            b.mul(X, b.cumsum(w, { axis: 0, exclusive: false, reverse: false })),
          ),
          coordinates: [along(0), along(1)],
        },
        { value: b.exp(w), coordinates: [along(0), along(0)] },
      ],
    }),
  };
  await checkTerms(made, { X: numbers(6), w: numbers(3) });
});

test('diagonals of other steps, and an index of one element', async () => {
  const made: Made = {
    inputs: { x: '6', u: '3', one: '1', k: '1 int' },
    wrt: ['x'],
    kind: 'hessian',
    output: b => zero(b),
    terms: (_, { u, one, k }) => ({
      'x.x': [
        { value: u, coordinates: [along(0), along(0)] },
        { value: u, coordinates: [along(0, 0, 2), along(0, 0, 2)] },
        { value: u, coordinates: [along(0, 4, -2), along(0, 5, -2)] },
        { value: one, coordinates: [looked(k, 0), at(2)] },
      ],
    }),
  };
  await checkTerms(made, { x: numbers(6), u: numbers(3), one: [2], k: [5] });
  await checkTerms(
    { ...made, terms: (b, x) => ({ 'x.x': made.terms(b, x)['x.x'].slice(0, 3) }) },
    { x: numbers(6), u: numbers(3), one: [2], k: [5] },
  );
});

describe('Jacobians', () => {
  const made: Made = {
    inputs: { x: 'n', y: 'n x 2', z: '3', c: 'n', one: 'scalar' },
    wrt: ['x', 'y', 'z', 'one'],
    kind: 'jacobian',
    output: (_, { c }) => c,
    terms: (b, { x, y, c }) => ({
      'f.x': [
        { value: c, coordinates: [along(0), along(0)] },
        { value: b.broadcast(b.constant(2), [n]), coordinates: [along(0), along(0)] },
      ],
      'f.y': [{ value: b.mul(y, b.expand(x, [1])), coordinates: [along(0), along(0), along(1)] }],
    }),
    values: (b, { x }) => ({ 'f.one': b.sin(x) }),
  };
  test.each([0, 1, 5])(
    'of %i rows: inputs and constants, an absent block, one that is known as a value',
    async length => {
      const sizes = { x: numbers(length), y: numbers(2 * length), c: numbers(length, 5), n: length };
      await checkTerms(made, { ...sizes, z: numbers(3), one: 1 });
    },
  );

  test('zeros are left out', async () => {
    const zeros: Made = {
      inputs: { x: '3' },
      wrt: ['x'],
      kind: 'jacobian',
      output: (_, { x }) => x,
      terms: (b, { x }) => ({
        'f.x': [
          { value: b.broadcast(b.constant(0), [3]), coordinates: [along(0), along(0)] },
          {
            value: b.exp(b.slice(x, { axis: 0, start: 0, step: 1, length: 1 })),
            coordinates: [at(1), at(2)],
          },
        ],
      }),
    };
    const { code, meta } = moduleOf(withTerms(zeros, 'sparse'));
    expect(meta.jacobian).toEqual({ form: 'sparse', nonzeros: 1 });
    expect((await load(code)).jacobianPattern).toEqual({
      rowIndex: Int32Array.of(1),
      colPointer: Int32Array.of(0, 0, 0, 1),
    });
  });
});

describe('patterns that are always the same', () => {
  const band = (length: number): Made => ({
    inputs: { x: String(length) },
    wrt: ['x'],
    kind: 'hessian',
    output: b => zero(b),
    terms: (b, { x }) => {
      const next = b.slice(x, { axis: 0, start: 1, step: 1, length: length - 1 });
      return {
        'x.x': [
          { value: x, coordinates: [along(0), along(0, length - 1, -1)] },
          { value: next, coordinates: [along(0), along(0, 1)] },
        ],
      };
    },
  });

  test('are constants of the module, written out or worked out when it is loaded', async () => {
    for (const length of [1, 2, 5, 1000]) {
      const module = await checkTerms(band(length), { x: numbers(length) });
      expect(module.hessianPattern.colPointer).toHaveLength(length + 1);
      expect(module.bind({}).hessianPattern).toBeUndefined();
    }
    const large = moduleOf(withTerms(band(1000), 'sparse'));
    const larger = moduleOf(withTerms(band(10000), 'sparse'));
    expect(large.code).toContain('function compress(');
    expect(larger.code.length).toBeLessThan(large.code.length + 100);
    expect(moduleOf(withTerms(band(5), 'sparse')).code).not.toContain('function compress(');
  });

  test.each(['cjs', 'iife'] as const)('in the format %s', async format => {
    for (const length of [5, 1000]) {
      const program = expand(termsOnly(withTerms(band(length), 'sparse')));
      const { hessianPattern } = run(emitModule(program, { format, header: 'test' }).code, format);
      const expected = (await load(moduleOf(program).code)).hessianPattern;
      expect(Array.from(hessianPattern.rowIndex)).toEqual(Array.from(expected.rowIndex));
    }
  });

  test('literal indices', async () => {
    const made: Made = {
      inputs: { x: '4', c: '3' },
      wrt: ['x'],
      kind: 'hessian',
      output: b => zero(b),
      terms: (b, { c }) => {
        const index = b.array([3, 1, 3], [3]);
        return { 'x.x': [{ value: c, coordinates: [looked(index, 0), along(0)] }] };
      },
    };
    const module = await checkTerms(made, { x: numbers(4), c: numbers(3) });
    expect(Array.from(module.hessianPattern.rowIndex)).toEqual([2, 0, 2]);
  });
});

describe('the matrix of the normal equations', () => {
  test.each([[''], ['# @dim n = 5'], ['# @dim n = 5\n# @dim m = 3']])(
    'is what the dense one is: %s',
    async sizes => {
      const text = `${sizes}\n# @input x: n\n# @input k: m int\n# @wrt x\nx[k] .* x[2:4] - exp(x[1:3])`;
      const inputs = { x: numbers(5), k: [2, 5, 2] };
      for (const unroll of [0, 400]) {
        const dense = (await emitted(text, { gaussNewton: true, unroll })).gaussNewton(inputs);
        const { matrix, cost } = (await emitted(text, { gaussNewton: 'sparse', unroll })).gaussNewton(inputs);
        const spread = new Float64Array(25);
        for (let j = 0; j < 5; j++) {
          for (let k = matrix.colPointer[j]; k < matrix.colPointer[j + 1]; k++) {
            spread[matrix.rowIndex[k] * 5 + j] = matrix.values[k];
          }
        }
        expectClose(spread, dense.matrix.x.x);
        expect(cost).toBe(dense.cost);
      }
    },
  );
});
