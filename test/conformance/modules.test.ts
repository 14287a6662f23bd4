// The table of formulas through emitted modules, written out and as loops: what plain mathjs says, or the table.

import { describe, expect, test } from 'vitest';
import { emitted } from '../emitted.ts';
import { CONFORMANCE, type ConformanceCase } from './cases.ts';
import { elements, evaluateInMathjs } from './oracle.ts';

function expected(example: ConformanceCase): readonly number[] {
  return example.value === 'mathjs' ? evaluateInMathjs(example).data : elements(example.value);
}

function expectClose(actual: ArrayLike<number>, wanted: readonly number[]): void {
  expect(actual.length).toBe(wanted.length);
  for (const [k, y] of wanted.entries()) {
    const x = actual[k];
    const isClose = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-11 * Math.max(1, Math.abs(y));
    if (!isClose) expect.fail(`element ${k} is ${x}, not ${y}`);
  }
}

const CASES = Object.values(CONFORMANCE).flat();

describe.each([
  ['written out', 400],
  ['as loops', 0],
])('modules %s', (_, unroll) => {
  test.each(CASES.map(example => [example.name, example] as const))('%s', async (_, example) => {
    const { value } = await emitted(example.text, { wrt: [], unroll });
    const result = value({ ...example.sizes, ...example.inputs });
    expectClose(typeof result === 'number' ? [result] : result, expected(example));
  });
});
