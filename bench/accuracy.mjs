// Errors and times of the vector functions of the WebAssembly target beside those of Math, into bench/accuracy.md:
//   node bench/accuracy.mjs [--quick]
// With --quick a tenth of the points is taken, and nothing is written but to the screen.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import * as special from '../src/ir/special.js';
import { table } from './harness.mjs';
import { takeTurns, timed } from './tensors/measure.mjs';

const quick = process.argv.includes('--quick');
const BATCHES = quick ? 3 : 25;
const { EXACT, ulps, LENGTH, vectorLoop, fillEvenly, fillWithBits, RANGES } = await bundled([
  'exact',
  'vector-loop',
  'vector-points',
]);

const names = Object.keys(RANGES);
const points = (BATCHES * LENGTH).toLocaleString('en');
const report = `# Accuracy and speed of the vector functions

Node ${process.version}, ${cpus()[0].model}. Made by \`node bench/accuracy.mjs\`.

## Largest errors

In units of the last place, from the exact value: double-double arithmetic, for f32 the f64 function. The ranges are those of
\`bench/vector-points.ts\`, ${points} points each, and as many of all exponents (random bits). "Math" is the function of
numbers: \`Math.exp\`, ..., our own \`sigmoid\`, \`softplus\`, \`erf\`.

${accuracyTable()}

## Times

Nanoseconds an element, in a loop over ${LENGTH} elements of the first of the ranges: \`Math\` in JavaScript, a call of the
vector function, and the function inlined into the loop. Least times; variants take turns.

${await speedTable()}
`;

if (!quick) writeFileSync(new URL('accuracy.md', import.meta.url), report);
console.log(report);

function accuracyTable() {
  return table([
    ['function', 'f64x2', 'at', 'Math', 'f32x4', 'at'],
    ...names.map(name => {
      const f64 = largestErrors('f64x2', name);
      const f32 = largestErrors('f32x4', name);
      return [name, f64.ours.toFixed(2), f64.at, f64.numbers.toFixed(2), f32.ours.toFixed(2), f32.at];
    }),
  ]);
}

/** @param {'f64x2' | 'f32x4'} shape @param {string} name */
function largestErrors(shape, name) {
  const { x, y, result, run } = vectorLoop(shape, name);
  const f = ofNumbers(name);
  const random = generator(1);
  const wide = shape === 'f64x2';
  const largest = wide ? Number.MAX_VALUE : 2 ** 128 - 2 ** 104;
  const worst = { ours: 0, numbers: 0, at: '' };
  const fills = [
    ...RANGES[name].map(range => () => fillEvenly(range, x, y, random)),
    () => fillWithBits(shape, x, y, random),
  ];
  for (const fill of fills) {
    for (let batch = 0; batch < BATCHES; batch++) {
      fill();
      run(LENGTH);
      for (let i = 0; i < LENGTH; i++) {
        const inNumbers = f(x[i], y[i]);
        // what is infinite, zero or no number is tested in test/codegen/wasm/math.test.ts
        if (!(Math.abs(inNumbers) <= largest) || inNumbers === 0) continue;
        if ((name === 'sin' || name === 'cos') && Math.abs(x[i]) > 2 ** 20) continue; // those are Math's own
        if (name === 'pow' && !(x[i] > 0)) continue; // likewise
        // beside the last places of f32, numbers of f64 are exact
        const exact = wide ? EXACT[name](x[i], y[i]) : { sum: [inNumbers, 0], exponent: 0 };
        if (wide) worst.numbers = Math.max(worst.numbers, ulps(inNumbers, exact));
        const error = wide ? ulps(result[i], exact) : ulps(result[i], exact, 24, 2 ** -149);
        if (!(error <= worst.ours)) {
          worst.ours = error;
          worst.at = name === 'pow' ? `${short(x[i])}, ${short(y[i])}` : short(x[i]);
        }
      }
    }
  }
  return worst;
}

async function speedTable() {
  const rows = [];
  for (const name of names) {
    const loops = ['f64x2', 'f32x4'].flatMap(shape => [
      vectorLoop(shape, name, 'call'),
      vectorLoop(shape, name, 'inline'),
    ]);
    for (const { x, y } of loops) fillEvenly(RANGES[name][0], x, y, generator(2));
    const variants = [
      scalarLoop(name, loops[0]),
      ...loops.map(
        ({ run }) =>
          () =>
            run(LENGTH),
      ),
    ];
    const rounds = await takeTurns(variants.map(timed), { quick: true });
    const least = rounds.map(times => (Math.min(...times) * 1e6) / LENGTH);
    const [math, ...ours] = least.map(ns => ns.toFixed(2));
    const faster = k => (least[0] / least[k]).toFixed(1);
    rows.push([name, math, ours[0], ours[1], faster(2), ours[2], ours[3], faster(4)]);
  }
  const wide = ['f64x2 call', 'f64x2 inline', 'Math / inline'];
  const narrow = ['f32x4 call', 'f32x4 inline', 'Math / inline'];
  return table([['function', 'Math', ...wide, ...narrow], ...rows]);
}

/** The loop of JavaScript, with the function spelt out. @param {string} name @param {{ x: Float64Array, y: Float64Array }} numbers */
function scalarLoop(name, { x, y }) {
  const called = name in Math ? `Math.${name}` : 'f';
  const body = `for (let i = 0; i < ${LENGTH}; i++) result[i] = ${called}(x[i], y[i]);`;
  const run = new Function('f', 'x', 'y', 'result', `return function ${name}Loop() { ${body} }`);
  return run(ofNumbers(name), x, y, new Float64Array(LENGTH));
}

/** @param {string} name @returns {(x: number, y: number) => number} */
function ofNumbers(name) {
  return { ...special }[name] ?? Math[name];
}

/** @param {number} x */
function short(x) {
  return String(Number(x.toPrecision(6)));
}

/** A linear congruential generator (Knuth, The Art of Computer Programming 2, section 3.3.4), two steps a number. */
function generator(seed) {
  let state = seed;
  const bits = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 6;
  };
  return () => (bits() * 2 ** 26 + bits()) / 2 ** 52;
}

/** What TypeScript files of this folder export. @param {readonly string[]} files */
async function bundled(files) {
  const directory = mkdtempSync(join(tmpdir(), 'symgrad-bench-'));
  try {
    const input = files.map(name => fileURLToPath(new URL(`${name}.ts`, import.meta.url)));
    const bundle = await rolldown({ input, platform: 'node' });
    await bundle.write({ dir: directory, format: 'esm', entryFileNames: '[name].mjs' });
    const modules = await Promise.all(
      files.map(name => import(pathToFileURL(join(directory, `${name}.mjs`)).href)),
    );
    return Object.assign({}, ...modules);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
