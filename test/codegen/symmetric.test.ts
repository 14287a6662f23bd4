// Contractions with a symmetric result: which are known to be, and that one triangle of each gives the whole.

import { describe, expect, test } from 'vitest';
import { symmetryOf } from '../../src/codegen/loops/symmetry.ts';
import { compile } from '../../src/index.ts';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { load } from '../load.ts';
import { isWasm, itReads } from '../target.ts';
import { checkLoops, emitted, programOf } from './tensors.ts';

const ramp = (n: number, from = 0.3, step = 0.37) =>
  Float64Array.from({ length: n }, (_, i) => Math.sin(from + step * i));

type Inputs = Readonly<Record<string, Node>>;

describe('what is symmetric', () => {
  const isSymmetric = (build: (b: Builder, x: Inputs) => Node): boolean => {
    let product: Node | undefined;
    programOf({ X: 'n x 9', Y: 'n x 9', s: 'n', t: 'n', v: '9', T: 'k x n x 9' }, (b, x) => {
      product = build(b, x);
      return { product };
    });
    if (product?.op !== 'contract') throw new TypeError('no contraction');
    return symmetryOf(product) !== undefined;
  };
  const column = (b: Builder, s: Node) => b.expand(s, [1]);

  test.each<[string, (b: Builder, x: Inputs) => Node]>([
    ["X' X", (b, { X }) => b.contract('ki,kj->ij', X, X)],
    ["X X'", (b, { X }) => b.contract('ik,jk->ij', X, X)],
    ["(X' X)'", (b, { X }) => b.contract('ki,kj->ji', X, X)],
    ["X' diag(s) X", (b, { X, s }) => b.contract('ki,kj->ij', X, b.mul(column(b, s), X))],
    [
      "X' diag(s t) X",
      (b, { X, s, t }) => b.contract('ki,kj->ij', b.mul(column(b, t), X), b.mul(column(b, s), X)),
    ],
    [
      'under views',
      (b, { X, s }) =>
        b.contract('ik,kj->ij', b.permute(X, [1, 0]), b.permute(b.mul(b.permute(X, [1, 0]), s), [1, 0])),
    ],
    [
      'of products',
      (b, { X, Y, s }) => b.contract('ki,kj->ij', b.mul(X, Y), b.mul(Y, b.mul(column(b, s), X))),
    ],
    ['of functions', (b, { X, s }) => b.contract('ki,kj->ij', b.exp(X), b.mul(b.exp(X), column(b, s)))],
    ['one for each k', (b, { T }) => b.contract('kni,knj->kij', T, T)],
  ])('%s', (_, build) => expect(isSymmetric(build)).toBe(true));

  test.each<[string, (b: Builder, x: Inputs) => Node]>([
    ["X' Y", (b, { X, Y }) => b.contract('ki,kj->ij', X, Y)],
    ["X' exp(X)", (b, { X }) => b.contract('ki,kj->ij', X, b.exp(X))],
    ["X' X diag(v)", (b, { X, v }) => b.contract('ki,kj->ij', X, b.mul(X, v))],
    ['X X', (b, { X }) => b.contract('ik,kj->ij', b.slice(X, { axis: 0, start: 0, step: 1, length: 9 }), X)],
    [
      'of columns in another order',
      (b, { X }) => b.contract('ki,kj->ij', X, b.slice(X, { axis: 1, start: 8, step: -1, length: 9 })),
    ],
    [
      'of fewer columns',
      (b, { X }) => b.contract('ki,kj->ij', X, b.slice(X, { axis: 1, start: 0, step: 1, length: 8 })),
    ],
    ['of powers', (b, { X }) => b.contract('ki,kj->ij', b.mul(X, X), X)],
    ['of a vector and a matrix', (b, { X, s }) => b.contract('ki,k->i', X, s)],
  ])('not %s', (_, build) => expect(isSymmetric(build)).toBe(false));
});

describe('the kernel', () => {
  const forms = ['ki,kj->ij', 'ki,kj->ji', 'ik,jk->ij', 'ik,jk->ji', 'ki,jk->ij', 'ik,kj->ij'];
  test.each(forms)('%s', async form => {
    const [first, second] = form.split(',');
    for (const [rows, inner] of [
      [11, 8],
      [12, 9],
      [13, 130],
      [130, 20],
    ]) {
      const isTransposed = (own: string) => own[0] !== 'k';
      const program = programOf({ X: 'n x m', s: 'n' }, (b, { X, s }) => {
        const of = (x: Node, own: string) => (isTransposed(own) ? b.permute(x, [1, 0]) : x);
        const weighted = b.mul(b.expand(s, [1]), X);
        return {
          plain: b.contract(form, of(X, first), of(X, second)),
          left: b.contract(form, of(weighted, first), of(X, second)),
          right: b.contract(form, of(X, first), of(weighted, second)),
        };
      });
      const code = await checkLoops(program, { X: ramp(rows * inner), s: ramp(inner, 0.1) });
      if (isWasm) continue;
      expect(code.match(/^ +gram\(/gm)?.length).toBeGreaterThanOrEqual(3);
      expect(code).not.toMatch(/ product\(/);
    }
  });
  test.each([
    [0, 3],
    [3, 0],
    [1, 1],
    [2, 1],
    [1, 2],
    [3, 127],
    [4, 128],
    [5, 129],
    [126, 2],
    [127, 2],
    [253, 3],
  ])('%i rows, sums of %i', async (rows, inner) => {
    const program = programOf({ X: 'n x m', s: 'n' }, (b, { X, s }) => ({
      H: b.contract('ki,kj->ij', X, b.mul(b.expand(s, [1]), X)),
    }));
    await checkLoops(program, { X: ramp(rows * inner), s: ramp(inner, 0.1), n: inner, m: rows });
  });
  test('what it reads and writes are strided', async () => {
    const program = programOf({ X: '40 x 30', s: '40' }, (b, { X, s }) => {
      const odd = (x: Node, axis: number) => b.slice(x, { axis, start: 1, step: 2, length: 12 });
      const part = odd(odd(X, 0), 1);
      return { r: b.tanh(b.contract('ki,kj->ij', b.mul(b.expand(odd(s, 0), [1]), part), part)) };
    });
    const code = await checkLoops(program, { X: ramp(1200), s: ramp(40) });
    if (!isWasm) expect(code).toContain(' gram(');
  });
  test('weights and factors that are computed are stored, but not their product', async () => {
    const program = programOf({ X: 'n x 12', s: 'n' }, (b, { X, s }) => ({
      r: b.contract('ki,kj->ij', b.exp(X), b.mul(b.exp(X), b.expand(b.tanh(s), [1]))),
    }));
    const code = await checkLoops(program, { X: ramp(12 * 7), s: ramp(7) });
    if (!isWasm) expect(code.match(/new Float64Array\(12 \* n\)/g)?.length).toBe(1);
  });
  test('several weights, and weights of a single number', async () => {
    const program = programOf({ X: 'n x 12', s: 'n', t: 'n', c: 'scalar' }, (b, { X, s, t, c }) => ({
      two: b.contract('ki,kj->ij', b.mul(X, b.expand(t, [1])), b.mul(X, b.expand(s, [1]))),
      one: b.contract('ki,kj->ij', X, b.mul(c, X)),
    }));
    await checkLoops(program, { X: ramp(12 * 7), s: ramp(7), t: ramp(7, 0.2), c: 0.7 });
  });
  // Four numbers at a time are added in single precision.
  const TOLERANCE = isWasm ? 1e-5 : 1e-7;
  test('single precision adds doubles, where it is not in lanes', async () => {
    const program = programOf({ X: 'n x 12', s: 'n' }, (b, { X, s }) => ({
      r: b.contract('ki,kj->ij', X, b.mul(b.expand(s, [1]), X)),
    }));
    const [X, s] = [ramp(12 * 1000), ramp(1000)].map(each => new Float32Array(each));
    const module = await load(emitted(program, 'f32'));
    const r = (module as { value: (inputs: unknown) => Float32Array }).value({ X, s });
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 12; j++) {
        let sum = 0;
        for (let k = 0; k < 1000; k++) sum += X[12 * k + i] * s[k] * X[12 * k + j];
        expect(Math.abs(r[12 * i + j] - sum)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(sum)));
      }
    }
  });
});

itReads('the Hessian of a regression stores no second matrix of samples', () => {
  const text = [
    '# @input X: n x 30\n# @input y: n\n# @input w: 30\n# @input b: scalar\n# @wrt w, b',
    'z = X * w + b',
    'mean(softplus(z) - y .* z) + dot(w, w)',
  ].join('\n');
  const { code } = compile(text, { hessian: true });
  expect(code).toMatch(/ gram\(30, n, /);
  const lengths = [...code.matchAll(/^ {2}const \w+ = new Float64Array\((.*)\);/gm)].map(
    ([, length]) => length,
  );
  expect(lengths).toContain('n');
  expect(lengths.filter(length => /\bn\b/.test(length) && length !== 'n')).toEqual([]);
});

describe('plain loops', () => {
  test.each(['ki,kj->ij', 'ki,kj->ji', 'ik,kj->ij', 'ik,jk->ij', 'ik,jk->ji'])('%s', async form => {
    const [first, second] = form.split(',');
    for (const side of [1, 2, 3, 4, 5, 9, 10]) {
      const program = programOf({ X: `n x ${side}`, s: 'n' }, (b, { X, s }) => {
        const of = (x: Node, own: string) => (own[0] === 'k' ? x : b.permute(x, [1, 0]));
        const weighted = b.mul(b.expand(b.exp(s), [1]), X);
        const product = b.contract(form, of(weighted, first), of(X, second));
        return { r: product, t: b.tanh(b.contract('ij,jk->ik', product, product)) };
      });
      for (const n of [0, 1, 2, 7]) {
        await checkLoops(program, { X: ramp(n * side), s: ramp(n, 0.1), n });
      }
    }
  });
  test('only one triangle is added up', async () => {
    const program = programOf({ X: 'n x 10' }, (b, { X }) => ({ r: b.contract('ki,kj->ij', X, X) }));
    const code = await checkLoops(program, { X: ramp(70) });
    if (isWasm) return;
    expect(code.match(/ \+= t\d+ \* t\d+;/g)?.length).toBe(55);
    expect(code).toMatch(/for \(let j = i; j < 10; j\+\+\)/);
  });
  test('sums in variables', async () => {
    const program = programOf({ X: 'n x 4' }, (b, { X }) => ({ r: b.tanh(b.contract('ki,kj->ij', X, X)) }));
    const code = await checkLoops(program, { X: ramp(28) });
    if (!isWasm) expect(code.match(/let sum\d* = 0;/g)?.length).toBe(10);
  });
  test('one for each element of a batch, outside and inside', async () => {
    for (const form of ['bki,bkj->bij', 'kbi,kbj->bij', 'kib,kjb->ijb', 'kib,kjb->bji']) {
      for (const [batch, sum, side] of [
        ['n', '3', '4'],
        ['2', 'n', '3'],
        ['n', '9', '12'],
        ['20', 'n', '20'],
      ]) {
        const size = { b: batch, k: sum, i: side };
        const shape = [...form.split(',')[0]].map(letter => size[letter as 'b']);
        const program = programOf({ X: shape.join(' x ') }, (b, { X }) => ({
          r: b.contract(form, X, X),
          t: b.reduceSum(b.exp(b.contract(form, X, b.mul(2, X)))),
        }));
        const count = shape.reduce((product, each) => product * (each === 'n' ? 3 : Number(each)), 1);
        await checkLoops(program, { X: ramp(count, 0.3, 0.037) });
      }
    }
  });
});
