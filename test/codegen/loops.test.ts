// Loops: every operation on tensors, stored or inline, fused or not, against the reference evaluator.

import { describe, expect, test } from 'vitest';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { emitted } from '../emitted.ts';
import { load } from '../load.ts';
import { isWasm } from '../target.ts';
import { checkLoops, emitted as emittedLoops, expectClose, programOf } from './tensors.ts';

const ramp = (n: number, from = 0.3, step = 0.37) =>
  Float64Array.from({ length: n }, (_, i) => Math.sin(from + step * i));

describe('loops', () => {
  test('matrix times vector, summed', async () => {
    const program = programOf({ X: 'n x 3', w: '3', y: 'n' }, (b, { X, w, y }) => {
      const z = b.contract('ij,j->i', X, w);
      return { loss: b.reduceSum(b.sub(b.softplus(z), b.mul(y, z))) };
    });
    const code = await checkLoops(program, { X: ramp(15), w: ramp(3), y: ramp(5) });
    if (isWasm) return;
    expect(code).toContain('for (let i = 0; i < n; i++)');
    expect(code.match(/new Float64Array/g)?.length ?? 0).toBeLessThan(3);
  });
  test('elementwise with broadcasting', async () => {
    await checkLoops(
      programOf({ A: '3 x 4', v: '4', s: 'scalar' }, (b, { A, v, s }) => ({
        r: b.exp(b.mul(s, b.add(A, v))),
      })),
      {
        A: ramp(12),
        v: ramp(4),
        s: 0.7,
      },
    );
  });
  test('transposes, slices, reshapes', async () => {
    await checkLoops(
      programOf({ A: 'n x 4' }, (b, { A }) => ({
        t: b.permute(A, [1, 0]),
        s: b.slice(A, { axis: 1, start: 3, step: -2, length: 2 }),
        f: b.reshape(A, [b.graph.nodes[0].shape[0], 2, 2]),
        g: b.exp(b.reshape(b.permute(b.exp(A), [1, 0]), A.shape)),
      })),
      { A: ramp(12) },
    );
  });
  test('what an unrolled loop knows is not asked again', async () => {
    const program = programOf({ v: '3', w: '3' }, (b, { v, w }) => ({
      r: b.reduceSum(b.select(b.lt(b.iota(3), 1), b.exp(v), b.mul(w, w))),
    }));
    const code = await checkLoops(program, { v: ramp(3), w: ramp(3) });
    if (!isWasm) expect(code).not.toMatch(/\d < 1\b/);
  });
  test('counts that are stored', async () => {
    const program = programOf({ v: '6', A: '100 x 10' }, (b, { v, A }) => ({
      r: b.add(b.reshape(b.iota(6), [2, 3]), b.element(v, 0)),
      p: b.contract('ij,jk->ik', b.reshape(b.iota(1000), [10, 100]), A),
    }));
    await checkLoops(program, { v: ramp(6), A: ramp(1000) });
  });
  test('pad, concat, diagonal', async () => {
    await checkLoops(
      programOf({ A: '3 x 3', v: '3' }, (b, { A, v }) => ({
        p: b.pad(v, { axis: 0, start: 1, step: 2, length: 7 }),
        q: b.pad(v, { axis: 0, start: 4, step: -1, length: 6 }),
        c: b.concat(0, [v, b.exp(v), b.diagonal(A)]),
        d: b.concat(1, [A, b.mul(2, A)]),
      })),
      { A: ramp(9), v: ramp(3) },
    );
  });
  test('reductions over each axis', async () => {
    for (const axes of [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]]) {
      await checkLoops(
        programOf({ A: '2 x 3 x 4' }, (b, { A }) => ({
          sum: b.reduceSum(b.mul(A, A), axes),
          prod: b.reduceProd(A, axes),
          max: b.reduceMax(A, axes),
          min: b.reduceMin(A, axes),
          norm: b.norm(A, axes),
          lse: b.reduceLogsumexp(A, axes),
          any: b.real(b.any(b.lt(0.9, A), axes)),
          argmax: b.argmax(A, axes),
          argmin: b.argmin(A, axes),
        })),
        { A: ramp(24) },
      );
    }
  });
  test('scans', async () => {
    for (const exclusive of [false, true]) {
      for (const reverse of [false, true]) {
        for (const axis of [0, 1]) {
          await checkLoops(
            programOf({ A: '3 x 4' }, (b, { A }) => ({
              s: b.cumsum(A, { axis, exclusive, reverse }),
              p: b.mul(
                b.cumprod(A, { axis, exclusive, reverse }),
                b.cumsum(A, { axis, exclusive, reverse: !reverse }),
              ),
            })),
            { A: ramp(12) },
          );
        }
      }
    }
  });
  test('gather and scatter', async () => {
    await checkLoops(
      programOf({ A: '4 x 3', k: 'm int', g: 'm x 3' }, (b, { A, k, g }) => ({
        rows: b.gather(A, k, 0),
        sum: b.scatterAdd(b.mul(2, g), k, 0, 4),
        columns: b.gather(A, b.add(b.iota(2), 2), 1),
      })),
      { A: ramp(12), k: [4, 1, 1, 2, 4], g: ramp(15) },
    );
  });
  test('matrix products of all forms, small and with kernels', async () => {
    for (const [p, q, r] of [
      [2, 3, 4],
      [8, 9, 10],
      [13, 17, 11],
    ]) {
      for (const [text, x, y] of [
        ['ab,bc->ac', `${p} x ${q}`, `${q} x ${r}`],
        ['ba,bc->ac', `${q} x ${p}`, `${q} x ${r}`],
        ['ab,cb->ac', `${p} x ${q}`, `${r} x ${q}`],
        ['ba,cb->ac', `${q} x ${p}`, `${r} x ${q}`],
        ['ab,bc->ca', `${p} x ${q}`, `${q} x ${r}`],
      ]) {
        await checkLoops(
          programOf({ A: x, B: y }, (b, { A, B }) => ({ C: b.tanh(b.contract(text, b.exp(A), B)) })),
          { A: ramp(p * q), B: ramp(q * r, 0.1) },
        );
      }
    }
  });
  test('batched and chained contractions', async () => {
    await checkLoops(
      programOf({ Q: 'k x 3 x 3', X: 'n x 3', m: 'k x 3' }, (b, { Q, X, m }) => {
        const d = b.sub(b.expand(X, [1]), m); // n k 3
        const q = b.contract('kij,nkj->nki', Q, d);
        const s = b.reduceSum(b.mul(q, q), [2]);
        return { f: b.reduceSum(b.reduceLogsumexp(b.mul(-0.5, s), [1])) };
      }),
      { Q: ramp(18), X: ramp(15), m: ramp(6) },
    );
  });
  test('selections compute one side', async () => {
    await checkLoops(
      programOf({ v: 'n', k: 'n int' }, (b, { v, k }) => ({
        s: b.select(b.lt(v, 0), b.exp(b.mul(v, v)), b.sqrt(v)),
        g: b.select(b.le(k, 3), b.mul(b.gather(v, k, 0), b.exp(b.gather(v, k, 0))), 0),
      })),
      { v: ramp(5), k: [1, 9, 3, 2, 7] },
    );
  });
  test('empty and single', async () => {
    const program = programOf({ X: 'n x 3', w: '3' }, (b, { X, w }) => {
      const z = b.contract('ij,j->i', X, w);
      return {
        s: b.reduceSum(z),
        m: b.reduceMax(z),
        p: b.reduceProd(z),
        l: b.reduceLogsumexp(z),
        n: b.norm(z),
        c: b.reduceSum(X, [0]),
      };
    });
    await checkLoops(program, { X: new Float64Array(0), w: ramp(3) });
    await checkLoops(program, { X: ramp(3), w: ramp(3) });
  });
});

describe('sums of nothing', () => {
  test('are 0 whatever is not there', async () => {
    // Along the axis of length 0 nothing changes, but log1p(-3) must not be counted 0 times.
    const program = programOf({ x: '3' }, (b, { x }) => {
      const nothing = b.slice(b.reshape(b.log1p(x), [1, 3]), { axis: 0, start: 0, step: 1, length: 0 });
      return { sum: b.reduceSum(nothing, [0]), norm: b.norm(nothing, [0]) };
    });
    await checkLoops(program, { x: [-3, 0, Infinity] });
  });
});

describe('sums over an axis of length 0 are written', () => {
  const none = (b: Builder, x: Node, axis: number) => b.slice(x, { axis, start: 0, step: 1, length: 0 });
  const SUMS: Readonly<Record<string, (b: Builder, x: Node) => Node>> = {
    'along the first axis': (b, x) => b.reduceSum(none(b, b.sin(x), 0), [0]),
    'along the second axis': (b, x) => b.reduceSum(none(b, b.sin(x), 1), [1]),
    'along the last axis': (b, x) => b.reduceSum(none(b, b.sin(x), 2), [2]),
    'of products': (b, x) => b.contract('kab,kac->bc', none(b, x, 0), none(b, b.cos(x), 0)),
  };
  test.each(Object.keys(SUMS))('%s', async name => {
    const program = programOf({ x: '3 x 3 x 3' }, (b, { x }) => ({ f: SUMS[name](b, x) }));
    const f = (await load(emittedLoops(program))).bind({ x: ramp(27) });
    const y = new Float64Array(9).fill(5); // what an earlier call may have left
    f.value(new Float64Array(0), y);
    expect([...y]).toEqual(new Array(9).fill(0));
  });
});

test('four sums at a time read four elements, inside of selections too', async () => {
  const [c, P] = [
    [1, 2, 3],
    [1, 0, 2, 3, 1, 1, 2, 2, 1, 0.5, 1, 1, 1, 2, 3],
  ];
  const source = "# @input c: 3\n# @input P: n x 3\n# @wrt c\nnorm((outer(c, c) * P')[1, :])"; // c[1] norm(P c)
  const { grad } = (await emitted(source, { optimize: 0, hessian: true })).valueAndGrad({ c, P });
  const rows = Array.from({ length: 5 }, (_, i) => P.slice(3 * i, 3 * i + 3));
  const products = rows.map(row => row[0] * c[0] + row[1] * c[1] + row[2] * c[2]);
  const norm = Math.hypot(...products);
  const slopes = [0, 1, 2].map(k => rows.reduce((sum, row, i) => sum + products[i] * row[k], 0) / norm);
  expectClose(grad.c, [norm + slopes[0], slopes[1], slopes[2]]);
});

describe('norm of what is not finite', () => {
  test.each([
    [[NaN, 1, Infinity], NaN],
    [[-Infinity, 1, Infinity], Infinity],
  ])('%j', async (v, value) => {
    for (const unroll of [0, 1000]) {
      expect((await emitted('# @input v: 3\nnorm(v)', { unroll })).value({ v })).toBe(value);
    }
  });
});

describe('logsumexp beside infinities', () => {
  test.each([
    { v: [Infinity, 1000], value: Infinity, grad: [1, 0] },
    { v: [-Infinity, -Infinity], value: -Infinity, grad: [0, 0] },
    { v: [-Infinity, 3], value: 3, grad: [0, 1] },
    { v: [1000, 0], value: 1000, grad: [1, 0] },
  ])('$v', async ({ v, value, grad }) => {
    const f = await emitted('# @input v: 2\nlogsumexp(v)', { unroll: 0 });
    expect(f.valueAndGrad({ v })).toEqual({ value, grad: { v: Float64Array.from(grad) } });
  });
});

describe('accesses that are not selected', () => {
  const v = [1, 2, 3, 4, 5];
  test('are not read, and their adjoints not written', async () => {
    const one = await emitted('# @input v: n\n# @input k: scalar int\n# @wrt v\nk > 3 ? 0 : v[k]^2');
    expect(one.valueAndGrad({ v, k: 7 })).toEqual({ value: 0, grad: { v: new Float64Array(5) } });
    expect(() => one.value({ v, k: 0 })).toThrow(/^k: .*0/);
    const many = await emitted('# @input v: n\n# @input k: m int\n# @wrt v\nsum(where(k > 3, 0, v[k].^2))');
    const { value, grad } = many.valueAndGrad({ v, k: [7, 1, 2, 1, 9] });
    expect(value).toBe(6);
    expect([...grad.v]).toEqual([4, 4, 0, 0, 0]);
  });
});

describe('long chains', () => {
  const chain = (step: (i: number) => string) => Array.from({ length: 3000 }, (_, i) => step(i)).join('\n');
  test('of tensors, scalars and selections compile on the default stack', async () => {
    const tensors = await emitted(
      `# @input x: n\na = x\n${chain(i => `a = 0.99 * a + ${i % 7} * x`)}\nsum(a)`,
    );
    const scalars = await emitted(
      `# @input x: n\na = sum(x)\n${chain(i => `a = 0.99 * a + ${i % 7} * x[1]`)}\na`,
    );
    let expected = 1;
    for (let i = 0; i < 3000; i++) expected = 0.99 * expected + (i % 7);
    expect(tensors.value({ x: [1, 2] })).toBeCloseTo(3 * expected, 7);
    expect(scalars.value({ x: [1] })).toBeCloseTo(expected, 7);
    const selections = await emitted(
      `# @input x: n\na = sum(x)\n${chain(i => `a = a > ${i} ? a + 1 : 0.5 * a`)}\na`,
    );
    let chosen = 3;
    for (let i = 0; i < 3000; i++) chosen = chosen > i ? chosen + 1 : 0.5 * chosen;
    expect(selections.value({ x: [1, 2] })).toBeCloseTo(chosen, 9);
  });
});
