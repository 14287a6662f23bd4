// What a failed check says.

import { expect, test } from 'vitest';
import { checkCompilation } from '../../src/cli/check.ts';
import type { Job } from '../../src/cli/job.ts';
import { compile } from '../../src/compile.ts';

test('the function, the input that is wrong, where, and both numbers', async () => {
  const text = 'x^2 + 3 * y\n';
  const job: Job = { source: { name: 'f.expr', text }, compile: {}, emit: 'js', stats: false };
  const compilation = compile(text);
  const code = compilation.code.replace(/(return \{ x: )2 \* x/, '$12.5 * x');
  const { failures, table } = await checkCompilation({ ...compilation, code }, job, 3);
  expect(table).toMatch(/^grad +differences +3 +2\.5e-1 +FAILED$/m);
  expect(failures).toHaveLength(1);
  const [{ severity, code: name, message, hints }] = failures;
  expect([severity, name]).toEqual(['error', 'check-failed']);
  const number = String.raw`-?\d+(?:\.\d+)?(?:e-?\d+)?`;
  expect(message).toMatch(new RegExp(`^grad \\(x\\) is ${number}, but differences give ${number}$`));
  expect(hints![0]).toMatch(new RegExp(`^at x = ${number}, y = ${number}$`));
});
