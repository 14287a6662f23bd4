// Emitted code against hand-written code, and against the derivatives of mathjs and nerdamer.

import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';
import { cases, pointsAround } from './cases.mjs';
import { compare, table } from './harness.mjs';

/** @param {{ quick: boolean }} options */
export async function evaluateTable(options) {
  const rows = [['work', 'emitted, ns', 'hand, ns', 'emitted / hand']];
  for (const c of cases) {
    const points = pointsAround(c.at);
    const bind = await load(c);
    const [hand, emitted] = compare([c.hand(), c.emitted(bind(c.data))], points, options);
    rows.push([`${c.sample}: ${c.work}`, time(emitted.ns), time(hand.ns), emitted.ratio.toFixed(2)]);
    console.error(rows.at(-1).join('  '));
  }
  return table(rows);
}

/** @param {{ quick: boolean }} options */
export async function peersTable(options) {
  const rows = [
    [
      'value and gradient',
      'emitted, ns',
      'mathjs, ns',
      'nerdamer, ns',
      'mathjs / emitted',
      'nerdamer / emitted',
    ],
  ];
  for (const { sample, text, names } of [rosenbrock, blackScholes]) {
    const c = cases.find(other => other.sample === sample && !other.options.hessian);
    const emitted = c.emitted((await load(c))(c.data));
    const expected = [emitted.call(Float64Array.from(c.at)), ...emitted.out[0]];
    const peers = [];
    for (const make of [mathjs, nerdamer]) peers.push(await peer(make, text, names, c.at, expected));
    const able = peers.filter(({ call }) => call);
    const timings = compare([emitted, ...able], pointsAround(c.at), options);
    const timing = peers.map(one => (one.call ? timings[able.indexOf(one) + 1] : undefined));
    rows.push([
      sample,
      time(timings[0].ns),
      ...timing.map((t, i) => (t ? time(t.ns) : peers[i].reason)),
      ...timing.map(t => (t ? t.ratio.toFixed(0) : '')),
    ]);
    console.error(rows.at(-1).join('  '));
  }
  return table(rows);
}

const rosenbrock = { sample: 'rosenbrock', text: '(1 - x)^2 + 100 * (y - x^2)^2', names: ['x', 'y'] };

// functions and data written in, as both systems want one expression of the variables
const D1 = '((log(S / 40) + (r - 0.03 + sigma^2 / 2) * T) / (sigma * sqrt(T)))';
const normal = z => `((1 + erf(${z} / sqrt(2))) / 2)`;
const blackScholes = {
  sample: 'black-scholes',
  text: `S * exp(-0.03 * T) * ${normal(D1)} - 40 * exp(-r * T) * ${normal(`(${D1} - sigma * sqrt(T))`)}`,
  names: ['S', 'sigma', 'r', 'T'],
};

/** Value and gradient as one call, or the reason why there is none. */
async function peer(make, text, names, at, expected) {
  try {
    const parts = await make(text, names);
    const theta = Float64Array.from(at);
    const wrong = parts.findIndex((part, i) => !(Math.abs(part(theta) / expected[i] - 1) < 1e-4));
    if (wrong >= 0)
      return {
        reason: wrong ? `wrong: d/d${names[wrong - 1]} is ${parts[wrong](theta).toPrecision(3)}` : 'wrong',
      };
    const call = theta => {
      let sum = 0;
      for (const part of parts) sum += part(theta);
      return sum;
    };
    return { call };
  } catch (error) {
    return { reason: /^[^:\n]*/.exec(error.message)[0] };
  }
}

async function mathjs(text, names) {
  const math = await import('mathjs');
  const scope = new Map();
  return [math.parse(text), ...names.map(name => math.derivative(text, name))].map(node => {
    const { evaluate } = node.compile();
    return theta => {
      for (let i = 0; i < names.length; i++) scope.set(names[i], theta[i]);
      return evaluate(scope);
    };
  });
}

async function nerdamer(text, names) {
  const { default: core } = await import('nerdamer');
  await import('nerdamer/Calculus.js');
  const compact = text.replaceAll(' ', ''); // it misreads spaces after a parenthesis
  return [core(compact), ...names.map(name => core.diff(compact, name))].map(expression => {
    const f = expression.buildFunction(names);
    return names.length === 2
      ? theta => f(theta[0], theta[1])
      : theta => f(theta[0], theta[1], theta[2], theta[3]);
  });
}

async function load({ sample, options }) {
  const text = readFileSync(new URL(`../samples/${sample}.expr`, import.meta.url), 'utf8');
  const { code } = compile(text, { name: `${sample}.expr`, ...options });
  const { bind } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return bind;
}

function time(ns) {
  return ns < 100 ? ns.toFixed(1) : ns.toFixed(0);
}
