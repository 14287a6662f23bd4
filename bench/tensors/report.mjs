// What the tables of the tensor benchmarks have in common: how times are written, and the command line. A time is that of
// the quietest round: what other work on the machine adds is no property of the code.

import { parseArgs } from 'node:util';
import { least } from './measure.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {readonly string[]} [only] ids of workloads
 * @property {readonly string[]} [precisions]
 *
 * @typedef {Record<string, import('./measure.mjs').Timing | undefined>} Times by name of contestant
 */

/** How many times as long `a` took as `b`; nothing if one of them did not take part. @param {Times} times @param {string} a @param {string} b */
export function over(times, a, b) {
  const [above, below] = [times[a], times[b]];
  if (above === undefined || below === undefined) return '';
  const factor = least(above) / least(below);
  return factor < 10 ? factor.toFixed(2) : factor.toFixed(0);
}

/** @param {import('./measure.mjs').Timing | undefined} timing */
export function milliseconds(timing) {
  return timing === undefined ? '' : least(timing).toPrecision(3);
}

/** @param {string[]} args @returns {Options} */
export function optionsOf(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      precision: { type: 'string' },
    },
  });
  const { quick, only, precision } = values;
  return {
    quick,
    ...(only && { only: only.split(',') }),
    ...(precision && { precisions: precision.split(',') }),
  };
}
