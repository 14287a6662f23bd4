// Times functions that take microseconds to seconds against each other, in turns, and counts what is allocated in
// typed arrays.

import { median } from '../harness.mjs';

/**
 * @typedef {object} Variant
 * @property {(i: number) => unknown} run one call, the i-th
 * @property {() => void} [ready] called before a slice, outside the time
 *
 * @typedef {readonly number[]} Timing milliseconds a call, a number for each round
 */

/**
 * @param {readonly Variant[]} variants
 * @param {{ quick: boolean }} options
 * @returns {Timing[]}
 */
export function takeTurns(variants, { quick }) {
  const warmUpMs = quick ? 150 : 600;
  const sliceMs = quick ? 2 : 5;
  const budgetMs = quick ? 700 : 5000;

  const counts = variants.map(variant => {
    variant.ready?.();
    const start = performance.now();
    let last = Infinity;
    for (let i = 0; i < 2 || (i < 20000 && performance.now() - start < warmUpMs); i++) {
      const before = performance.now();
      variant.run(i);
      last = Math.min(last, performance.now() - before);
    }
    return Math.max(1, Math.round(sliceMs / Math.max(last, 1e-4)));
  });

  /** @type {number[][]} */
  const slices = variants.map(() => []);
  const start = performance.now();
  for (let round = 0; round < 3 || (round < 61 && performance.now() - start < budgetMs); round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const v = (round + turn) % variants.length;
      const { run, ready } = variants[v];
      const count = counts[v];
      ready?.();
      const before = performance.now();
      for (let i = 0; i < count; i++) run(i);
      slices[v].push((performance.now() - before) / count);
    }
  }
  return slices;
}

/** How many times as long `a` took as `b`, in the median round. @param {Timing} a @param {Timing} b */
export function ratio(a, b) {
  return median(a.map((time, round) => time / b[round]));
}

const COUNTED = ['Float64Array', 'Float32Array', 'Int32Array', 'Uint32Array', 'Uint8Array', 'ArrayBuffer'];

/**
 * Bytes that typed arrays made during a call own. The classes are replaced meanwhile, so what runs in it must not be
 * timed afterwards.
 * @template T
 * @param {() => T} f
 * @returns {{ bytes: number, result: T }}
 */
export function allocated(f) {
  const globals = /** @type {Record<string, any>} */ (globalThis);
  let bytes = 0;
  const restore = COUNTED.map(name => {
    const original = globals[name];
    const counting = new Proxy(original, {
      construct(target, args, newTarget) {
        const array = Reflect.construct(target, args, newTarget);
        if (!(args[0] instanceof ArrayBuffer)) bytes += array.byteLength;
        return array;
      },
    });
    globals[name] = counting;
    // slice, map and their like ask for it
    original.prototype.constructor = counting;
    return () => {
      globals[name] = original;
      original.prototype.constructor = original;
    };
  });
  try {
    const result = f();
    return { result, bytes };
  } finally {
    for (const one of restore) one();
  }
}
