// The samples with arrays run in plain mathjs, and mean there what their sources say.

import { describe, test } from 'vitest';
import { atSizes, CASES, inMathjs } from './cases.ts';
import { expectClose } from './load.ts';

describe.each(CASES)('$name', sample => {
  test('the formula in plain mathjs is the model', () => {
    for (const { at, inputs } of atSizes(sample))
      expectClose(inMathjs(at, inputs), at.model(inputs), 1e-12, 1);
  });
});
