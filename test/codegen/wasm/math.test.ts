// The vector functions of the WebAssembly target against exact values (bench/exact.ts), and against the functions of
// numbers where these are exact: NaN, infinities, zeros. Bounds are what was measured (bench/accuracy.md), rounded up.

import { describe, expect, test } from 'vitest';
import { EXACT, ulps } from '../../../bench/exact.ts';
import { LENGTH, vectorLoop } from '../../../bench/vector-loop.ts';
import { fillEvenly, fillWithBits, RANGES } from '../../../bench/vector-points.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { VectorMath } from '../../../src/codegen/wasm/math/vector-math.ts';
import { factsOf, isOpName } from '../../../src/ir/ops.ts';

const SHAPES = ['f64x2', 'f32x4'] as const;

/** Largest errors in units of the last place, in f64 and in f32. */
const BOUNDS: { readonly [name: string]: readonly [f64: number, f32: number] } = {
  exp: [0.95, 0.95],
  expm1: [1.4, 1.4],
  log: [0.9, 0.9],
  log1p: [0.9, 0.9],
  log2: [0.9, 0.9],
  log10: [0.9, 0.9],
  xlogx: [2, 2],
  xlogy: [2, 2],
  xlog1py: [2, 2],
  sin: [0.9, 1.5],
  cos: [0.9, 1.5],
  atan: [1.5, 1.5],
  sinh: [1.7, 1.7],
  cosh: [1.5, 1.5],
  tanh: [1.4, 1.4],
  sigmoid: [2, 2],
  softplus: [1.6, 1.6],
  erf: [1.6, 1.4],
  pow: [0.95, 0.51],
};

const CASES = Object.keys(BOUNDS).flatMap(name => SHAPES.map(shape => [name, shape] as const));

/** The ends of what is finite, normal, exact or special somewhere. */
const EDGES = [
  0,
  5e-324,
  1e-310,
  2 ** -1022,
  1e-300,
  2 ** -149,
  1e-40,
  2 ** -126,
  1e-30,
  2 ** -54,
  2 ** -27,
  0.1,
  0.5,
  0.625,
  0.84375,
  Math.SQRT1_2,
  Math.LN2 / 2,
  Math.LN2,
  1 - 2 ** -53,
  1 - 2 ** -24,
  1,
  1 + 2 ** -52,
  1 + 2 ** -23,
  Math.SQRT2,
  1.5,
  2,
  3,
  Math.PI / 4,
  Math.PI / 2,
  Math.PI,
  710 * Math.PI,
  4,
  6,
  8,
  17,
  18,
  22,
  36.8,
  37.5,
  40,
  64,
  87,
  88.72283,
  88.8,
  89,
  103,
  103.97,
  104,
  105,
  150,
  708.39,
  709.78,
  709.79,
  710,
  720,
  744.44,
  745.13,
  745.14,
  746,
  1000,
  2 ** 20,
  2 ** 20 + 1,
  2 ** 22,
  1e15,
  1e22,
  2 ** 53,
  2 ** 54,
  1e38,
  3.4028234e38,
  1e39,
  1e300,
  Number.MAX_VALUE,
  Infinity,
];
const SPECIAL = [...EDGES, ...EDGES.map(x => -x), Number.NaN];

describe.each(CASES)('%s, %s', (name, shape) => {
  const { x, y, result, run } = vectorLoop(shape, name);
  const wide = shape === 'f64x2';
  const bound = BOUNDS[name][wide ? 0 : 1];
  const f = numbersOf(name);

  /** The result of lane i is f(x, y): exactly if that is no number or zero, else within the bound. */
  function expectRight(i: number): void {
    const inNumbers = f(x[i], y[i]);
    const expected = wide ? inNumbers : Math.fround(inNumbers);
    const actual = result[i];
    const known = EXACT[name](x[i], y[i]);
    const where = `${name}(${x[i]}, ${y[i]}) = ${actual}, expected ${expected}`;
    if (Object.is(actual, expected)) return;
    // A value halfway between the largest number and infinity may be rounded to either.
    const finite = Number.isFinite(expected) && expected !== 0;
    const halfway = Number.isFinite(actual) && Number.isFinite(inNumbers);
    if (!finite && !halfway) expect.fail(where);
    const error = wide ? ulps(actual, known) : ulps(actual, known, 24, 2 ** -149);
    if (!(error <= bound)) expect.fail(`${where}, error ${error} ulp`);
  }

  function compute(): void {
    run(LENGTH);
    for (let i = 0; i < LENGTH; i++) expectRight(i);
  }

  test.each(RANGES[name].map(range => [range]))('%j', range => {
    fillEvenly(range, x, y, generator(1));
    compute();
  });

  test('numbers of all exponents', () => {
    fillWithBits(shape, x, y, generator(2));
    compute();
  });

  test('special values', () => {
    for (let from = 0; from < (name === 'pow' ? SPECIAL.length ** 2 : SPECIAL.length); from += LENGTH) {
      for (let i = 0; i < LENGTH; i++) {
        x[i] = SPECIAL[(from + i) % SPECIAL.length];
        y[i] = SPECIAL[Math.floor((from + i) / SPECIAL.length) % SPECIAL.length];
      }
      compute();
    }
  });

  test('a lane does not depend on the others', () => {
    fillEvenly(RANGES[name][1], x, y, generator(3));
    run(LENGTH);
    const alone = result.slice();
    for (let i = 1; i < LENGTH; i += 2) x[i] = SPECIAL[i % SPECIAL.length];
    run(LENGTH);
    for (let i = 0; i < LENGTH; i += 2) expect(result[i]).toBe(alone[i]);
  });

  test('inline as called', () => {
    const inline = vectorLoop(shape, name, 'inline');
    fillWithBits(shape, x, y, generator(4));
    inline.x.set(x);
    inline.y.set(y);
    run(LENGTH);
    inline.run(LENGTH);
    expect(inline.result).toEqual(result);
  });
});

test('other names have no function', () => {
  const vectorMath = new VectorMath(new WasmEncoder(), 'f64x2');
  for (const name of ['mod', 'toString', '']) expect(vectorMath.function(name)).toBeUndefined();
  expect(vectorMath.function('exp')).toBe(vectorMath.function('exp'));
});

function numbersOf(name: string): (x: number, y: number) => number {
  if (!isOpName(name)) throw new RangeError(name);
  return factsOf(name).evaluate;
}

/** A linear congruential generator (Knuth, The Art of Computer Programming 2, section 3.3.4), two steps a number. */
function generator(seed: number): () => number {
  let state = seed;
  const bits = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 6;
  };
  return () => (bits() * 2 ** 26 + bits()) / 2 ** 52;
}
