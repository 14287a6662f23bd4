// Which points can be used, and how long the formula takes at them.

import { moved, type Point, type Random, scaleOf, type Value } from './domain.ts';
import type { Reference } from './expected.ts';

/** Longer evaluations than this, in milliseconds, are not repeated for differences. */
const SLOW = 5;
/** The search ends after so many milliseconds, if a point has been found. */
const PATIENCE = 4000;

/** Points where the formula and its neighbourhood are finite: differences need room. */
export class PointSearch {
  readonly #reference: Reference;
  readonly #random: Random;
  readonly #start = performance.now();
  #found = 0;
  /** The shortest time that an evaluation took. */
  #time = Number.POSITIVE_INFINITY;

  constructor(reference: Reference, random: Random) {
    this.#reference = reference;
    this.#random = random;
  }

  get isSlow(): boolean {
    return this.#time > SLOW;
  }

  /** True if there is a point, and finding more would take too long. */
  get isOver(): boolean {
    return this.#found > 1 && performance.now() - this.#start > PATIENCE;
  }

  isUsable(point: Point): boolean {
    if (this.isOver || !this.#isFiniteAt(point)) return false;
    const slope = (value: number): number =>
      Number.isInteger(value) ? 0 : (this.#random() < 0.5 ? -1 : 1) * scaleOf(value);
    const way = new Map(
      Array.from(point, ([name, value]): [string, Value] => {
        return [name, typeof value === 'number' ? slope(value) : value.map(slope)];
      }),
    );
    const isGood = [-0.02, 0.02].every(t => this.#isFiniteAt(moved(point, way, t)));
    if (isGood) this.#found++;
    return isGood;
  }

  #isFiniteAt(point: Point): boolean {
    const before = performance.now();
    try {
      return this.#reference(point).every(Number.isFinite);
    } catch (error) {
      if (error instanceof RangeError) return false; // an index out of range, a length below 0
      throw error;
    } finally {
      this.#time = Math.min(this.#time, performance.now() - before);
    }
  }
}
