import { expect, test } from 'vitest';
import { builder } from '../../src/ir/build.ts';
import { evaluate, evaluator } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { factsOf, isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import type { Program } from '../../src/ir/program.ts';

test('every elementwise operation means what the table says', () => {
  const point = [0.3, 0.7, 0.2];
  for (const op of Object.keys(OPS) as OpName[]) {
    if (!isElementwise(op) || op === 'const' || op === 'input') continue;
    const { arity, attrs, evaluate: meaning } = factsOf(op);
    const graph = new Graph();
    const count = arity === 'variadic' ? 3 : arity;
    const inputs = point.slice(0, count).map((_, i) => graph.input(`x${i}`));
    const hasOrder = attrs?.[0] === 'order';
    const root = graph.intern(op, inputs, hasOrder ? { order: 1 } : undefined);
    const args = hasOrder ? [point[0], 1] : point.slice(0, count);
    const [value] = evaluator([root])(new Map(point.map((x, i) => [`x${i}`, x])));
    expect(value, op).toBe(meaning(...args));
  }
});

test('an evaluator is prepared once and used at many points', () => {
  const graph = new Graph();
  const { add, mul, sin } = builder(graph);
  const x = graph.input('x');
  const f = evaluator([add(mul(x, x), 1), sin(x), x]);
  const first = f(new Map([['x', 2]]));
  expect([...f(new Map([['x', 3]]))]).toEqual([10, Math.sin(3), 3]);
  expect([...first], 'results do not alias').toEqual([5, Math.sin(2), 2]);
});

test('constants keep their sign and NaN', () => {
  const graph = new Graph();
  const values = [0, -0, Number.NaN, Infinity, -Infinity, 1e-320];
  expect([...evaluator(values.map(value => graph.constant(value)))(new Map())]).toEqual(values);
});

test('the side of a select that is not taken is dropped, whatever it is', () => {
  const graph = new Graph();
  const { select, gt, sqrt } = { gt: (a: Node, b: number) => builder(graph).lt(b, a), ...builder(graph) };
  const x = graph.input('x');
  const f = evaluator([select(gt(x, 0), sqrt(x), 0)]);
  expect(f(new Map([['x', -1]]))[0]).toBe(0);
  expect(f(new Map([['x', 4]]))[0]).toBe(2);
});

test('only what the roots need is evaluated and asked for', () => {
  const graph = new Graph();
  const { exp } = builder(graph);
  const dead = exp(graph.input('y'));
  const root = exp(graph.input('x'));
  expect(dead.id).toBeLessThan(root.id);
  expect(evaluator([root])(new Map([['x', 0]]))[0]).toBe(1);
  expect(() => evaluator([dead])(new Map([['x', 0]]))).toThrow(new TypeError('missing input y'));
});

test('a program: defaults, tensors, derivatives, hostile names', () => {
  const graph = new Graph();
  const { add, mul } = builder(graph);
  const [x, y, v] = [graph.input('x'), graph.input('__proto__'), graph.input('v')];
  const program: Program = {
    source: { name: 'f.expr', text: '' },
    graph,
    inputs: [
      { name: 'x', shape: [], dtype: 'real', node: x },
      { name: '__proto__', shape: [], dtype: 'real', node: y, default: 5 },
    ],
    outputs: [
      { name: 'constructor', shape: [], elements: [mul(x, y)] },
      { name: 'r', shape: [2], elements: [x, add(x, y)] },
    ],
    wrt: ['x'],
    derivatives: [
      { kind: 'jacobian', form: 'dense', values: new Map([['constructor.x', y as Node]]), inputs: [] },
      { kind: 'jvp', form: 'dense', values: new Map([['constructor', mul(y, v)]]), inputs: [v] },
    ],
    diagnostics: [],
  };
  const { outputs, derivatives } = evaluate(program, { x: 3, v: 2 });
  expect(outputs).toEqual({ constructor: 15, r: Float64Array.of(3, 8) });
  expect(derivatives.get('jacobian')).toEqual(new Map([['constructor.x', 5]]));
  expect(derivatives.get('jvp')).toEqual(new Map([['constructor', 10]]));
  expect(() => evaluate(program, { v: 1 })).toThrow('missing input x');
});

test('a graph as deep as it is long', () => {
  const graph = new Graph();
  const { add } = builder(graph);
  const x = graph.input('x');
  let sum: Node = x;
  for (let i = 0; i < 200_000; i++) sum = add(sum, i % 2 === 0 ? 1 : x);
  expect(evaluator([sum])(new Map([['x', 2]]))[0]).toBe(2 + 100_000 + 200_000);
});
