// What a derivative means, for tensors: rules R1 to R8 and "naive in, stable out" (README, "What a derivative means"), at
// every optimisation level, by the reference evaluator and by emitted code, as loops and written out element by element.
// The expected numbers are limits and closed forms, typed by hand.

import { describe, expect, it } from 'vitest';
import { compile } from '../src/index.ts';
import { evaluate, type Value } from '../src/ir/evaluate.ts';
import { optimise } from '../src/rewrite/passes.ts';
import { load } from './load.ts';

const LEVELS = [0, 1, 2] as const;
const { LN2, LN10, E } = Math;
const INF = Infinity;

interface Expected {
  readonly value?: number;
  /** Elements by input. */
  readonly grad?: Readonly<Record<string, number | readonly number[]>>;
  /** Second derivatives by pair, row by row. */
  readonly second?: Readonly<Record<string, readonly number[]>>;
}

/** `[formula, point, expected]`; inputs are declared by the shapes of what they are at the point. */
type Case = readonly [string, Readonly<Record<string, Nested>>, Expected];

type Nested = number | readonly Nested[];

const shapeOf = (value: Nested): number[] =>
  typeof value === 'number' ? [] : [value.length, ...(value.length === 0 ? [] : shapeOf(value[0]))];
const flat = (value: Nested): number[] => [value].flat(9) as number[];

function close(actual: number, expected: number, what: string): void {
  const same =
    Object.is(actual, expected) ||
    (actual === 0 && expected === 0) ||
    Math.abs(actual - expected) <= 1e-12 * Math.max(Math.abs(expected), 1e-300);
  expect(same, `${what}: ${actual} instead of ${expected}`).toBe(true);
}

interface Results {
  readonly value: unknown;
  readonly grad: Readonly<Record<string, unknown>>;
  readonly hessian: ((x: string, y: string) => unknown) | undefined;
}

function compare(results: Results, { value, grad = {}, second = {} }: Expected, what: string): void {
  const elements = (of: unknown) => (typeof of === 'number' ? [of] : Array.from(of as ArrayLike<number>));
  const all = (actual: unknown, wanted: Nested, name: string) => {
    const [p, q] = [elements(actual), flat(wanted)];
    expect(p.length, `${what}: length of ${name}`).toBe(q.length);
    for (const [i, x] of p.entries()) close(x, q[i], `${what}: ${name}[${i + 1}]`);
  };
  if (value !== undefined) all(results.value, value, 'value');
  for (const [name, wanted] of Object.entries(grad)) all(results.grad[name], wanted, `d/d${name}`);
  for (const [pair, wanted] of Object.entries(second)) {
    const [x, y] = pair.split(',');
    all(results.hessian!(x, y), wanted, `d2/d${x}d${y}`);
  }
}

async function check([text, point, expected]: Case, level: 0 | 1 | 2): Promise<void> {
  const declarations = Object.entries(point).map(([name, value]) => {
    const shape = shapeOf(value);
    return `# @input ${name}: ${shape.length === 0 ? 'scalar' : shape.join(' x ')}${name === 'k' ? ' int' : ''}\n`;
  });
  const source = declarations.join('') + text;
  const wrt = Object.keys(expected.grad ?? {});
  const hessian = expected.second !== undefined;
  const options = { optimize: level, wrt, hessian };
  const inputs = Object.fromEntries(
    Object.entries(point).map(([name, value]): [string, Value] => [
      name,
      typeof value === 'number' ? value : Float64Array.from(flat(value)),
    ]),
  );

  const { program } = compile(source, options);
  const reference = evaluate(optimise(program, level), inputs);
  const zeros = (name: string) => flat(point[name]).map(() => 0);
  const grad = reference.derivatives.get('grad')!;
  const second = reference.derivatives.get('hessian');
  compare(
    {
      value: Object.values(reference.outputs)[0],
      grad: Object.fromEntries(wrt.map(name => [name, grad.get(name) ?? zeros(name)])),
      hessian: (x, y) => second!.get(`${x}.${y}`) ?? zeros(x).flatMap(() => zeros(y)),
    },
    expected,
    'reference',
  );
  for (const unroll of [0, 10_000]) {
    const module = await load(compile(source, { ...options, unroll }).code);
    const both = module.valueAndGrad(inputs);
    const blocks = hessian ? module.hessian(inputs) : undefined;
    const results = { ...both, hessian: (x: string, y: string) => blocks[x][y] } as unknown as Results;
    compare(results, expected, unroll === 0 ? 'loops' : 'element by element');
  }
}

function suite(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    for (const each of cases) {
      const [text, point] = each;
      it.each(LEVELS)(`${text} at ${JSON.stringify(point)}, -O%i`, level => check(each, level));
    }
  });
}

/** log(sum(exp(v))) at [1000, 0], however it is written. */
const LARGE = { v: [1000, 0] };
const lse = (factor = 1, shift = 0): Expected => ({ value: 1000 * factor + shift, grad: { v: [factor, 0] } });

suite('naive in, stable out: logarithms of sums', [
  ['log(sum(exp(v)))', LARGE, { ...lse(), second: { 'v,v': [0, 0, 0, 0] } }],
  [
    'log(sum(exp(v)))',
    { v: [0, 0] },
    { value: LN2, grad: { v: [0.5, 0.5] }, second: { 'v,v': [0.25, -0.25, -0.25, 0.25] } },
  ],
  ['log(sum(exp(v)))', { v: [-1000, -1001] }, { grad: { v: [1 / (1 + 1 / E), 1 / (1 + E)] } }],
  ['s = sum(exp(v)); log(s)', LARGE, lse()],
  ['f(u) = exp(u); log(sum(f(v)))', LARGE, lse()],
  ['log(sum(map(v, exp)))', LARGE, lse()],
  ['log(2 * sum(3 * exp(v)))', LARGE, lse(1, Math.log(6))],
  ['log(sum(2 .* exp(v)) / 4)', LARGE, lse(1, -LN2)],
  ['-log(1 / sum(exp(v)))', LARGE, lse()],
  ['log10(sum(exp(v)))', LARGE, lse(1 / LN10)],
  ['log(sum(exp(v)), 2)', LARGE, lse(1 / LN2)],
  ['log(mean(exp(v)))', LARGE, lse(1, -LN2)],
  ['log(exp(v) * [1, 1])', LARGE, lse()],
  ['log(exp(v[1]) + exp(v[2]))', LARGE, lse()],
  ['log(1 + sum(exp(v)))', LARGE, lse()],
  ['log(exp(v[2]) + sum(exp(v)))', LARGE, lse()],
  ['log(sum([exp(v[1]), exp(v[2])]))', LARGE, lse()],
  ['logsumexp(v)', LARGE, lse()],
  [
    'sum(log(sum(exp(A), 2)))',
    {
      A: [
        [1000, 0],
        [0, -1000],
      ],
    },
    { value: 1000, grad: { A: [1, 0, 1, 0] } },
  ],
  [
    'sum(log(sum(exp(A), 1)))',
    {
      A: [
        [1000, 0],
        [0, -1000],
      ],
    },
    { value: 1000, grad: { A: [1, 1, 0, 0] } },
  ],
  [
    "sum(log(sum(exp(A'), 1)))",
    {
      A: [
        [1000, 0],
        [0, -1000],
      ],
    },
    { value: 1000, grad: { A: [1, 0, 1, 0] } },
  ],
]);

/** log(softmax(v))[1] at [0, 1000]. */
const FIRST = { v: [0, 1000] };
const logarithm: Expected = { value: -1000, grad: { v: [1, -1] } };

suite('naive in, stable out: softmax', [
  ['log(exp(v) / sum(exp(v)))[1]', FIRST, { ...logarithm, second: { 'v,v': [0, 0, 0, 0] } }],
  ['log((exp(v) / sum(exp(v)))[1])', FIRST, logarithm],
  ['log(exp(v)[1] / sum(exp(v)))', FIRST, logarithm],
  ['log(exp(v[1]) / sum(exp(v)))', FIRST, logarithm],
  ['p = exp(v) ./ sum(exp(v)); log(p[1])', FIRST, logarithm],
  ['e2 = exp(v); s = sum(e2); log(e2 / s)[1]', FIRST, logarithm],
  ['r = 1 / sum(exp(v)); log(exp(v) * r)[1]', FIRST, logarithm],
  ['r = 1 / sum(exp(v)); log((r * exp(v))[1])', FIRST, logarithm],
  ['log(exp(v) / (2 * sum(exp(v))))[1]', FIRST, { value: -1000 - LN2, grad: { v: [1, -1] } }],
  ['log10(exp(v) / sum(exp(v)))[1]', FIRST, { value: -1000 / LN10, grad: { v: [1 / LN10, -1 / LN10] } }],
  ['log(softmax(v))[1]', FIRST, logarithm],
  ['log(softmax(v)[1])', FIRST, logarithm],
  ['logsoftmax(v)[1]', FIRST, logarithm],
  ['log(softmax(v)[1:2])[1]', FIRST, logarithm],
  ['log(flatten(softmax(reshape(v, [1, 2]))))[1]', FIRST, logarithm],
  ["log(softmax([v, v], 2)')[1, 2]", { v: [0, 1000] }, logarithm],
  ['(exp(v) / sum(exp(v)))[1]', { v: [1000, 0] }, { value: 1, grad: { v: [0, 0] } }],
  ['r = 1 / sum(exp(v)); (exp(v) * r)[1]', { v: [1000, 1000] }, { value: 0.5, grad: { v: [0.25, -0.25] } }],
  ['(exp(v) / (1 + sum(exp(v))))[1]', { v: [1000, 0] }, { value: 1, grad: { v: [0, 0] } }],
  [
    'P = exp(A) ./ sum(exp(A), 1); log(P[1, 1])',
    {
      A: [
        [0, 5],
        [1000, 7],
      ],
    },
    { value: -1000, grad: { A: [1, 0, -1, 0] } },
  ],
]);

suite('naive in, stable out: cross-entropy from logits', [
  [
    '-sum(y .* log(softmax(z)))',
    { y: [0, 1], z: [1000, 0] },
    { value: 1000, grad: { z: [1, -1], y: [0, 1000] } },
  ],
  [
    '-sum(y .* log(exp(z) / sum(exp(z))))',
    { y: [0, 1], z: [1000, 0] },
    { value: 1000, grad: { z: [1, -1], y: [0, 1000] } },
  ],
  ['-y * log(softmax(z))', { y: [0, 1], z: [1000, 0] }, { value: 1000, grad: { z: [1, -1] } }],
  [
    '-sum(sum(Y .* log(softmax(Z, 2)), 2))',
    {
      Y: [
        [0, 1],
        [1, 0],
      ],
      Z: [
        [1000, 0],
        [0, 0],
      ],
    },
    { value: 1000 + LN2, grad: { Z: [1, -1, -0.5, 0.5] } },
  ],
  ['p = softmax(z); -log(p[k])', { z: [1000, 0], k: 2 }, { value: 1000, grad: { z: [1, -1] } }],
  ['p = exp(z) / sum(exp(z)); -log(p[k])', { z: [1000, 0], k: 2 }, { value: 1000, grad: { z: [1, -1] } }],
  [
    'p = 1 ./ (1 + exp(-z)); -sum(y .* log(p) + (1 - y) .* log(1 - p))',
    { y: [1, 0], z: [-1000, 1000] },
    { value: 2000, grad: { z: [-1, 1] } },
  ],
]);

suite('naive in, stable out: element by element', [
  [
    'sum(1 ./ (1 + exp(-v)))',
    { v: [-1000, 0] },
    { value: 0.5, grad: { v: [0, 0.25] }, second: { 'v,v': [0, 0, 0, 0] } },
  ],
  ['sum(log(sigmoid(v)))', { v: [-1000, 1000] }, { value: -1000, grad: { v: [1, 0] } }],
  ['sum(log(1 ./ (1 + exp(-v))))', { v: [-1000, 1000] }, { value: -1000, grad: { v: [1, 0] } }],
  ['log(sigmoid(v)[1])', { v: [-1000, 1000] }, { value: -1000, grad: { v: [1, 0] } }],
  ['sum(log(1 + exp(v)))', { v: [1000, -1000] }, { value: 1000, grad: { v: [1, 0] } }],
  [
    'sum(log(exp(A) + exp(v)))',
    {
      A: [
        [1000, 0],
        [0, 0],
      ],
      v: [0, 0],
    },
    { value: 1000 + 3 * LN2, grad: { v: [0.5, 1] } },
  ],
  ['sum(v .* log(v))', { v: [0, 1] }, { value: 0, grad: { v: [-INF, 1] } }],
  ['v * log(v)', { v: [0, 1] }, { value: 0, grad: { v: [-INF, 1] } }],
  ['-v * log(v)', { v: [0, 1] }, { value: 0, grad: { v: [INF, -1] } }],
  ['dot(v, log(v))', { v: [0, E] }, { value: E, grad: { v: [-INF, 2] } }],
  ['(v .* log(v))[1] + v[2] * log(v)[2]', { v: [0, 1] }, { value: 0, grad: { v: [-INF, 1] } }],
  ['-sum(v .* log(v ./ w))', { v: [0, 1], w: [2, 1] }, { value: 0, grad: { w: [0, 1] } }],
  ['sum(v ./ v)', { v: [0, 2] }, { value: 2, grad: { v: [0, 0] } }],
  [
    'sum(sin(v) ./ v)',
    { v: [0, 0] },
    { value: 2, grad: { v: [0, 0] }, second: { 'v,v': [-1 / 3, 0, 0, -1 / 3] } },
  ],
  [
    'sum((exp(v) - 1) ./ v)',
    { v: [0, 0] },
    { value: 2, grad: { v: [0.5, 0.5] }, second: { 'v,v': [1 / 3, 0, 0, 1 / 3] } },
  ],
  ['sum(log(1 - exp(v)))', { v: [-1e-20] }, { value: Math.log(1e-20), grad: { v: [-1e20] } }],
]);

suite('R1: selection is control flow', [
  [
    'sum(where(v > 0, sqrt(v), 0))',
    { v: [-1, 4] },
    { value: 2, grad: { v: [0, 0.25] }, second: { 'v,v': [0, 0, 0, -1 / 32] } },
  ],
  ['dot(where(v > 0, log(v), 0), w)', { v: [0, 1], w: [3, 5] }, { value: 0, grad: { v: [0, 5], w: [0, 0] } }],
  [
    'sum(A * where(v > 0, log(v), 0))',
    {
      A: [
        [1, 2],
        [3, 4],
      ],
      v: [0, 1],
    },
    { value: 0, grad: { v: [0, 6], A: [0, 0, 0, 0] } },
  ],
  ['x > 0 ? sum(sqrt(v)) : 0', { x: -1, v: [0, 4] }, { value: 0, grad: { v: [0, 0] } }],
  ['sum(max(1, log(v)))', { v: [0, E * E] }, { value: 3, grad: { v: [0, 1 / (E * E)] } }],
  ['sum(relu(-sqrt(v)))', { v: [0, 1] }, { value: 0, grad: { v: [0, 0] } }],
  ['max(sqrt(v))', { v: [0, 4] }, { value: 2, grad: { v: [0, 0.25] } }],
  ['min(v[1], v[k])', { v: [1, 4, 9], k: 2 }, { value: 1, grad: { v: [1, 0, 0] } }],
  ['k > 3 ? 0 : v[k]', { v: [1, 4, 9], k: 2 }, { value: 4, grad: { v: [0, 1, 0] } }],
]);

suite('R2: kinks', [
  ['max(v)', { v: [1, 1, 0] }, { value: 1, grad: { v: [0.5, 0.5, 0] } }],
  ['min(v)', { v: [1, 1, 0] }, { value: 0, grad: { v: [0, 0, 1] } }],
  [
    'sum(max(A, 2))',
    {
      A: [
        [1, 1],
        [0, 3],
      ],
    },
    { value: 4, grad: { A: [0.5, 0.5, 0, 1] } },
  ],
  [
    'sum(max(A, 0))',
    {
      A: [
        [1, 0],
        [-2, 3],
      ],
    },
    { value: 4, grad: { A: [1, 0.5, 0, 1] } },
  ],
  ['sum(max(v, w))', { v: [1, 2], w: [1, 3] }, { value: 4, grad: { v: [0.5, 0], w: [0.5, 1] } }],
  ['sum(abs(v))', { v: [0, -2] }, { value: 2, grad: { v: [0, -1] } }],
  ['sum(relu(v))', { v: [0, 2] }, { value: 2, grad: { v: [0, 1] } }],
  ['norm(v)', { v: [0, 0] }, { value: 0, grad: { v: [0, 0] } }],
  ['norm(v)', { v: [3, 4] }, { value: 5, grad: { v: [0.6, 0.8] } }],
  ['norm(v, 1)', { v: [0, -2] }, { value: 2, grad: { v: [0, -1] } }],
  ['sqrt(sum(v .^ 2))', { v: [0, 0] }, { value: 0, grad: { v: [0, 0] } }],
  [
    'sqrt(sum(v .* v))',
    { v: [3, 4] },
    { value: 5, grad: { v: [0.6, 0.8] }, second: { 'v,v': [16 / 125, -12 / 125, -12 / 125, 9 / 125] } },
  ],
  ['sqrt(v * v)', { v: [0, 0] }, { value: 0, grad: { v: [0, 0] } }],
  ['sqrt(dot(v, v))', { v: [3e200, 4e200] }, { value: 5e200, grad: { v: [0.6, 0.8] } }],
  ['sqrt(v[1]^2 + v[2]^2)', { v: [3e200, 4e200] }, { value: 5e200, grad: { v: [0.6, 0.8] } }],
  ['sqrt(mean(v .^ 2))', { v: [0, 0] }, { value: 0, grad: { v: [0, 0] } }],
  [
    'sum(sqrt(sum(A .^ 2, 2)))',
    {
      A: [
        [0, 0],
        [3, 4],
      ],
    },
    { value: 5, grad: { A: [0, 0, 0.6, 0.8] } },
  ],
  ['sqrt(sum((v - w) .^ 2))', { v: [1, 2], w: [1, 2] }, { value: 0, grad: { v: [0, 0], w: [0, 0] } }],
  ['sum(sqrt(v .^ 2))', { v: [0, -2] }, { value: 2, grad: { v: [0, -1] } }],
  ['std(v)', { v: [1, 1] }, { value: 0, grad: { v: [0, 0] } }],
  ['sqrt(variance(v))', { v: [2, 2, 2] }, { value: 0, grad: { v: [0, 0, 0] } }],
]);

suite('R4, R7, R8, and products', [
  ['sum(sqrt(v))', { v: [0, 4] }, { value: 2, grad: { v: [INF, 0.25] } }],
  ['sum(1 ./ v)', { v: [0, 2] }, { value: INF, grad: { v: [-INF, -0.25] } }],
  ['sum(v)', { v: [Number.NaN, 1] }, { value: Number.NaN, grad: { v: [1, 1] } }],
  ['max(v)', { v: [Number.NaN, 1] }, { value: Number.NaN, grad: { v: [Number.NaN, Number.NaN] } }],
  ['sum(abs(v))', { v: [Number.NaN, 1] }, { value: Number.NaN, grad: { v: [Number.NaN, 1] } }],
  ['sum(v .^ 2)', { v: [0, -3] }, { value: 9, grad: { v: [0, -6] }, second: { 'v,v': [2, 0, 0, 2] } }],
  ['sum(v .^ 0)', { v: [0, -3] }, { value: 2, grad: { v: [0, 0] } }],
  [
    'sum(v .^ w)',
    { v: [0, 0, -1], w: [2, 0, 2] },
    { value: 2, grad: { v: [0, 0, -2], w: [0, 0, Number.NaN] } },
  ],
  ['sum(0 * sqrt(v))', { v: [0, 4] }, { value: 0, grad: { v: [0, 0] } }],
  ['sum(0 * sqrt(v)) * w', { v: [0, 4], w: 2 }, { value: 0, grad: { v: [0, 0], w: 0 } }],
  ['sum(0 * w) * sqrt(x)', { w: [1, 2], x: 0 }, { value: 0, grad: { w: [0, 0], x: 0 } }],
  ['sum((0 * w)[1] * sqrt(v))', { w: [1, 2], v: [0, 4] }, { value: 0, grad: { w: [0, 0], v: [0, 0] } }],
  [
    'dot((0 * A) * w, sqrt(v))',
    {
      A: [
        [1, 2],
        [3, 4],
      ],
      w: [1, 2],
      v: [0, 4],
    },
    { value: 0, grad: { A: [0, 0, 0, 0], v: [0, 0] } },
  ],
  ['dot(zeros(2, 2) * w, sqrt(v))', { w: [1, 2], v: [0, 4] }, { value: 0, grad: { v: [0, 0] } }],
  ['zeros(2) * sqrt(v)', { v: [0, 4] }, { value: 0, grad: { v: [0, 0] } }],
  ['sum(zeros(2, 2) * sqrt(v))', { v: [0, 4] }, { value: 0, grad: { v: [0, 0] } }],
  [
    'prod(v)',
    { v: [0, 2, 3] },
    { value: 0, grad: { v: [6, 0, 0] }, second: { 'v,v': [0, 3, 2, 3, 0, 0, 2, 0, 0] } },
  ],
  ['prod(v)', { v: [0, 0, 3] }, { value: 0, grad: { v: [0, 0, 0] } }],
  ['logsumexp(v)', { v: [-INF, -INF] }, { value: -INF, grad: { v: [0, 0] } }],
  ['log(sum(exp(v)))', { v: [-INF, -INF] }, { value: -INF, grad: { v: [0, 0] } }],
  ['logsumexp(v)', { v: [INF, 0] }, { value: INF, grad: { v: [1, 0] } }],
  ['sum(softmax(v))', { v: [-INF, -INF] }, { value: 0, grad: { v: [0, 0] } }],
  ['cumsum(v)[2] * v[1]', { v: [2, 3] }, { value: 10, grad: { v: [7, 2] } }],
]);

describe('Hessians', () => {
  it.each(LEVELS)('of what does not depend on an input are 0 there, beside NaN too, -O%i', async optimize => {
    const source =
      '# @input u: n\n# @input z: m\n# @input A: n x m\n# @wrt u, A\nnorm(concat(z, u)[1:n] ./ (1 + sum(A, 2).^2))';
    const { hessian } = await load(compile(source, { optimize, hessian: true }).code);
    const { u, A } = hessian({ u: [5], z: [3], A: [NaN] });
    expect([...u.u, ...u.A, ...A.u, ...A.A]).toEqual([0, 0, 0, NaN]);
  });

  it.each(LEVELS)('are 0 for what no maximum selects, beside NaN too, -O%i', async optimize => {
    const source =
      '# @input u: n\n# @input w: m\n# @input z: m\n# @wrt u\nlogsumexp(max(concat(z, u), concat(u, w)))';
    const { hessian } = await load(compile(source, { optimize, hessian: true }).code);
    // u[2] is less than z[2] and less than w[3].
    expect([...hessian({ u: [2, 0.5], w: [0, 1, 3], z: [NaN, 1, 0] }).u.u]).toEqual([NaN, 0, 0, 0]);
  });
});

describe('Jacobians', () => {
  it.each(LEVELS)('by rows are NaN where a partial is, -O%i', async optimize => {
    const source = '# @input u: n\n# @input w: m\n# @wrt u\nouter(relu(u), w)';
    const { jacobian } = await load(compile(source, { optimize, jacobian: true }).code);
    expect([...jacobian({ u: [NaN, 1], w: [2, 3] }).u]).toEqual([NaN, 0, NaN, 0, 0, 2, 0, 3]);
  });

  it.each(LEVELS)('of what is gathered from a reversed vector, -O%i', async optimize => {
    const source = '# @input v: n\n# @input k: m int\n# @wrt v\n(2 * v[end:-1:1])[k]';
    const inputs = { v: [1, 2, 3], k: [1, 3] };
    const { jacobian } = await load(compile(source, { optimize, jacobian: true }).code);
    expect([...jacobian(inputs).v]).toEqual([0, 0, 2, 2, 0, 0]);
    const sparse = await load(compile(source, { optimize, jacobian: 'sparse' }).code);
    const { values, rowIndex, colPointer } = sparse.jacobian(inputs);
    expect([[...values], [...rowIndex], [...colPointer]]).toEqual([
      [2, 2],
      [1, 0],
      [0, 1, 1, 2],
    ]);
  });
});
