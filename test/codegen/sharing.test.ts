// Which buffers of functions share an array.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Lifetime } from '../../src/codegen/loops/memory.ts';
import { Sharing } from '../../src/codegen/loops/sharing.ts';
import { estimateSize, evaluateSize, multiplySizes, namedSize, type Size } from '../../src/ir/size.ts';

const n = namedSize('n');

const lives = (...list: readonly (readonly [Size, number, number])[]): Lifetime[] =>
  list.map(([length, first, last], k) => ({ name: `b${k}`, length, first, last }));

/** Lives of buffers in the order in which they begin, of lengths that are numbers or multiples of n. */
const lifetimes: fc.Arbitrary<Lifetime[]> = fc
  .array(
    fc.record({
      length: fc.oneof(
        fc.nat(40),
        fc.nat(5).map(k => multiplySizes(n, k)),
      ),
      first: fc.nat(9),
      more: fc.nat(4),
    }),
    { maxLength: 9 },
  )
  .map(list =>
    list
      .map(({ length, first, more }, k) => ({ name: `b${k}`, length, first, last: first + more }))
      .sort((a, b) => a.first - b.first),
  );

const meet = (a: Lifetime, b: Lifetime) => a.first <= b.last && b.first <= a.last;
const at = (size: Size, value: number) => evaluateSize(size, new Map([['n', value]]));

describe('arrays', () => {
  const lengthsOf = (list: readonly Lifetime[]) => {
    const sharing = new Sharing(estimateSize);
    sharing.assign(list);
    return sharing.arrays.map(({ length }) => length);
  };

  test('one that is free is taken again, and grows', () => {
    expect(lengthsOf(lives([10, 0, 1], [10, 2, 3]))).toEqual([10]);
    expect(lengthsOf(lives([10, 0, 1], [30, 2, 3]))).toEqual([30]);
    expect(lengthsOf(lives([30, 0, 1], [10, 1, 3]))).toEqual([30, 10]);
  });

  test('of several the one that has to grow least, or is longer by least', () => {
    const sharing = new Sharing(estimateSize);
    const [first, second, third] = sharing
      .assign(lives([20, 0, 0], [50, 0, 0], [30, 0, 0], [25, 1, 1]))
      .values();
    expect(sharing.arrays).toEqual([first, second, third]);
    expect(third.length).toBe(30);
  });

  test('small ones are not put into large ones', () => {
    expect(lengthsOf(lives([n, 0, 1], [3, 2, 3]))).toEqual([n, 3]);
  });

  test('lengths that sizes decide differently stay apart', () => {
    const d = namedSize('d');
    expect(lengthsOf(lives([n, 0, 1], [d, 2, 3]))).toEqual([n, d]);
  });

  test('frozen ones do not grow', () => {
    const sharing = new Sharing(estimateSize);
    sharing.assign(lives([10, 0, 1]));
    sharing.freeze();
    sharing.assign(lives([20, 0, 1], [5, 2, 3]));
    expect(sharing.arrays.map(({ length }) => length)).toEqual([10, 20]);
  });

  test('buffers that meet have different arrays, and all are long enough', () => {
    fc.assert(
      fc.property(lifetimes, fc.nat(50), (list, value) => {
        const arrays = new Sharing(estimateSize).assign(list);
        for (const [k, a] of list.entries()) {
          expect(at(arrays.get(a.name)!.length, value)).toBeGreaterThanOrEqual(at(a.length, value));
          for (const b of list.slice(k + 1)) {
            if (meet(a, b)) expect(arrays.get(a.name)).not.toBe(arrays.get(b.name));
          }
        }
      }),
    );
  });
});
