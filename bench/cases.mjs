// What is measured: for each piece of work the sample it comes from and a call on the emitted module and on the
// hand-written one. Both read one flat vector and fill arrays that were allocated before; each call is a function text
// of its own, so that V8 keeps its feedback apart.

import * as bsHand from './hand/black-scholes.mjs';
import * as balHand from './hand/bundle-adjustment.mjs';
import * as helmholtzHand from './hand/helmholtz.mjs';
import * as armHand from './hand/robot-arm.mjs';
import * as rosenbrockHand from './hand/rosenbrock.mjs';

/**
 * @typedef {object} Bound what `bind` of an emitted module returns, as far as it is used here
 * @property {(theta: Float64Array, g: Float64Array) => number} valueAndGrad
 * @property {(theta: Float64Array, g: Float64Array, H: Float64Array) => number} valueGradAndHessian
 * @property {(theta: Float64Array, y: Float64Array, J: Float64Array) => void} valueAndJacobian
 *
 * @typedef {object} Prepared
 * @property {(theta: Float64Array) => number | undefined} call
 * @property {readonly Float64Array[]} out all results of the last call; the value is what the call returns
 *
 * @typedef {object} Case
 * @property {string} sample
 * @property {string} work
 * @property {{ hessian?: boolean, jacobian?: boolean, wrt?: string[] }} options
 * @property {Record<string, number>} data the inputs that are not differentiated
 * @property {readonly number[]} at
 * @property {(f: Bound) => Prepared} emitted
 * @property {() => Prepared} hand
 */

const blackScholes = { data: { K: 40, q: 0.03 }, at: [42, 0.2, 0.1, 0.5] };
const bsData = Float64Array.of(40, 0.03);

/** @type {readonly Case[]} */
export const cases = [
  {
    sample: 'rosenbrock',
    work: 'value and gradient',
    options: { wrt: ['x', 'y'] },
    data: {},
    at: [-1.2, 1],
    emitted: f => {
      const g = new Float64Array(2);
      return { call: theta => f.valueAndGrad(theta, g), out: [g] };
    },
    hand: () => {
      const g = new Float64Array(2);
      return { call: theta => rosenbrockHand.valueAndGrad(theta, g), out: [g] };
    },
  },
  {
    sample: 'rosenbrock',
    work: 'value, gradient and Hessian',
    options: { wrt: ['x', 'y'], hessian: true },
    data: {},
    at: [-1.2, 1],
    emitted: f => {
      const g = new Float64Array(2);
      const H = new Float64Array(4);
      return {
        call: theta => f.valueGradAndHessian(theta, g, H),
        out: [g, H],
      };
    },
    hand: () => {
      const g = new Float64Array(2);
      const H = new Float64Array(4);
      return { call: theta => rosenbrockHand.valueGradAndHessian(theta, g, H), out: [g, H] };
    },
  },
  {
    sample: 'black-scholes',
    work: 'value and 4 first-order Greeks',
    options: {},
    ...blackScholes,
    emitted: f => {
      const g = new Float64Array(4);
      return { call: theta => f.valueAndGrad(theta, g), out: [g] };
    },
    hand: () => {
      const g = new Float64Array(4);
      return { call: theta => bsHand.valueAndGrad(theta, bsData, g), out: [g] };
    },
  },
  {
    sample: 'black-scholes',
    work: 'value and all Greeks to second order',
    options: { hessian: true },
    ...blackScholes,
    emitted: f => {
      const g = new Float64Array(4);
      const H = new Float64Array(16);
      return {
        call: theta => f.valueGradAndHessian(theta, g, H),
        out: [g, H],
      };
    },
    hand: () => {
      const g = new Float64Array(4);
      const H = new Float64Array(16);
      return { call: theta => bsHand.valueGradAndHessian(theta, bsData, g, H), out: [g, H] };
    },
  },
  {
    sample: 'bundle-adjustment',
    work: 'residuals and 2 x 15 Jacobian',
    options: { jacobian: true },
    data: { m1: 10, m2: 20 },
    at: [0.1, -0.2, 0.3, 0.5, -0.4, 0.2, 500, 3, -2, 0.02, -0.003, 1.2, 0.7, 4.5, 0.8],
    emitted: f => {
      const y = new Float64Array(2);
      const J = new Float64Array(30);
      return {
        call: theta => {
          f.valueAndJacobian(theta, y, J);
        },
        out: [y, J],
      };
    },
    hand: () => {
      const m = Float64Array.of(10, 20);
      const y = new Float64Array(2);
      const J = new Float64Array(30);
      return {
        call: theta => {
          balHand.valueAndJacobian(theta, m, y, J);
        },
        out: [y, J],
      };
    },
  },
  {
    sample: 'robot-arm',
    work: 'position and 3 x 6 Jacobian',
    options: { jacobian: true },
    data: { tx: 0.03, ty: -0.02, tz: 0.11 },
    at: [0.4, -0.9, 1.3, -0.4, 0.7, 2.1],
    emitted: f => {
      const y = new Float64Array(3);
      const J = new Float64Array(18);
      return {
        call: theta => {
          f.valueAndJacobian(theta, y, J);
        },
        out: [y, J],
      };
    },
    hand: () => {
      const tool = Float64Array.of(0.03, -0.02, 0.11);
      const y = new Float64Array(3);
      const J = new Float64Array(18);
      return {
        call: theta => {
          armHand.valueAndJacobian(theta, tool, y, J);
        },
        out: [y, J],
      };
    },
  },
  {
    sample: 'helmholtz',
    work: 'value and gradient',
    options: {},
    data: {},
    at: [1.1, 0.7, 2, 0.4],
    emitted: f => {
      const g = new Float64Array(4);
      return { call: theta => f.valueAndGrad(theta, g), out: [g] };
    },
    hand: () => {
      const g = new Float64Array(4);
      return { call: theta => helmholtzHand.valueAndGrad(theta, g), out: [g] };
    },
  },
];

/** 64 points around `at`, so that nothing can be hoisted out of the loop that measures. @param {readonly number[]} at */
export function pointsAround(at) {
  return Array.from({ length: 64 }, (_, i) =>
    Float64Array.from(at, (v, j) => v * (1 + 0.002 * ((i * (j + 3)) % 64))),
  );
}
