// What a derivative means: rules R1 to R8 and "naive in, stable out" (README, "What a derivative means"), through emitted
// code, at every optimisation level. The expected numbers are limits and closed forms, typed by hand.

import { describe, expect, it } from 'vitest';
import { emitted } from './emitted.ts';

const LEVELS = [0, 1, 2] as const;
const { LN2, E } = Math;
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

interface Expected {
  readonly value?: number;
  readonly grad?: Readonly<Record<string, number>>;
  /** Second derivatives by pair. */
  readonly second?: Readonly<Record<string, number>>;
}

/** `[formula, point, expected]`. */
type Case = readonly [string, Readonly<Record<string, number>>, Expected];

function close(actual: number, expected: number, what: string): void {
  const same =
    Object.is(actual, expected) ||
    (actual === 0 && expected === 0) ||
    Math.abs(actual - expected) <= 1e-12 * Math.max(Math.abs(expected), 1e-300);
  expect(same, `${what}: ${actual} instead of ${expected}`).toBe(true);
}

async function check([text, point, { value, grad, second }]: Case, optimize: 0 | 1 | 2): Promise<void> {
  const module = await emitted(text, { optimize, hessian: second !== undefined });
  if (value !== undefined) close(module.value(point), value, 'value');
  const actual = module.grad(point);
  const both = module.valueAndGrad(point);
  for (const [name, expected] of Object.entries(grad ?? {})) {
    close(actual[name], expected, `d/d${name}`);
    close(both.grad[name], expected, `d/d${name} with value`);
  }
  for (const [pair, expected] of Object.entries(second ?? {})) {
    const [x, y] = pair.split(',');
    close(module.hessian(point)[x][y], expected, `d2/d${x}d${y}`);
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

suite('R1: selection is control flow', [
  ['x > 0 ? sqrt(x) : 0', { x: -1 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['x > 0 ? sqrt(x) : 0', { x: 4 }, { value: 2, grad: { x: 0.25 }, second: { 'x,x': -1 / 32 } }],
  ['where(x > 0, log(x), 0)', { x: 0 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['x > 0 ? sin(1 / x) * x : 0', { x: 0 }, { value: 0, grad: { x: 0 } }],
  ['y = 1 / x; x == 0 ? 7 * x : y', { x: 0 }, { value: 0, grad: { x: 7 } }],
  ['r = sqrt(x); s = x > 0 ? r * y : y^2; s + y', { x: 0, y: 3 }, { value: 12, grad: { x: 0, y: 7 } }],
  ['x > 0 ? (y > 0 ? log(x * y) : x) : y^2', { x: -1, y: 3 }, { value: 9, grad: { x: 0, y: 6 } }],
  ['x > 0 ? (y > 0 ? log(x * y) : x) : y^2', { x: 2, y: -3 }, { value: 2, grad: { x: 1, y: 0 } }],
  ['max(log(x), 1)', { x: 0 }, { value: 1, grad: { x: 0 } }],
  ['min(sqrt(x), y)', { x: 0, y: -1 }, { value: -1, grad: { x: 0, y: 1 } }],
  ['relu(-sqrt(x))', { x: 0 }, { value: 0, grad: { x: 0 } }],
  ['clamp(log(x), -2, 2)', { x: 0 }, { value: -2, grad: { x: 0 } }],
  ['x > 0 and y > 0 ? log(x) + log(y) : x + y', { x: 0, y: 1 }, { value: 1, grad: { x: 1, y: 1 } }],
]);

suite('R2: Lipschitz kinks give the minimal-norm subgradient', [
  ['abs(x)', { x: 0 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['abs(x)', { x: -2 }, { value: 2, grad: { x: -1 } }],
  ['abs(sqrt(x))', { x: 0 }, { value: 0, grad: { x: 0 } }],
  ['relu(x)', { x: 0 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['relu(x)', { x: 3 }, { value: 3, grad: { x: 1 } }],
  ['hypot(x, y)', { x: 0, y: 0 }, { value: 0, grad: { x: 0, y: 0 }, second: { 'x,x': 0, 'x,y': 0 } }],
  ['hypot(x, y)', { x: 3, y: 4 }, { value: 5, grad: { x: 0.6, y: 0.8 }, second: { 'x,y': -0.096 } }],
  ['sqrt(x^2)', { x: 0 }, { value: 0, grad: { x: 0 } }],
  ['sqrt(x^2)', { x: -3 }, { value: 3, grad: { x: -1 } }],
  ['sqrt(x^2 + y^2)', { x: 0, y: 0 }, { value: 0, grad: { x: 0, y: 0 } }],
  ['(x * x + y * y)^0.5', { x: 0, y: 0 }, { value: 0, grad: { x: 0, y: 0 } }],
  ['max(x, 0)', { x: 0 }, { value: 0, grad: { x: 0.5 } }],
  ['max(x, y)', { x: 1, y: 1 }, { value: 1, grad: { x: 0.5, y: 0.5 } }],
  ['min(x, y)', { x: 1, y: 1 }, { value: 1, grad: { x: 0.5, y: 0.5 } }],
  ['max(x, y, z)', { x: 1, y: 1, z: 0 }, { value: 1, grad: { x: 0.5, y: 0.5, z: 0 } }],
  ['max(x, y, z)', { x: 1, y: 1, z: 1 }, { grad: { x: 1 / 3, y: 1 / 3, z: 1 / 3 } }],
  ['max(max(x, y), z)', { x: 1, y: 1, z: 1 }, { grad: { x: 0.25, y: 0.25, z: 0.5 } }],
  ['clamp(x, 0, 1)', { x: 1 }, { value: 1, grad: { x: 0.5 } }],
  ['clamp(x, 0, 1)', { x: 0.5 }, { value: 0.5, grad: { x: 1 } }],
  ['max(x, x)', { x: 2 }, { value: 2, grad: { x: 1 } }],
]);

suite('R4: unbounded and undefined points stay IEEE', [
  ['sqrt(x)', { x: 0 }, { value: 0, grad: { x: Infinity } }],
  ['cbrt(x)', { x: 0 }, { value: 0, grad: { x: Infinity } }],
  ['log(x)', { x: 0 }, { value: -Infinity, grad: { x: Infinity } }],
  ['acos(x)', { x: 1 }, { value: 0, grad: { x: -Infinity } }],
  ['atan2(y, x)', { x: 0, y: 0 }, { value: 0, grad: { x: NaN, y: NaN } }],
  ['1 / x', { x: 0 }, { value: Infinity, grad: { x: -Infinity } }],
]);

suite('R7: a NaN that is used is seen', [
  ['max(x, y)', { x: NaN, y: 1 }, { value: NaN, grad: { x: NaN, y: NaN } }],
  ['min(x, y, z)', { x: NaN, y: 1, z: 2 }, { value: NaN, grad: { x: NaN, y: NaN, z: NaN } }],
  ['relu(x)', { x: NaN }, { value: NaN, grad: { x: NaN } }],
  ['relu(x)^2', { x: NaN }, { value: NaN, grad: { x: NaN }, second: { 'x,x': NaN } }],
  ['abs(x)', { x: NaN }, { value: NaN, grad: { x: NaN } }],
  ['clamp(x, 0, 1)', { x: NaN }, { value: NaN, grad: { x: NaN } }],
]);

suite('R8: powers', [
  ['x^0', { x: 0 }, { value: 1, grad: { x: 0 } }],
  ['x^2', { x: 0 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 2 } }],
  ['x^3', { x: -2 }, { value: -8, grad: { x: 12 }, second: { 'x,x': -12 } }],
  ['x^-2', { x: 2 }, { value: 0.25, grad: { x: -0.25 }, second: { 'x,x': 0.375 } }],
  ['x^y', { x: 0, y: 2 }, { value: 0, grad: { x: 0, y: 0 } }],
  ['x^y', { x: 0, y: 0 }, { value: 1, grad: { x: 0, y: 0 } }],
  ['x^y', { x: 0, y: 1 }, { value: 0, grad: { x: 1, y: 0 } }],
  ['x^y', { x: 0, y: 0.5 }, { value: 0, grad: { x: Infinity, y: 0 } }],
  ['x^y', { x: -1, y: 2 }, { value: 1, grad: { x: -2, y: NaN } }],
  ['x^y', { x: 2, y: 3 }, { value: 8, grad: { x: 12, y: 8 * LN2 }, second: { 'x,y': 4 + 12 * LN2 } }],
  ['2^x', { x: 3 }, { value: 8, grad: { x: 8 * LN2 }, second: { 'x,x': 8 * LN2 * LN2 } }],
  ['x^2.5', { x: 4 }, { value: 32, grad: { x: 20 }, second: { 'x,x': 7.5 } }],
  ['x^0.3', { x: 1 }, { value: 1, grad: { x: 0.3 }, second: { 'x,x': -0.21 } }],
]);

suite('factors that fold to zero have no derivative', [
  ['0 * sqrt(x)', { x: 0 }, { value: 0, grad: { x: 0 } }],
  ['c = 1 - 1; c * y * sqrt(x)', { x: 0, y: 1 }, { value: 0, grad: { x: 0, y: 0 } }],
  ['(0 * x) * sqrt(x) / 3', { x: 0 }, { value: 0, grad: { x: 0 } }],
  ['0 * x', { x: Infinity }, { value: NaN, grad: { x: 0 } }],
]);

suite('products and masks', [
  ['prod(x, y, z)', { x: 0, y: 2, z: 3 }, { value: 0, grad: { x: 6, y: 0, z: 0 } }],
  ['prod(x, y, z)', { x: 0, y: 0, z: 3 }, { value: 0, grad: { x: 0, y: 0, z: 0 }, second: { 'x,y': 3 } }],
  ['mod(x, 1)', { x: 0 }, { grad: { x: 1 } }],
  ['mod(x, y)', { x: 1, y: 1 }, { value: 0, grad: { x: 1, y: -1 } }],
  ['(x > 0) * x^2', { x: 3 }, { value: 9, grad: { x: 6 } }],
]);

suite('naive in, stable out', [
  ['1 / (1 + exp(-x))', { x: -1000 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['1 / (1 + exp(-x))', { x: 1 }, { value: sigmoid(1), grad: { x: sigmoid(1) * sigmoid(-1) } }],
  ['(1 + e^-x)^-1', { x: -1000 }, { value: 0, grad: { x: 0 } }],
  ['exp(x) / (1 + exp(x))', { x: 1000 }, { value: 1, grad: { x: 0 } }],
  ['exp(x) / (exp(x) + 1)^2', { x: 1000 }, { value: 0, grad: { x: 0 } }],
  ['5 / (2 + 3 * exp(-(x - 1) / 2))', { x: -3000 }, { value: 0, grad: { x: 0 } }],
  ['log(sigmoid(x))', { x: -1000 }, { value: -1000, grad: { x: 1 }, second: { 'x,x': 0 } }],
  ['log(1 / (1 + exp(-x)))', { x: -1000 }, { value: -1000, grad: { x: 1 } }],
  [
    's = 1 / (1 + exp(-x)); -(y * log(s) + (1 - y) * log(1 - s))',
    { x: 1000, y: 0 },
    { value: 1000, grad: { x: 1 } },
  ],
  ['log(1 + exp(x))', { x: 1000 }, { value: 1000, grad: { x: 1 }, second: { 'x,x': 0 } }],
  ['log(exp(x) + 1)', { x: -800 }, { value: 0, grad: { x: 0 } }],
  ['log2(1 + exp(x))', { x: 1000 }, { value: 1000 / LN2, grad: { x: 1 / LN2 } }],
  ['log(3 + 3 * exp(x))', { x: 1000 }, { value: 1000 + Math.log(3), grad: { x: 1 } }],
  ['log(exp(x) + exp(y))', { x: 1000, y: 0 }, { value: 1000, grad: { x: 1, y: 0 } }],
  [
    'log(exp(x) + exp(y) + exp(z))',
    { x: 1000, y: 0, z: 1000 },
    { value: 1000 + LN2, grad: { x: 0.5, y: 0, z: 0.5 } },
  ],
  ['log(2 * exp(x) + exp(y))', { x: 1000, y: 0 }, { value: 1000 + LN2, grad: { x: 1, y: 0 } }],
  ['log(exp(x) / (exp(x) + exp(y)))', { x: 0, y: 1000 }, { value: -1000, grad: { x: 1, y: -1 } }],
  [
    'log(exp(x) / (exp(x) + exp(y) + exp(z)))',
    { x: 0, y: 1000, z: 0 },
    { value: -1000, grad: { x: 1, y: -1, z: 0 } },
  ],
  [
    's = exp(x) + exp(y) + 1; p = exp(x) / s; -log(p)',
    { x: -1000, y: 0 },
    { value: 1000 + LN2, grad: { x: -1 } },
  ],
  ['exp(x) / (exp(x) + exp(y))', { x: 1000, y: 1000 }, { value: 0.5, grad: { x: 0.25, y: -0.25 } }],
  [
    '(exp(x) - exp(-x)) / (exp(x) + exp(-x))',
    { x: 1000 },
    { value: 1, grad: { x: 0 }, second: { 'x,x': 0 } },
  ],
  ['(exp(2 * x) - 1) / (exp(2 * x) + 1)', { x: -1000 }, { value: -1, grad: { x: 0 } }],
  ['1 / cosh(x)', { x: 1000 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['sinh(x) / cosh(x)', { x: 1000 }, { value: 1, grad: { x: 0 } }],
  ['sin(x)^2 / x^2', { x: 0 }, { value: 1, grad: { x: 0 }, second: { 'x,x': -2 / 3 } }],
  ['x * log(x)', { x: 0 }, { value: 0, grad: { x: -Infinity } }],
  ['x * log(x)', { x: 2 }, { value: 2 * LN2, grad: { x: LN2 + 1 }, second: { 'x,x': 0.5 } }],
  ['-x * log(x)', { x: 0 }, { value: 0, grad: { x: Infinity } }],
  ['y * log(x) * x / 3', { x: 0, y: 2 }, { value: 0, grad: { x: -Infinity, y: 0 } }],
  ['x * log2(x)', { x: 0 }, { value: 0 }],
  ['x * log(x / y)', { x: 0, y: 2 }, { value: 0, grad: { x: -Infinity, y: 0 } }],
  ['(1 - x) * log(1 - x)', { x: 1 }, { value: 0, grad: { x: Infinity } }],
  ['(1 - x) * log(1 - x)', { x: 1e-14 }, { value: -1e-14 + 0.5e-28, grad: { x: -1 + 1e-14 } }],
  ['xlogy(x, y)', { x: 0, y: 0 }, { value: 0, grad: { x: -Infinity, y: 0 } }],
  ['x / x', { x: 0 }, { value: 1, grad: { x: 0 } }],
  ['2 * x / x', { x: 0 }, { value: 2, grad: { x: 0 } }],
  ['x * y / x', { x: 0, y: 3 }, { value: 3, grad: { x: 0, y: 1 } }],
  ['sin(x) / x', { x: 0 }, { value: 1, grad: { x: 0 }, second: { 'x,x': -1 / 3 } }],
  [
    'sin(x) / x',
    { x: 1e-5 },
    { value: 1 - 1e-10 / 6, grad: { x: -1e-5 / 3 + 1e-15 / 30 }, second: { 'x,x': -1 / 3 + 1e-10 / 10 } },
  ],
  ['1 / x * sin(x)', { x: 0 }, { value: 1, grad: { x: 0 }, second: { 'x,x': -1 / 3 } }],
  ['t = 2 * x; 3 * sin(t) / x', { x: 0 }, { value: 6, grad: { x: 0 }, second: { 'x,x': -8 } }],
  ['sin(a * x) / x', { x: 0, a: 2 }, { value: 2, grad: { x: 0, a: 1 } }],
  ['(exp(x) - 1) / x', { x: 0 }, { value: 1, grad: { x: 0.5 }, second: { 'x,x': 1 / 3 } }],
  ['(1 - exp(-x)) / x', { x: 0 }, { value: 1, grad: { x: -0.5 }, second: { 'x,x': 1 / 3 } }],
  ['(1 - cos(x)) / x^2', { x: 0 }, { value: 0.5, grad: { x: 0 }, second: { 'x,x': -1 / 12 } }],
  ['(1 - cos(x)) / x', { x: 0 }, { value: 0, grad: { x: 0.5 }, second: { 'x,x': 0 } }],
  ['exp(x) - 1', { x: 1e-12 }, { value: 1.0000000000005e-12, grad: { x: Math.exp(1e-12) } }],
  ['y + exp(x) - 1 - y', { x: 0, y: 0 }, { value: 0, grad: { x: 1, y: 0 } }],
  ['log(1 + x)', { x: 1e-14 }, { value: 1e-14 - 0.5e-28, grad: { x: 1 - 1e-14 } }],
  ['log(1 - x)', { x: 1e-14 }, { value: -1e-14 - 0.5e-28, grad: { x: -1 - 1e-14 } }],
  ['sqrt(1 + x) - 1', { x: 1e-14 }, { value: 0.5e-14 - 0.125e-28, grad: { x: 0.5 } }],
  ['log(1 - exp(x))', { x: -1e-14 }, { value: Math.log(1e-14), grad: { x: -1e14 - 0.5 } }],
  ['log(1 - exp(x))', { x: -800 }, { value: -Math.exp(-800), grad: { x: 0 } }],
  ['log(cosh(x))', { x: 1000 }, { value: 1000 - LN2, grad: { x: 1 }, second: { 'x,x': 0 } }],
  ['log(cosh(x))', { x: 1e-8 }, { value: 0.5e-16, grad: { x: 1e-8 }, second: { 'x,x': 1 } }],
  ['sqrt(x^2 + y^2)', { x: 3e200, y: 4e200 }, { value: 5e200, grad: { x: 0.6, y: 0.8 } }],
  ['sqrt(x^2 + y^2)', { x: 3e-200, y: 4e-200 }, { value: 5e-200, grad: { x: 0.6, y: 0.8 } }],
  ['logsumexp([x, y])', { x: -Infinity, y: -Infinity }, { value: -Infinity, grad: { x: 0, y: 0 } }],
  ['logsumexp([x, y])', { x: Infinity, y: 0 }, { value: Infinity, grad: { x: 1, y: 0 } }],
  ['softplus(x)', { x: 1000 }, { value: 1000, grad: { x: 1 }, second: { 'x,x': 0 } }],
  ['sigmoid(x)', { x: -1000 }, { value: 0, grad: { x: 0 }, second: { 'x,x': 0 } }],
  ['acot(x)', { x: 0 }, { value: Math.PI / 2, grad: { x: -1 } }],
  ['e^x', { x: 1 }, { value: E, grad: { x: E } }],
]);
