import { all, create } from 'mathjs';
import { describe, expect, test } from 'vitest';
import { scope } from '../src/mathjs.ts';

const math = create(all);

/** `text` in plain mathjs with our scope is `expected`, to a few units in the last place. */
function check(text: string, expected: number, inputs: Record<string, unknown> = {}, floor = 0): void {
  const actual = math.evaluate(text, scope(inputs));
  const tolerance = 4e-15 * Math.max(Math.abs(expected), floor);
  if (!Number.isFinite(expected)) expect(actual, text).toBe(expected);
  else expect(Math.abs(actual - expected), `${text} = ${actual}`).toBeLessThanOrEqual(tolerance);
}

describe('what mathjs lacks', () => {
  test('sigmoid, softplus, relu', () => {
    check('sigmoid(0)', 0.5);
    check('sigmoid(-1000)', 0);
    check('sigmoid(2)', 0.8807970779778824);
    check('softplus(1000)', 1000);
    check('softplus(-1)', 0.31326168751822286);
    check('relu(-3)', 0);
    check('relu(3)', 3);
  });

  test('where, clamp, logit, xlogy, logsumexp', () => {
    check('where(x > 0, 1, 2)', 2, { x: -1 });
    check('clamp(5, 0, 2)', 2);
    check('clamp(-5, 0, 2)', 0);
    check('logit(0.25)', -1.0986122886681098);
    check('xlogy(0, 0)', 0);
    check('xlogy(2, 3)', 2.1972245773362196);
    check('logsumexp(1000, 0)', 1000);
    check('logsumexp(1, 2)', 2.313261687518223);
    check('logsumexp([1, 2])', 2.313261687518223);
    check('logsumexp(-Infinity, -Infinity)', -Infinity);
  });

  // Values of Abramowitz and Stegun's tables, to 17 digits from Wolfram's functions site.
  test('erfc', () => {
    check('erfc(0)', 1);
    check('erfc(0.5)', 0.4795001221869535);
    check('erfc(1.4)', 0.04771488023735119);
    check('erfc(2)', 0.004677734981047266);
    check('erfc(-1)', 1.8427007929497148);
    check('erfc(10)', 2.088487583762545e-45);
    check('erfc(30)', 0);
  });

  test('digamma', () => {
    check('digamma(1)', -0.5772156649015329);
    check('digamma(0.5)', -1.9635100260214235);
    check('digamma(10)', 2.251752589066721);
    check('digamma(-0.5)', 0.03648997397857652);
    check('digamma(0)', NaN);
  });
});

describe('real versions', () => {
  test.each([
    'sqrt(-1)',
    'log(-1)',
    'log(-1, 2)',
    'log2(-1)',
    'log10(-1)',
    'log1p(-2)',
    'asin(2)',
    'acos(2)',
    'acosh(0)',
    'atanh(2)',
    'acoth(0.5)',
    'asec(0.5)',
    'acsc(0.5)',
    'asech(2)',
    'nthRoot(-4, 2)',
    'pow(-8, 1 / 3)',
  ])('%s is NaN', text => check(text, NaN));

  test('inside the real numbers they are what they were', () => {
    check('sqrt(2)', Math.SQRT2);
    check('log(8, 2)', 3);
    check('nthRoot(-27, 3)', -3);
    check('acoth(2)', 0.5493061443340548);
  });

  test('lgamma is the logarithm of the absolute value', () => {
    check('lgamma(0.5)', 0.5723649429247001, {}, 1);
    check('lgamma(10)', 12.801827480081469);
    check('lgamma(-0.5)', 1.2655121234846454);
    check('lgamma(-1)', Infinity);
  });

  test('gamma', () => {
    check('gamma(5)', 24);
    check('gamma(0.5)', 1.772453850905516);
    check('gamma(-1.5)', 2.3632718012073544);
    check('factorial(5)', 120);
    check('5!', 120);
  });
});

describe('the scope', () => {
  test('has inputs and sizes; an input hides a function', () => {
    const variables = scope({ x: 2, relu: 7 }, { n: 3 });
    expect(math.evaluate('x * n + relu', variables)).toBe(13);
  });

  test('is fresh at every call', () => {
    math.evaluate('sigmoid = 3', scope({}));
    check('sigmoid(0)', 0.5);
  });

  test('functions apply to arrays and matrices', () => {
    expect(math.evaluate('sigmoid([0, 0])', scope({}))).toEqual([0.5, 0.5]);
    expect(math.evaluate('where([true, false], [1, 2], 5)', scope({}))).toEqual([1, 5]);
    expect(math.evaluate('sqrt([[4, 9], [16, -1]])', scope({}))).toEqual([
      [2, 3],
      [4, NaN],
    ]);
  });

  test('passes through map', () => {
    expect(math.evaluate('map([4, -1], sqrt)', scope({}))).toEqual([2, NaN]);
    check('map([8], log)[1]', 2.0794415416798357);
  });

  test('takes nested arrays, matrices and typed arrays', () => {
    const inputs = {
      v: new Float64Array([1, 2]),
      A: [new Float32Array([1, 2]), [3, 4]],
      M: math.matrix([[1, 2]]),
    };
    expect(math.evaluate('A * v', scope(inputs))).toEqual([5, 11]);
    expect(math.evaluate('tanh(0 * M) + v', scope(inputs))).toEqual([[1, 2]]);
    expect(math.evaluate('sum(M, 2)', scope(inputs))).toEqual([3]);
  });

  test('a file changes nothing that the caller holds', () => {
    const inputs = { v: [1, 2, 3], C: [[1], [2], [3]], M: math.matrix([1, 2, 3]) };
    math.evaluate('v[2] = 10; C[1, 1] = 10; M[1] = 10; cross(C, v)', scope(inputs));
    expect(inputs).toEqual({ v: [1, 2, 3], C: [[1], [2], [3]], M: math.matrix([1, 2, 3]) });
  });

  test('cross leaves its arguments as they are', () => {
    expect(math.evaluate('cross(C, C) * C', scope({ C: [[1], [2], [3]] }))).toEqual([[0]]);
  });
});

describe('arrays', () => {
  /** `text` in plain mathjs with our scope is `expected`, element by element to a few units in the last place. */
  function checkArray(text: string, expected: readonly number[], inputs: Record<string, unknown> = {}): void {
    const actual: number[] = math.evaluate(text, scope(inputs)).flat();
    expect(actual.length, text).toBe(expected.length);
    for (const [i, x] of expected.entries())
      expect(Math.abs(actual[i] - x), `${text}: ${actual}`).toBeLessThanOrEqual(4e-15 * Math.abs(x));
  }

  const names = `abs sign floor ceil round fix sqrt cbrt nthRoot square cube exp expm1 log log2 log10 log1p
    sin cos tan cot sec csc asin acos atan acot asec acsc sinh cosh tanh coth sech csch asinh acosh atanh acoth asech acsch
    erf erfc gamma lgamma factorial digamma relu sigmoid softplus logit unaryMinus unaryPlus`.split(/\s+/);
  test.each(names)('%s is elementwise', name => {
    const [a, b] = [0.75, 2.5].map(x => math.evaluate(`${name}(x)`, scope({ x })));
    expect(math.evaluate(`${name}(A)`, scope({ A: [[0.75], [2.5]] }))).toEqual([[a], [b]]);
  });

  // Where both are real; lgamma of mathjs is good to 12 digits only.
  test.each(names.filter(name => name in math && name !== 'lgamma'))('%s is that of mathjs', name => {
    const expected: unknown = math.evaluate(`${name}(0.75)`);
    if (typeof expected === 'number') check(`${name}(0.75)`, expected, {}, 1);
  });

  test('broadcasting is aligned at the last axis', () => {
    checkArray('where([1, 0], [5, 6], [[1, 2], [3, 4]])', [5, 2, 5, 4]);
    checkArray('clamp([[1], [5]], 2, [3, 4])', [2, 2, 3, 4]);
    expect(() => math.evaluate('clamp([1, 2], 0, [1, 2, 3])', scope({}))).toThrow(RangeError);
    expect(() => math.evaluate('sigmoid(A)', scope({ A: [[1, 2], [3]] }))).toThrow(RangeError);
  });

  test('a whole number that counts a dimension is one; anything else is compared', () => {
    const inputs = {
      A: [
        [1, -2],
        [-3, 4],
      ],
    };
    checkArray('max(A, 1)', [1, 4], inputs);
    checkArray('max(A, 2)', [1, 4], inputs);
    checkArray('max(A, 3)', [3, 3, 3, 4], inputs);
    checkArray('max(A, 0)', [1, 0, 0, 4], inputs);
    checkArray('max(A, 1.5)', [1.5, 1.5, 1.5, 4], inputs);
    checkArray('max(1, A)', [1, 1, 1, 4], inputs);
    checkArray('min(A, [0, 0])', [0, -2, -3, 0], inputs);
    checkArray('max(A, 0, 3)', [3, 3, 3, 4], inputs);
    check('max(1, 2)', 2);
    check('max(NaN, 2)', NaN);
    check('max([NaN, 2])', NaN);
  });

  test('comparisons and roundings are exact, unlike those of mathjs', () => {
    const inputs = { x: 1 + Number.EPSILON, y: 3 - 4 * Number.EPSILON };
    expect(math.evaluate('[larger(x, 1), equal(x, 1), unequal(x, 1)]', scope(inputs)).toArray()).toEqual([
      true,
      false,
      true,
    ]);
    check('floor(y)', 2, inputs);
    check('ceil(x)', 2, inputs);
    check('mod(-5, 3)', 1);
    check('mod(5, 0)', 5);
    check('round(-2.5)', -3);
  });

  test('nothing overflows on the way, or is lost', () => {
    check('norm([3e200, 4e200])', 5e200);
    check('norm([3e-200, 4e-200])', 5e-200);
    check('hypot(3e200, 4e200)', 5e200);
    check('norm([1e200, 1e200], 3)', 2 ** (1 / 3) * 1e200);
    check('norm([[3e200], [4e200]])', 5e200);
    check('variance([1e9, 1e9 + 1, 1e9 + 2])', 1);
    check('sum([1e16, 1, -1e16])', 1);
    check('sum([Infinity, 1])', Infinity);
    check('logsumexp([[1000, 1000]])', 1000 + Math.LN2);
    checkArray('logsoftmax([-1000, 0])', [-1000, 0]);
  });

  test('norms of matrices', () => {
    const inputs = {
      A: [
        [1.5, -2, 0.5],
        [3, 0.25, -1],
      ],
      H: hilbert(5),
    };
    check('norm(A)', 3.4940583643437324, inputs);
    check("norm(A')", 3.4940583643437324, inputs);
    check('norm(A, 2)', 3.4940583643437324, inputs);
    check('norm(A, Infinity)', 4.25, inputs);
    check('norm(H)', 1.567050691098231, inputs);
    check('norm([0, 0; 0, 0])', 0);
    expect(() => math.evaluate('norm(A, 3)', scope(inputs))).toThrow(RangeError);
  });

  test('no elements, and one', () => {
    const inputs = { y: [], Z: [[], []] };
    check('dot(y, y)', 0, inputs);
    check('std(y)', NaN, inputs);
    check("norm(y, 'inf')", 0, inputs);
    expect(math.evaluate('max(Z, 2)', scope(inputs))).toEqual([-Infinity, -Infinity]);
    expect(math.evaluate('logsumexp(Z, 2)', scope(inputs))).toEqual([-Infinity, -Infinity]);
    expect(math.evaluate('softmax(Z)', scope(inputs))).toEqual([[], []]);
    expect(math.evaluate('mean(Z, 2)', scope(inputs))).toEqual([NaN, NaN]);
    expect(() => math.evaluate('argmax(y)', scope(inputs))).toThrow(RangeError);
    check('variance([7])', 0);
    check("std([7], 'uncorrected')", 0);
    check('variance([Infinity])', NaN);
  });

  test('argmax and argmin name the first, from 1', () => {
    check('argmax([1, 3, 3])', 2);
    check('argmin([[4, 0], [0, 1]])', 2);
    checkArray('argmax([[4, 0], [5, 1]], 1)', [2, 2]);
  });

  test('einsum without a result has the indices that occur once, sorted', () => {
    checkArray("einsum('ba', [1, 2; 3, 4])", [1, 3, 2, 4]);
    check("einsum('ii', [1, 2; 3, 4])", 5);
    checkArray("einsum('ij, jk', [[1, 2]], [3; 4])", [11]);
    checkArray("einsum(',i->i', 2, [1, 2])", [2, 4]);
  });
});

/** 1 / (i + j - 1), as badly conditioned as a matrix can be. */
function hilbert(size: number): number[][] {
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => 1 / (i + j + 1)));
}
