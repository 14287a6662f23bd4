// What a derivative of a tensor formula means at hard points (design, rules R1 to R8): numbers typed by hand, in reverse
// mode, in forward mode from an identity seed and from single unit tangents.

import { describe, expect, it } from 'vitest';
import { blockOf } from '../../src/grad/blocks.ts';
import { masked } from '../../src/grad/flow.ts';
import { pushforward } from '../../src/grad/forward.ts';
import { repeated } from '../../src/grad/maps.ts';
import { pullback } from '../../src/grad/reverse.ts';
import { calculus } from '../../src/grad/rules.ts';
import { structuredPushforward } from '../../src/grad/structured.ts';
import type { Builder } from '../../src/ir/build.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { liveNodes } from '../../src/ir/live.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { normalisingBuilder } from '../../src/rewrite/passes.ts';
import { unroll } from '../../src/rewrite/unroll.ts';
import { formulaOf, type Point, programOf, valuesAt } from './tensors.ts';

const { NaN: NAN } = Number;
const INF = Infinity;

type Nested = number | readonly Nested[];

function shapeOf(value: Nested): number[] {
  return typeof value === 'number' ? [] : [value.length, ...(value.length === 0 ? [] : shapeOf(value[0]))];
}

const flat = (value: Nested): number[] => [value].flat(9) as number[];

/** The gradient of the scalar that `build` makes of `inputs`, with respect to the first of these. */
function check(
  inputs: readonly Nested[],
  build: (b: Builder, ...x: Node[]) => Node,
  expected: Nested,
  unit = true,
  isLiteral = true,
): void {
  const shapes = inputs.map(shapeOf);
  const point = Object.fromEntries(inputs.map((value, i) => [`x${i}`, flat(value)]));
  const shapesOf = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, shape]));
  const wanted = flat(expected);
  const formula = formulaOf(shapes, build);
  const { out } = formula;
  const [input] = formula.inputs;
  expect(out.shape).toEqual([]);
  const b = normalisingBuilder(formula.b.graph);
  const rules = calculus(b);

  const adjoint = pullback(b, rules)([{ node: out, adjoint: b.constant(1) }], x => x === input).get(input);
  const reverse = adjoint ?? b.broadcast(0, input.shape);
  const [tangent] = structuredPushforward(b, rules, () => false)(input, [out]);
  const forward = blockOf(b, tangent, out, input)?.value ?? b.broadcast(0, input.shape);
  expect(forward.shape).toEqual(input.shape);
  const [pulled, pushed] = valuesAt([reverse, forward], point, shapesOf);
  expectSame(pulled, wanted, 'reverse mode');
  expectSame(pushed, wanted, 'forward mode');
  if (isLiteral) expectSame(elementByElement(shapes, build, point, shapesOf), wanted, 'scalars');
  if (!unit) return;
  const slopes = wanted.map((_, k) => {
    const tangent = b.array(
      wanted.map((__, j) => (j === k ? 1 : 0)),
      input.shape as readonly number[],
    );
    const [along] = pushforward(b, rules)(new Map([[input, { value: tangent, guard: null }]]), [out]);
    const slope = along === null ? b.constant(0) : masked(b, along);
    return valuesAt([repeated(b, slope, out.shape)], point, shapesOf)[0][0];
  });
  expectSame(slopes, wanted, 'unit tangents');
}

/** The same of the formula written out in scalars before it is differentiated: what a tensor means may not differ. */
function elementByElement(
  shapes: readonly Shape[],
  build: (b: Builder, ...x: Node[]) => Node,
  point: Point,
  shapesOf: Readonly<Record<string, readonly number[]>>,
): number[] {
  const b = normalisingBuilder(new Graph());
  const program = unroll(programOf(formulaOf(shapes, build)), b, 10_000)!;
  const [{ node: input }] = program.inputs;
  const [out] = program.outputs[0].elements;
  const adjoint = pullback(b, calculus(b))([{ node: out, adjoint: b.constant(1) }], x => x === input);
  return valuesAt([adjoint.get(input) ?? b.broadcast(0, input.shape)], point, shapesOf)[0];
}

function expectSame(actual: readonly number[], expected: readonly number[], what: string): void {
  const isClose = actual.every((value, k) =>
    Number.isFinite(expected[k])
      ? Math.abs(value - expected[k]) <= 1e-14 * Math.max(1, Math.abs(expected[k]))
      : Object.is(value, expected[k]),
  );
  if (!isClose || actual.length !== expected.length) expect(actual, what).toEqual(expected);
}

const sum = (b: Builder, x: Node) => b.reduceSum(x);
const at = (b: Builder, x: Node, ...index: number[]) =>
  index.reduce((rest, k) => b.gather(rest, k + 1, 0), x);
/** A number that the builders do not see through. */
const weighted = (b: Builder, x: Node, weights: readonly number[]) =>
  b.reduceSum(b.mul(x, b.array(weights, [weights.length])));

describe('selection is control flow (R1)', () => {
  it('nothing enters unselected elements', () => {
    check(
      [
        [0, 2, -1],
        [0, 1, 0],
      ],
      (b, y, m) => sum(b, b.select(b.ne(m, 0), b.log(y), 0)),
      [0, 0.5, 0],
    );
    check(
      [
        [0, -4],
        [0, 0],
      ],
      (b, y, m) => sum(b, b.select(b.ne(m, 0), b.sqrt(y), 0)),
      [0, 0],
    );
  });

  it('nor an operand that was broadcast, if none of its uses is selected', () => {
    const f = (b: Builder, s: Node, m: Node) =>
      sum(b, b.select(b.ne(m, 0), b.add(b.sqrt(s), b.mul(m, 3)), 0));
    check([-1, [0, 0, 0]], f, 0);
    check([4, [0, 1, 1]], f, 0.5);
    check([-1, [0, 1, 0]], f, NAN);
    check([0, [0, 1, 0]], f, INF);
  });

  it('each row by itself', () => {
    const f = (b: Builder, y: Node, m: Node) =>
      sum(b, b.select(b.ne(m, 0), b.mul(b.log(b.expand(y, [1])), b.array([1, 2], [2])), 0));
    check(
      [
        [0, 2],
        [
          [0, 0],
          [1, 1],
        ],
      ],
      f,
      [0, 1.5],
    );
    check(
      [
        [0, 2],
        [
          [0, 1],
          [0, 0],
        ],
      ],
      f,
      [INF, 0],
      false,
    );
  });

  it('in scalars: what is computed later from what was not selected', () => {
    const f = (b: Builder, x: Node) => b.log(b.select(b.lt(0, x), x, 0));
    check([-1], f, 0);
    check([2], f, 0.5);
    check([[-1, 2]], (b, x) => sum(b, f(b, x)), [0, 0.5]);
  });

  it('keeps its guard through views', () => {
    const f = (view: (b: Builder, x: Node) => Node) => (b: Builder, y: Node, m: Node) =>
      sum(b, b.select(b.ne(m, 0), view(b, b.log(y)), 0));
    const y = [
      [0, 1, 2],
      [4, -1, 0],
    ];
    check(
      [
        y,
        [
          [0, 1],
          [1, 0],
          [1, 0],
        ],
      ],
      f((b, x) => b.permute(x, [1, 0])),
      [
        [0, 1, 0.5],
        [0.25, 0, 0],
      ],
    );
    check(
      [y, [0, 1, 0, 1, 0, 0]],
      f((b, x) => b.reshape(x, [6])),
      [
        [0, 1, 0],
        [0.25, 0, 0],
      ],
    );
    check(
      [y, [[1], [0]]],
      f((b, x) => b.slice(x, { axis: 1, start: 1, step: 1, length: 1 })),
      [
        [0, 1, 0],
        [0, 0, 0],
      ],
    );
    check(
      [
        y,
        [
          [0, 1],
          [1, 0],
        ],
      ],
      f((b, x) => b.gather(x, b.array([2, 3], [2]), 1)),
      [
        [0, 0, 0.5],
        [0, -1, 0],
      ],
    );
    check(
      [
        [
          [0, 1],
          [3, 2],
        ],
        [0, 1],
      ],
      f((b, x) => b.diagonal(x)),
      [
        [0, 0],
        [0, 0.5],
      ],
    );
    check(
      [
        [0, 1],
        [
          [0, 0],
          [0, 1],
        ],
      ],
      f((b, x) => b.broadcast(x, [2, 2])),
      [0, 1],
    );
    check(
      [
        [0, 1],
        [0, 0, 1, 0],
      ],
      f((b, x) => b.concat(0, [x, x])),
      [INF, 0],
      false,
    );
    check(
      [
        [0, 1],
        [0, 0, 0, 1],
      ],
      f((b, x) => b.concat(0, [x, x])),
      [0, 1],
    );
    check(
      [
        [0, 1],
        [1, 0, 0],
      ],
      f((b, x) => b.pad(x, { axis: 0, start: 1, step: 1, length: 3 })),
      [0, 0],
    );
    check(
      [
        [0, 1],
        [0, 0, 1],
      ],
      f((b, x) => b.pad(x, { axis: 0, start: 1, step: 1, length: 3 })),
      [0, 1],
    );
    check(
      [
        [0, 1, 2],
        [1, 0],
      ],
      f((b, x) => b.scatterAdd(x, b.array([2, 1, 1], [3]), 0, 2)),
      [0, 1, 0.5],
    );
    check(
      [
        [2, 0],
        [1, 0],
      ],
      f((b, x) => b.cumsum(x, { axis: 0, exclusive: false, reverse: false })),
      [0.5, 0],
    );
    check(
      [
        [
          [2, 1],
          [0, 3],
        ],
        [1, 0],
      ],
      f((b, x) => b.reduceSum(x, [1])),
      [
        [0.5, 1],
        [0, 0],
      ],
    );
  });

  it('elements that are not picked are not selected', () => {
    check([[0, 2, -1]], (b, y) => at(b, b.log(y), 1), [0, 0.5, 0]);
    check([[0, 2, -1]], (b, y) => b.element(b.log(y), 1), [0, 0.5, 0]);
    check(
      [
        [
          [0, 2],
          [4, 0],
        ],
      ],
      (b, y) => sum(b, b.gather(b.log(at(b, y, 0)), b.array([2, 2], [2]), 0)),
      [
        [0, 1],
        [0, 0],
      ],
    );
    check(
      [
        [
          [0, 2],
          [4, -1],
        ],
      ],
      (b, y) => sum(b, b.gather(b.gather(b.log(y), 1, 0), b.array([2, 2], [2]), 0)),
      [
        [0, 1],
        [0, 0],
      ],
    );
    check(
      [
        [
          [1, 0],
          [0, 2],
        ],
      ],
      (b, y) => sum(b, b.diagonal(b.log(y))),
      [
        [1, 0],
        [0, 0.5],
      ],
    );
  });

  it('an access out of range that is not selected does not happen', () => {
    const f = (b: Builder, x: Node, k: Node) => b.select(b.le(k, 3), b.gather(b.sqrt(x), k, 0), 0);
    check([[1, 4, 0], 2], f, [0, 0.25, 0], true, false);
    check([[1, 4, 0], 5], f, [0, 0, 0], true, false);
    const rows = (b: Builder, x: Node, k: Node, m: Node) =>
      sum(b, b.select(b.ne(b.expand(m, [1]), 0), b.gather(b.mul(x, x), k, 1), 0));
    check(
      [
        [
          [1, 4],
          [2, 3],
        ],
        [1, 1],
        [1, 0],
      ],
      rows,
      [
        [4, 0],
        [0, 0],
      ],
      true,
      false,
    );
    check(
      [
        [
          [1, 4],
          [2, 3],
        ],
        [1, 7],
        [0, 0],
      ],
      rows,
      [
        [0, 0],
        [0, 0],
      ],
      true,
      false,
    );
    // Emitted code adds only where the value is not masked: what is scattered has to be.
    const { b, inputs, out } = formulaOf([[3], []], f);
    const adjoints = pullback(b, calculus(b))([{ node: out, adjoint: b.constant(1) }], () => true);
    const scattered = liveNodes([adjoints.get(inputs[0])!]).filter(({ op }) => op === 'scatterAdd');
    expect(scattered.map(node => node.inputs[0].op)).toContain('select');
  });

  it('slices that make up the whole have no guard left', () => {
    const half = (b: Builder, x: Node, start: number) => b.slice(x, { axis: 0, start, step: 1, length: 2 });
    const f = (b: Builder, x: Node) => {
      const z = b.sin(x);
      return b.add(sum(b, b.mul(2, half(b, z, 0))), sum(b, b.mul(3, half(b, z, 2))));
    };
    check([[0, 0, 0, 0]], f, [2, 2, 3, 3]);
    const formula = formulaOf([[4]], f);
    const { b } = formula;
    const [x] = formula.inputs;
    const adjoint = pullback(b, calculus(b))([{ node: formula.out, adjoint: b.constant(1) }], () => true).get(
      x,
    )!;
    const used = new Set<string>(liveNodes([adjoint]).map(({ op }) => op));
    expect(used.has('select') || used.has('pad')).toBe(false);
    expect(used.has('concat') || used.has('array')).toBe(true);
  });

  it('slices that leave something out keep it out', () => {
    const f =
      (parts: readonly (readonly [start: number, step: number, length: number])[]) => (b: Builder, x: Node) =>
        parts
          .map(([start, step, length]) => sum(b, b.slice(b.log(x), { axis: 0, start, step, length })))
          .reduce((total, part) => b.add(total, part));
    check([[1, 0, 4, 0, 2]], f([[0, 2, 3]]), [1, 0, 0.25, 0, 0.5]);
    check([[1, 0, 4, 0, 2]], f([[4, -2, 2]]), [0, 0, 0.25, 0, 0.5]);
    check(
      [[1, 4, 0, 0]],
      f([
        [0, 1, 1],
        [1, 1, 1],
      ]),
      [1, 0.25, 0, 0],
    );
    check(
      [[0, 1, 4, 0]],
      f([
        [1, 1, 2],
        [2, 1, 1],
      ]),
      [0, 1, 0.5, 0],
    );
    check(
      [[0, 0, 4, 1]],
      f([
        [3, 1, 1],
        [2, 1, 1],
      ]),
      [0, 0, 0.25, 1],
    );
  });

  it('what is zero under a guard and what is not add up', () => {
    const f = (b: Builder, s: Node, m: Node) => {
      const mask = b.ne(m, 0);
      const once = b.select(b.any(mask), b.mul(s, 5), 0);
      return b.add(once, sum(b, b.select(mask, b.add(s, m), 0)));
    };
    check([1, [0, 0]], f, 0);
    check([1, [0, 1]], f, 6);
  });

  it('through products the guard is kept per summed index', () => {
    const product = (b: Builder, A: Node, B: Node) => b.contract('ij,jk->ik', A, B);
    // Row 1 of the product is not selected: what is not finite in row 1 of A, or met by it alone, does not matter.
    const rows = (b: Builder, A: Node, B: Node, m: Node) =>
      sum(b, b.select(b.ne(b.expand(m, [1]), 0), product(b, A, B), 0));
    check(
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [NAN, 1],
          [1, 1],
        ],
        [1, 0],
      ],
      rows,
      [
        [NAN, 2],
        [0, 0],
      ],
      false,
    );
    check(
      [
        [
          [1, 1],
          [1, 1],
        ],
        [
          [INF, 2],
          [3, 4],
        ],
        [0, 1],
      ],
      (b, B, A, m) => rows(b, A, B, m),
      [
        [3, 3],
        [4, 4],
      ],
    );
    // No row uses column 1 of B.
    const elements = (b: Builder, A: Node, B: Node, m: Node) =>
      sum(b, b.select(b.ne(m, 0), product(b, A, B), 0));
    check(
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [NAN, 5],
          [INF, 6],
        ],
        [
          [0, 1],
          [0, 1],
        ],
      ],
      elements,
      [
        [5, 6],
        [5, 6],
      ],
    );
    check(
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [NAN, 5],
          [INF, 6],
        ],
        [
          [0, 1],
          [0, 0],
        ],
      ],
      elements,
      [
        [5, 6],
        [0, 0],
      ],
    );
    check(
      [
        [
          [0, 4],
          [1, 1],
        ],
        [
          [NAN, 5],
          [INF, 6],
        ],
        [
          [0, 1],
          [0, 0],
        ],
      ],
      (b, x, B, m) => elements(b, b.sqrt(x), B, m),
      [
        [INF, 1.5],
        [0, 0],
      ],
      false,
    );
    // A vector: the sum over rows.
    const vector = (b: Builder, w: Node, X: Node, m: Node) =>
      sum(b, b.select(b.ne(m, 0), b.contract('ij,j->i', X, w), 0));
    check(
      [
        [1, 1],
        [
          [1, 2],
          [INF, NAN],
          [3, 4],
        ],
        [1, 0, 1],
      ],
      vector,
      [4, 6],
    );
    // relu of a row that overflows: its weights get nothing.
    check(
      [
        [1, 1],
        [
          [1, 2],
          [-INF, -1],
        ],
      ],
      (b, w, X) => sum(b, b.relu(b.contract('ij,j->i', X, w))),
      [1, 2],
    );
  });

  it('what is used makes NaN', () => {
    check(
      [
        [1, NAN],
        [1, 1],
      ],
      (b, y, m) => sum(b, b.select(b.ne(m, 0), b.mul(y, y), 0)),
      [2, NAN],
      false,
    );
  });
});

describe('kinks (R2)', () => {
  it('ties of max and min over an axis split evenly', () => {
    check([[1, 1, 0]], (b, x) => b.reduceMax(x), [0.5, 0.5, 0]);
    check([[1, 0, 0, 0]], (b, x) => b.reduceMin(x), [0, 1 / 3, 1 / 3, 1 / 3]);
    const rows = [
      [1, 1],
      [2, 1],
      [3, 3],
    ];
    check([rows], (b, x) => weighted(b, b.reduceMax(x, [1]), [1, 10, 100]), [
      [0.5, 0.5],
      [10, 0],
      [50, 50],
    ]);
    check([rows], (b, x) => weighted(b, b.reduceMin(x, [0]), [1, 10]), [
      [1, 5],
      [0, 5],
      [0, 0],
    ]);
    check([[-INF, -INF]], (b, x) => b.reduceMax(x), [0.5, 0.5]);
  });

  it('elements that are not the largest get nothing, whatever they are made of', () => {
    check([[0, 4]], (b, x) => b.reduceMax(b.sqrt(x)), [0, 0.25]);
    check([[0, 4]], (b, x) => b.reduceMin(b.sqrt(x)), [INF, 0], false);
  });

  it('the norm of zero has the gradient zero, and so has what is below', () => {
    check([[0, 0]], (b, x) => b.norm(x), [0, 0]);
    check([[3, -4]], (b, x) => b.norm(x), [0.6, -0.8]);
    check([[0, 0]], (b, x) => b.norm(b.sqrt(x)), [0, 0]);
    check(
      [
        [
          [0, 0],
          [3, 4],
        ],
      ],
      (b, x) => sum(b, b.norm(x, [1])),
      [
        [0, 0],
        [0.6, 0.8],
      ],
    );
    check(
      [
        [
          [0, 3],
          [0, 4],
        ],
      ],
      (b, x) => sum(b, b.norm(x, [0])),
      [
        [0, 0.6],
        [0, 0.8],
      ],
    );
  });

  it('the standard deviation of equal numbers has the gradient zero', () => {
    const std = (b: Builder, x: Node) => {
      const n = x.shape[0] as number;
      return b.div(b.norm(b.sub(x, b.div(b.reduceSum(x), n))), Math.sqrt(n - 1));
    };
    check([[1, 1]], std, [0, 0]);
    check([[5, 5, 5]], std, [0, 0, 0]);
    check([[1, 2, 3]], std, [-0.5, 0, 0.5]);
  });

  it('relu and abs of a tensor', () => {
    check([[-1, 0, 2]], (b, x) => sum(b, b.relu(x)), [0, 0, 1]);
    check([[-1, 0, 2]], (b, x) => sum(b, b.abs(x)), [-1, 0, 1]);
    check([[-1, 0, 2]], (b, x) => sum(b, b.max(x, 0)), [0, 0.5, 1]);
  });
});

describe('products and sums of exponentials', () => {
  it('a product without division', () => {
    check([[0, 2, 3]], (b, x) => b.reduceProd(x), [6, 0, 0]);
    check([[0, 0, 3]], (b, x) => b.reduceProd(x), [0, 0, 0]);
    check(
      [
        [
          [2, 3],
          [0, 5],
        ],
      ],
      (b, x) => sum(b, b.reduceProd(x, [1])),
      [
        [3, 2],
        [5, 0],
      ],
    );
    check(
      [
        [
          [2, 3],
          [0, 5],
        ],
      ],
      (b, x) => sum(b, b.reduceProd(x, [0])),
      [
        [0, 5],
        [2, 3],
      ],
    );
    check(
      [
        [
          [0, 3],
          [4, 5],
        ],
      ],
      (b, x) => b.reduceProd(x),
      [
        [60, 0],
        [0, 0],
      ],
    );
  });

  it('cumulative products with zeros', () => {
    const scan = (exclusive: boolean, reverse: boolean) => (b: Builder, x: Node) =>
      weighted(b, b.cumprod(x, { axis: 0, exclusive, reverse }), [1, 10, 100]);
    check([[0, 2, 3]], scan(false, false), [1 + 20 + 600, 0, 0]);
    check([[2, 0, 3]], scan(false, false), [1, 20 + 600, 0]);
    check([[0, 2, 3]], scan(true, false), [10 + 200, 0, 0]);
    check([[2, 3, 0]], scan(false, true), [0, 0, 6 + 30 + 100]);
    check([[2, 3, 0]], scan(true, true), [0, 0, 3 + 10]);
  });

  it('logsumexp: masked elements get nothing', () => {
    const lse = (b: Builder, x: Node) => b.reduceLogsumexp(x);
    check([[-INF, -INF]], lse, [0, 0]);
    check([[INF, 0]], lse, [1, 0]);
    check([[1000, 0]], lse, [1, 0]);
    check([[0, 0, -INF]], lse, [0.5, 0.5, 0]);
    check([[0, NAN]], lse, [NAN, NAN], false);
    check([[0, 1, 1]], (b, x) => b.reduceLogsumexp(b.log(x)), [0, 0.5, 0.5]);
    check(
      [
        [
          [0, 0],
          [-INF, -INF],
        ],
      ],
      (b, x) => sum(b, b.reduceLogsumexp(x, [1])),
      [
        [0.5, 0.5],
        [0, 0],
      ],
    );
  });

  it('gathered twice counts twice', () => {
    check(
      [[1, 2, 3]],
      (b, x) => weighted(b, b.gather(b.mul(x, x), b.array([3, 1, 3], [3]), 0), [1, 10, 100]),
      [20, 0, 606],
    );
  });
});

describe('NaN and zero factors', () => {
  it('a NaN makes all partials of a maximum NaN', () => {
    check([[1, NAN]], (b, x) => b.reduceMax(x), [NAN, NAN], false);
    check([[1, NAN]], (b, x) => b.norm(x), [NAN, NAN], false);
  });

  it('a factor that is zero has no derivative', () => {
    check([[0, 1]], (b, x) => sum(b, b.mul(b.broadcast(0, [2]), b.sqrt(x))), [0, 0]);
    check([[0, 1]], (b, x) => b.contract('i,i->', b.broadcast(0, [2]), b.sqrt(x)), [0, 0]);
  });

  it('powers', () => {
    check([[0, -1, 2]], (b, x) => sum(b, b.pow(x, b.broadcast(2, [3]))), [0, -2, 4]);
    check(
      [
        [0, 0],
        [0, 2],
      ],
      (b, x, y) => sum(b, b.pow(x, y)),
      [0, 0],
    );
    check(
      [
        [0, 0.5],
        [0, 0],
      ],
      (b, y, x) => sum(b, b.pow(x, y)),
      [0, 0],
    );
  });
});

describe('no elements, one element', () => {
  it('sums, products and norms of nothing have no derivative', () => {
    const ops = ['reduceSum', 'reduceProd', 'reduceMax', 'norm', 'reduceLogsumexp'] as const;
    for (const op of ops) check([[]], (b, x) => b[op](x), []);
  });

  it('of one element', () => {
    const ops = ['reduceSum', 'reduceProd', 'reduceMax', 'reduceMin', 'norm', 'reduceLogsumexp'] as const;
    for (const op of ops) check([[3]], (b, x) => b[op](b.mul(x, 2)), [2]);
  });
});

describe('shapes', () => {
  it('every adjoint has the shape of its input', () => {
    const shapes: Shape[] = [[1], [1, 3], [2, 1], []];
    for (const shape of shapes) {
      const { b, inputs, out } = formulaOf([shape, [2, 3]], (builder, x, y) =>
        builder.reduceSum(builder.mul(builder.sin(x), y)),
      );
      const adjoints = pullback(b, calculus(b))([{ node: out, adjoint: b.constant(1) }], () => true);
      for (const input of inputs) expect(adjoints.get(input)!.shape).toEqual(input.shape);
    }
  });
});
