// Time and memory of the compiler on random formulas of growing size, each in a process of its own:
//   node bench/compiler.mjs [--quick]
// Twice: the whole way from the text, and without the parser, from the builders to the module.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { compile } from '../dist/index.js';
import { table } from './harness.mjs';
import { randomFormula } from './random-formula.mjs';

const SELF = fileURLToPath(import.meta.url);

/**
 * What compiling one formula took: milliseconds by stage.
 * @typedef {{ operations: number, stages: Record<string, number>, bytes: number, maxRss: number }} Result
 */

/** @param {{ quick: boolean }} options */
export function compilerTable({ quick }) {
  return tableOf(sizes(quick).map(size => ({ size, result: measured('--text', String(size)) })));
}

/** @param {{ quick: boolean }} options */
export async function coreTable({ quick }) {
  const directory = mkdtempSync(join(tmpdir(), 'symgrad-bench-'));
  try {
    const file = join(directory, 'core.mjs');
    const bundle = await rolldown({
      input: fileURLToPath(new URL('core.ts', import.meta.url)),
      platform: 'node',
    });
    await bundle.write({ file, format: 'esm' });
    return tableOf(sizes(quick).map(size => ({ size, result: measured('--core', String(size), file) })));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @param {boolean} quick */
function sizes(quick) {
  return quick ? [1e3, 1e4] : [1e3, 1e4, 1e5, 1e6];
}

/** Runs this file in a process of its own. @param {...string} args @returns {Result | undefined} */
function measured(...args) {
  const child = spawnSync(process.execPath, [SELF, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const result = child.status === 0 ? JSON.parse(child.stdout) : undefined;
  console.error(...args.slice(0, 2), result ?? child.stderr.trim().split('\n').slice(0, 8).join('\n'));
  return result;
}

/** @param {readonly { size: number, result: Result | undefined }[]} runs */
function tableOf(runs) {
  const stages = [...new Set(runs.flatMap(({ result }) => Object.keys(result?.stages ?? {})))];
  return table([
    [
      'operations of the formula',
      'whole, us/op',
      ...stages.map(stage => `${stage}, us/op`),
      'code, bytes/op',
      'peak memory, MB',
    ],
    ...runs.map(({ size, result }) => {
      if (!result) return [String(size), 'failed', ...stages.map(() => ''), '', ''];
      const { operations } = result;
      const perOperation = ms => ((ms * 1e3) / operations).toFixed(2);
      const whole = Object.values(result.stages).reduce((sum, ms) => sum + ms, 0);
      return [
        operations.toLocaleString('en'),
        perOperation(whole),
        ...stages.map(stage => perOperation(result.stages[stage])),
        (result.bytes / operations).toFixed(0),
        (result.maxRss / 1024).toFixed(0),
      ];
    }),
  ]);
}

/** Compiles one formula from its text; small ones first, so that the compiler itself is warm. @param {number} size */
function fromText(size) {
  for (let seed = 2; seed < 12; seed++) compile(randomFormula(1000, seed).text);
  const { text, operations } = randomFormula(size);
  const { code, stats } = compile(text);
  const stages = Object.fromEntries(stats.passes.map(({ pass, milliseconds }) => [pass, milliseconds]));
  return { operations, stages, bytes: code.length };
}

/** The same without the parser, by the functions in the bundle. @param {number} size @param {string} file */
async function fromBuilders(size, file) {
  const { run } = await import(pathToFileURL(file).href);
  for (let k = 0; k < 10; k++) run(1000);
  return run(size);
}

if (process.argv[1] === SELF) {
  const [, , mode, size, file] = process.argv;
  const result =
    mode === '--text'
      ? fromText(Number(size))
      : mode === '--core'
        ? await fromBuilders(Number(size), file)
        : undefined;
  if (result !== undefined) {
    console.log(JSON.stringify({ ...result, maxRss: process.resourceUsage().maxRSS }));
  } else {
    const options = { quick: process.argv.includes('--quick') };
    console.log(`${compilerTable(options)}\n\n${await coreTable(options)}`);
  }
}
