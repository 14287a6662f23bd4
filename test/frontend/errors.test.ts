// Every mistake has its code, the text it is about, and, in the frames, its look.

import { describe, expect, test } from 'vitest';
import { formatDiagnostic, SymgradError } from '../../src/errors.ts';
import { type ParseOptions, parseFormula } from '../../src/frontend/index.ts';

function errorOf(text: string, options?: ParseOptions): SymgradError {
  try {
    parseFormula(text, options);
  } catch (error) {
    if (error instanceof SymgradError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
}

/** `expected` are code and text of each mistake. */
function check(text: string, ...expected: string[]): void {
  checkWith({}, text, ...expected);
}

function checkWith(options: ParseOptions, text: string, ...expected: string[]): void {
  test(JSON.stringify(text), () => {
    const found = errorOf(text, options).diagnostics.map(({ code, span }) =>
      span === undefined ? code : `${code} ${text.slice(span.start, span.end)}`,
    );
    expect(found).toEqual(expected);
  });
}

/** The first hint. */
function checkHint(text: string, hint: string | RegExp): void {
  test(`${JSON.stringify(text)} hints`, () => expect(errorOf(text).hints[0]).toMatch(hint));
}

describe('refused constructs', () => {
  check('5 cm + x', 'unit cm');
  check('x to y', 'unit x to y');
  check('unit(5)', 'unit unit');
  check('"abc"', 'string "abc"');
  check('3 + 2i', 'complex i');
  check('re(x)', 'complex re');
  check('bignumber(x) + fraction(y)', 'number-type bignumber', 'number-type fraction');
  check('{a: x}', 'object {a: x}');
  check('x.y', 'property x.y');
  check('x?.(y)', 'property x?.(y)');
  check('evaluate(x) + parse(x)', 'evaluation evaluate', 'evaluation parse');
  check('import(x)', 'evaluation import');
  check('x & y', 'bitwise x & y');
  check('~x + x << 2', 'bitwise ~x + x << 2');
  check('x >>> 2', 'bitwise x >>> 2');
  check('random() * x', 'random random');
  check('x ?? y', 'nullish x ?? y');
  check('setUnion(x, y)', 'set setUnion');
  check('gcd(x, y)', 'unsupported-function gcd');
  check('null', 'null null');
  check('undefined + x', 'null undefined');
  check('1_000 + x', 'digit-separator 1_000');
  check('0b12', 'number-syntax 0b12');
  check('x\n+ y\nz', 'leading-operator + y');
  check('a = x\n- 3\na', 'leading-operator - 3');
});

describe('array literals', () => {
  check('[[x, y], [1]]', 'array [[x, y], [1]]');
  check('[[x], 1]', 'array [[x], 1]');
  check('[]', 'array []');
  check('[1, [2]]', 'array [1, [2]]');
  check('[[1, 2], [3]]', 'array [[1, 2], [3]]');
});

describe('functions', () => {
  check('fooo(x)', 'unknown-function fooo');
  check('x (y+1)', 'unknown-function x');
  check('# @input x: scalar\nx (y+1)', 'not-a-function x');
  check('a = 2\na (y+1)', 'not-a-function a');
  check('f(t) = t(2)\nf(x)', 'not-a-function t');
  check('pi(2)', 'not-a-function pi');
  check('gamma = 3\ngamma(2)', 'not-a-function gamma');
  check('toString(x) + constructor(x)', 'unknown-function toString', 'unknown-function constructor');
  check('sin x', 'function-as-value sin');
  check('sin^2(x)', 'function-as-value sin');
  check('f(t) = t\nf + x', 'function-as-value f');
  check('f(t) = t\nf(sin)', 'function-as-value sin');
  check('sin()', 'wrong-arity sin()');
  check('sin(x, y)', 'wrong-arity sin(x, y)');
  check('log(1, 2, 3)', 'wrong-arity log(1, 2, 3)');
  check('add(x)', 'wrong-arity add(x)');
  check('max()', 'wrong-arity max()');
  check('f(s, t) = s\nf(x)', 'wrong-arity f(x)');
  check('f(t) = f(t - 1)\nf(x)', 'recursion f(t - 1)');
  check('f(t) = g(t)\ng(t) = h(t)\nh(t) = f(t)\ng(x)', 'recursion g(t)');
  check('f(t) = f(t)', 'recursion f(t)');
  check('y = f(x)\nf(t) = t\ny', 'read-before-assignment f');
  check('f(t, t) = t', 'duplicate-name t');
  check('f(t) = (a = t) + 1\nf(x)', 'nested-assignment a');
  check('y = (f(t) = t)', 'nested-function f');
  check('f(t) = g(u) = u\nf(x)', 'nested-function g');
  check('f(t) = fooo(t) + sin t\nx', 'unknown-function fooo', 'function-as-value sin');
});

describe('names', () => {
  check('y = z\nz = 2\ny', 'read-before-assignment z');
  check('f(t) = k*t\ny = f(x)\nk = 2\ny', 'read-before-assignment k');
  check('a = x ? (b = 1) : 2\na', 'nested-assignment b');
  check('(x > 0) and (b = 1)', 'nested-assignment b');
  check('x < y < (b = 1)', 'nested-assignment b');
  check('end = 3', 'reserved-name end');
  check('f(mod) = 3\nf(2)', 'reserved-name mod');
  check('x + and', 'syntax and');
});

describe('directives', () => {
  check('# @inptu x: scalar\nx', 'unknown-directive @inptu');
  check('# @param x\nx', 'unknown-directive @param');
  check('# @input x\nx', 'directive-syntax x');
  check('# @input x: 2 y\nx', 'directive-syntax 2 y');
  check('# @input 1x: scalar\ny', 'directive-syntax 1x');
  check('# @input mod: scalar\ny', 'reserved-name mod');
  check('# @input x: scalar = abc\nx', 'directive-syntax abc');
  check('# @input k: scalar int = 1.5\nk', 'directive-syntax 1.5');
  check('# @input x: scalar\n# @input x: scalar\nx', 'duplicate-name x');
  check('# @input n: scalar\n# @dim n = 3\nn', 'duplicate-name n');
  check('# @dim n = 2.5\nn', 'directive-syntax 2.5');
  check('# @dim n\nx', 'directive-syntax n');
  check('# @wrt\nx', 'directive-syntax ');
  check('# @wrt x, x\nx', 'duplicate-name x');
  check('# @wrt x, lambdaa\nx + lambda', 'unknown-input lambdaa');
  check('# @wrt a\na = x\na', 'unknown-input a');
  check('# @wrt k\n# @input k: scalar int\nk x', 'not-differentiable k');
  check('# @output loss\nlos = x', 'unknown-output loss');
  check('# @output f\nf(x) = x', 'function-as-value f');
  checkWith({ wrt: ['z'] }, 'x + y', 'unknown-input');
  checkWith({ wrt: ['a'] }, 'a = x\na', 'unknown-input a');
  checkWith({ wrt: ['x'], define: { x: 2 } }, 'x + y', 'unknown-input');
  checkWith({ define: { z: 2 } }, 'x + y', 'unknown-input');
  checkWith({ define: { k: 1.5 } }, '# @input k: scalar int\nk', 'not-an-integer k');
  checkWith({ shapes: { z: 'n' } }, 'x + y', 'unknown-input');
  checkWith({ shapes: { x: 'n*2' } }, 'x + y', 'directive-syntax x');
});

describe('syntax', () => {
  check('', 'empty');
  check('# only\n\n', 'empty');
  check('x +', 'syntax ');
  check('x + * y', 'syntax *');
  check('z = (a + b\nc = 3', 'unclosed-bracket (');
  check('f([x, (y]', 'syntax ]');
  check('x)', 'syntax )');
  check('a = 3 +\nb = 4', 'syntax =');
  check('x = "abc', 'syntax "');
  check('1e+', 'syntax 1e+');
  check('[1, 2; 3]', 'syntax ');
  check('2 = x', 'syntax =');
  check('a b = 3', 'syntax =');
  check(
    'a = 2 ** x\nb = x +* 3\nc = fooo(3)\n|x|',
    'syntax **',
    'syntax *',
    'unknown-function fooo',
    'syntax |',
  );
  check('y = foo(x\nz = y + bar(2)\nz', 'unclosed-bracket (', 'unknown-function bar');
});

describe('spellings of other languages', () => {
  checkHint('x ** 2', '`^`');
  checkHint('x // 2', 'floor(a / b)');
  checkHint('x := 2', '`=`');
  checkHint('x += 2', 'a = a + b');
  checkHint('f = x => x', 'f(x) = ...');
  checkHint('x <> y', '`!=`');
  checkHint('x && y', '`and`');
  checkHint('x || y', '`or`');
  checkHint('!x', '`not`');
  checkHint('x === y', '`==`');
  checkHint('|x|', 'abs(x)');
  checkHint("x.'", "`'`");
  checkHint('a − b', '`-`');
  checkHint('a · b', '`*`');
  checkHint('√x', 'sqrt(x)');
  checkHint('∂x', 'symgrad makes them');
  checkHint('x ≤ y', '`<=`');
  checkHint('x ≥ y', '`>=`');
  checkHint('x ≠ y', '`!=`');
  checkHint('x²', '`^`');
  checkHint('x₁', 'x1');
  checkHint('let a = 3', 'without `let`');
  checkHint('\\frac{a}{b}', 'TeX');
  checkHint('a = x\n* 3', 'end the line above with the operator');
  checkHint('a ? b ? c : d : e', 'parentheses');
  checkHint('sigmod(x)', 'did you mean `sigmoid`?');
  checkHint('ln(x)', 'did you mean `log`?');
  checkHint('arctan2(x, y)', 'did you mean `atan2`?');
  checkHint('ReLU(x)', 'did you mean `relu`?');
  checkHint('x (y+1)', 'write x*(y+1)');
  checkHint('x(3)', 'write x*(3)');
  checkHint('sin x', 'write sin(x)');
  checkHint('sin^2(x + 1)', 'write sin(x + 1)^2');
  checkHint('1_000', 'write 1000');
  checkHint('sin(90 deg)', 'pi / 180');
  checkHint('# @wrt lamda\nlambda x', 'did you mean `lambda`?');
});

describe('limits', () => {
  checkWith(
    { maxNodes: 10 },
    'a = x + 1\nb = sin(a) + cos(a) + tan(a) + exp(a) + sqrt(a)\nb',
    'too-large b = sin(a) + cos(a) + tan(a) + exp(a) + sqrt(a)',
  );
  test('nested %', () => {
    expect(errorOf(`${'x % ('.repeat(40)}2${')'.repeat(40)}`).code).toBe('too-complex');
  });
});

describe('frames', () => {
  const frames = (text: string, options?: ParseOptions): string =>
    `\n${errorOf(text, options)
      .diagnostics.map(diagnostic => formatDiagnostic(diagnostic, { name: 'f.expr', text }))
      .join('\n')}\n`;

  test('a function that is not one', () => {
    expect(frames('# @input x: scalar\nx (y+1)')).toMatchInlineSnapshot(`
      "
      error[not-a-function]: \`x\` is a value, not a function
        --> f.expr:2:1
         |
       2 | x (y+1)
         | ^
         = hint: write x*(y+1) for the product
      "
    `);
  });
  test('related places', () => {
    expect(frames('f(t) = g(t)\ng(t) = f(t) + 1\ny = f(q)\nq = 2\ny')).toMatchInlineSnapshot(`
      "
      error[recursion]: \`g\` calls itself: g -> f -> g
        --> f.expr:1:8
         |
       1 | f(t) = g(t)
         |        ^^^^
         = note: 2:1: \`g\` is defined here
         = hint: a function is written into the formula at each call, so a recursion would never end
      error[read-before-assignment]: \`q\` is read before it is assigned
        --> f.expr:3:7
         |
       3 | y = f(q)
         |       ^
         = note: 4:1: assigned here
         = hint: if \`q\` is an input too, declare it: # @input q: scalar
      "
    `);
  });
  test('a bracket', () => {
    expect(frames('a = 1\nz = (a + b\nc = 3\n(a]')).toMatchInlineSnapshot(`
      "
      error[unclosed-bracket]: \`(\` is never closed
        --> f.expr:2:5
         |
       2 | z = (a + b
         |     ^
      error[syntax]: expected \`)\`, found \`]\`
        --> f.expr:4:3
         |
       4 | (a]
         |   ^
         = note: 4:1: \`(\` opened here
      "
    `);
  });
  test('at the end of a line', () => {
    expect(frames('y = x +   # and?')).toMatchInlineSnapshot(`
      "
      error[syntax]: expected a value, found the end of the statement
        --> f.expr:1:8
         |
       1 | y = x +   # and?
         |        ^
      "
    `);
  });
  test('without a place', () => {
    expect(frames('x + y', { wrt: ['z'] })).toMatchInlineSnapshot(`
      "
      error[unknown-input]: --wrt z: the formula has no input \`z\`
        = hint: the inputs are x, y
      "
    `);
  });
  test('a statement of several lines', () => {
    expect(frames('a = x\n- (\n  3 + 2\n)\na')).toMatchInlineSnapshot(`
      "
      error[leading-operator]: this statement begins with an operator, and its value is not used
        --> f.expr:2:1
         |
       2 | - (
         | ^^^
         = hint: a new line begins a new statement: end the line above with the operator, or put the formula in parentheses
      "
    `);
  });
});
