// Every case of the table in plain mathjs: the scope is the oracle for all that is tested of tensors.

import { describe, expect, it } from 'vitest';
import { CONFORMANCE, type ConformanceCase, REFUSED } from './cases.ts';
import { elements, evaluateInMathjs, evaluateMatricesInMathjs, type Flat } from './oracle.ts';

/** `actual` has the expected shape and is the expected value to some units in the last place. */
function check({ shape, value }: ConformanceCase, actual: Flat): void {
  expect(actual.shape).toEqual(shape);
  expect(actual.data.length).toBe(shape.reduce((x, y) => x * y, 1));
  if (value === 'mathjs') {
    expect(actual.data.every(Number.isFinite)).toBe(true);
    return;
  }
  const expected = elements(value);
  expect(actual.data.length).toBe(expected.length);
  for (const [i, x] of expected.entries()) {
    const isNear = Math.abs(actual.data[i] - x) <= 1e-14 * Math.max(1, Math.abs(x));
    expect(isNear || Object.is(actual.data[i], x), `element ${i}: ${actual.data[i]}, expected ${x}`).toBe(
      true,
    );
  }
}

for (const [topic, cases] of Object.entries(CONFORMANCE)) {
  describe(topic, () => {
    for (const example of cases) {
      if (example.notInMathjs === undefined) {
        it(example.name, () => check(example, evaluateInMathjs(example)));
        it(`${example.name}, of matrices`, () => check(example, evaluateMatricesInMathjs(example)));
      } else {
        it(`${example.name}: ${example.notInMathjs}`, () => {
          expect(() => check(example, evaluateInMathjs(example))).toThrow();
        });
      }
    }
  });
}

describe('refused', () => {
  for (const example of REFUSED) {
    it(example.name, () => {
      expect(() => evaluateInMathjs(example)).toThrow();
    });
  }
});

describe('the table', () => {
  const names = [...Object.values(CONFORMANCE).flat(), ...REFUSED].map(({ name }) => name);

  it('has no case twice', () => {
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
