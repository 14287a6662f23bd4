// The emitted module from outside: results, errors, the bound form.

import { describe, expect, it } from 'vitest';
import { itReads } from '../target.ts';
import { emit, importText, load, run, sketch } from './programs.ts';

/** (1 - x)^2 + lambda (y - x^2)^2 with its derivatives, written by hand. */
const rosenbrock = () =>
  sketch({
    inputs: { x: {}, y: {}, lambda: { default: 100 } },
    wrt: ['x', 'y'],
    outputs: ({ add, sub, mul, graph }, x) => {
      const u = sub(1, x('x'));
      const v = sub(x('y'), mul(x('x'), x('x')));
      graph.names.set(u, 'u').set(v, 'v');
      return { f: add(mul(u, u), mul(x('lambda'), mul(v, v))) };
    },
    derivatives: ({ add, sub, mul }, x) => {
      const v = sub(x('y'), mul(x('x'), x('x')));
      const k = x('lambda');
      const xx = add(2, mul(mul(4, k), sub(mul(3, mul(x('x'), x('x'))), x('y'))));
      const xy = mul(mul(-4, k), x('x'));
      const yy = mul(2, k);
      return {
        grad: { x: add(mul(-2, sub(1, x('x'))), mul(mul(-4, k), mul(x('x'), v))), y: mul(mul(2, k), v) },
        hessian: { 'x.x': xx, 'x.y': xy, 'y.y': yy },
        hvp: {
          x: add(mul(xx, x('tangent.x')), mul(xy, x('tangent.y'))),
          y: add(mul(xy, x('tangent.x')), mul(yy, x('tangent.y'))),
        },
        jvp: { f: add(mul(x('tangent.x'), mul(-2, sub(1, x('x')))), x('tangent.y')) },
        vjp: { y: mul(x('cotangent.f'), mul(mul(2, k), v)) },
      };
    },
  });

/** [x y, x + y] and its Jacobian. */
const pair = (sparse = false) =>
  sketch({
    inputs: { x: {}, y: {} },
    outputs: ({ add, mul }, x) => ({ r: [mul(x('x'), x('y')), add(x('x'), 3)] }),
    derivatives: ({ constant, mul, add }, x) => ({
      jacobian: { 'r.1.x': x('y'), 'r.1.y': x('x'), 'r.2.x': constant(1) },
      jvp: { 'r.1': add(mul(x('y'), x('tangent.x')), mul(x('x'), x('tangent.y'))), 'r.2': x('tangent.x') },
      vjp: {
        x: add(mul(x('y'), x('cotangent.r.1')), x('cotangent.r.2')),
        y: mul(x('x'), x('cotangent.r.1')),
      },
    }),
    sparse,
  });

const at = { x: 0.5, y: 2 };

describe('functions over records', () => {
  it('give numbers and records of numbers', async () => {
    const f = await load(rosenbrock());
    expect(f.value({ ...at, lambda: 1 })).toBe(0.25 + 1.75 ** 2);
    expect(f.value(at)).toBe(f.value({ ...at, lambda: 100, ignored: 'x' }));
    expect(f.grad(at)).toEqual({ x: -1 - 400 * 0.5 * 1.75, y: 350 });
    expect(f.valueAndGrad(at)).toEqual({ value: f.value(at), grad: f.grad(at) });
    expect(f.hessian(at)).toEqual({ x: { x: -498, y: -200 }, y: { x: -200, y: 200 } });
    expect(f.hvp(at, { x: 1, y: 2 })).toEqual({ x: -898, y: 200 });
    expect(f.jvp(at, { x: 1, y: 2 })).toEqual({ value: f.value(at), tangent: 1 });
    expect(f.vjp(at, 2)).toEqual({ value: f.value(at), grad: { x: 0, y: 700 } });
  });

  it('give typed arrays for tensors', async () => {
    const f = await load(pair());
    expect(f.value(at)).toEqual(Float64Array.of(1, 3.5));
    expect(f.jacobian(at)).toEqual({ x: Float64Array.of(2, 1), y: Float64Array.of(0.5, 0) });
    expect(f.valueAndJacobian(at)).toEqual({ value: f.value(at), jacobian: f.jacobian(at) });
    expect(f.jvp(at, { x: 1, y: 2 })).toEqual({ value: f.value(at), tangent: Float64Array.of(3, 1) });
    expect(f.vjp(at, [1, 10])).toEqual({ value: f.value(at), grad: { x: 12, y: 0.5 } });
  });

  it('give sparse columns', async () => {
    const f = await load(pair(true));
    const { values, rowIndex, colPointer } = f.jacobian(at);
    expect([values, rowIndex, colPointer]).toEqual([
      Float64Array.of(2, 1, 0.5),
      Int32Array.of(0, 1, 0),
      Int32Array.of(0, 2, 3),
    ]);
    const { hessian } = await load({ ...rosenbrock(), derivatives: rosenbrock().derivatives });
    expect(hessian(at).x.y).toBe(-200);
  });

  it('give objects by name for several outputs', async () => {
    const f = await load(
      sketch({
        inputs: { x: {} },
        outputs: ({ mul, sin }, x) => ({ p: mul(x('x'), x('x')), q: [sin(x('x')), x('x')] }),
        derivatives: ({ mul, cos, constant }, x) => ({
          jacobian: { 'p.x': mul(2, x('x')), 'q.1.x': cos(x('x')), 'q.2.x': constant(1) },
          vjp: { x: mul(x('cotangent.p'), x('cotangent.q.2')) },
        }),
      }),
    );
    expect(f.value({ x: 2 })).toEqual({ p: 4, q: Float64Array.of(Math.sin(2), 2) });
    expect(f.jacobian({ x: 2 })).toEqual({ p: { x: 4 }, q: { x: Float64Array.of(Math.cos(2), 1) } });
    expect(f.vjp({ x: 2 }, { p: 3, q: [0, 5] }).grad).toEqual({ x: 15 });
    const J = new Float64Array(3);
    f.bind().jacobian([2], J);
    expect(J).toEqual(Float64Array.of(4, Math.cos(2), 1));
  });
});

describe('mistakes', () => {
  it('name the input', async () => {
    const f = await load(rosenbrock());
    expect(() => f.value({ x: 1 })).toThrow(new TypeError('missing input y'));
    expect(() => f.value({ x: 1, y: '2' })).toThrow(new TypeError('y: expected a number, got string'));
    expect(() => f.value({ x: 1, y: null })).toThrow(new TypeError('y: expected a number, got null'));
    expect(() => f.grad()).toThrow(TypeError);
    expect(() => f.hvp(at, { x: 1 })).toThrow(new TypeError('missing input v.y'));
    expect(() => f.bind({ lambda: [] })).toThrow(new TypeError('lambda: expected a number, got object'));
    expect(() => f.bind().pack({ x: 1 })).toThrow(new TypeError('missing input y'));
    expect(() => f.bind().value([1])).toThrow(new RangeError('theta: expected 2 elements, got 1'));
    expect(() => f.bind().valueAndGrad([1, 2], [])).toThrow(new RangeError('g: expected 2 elements, got 0'));
    const { vjp } = await load(pair());
    expect(() => vjp(at, [1])).toThrow(new RangeError('cotangent: expected 2 elements, got 1'));
    expect(() => vjp(at)).toThrow(new TypeError('missing input cotangent'));
  });

  it('are integers that are not', async () => {
    const f = await load(
      sketch({
        inputs: { x: {}, k: { dtype: 'int' } },
        wrt: ['x'],
        outputs: ({ mul }, x) => ({ f: mul(x('x'), x('k')) }),
      }),
    );
    expect(f.value({ x: 0.5, k: 3 })).toBe(1.5);
    expect(() => f.value({ x: 0.5, k: 2.5 })).toThrow(new TypeError('k: expected an integer, got 2.5'));
    expect(() => f.bind({})).toThrow(new TypeError('missing input k'));
  });
});

describe('bind', () => {
  it('works on flat vectors', async () => {
    const f = (await load(rosenbrock())).bind({ lambda: 1 });
    const theta = f.pack(at);
    const [g, H, out] = [new Float64Array(2), new Float64Array(4).fill(9), new Float64Array(2)];
    expect(f.size).toBe(2);
    expect(theta).toEqual(Float64Array.of(0.5, 2));
    expect(f.unpack(theta)).toEqual(at);
    expect(f.value(theta)).toBe(0.25 + 1.75 ** 2);
    expect(f.valueAndGrad(theta, g)).toBe(f.value(theta));
    expect(g).toEqual(Float64Array.of(-1 - 4 * 0.5 * 1.75, 3.5));
    f.hessian(theta, H);
    expect(H).toEqual(Float64Array.of(2 + 4 * (0.75 - 2), -2, -2, 2));
    f.hvp(theta, [0, 1], out);
    expect(out).toEqual(H.subarray(2));
    f.vjp(theta, [2], out);
    expect(out).toEqual(Float64Array.of(0, 7));
    f.inputs.lambda = 0;
    expect(f.value(theta)).toBe(0.25);
  });

  it('fills arrays for tensors', async () => {
    for (const sparse of [false, true]) {
      const f = (await load(pair(sparse))).bind();
      const [y, J] = [new Float64Array(2), new Float64Array(sparse ? 3 : 4).fill(9)];
      f.valueAndJacobian([0.5, 2], y, J);
      expect(y).toEqual(Float64Array.of(1, 3.5));
      expect(J).toEqual(sparse ? Float64Array.of(2, 1, 0.5) : Float64Array.of(2, 0.5, 1, 0));
    }
  });
});

describe('module formats', () => {
  it('give the same functions', async () => {
    const program = rosenbrock();
    const modules = [
      await importText(emit(program).code),
      run(emit(program, 'cjs').code, 'cjs'),
      run(emit(program, 'iife').code, 'iife'),
    ];
    for (const f of modules) {
      expect(f.value(at)).toBe(modules[0].value(at));
      expect(Object.keys(f).sort()).toEqual(Object.keys(modules[0]).sort());
      expect(f.meta.wrt.join()).toBe('x,y');
    }
  });

  it('are deterministic', () => {
    expect(emit(rosenbrock())).toEqual(emit(rosenbrock()));
  });

  itReads('say what they compute', () => {
    expect(emit(rosenbrock()).operations).toEqual({
      value: 7,
      grad: 10,
      valueAndGrad: 14,
      hessian: 9,
      valueGradAndHessian: 20,
      hvp: 15,
      jvp: 10,
      vjp: 10,
    });
  });

  itReads('look as written by hand', async () => {
    await expect(emit(rosenbrock()).code).toMatchFileSnapshot('../golden/rosenbrock.mjs');
    await expect(emit(rosenbrock()).dts).toMatchFileSnapshot('../golden/rosenbrock.d.mts');
    await expect(emit(pair(true), 'cjs').code).toMatchFileSnapshot('../golden/pair.cjs');
    await expect(emit(pair(), 'iife').code).toMatchFileSnapshot('../golden/pair.js');
  });
});
