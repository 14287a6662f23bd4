// What the emitted modules cost before and beside their calls, for both targets: compiling, starting, size, memory; and
// the size of the libraries that do the same work.
//   node bench/tensors/modules.mjs [--quick] [--only T2a,H1b]

import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { table } from '../harness.mjs';
import { emit, startTimes, workspace } from './ours.mjs';
import { optionsOf } from './report.mjs';
import { hessians, workloads } from './workloads.mjs';

const TARGETS = /** @type {const} */ (['js', 'wasm']);

/** @param {import('./report.mjs').Options} options */
export async function moduleTable(options) {
  const rows = [
    [
      'module',
      'precision',
      ...TARGETS.map(target => `compile ${target}, ms`),
      ...TARGETS.map(target => `first call ${target}, ms`),
      'import + bind + call of wasm, ms',
      ...TARGETS.map(target => `${target}, kB`),
      ...TARGETS.map(target => `gzip ${target}, kB`),
      ...TARGETS.map(target => `workspace ${target}, kB`),
      'js for 2n, kB',
    ],
  ];
  /** @type {string[]} */
  const notes = [];
  for (const workload of [...workloads, ...hessians]) {
    if (options.only ? !options.only.includes(workload.id) : workload.alone || workload.repeats) continue;
    const { row, allocating } = await described(workload, options);
    rows.push(row);
    notes.push(...allocating.map(note => `- ${note}`));
    console.error([workload.id, ...row].join('  '));
  }
  return [table(rows), notes.join('\n')].filter(text => text !== '').join('\n\n');
}

/** @param {import('./workloads.mjs').Workload} workload @param {import('./report.mjs').Options} options */
async function described(workload, { quick }) {
  const { id, title, double, sizes } = workload;
  const hessian = hessians.includes(workload);
  const precision = double ? 'f64' : 'f32';
  const facts = [];
  const allocating = [];
  for (const target of TARGETS) {
    const options = { target, precision, hessian };
    const code = await emit(workload.formula, options);
    const memory = await workspace(code, workload, options);
    if (memory.perCall > 0) allocating.push(`${id} ${target}: a call allocates ${memory.perCall} bytes`);
    const start = startTimes(id, options, quick ? 1 : 3);
    facts.push({ code, memory, start, call: start.import + start.bind + start.call });
  }
  const [js, wasm] = facts;
  const twice = workload.streams && { ...workload, sizes: { ...sizes, n: 2 * (sizes.n ?? 0) } };
  const ofTwice = twice && (await workspace(js.code, twice, { target: 'js', precision }));
  const { start } = wasm;
  const row = [
    `${title}${hessian ? ', Hessian' : ''}`,
    precision,
    ...facts.map(fact => fact.start.compile.toFixed(0)),
    ...facts.map(({ call }) => call.toFixed(1)),
    [start.import, start.bind, start.call].map(ms => ms.toFixed(1)).join(' + '),
    ...facts.map(({ code }) => kilobytes(code.length)),
    ...facts.map(({ code }) => kilobytes(gzipSync(code).length)),
    ...facts.map(({ memory }) => kilobytes(memory.bytes)),
    ofTwice ? kilobytes(ofTwice.bytes) : '',
  ];
  return { row, allocating };
}

/** What a bundler leaves of each library if all that is wanted is a gradient. */
const LIBRARIES = {
  'jax-js': { text: `export { init, jit, valueAndGrad, numpy, nn } from '@jax-js/jax';`, files: [] },
  'TensorFlow.js, wasm': {
    text: `import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
      export { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
      export { add, div, exp, logSoftmax, logSumExp, matMul, mul, relu, setBackend, softplus, square, sub, sum, tanh,
        tensor, tidy, valueAndGrads } from '@tensorflow/tfjs-core';`,
    files: ['@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'],
  },
};

/** Minified bundles of the libraries and the files they load; empty if they are not installed. */
export async function librarySizes() {
  const rows = [['library', 'bundle, kB', 'gzip, kB', 'and WebAssembly, kB', 'gzip, kB']];
  for (const [name, { text, files }] of Object.entries(LIBRARIES)) {
    try {
      const code = Buffer.from(await bundled(text));
      const path = file => new URL(`../node_modules/${file}`, import.meta.url);
      const loaded = Buffer.concat(await Promise.all(files.map(file => readFile(path(file)))));
      const sizes = [code, loaded].flatMap(bytes => [bytes.length, gzipSync(bytes).length]);
      rows.push([name, ...sizes.map((size, i) => (i < 2 || files.length > 0 ? kilobytes(size) : ''))]);
    } catch (error) {
      console.error(`without the size of ${name}: ${error.message.split('\n')[0]}`);
    }
  }
  return rows.length > 1 ? table(rows) : '';
}

/** @param {string} text of an entry in bench/, which finds the libraries */
async function bundled(text) {
  const input = fileURLToPath(new URL(`../.entry-${process.pid}.mjs`, import.meta.url));
  writeFileSync(input, text);
  try {
    const bundle = await rolldown({ input, platform: 'browser', logLevel: 'silent' });
    const { output } = await bundle.generate({ format: 'esm', minify: true });
    return output.map(chunk => ('code' in chunk ? chunk.code : '')).join('\n');
  } finally {
    rmSync(input);
  }
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return (bytes / 1e3).toFixed(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`${await moduleTable(optionsOf(process.argv.slice(2)))}\n\n${await librarySizes()}`);
}
