// The look of code frames, positions, and suggestions: the parts of errors.ts that no formula is needed for.

import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Diagnostic, formatDiagnostic, lineAndColumn, suggest } from '../../src/errors.ts';

const SAMPLE: Omit<Diagnostic, 'span'> = { severity: 'error', code: 'a-code', message: 'what is wrong' };

function frame(text: string, marked: string, more: Partial<Diagnostic> = {}): string {
  const start = text.indexOf(marked);
  const diagnostic = { ...SAMPLE, span: { start, end: start + marked.length }, ...more };
  return `\n${formatDiagnostic(diagnostic, { name: 'mlp.expr', text })}\n`;
}

test('as in the design', () => {
  const text = `${'\n'.repeat(6)}z = W * x + b\n`;
  expect(
    frame(text, 'W * x', {
      code: 'shape-mismatch',
      message: 'cannot multiply 128x784 by 10',
      label: 'W is 128x784 (line 2), x has 10 elements (line 3)',
      hints: ['inner sizes 784 and 10 differ'],
    }),
  ).toBe(`
error[shape-mismatch]: cannot multiply 128x784 by 10
  --> mlp.expr:7:5
   |
 7 | z = W * x + b
   |     ^^^^^ W is 128x784 (line 2), x has 10 elements (line 3)
   = hint: inner sizes 784 and 10 differ
`);
});

test('line numbers of several digits, notes', () => {
  const related = [{ message: 'declared here', span: { start: 2, end: 3 } }];
  expect(frame(`${'\n'.repeat(99)}x + y`, 'y', { severity: 'warning', related })).toMatchInlineSnapshot(`
    "
    warning[a-code]: what is wrong
        --> mlp.expr:100:5
         |
     100 | x + y
         |     ^
         = note: 3:1: declared here
    "
  `);
});

test('tabs, wide characters, surrogate pairs', () => {
  expect(frame('\tx\t+\ty', 'y')).toMatchInlineSnapshot(`
    "
    error[a-code]: what is wrong
      --> mlp.expr:1:6
       |
     1 |     x   +   y
       |             ^
    "
  `);
  expect(frame('日本 + y', 'y')).toMatchInlineSnapshot(`
    "
    error[a-code]: what is wrong
      --> mlp.expr:1:6
       |
     1 | 日本 + y
       |        ^
    "
  `);
  expect(frame('\uD835\uDC31 + y', 'y')).toMatchInlineSnapshot(`
    "
    error[a-code]: what is wrong
      --> mlp.expr:1:6
       |
     1 | 𝐱 + y
       |     ^
    "
  `);
});

test('long lines are clipped around the carets', () => {
  const text = `${'x + '.repeat(1000)}wrong${' + y'.repeat(1000)}`;
  expect(frame(text, 'wrong')).toMatchInlineSnapshot(`
    "
    error[a-code]: what is wrong
      --> mlp.expr:1:4001
       |
     1 | …+ x + x + x + x + x + x + x + x + x + x + x + x + wrong + y + y + y + y + y + y + y + y + y + y + …
       |                                                    ^^^^^
    "
  `);
  expect(frame(`${'z'.repeat(300)} + 1`, 'z'.repeat(300))).toMatchInlineSnapshot(`
    "
    error[a-code]: what is wrong
      --> mlp.expr:1:1
       |
     1 | zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "
  `);
});

test('the end of the text, an empty text, a span of several lines', () => {
  expect(
    formatDiagnostic({ ...SAMPLE, span: { start: 3, end: 4 } }, { name: 'f', text: 'x +' }),
  ).toMatchInlineSnapshot(`
    "error[a-code]: what is wrong
      --> f:1:4
       |
     1 | x +
       |    ^"
  `);
  expect(
    formatDiagnostic({ ...SAMPLE, span: { start: 0, end: 0 } }, { name: 'f', text: '' }),
  ).toMatchInlineSnapshot(`
    "error[a-code]: what is wrong
      --> f:1:1
       |
     1 |
       | ^"
  `);
  expect(frame('a = (\n  x\n)', '(\n  x\n)')).toMatchInlineSnapshot(`
    "
    error[a-code]: what is wrong
      --> mlp.expr:1:5
       |
     1 | a = (
       |     ^
    "
  `);
});

test('control characters cannot reach the terminal', () => {
  expect(frame('x + \x1b[31m\u202Ey', 'y')).toContain('x + \uFFFD[31m\uFFFDy');
});

test('colour changes nothing but colour', () => {
  const source = { name: 'f.expr', text: 'x + y' };
  const diagnostic: Diagnostic = { ...SAMPLE, span: { start: 4, end: 5 }, label: 'here', hints: ['a hint'] };
  const colored = formatDiagnostic(diagnostic, source, { color: true });
  expect(colored).toContain('\x1b[');
  expect(stripVTControlCharacters(colored)).toBe(formatDiagnostic(diagnostic, source));
});

describe('lineAndColumn', () => {
  test.each([
    ['abc', 0, 1, 1],
    ['abc', 3, 1, 4],
    ['a\nb', 1, 1, 2],
    ['a\nb', 2, 2, 1],
    ['a\r\nb', 3, 2, 1],
    ['a\rb', 2, 2, 1],
    ['\n\n', 2, 3, 1],
  ])('%j at %d', (text, offset, line, column) => {
    expect(lineAndColumn(text, offset)).toEqual({ line, column });
  });
});

describe('suggest', () => {
  const names = ['sigmoid', 'sin', 'sinh', 'sqrt', 'softplus', 'relu', 'x', 'lambda'];
  test.each([
    ['sigmod', 'sigmoid'],
    ['sqr', 'sqrt'],
    ['isn', 'sin'],
    ['RELU', 'relu'],
    ['lamdba', 'lambda'],
    ['sofftplus', 'softplus'],
    ['y', undefined],
    ['zzz', undefined],
    ['sin', 'sinh'],
    ['constructor', undefined],
  ])('%s', (name, expected) => expect(suggest(name, names)).toBe(expected));
});
