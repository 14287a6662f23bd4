// The transforms of the library over tensors: names and shapes of outputs, composition, closed forms.

import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/ir/evaluate.ts';
import type { Program } from '../../src/ir/program.ts';
import { namedSize } from '../../src/ir/size.ts';
import { gradient, hessian, hvp, jacobian, jvp, vjp } from '../../src/transforms.ts';
import { formulaOf, programOf } from './tensors.ts';

const [n, m] = ['n', 'm'].map(namedSize);

/** f = c x' A y with x: n, A: n x m, y: m, c: scalar. */
const form = programOf(
  formulaOf([[n], [n, m], [m], []], (b, x, A, y, c) =>
    b.mul(c, b.contract('i,i->', x, b.contract('ij,j->i', A, y))),
  ),
);
const at = { x0: [1, 2], x1: [1, 2, 3, 4, 5, 6], x2: [1, 0, -1], x3: 2 };
/** A y and x' A. */
const [Ay, xA] = [
  [-2, -2],
  [9, 12, 15],
];

/** g = sin(x) y', n x m. */
const outer = programOf(formulaOf([[n], [m]], (b, x, y) => b.mul(b.expand(b.sin(x), [1]), y)));

function outputsOf(program: Program, point: Parameters<typeof evaluate>[1]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(evaluate(program, point).outputs).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : [...value],
    ]),
  );
}

const shapesOf = (program: Program) => program.outputs.map(({ name, shape }) => [name, shape]);
const times = (k: number, values: readonly number[]) => values.map(value => k * value);

describe('transforms of tensor programs', () => {
  it('gradient', () => {
    const program = gradient(form, ['x0', 'x2', 'x3']);
    expect(shapesOf(program)).toEqual([
      ['x0', [n]],
      ['x2', [m]],
      ['x3', []],
    ]);
    expect(outputsOf(program, at)).toEqual({ x0: times(2, Ay), x2: times(2, xA), x3: -6 });
  });

  it('of an input that does not occur is zero, in its shape', () => {
    const unused = programOf(formulaOf([[n], [n, m]], (b, x) => b.reduceSum(x)));
    expect(outputsOf(gradient(unused), { x0: [1, 2], x1: [1, 2, 3, 4] })).toEqual({
      x0: [1, 1],
      x1: [0, 0, 0, 0],
    });
  });

  it('Hessian: a block for every pair, both triangles', () => {
    const program = hessian(form, ['x0', 'x1', 'x3']);
    expect(shapesOf(program)).toEqual([
      ['x0_x0', [n, n]],
      ['x0_x1', [n, n, m]],
      ['x0_x3', [n]],
      ['x1_x0', [n, m, n]],
      ['x1_x1', [n, m, n, m]],
      ['x1_x3', [n, m]],
      ['x3_x0', [n]],
      ['x3_x1', [n, m]],
      ['x3_x3', []],
    ]);
    const values = outputsOf(program, at);
    expect(values.x0_x0).toEqual([0, 0, 0, 0]);
    // d2f / dx_i dA_kj = c y_j where i = k
    expect(values.x0_x1).toEqual([2, 0, -2, 0, 0, 0, 0, 0, 0, 2, 0, -2]);
    expect(values.x1_x0).toEqual([2, 0, 0, 0, -2, 0, 0, 2, 0, 0, 0, -2]);
    expect(values.x0_x3).toEqual(Ay);
    expect(values.x3_x0).toEqual(Ay);
    expect(values.x3_x3).toBe(0);
  });

  it('Jacobian', () => {
    const program = jacobian(outer);
    expect(shapesOf(program)).toEqual([
      ['f_x0', [n, m, n]],
      ['f_x1', [n, m, m]],
    ]);
    const values = outputsOf(program, { x0: [0, 0], x1: [3, 4] });
    expect(values.f_x0).toEqual([3, 0, 4, 0, 0, 3, 0, 4]);
    expect(values.f_x1).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('products take tangents and cotangents in the shapes of inputs and outputs', () => {
    const pushed = jvp(outer);
    expect(pushed.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['x0', [n]],
      ['x1', [m]],
      ['tangent_x0', [n]],
      ['tangent_x1', [m]],
    ]);
    const point = { x0: [0, 0], x1: [3, 4] };
    expect(outputsOf(pushed, { ...point, tangent_x0: [1, 10], tangent_x1: [7, 7] }).f).toEqual([
      3, 4, 30, 40,
    ]);
    expect(outputsOf(vjp(outer), { ...point, cotangent_f: [1, 2, 3, 4] })).toEqual({
      x0: [11, 25],
      x1: [0, 0],
    });
    const product = hvp(form, ['x0', 'x2']);
    const tangents = { tangent_x0: [1, 0], tangent_x2: [0, 1, 0] };
    expect(outputsOf(product, { ...at, ...tangents })).toEqual({ x0: [4, 10], x2: [2, 4, 6] });
  });

  it('compose', () => {
    const twice = jacobian(gradient(form, ['x0', 'x1']), ['x0', 'x1']);
    const own = outputsOf(hessian(form, ['x0', 'x1']), at);
    expect(outputsOf(twice, at)).toEqual(own);
    const cubes = programOf(formulaOf([[n]], (b, x) => b.reduceSum(b.pow(x, 3))));
    const third = jacobian(hessian(cubes));
    expect(third.outputs[0].shape).toEqual([n, n, n]);
    expect(outputsOf(third, { x0: [1, 5] }).x0_x0_x0).toEqual([6, 0, 0, 0, 0, 0, 0, 6]);
    const along = gradient(programOf(formulaOf([[]], (b, x) => b.pow(x, 3))));
    expect(outputsOf(gradient(along), { x0: 2 })).toEqual({ x0: 12 });
  });

  it('the gradient of a tensor is refused', () => {
    expect(() => gradient(gradient(form, ['x0']))).toThrow(expect.objectContaining({ code: 'not-scalar' }));
    expect(() => hessian(outer)).toThrow(expect.objectContaining({ code: 'not-scalar' }));
  });
});
