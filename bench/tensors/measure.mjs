// Times functions that take microseconds to seconds against each other, in turns, and counts what is allocated in
// typed arrays.

import { median } from '../harness.mjs';

/**
 * Runs a number of calls and tells the milliseconds they took.
 * @typedef {(calls: number) => number | Promise<number>} Variant
 *
 * @typedef {readonly number[]} Timing milliseconds a call, a number for each round
 */

/**
 * @param {readonly Variant[]} variants
 * @param {{ quick: boolean }} options
 * @returns {Promise<Timing[]>}
 */
export async function takeTurns(variants, { quick }) {
  const warmUpMs = quick ? 150 : 400;
  const sliceMs = quick ? 2 : 5;
  const budgetMs = quick ? 700 : 3000;

  const counts = [];
  for (const slice of variants) {
    const start = performance.now();
    let count = 1;
    let perCall = Infinity;
    for (let slices = 0; slices < 2 || performance.now() - start < warmUpMs; slices++) {
      perCall = (await slice(count)) / count;
      count = Math.max(1, Math.min(2 * count, Math.round(sliceMs / perCall)));
    }
    counts.push(count);
  }

  /** @type {number[][]} */
  const times = variants.map(() => []);
  const start = performance.now();
  for (let round = 0; round < 3 || (round < 61 && performance.now() - start < budgetMs); round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const v = (round + turn) % variants.length;
      times[v].push((await variants[v](counts[v])) / counts[v]);
    }
  }
  return times;
}

/** A variant of a function of the number of the call. @param {(i: number) => unknown} run @returns {Variant} */
export function timed(run) {
  return calls => {
    // what the others drove out of the caches comes back outside the time
    if (calls > 1) run(1);
    const before = performance.now();
    for (let i = 0; i < calls; i++) run(i);
    return performance.now() - before;
  };
}

/** The quietest round. @param {Timing} timing */
export function least(timing) {
  return Math.min(...timing);
}

/** How many times as long `a` took as `b`, in the median round. @param {Timing} a @param {Timing} b */
export function ratio(a, b) {
  return median(a.map((time, round) => time / b[round]));
}

/** Bytes of a page of WebAssembly's memory. */
const PAGE = 65536;
const COUNTED = ['Float64Array', 'Float32Array', 'Int32Array', 'Uint32Array', 'Uint8Array', 'ArrayBuffer'];

/**
 * Bytes that typed arrays and memories made during a call own. The classes are replaced meanwhile, so what runs in it must
 * not be timed afterwards.
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
  const { WebAssembly } = globals;
  const { Memory } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args, newTarget) {
      bytes += args[0].initial * PAGE;
      return Reflect.construct(target, args, newTarget);
    },
  });
  restore.push(() => {
    WebAssembly.Memory = Memory;
  });
  try {
    const result = f();
    return { result, bytes };
  } finally {
    for (const one of restore) one();
  }
}
