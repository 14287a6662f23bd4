// Times several functions against each other in one process: they take turns in short slices, so that a busy or slow
// moment of the machine falls on all of them. Reported are the median of the slices and the median of the ratios of
// neighbouring slices.

/**
 * @typedef {object} Timing
 * @property {number} ns median nanoseconds a call
 * @property {number} ratio median of (slice of this one) / (slice of the first one in the same round)
 */

/**
 * @param {readonly { call: (theta: Float64Array) => unknown }[]} variants
 * @param {readonly Float64Array[]} points
 * @param {{ quick: boolean }} options
 * @returns {Timing[]}
 */
export function compare(variants, points, { quick }) {
  const warmUpMs = quick ? 500 : 1500;
  const sliceMs = quick ? 1 : 4;
  const rounds = quick ? 15 : 61;
  const loops = variants.map(({ call }) => loop(call, points));

  const counts = loops.map(run => {
    let calls = 0;
    let batch = 16;
    const start = performance.now();
    while (calls < 3000 || performance.now() - start < warmUpMs) {
      const before = performance.now();
      run(batch);
      calls += batch;
      if (performance.now() - before < sliceMs) batch *= 2;
      // something that takes a second a call is not warmed up 3000 times
      if (performance.now() - start > 20 * warmUpMs) break;
    }
    const before = performance.now();
    run(batch);
    return Math.max(1, Math.round((batch * sliceMs) / (performance.now() - before)));
  });

  /** @type {number[][]} */
  const slices = loops.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let k = 0; k < loops.length; k++) {
      const i = (round + k) % loops.length;
      const before = performance.now();
      loops[i](counts[i]);
      slices[i].push(((performance.now() - before) * 1e6) / counts[i]);
    }
  }
  return slices.map(times => ({ ns: median(times), ratio: median(times.map((t, i) => t / slices[0][i])) }));
}

let serial = 0;

/**
 * A loop with a text of its own: shared text would share type feedback, and the call would not be inlined.
 * @param {(theta: Float64Array) => unknown} call
 * @param {readonly Float64Array[]} points
 */
function loop(call, points) {
  const name = `loop${serial++}`;
  return new Function(
    'call',
    'points',
    `return function ${name}(n) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += +call(points[i & 63]);
      return sum;
    }`,
  )(call, points);
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Rows of text as a Markdown table; the first row is the head. @param {readonly (readonly string[])[]} rows */
export function table(rows) {
  const [head, ...body] = rows;
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [head, rule, ...body].map(row => `| ${row.join(' | ')} |`).join('\n');
}
