// The scripts run as a reader would run them, on the built package (`npm test` builds it first).

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

function run(script: string, ...args: string[]): string[] {
  const path = fileURLToPath(new URL(`../../samples/${script}`, import.meta.url));
  return execFileSync(process.execPath, [path, ...args], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

describe('scripts', () => {
  test('newton.mjs reaches (1, 1) in a few dozen iterations', () => {
    const lines = run('newton.mjs');
    const [iterations, value, norm, x, y] = lines.at(-1)!.trim().split(/\s+/).map(Number);
    expect(iterations).toBeLessThan(30);
    expect(norm).toBeLessThan(1e-12);
    expect(value).toBeLessThan(1e-24);
    expect(x).toBeCloseTo(1, 12);
    expect(y).toBeCloseTo(1, 12);
  });

  test('fit.mjs reaches nine certified digits from both starts of both models', () => {
    const results = run('fit.mjs').filter(line => line.includes('digits agree'));
    expect(results.map(line => line.slice(0, line.indexOf(':')))).toEqual([
      'misra1a, start 1',
      'misra1a, start 2',
      'rat43, start 1',
      'rat43, start 2',
    ]);
    for (const line of results) expect(Number(/([\d.]+) digits/.exec(line)![1])).toBeGreaterThanOrEqual(9);
  });

  test('bundle-adjustment.mjs gets below the error of the truth', () => {
    const lines = run('bundle-adjustment.mjs', '9', '200', '800');
    const truth = Number(lines.at(-1)!.split(': ')[1]);
    const errors = lines.slice(2, -1).map(line => Number(line.trim().split(/\s+/)[1]));
    expect(errors[0]).toBeGreaterThan(5 * truth);
    expect(errors.at(-1)).toBeLessThan(truth);
    expect(errors.length).toBeLessThan(20);
  });
});
