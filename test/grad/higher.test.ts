// Derivatives to order four: closed forms, points where they are hard, mixed ones, random formulas against Taylor
// polynomials. Each by the library and by modules of every level of optimisation.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derivatives, evaluate, parse, partial, printIr } from '../../src/index.ts';
import { emitted } from '../emitted.ts';
import { formulas } from '../formulas.ts';
import { derivativeIn, jetOf } from './jets.ts';

const { exp, log, sin, cos, sqrt, PI } = Math;

function expectClose(actual: number, expected: number, what: string, scale = Math.abs(expected)): void {
  if (Number.isFinite(expected)) {
    expect(Math.abs(actual - expected), `${what}: ${actual}, not ${expected}`).toBeLessThanOrEqual(
      1e-13 * Math.max(scale, 1e-300),
    );
  } else expect(actual, what).toBe(expected);
}

type Point = Readonly<Record<string, number>>;

/** The one output of a program of the library. */
function numberAt(program: Parameters<typeof evaluate>[0], point: Point): number {
  return Object.values(evaluate(program, point).outputs)[0] as number;
}

/** `expected` are f, f', f'', f''' and f'''' by x at `point`; errors are relative to the largest of them. */
async function check(text: string, x: number, expected: readonly number[]): Promise<void> {
  const scale = Math.max(...expected.filter(Number.isFinite).map(Math.abs));
  const program = parse(text);
  for (const [k, wanted] of expected.entries()) {
    const names = new Array<string>(k).fill('x');
    expectClose(numberAt(partial(program, names), { x }), wanted, `${text} at ${x}, order ${k}`, scale);
  }
  for (const optimize of [0, 1, 2] as const) {
    const module = await emitted(text, { order: 4, optimize });
    const results = [
      module.value({ x }),
      module.grad({ x }).x,
      module.hessian({ x }).x.x,
      module.derivative3({ x }).x.x.x,
      module.derivative4({ x }).x.x.x.x,
    ];
    for (const [k, wanted] of expected.entries()) {
      expectClose(results[k], wanted, `${text} at ${x}, order ${k}, -O${optimize}`, scale);
    }
  }
}

const INF = Infinity;
const s = 1 / (1 + exp(-0.3));

describe('closed forms', () => {
  it.each<[string, number, number[]]>([
    ['exp(3*x)', 0.5, [0, 1, 2, 3, 4].map(k => 3 ** k * exp(1.5))],
    ['exp(-2*x) * x', 0.5, [0.5, 0, -2, 6, -16].map((_, k) => (-2) ** k * exp(-1) * (0.5 - k / 2))],
    ['x * exp(-2*x^2)', 0, [0, 1, 0, -12, 0]],
    ['sin(2*x)', 0.4, [sin(0.8), 2 * cos(0.8), -4 * sin(0.8), -8 * cos(0.8), 16 * sin(0.8)]],
    ['x^7', 1.5, [1.5 ** 7, 7 * 1.5 ** 6, 42 * 1.5 ** 5, 210 * 1.5 ** 4, 840 * 1.5 ** 3]],
    ['x^2.5', 4, [32, 2.5 * 8, 3.75 * 2, 1.875 / 2, -0.9375 / 8]],
    ['x^3 - 2*x', -2, [-4, 10, -12, 6, 0]],
    ['log(x)', 2, [log(2), 1 / 2, -1 / 4, 2 / 8, -6 / 16]],
    ['1/x', 2, [1 / 2, -1 / 4, 2 / 8, -6 / 16, 24 / 32]],
    ['1/(1 + x^2)', 0, [1, 0, -2, 0, 24]],
    ['sqrt(x)', 4, [2, 1 / 4, -1 / 32, 3 / 256, -15 / 2048]],
    ['x * log(x)', 2, [2 * log(2), 1 + log(2), 1 / 2, -1 / 4, 2 / 8]],
    ['2^x', 3, [0, 1, 2, 3, 4].map(k => 8 * log(2) ** k)],
    [
      '1/(1 + exp(-x))',
      0.3,
      [s, s * (1 - s), s * (1 - s) * (1 - 2 * s), s * (1 - s) * (1 - 6 * s + 6 * s ** 2)],
    ],
    ['erf(x)', 0, [0, 2 / sqrt(PI), 0, -4 / sqrt(PI), 0]],
    ['tan(x)', 0, [0, 1, 0, 2, 0]],
    ['asin(x)', 0, [0, 1, 0, 1, 0]],
    ['atan(x)', 1, [PI / 4, 1 / 2, -1 / 2, 1 / 2, 0]],
  ])('%s at %d', check);
});

describe('hard points, to every order', () => {
  it.each<[string, number, number[]]>([
    ['sin(x)/x', 0, [1, 0, -1 / 3, 0, 1 / 5]],
    ['(1 - cos(x))/x^2', 0, [1 / 2, 0, -1 / 12, 0, 1 / 30]],
    ['(exp(x) - 1)/x', 0, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]],
    ['(exp(x) - 1)/x', 1e-9, [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5].map((c, k) => c + 1e-9 / (k + 2))],
    ['log(1 + exp(x))', 0, [log(2), 1 / 2, 1 / 4, 0, -1 / 8]],
    ['log(1 + exp(x))', 1000, [1000, 1, 0, 0, 0]],
    ['log(1 + exp(x))', -40, [1, 1, 1, 1, 1].map(c => c * exp(-40) * (1 - 0.5 * exp(-40)))],
    ['1/(1 + exp(-x))', 0, [1 / 2, 1 / 4, 0, -1 / 8, 0]],
    ['1/(1 + exp(-x))', -1000, [0, 0, 0, 0, 0]],
    ['1/(1 + exp(-x))', 1000, [1, 0, 0, 0, 0]],
    ['log(1 - exp(x))', -800, [-0, -0, -0, -0, -0]],
    ['log(1 - exp(x))', -50, [1, 1, 1, 1, 1].map(c => -c * exp(-50))],
    ['log(cosh(x))', 0, [0, 0, 1, 0, -2]],
    ['log(cosh(x))', 500, [500 - log(2), 1, 0, 0, 0]],
    ['sqrt(1 + x) - 1', 0, [0, 1 / 2, -1 / 4, 3 / 8, -15 / 16]],
    ['x * log(x)', 0, [0, -INF, INF, -INF, INF]],
    ['sqrt(x)', 0, [0, INF, -INF, INF, -INF]],
    ['x^4', 0, [0, 0, 0, 0, 24]],
    ['x^3', 0, [0, 0, 0, 6, 0]],
    ['x*x*x*x', 0, [0, 0, 0, 0, 24]],
    ['x/x', 0, [1, 0, 0, 0, 0]],
    ['abs(x)^3', -2, [8, -12, 12, -6, 0]],
    ['abs(x)', 0, [0, 0, 0, 0, 0]],
    ['x > 0 ? log(x) : x^4', 0, [0, 0, 0, 0, 24]],
    ['x > 0 ? x^2 : sqrt(x)', 1, [1, 2, 2, 0, 0]],
  ])('%s at %d', check);
});

describe('mixed partial derivatives', () => {
  const [x, y, z] = [1.5, -2, 0.7];
  /** The n-th derivative of v^k. */
  const power = (v: number, k: number, n: number): number =>
    n === 0 ? v ** k : k === 0 ? 0 : k * power(v, k - 1, n - 1);

  it('of x^2 y^3 z', async () => {
    const text = 'x^2 * y^3 * z';
    const program = parse(text);
    const module = await emitted(text, { order: 4 });
    const [third, fourth] = [module.derivative3({ x, y, z }), module.derivative4({ x, y, z })];
    const wanted = (names: readonly string[]) => {
      const count = (name: string) => names.filter(each => each === name).length;
      return power(x, 2, count('x')) * power(y, 3, count('y')) * power(z, 1, count('z'));
    };
    const names = ['x', 'y', 'z'];
    for (const a of names) {
      for (const b of names) {
        for (const c of names) {
          expectClose(third[a][b][c], wanted([a, b, c]), `${a}${b}${c}`);
          expectClose(numberAt(partial(program, [a, b, c]), { x, y, z }), wanted([a, b, c]), `${a}${b}${c}`);
          for (const d of names) expectClose(fourth[a][b][c][d], wanted([a, b, c, d]), `${a}${b}${c}${d}`);
        }
      }
    }
  });

  it('the order of names does not matter', () => {
    const program = parse('exp(x*y) * sin(y + z) / x');
    const body = (names: readonly string[]) =>
      printIr(partial(program, names)).replace(/wrt.*|return .* =/g, '');
    for (const names of [
      ['y', 'x', 'x'],
      ['x', 'y', 'x'],
      ['x', 'x', 'y'],
    ]) {
      expect(body(names)).toBe(body(['x', 'x', 'y']));
    }
    expect(partial(program, ['z', 'x']).outputs[0].name).toBe('z_x');
  });

  it('all of one order, each combination once', () => {
    const program = derivatives(parse('exp(x*y) + z^3'), 3);
    const { outputs } = evaluate(program, { x: 0, y: 1, z: 2 });
    expect(outputs).toEqual({
      x_x_x: 1,
      x_x_y: 2,
      x_x_z: 0,
      x_y_y: 0,
      x_y_z: 0,
      x_z_z: 0,
      y_y_y: 0,
      y_y_z: 0,
      y_z_z: 0,
      z_z_z: 6,
    });
    expect(Object.keys(evaluate(derivatives(parse('x*y'), 1), { x: 2, y: 3 }).outputs)).toEqual(['x', 'y']);
    expect(evaluate(derivatives(parse('x^2*y'), 2, ['y', 'x']), { x: 2, y: 3 }).outputs).toEqual({
      y_y: 0,
      y_x: 4,
      x_x: 6,
    });
  });

  it('names that join to one are told apart', () => {
    const names = derivatives(parse('x * x_x * x_x_x'), 2).outputs.map(({ name }) => name);
    expect(new Set(names).size).toBe(6);
  });

  it('Black-Scholes: speed, zomma, colour, ultima', async () => {
    const N = (d: string) => `(1 + erf((${d}) / sqrt(2))) / 2`;
    const text = `d1 = (log(S / K) + (r - q + sigma^2 / 2) * T) / (sigma * sqrt(T))
d2 = d1 - sigma * sqrt(T)
S * exp(-q * T) * ${N('d1')} - K * exp(-r * T) * ${N('d2')}`;
    const at = { S: 110, K: 100, r: 0.05, q: 0.02, sigma: 0.25, T: 1.5 };
    const { S, K, r, q, sigma, T } = at;
    const root = sigma * sqrt(T);
    const d1 = (log(S / K) + (r - q + sigma ** 2 / 2) * T) / root;
    const d2 = d1 - root;
    const density = (exp(-q * T) * exp((-d1 * d1) / 2)) / sqrt(2 * PI);
    const gamma = density / (S * root);
    const vega = S * density * sqrt(T);
    const { derivative3 } = await emitted(text, { order: 3, wrt: ['S', 'sigma', 'T'] });
    const third = derivative3(at);
    const near = (actual: number, expected: number) =>
      expect(Math.abs(actual / expected - 1)).toBeLessThan(1e-12);
    near(third.S.S.S, (-gamma / S) * (d1 / root + 1));
    near(third.S.sigma.S, (gamma * (d1 * d2 - 1)) / sigma);
    const factor = 2 * q * T + 1 + ((2 * (r - q) * T - d2 * root) / root) * d1;
    near(third.T.S.S, (-density / (2 * S * T * root)) * factor);
    near(third.sigma.sigma.sigma, (-vega / sigma ** 2) * (d1 * d2 * (1 - d1 * d2) + d1 ** 2 + d2 ** 2));
  });
});

describe('random formulas', () => {
  const at = { x: 0.7, y: 1.3, z: 0.4 };

  it('have the Taylor polynomial that arithmetic on polynomials gives', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(formulas(), fc.constantFrom(0 as const, 2 as const), async (text, optimize) => {
        const jet = jetOf(text, at);
        const source = `# @input x: scalar\n# @input y: scalar\n# @input z: scalar\n${text}`;
        const { bind } = await emitted(source, { order: 4, optimize });
        const f = bind();
        for (const order of [3, 4]) {
          const T = new Float64Array(3 ** order);
          f[`derivative${order}`](f.pack(at), T);
          const wanted = Array.from(T, (_, k) => {
            const indices = [...k.toString(3).padStart(order, '0')].map(Number);
            return derivativeIn(
              jet,
              [0, 1, 2].map(axis => indices.filter(i => i === axis).length),
            );
          });
          const scale = Math.max(...[...jet.values()].map(Math.abs), ...wanted.map(Math.abs));
          if (!Number.isFinite(scale) || scale > 1e8) continue;
          compared++;
          for (const [k, value] of wanted.entries()) {
            expect(Math.abs(T[k] - value), `${text}: ${k} of order ${order}`).toBeLessThanOrEqual(
              1e-9 * scale,
            );
          }
        }
      }),
      { seed: 11, numRuns: 120 },
    );
    expect(compared).toBeGreaterThan(100);
  }, 60_000);
});

describe('what is refused', () => {
  const refused = (run: () => unknown) => expect(run);
  it('orders that there are not, names that are not, several outputs, too many', () => {
    const program = parse('x * y');
    for (const order of [0, -1, 1.5, 9, Number.NaN]) {
      refused(() => derivatives(program, order)).toThrow(expect.objectContaining({ code: 'invalid-order' }));
    }
    refused(() => partial(program, ['x', 'q'])).toThrow(expect.objectContaining({ code: 'unknown-wrt' }));
    refused(() => derivatives(program, 3, ['q'])).toThrow(expect.objectContaining({ code: 'unknown-wrt' }));
    refused(() => partial(parse('[x, x^2]'), ['x'])).toThrow(expect.objectContaining({ code: 'not-scalar' }));
    refused(() => derivatives(parse('[x, x^2]'), 3)).toThrow(expect.objectContaining({ code: 'not-scalar' }));
    const many = parse(Array.from({ length: 50 }, (_, k) => `x${k}`).join(' * '));
    refused(() => derivatives(many, 3)).toThrow(expect.objectContaining({ code: 'order-too-large' }));
  });
});
