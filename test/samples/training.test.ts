// The scripts that train and fit models with arrays run as a reader would run them, on the built package.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The lines that a script writes to stdout, split into words. */
function run(script: string, ...args: string[]): string[][] {
  const path = fileURLToPath(new URL(`../../samples/${script}`, import.meta.url));
  const text = execFileSync(process.execPath, [path, ...args], { encoding: 'utf8' });
  return text.split('\n').map(line => line.trim().split(/\s+/));
}

test('train-mnist.mjs reads 96 % of the digits it has not seen', () => {
  const epochs = run('train-mnist.mjs').filter(words => words[3] === '%');
  expect(epochs).toHaveLength(12);
  expect(Number(epochs.at(-1)![1])).toBeLessThan(Number(epochs[0]![1]));
  expect(Number(epochs.at(-1)![2])).toBeGreaterThanOrEqual(96);
}, 300_000);

test("iris.mjs: Newton's method converges in a few steps", () => {
  const lines = run('iris.mjs');
  const ends = lines.flatMap((words, i) => (words[3] === 'right' ? [lines[i - 1]!.map(Number)] : []));
  expect(ends).toHaveLength(2);
  for (const [iteration, , norm] of ends) {
    expect(iteration).toBeLessThan(12);
    expect(norm).toBeLessThan(1e-10);
  }
  const right = lines.filter(words => words[3] === 'right').map(([n, , total]) => [Number(n), Number(total)]);
  expect(right).toEqual([
    [147, 150],
    [96, 100],
  ]);
});

test('gauss-newton.mjs finds thirty frequencies in noise', () => {
  const lines = run('gauss-newton.mjs');
  const last = lines.findLast(words => words.length === 4 && Number.isFinite(Number(words[0])))!.map(Number);
  expect(last[0]).toBeLessThan(15);
  expect(last[1]).toBeGreaterThan(0.009);
  expect(last[1]).toBeLessThan(0.01);
  expect(last[2]).toBeLessThan(1e-7);
  const summary = lines.findLast(words => words.at(-1) === 'Hz')!;
  expect(Number(summary.at(-2))).toBeLessThan(0.002);
});
