// Start-up of the command over bare Node, in turns: node bench/startup.mjs [--quick]

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, table } from './harness.mjs';

const SELF = fileURLToPath(import.meta.url);
const path = name => fileURLToPath(new URL(`../${name}`, import.meta.url));

const COMMANDS = [
  ['node -e 0', ['-e', '0']],
  ['symgrad --version', [path('dist/cli.js'), '--version']],
  ['symgrad rosenbrock.expr', [path('dist/cli.js'), path('samples/rosenbrock.expr')]],
];

/** @param {{ quick: boolean }} options */
export function startupTable({ quick }) {
  const rounds = quick ? 7 : 31;
  const times = COMMANDS.map(() => []);
  for (let round = -2; round < rounds; round++) {
    COMMANDS.forEach(([name, args], i) => {
      const before = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      const elapsed = performance.now() - before;
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
      // the first rounds fill the caches of the file system
      if (round >= 0) times[i].push(elapsed);
    });
  }
  return table([
    ['command', 'median, ms', 'over bare Node, ms'],
    ...COMMANDS.map(([name], i) => [
      name,
      median(times[i]).toFixed(1),
      i === 0 ? '' : median(times[i].map((t, round) => t - times[0][round])).toFixed(1),
    ]),
  ]);
}

if (process.argv[1] === SELF) console.log(startupTable({ quick: process.argv.includes('--quick') }));
