// Buffers in one stretch of memory, for targets whose arrays are places in a memory anyway: buffers that live at the same
// time stand apart, all others may overlap. First fit, the longest first (Garey, Graham and Ullman, Worst-case analysis of
// memory allocation algorithms, 1972). Offsets may depend on named sizes: then two buffers are apart if the polynomials
// show it for all sizes.

import { addSizes, isAtMost, type Size } from '../../ir/size.ts';
import type { Lifetime } from './memory.ts';

export interface Arena {
  /** Where each buffer begins, in elements. */
  readonly offsets: ReadonlyMap<string, Size>;
  /** The ends of buffers behind which there is nothing: the memory is as long as the largest of them. */
  readonly ends: readonly Size[];
}

interface Placed extends Lifetime {
  readonly offset: Size;
  readonly end: Size;
}

/**
 * Places for the buffers of one function; functions never run at the same time, so all may use the same memory. A buffer
 * takes `room(length)` elements, at least its length: a target may ask for multiples, or for slack behind.
 */
export function arenaOf(
  lifetimes: readonly Lifetime[],
  estimate: (size: Size) => number,
  room: (length: Size) => Size = length => length,
): Arena {
  const placed: Placed[] = [];
  let sum: Size = 0;
  for (const each of lifetimes.toSorted((a, b) => estimate(b.length) - estimate(a.length))) {
    const length = room(each.length);
    const others = placed.filter(({ first, last }) => first <= each.last && each.first <= last);
    const gaps = [0, ...others.map(({ end }) => end)].sort((a, b) => estimate(a) - estimate(b));
    const isFree = (offset: Size): boolean =>
      others.every(other => isAtMost(other.end, offset) || isAtMost(addSizes(offset, length), other.offset));
    const offset = gaps.find(isFree) ?? sum; // no end is behind the sum of all lengths
    sum = addSizes(sum, length);
    placed.push({ ...each, offset, end: addSizes(offset, length) });
  }
  const ends = placed.map(({ end }) => end);
  return {
    offsets: new Map(placed.map(({ name, offset }) => [name, offset])),
    ends: ends.filter((end, at) => {
      return !ends.some((other, k) => k !== at && isAtMost(end, other) && (k < at || !isAtMost(other, end)));
    }),
  };
}
