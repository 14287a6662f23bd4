// Gradient, Jacobian, Hessian, their products and higher orders against closed forms, through emitted code and through the
// transforms of the library.

import { describe, expect, it } from 'vitest';
import {
  compile,
  evaluate,
  gradient,
  hessian,
  hvp,
  jacobian,
  jvp,
  parse,
  SymgradError,
  vjp,
} from '../../src/index.ts';
import { emitted, load } from '../emitted.ts';

describe('any order, by composing gradients', () => {
  const derivative = (text: string, order: number, x: number): number => {
    let program = parse(text);
    for (let n = 0; n < order; n++) program = gradient(program, ['x']);
    return evaluate(program, { x }).outputs.x as number;
  };
  const { sin, cos, exp, cosh, sinh, tanh } = Math;

  // biome-ignore format: a table
  it.each([
    ['sin(x)', (x: number) => [cos(x), -sin(x), -cos(x), sin(x)]],
    ['exp(2 * x)', (x: number) => [2, 4, 8, 16].map(k => k * exp(2 * x))],
    ['x^5', (x: number) => [5 * x ** 4, 20 * x ** 3, 60 * x ** 2, 120 * x]],
    ['1 / x', (x: number) => [-1 / x ** 2, 2 / x ** 3, -6 / x ** 4, 24 / x ** 5]],
    ['log(x)', (x: number) => [1 / x, -1 / x ** 2, 2 / x ** 3, -6 / x ** 4]],
    ['sqrt(x)', (x: number) => [x ** -0.5 / 2, -(x ** -1.5) / 4, (3 * x ** -2.5) / 8, (-15 * x ** -3.5) / 16]],
    ['cosh(x)', (x: number) => [sinh(x), cosh(x), sinh(x), cosh(x)]],
    ['tanh(x)', (x: number) => { const t = tanh(x), s = 1 - t * t; return [s, -2 * t * s, s * (6 * t * t - 2), s * t * (16 - 24 * t * t)]; }],
    ['x * exp(x)', (x: number) => [1, 2, 3, 4].map(k => (x + k) * exp(x))],
    ['x^2 * log(x)', (x: number) => [2 * x * Math.log(x) + x, 2 * Math.log(x) + 3, 2 / x, -2 / x ** 2]],
  ])('%s to order 4', (text, expected) => {
    for (const x of [0.3, 0.9, 1.7]) {
      for (const [i, value] of expected(x).entries()) {
        expect(derivative(text, i + 1, x) / value, `order ${i + 1} at ${x}`).toBeCloseTo(1, 11);
      }
    }
  });

  it('sin(x)/x to order 4 at 0: the Taylor coefficients of the sinc function', () => {
    expect([1, 2, 3, 4].map(order => derivative('sin(x) / x', order, 0))).toEqual([
      expect.closeTo(0, 15),
      expect.closeTo(-1 / 3, 15),
      expect.closeTo(0, 15),
      expect.closeTo(1 / 5, 15),
    ]);
  });
});

describe('transforms of programs', () => {
  const f = parse('x^2 * y + sin(y)');
  const at = { x: 2, y: 3 };

  it('gradient, jacobian and hessian', () => {
    expect(evaluate(gradient(f), at).outputs).toEqual({ x: 12, y: 4 + Math.cos(3) });
    expect(evaluate(hessian(f), at).outputs).toEqual({ x_x: 6, x_y: 4, y_x: 4, y_y: -Math.sin(3) });
    const g = parse('# @output p, q\np = x * y\nq = x - y');
    expect(evaluate(jacobian(g), at).outputs).toEqual({ p_x: 3, p_y: 2, q_x: 1, q_y: -1 });
    expect(evaluate(jacobian(parse('[x * y, x]')), at).outputs).toEqual({
      value_x: Float64Array.of(3, 1),
      value_y: Float64Array.of(2, 0),
    });
  });

  it('products take their tangents and cotangents as further inputs', () => {
    expect(evaluate(hvp(f), { ...at, tangent_x: 1, tangent_y: 2 }).outputs).toEqual({
      x: 14,
      y: 4 - 2 * Math.sin(3),
    });
    expect(evaluate(jvp(f), { ...at, tangent_x: 1, tangent_y: 0 }).outputs).toEqual({ value: 12 });
    expect(evaluate(vjp(f), { ...at, cotangent_value: 2 }).outputs).toEqual({
      x: 24,
      y: 8 + 2 * Math.cos(3),
    });
  });

  it('refuse what they cannot do', () => {
    const codeOf = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        if (error instanceof SymgradError) return error.code;
        throw error;
      }
      return 'none';
    };
    expect(codeOf(() => gradient(parse('# @output p, q\np = x\nq = x')))).toBe('not-scalar');
    expect(codeOf(() => gradient(f, ['z']))).toBe('unknown-wrt');
    expect(codeOf(() => gradient(parse('# @input k: scalar int\nk * x'), ['k']))).toBe('int-wrt');
  });
});

describe('the chained Rosenbrock function of 1000 scalars', () => {
  const n = 1000;
  const text = Array.from(
    { length: n - 1 },
    (_, i) => `100 * (x${i + 2} - x${i + 1}^2)^2 + (1 - x${i + 1})^2`,
  ).join(' + ');

  const wrt = Array.from({ length: n }, (_, i) => `x${i + 1}`);

  it('has a tridiagonal Hessian in O(n) operations', async () => {
    const { code, stats } = compile(text, { hessian: 'sparse', wrt });
    expect(stats.operations.hessian).toBeLessThan(12 * n);
    expect(stats.operations.valueAndGrad).toBeLessThan(20 * n);
    const module = await load(code);
    const f = module.bind();
    const x = Float64Array.from({ length: n }, (_, i) => Math.sin(i) + 0.3);
    const { rowIndex, colPointer } = module.hessianPattern;
    const values = new Float64Array(rowIndex.length);
    f.hessian(x, values);
    expect(values.length).toBe(3 * n - 2);
    for (let j = 0; j < n; j++) {
      for (let k = colPointer[j]; k < colPointer[j + 1]; k++) {
        const i = rowIndex[k];
        const own = (j < n - 1 ? 1200 * x[j] ** 2 - 400 * x[j + 1] + 2 : 0) + (j > 0 ? 200 : 0);
        const expected = i === j ? own : -400 * x[Math.min(i, j)];
        expect(Math.abs(values[k] - expected)).toBeLessThan(1e-9);
      }
    }
  });
});

describe('dense and sparse, rows and columns', () => {
  it('a Jacobian of many outputs of few inputs and of few outputs of many inputs', async () => {
    const tall = await emitted(
      `[${Array.from({ length: 6 }, (_, i) => `sin(${i + 1} * x) * y`).join(', ')}]`,
    );
    const J = tall.jacobian({ x: 0.4, y: 2 });
    for (let i = 0; i < 6; i++) {
      expect(J.x[i]).toBeCloseTo((i + 1) * Math.cos((i + 1) * 0.4) * 2, 13);
      expect(J.y[i]).toBeCloseTo(Math.sin((i + 1) * 0.4), 13);
    }
    const wide = await emitted('# @output p, q\ns = a*b + c*d + e1*f\np = exp(s)\nq = s^2');
    const at = { a: 1, b: 2, c: 3, d: -1, e1: 1, f: 2 }; // s = 1
    const slope = { a: 2, b: 1, c: -1, d: 3, e1: 2, f: 1 };
    const { p, q } = wide.jacobian(at);
    for (const [name, ds] of Object.entries(slope)) {
      expect(p[name]).toBeCloseTo(Math.E * ds, 13);
      expect(q[name]).toBe(2 * ds);
    }
  });

  it('sparse and dense Hessians agree', async () => {
    const text = 'a * b + sin(c) * a + exp(d)';
    const at = { a: 1, b: 2, c: 0.3, d: -1 };
    const dense = (await emitted(text, { hessian: true })).hessian(at);
    const { values, rowIndex, colPointer } = (await emitted(text, { hessian: 'sparse' })).hessian(at);
    const names = ['a', 'b', 'c', 'd'];
    let entries = 0;
    names.forEach((column, j) => {
      for (let k = colPointer[j]; k < colPointer[j + 1]; k++, entries++) {
        expect(values[k]).toBe(dense[names[rowIndex[k]]][column]);
      }
    });
    expect(entries).toBe(6); // ab, ba, ac, ca, cc, dd
  });
});
