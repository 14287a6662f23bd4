// Straight-line code as WebAssembly, as JavaScript and as C by gcc -O2, on value and gradient of large formulas:
//   node bench/straight.mjs
// `maps` is sums and products only, `mixed` a random formula with sines, exponentials and the like. Each measurement is a
// process of its own. Needs gcc.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { table } from './harness.mjs';

const SELF = fileURLToPath(import.meta.url);
const INPUTS = 16;
const FORMULAS = ['maps', 'mixed'];

/** Point k of those that are visited in turn. @param {Float64Array} theta @param {number} k */
function visit(theta, k) {
  theta[0] = 0.1 + 0.001 * (k & 7);
}

/** Minimum of many slices, since other processes only ever add. */
const C_MAIN = `
#include <stdio.h>
#include <time.h>
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e9 * t.tv_sec + t.tv_nsec;
}
int main(void) {
  double theta[${INPUTS}], g[${INPUTS}], best = 1e300;
  volatile double sum = 0;
  for (int i = 0; i < ${INPUTS}; i++) theta[i] = 0.1 + 0.05 * i;
  for (int slice = 0; slice < 100; slice++) {
    double start = now();
    for (int k = 0; k < 500; k++) {
      theta[0] = 0.1 + 0.001 * (k & 7);
      sum += f(theta, g);
    }
    double time = (now() - start) / 500;
    if (time < best) best = time;
  }
  printf("%g", best);
}
`;

/** @param {string} directory @param {string} core */
async function speedTable(directory, core) {
  const { programOf, cOf } = await import(pathToFileURL(core).href);
  const rows = [
    [
      'value and gradient',
      'operations',
      'gcc -O2, ns/op',
      'wasm, ns/op',
      'js, ns/op',
      'wasm / gcc',
      'js / wasm',
      'wasm at speed after, ms',
      'js at speed after, ms',
    ],
  ];
  for (const formula of FORMULAS) {
    const [source, binary] = [join(directory, `${formula}.c`), join(directory, formula)];
    writeFileSync(source, cOf(programOf(formula, 10_000)) + C_MAIN);
    execFileSync('gcc', ['-O2', '-o', binary, source, '-lm']);
    const runs = { c: [], wasm: [], js: [], wasmReady: [], jsReady: [] };
    let operations = 0;
    for (let round = 0; round < 3; round++) {
      runs.c.push(Number(execFileSync(binary, { encoding: 'utf8' })));
      for (const target of ['wasm', 'js']) {
        const result = measured('--speed', core, formula, target);
        operations = result.operations;
        runs[target].push(result.best);
        runs[`${target}Ready`].push(result.ready);
      }
    }
    const [c, wasm, js, wasmReady, jsReady] = Object.values(runs).map(times => Math.min(...times));
    rows.push([
      formula,
      String(operations),
      ...[c, wasm, js].map(ns => (ns / operations).toFixed(3)),
      (wasm / c).toFixed(2),
      (js / wasm).toFixed(2),
      ...[wasmReady, jsReady].map(ms => ms.toFixed(0)),
    ]);
  }
  return table(rows);
}

/** One target in this process: nanoseconds a call at best, and the milliseconds from its text to a speed near that. */
async function speed(core, formula, target) {
  const { programOf, moduleOf, operationsOf } = await import(pathToFileURL(core).href);
  const program = programOf(formula, 10_000);
  const text = moduleOf(program, target);
  const start = performance.now();
  const f = (await load(text)).bind();
  const { theta, g } = f.views ?? { theta: new Float64Array(INPUTS), g: new Float64Array(INPUTS) };
  for (let i = 0; i < INPUTS; i++) theta[i] = 0.1 + 0.05 * i;
  let sum = 0;
  const slices = [];
  while (performance.now() - start < 4000) {
    const before = performance.now();
    for (let k = 0; k < 8; k++) {
      visit(theta, k);
      sum += f.valueAndGrad(theta, g);
    }
    const end = performance.now();
    slices.push({ age: end - start, ns: ((end - before) * 1e6) / 8 });
  }
  const best = slices.reduce((least, { ns }) => Math.min(least, ns), Infinity);
  const ready = slices.find(({ ns }) => ns < 1.15 * best).age;
  return { operations: operationsOf(program), ready, best, sum };
}

/** From how many operations on WebAssembly is faster, arrays copied in and out. */
async function crossoverTable(core) {
  const { programOf, moduleOf, operationsOf } = await import(pathToFileURL(core).href);
  const rows = [
    ['value and gradient', 'operations', 'js, ns', 'wasm with copies, ns', 'wasm in views, ns', 'js / wasm'],
  ];
  for (const formula of FORMULAS) {
    for (const size of [100, 300, 1000, 1500, 2000, 3000, 5000, 10_000]) {
      const program = programOf(formula, size);
      const [js, wasm] = await Promise.all(
        ['js', 'wasm'].map(async target => (await load(moduleOf(program, target))).bind()),
      );
      const own = { theta: new Float64Array(INPUTS), g: new Float64Array(INPUTS) };
      const variants = [loop(js, own), loop(wasm, own), loop(wasm, wasm.views)].map(run => ({
        run,
        best: Infinity,
      }));
      const calls = Math.ceil(1e6 / operationsOf(program));
      for (const { run } of variants) {
        const start = performance.now();
        while (performance.now() - start < 1000) run(calls);
      }
      for (let slice = 0; slice < 60; slice++) {
        for (const variant of variants) {
          const before = performance.now();
          variant.run(calls);
          variant.best = Math.min(variant.best, ((performance.now() - before) * 1e6) / calls);
        }
      }
      const [ns, copied, viewed] = variants.map(({ best }) => best);
      rows.push([
        formula,
        String(operationsOf(program)),
        ...[ns, copied, viewed].map(time => time.toFixed(0)),
        (ns / copied).toFixed(2),
      ]);
    }
  }
  return table(rows);
}

let serial = 0;

/** A loop with a text of its own, so that it shares no type feedback. */
function loop(f, { theta, g }) {
  for (let i = 0; i < INPUTS; i++) theta[i] = 0.1 + 0.05 * i;
  const text = `return calls => {
    let sum = 0;
    for (let k = 0; k < calls; k++) {
      theta[0] = 0.1 + 0.001 * (k & 7);
      sum += f.valueAndGrad(theta, g);
    }
    return sum;
  }; // ${serial++}`;
  return new Function('f', 'theta', 'g', text)(f, theta, g);
}

/** @param {string} core */
function compilerTable(core) {
  const rows = [
    [
      'operations',
      'to the module, ms',
      'to the instance, ms',
      'first call, ms',
      'bytes/op',
      'peak memory, MB',
    ],
  ];
  for (const size of [10_000, 100_000, 1_000_000]) {
    const { operations, emitted, bound, called, bytes, maxRss } = measured('--compile', core, String(size));
    rows.push([
      operations.toLocaleString('en'),
      ...[emitted, bound, called].map(ms => ms.toFixed(0)),
      (bytes / operations).toFixed(1),
      (maxRss / 1024).toFixed(0),
    ]);
  }
  return table(rows);
}

/** Times are from the optimised graph on. */
async function compiling(core, size) {
  const { programOf, moduleOf, operationsOf } = await import(pathToFileURL(core).href);
  const program = programOf('maps', size);
  const start = performance.now();
  const text = moduleOf(program, 'wasm');
  const emitted = performance.now() - start;
  const f = (await load(text)).bind();
  const bound = performance.now() - start;
  f.valueAndGrad(f.views.theta.fill(0.3), f.views.g);
  const called = performance.now() - start - bound;
  const { maxRSS: maxRss } = process.resourceUsage();
  return { operations: operationsOf(program), emitted, bound, called, bytes: text.length, maxRss };
}

/** The module of a text, which is told apart from others of the same text. */
function load(text) {
  return import(`data:text/javascript;base64,${Buffer.from(`${text}\n// ${serial++}`).toString('base64')}`);
}

/** Runs this file in a process of its own. @param {...string} args */
function measured(...args) {
  const child = spawnSync(process.execPath, [SELF, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout);
}

const [, , mode, core, ...args] = process.argv;
if (mode === '--speed') console.log(JSON.stringify(await speed(core, args[0], args[1])));
else if (mode === '--compile') console.log(JSON.stringify(await compiling(core, Number(args[0]))));
else {
  const directory = mkdtempSync(join(tmpdir(), 'symgrad-bench-'));
  try {
    const file = join(directory, 'straight.mjs');
    const input = fileURLToPath(new URL('straight.ts', import.meta.url));
    const bundle = await rolldown({ input, platform: 'node' });
    await bundle.write({ file, format: 'esm' });
    console.log(`${compilerTable(file)}\n`);
    console.log(`${await speedTable(directory, file)}\n`);
    console.log(await crossoverTable(file));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
