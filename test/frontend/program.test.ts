// Inputs, outputs, directives, options and warnings of a program.

import { describe, expect, test } from 'vitest';
import { SymgradError } from '../../src/errors.ts';
import { type ParseOptions, parseFormula } from '../../src/frontend/index.ts';

/** Inputs, wrt and outputs in one line each. */
function summary(text: string, options?: ParseOptions): string {
  const { inputs, outputs, wrt } = parseFormula(text, options);
  const ins = inputs.map(input => {
    const value = input.default === undefined ? '' : `=${input.default}`;
    return `${input.dtype === 'int' ? 'int ' : ''}${input.name}${value}`;
  });
  const outs = outputs.map(({ name, shape }) => name + (shape.length === 0 ? '' : `[${shape.join('x')}]`));
  return `${ins.join(', ')} | ${wrt.join(', ')} | ${outs.join(', ')}`;
}

function check(text: string, expected: string, options?: ParseOptions): void {
  test(`${JSON.stringify(text)} ${options === undefined ? '' : JSON.stringify(options)}`, () => {
    expect(summary(text, options)).toBe(expected);
  });
}

function codesOf(text: string, options?: ParseOptions): string[] {
  return parseFormula(text, options).diagnostics.map(
    ({ severity, code, span }) =>
      `${severity} ${code} ${span === undefined ? '' : text.slice(span.start, span.end)}`,
  );
}

function checkNotices(text: string, ...expected: string[]): void {
  test(JSON.stringify(text), () => expect(codesOf(text)).toEqual(expected));
}

describe('inputs', () => {
  check('y + x*y', 'y, x | y, x | value');
  check('# @input b: scalar\n# @input a: scalar = 2 -- the a\na + c + b', 'b, a=2, c | b, a, c | value');
  check('# @input k: scalar int = 3\nx^k', 'int k=3, x | x | value');
  check('# @input x: scalar\nx = 2 x\nx + 1', 'x | x | value');
  check('#@input x:scalar=-1.5e-3 --doc\nx', 'x=-0.0015 | x | value');
  check('# @dim m = 32\nx * m', 'x | x | value');
  check('# @input e: scalar\ne * i0', 'e, i0 | e, i0 | value');
  check(
    '__proto__ + constructor + toString + class + hasOwnProperty',
    '__proto__, constructor, toString, class, hasOwnProperty | __proto__, constructor, toString, class, hasOwnProperty | value',
  );
  check('# @input gamma: scalar\n2 gamma', 'gamma | gamma | value');
  test('a doc', () => {
    expect(parseFormula('# @input x: scalar = 1 -- length, in m = x\nx').inputs[0]).toMatchObject({
      default: 1,
      doc: 'length, in m = x',
    });
  });
});

describe('outputs', () => {
  check('loss = x^2', 'x | x | loss');
  check('(loss = x^2)', 'x | x | loss');
  check('x^2;', 'x | x | value');
  check('# @output p, q\np = x\nq = [p, y]\nr = p', 'x, y | x, y | p, q[2]');
  check('f(s, t) = s*t + u', 's, t, u | s, t, u | f');
  check('# @input t: scalar = 2\nc = 2 u\nf(s, t) = s*t + c', 's, t=2, u | s, t, u | f');
  check('[x, y; 1, 2]', 'x, y | x, y | value[2x2]');
  check('g = [x, y]', 'x, y | x, y | g[2]');
  check('x > 0', 'x | x | value');
  check('3', ' |  | value');
});

describe('wrt', () => {
  check('# @wrt y\nx*y', 'x, y | y | value');
  check('# @wrt y, x\nx*y', 'x, y | y, x | value');
  check('# @wrt y\nx*y', 'x, y | x | value', { wrt: ['x'] });
  check('x*y', 'x, y | y | value', { wrt: ['y', 'y'] });
});

describe('options', () => {
  check('a*x', 'x | x | value', { define: { a: 2 } });
  check('# @wrt a, x\na*x', 'x | x | value', { define: { a: 2 } });
  check('# @input a: scalar = 1\na*x', 'x | x | value', { define: { a: 2 } });
  check('f(a, x) = a*x', 'x | x | f', { define: { a: 2 } });
  check('# @input x: n\nx', 'x | x | value', { shapes: { x: 'scalar' } });
  test('a defined input folds', () => {
    expect(parseFormula('a*3', { define: { a: 2 } }).outputs[0].elements[0]).toMatchObject({
      attrs: { value: 6 },
    });
  });
  test('the name of the source', () => {
    expect(parseFormula('x', { name: 'a.expr' }).source).toEqual({ name: 'a.expr', text: 'x' });
  });
});

describe('names of nodes', () => {
  test('the first name of a value that is not an input or a constant', () => {
    const { graph } = parseFormula('a = x*y\nb = x*y\nc = x\nd = 3\na + b + c + d');
    expect([...graph.names.values()]).toEqual(['a']);
  });
});

describe('warnings', () => {
  checkNotices('x + 1');
  checkNotices('e = 3\ne*x', 'warning shadowed-constant e');
  checkNotices('f(pi) = pi\nf(x)', 'warning shadowed-constant pi');
  checkNotices('a = x\nx', 'warning unused-variable a');
  checkNotices('a = x\na = 2 x\na', 'warning unused-variable a');
  checkNotices('x^2\nx', 'warning unused-value x^2');
  checkNotices('f(t) = t\nx', 'warning unused-function f');
  checkNotices('f(t) = t\ng(t) = f(t)\nx', 'warning unused-function g');
  checkNotices('# @input z: scalar\nx', 'warning unused-input z');
  checkNotices('# @wrt x\n# @input z: scalar\nx', 'warning unused-input z');
  checkNotices('# @wrt x, y\na = y\nx', 'warning unused-input y', 'warning unused-variable a');
  checkNotices('(x > 0) * log(x)', 'hint mask-factor (x > 0) * log(x)');
  checkNotices('(x > 0) * (y > 0)');
  checkNotices('a = x\n-x', 'warning unused-variable a', 'warning leading-operator -x');
  checkNotices('a = x\n-a');
  checkNotices('x # @wrt x', 'warning directive-ignored @wrt');
  checkNotices('2 × x', 'warning suspicious-name ×');
  test('an input of wrt that is not used says so', () => {
    expect(parseFormula('# @wrt x, y\n# @input y: scalar\nx').diagnostics[0].message).toBe(
      'the output does not depend on `y`: its derivative is zero',
    );
  });
  test('many alike are counted', () => {
    const text = Array.from({ length: 60 }, (_, i) => `a${i} = x`).join('\n');
    const { diagnostics } = parseFormula(`${text}\nx`);
    expect(diagnostics.length).toBe(50);
    expect(diagnostics.at(-1)?.hints).toEqual(['and 10 more like this']);
  });
});

test('late binding: a call sees the assignments before it, and the memo is not stale', () => {
  const { graph, outputs } = parseFormula('f(t) = k*t\nk = 2\np = f(x)\nk = 3\n[p, f(x)]');
  const [p, q] = outputs[0].elements;
  expect(p).not.toBe(q);
  expect(graph.nodes.filter(({ op }) => op === 'mul').length).toBe(2);
});

test('an error is a SymgradError with the facts of the first mistake', () => {
  let error: unknown;
  try {
    parseFormula('a = fo(x)\nb = x +');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(SymgradError);
  expect(error).toMatchObject({
    code: 'unknown-function',
    span: { start: 4, end: 6 },
    message: 'unknown function `fo`',
  });
  expect((error as SymgradError).diagnostics.map(({ code }) => code)).toEqual(['unknown-function', 'syntax']);
});
