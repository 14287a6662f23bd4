// Modules whose functions over records go through `bind`: the same answers as small ones, every kind of result.

import { describe, expect, it } from 'vitest';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { itReads } from '../target.ts';
import { emit, importText, load, reference, type Sketch, sketch } from './programs.ts';

/** sin applied `depth` times to x + k y: long, and its derivative is easily a node too. */
function tower({ sin, add, mul }: Builder, x: Node, y: Node, depth: number): Node {
  let value = add(x, y);
  for (let i = 0; i < depth; i++) value = add(sin(mul(value, 1 + i / 1000)), y);
  return value;
}

const many = (depth: number, sparse = false): Sketch => ({
  inputs: { x: {}, y: { default: 0.25 }, k: { default: 2 } },
  wrt: ['x', 'y'],
  outputs: (b, x) => ({ p: tower(b, x('x'), x('k'), depth), q: [x('y'), tower(b, x('y'), x('x'), 3)] }),
  derivatives: (b, x) => ({
    jacobian: { 'p.x': b.cos(tower(b, x('x'), x('k'), depth)), 'q.2.y': x('k') },
    jvp: { p: b.mul(x('tangent.x'), x('k')), 'q.2': x('tangent.y') },
    vjp: { x: b.mul(x('cotangent.p'), x('cotangent.q.2')) },
  }),
  sparse,
});

const one = (depth: number, sparse = false): Sketch => ({
  inputs: { x: {}, y: { default: 0.25 } },
  outputs: (b, x) => ({ f: tower(b, x('x'), x('y'), depth) }),
  derivatives: (b, x) => ({
    grad: { y: b.cos(tower(b, x('x'), x('y'), depth)) },
    hessian: { 'x.x': x('y'), 'x.y': b.exp(x('x')) },
    hvp: { x: b.mul(x('tangent.x'), x('y')), y: x('tangent.y') },
    vjp: { x: b.mul(x('cotangent.f'), x('x')) },
    jvp: { f: b.mul(x('tangent.x'), 3) },
  }),
  sparse,
});

/** What every function over records gives. */
function results(f: Record<string, (...args: unknown[]) => unknown>, isScalar: boolean): unknown {
  const at = { x: 0.5 };
  const v = { x: 1, y: 2 };
  return isScalar
    ? [f.value(at), f.grad(at), f.valueAndGrad(at), f.hessian(at), f.hvp(at, v), f.jvp(at, v), f.vjp(at, 3)]
    : [f.value(at), f.jacobian(at), f.valueAndJacobian(at), f.jvp(at, v), f.vjp(at, { p: 2, q: [3, 4] })];
}

describe('large modules', () => {
  it('answer as their nodes do', async () => {
    for (const depth of [3, 300, 3000]) {
      const program = sketch(one(depth));
      const f = await load(program);
      const [value, gy] = reference(
        [program.outputs[0].elements[0], program.derivatives[0].values.get('y')!],
        { x: 0.5, y: 0.25 },
      );
      const e = Math.exp(0.5);
      expect(results(f, true)).toEqual([
        value,
        { x: 0, y: gy },
        { value, grad: { x: 0, y: gy } },
        { x: { x: 0.25, y: e }, y: { x: e, y: 0 } },
        { x: 0.25, y: 2 },
        { value, tangent: 3 },
        { value, grad: { x: 1.5, y: 0 } },
      ]);
    }
  });

  it('give records and arrays of several outputs', async () => {
    for (const depth of [3, 300, 3000]) {
      const program = sketch(many(depth));
      const [p, q1, q2, px] = reference(
        [...program.outputs.flatMap(({ elements }) => elements), program.derivatives[0].values.get('p.x')!],
        { x: 0.5, y: 0.25, k: 2 },
      );
      const value = { p, q: Float64Array.of(q1, q2) };
      const jacobian = { p: { x: px, y: 0 }, q: { x: new Float64Array(2), y: Float64Array.of(0, 2) } };
      expect(results(await load(program), false)).toEqual([
        value,
        jacobian,
        { value, jacobian },
        { value, tangent: { p: 2, q: Float64Array.of(0, 2) } },
        { value, grad: { x: 8, y: 0 } },
      ]);
    }
  });

  it('give sparse columns', async () => {
    for (const depth of [3, 300]) {
      const { hessian } = await load(sketch(one(depth, true)));
      expect(hessian({ x: 0 })).toEqual({
        values: Float64Array.of(0.25, 1, 1),
        rowIndex: Int32Array.of(0, 1, 0),
        colPointer: Int32Array.of(0, 2, 3),
      });
      const { jacobian } = await load(sketch(many(depth, true)));
      expect(jacobian({ x: 0 }).rowIndex).toEqual(Int32Array.of(0, 2));
    }
  });

  it('need no inputs where all have defaults', async () => {
    for (const depth of [3, 300]) {
      const f = await load(
        sketch({
          inputs: { x: { default: 1 }, k: { default: 2 } },
          wrt: ['x'],
          outputs: (b, x) => ({ f: tower(b, x('x'), x('k'), depth) }),
        }),
      );
      expect(f.value()).toBe(f.value({ x: 1 }));
      expect(f.bind().value(f.bind().pack())).toBe(f.value({ k: 2 }));
      const constant = await load(sketch({ inputs: {}, outputs: b => ({ f: b.constant(3) }) }));
      expect([constant.value(), constant.bind().value([])]).toEqual([3, 3]);
    }
  });

  itReads('say the formula once', async () => {
    await expect(emit(sketch(one(150))).code).toMatchFileSnapshot('../golden/large.mjs');
    const { code } = emit(sketch(one(3000)));
    const f = await importText(code);
    expect(() => f.grad({})).toThrow(new TypeError('missing input x'));
    expect(() => f.hvp({ x: 1 }, { x: 1 })).toThrow(new TypeError('missing input v.y'));
  });
});
