// What formulas mean: the nodes, evaluated one after the other, against mathjs's evaluation of the same text.

import { evaluate } from 'mathjs';
import { describe, expect, test } from 'vitest';
import { parseFormula } from '../../src/frontend/index.ts';
import type { Node } from '../../src/ir/graph.ts';
import { factsOf } from '../../src/ir/ops.ts';
import type { Program } from '../../src/ir/program.ts';

const POINT: ReadonlyMap<string, number> = new Map(
  Object.entries({ x: 0.7, y: -1.3, z: 2.5, n: 3, a: 0.2, b: 1.9, u: -0.4, v: 0.05, w: 4 }),
);

/** The outputs of a program at a point: all nodes, in order. */
function outputsAt({ graph, outputs }: Program, point: ReadonlyMap<string, number>): number[] {
  const values = new Map<Node, number>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(input => values.get(input)!);
    const { evaluate } = factsOf(node.op);
    if (node.op === 'const') values.set(node, node.attrs.value);
    else if (node.op === 'input') values.set(node, point.get(node.attrs.name) ?? Number.NaN);
    else
      values.set(
        node,
        node.attrs !== undefined && 'order' in node.attrs
          ? evaluate(...inputs, node.attrs.order)
          : evaluate(...inputs),
      );
  }
  return outputs.flatMap(({ elements }) => elements.map(element => values.get(element)!));
}

function valueAt(text: string, point = POINT): number {
  return outputsAt(parseFormula(text), point)[0];
}

/** mathjs's value of the last statement, with the functions that it lacks. */
function mathjsValue(text: string): number {
  const value = evaluate(text, new Map<string, unknown>(POINT));
  return Number(value?.entries ? value.entries.at(-1) : value);
}

function checkLikeMathjs(...texts: string[]): void {
  test.each(texts)('%j', text => expect(valueAt(text)).toBeCloseTo(mathjsValue(text), 12));
}

describe('as mathjs: arithmetic', () => {
  checkLikeMathjs(
    'x + y - z',
    'x * y / z',
    'x^n',
    'z^-2',
    '-x^2',
    '2 x y',
    'z % n',
    'y % n',
    'y mod z',
    '5% + 2',
    'x + 5%',
  );
  checkLikeMathjs(
    'x - 5%',
    'x + y + 5% + 6%',
    '5%',
    '1/2 x',
    '1/2/3 x',
    'x/2 y',
    '2(x+1)(y-1)',
    'x.^2 .* y ./ z',
    "x'",
    'w!',
  );
  checkLikeMathjs(
    'add(x,y)',
    'add(x,y,z)',
    'subtract(x,y)',
    'multiply(x,y,z)',
    'divide(x,y)',
    'pow(z,y)',
    'mod(y,z)',
  );
  checkLikeMathjs(
    'unaryMinus(x)',
    'unaryPlus(x)',
    'dotMultiply(x,y)',
    'dotDivide(x,y)',
    'dotPow(z,y)',
    'transpose(x)',
  );
  checkLikeMathjs(
    '0x1F + 0b101',
    '1e3 + .5',
    'x -\ny',
    '(x\n+ y)',
    '2^3^2',
    '-2^2',
    '(-8)^3',
    'x - -y',
    '+x',
  );
});

describe('as mathjs: functions', () => {
  checkLikeMathjs(
    ...'sqrt cbrt square cube exp expm1 log log2 log10 log1p abs sign floor ceil round fix sin cos tan cot sec csc'
      .split(' ')
      .map(name => `${name}(z)`),
    ...'asin acos atan acot sinh cosh tanh coth sech csch asinh atanh acsch asech erf'
      .split(' ')
      .map(name => `${name}(x)`),
    ...'asec acsc acosh acoth gamma lgamma factorial'.split(' ').map(name => `${name}(w)`),
  );
  checkLikeMathjs(
    'log(z, 3)',
    'nthRoot(z)',
    'nthRoot(z, 3)',
    'nthRoot(z, 4)',
    'atan2(y, x)',
    'hypot(x, y, z)',
    'hypot([x, y])',
  );
  checkLikeMathjs(
    'sum(x, y, z)',
    'sum([x, y])',
    'sum([x, y; z, a])',
    'prod([x, y, z])',
    'mean(x, y)',
    'mean([x, y, z])',
  );
  checkLikeMathjs(
    'max(x, y)',
    'min([x, y, z])',
    'max(x)',
    'round(-2.5)',
    'mod(-5, 3)',
    'sign(y)',
    'fix(-1.7)',
  );
});

describe('as mathjs: choices', () => {
  checkLikeMathjs(
    'x > y ? 1 : 2',
    'x < y ? 1 : 2',
    'x ? 3 : 4',
    '0 ? 3 : 4',
    'NaN ? 3 : 4',
    'x>0 ? (y>0 ? 1 : 2) : 3',
  );
  checkLikeMathjs(
    '(x > y) + 1',
    '(x > 0) * z',
    'x < y < z',
    'y < x < z',
    'z > x > y',
    'x == x',
    'x != y',
    'x >= x',
    'x <= y',
  );
  checkLikeMathjs(
    'x > 0 and y > 0',
    'x > 0 or y > 0',
    '(x > 0) xor (y > 0)',
    'not (x > 0)',
    'not x',
    'x and 0',
    'x xor y',
  );
  checkLikeMathjs(
    'smaller(x,y)',
    'smallerEq(x,y)',
    'larger(x,y)',
    'largerEq(x,y)',
    'equal(x,y)',
    'unequal(x,y)',
  );
  checkLikeMathjs(
    'and(x, y)',
    'or(0, 0)',
    'xor(x, 0)',
    'not(0)',
    'true + true',
    '-(x > 0)',
    'false ? 1 : 2',
    'not NaN',
  );
});

describe('as mathjs: constants and names', () => {
  checkLikeMathjs(
    'e',
    'pi',
    'PI',
    'E',
    'tau',
    'phi',
    'LN2',
    'LN10',
    'LOG2E',
    'LOG10E',
    'SQRT2',
    'SQRT1_2',
    'Infinity',
    '2e x',
  );
  checkLikeMathjs(
    'e = 3\ne x',
    'x2 = x^2\nx2 + 1',
    'q = 1\nq = q + x\nq * 2',
    '(q = x) + q',
    'q = r = x\nq + r',
  );
});

describe('as mathjs: functions of the file', () => {
  checkLikeMathjs('f(t) = t^2 + x\nf(y) + f(z)', 'f(s, t) = s - t\nf(f(x, y), f(y, x))', 'f() = x\nf() + 1');
  checkLikeMathjs(
    'f(t) = k t\nk = 2\ng = f(x)\nk = 3\ng + f(x)',
    'g(t) = f(t) + 1\nf(t) = t^2\ng(x)',
    'f(x) = x^2\nf(3)',
  );
  checkLikeMathjs(
    'f(t) = t\na1 = f(x)\nf(t) = t^2\na1 + f(x)',
    'sigmoid(t) = t\nsigmoid(x)',
    'f(t) = sum(t)\nf([x, y])',
  );
  checkLikeMathjs('f(x) = g(x) + y\ng(y) = 2 y\nf(3)', 'f(pi) = pi\nf(x)', 'dot(s, t) = s t\ndot(x, y)');
});

describe('beyond mathjs', () => {
  test.each([
    ['relu(y)', 0],
    ['relu(x)', 0.7],
    ['sigmoid(x)', 1 / (1 + Math.exp(-0.7))],
    ['softplus(x)', Math.log1p(Math.exp(0.7))],
    ['logit(x)', Math.log(0.7 / 0.3)],
    ['xlogy(x, z)', 0.7 * Math.log(2.5)],
    ['clamp(z, 0, 1)', 1],
    ['clamp(y, -1, 1)', -1],
    ['where(x > 0, y, z)', -1.3],
    ['where(0, y, z)', 2.5],
    ['logsumexp([x, y])', Math.log(Math.exp(0.7) + Math.exp(-1.3))],
    ['logsumexp(x, y)', Math.log(Math.exp(0.7) + Math.exp(-1.3))],
    ['digamma(1)', -0.5772156649015329],
    ['erfc(x) + erf(x)', 1],
    ['sin(x) > 0', 1],
  ])('%s', (text, expected) => expect(valueAt(text)).toBeCloseTo(expected, 12));
});

describe('IEEE where mathjs leaves the reals', () => {
  test.each(['sqrt(-1)', 'log(-1)', 'acos(2)', '(-8)^(1/3)'])('%s', text => expect(valueAt(text)).toBeNaN());
});

test('arrays of scalars are one output', () => {
  const program = parseFormula('r = [x + y, 2 x; 3, y > 0]\nr');
  expect(program.outputs.map(({ name, shape }) => [name, shape])).toEqual([['value', [2, 2]]]);
  expect(outputsAt(program, POINT)).toEqual([0.7 - 1.3, 1.4, 3, 0]);
});

test('the nodes of a sum keep the association of the text', () => {
  const { graph } = parseFormula('x + y + z');
  const last = graph.nodes.at(-1)!;
  expect(last.inputs.map(({ op }) => op)).toEqual(['add', 'input']);
});
