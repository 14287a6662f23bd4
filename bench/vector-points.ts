// Where the functions of the vector math are measured and tested: ranges that matter, of which the first is the ordinary
// one where the time is taken, and numbers of all exponents.

import type { Shape } from '../src/codegen/wasm/math/formula.ts';

/** Ends of the arguments, evenly spread between; x alone or x and y. */
type Range = readonly [from: number, to: number, yFrom?: number, yTo?: number];

// biome-ignore format: one function a line
export const RANGES: { readonly [name: string]: readonly Range[] } = {
  exp: [[-20, 20], [-1, 1], [-745, 709.7]],
  expm1: [[-6, 6], [-0.4, 0.4], [-40, 709.7]],
  log: [[0, 100], [0.5, 2], [0.9, 1.1]],
  log1p: [[-1, 10], [-0.01, 0.01], [0, 100]],
  log2: [[0, 100], [0.5, 2], [0.9, 1.1]],
  log10: [[0, 100], [0.5, 2], [0.9, 1.1]],
  xlogx: [[0, 1], [0.9, 1.1]],
  xlogy: [[-1, 1, 0, 1], [-10, 10, 0, 100]],
  xlog1py: [[-1, 1, -1, 1], [-10, 10, 0, 100]],
  sin: [[-10, 10], [-1, 1], [-1e6, 1e6]],
  cos: [[-10, 10], [-1, 1], [-1e6, 1e6]],
  atan: [[-1, 1], [-4, 4], [-100, 100]],
  sinh: [[-4, 4], [-1.2, 1.2], [-710.4, 710.4]],
  cosh: [[-4, 4], [-1, 1], [-710.4, 710.4]],
  tanh: [[-4, 4], [-0.7, 0.7], [-22, 22]],
  sigmoid: [[-10, 10], [-0.7, 0], [-745, 40]],
  softplus: [[-10, 10], [-2, 2], [-745, 40]],
  erf: [[-3, 3], [-1, 1], [0.8, 1.5]],
  pow: [[0, 10, -5, 5], [0.5, 2, -100, 100], [0.99, 1.01, -1e4, 1e4], [1e-3, 1e3, -100, 100]],
};

/** Fills the arguments with numbers of a range. */
export function fillEvenly(range: Range, x: Numbers, y: Numbers, random: () => number): void {
  const [from, to, yFrom = 0, yTo = 0] = range;
  for (let i = 0; i < x.length; i++) {
    x[i] = from + (to - from) * random();
    y[i] = yFrom + (yTo - yFrom) * random();
  }
}

/**
 * Fills the arguments with random bits: numbers of all exponents, and NaN. The second one is such that x^y is mostly a
 * number of some exponent too.
 */
export function fillWithBits(shape: Shape, x: Numbers, y: Numbers, random: () => number): void {
  const words = new Uint32Array(x.buffer, x.byteOffset, x.byteLength / 4);
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  const largest = shape === 'f64x2' ? 750 : 105;
  for (let i = 0; i < x.length; i++) y[i] = ((2 * random() - 1) * largest) / Math.log(Math.abs(x[i]));
}

type Numbers = Float64Array | Float32Array;
