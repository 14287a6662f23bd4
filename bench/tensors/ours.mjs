// The modules symgrad emits for the formulas. Run by itself, it tells what the first compilation and the first call take in
// a new process:
//   node bench/tensors/ours.mjs ID '{"target":"wasm","precision":"f32"}'

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from '../harness.mjs';
import { generate, pack } from './data.mjs';
import { formulaText } from './formulas.mjs';
import { allocated } from './measure.mjs';
import { hessians, workloads } from './workloads.mjs';

const SELF = fileURLToPath(import.meta.url);

/**
 * @typedef {import('./data.mjs').Floats} Floats
 *
 * @typedef {object} Options of the compiler
 * @property {'js' | 'wasm'} target
 * @property {string} precision
 * @property {boolean} [hessian]
 *
 * @typedef {object} Bound
 * @property {number} size
 * @property {(theta: Floats, g: Floats) => number} valueAndGrad
 * @property {(theta: Floats, H: Floats) => void} hessian if it was asked for
 * @property {Record<string, Floats>} [views] over the memory of WebAssembly
 *
 * @typedef {{ compile: number, import: number, bind: number, call: number }} Start milliseconds of each step
 */

/** The text of the module. @param {string} formula @param {Options} options */
export async function emit(formula, options) {
  const { compile } = await import('../../dist/index.js');
  return compile(formulaText(formula), { name: `${formula}.expr`, ...options }).code;
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
 * @param {import('./workloads.mjs').Workload} workload
 * @param {Options} options
 */
export async function workspace(code, { kind, sizes }, options) {
  const bind = await load(code);
  const { inputs, wrt } = generate(kind, sizes, floatsOf(options));
  const data = dataOf(inputs, wrt, sizes);
  const copies = Object.values(data).reduce((sum, x) => sum + (ArrayBuffer.isView(x) ? x.byteLength : 0), 0);
  const bound = allocated(() => bind(data));
  const call = allocated(callOf(bound.result, pack(inputs, wrt, floatsOf(options)), options));
  return { bytes: Math.max(0, bound.bytes - copies), perCall: call.bytes };
}

/** Medians of what the first compilation and the first call take. @param {string} id @param {Options} options @param {number} runs */
export function startTimes(id, options, runs) {
  const starts = Array.from({ length: runs }, () => {
    const args = [SELF, id, JSON.stringify(options)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return /** @type {Start} */ (JSON.parse(stdout));
  });
  const of = (/** @type {keyof Start} */ step) => median(starts.map(start => start[step]));
  return { compile: of('compile'), import: of('import'), bind: of('bind'), call: of('call') };
}

/** @param {import('./workloads.mjs').Workload} workload @param {Options} options @returns {Promise<Start>} */
async function start({ kind, formula, sizes }, options) {
  await import('../../dist/index.js');
  const { inputs, wrt } = generate(kind, sizes, floatsOf(options));
  const theta = pack(inputs, wrt, floatsOf(options));
  const data = dataOf(inputs, wrt, sizes);
  const times = [performance.now()];
  const code = await emit(formula, options);
  times.push(performance.now());
  const bind = await load(code);
  times.push(performance.now());
  const bound = bind(data);
  const call = callOf(bound, theta, options);
  times.push(performance.now());
  call();
  times.push(performance.now());
  const step = (/** @type {number} */ i) => times[i + 1] - times[i];
  return { compile: step(0), import: step(1), bind: step(2), call: step(3) };
}

/** @param {Bound} bound @param {Floats} theta @param {Options} options */
function callOf(bound, theta, options) {
  const out = new (floatsOf(options))(options.hessian ? theta.length ** 2 : theta.length);
  return options.hessian ? () => bound.hessian(theta, out) : () => bound.valueAndGrad(theta, out);
}

/** @param {Options} options */
function floatsOf({ precision }) {
  return precision === 'f64' ? Float64Array : Float32Array;
}

if (process.argv[1] === SELF) {
  const workload = [...workloads, ...hessians].find(({ id }) => id === process.argv[2]);
  if (!workload) throw new Error(`no workload ${process.argv[2]}`);
  console.log(JSON.stringify(await start(workload, JSON.parse(process.argv[3]))));
}
