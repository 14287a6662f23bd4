// The cases of test/conformance through the front end and the reference evaluator: what plain mathjs says of a file, or
// what the table expects, is what the program computes.

import { describe, expect, it } from 'vitest';
import { SymgradError } from '../../src/errors.ts';
import { parseFormula } from '../../src/frontend/index.ts';
import { evaluate } from '../../src/ir/evaluate.ts';
import { evaluateSize } from '../../src/ir/size.ts';
import { CONFORMANCE, type ConformanceCase, type Nested, REFUSED } from '../conformance/cases.ts';
import { elements, evaluateInMathjs, type Flat } from '../conformance/oracle.ts';

function evaluated({ text, inputs, sizes }: ConformanceCase): Flat {
  const program = parseFormula(text);
  const [{ name, shape }] = program.outputs;
  const values = Object.entries({ ...inputs, ...sizes }).map(([key, value]) => [
    key,
    typeof value === 'number' ? value : elements(value as Nested),
  ]);
  const result = evaluate(program, Object.fromEntries(values)).outputs[name];
  const known = new Map(Object.entries(sizes));
  return {
    shape: shape.map(size => evaluateSize(size, known)),
    data: typeof result === 'number' ? [result] : Array.from(result),
  };
}

for (const [topic, cases] of Object.entries(CONFORMANCE)) {
  describe(topic, () => {
    it.each(cases.map(example => [example.name, example] as const))('%s', (_, example) => {
      const actual = evaluated(example);
      expect(actual.shape).toEqual(example.shape);
      const expected = example.value === 'mathjs' ? evaluateInMathjs(example).data : elements(example.value);
      expect(actual.data.length).toBe(expected.length);
      for (const [i, x] of expected.entries()) {
        const isNear = Math.abs(actual.data[i] - x) <= 1e-12 * Math.max(1, Math.abs(x));
        expect(isNear || Object.is(actual.data[i], x), `element ${i}: ${actual.data[i]}, not ${x}`).toBe(
          true,
        );
      }
    });
  });
}

describe('refused', () => {
  it.each(REFUSED.map(example => [example.name, example] as const))('%s', (_, example) => {
    let error: unknown;
    try {
      evaluated(example);
    } catch (thrown) {
      error = thrown;
    }
    expect(error instanceof SymgradError || error instanceof RangeError, String(error)).toBe(true);
  });
});
