// What is wrong with the arguments of a tensor module is said in one line that names the argument.

import { describe, expect, test } from 'vitest';
import { type EmittedExports, emitted } from '../emitted.ts';

type Case = readonly [what: string, inputs: object, error: new (message: string) => Error, message: string];

const range = (what: string, inputs: object, message: string): Case => [what, inputs, RangeError, message];
const type = (what: string, inputs: object, message: string): Case => [what, inputs, TypeError, message];

const list = (length: number, start = 1) => Array.from({ length }, (_, i) => start + i);
const nested = (rows: number, columns: number) => Array.from({ length: rows }, () => list(columns));

/** Holds every function over records, and `bind` where the mistake is in the data, to the message. */
function says(f: EmittedExports, inputs: object, [error, message]: readonly [Case[2], string]): void {
  for (const name of ['value', 'grad', 'valueAndGrad']) {
    expect(() => f[name](inputs), name).toThrow(new error(message));
  }
}

describe('lengths', () => {
  const regression = emitted(
    '# @input X: n x 20\n# @input y: n\n# @input w: 20\n# @wrt w\nsum((X * w - y) .^ 2)',
  );
  const w = list(20);

  test.each<Case>([
    range(
      'no multiple',
      { X: list(39), y: [1, 2], w },
      'X: expected 20n = 40 elements, got 39 (y says n = 2)',
    ),
    range(
      'a multiple, but of another size',
      { X: list(40), y: list(5), w },
      'X: expected 20n = 100 elements, got 40 (y says n = 5)',
    ),
    range('nested', { X: nested(4, 20), y: list(5), w }, 'X: expected n x 20, got 4 x 20 (y says n = 5)'),
    range('nested, the fixed side', { X: nested(5, 19), y: list(5), w }, 'X: expected n x 20, got 5 x 19'),
    range(
      'by name',
      { X: list(40), y: list(2), w, n: 3 },
      'y: expected n = 3 elements, got 2 (n = 3 is given)',
    ),
    range(
      'a length that is no size',
      { X: list(20), y: [1], w: list(19) },
      'w: expected 20 elements, got 19',
    ),
    range('rows that differ', { X: [list(20), list(19)], y: [1, 2], w }, 'X: rows of 20 and of 19 elements'),
    type(
      'nested where a vector belongs',
      { X: list(20), y: [1], w: [list(20)] },
      'w: expected numbers, got object',
    ),
    type('missing', { X: list(20), y: [1] }, 'missing input w'),
    type('missing, though its size is known', { y: [1], w }, 'missing input X'),
    type('everything is missing', {}, 'missing input y or X, or the size n'),
    type('a size that is none', { X: list(20), y: [1], w, n: -1 }, 'n: expected a length, got -1'),
    type('a size that is half', { X: list(20), y: [1], w, n: 1.5 }, 'n: expected a length, got 1.5'),
    type('a size as text', { X: list(20), y: [1], w, n: '1' }, 'n: expected a length, got 1'),
  ])('%s', async (_, inputs, error, message) => {
    says(await regression, inputs, [error, message]);
  });

  test('the array alone tells its size', async () => {
    const f = await emitted('# @input X: n x 20\nsum(X .^ 2)');
    says(f, { X: list(39) }, [RangeError, 'X: expected 20n elements, got 39']);
    expect(() => f.bind().value([1])).toThrow(new TypeError('missing input X, or the size n'));
    expect(() => f.bind({ n: 2 }).pack({ X: list(39) })).toThrow(
      new RangeError('X: expected 20n = 40 elements, got 39'),
    );
  });

  test('squares, products of sizes, sizes of several arrays', async () => {
    const f = await emitted(
      '# @input S: n x n\n# @input A: n x d\n# @input B: d x k\n# @wrt A\nsum(S * A * B)',
    );
    const at = { S: list(4), A: list(6), B: list(12) };
    expect(f.value(at)).toBe(f.value({ S: nested2(2, 2, 1), A: nested2(2, 3, 1), B: nested2(3, 4, 1) }));
    says(f, { ...at, S: list(5) }, [RangeError, 'S: expected n*n elements, got 5']);
    says(f, { ...at, A: list(5) }, [RangeError, 'A: expected n*d elements, got 5 (S says n = 2)']);
    says(f, { ...at, B: list(11) }, [RangeError, 'B: expected d*k elements, got 11 (A says d = 3)']);
    says(f, { S: list(4), B: list(12) }, [TypeError, 'missing input A, or the size d']);
  });

  test('sizes that arrays do not tell', async () => {
    const f = await emitted('# @input A: n x d\nsum(A .^ 2)');
    says(f, { A: list(6) }, [TypeError, 'missing size n']);
    expect(f.value({ A: list(6), d: 3 })).toBe(91);
    expect(f.value({ A: nested(2, 3) })).toBe(28);
    says(f, { A: list(7), d: 3 }, [RangeError, 'A: expected n*d elements, got 7 (d = 3 is given)']);
  });

  test('lengths that the formula takes to be equal', async () => {
    const f = await emitted('# @input x: n\n# @input y: m\nsum(x .* y)');
    expect(f.value({ x: [1, 2], y: [3, 4] })).toBe(11);
    says(f, { x: [1, 2], y: [1, 2, 3] }, [RangeError, 'lengths have to be equal: n = 2, m = 3']);
    const g = await emitted('# @input x: n\n# @input y: 3\nsum(x .* y)');
    says(g, { x: [1, 2], y: [1, 2, 3] }, [RangeError, 'lengths have to be equal: n = 2, 3']);
  });
});

/** Rows of consecutive numbers. */
function nested2(rows: number, columns: number, start: number): number[][] {
  return Array.from({ length: rows }, (_, i) => list(columns, start + i * columns));
}

describe.each([
  ['loops', 'n'],
  ['straight-line code', '2'],
])('types: %s', (_, n) => {
  const formula = emitted(`# @input x: ${n}\n# @input A: ${n} x 2 = 1\n# @input s: scalar = 1\n# @wrt x, s, A
    s * sum(A * x) * sum(x)`);
  const x = [1, 2];

  test.each<Case>([
    type('text', { x: 'ab' }, 'x: expected an array, got string'),
    type('a number', { x: 2 }, 'x: expected an array, got number'),
    type('null', { x: null }, 'x: expected an array, got null'),
    type('null, though there is a default', { x, A: null }, 'A: expected an array, got null'),
    type('an object', { x: {} }, 'x: expected an array, got object'),
    type('texts', { x: ['1', 2] }, 'x: expected numbers, got string'),
    type('booleans', { x: [true, false] }, 'x: expected numbers, got boolean'),
    type('a null inside', { x: [1, null] }, 'x: expected numbers, got null'),
    type('a hole', { x: new Array(2) }, 'x: expected numbers, got undefined'),
    type('big integers', { x: BigInt64Array.of(1n, 2n) }, 'x: expected numbers, got bigint'),
    type('rows that are no lists', { x, A: [[1, 2], 3] }, 'A: expected an array, got number'),
    type(
      'texts in rows',
      {
        x,
        A: [
          [1, 2],
          [3, '4'],
        ],
      },
      'A: expected numbers, got string',
    ),
    type(
      'lists in rows',
      {
        x,
        A: [
          [1, 2],
          [3, [4]],
        ],
      },
      'A: expected numbers, got object',
    ),
    type('a list for a number', { x, s: [1] }, 's: expected a number, got object'),
    type('null for a number', { x, s: null }, 's: expected a number, got null'),
  ])('%s', async (__, inputs, error, message) => {
    says(await formula, inputs, [error, message]);
  });

  test('NaN and infinities are numbers', async () => {
    const f = await formula;
    expect(f.value({ x: [Number.NaN, 1] })).toBe(Number.NaN);
    expect(f.value({ x: [Number.POSITIVE_INFINITY, 1] })).toBe(Number.POSITIVE_INFINITY);
  });

  test('second arguments', async () => {
    const f = await emitted(`# @output r, t\n# @input x: ${n}\n# @input s: scalar\nr = s * x\nt = sum(x)`, {
      jvp: true,
      vjp: true,
    });
    const at = { x, s: 3 };
    const mistakes: [() => unknown, Error][] = [
      [() => f.jvp(at, { s: 1 }), new TypeError('missing input tangents.x')],
      [() => f.jvp(at, { x, s: 'a' }), new TypeError('tangents.s: expected a number, got string')],
      [() => f.jvp(at, { x: ['a', 1], s: 1 }), new TypeError('tangents.x: expected numbers, got string')],
      [() => f.vjp(at, { r: x }), new TypeError('missing input cotangent.t')],
      [() => f.vjp(at, { r: 1, t: 1 }), new TypeError('cotangent.r: expected an array, got number')],
    ];
    for (const [call, error] of mistakes) expect(call).toThrow(error);
    const expected = n === 'n' ? 'n = 2' : '2';
    expect(() => f.vjp(at, { r: [1], t: 1 })).toThrow(
      new RangeError(`cotangent.r: expected ${expected} elements, got 1`),
    );
  });
});

describe('integers', () => {
  const formula = emitted(
    '# @input v: n\n# @input k: m int\n# @input j: scalar int = 1\n# @wrt v\nsum(v[k] .^ 2) * v[j]',
  );
  const v = [1, 2, 3];

  test.each<Case>([
    type('a fraction', { v, k: [1.5] }, 'k: expected integers, got 1.5'),
    type(
      'a fraction in an array of doubles',
      { v, k: Float64Array.of(1.5) },
      'k: expected integers, got 1.5',
    ),
    type('NaN', { v, k: [Number.NaN] }, 'k: expected integers, got NaN'),
    type('more than 32 bits', { v, k: [2 ** 31] }, 'k: expected integers, got 2147483648'),
    type('a scalar', { v, k: [1], j: 0.5 }, 'j: expected an integer, got 0.5'),
    range('too small', { v, k: [1, 0] }, 'k: index 0 is out of range 1..3'),
    range('too large', { v, k: [4] }, 'k: index 4 is out of range 1..3'),
    range('a scalar too large', { v, k: [1], j: 7 }, 'j: index 7 is out of range 1..3'),
  ])('%s', async (_, inputs, error, message) => {
    says(await formula, inputs, [error, message]);
  });

  test('of any type of array', async () => {
    const f = await formula;
    for (const k of [[1, 3], Int32Array.of(1, 3), Uint8Array.of(1, 3), Float64Array.of(1, 3)]) {
      expect(f.value({ v, k })).toBe(10);
      expect(f.bind({ k, n: 3 }).inputs.k).toEqual(Int32Array.of(1, 3));
    }
  });
});
