// Every operation that is not elementwise, on numbers whose results are written out by hand.

import { all, create } from 'mathjs';
import { describe, expect, test } from 'vitest';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluate, type Value } from '../../src/ir/evaluate.ts';
import { type Attrs, Graph, type Node } from '../../src/ir/graph.ts';
import { isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import { namedSize } from '../../src/ir/size.ts';

const A = [
  [1, 2, 3],
  [4, 5, 6],
];
const B = [
  [3, -1, 2],
  [0, 7, -4],
];
const S = [
  [1, 2],
  [3, 4],
];
/** 2 x 3 x 2 */
const C = [
  [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  [
    [7, 8],
    [9, 10],
    [11, 12],
  ],
];
const [NaN_, INF] = [Number.NaN, Infinity];
const tested = new Set<OpName>();

type Nested = number | readonly Nested[];
type Build = (b: Builder, raw: Raw, ...inputs: Node[]) => Node;
/** Makes a node as it is written: builders would simplify it. */
type Raw = (op: OpName, inputs: readonly Node[], attrs?: Attrs) => Node;

/** `expected` is what `build` makes of tensors that are given as nested arrays. */
function check(inputs: readonly Nested[], build: Build, expected: Nested): void {
  const graph = new Graph();
  const declared = inputs.map((value, i) => {
    const shape = shapeOf(value);
    return { name: `x${i}`, shape, dtype: 'real' as const, node: graph.input(`x${i}`, 'real', shape) };
  });
  const raw: Raw = (op, operands, attrs) => {
    tested.add(op);
    return graph.intern(op, operands, attrs);
  };
  const root = build(builder(graph), raw, ...declared.map(({ node }) => node));
  const program = {
    source: { name: '', text: '' },
    graph,
    inputs: declared,
    outputs: [{ name: 'f', shape: root.shape, elements: [root] }],
    wrt: [],
    derivatives: [],
    diagnostics: [],
  };
  const point = Object.fromEntries(inputs.map((value, i) => [`x${i}`, value as Value]));
  const { f } = evaluate(program, point).outputs;
  expect(root.shape).toEqual(shapeOf(expected));
  const actual = typeof f === 'number' ? [f] : [...f];
  const wanted = [expected].flat(9) as number[];
  expect(actual.length).toBe(wanted.length);
  for (const [k, value] of wanted.entries()) {
    // Up to the last place; zeros with their sign.
    if (value === 0 || !Number.isFinite(value)) expect(actual[k]).toBe(value);
    else expect(Math.abs(actual[k] / value - 1)).toBeLessThan(4e-15);
  }
}

function shapeOf(value: Nested): number[] {
  return typeof value === 'number' ? [] : [value.length, ...(value.length === 0 ? [] : shapeOf(value[0]))];
}

// biome-ignore format: one case a line
test('leaves', () => {
  check([], (_, raw) => raw('array', [], { shape: [2, 2], values: [1, -0, NaN_, 4] }), [[1, -0], [NaN_, 4]]);
  check([], (_, raw) => raw('array', [], { shape: [0], values: [] }), []);
  check([], (_, raw) => raw('iota', [], { length: 4 }), [0, 1, 2, 3]);
  check([], (_, raw) => raw('iota', [], { length: 0 }), []);
  check([], (_, raw) => raw('size', [], { size: 7 }), 7);
  check([], (b, raw) => raw('broadcast', [b.constant(3)], { shape: [2] }), [3, 3]);
  check([], b => b.real(b.eye(2, 3)), [[1, 0, 0], [0, 1, 0]]);
});

// biome-ignore format: one case a line
test('elementwise operations broadcast along trailing axes', () => {
  check([A, [10, 20, 30]], (b, _, x, y) => b.add(x, y), [[11, 22, 33], [14, 25, 36]]);
  check([A, [[10], [20]]], (b, _, x, y) => b.add(x, y), [[11, 12, 13], [24, 25, 26]]);
  check([[1, 2], [[10], [20]]], (b, _, x, y) => b.sub(y, x), [[9, 8], [19, 18]]);
  check([A, 2], (b, _, x, y) => b.mul(x, y), [[2, 4, 6], [8, 10, 12]]);
  check([[3, 4], [[4], [3]]], (b, _, x, y) => b.hypot(x, y), [ [5, Math.sqrt(32)], [Math.sqrt(18), 5], ]);
  check([S, [2, 3]], (b, _, x, y) => b.select(b.lt(x, y), x, b.neg(y)), [[1, 2], [-2, -3]]);
  check([[-1, 2]], (b, _, x) => b.polygamma(0, b.abs(x)), [-0.5772156649015329, 0.4227843350984671]);
  check([[[]], [[5]]], (b, _, x, y) => b.add(x, y), [[]]);
});

// biome-ignore format: one case a line
test('broadcast and reshape', () => {
  check([[1, 2]], (_, raw, x) => raw('broadcast', [x], { shape: [3, 2] }), [[1, 2], [1, 2], [1, 2]]);
  check([[[1], [2]]], (_, raw, x) => raw('broadcast', [x], { shape: [2, 2] }), [[1, 1], [2, 2]]);
  check([[[1, 2]]], (_, raw, x) => raw('broadcast', [x], { shape: [2, 1, 2] }), [[[1, 2]], [[1, 2]]]);
  check([[5]], (_, raw, x) => raw('broadcast', [x], { shape: [0] }), []);
  check([A], (_, raw, x) => raw('reshape', [x], { shape: [3, 2] }), [[1, 2], [3, 4], [5, 6]]);
  check([A], (_, raw, x) => raw('reshape', [x], { shape: [6] }), [1, 2, 3, 4, 5, 6]);
  check([5], (_, raw, x) => raw('reshape', [x], { shape: [1, 1] }), [[5]]);
  check([[[5]]], (_, raw, x) => raw('reshape', [x], { shape: [] }), 5);
});

// biome-ignore format: one case a line
test('permute and diagonal', () => {
  check([A], (_, raw, x) => raw('permute', [x], { permutation: [1, 0] }), [[1, 4], [2, 5], [3, 6]]);
  // Axis i of the result is axis permutation[i] of the operand: element [k][i][j] is C[i][j][k].
  check([C], (_, raw, x) => raw('permute', [x], { permutation: [2, 0, 1] }), [[[1, 3, 5], [7, 9, 11]], [[2, 4, 6], [8, 10, 12]]]);
  check([C], (_, raw, x) => raw('permute', [x], { permutation: [0, 1, 2] }), C);
  check([S], (_, raw, x) => raw('diagonal', [x]), [1, 4]);
  check([[S, [[5, 6], [7, 8]], S]], (_, raw, x) => raw('diagonal', [x]), [[1, 4], [5, 8], [1, 4]]);
});

// biome-ignore format: one case a line
test('slice and element', () => {
  const slice =
    (axis: number, start: number, step: number, length: number): Build =>
    (_, raw, x) =>
      raw('slice', [x], { axis, start, step, length });
  check([[1, 2, 3, 4, 5]], slice(0, 1, 1, 3), [2, 3, 4]);
  check([[1, 2, 3, 4, 5]], slice(0, 0, 2, 3), [1, 3, 5]);
  check([[1, 2, 3, 4, 5]], slice(0, 4, -1, 5), [5, 4, 3, 2, 1]);
  check([[1, 2, 3, 4, 5]], slice(0, 3, -2, 2), [4, 2]);
  check([[1, 2, 3]], slice(0, 2, 1, 0), []);
  check([A], slice(1, 1, 1, 2), [[2, 3], [5, 6]]);
  check([A], slice(0, 1, 1, 1), [[4, 5, 6]]);
  check([C], slice(1, 2, -2, 2), [[[5, 6], [1, 2]], [[11, 12], [7, 8]]]);
  check([A], (_, raw, x) => raw('element', [x], { position: 4 }), 5);
  check([7], (_, raw, x) => raw('element', [x], { position: 0 }), 7);
});

// biome-ignore format: one case a line
test('pad', () => {
  const pad =
    (axis: number, start: number, step: number, length: number): Build =>
    (_, raw, x) =>
      raw('pad', [x], { axis, start, step, length });
  check([[1, 2]], pad(0, 1, 1, 4), [0, 1, 2, 0]);
  check([[1, 2]], pad(0, 0, 3, 5), [1, 0, 0, 2, 0]);
  check([[1, 2, 3]], pad(0, 2, -1, 3), [3, 2, 1]);
  check([[]], pad(0, 0, 1, 2), [0, 0]);
  check([S], pad(1, 1, 2, 4), [[0, 1, 0, 2], [0, 3, 0, 4]]);
  check([S], pad(0, 0, 1, 3), [[1, 2], [3, 4], [0, 0]]);
});

// biome-ignore format: one case a line
test('concat', () => {
  const concat =
    (axis: number): Build =>
    (_, raw, ...xs) =>
      raw('concat', xs, { axis });
  check([[1, 2], [3], [4, 5]], concat(0), [1, 2, 3, 4, 5]);
  check([[], [3]], concat(0), [3]);
  check([S, A], concat(1), [[1, 2, 1, 2, 3], [3, 4, 4, 5, 6]]);
  check([A, B], concat(0), [...A, ...B]);
  check([1, 2], (b, _, x, y) => b.stack([x, y, x]), [1, 2, 1]);
  check([[1, 2], [3, 4]], (b, _, x, y) => b.stack([x, y]), S);
});

// biome-ignore format: one case a line
test('gather', () => {
  const gather =
    (axis: number): Build =>
    (_, raw, x, index) =>
      raw('gather', [x, index], { axis });
  check([[5, 6, 7], [3, 1, 1]], gather(0), [7, 5, 5]);
  check([[5, 6, 7], 2], gather(0), 6);
  check([[5, 6, 7], []], gather(0), []);
  check([A, [2, 1]], gather(0), [[4, 5, 6], [1, 2, 3]]);
  check([A, [3, 1]], gather(1), [[3, 1], [6, 4]]);
  check([A, 3], gather(1), [3, 6]);
  check([[5, 6, 7], [[1, 2], [3, 1]]], gather(0), [[5, 6], [7, 5]]);
  check([A, [[3], [1]]], gather(1), [[[3], [1]], [[6], [4]]]);
});

// biome-ignore format: one case a line
test('scatterAdd', () => {
  const scatter =
    (axis: number, length: number): Build =>
    (_, raw, x, index) =>
      raw('scatterAdd', [x, index], { axis, length });
  check([[10, 20, 30], [3, 1, 3]], scatter(0, 4), [20, 0, 40, 0]);
  check([10, 2], scatter(0, 3), [0, 10, 0]);
  check([[10, 20], 1], scatter(0, 2), [[10, 20], [0, 0]]);
  check([[10, 20], 2], scatter(1, 2), [[0, 10], [0, 20]]);
  check([A, [2, 2]], scatter(0, 3), [[0, 0, 0], [5, 7, 9], [0, 0, 0]]);
  check([A, [1, 3, 1]], scatter(1, 3), [[4, 0, 2], [10, 0, 5]]);
  check([[[1, 2], [3, 4]], [[2, 2], [1, 2]]], scatter(0, 2), [3, 7]);
  check([[], []], scatter(0, 2), [0, 0]);
});

describe('reductions', () => {
  const reduce =
    (op: OpName, ...axes: number[]): Build =>
    (_, raw, x) =>
      raw(op, [x], { axes } as Attrs);

  // biome-ignore format: one case a line
  test('sums and products', () => {
    check([A], reduce('reduceSum', 0), [5, 7, 9]);
    check([A], reduce('reduceSum', 1), [6, 15]);
    check([A], reduce('reduceSum', 0, 1), 21);
    check([A], reduce('reduceSum'), A);
    check([C], reduce('reduceSum', 0, 2), [18, 26, 34]);
    check([C], reduce('reduceSum', 1), [[9, 12], [27, 30]]);
    check([A], reduce('reduceProd', 1), [6, 120]);
    check([A], reduce('reduceProd', 0), [4, 10, 18]);
    check([[]], reduce('reduceSum', 0), 0);
    check([[]], reduce('reduceProd', 0), 1);
    check([[[], []]], reduce('reduceSum', 1), [0, 0]);
    check([[7]], reduce('reduceSum', 0), 7);
    check([5], reduce('reduceSum'), 5);
    check([[1, NaN_]], reduce('reduceSum', 0), NaN_);
    check([[0, INF]], reduce('reduceProd', 0), NaN_);
    check([[1e308, 1e308, -1e308]], reduce('reduceSum', 0), INF); // in order of the index
  });

  // biome-ignore format: one case a line
  test('extremes', () => {
    check([B], reduce('reduceMax', 0), [3, 7, 2]);
    check([B], reduce('reduceMax', 1), [3, 7]);
    check([B], reduce('reduceMin', 1), [-1, -4]);
    check([B], reduce('reduceMin', 0, 1), -4);
    check([[]], reduce('reduceMax', 0), -INF);
    check([[]], reduce('reduceMin', 0), INF);
    check([[7]], reduce('reduceMax', 0), 7);
    check([[1, NaN_, 2]], reduce('reduceMax', 0), NaN_);
    check([[1, NaN_, 2]], reduce('reduceMin', 0), NaN_);
  });

  // biome-ignore format: one case a line
  test('norms neither overflow nor underflow', () => {
    check([[[3, 4], [5, 12]]], reduce('norm', 1), [5, 13]);
    check([[[3, 4], [0, 12]]], reduce('norm', 0, 1), 13);
    check([[3e200, -4e200]], reduce('norm', 0), 5e200);
    check([[3e-200, 4e-200]], reduce('norm', 0), 5e-200);
    check([[]], reduce('norm', 0), 0);
    check([[-7]], reduce('norm', 0), 7);
    check([[1, NaN_]], reduce('norm', 0), NaN_);
  });

  // biome-ignore format: one case a line
  test('logsumexp is stable', () => {
    check([[[0, 0], [1000, 1000]]], reduce('reduceLogsumexp', 1), [Math.LN2, 1000 + Math.LN2]);
    check([[-1000, -1000]], reduce('reduceLogsumexp', 0), -1000 + Math.LN2);
    check([[1000, 0]], reduce('reduceLogsumexp', 0), 1000);
    check([[-INF, -INF]], reduce('reduceLogsumexp', 0), -INF);
    check([[-INF, 3]], reduce('reduceLogsumexp', 0), 3);
    check([[INF, 0]], reduce('reduceLogsumexp', 0), INF);
    check([[]], reduce('reduceLogsumexp', 0), -INF);
    check([[4]], reduce('reduceLogsumexp', 0), 4);
    check([[1, NaN_]], reduce('reduceLogsumexp', 0), NaN_);
  });

  // biome-ignore format: one case a line
  test('positions', () => {
    check([B], reduce('argmax', 1), [1, 2]);
    check([B], reduce('argmax', 0), [1, 2, 1]);
    check([B], reduce('argmin', 1), [2, 3]);
    check([B], reduce('argmax', 0, 1), 5);
    check([B], reduce('argmin', 0, 1), 6);
    check([[2, 5, 5, 1]], reduce('argmax', 0), 2);
    check([[2, 1, 5, 1]], reduce('argmin', 0), 2);
    check([[1, NaN_, 9, NaN_]], reduce('argmax', 0), 2);
    check([[1, NaN_, 0, NaN_]], reduce('argmin', 0), 2);
    check([[NaN_, 3]], reduce('argmax', 0), 1);
    check([[-INF, -INF]], reduce('argmax', 0), 1);
    check([[4]], reduce('argmax', 0), 1);
    check([[]], reduce('argmax', 0), 0);
    check([5], reduce('argmin'), 1);
  });

  // biome-ignore format: one case a line
  test('masks', () => {
    const any =
      (...axes: number[]): Build =>
      (b, raw, x) =>
        b.real(raw('any', [b.lt(x, 0)], { axes }));
    check([[[1, -1], [2, 3]]], any(1), [1, 0]);
    check([[[1, -1], [2, 3]]], any(0), [0, 1]);
    check([[1, 2]], any(0), 0);
    check([[]], any(0), 0);
  });

  // biome-ignore format: one case a line
  test('more than an operation has inputs', () => {
    const many = Array.from({ length: 25_000 }, (_, k) => k % 1000);
    check([many], reduce('reduceMax', 0), 999);
    check([many.map(x => (x === 17 ? -1 : 1))], reduce('reduceMin', 0), -1);
    check([many.map(() => 2)], reduce('norm', 0), Math.sqrt(100_000));
    check([many.map(() => 0)], reduce('reduceLogsumexp', 0), Math.log(25_000));
  });
});

// biome-ignore format: one case a line
test('cumulative sums and products', () => {
  const scan =
    (op: 'cumsum' | 'cumprod', axis: number, exclusive = false, reverse = false): Build =>
    (_, raw, x) =>
      raw(op, [x], { axis, exclusive, reverse });
  const v = [1, 2, 3, 4];
  check([v], scan('cumsum', 0), [1, 3, 6, 10]);
  check([v], scan('cumsum', 0, true), [0, 1, 3, 6]);
  check([v], scan('cumsum', 0, false, true), [10, 9, 7, 4]);
  check([v], scan('cumsum', 0, true, true), [9, 7, 4, 0]);
  check([v], scan('cumprod', 0), [1, 2, 6, 24]);
  check([v], scan('cumprod', 0, true), [1, 1, 2, 6]);
  check([v], scan('cumprod', 0, false, true), [24, 24, 12, 4]);
  check([v], scan('cumprod', 0, true, true), [24, 12, 4, 1]);
  check([A], scan('cumsum', 0), [[1, 2, 3], [5, 7, 9]]);
  check([A], scan('cumsum', 1), [[1, 3, 6], [4, 9, 15]]);
  check([A], scan('cumprod', 1, true), [[1, 1, 2], [1, 4, 20]]);
  check([[]], scan('cumsum', 0), []);
  check([[5]], scan('cumprod', 0, true), [1]);
});

describe('contract', () => {
  const contract =
    (subscripts: string): Build =>
    (_, raw, x, y) =>
      raw('contract', [x, y], { subscripts });
  const { multiply, transpose, dot } = create(all);

  // biome-ignore format: one case a line
  test('by hand', () => {
    check([S, [[5, 6], [7, 8]]], contract('ab,bc->ac'), [[19, 22], [43, 50]]);
    check([S, [[5, 6], [7, 8]]], contract('ab,bc->ca'), [[19, 43], [22, 50]]);
    check([S, [[5, 6], [7, 8]]], contract('ab,cb->ac'), [[17, 23], [39, 53]]);
    check([S, [5, 6]], contract('ab,b->a'), [17, 39]);
    check([S, [5, 6]], contract('ab,a->b'), [23, 34]);
    check([[1, 2, 3], [4, 5, 6]], contract('a,a->'), 32);
    check([A, B], contract('ab,ab->'), 3 - 2 + 6 + 0 + 35 - 24);
    check([A, B], contract('ab,ab->a'), [7, 11]);
    check([A, B], contract('ab,ab->b'), [3, 33, -18]);
    check([C, [[1, 1], [1, -1]]], contract('abc,ac->ab'), [[3, 7, 11], [-1, -1, -1]]);
    check(
      [C, [[1, 1], [1, -1]]],
      contract('abc,ad->bcd'),
      [[[8, -6], [10, -6]], [[12, -6], [14, -6]], [[16, -6], [18, -6]]],
    );
  });

  // biome-ignore format: one case a line
  test('as mathjs', () => {
    check([A, transpose(B)], contract('ab,bc->ac'), multiply(A, transpose(B)) as number[][]);
    check([transpose(A), B], contract('ab,bc->ac'), multiply(transpose(A), B) as number[][]);
    check([A, [7, 8, 9]], contract('ab,b->a'), multiply(A, [7, 8, 9]) as unknown as number[]);
    check([A[0], B[1]], contract('a,a->'), dot(A[0], B[1]));
  });

  // biome-ignore format: one case a line
  test('nothing and one', () => {
    check([[], []], contract('a,a->'), 0);
    check([[[], []], []], contract('ab,b->a'), [0, 0]);
    check([[3], [4]], contract('a,a->'), 12);
    check([[[3]], [[4]]], contract('ab,bc->ac'), [[12]]);
  });
});

// biome-ignore format: one case a line
test('named sizes, as numbers and as lengths', () => {
  const n = namedSize('n');
  const graph = new Graph();
  const b = builder(graph);
  const node = graph.input('x', 'real', [n]);
  const outputs = { count: b.size(n), places: b.iota(n), ones: b.broadcast(1, [n, 2]) };
  const program = {
    source: { name: '', text: '' },
    graph,
    inputs: [{ name: 'x', shape: [n], dtype: 'real' as const, node }],
    outputs: Object.entries(outputs).map(([name, root]) => ({ name, shape: root.shape, elements: [root] })),
    wrt: [],
    derivatives: [],
    diagnostics: [],
  };
  expect(evaluate(program, { x: [5, 6] }).outputs).toEqual({
    count: 2,
    places: Float64Array.of(0, 1),
    ones: Float64Array.of(1, 1, 1, 1),
  });
  expect(evaluate(program, { x: [] }).outputs).toEqual({
    count: 0,
    places: new Float64Array(0),
    ones: new Float64Array(0),
  });
});

// biome-ignore format: one case a line
test('no operation is left out', () => {
  const all = (Object.keys(OPS) as OpName[]).filter(op => !isElementwise(op));
  expect(all.filter(op => !tested.has(op))).toEqual([]);
});
