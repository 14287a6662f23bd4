// The modules symgrad emits for the formulas. Run by itself, it tells how long the compiler takes in a new process:
//   node bench/tensors/ours.mjs FORMULA PRECISION [hessian]

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.mjs';
import { generate } from './data.mjs';
import { formulaText } from './formulas.mjs';
import { allocated } from './measure.mjs';

const SELF = fileURLToPath(import.meta.url);

/**
 * @typedef {object} Bound
 * @property {number} size
 * @property {(theta: import('./data.mjs').Floats, g: import('./data.mjs').Floats) => number} valueAndGrad
 * @property {(theta: import('./data.mjs').Floats, H: import('./data.mjs').Floats) => void} hessian if it was asked for
 */

/** The text of the module. @param {string} formula @param {string} precision @param {{ hessian?: boolean }} [options] */
export async function emit(formula, precision, options = {}) {
  const { compile } = await import('../../dist/index.js');
  const { code } = compile(formulaText(formula), { name: `${formula}.expr`, precision, ...options });
  return code;
}

/**
 * `bind` of a module of its own: nothing that ran in another one is known of it.
 * @param {string} code
 * @returns {Promise<(data: import('./data.mjs').Inputs) => Bound>}
 */
export async function load(code) {
  const url = `data:text/javascript,${encodeURIComponent(`${code}\n// ${loaded++}`)}`;
  const { bind } = await import(url);
  return bind;
}

let loaded = 0;

/**
 * What `bind` takes: the inputs that are not differentiated, and the sizes, which flat arrays may not tell.
 * @param {import('./data.mjs').Inputs} inputs
 * @param {readonly string[]} wrt
 * @param {import('./data.mjs').Sizes} sizes
 */
export function dataOf(inputs, wrt, sizes) {
  return { ...sizes, ...Object.fromEntries(Object.entries(inputs).filter(([name]) => !wrt.includes(name))) };
}

/**
 * Bytes that `bind` allocates beyond its copies of the data, and what a call allocates.
 * @param {string} code
 * @param {string} kind
 * @param {import('./data.mjs').Sizes} sizes
 * @param {import('./data.mjs').FloatsOf} Floats
 * @param {(bound: Bound) => () => unknown} [prepare] what a call is
 */
export async function workspace(code, kind, sizes, Floats, prepare = gradientOf(Floats)) {
  const bind = await load(code);
  const { inputs, wrt } = generate(kind, sizes, Floats);
  const data = dataOf(inputs, wrt, sizes);
  const copies = Object.values(data).reduce((sum, x) => sum + (ArrayBuffer.isView(x) ? x.byteLength : 0), 0);
  const bound = allocated(() => bind(data));
  const call = allocated(prepare(bound.result));
  return { bytes: Math.max(0, bound.bytes - copies), perCall: call.bytes };
}

/** @param {import('./data.mjs').FloatsOf} Floats @returns {(bound: Bound) => () => number} */
function gradientOf(Floats) {
  return ({ size, valueAndGrad }) => {
    const theta = new Floats(size);
    const g = new Floats(size);
    return () => valueAndGrad(theta, g);
  };
}

/**
 * Milliseconds from the text to the module, the first time in a process.
 * @param {string} formula
 * @param {string} precision
 * @param {number} runs
 * @param {{ hessian?: boolean }} [options]
 */
export function compileTime(formula, precision, runs, { hessian = false } = {}) {
  const args = [SELF, formula, precision, ...(hessian ? ['hessian'] : [])];
  const times = Array.from({ length: runs }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  });
  return median(times);
}

if (process.argv[1] === SELF) {
  await import('../../dist/index.js');
  const [formula, precision, second] = process.argv.slice(2);
  const before = performance.now();
  await emit(formula, precision, { hessian: second === 'hessian' });
  console.log(performance.now() - before);
}
