// Several ways to do one work: each is held against the first one before it may be timed. What is wrong, or cannot be
// done, becomes a note of the report.

import { takeTurns } from './measure.mjs';

export const PRECISIONS = { f64: Float64Array, f32: Float32Array };

// jax-js has exp, log and tanh of single precision in float64 too
export const TOLERANCE = {
  ours: { f64: 1e-9, f32: 1e-3 },
  library: { f64: 1e-5, f32: 1e-3 },
  limit: { f64: 1e-10, f32: 1e-4 },
};

/**
 * @template Result
 * @typedef {object} Entry
 * @property {Result} result
 * @property {import('./measure.mjs').Variant} slice
 */

/**
 * @template Result
 * @param {string} label of the notes
 * @param {(result: Result, expected: Result) => number} difference
 */
export function contest(label, difference) {
  /** @type {{ name: string, slice: import('./measure.mjs').Variant }[]} */
  const variants = [];
  /** @type {string[]} */
  const notes = [];
  /** @type {Result | undefined} */
  let expected;
  return {
    notes,

    /**
     * True if it takes part.
     * @param {string} name @param {number} tolerance @param {() => Promise<Entry<Result>>} prepare
     */
    async enter(name, tolerance, prepare) {
      try {
        const { result, slice } = await prepare();
        expected ??= result;
        const error = difference(result, expected);
        if (!(error <= tolerance)) throw new Error(`wrong, off by ${error.toExponential(1)}`);
        variants.push({ name, slice });
        return true;
      } catch (error) {
        notes.push(`${label} ${name}: ${/^.*/.exec(/** @type {Error} */ (error).message)?.[0]}`);
        return false;
      }
    },

    /** Milliseconds a call of each of those that take part, by name. @param {{ quick: boolean }} options */
    async times(options) {
      const timings = await takeTurns(
        variants.map(({ slice }) => slice),
        options,
      );
      return Object.fromEntries(variants.map(({ name }, i) => [name, timings[i]]));
    },
  };
}

/**
 * A copy of the hand-written module for each type of arrays and each work, as V8 keeps what it learnt with the text.
 * @param {string} file @param {string} copy
 * @param {import('./data.mjs').Inputs} inputs @param {import('./data.mjs').Sizes} sizes
 * @param {import('./data.mjs').FloatsOf} Floats
 */
export async function hand(file, copy, inputs, sizes, Floats) {
  const { make } = await import(`./hand/${file}.mjs?${copy}`);
  return make(inputs, sizes, Floats);
}
