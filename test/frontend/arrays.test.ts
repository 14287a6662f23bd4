// Arrays in programs: shapes of inputs and outputs, named sizes, what options do to them, what is a slice and what a
// gather, and values where plain mathjs is no oracle. What formulas of arrays mean is in test/conformance.

import { describe, expect, test } from 'vitest';
import { type ParseOptions, parseFormula } from '../../src/frontend/index.ts';
import { evaluate } from '../../src/ir/evaluate.ts';
import { liveNodes } from '../../src/ir/live.ts';
import { rootsOf } from '../../src/ir/program.ts';
import { type Shape, shapeText } from '../../src/ir/shape.ts';
import { sizeText } from '../../src/ir/size.ts';
import { verify } from '../../src/ir/verify.ts';

/** Inputs, outputs, and the lengths that are compared at the call. */
function summary(text: string, options?: ParseOptions): string {
  const program = parseFormula(text, options);
  verify(program);
  const typed = (name: string, shape: Shape): string =>
    shape.length === 0 ? name : `${name}: ${shapeText(shape)}`;
  const ins = program.inputs.map(
    input => `${typed(input.name, input.shape)}${input.dtype === 'int' ? ' int' : ''}`,
  );
  const outs = program.outputs.map(({ name, shape }) => typed(name, shape));
  const checks = [...program.graph.constraints.values()].map(
    ({ left, right }) => `${sizeText(left)} = ${sizeText(right)}`,
  );
  return [ins.join(', '), outs.join(', '), ...(checks.length > 0 ? [checks.join(', ')] : [])].join(' | ');
}

function check(text: string, expected: string, options?: ParseOptions): void {
  test(`${JSON.stringify(text)} ${options === undefined ? '' : JSON.stringify(options)}`, () => {
    expect(summary(text, options)).toBe(expected);
  });
}

type Inputs = Parameters<typeof evaluate>[1];

/** The value of the one output. */
function valueAt(text: string, inputs: Inputs = {}): number | number[] {
  const [value] = Object.values(evaluate(parseFormula(text), inputs).outputs);
  return typeof value === 'number' ? value : Array.from(value);
}

function checkValue(text: string, inputs: Inputs, expected: number | number[]): void {
  test(JSON.stringify(text), () => {
    const [actual, wanted] = [valueAt(text, inputs), expected].map(value => [value].flat());
    expect(actual.length).toBe(wanted.length);
    for (const [i, x] of actual.entries()) {
      if (!Object.is(x, wanted[i])) expect(x).toBeCloseTo(wanted[i], 12);
    }
  });
}

function checkRefused(text: string, inputs: Inputs): void {
  test(`${JSON.stringify(text)} is refused at the call`, () => {
    expect(() => valueAt(text, inputs)).toThrow(RangeError);
  });
}

/** The operations that the output needs. */
function operations(text: string): string[] {
  const program = parseFormula(text);
  return liveNodes(rootsOf(program)).map(({ op }) => op);
}

describe('declared shapes', () => {
  check('# @input X: n x 20\nX', 'X: n x 20 | value: n x 20');
  check('# @input X: 784x128\nX', 'X: 784 x 128 | value: 784 x 128');
  check('# @input T: 2 x n x 3 int -- three axes\nT', 'T: 2 x n x 3 int | value: 2 x n x 3');
  check('# @input w: 3 = 0.5\nw', 'w: 3 | value: 3');
  check('# @input X: n x m\n# @input Y: m x 2\nX * Y', 'X: n x m, Y: m x 2 | value: n x 2');
  check('# @input X: n x 3\n# @input y: m\nX * y', 'X: n x 3, y: m | value: n | 3 = m');
  check('# @input x: n\n# @input y: m\nx + y', 'x: n, y: m | value: n | n = m');
  check('# @input x: n\n# @input y: 3\nx + y', 'x: n, y: 3 | value: 3 | n = 3');
  check('# @input x: n\n# @input y: 1\nx + y', 'x: n, y: 1 | value: n');
  check("# @input A: n x m\nA^2 + A'", 'A: n x m | value: n x m | n = m');
  check('f(A, x) = A * x\n', 'A, x | f');
  check('# @input A: n x m\n# @input x: m\nf(A, x) = A * x', 'A: n x m, x: m | f: n');
  test('a default is kept with the shape', () => {
    expect(parseFormula('# @input w: 3 = 0.5\nsum(w)').inputs[0]).toMatchObject({ default: 0.5, shape: [3] });
  });
});

describe('sizes are numbers of the formula', () => {
  check('# @input X: n x 20\nn + size(X)[2]', 'X: n x 20 | value');
  check('# @input X: n x 20\nzeros(n + 1, 2 * n)', 'X: n x 20 | value: n + 1 x 2*n');
  check('# @input X: n x m\nreshape(X, [n * m])', 'X: n x m | value: m*n');
  check('# @input x: n\nx[1:floor(n / 2)]', 'x: n | value: floor((n)/2)');
  check('# @input x: n\nones(ceil(n / 2))', 'x: n | value: floor((n + 1)/2)');
  check('# @input x: n\nones((2 * n + 4) / 2)', 'x: n | value: n + 2');
  check('# @input x: n\nreshape(x, [-1, 2])', 'x: n | value: floor((n)/2) x 2 | n = 2*floor((n)/2)');
  check('# @input x: n\nreshape(concat(x, x), [2, -1])', 'x: n | value: 2 x n');
  check('# @input x: n\nidentity(size(x)[1])', 'x: n | value: n x n');
  check('# @input x: n\nsize(x)', 'x: n | value: 1');
  check('# @input x: n\n1:2:n', 'x: n | value: floor((n + 1)/2)');
  check('# @input x: n\n# @output n\ny = x', 'x: n | n');
  check('# @input X: n x 2\nn = 3\nn * X', 'X: n x 2 | value: n x 2');
  checkValue('# @input x: n\n# @input y: m\n(n^2 - m) / 2', { x: [1, 2, 3], y: [1] }, 4);
});

describe('fixed sizes', () => {
  check('# @dim n = 32\n# @input X: n x 20\nX * ones(20) * n', 'X: 32 x 20 | value: 32');
  check('# @input X: n x 20\nX', 'X: 7 x 20 | value: 7 x 20', { define: { n: 7 } });
  check('# @dim n = 32\n# @input X: n x 20\nX', 'X: 7 x 20 | value: 7 x 20', { define: { n: 7 } });
  check('# @input X: n x 20\nX', 'X: 3 x m | value: 3 x m', { shapes: { X: '3xm' } });
  check('# @input X: n x 20\nX', 'X | value', { shapes: { X: 'scalar' } });
  check('sum(x) + y', 'x: n x 20, y | value', { shapes: { x: 'nx20' } });
  check('sum(x) + y', 'x: 784 x 128, y | value', { shapes: { x: '784 x 128' } });
  check('sum(x)', 'x: axis | value', { shapes: { x: 'axis' } });
  const two = '# @input X: n x 2\n# @input y: n\nsum(X) / n + sum(y)';
  check(two, 'X: 4 x 2, y: 4 | value', { shapes: { X: '4x2' } });
  check(two, 'X: 4 x 2, y: 4 | value', { shapes: { y: '4' } });
  check(two, 'X: m x 2, y: n | value', { shapes: { X: 'mx2' } });
  check(`# @dim n = 3\n${two}`, 'X: 4 x 2, y: 4 | value', { shapes: { X: '4x2' } });
  check('# @input X: n x 2\nsum(X) / n', 'X: 4 x 2 | value', { shapes: { X: '4x2' } });
  check('# @dim rows = 5\nsum(x)', 'x: 5 x n | value', { shapes: { x: 'rowsxn' } });
});

describe('inputs fixed by an option', () => {
  check('# @input X: 2 x 3\nX + y', 'y | value: 2 x 3', { define: { X: 0 } });
  check('# @input X: n x 3\n# @input y: n\nX + sum(y)', 'y: n | value: n x 3', { define: { X: 0 } });
  test('all elements are the number', () => {
    const program = parseFormula('# @input X: 2 x 3\nsum(X, 1)', { define: { X: 4 } });
    expect(evaluate(program, {}).outputs).toEqual({ value: new Float64Array([8, 8, 8]) });
  });
});

describe('inputs that are not declared', () => {
  check('# @input w: 20\ndot(x, w)', 'w: 20, x: 20 | value');
  check('# @input w: n\nx[2] + dot(w, x)', 'w: n, x: n | value');
  check('# @input w: n\ny = x + 1\ndot(x, w) + sum(y)', 'w: n, x: n | value');
  check('# @input w: n\ndot(y, x) + dot(x, w)', 'w: n, y: n, x: n | value');
  check('# @input A: n x 3\nsum(einsum("ij,j->i", A, x))', 'A: n x 3, x: 3 | value');
  check('# @input v: 3\ncross(v, u)', 'v: 3, u: 3 | value: 3');
  check('# @input w: 20\nf(t) = dot(t, w)\nf(x) + f(y)', 'w: 20, x: 20, y: 20 | value');
  check('# @input A: n x 3\nA * x', 'A: n x 3, x | value: n x 3');
  check("x' * x + norm(x)", 'x | value');
});

describe('outputs', () => {
  check('[x, y; 1, 2]', 'x, y | value: 2 x 2');
  test('array literals of scalar formulas are lists', () => {
    expect(parseFormula('[x, y + 1; 1, 2]').outputs[0].elements.length).toBe(4);
    expect(parseFormula('r = [x, y]\nr[1:1]').outputs[0].elements[0].op).toBe('input');
  });
  test.each(['# @input v: 2\n[v[1], 3]', '[x, y] + 1', '1:3', '# @input v: 2\n[v, v]'])(
    'one node: %j',
    text => {
      const [{ elements, shape }] = parseFormula(text).outputs;
      expect(elements.length).toBe(1);
      expect(elements[0].shape).toEqual(shape);
    },
  );
  test('masks are numbers', () => {
    expect(parseFormula('# @input v: 3\nv > 0').outputs[0].elements[0].dtype).toBe('real');
  });
});

describe('what is known to be inside is a slice', () => {
  test.each([
    '# @input x: 5\nx[2]',
    '# @input x: 5\nx[end]',
    '# @input x: 5\nx[[1, 3, 5]]',
    '# @input x: n\nx[2:end]',
    '# @input x: n\nx[1:end - 1]',
    '# @input x: n\nx[end:-1:1]',
    '# @input x: n\nx[1:2:n]',
    '# @input x: n\nx[1:floor(n / 2)]',
    '# @input x: n\nconcat(x, x)[n + 1:2 * n]',
    '# @input A: 4 x n\nA[3, :]',
    '# @input A: 4 x n\nA[[4, 2], :]',
    'r = 2:4\n# @input x: 5\nx[r]',
    'f(x, a) = x[a:end]\n# @input x: n\nf(x, 2)',
  ])('%j', text => {
    expect(operations(text)).toContain('slice');
    expect(operations(text)).not.toContain('gather');
  });
  test.each([
    '# @input x: n\nx[2]',
    '# @input x: n\nx[end]',
    '# @input x: n\nx[1:5]',
    '# @input x: n\n# @input y: m\nx[1:m]',
    '# @input x: 5\nx[[1, 4, 2]]',
    '# @input x: 5\n# @input k: scalar int\nx[k + 1]',
    '# @input A: n x 3\n# @input y: m int\nA[y, 2]',
  ])('%j is a gather', text => expect(operations(text)).toContain('gather'));
  test('slices come first', () => {
    const text = '# @input A: n x 3\n# @input y: m int\nA[y, 2]';
    const ops = operations(text);
    expect(ops.indexOf('slice')).toBeLessThan(ops.indexOf('gather'));
  });
  checkValue('# @input x: n\nx[1:2]', { x: [5, 6, 7] }, [5, 6]);
  checkValue('# @input x: n\n# @input y: m\nx[m:-1:1]', { x: [5, 6, 7], y: [0, 0] }, [6, 5]);
  checkRefused('# @input x: n\nx[1:5]', { x: [5, 6, 7] });
  checkRefused('# @input x: n\nx[end]', { x: [] });
  checkRefused('# @input x: n\n# @input y: m\nx + y', { x: [1, 2], y: [1, 2, 3] });
  checkRefused('# @input x: n\nreshape(x, [-1, 2])', { x: [1, 2, 3] });
  checkValue('# @input x: n\n# @input k: scalar int\nk > 0 ? x[k] : 0', { x: [5, 6], k: 0 }, 0);
});

describe('mapped functions', () => {
  const v = { v: [1, 2, 3] };
  checkValue('# @input v: 3\nmap(v, f(t) = t * t)', v, [1, 4, 9]);
  checkValue('# @input v: 3\nf(t) = t * t\nsum(map(v, f)) + f(v)', v, 28);
  checkValue('# @input v: 3\ng(u, c) = map(u, f(t) = t * c + u[1])\ng(v, 10)', v, [11, 21, 31]);
  checkValue('# @input v: 3\ng(t) = t^2\nmap(v, f(t) = g(t) + g(v[3]))', v, [10, 13, 18]);
  checkValue('# @input v: 3\nmap(v, f(t) = t > 2 ? -t : max(t, 1.5))', v, [1.5, 2, -3]);
  checkValue('# @input v: 3\n# @input l: 2 int\nmap(l, f(i) = v[i]^2 + i)', { ...v, l: [3, 1] }, [12, 2]);
  checkValue('# @input v: 3\nmap(v, f(t) = 7)', v, [7, 7, 7]);
  checkValue('# @input v: 3\nmap([v, v], v, f(s, t) = s - t)', v, [0, 0, 0, 0, 0, 0]);
  checkValue('# @input v: 3\nmap(v, max)', v, [1, 2, 3]);
  checkValue('# @input v: 3\nk = 1\nf(t) = t + k\nk = 2\na = map(v, f)\nk = 3\na + map(v, f)', v, [7, 9, 11]);
  checkValue('map(s, t) = s * t\nmap(x, y)', { x: 3, y: 4 }, 12);
});

describe('values where mathjs has none', () => {
  checkValue('# @input y: n\nvariance(y)', { y: [] }, Number.NaN);
  checkValue("# @input y: n\nstd(y, 'biased')", { y: [] }, Number.NaN);
  checkValue("# @input y: n\nvariance(y, 'uncorrected')", { y: [4] }, 0);
  checkValue('max(x, 1) + max([x, 2], 1)', { x: 3 }, 6);
  checkValue('# @input v: 3\nk = 1\nmax(v, k) + max(v, -1)', { v: [-2, 0, 3] }, [0, 1, 6]);
  checkValue('f(A, d) = max(A, d)\n# @input v: 3\nf(v, 1)', { v: [-2, 0, 3] }, [1, 1, 3]);
  checkValue('softmax([-Infinity, -Infinity; 0, 0])', {}, [0, 0, 0.5, 0.5]);
  checkValue("einsum('iij,j', [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [1, 10])", {}, 108);
  checkValue("einsum(' ji ', [1, 2; 3, 4])", {}, [1, 3, 2, 4]);
  checkValue("einsum(',i->i', 2, [1, 3])", {}, [2, 6]);
  checkValue('matrixFromRows([1, 2], [3, 4]) + matrixFromColumns([1, 2], [3, 4])', {}, [2, 5, 5, 8]);
  checkValue('kron([1, 2; 3, 4], [1, 10])', {}, [1, 10, 2, 20, 3, 30, 4, 40]);
  checkValue('sum(zeros(0, 3), 1)', {}, [0, 0, 0]);
  checkValue('range(1, 4, false) + (5:-2:1)', {}, [6, 5, 4]);
  checkValue('0:0.25:1', {}, [0, 0.25, 0.5, 0.75, 1]);
  checkValue('sum(0:0.1:1)', {}, 5.5);
});

describe('constant literals', () => {
  test('short ones fold, long ones are one node', () => {
    expect(operations('sum([1, 2, 3]) * x').sort()).toEqual(['const', 'input', 'mul']);
    const long = `[${Array.from({ length: 100 }, (_, i) => `-${i}.5`).join(', ')}]`;
    expect(operations(`sum(${long}) * x`)).toContain('array');
    expect(valueAt(`${long}[100]`)).toBe(-99.5);
  });
});

describe('warnings', () => {
  const codesOf = (text: string): string[] =>
    parseFormula(text).diagnostics.map(({ code, span }) => `${code} ${text.slice(span?.start, span?.end)}`);
  test.each([
    ['# @wrt y\n# @input X: n x 2\n# @input y: 3\nsum(y) / n', []],
    ['# @wrt y\n# @input X: n x 2\n# @input y: n\nsum(y) / n', ['unused-input X']],
    ['# @input X: n x 2\n# @input y: 3\nsum(y) / n', ['unused-input X']],
    ['# @input X: nx20\nsum(X)', ['suspicious-shape nx20']],
    ['# @input x: scaler\nsum(x)', ['suspicious-shape scaler']],
    ['# @input X: e x 2\nsum(X)', ['shadowed-constant X']],
    ['# @input v: 3\nsum((v > 0) .* log(v))', ['mask-factor (v > 0) .* log(v)']],
    ['f(A) = A[1, 2] + A * A\nx', ['unused-function f']],
  ])('%j', (text, expected) => expect(codesOf(text)).toEqual(expected));
});
