// Time and memory of the compiler on random formulas of growing size, each in a process of its own:
//   node bench/compiler.mjs [--quick]

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compile } from '../dist/index.js';
import { table } from './harness.mjs';
import { randomFormula } from './random-formula.mjs';

const SELF = fileURLToPath(import.meta.url);

/** @param {{ quick: boolean }} options */
export function compilerTable({ quick }) {
  const sizes = quick ? [1e3, 1e4] : [1e3, 1e4, 1e5, 1e6];
  const runs = sizes.map(size => {
    const child = spawnSync(process.execPath, [SELF, '--measure', String(size)], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const result = child.status === 0 ? JSON.parse(child.stdout) : undefined;
    console.error(size, result ?? child.stderr.trim().split('\n').slice(0, 8).join('\n'));
    return { size, result };
  });
  const passes = [...new Set(runs.flatMap(({ result }) => result?.passes.map(p => p.pass) ?? []))];
  return table([
    [
      'operations of the formula',
      'whole compile, us/op',
      ...passes.map(p => `${p}, us/op`),
      'code, bytes/op',
      'peak memory, MB',
    ],
    ...runs.map(({ size, result }) => {
      if (!result) return [String(size), 'failed', ...passes.map(() => ''), '', ''];
      const perOperation = ms => ((ms * 1e3) / result.operations).toFixed(2);
      const of = pass =>
        result.passes.filter(p => p.pass === pass).reduce((sum, p) => sum + p.milliseconds, 0);
      return [
        result.operations.toLocaleString('en'),
        perOperation(result.milliseconds),
        ...passes.map(pass => perOperation(of(pass))),
        (result.bytes / result.operations).toFixed(0),
        (result.maxRss / 1024).toFixed(0),
      ];
    }),
  ]);
}

/** Compiles one formula and prints what it took; a small one first, so that the compiler itself is warm. */
function measure(size) {
  for (let seed = 2; seed < 12; seed++) compile(randomFormula(1000, seed).text);
  const { text, operations } = randomFormula(size);
  const before = performance.now();
  const { code, stats } = compile(text);
  const milliseconds = performance.now() - before;
  console.log(
    JSON.stringify({
      operations,
      milliseconds,
      bytes: code.length,
      passes: stats.passes,
      maxRss: process.resourceUsage().maxRSS,
    }),
  );
}

if (process.argv[1] === SELF) {
  const at = process.argv.indexOf('--measure');
  if (at > 0) measure(Number(process.argv[at + 1]));
  else console.log(compilerTable({ quick: process.argv.includes('--quick') }));
}
