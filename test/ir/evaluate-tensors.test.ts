// How inputs are given, sizes bound, and what an access out of range does.

import { describe, expect, test } from 'vitest';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluate, evaluator, tensorEvaluator, type Value } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import type { Input, Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { addSizes, divideSize, multiplySizes, namedSize } from '../../src/ir/size.ts';

const [n, d] = [namedSize('n'), namedSize('d')];

interface Declaration {
  readonly shape: Shape;
  readonly dtype?: 'int';
  readonly default?: number;
}

/** A program with these inputs and one output. */
function programOf(
  declarations: Readonly<Record<string, Shape | Declaration>>,
  build: (b: Builder, inputs: Readonly<Record<string, Node>>) => Node,
): Program {
  const graph = new Graph();
  const inputs = Object.entries(declarations).map(([name, declared]): Input => {
    const { shape, dtype = 'real', ...rest } = isShape(declared) ? { shape: declared } : declared;
    return { name, shape, dtype, node: graph.input(name, dtype, shape), ...rest };
  });
  const root = build(builder(graph), Object.fromEntries(inputs.map(({ name, node }) => [name, node])));
  const outputs = [{ name: 'f', shape: root.shape, elements: [root] }];
  const source = { name: 'f.expr', text: '' };
  return { source, graph, inputs, outputs, wrt: [], derivatives: [], diagnostics: [] };
}

function isShape(declared: Shape | Declaration): declared is Shape {
  return Array.isArray(declared);
}

/** The output, as a list of its elements. */
function resultOf(program: Program, inputs: Readonly<Record<string, Value>>): number[] {
  const { f } = evaluate(program, inputs).outputs;
  return typeof f === 'number' ? [f] : [...f];
}

describe('inputs', () => {
  const sums = programOf({ X: [n, 2] }, (b, { X }) => b.reduceSum(X, [1]));

  test('nested, flat, typed, rows that are typed', () => {
    const forms: Value[] = [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [1, 2, 3, 4, 5, 6],
      Float64Array.of(1, 2, 3, 4, 5, 6),
      Float32Array.of(1, 2, 3, 4, 5, 6),
      [Float64Array.of(1, 2), [3, 4], Int32Array.of(5, 6)],
    ];
    for (const X of forms) expect(resultOf(sums, { X })).toEqual([3, 7, 11]);
  });

  test('nothing and one', () => {
    expect(resultOf(sums, { X: [] })).toEqual([]);
    expect(resultOf(sums, { X: new Float64Array(0) })).toEqual([]);
    expect(resultOf(sums, { X: [[1, 2]] })).toEqual([3]);
    const rows = programOf({ X: [n, d] }, (b, { X }) => b.reduceSum(X, [1]));
    expect(resultOf(rows, { X: [[], []] })).toEqual([0, 0]);
  });

  test('results are scalars as numbers, tensors as flat arrays', () => {
    const total = programOf({ X: [n, 2] }, (b, { X }) => b.reduceSum(X));
    expect(evaluate(total, { X: [1, 2] }).outputs).toEqual({ f: 3 });
    expect(evaluate(sums, { X: [1, 2] }).outputs).toEqual({ f: Float64Array.of(3) });
    const one = programOf({ X: [1, 1] }, (_, { X }) => X);
    expect(evaluate(one, { X: [[4]] }).outputs).toEqual({ f: Float64Array.of(4) });
  });

  test('defaults fill', () => {
    const program = programOf(
      { v: [n], w: { shape: [n], default: 0.5 }, c: { shape: [], default: 2 } },
      (b, { v, w, c }) => b.mul(c, b.mul(v, w)),
    );
    expect(resultOf(program, { v: [1, 2, 3] })).toEqual([1, 2, 3]);
    expect(resultOf(program, { v: [1, 2], w: [3, 4], c: 1 })).toEqual([3, 8]);
  });

  test('derivatives take inputs of their own', () => {
    const program = programOf({ v: [n] }, (b, { v }) => b.reduceSum(v));
    const { graph } = program;
    const tangent = graph.input('tangent.v', 'real', [n]);
    const values = new Map([['f', builder(graph).reduceSum(tangent)]]);
    const derived: Program = {
      ...program,
      derivatives: [{ kind: 'jvp', form: 'dense', values, inputs: [tangent] }],
    };
    const { derivatives } = evaluate(derived, { v: [1, 2], 'tangent.v': [3, 4] });
    expect(derivatives.get('jvp')).toEqual(new Map([['f', 7]]));
    expect(() => evaluate(derived, { v: [1, 2] })).toThrow(new TypeError('missing input tangent.v'));
    expect(() => evaluate(derived, { v: [1, 2], 'tangent.v': [3] })).toThrow(
      new RangeError('tangent.v: expected n = 2 elements, got 1'),
    );
  });

  test('mistakes', () => {
    const program = programOf({ X: [n, 20], y: [n], c: [] }, (b, { X, y, c }) =>
      b.add(c, b.contract('ij,i->j', X, y)),
    );
    const X = new Float64Array(60);
    const check = (inputs: Record<string, unknown>, error: Error) =>
      expect(() => evaluate(program, inputs as Record<string, Value>)).toThrow(error);
    check({ X, y: [1, 2, 3] }, new TypeError('missing input c'));
    check({ X: new Float64Array(39), y: [1, 2], c: 1 }, new RangeError('X: expected 20n elements, got 39'));
    check({ X, y: [1, 2, 3, 4], c: 1 }, new RangeError('y: expected n = 3 elements, got 4'));
    check({ X: [[1, 2]], y: [1], c: 1 }, new RangeError('X: expected 20 elements along axis 2, got 2'));
    check({ X: [[1, 2], [3]], y: [1], c: 1 }, new RangeError('X: expected rows of one length, got 2 and 1'));
    check(
      { X: [[1], 2], y: [1], c: 1 },
      new RangeError('X: expected rows of one length, got 1 and undefined'),
    );
    check({ X: 1, y: [1], c: 1 }, new TypeError('X: expected an array'));
    check({ X, y: [1, 2, 3], c: [1] }, new TypeError('c: expected a number'));
    check({ X, y: [1, 2, 3], c: '1' }, new TypeError('c: expected a number'));
    check({ X, y: null, c: 1 }, new TypeError('y: expected an array'));
    check({ X, y: ['1', 2, 3], c: 1 }, new TypeError('y: expected numbers, got string'));
    check({ X, y: [[1], [2], [3]], c: 1 }, new TypeError('y: expected numbers, got object'));
  });
});

describe('named sizes', () => {
  const count = (shapes: Readonly<Record<string, Shape>>) =>
    programOf(shapes, b => b.stack([b.size(n), b.size(d)]));

  test('are bound from lengths, in whatever order they come', () => {
    const flat = count({ X: [n, d], y: [n] });
    expect(resultOf(flat, { X: [1, 2, 3, 4, 5, 6], y: [1, 2] })).toEqual([2, 3]);
    expect(resultOf(count({ X: [n, d] }), { X: [[1, 2, 3]] })).toEqual([1, 3]);
    const sums = count({ v: [addSizes(multiplySizes(2, n), 1)], w: [addSizes(n, multiplySizes(-1, d))] });
    expect(resultOf(sums, { v: [1, 2, 3, 4, 5, 6, 7], w: [1] })).toEqual([3, 2]);
    const half = count({ v: [divideSize(n, 2), d], w: [n] });
    expect(resultOf(half, { v: [[1, 2, 3]], w: [1, 2, 3] })).toEqual([3, 3]);
  });

  test('are roots of the length of a flat array that repeats them', () => {
    expect(resultOf(count({ S: [d, d], y: [n] }), { S: new Array(100).fill(0), y: [1] })).toEqual([1, 10]);
    const cube = count({ S: [d, 2, d, d], y: [n] });
    expect(resultOf(cube, { S: new Array(54).fill(0), y: [] })).toEqual([0, 3]);
    expect(() => resultOf(cube, { S: new Array(50).fill(0), y: [] })).toThrow(
      new RangeError('S: expected 2d*d*d elements, got 50'),
    );
  });

  test('are given by name where no length tells', () => {
    const flat = count({ X: [n, d] });
    expect(resultOf(flat, { X: [1, 2, 3, 4, 5, 6], n: 3 })).toEqual([3, 2]);
    expect(resultOf(flat, { X: [], n: 3, d: 0 })).toEqual([3, 0]);
    expect(() => resultOf(flat, { X: [1, 2] })).toThrow(new TypeError('missing size n'));
    expect(() => resultOf(flat, { X: [1, 2], n: 1.5 })).toThrow(
      new RangeError('n: expected a length, got 1.5'),
    );
    expect(() => resultOf(flat, { X: [1, 2, 3], n: 2 })).toThrow(
      new RangeError('X: expected d*n elements, got 3'),
    );
    expect(() => resultOf(flat, { X: [[1, 2, 3]], n: 2 })).toThrow(
      new RangeError('X: expected n = 2 elements along axis 1, got 1'),
    );
  });

  test('constraints are checked', () => {
    const program = programOf({ v: [n], w: [d] }, (b, { v, w }) => b.add(v, w));
    expect(resultOf(program, { v: [1, 2], w: [3, 4] })).toEqual([4, 6]);
    expect(() => resultOf(program, { v: [1, 2], w: [3] })).toThrow(
      new RangeError('lengths have to be equal: n = 2, d = 1'),
    );
  });

  test('only a literal 1 broadcasts', () => {
    const program = programOf({ v: [n], w: [d], u: [1] }, (b, { v, w, u }) => b.add(b.add(v, w), u));
    expect(() => resultOf(program, { v: [1], w: [3, 4], u: [0] })).toThrow(RangeError);
    expect(resultOf(program, { v: [1, 2], w: [3, 4], u: [5] })).toEqual([9, 11]);
  });

  test('a length that would be negative', () => {
    const program = programOf({ v: [n] }, (b, { v }) =>
      b.slice(v, { axis: 0, start: 2, step: 1, length: addSizes(n, -2) }),
    );
    expect(resultOf(program, { v: [1, 2, 3] })).toEqual([3]);
    expect(resultOf(program, { v: [1, 2] })).toEqual([]);
    expect(() => resultOf(program, { v: [1] })).toThrow(new RangeError('the length n - 2 is -1'));
  });
});

describe('an access out of range', () => {
  const shapes = { v: [3], k: { shape: [], dtype: 'int' as const } };
  const plain = programOf(shapes, (b, { v, k }) => b.gather(v, k, 0));

  test('is an error that names index and value', () => {
    expect(resultOf(plain, { v: [5, 6, 7], k: 3 })).toEqual([7]);
    for (const k of [0, 4, -1]) {
      expect(() => resultOf(plain, { v: [5, 6, 7], k })).toThrow(
        new RangeError(`k: index ${k} is out of range 1..3`),
      );
    }
    for (const k of [1.5, Number.NaN]) {
      expect(() => resultOf(plain, { v: [5, 6, 7], k })).toThrow(
        new TypeError(`k: expected an integer, got ${k}`),
      );
    }
    const computed = programOf(shapes, (b, { v, k }) => b.gather(v, b.add(k, 1), 0));
    expect(() => resultOf(computed, { v: [5, 6, 7], k: 3 })).toThrow(
      new RangeError('index 4 is out of range 1..3'),
    );
    const first = programOf({ v: [3], ks: { shape: [n], dtype: 'int' } }, (b, { v, ks }) =>
      b.gather(v, b.slice(ks, { axis: 0, start: 0, step: 1, length: 1 }), 0),
    );
    expect(() => resultOf(first, { v: [5, 6, 7], ks: [9, 1] })).toThrow(
      new RangeError('ks: index 9 is out of range 1..3'),
    );
  });

  test('is none where it is not selected', () => {
    const guarded = programOf(shapes, (b, { v, k }) => b.select(b.lt(k, 4), b.exp(b.gather(v, k, 0)), -1));
    expect(resultOf(guarded, { v: [0, 0, 0], k: 2 })).toEqual([1]);
    expect(resultOf(guarded, { v: [0, 0, 0], k: 9 })).toEqual([-1]);
    expect(() => resultOf(guarded, { v: [0, 0, 0], k: 0 })).toThrow(RangeError);
  });

  test('each element is selected by itself', () => {
    const program = programOf({ v: [3], ks: [4] }, (b, { v, ks }) =>
      b.select(b.le(ks, 3), b.gather(v, ks, 0), b.neg(ks)),
    );
    expect(resultOf(program, { v: [5, 6, 7], ks: [1, 9, 3, 8] })).toEqual([5, -9, 7, -8]);
    const sum = programOf({ v: [3], ks: [4] }, (b, { v, ks }) =>
      b.reduceSum(b.select(b.le(ks, 3), b.gather(v, ks, 0), 0)),
    );
    expect(resultOf(sum, { v: [5, 6, 7], ks: [1, 9, 3, 8] })).toEqual([12]);
    const all = programOf({ v: [3], ks: [4] }, (b, { v, ks }) => b.reduceSum(b.gather(v, ks, 0)));
    expect(() => resultOf(all, { v: [5, 6, 7], ks: [1, 9, 3, 8] })).toThrow('index 9 is out of range 1..3');
  });

  test('masks decide as soon as they can', () => {
    const guard = (join: 'and' | 'or') =>
      programOf(shapes, (b, { v, k }) => {
        const isInside = b.le(k, 3);
        const isPositive = b.lt(0, b.gather(v, k, 0));
        return b.real(join === 'and' ? b.and(isInside, isPositive) : b.or(isPositive, b.not(isInside)));
      });
    expect(resultOf(guard('and'), { v: [1, -1, 1], k: 7 })).toEqual([0]);
    expect(resultOf(guard('or'), { v: [1, -1, 1], k: 7 })).toEqual([1]);
    expect(() => resultOf(guard('and'), { v: [1, -1, 1], k: 0 })).toThrow(RangeError);
    expect(resultOf(guard('and'), { v: [1, -1, 1], k: 2 })).toEqual([0]);
  });

  test('an index that is read out of range', () => {
    const program = programOf({ v: [3], ks: [2], j: [] }, (b, { v, ks, j }) =>
      b.select(b.lt(j, 3), b.gather(v, b.gather(ks, j, 0), 0), 0),
    );
    expect(resultOf(program, { v: [5, 6, 7], ks: [3, 1], j: 1 })).toEqual([7]);
    expect(resultOf(program, { v: [5, 6, 7], ks: [3, 1], j: 3 })).toEqual([0]);
    expect(() => resultOf(program, { v: [5, 6, 7], ks: [3, 1], j: 0 })).toThrow(
      new RangeError('j: index 0 is out of range 1..2'),
    );
  });

  test('nothing is added where nothing was selected', () => {
    const program = programOf({ g: [3], ks: { shape: [3], dtype: 'int' } }, (b, { g, ks }) =>
      b.scatterAdd(b.select(b.le(ks, 2), g, 0), ks, 0, 2),
    );
    expect(resultOf(program, { g: [1, 2, 4], ks: [2, 7, 2] })).toEqual([0, 5]);
    expect(() => resultOf(program, { g: [1, 2, 4], ks: [2, 7, 0] })).toThrow(
      new RangeError('ks: index 0 is out of range 1..2'),
    );
  });

  test('a slice beyond a named size', () => {
    const slice = (b: Builder, v: Node) => b.slice(v, { axis: 0, start: 1, step: 1, length: 2 });
    const program = programOf({ v: [n] }, (b, { v }) => slice(b, v));
    expect(resultOf(program, { v: [1, 2, 3] })).toEqual([2, 3]);
    expect(() => resultOf(program, { v: [1, 2] })).toThrow(new RangeError('index 3 is out of range 1..2'));
    const guarded = programOf({ v: [n] }, (b, { v }) => b.select(b.lt(2, b.size(n)), slice(b, v), 0));
    expect(resultOf(guarded, { v: [1, 2] })).toEqual([0, 0]);
  });

  test('what is not used is not missed', () => {
    const program = programOf(shapes, (b, { v, k }) =>
      b.element(b.concat(0, [b.reshape(b.gather(v, k, 0), [1]), b.exp(v)]), 1),
    );
    expect(resultOf(program, { v: [0, 0, 0], k: 9 })).toEqual([1]);
  });
});

describe('evaluators', () => {
  test('tensors between scalars', () => {
    const graph = new Graph();
    const b = builder(graph);
    const [x, y] = [graph.input('x'), graph.input('y')];
    const f = evaluator([b.reduceSum(b.stack([x, y, x])), b.add(x, y)]);
    const point = new Map([
      ['x', 2],
      ['y', 3],
    ]);
    expect([...f(point)]).toEqual([7, 5]);
  });

  test('roots of any shape, and scalars only', () => {
    const graph = new Graph();
    const b = builder(graph);
    const [x, v] = [graph.input('x'), graph.input('v', 'real', [n])];
    const inputs = new Map([
      ['x', { shape: [], elements: [2] }],
      ['v', { shape: [2], elements: [3, 4] }],
    ]);
    const sizes = new Map([['n', 2]]);
    expect(tensorEvaluator([b.mul(v, x), x])(inputs, sizes)).toEqual([
      { shape: [2], elements: [6, 8] },
      { shape: [], elements: [2] },
    ]);
    expect(tensorEvaluator([b.mul(x, x)])(inputs, sizes)).toEqual([{ shape: [], elements: [4] }]);
    expect(() => tensorEvaluator([v])(new Map(), sizes)).toThrow(new TypeError('missing input v'));
  });
});
