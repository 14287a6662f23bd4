// Buffers that take turns in the arrays of the workspace. Buffers whose lifetimes do not overlap may be one array, within a
// function and across the functions of a module, which never run at the same time; a longer array serves a shorter buffer,
// and one that is free grows before another is made. Invariant: an array is as long as each buffer in it, whatever the
// named sizes are.

import { isAtMost, type Size, sameSize } from '../../ir/size.ts';
import type { Lifetime } from './memory.ts';

/** Of lengths that differ more nothing is saved to speak of, and ten sums in an array of images are hard to read. */
const MOST_UNEQUAL = 8;

/** An array of the workspace. */
export interface SharedArray {
  readonly length: Size;
  /** The name of the first buffer of that length. */
  readonly name: string;
}

interface Growing {
  length: Size;
  name: string;
  /** The names that its buffers have in their functions. */
  readonly users: Set<string>;
  /** False for an array that stays as it is. */
  mayGrow: boolean;
}

/** The arrays of a workspace while functions are given theirs. */
export class Sharing {
  readonly arrays: readonly SharedArray[] = [];
  readonly #estimate: (size: Size) => number;

  /** `estimate` is what a size is taken for where two that suit are compared. */
  constructor(estimate: (size: Size) => number) {
    this.#estimate = estimate;
  }

  /** From now on the arrays that there are do not grow. */
  freeze(): void {
    for (const array of this.arrays) (array as Growing).mayGrow = false;
  }

  /** The array of each buffer of one function, whose lifetimes come in the order in which they begin. */
  assign(lifetimes: readonly Lifetime[]): ReadonlyMap<string, SharedArray> {
    const arrays = this.arrays as Growing[]; // the one place that makes them
    const assigned = new Map<string, Growing>();
    /** The statement at which an array is free again. */
    const freeAt = new Map<Growing, number>();
    for (const { name, length, first, last } of lifetimes) {
      const free = arrays.filter(array => (freeAt.get(array) ?? -1) < first && fits(array, length));
      const same = free.filter(array => sameSize(array.length, length));
      let array = same.find(({ users }) => users.has(name)) ?? same[0] ?? this.#nearest(free, length);
      if (array === undefined) {
        array = { length, name, users: new Set(), mayGrow: true };
        arrays.push(array);
      } else if (!isAtMost(length, array.length)) [array.length, array.name] = [length, name];
      array.users.add(name);
      freeAt.set(array, last);
      assigned.set(name, array);
    }
    return assigned;
  }

  /** The array that has to grow least, and of those that need not the shortest. */
  #nearest(arrays: readonly Growing[], length: Size): Growing | undefined {
    const wanted = this.#estimate(length);
    let best: Growing | undefined;
    let least: readonly [growth: number, waste: number] = [Number.POSITIVE_INFINITY, 0];
    for (const array of arrays) {
      const own = this.#estimate(array.length);
      if (Math.max(own, wanted) > MOST_UNEQUAL * Math.min(own, wanted)) continue;
      const [growth, waste] = [Math.max(wanted - own, 0), Math.max(own - wanted, 0)];
      if (growth < least[0] || (growth === least[0] && waste < least[1]))
        [best, least] = [array, [growth, waste]];
    }
    return best;
  }
}

function fits(array: Growing, length: Size): boolean {
  return isAtMost(length, array.length) || (array.mayGrow && isAtMost(array.length, length));
}
