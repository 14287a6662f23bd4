// What the tables of the tensor benchmarks have in common: how times are written, and the command line.

import { parseArgs } from 'node:util';
import { median } from '../harness.mjs';
import { ratio } from './measure.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {readonly string[]} [only] ids of workloads
 * @property {readonly string[]} [precisions]
 */

/** How many times as long as the emitted code it took; milliseconds in brackets where there is nothing to compare with. */
export function against(times, name) {
  if (times[name] === undefined) return '';
  if (times.emitted === undefined) return `(${milliseconds(times[name])} ms)`;
  const factor = ratio(times[name], times.emitted);
  return factor < 10 ? factor.toFixed(2) : factor.toFixed(0);
}

export function milliseconds(times) {
  return times === undefined ? '' : median(times).toPrecision(3);
}

export function kilobytes(workspace) {
  return workspace === undefined ? '' : (workspace.bytes / 1e3).toFixed(1);
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
