// Terms written out: a plain loop over the elements of each, the oracle of everything that reads terms.

import { evaluateSize, type Size } from '../src/ir/size.ts';
import type { Term } from '../src/ir/terms.ts';

/** The array of `shape` that the terms make, given the values of their nodes in the order of `nodesOfTerms`. */
export function scattered(
  terms: readonly Term[],
  values: readonly ArrayLike<number>[],
  shape: readonly number[],
  sizes: Readonly<Record<string, number>> = {},
): number[] {
  const lengthOf = (size: Size) => evaluateSize(size, new Map(Object.entries(sizes)));
  const whole = new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(0);
  const pending = [...values];
  for (const { value, coordinates } of terms) {
    const elements = pending.shift()!;
    const indices = coordinates.map(({ index }) => (index === undefined ? undefined : pending.shift()!));
    for (const [k, at] of indexesOf(value.shape.map(lengthOf)).entries()) {
      const place = coordinates.map(({ axis, start, step }, i) => {
        const own = axis === undefined ? 0 : at[axis];
        const index = indices[i];
        return lengthOf(start) + step * (index === undefined ? own : index[own] - 1);
      });
      whole[place.reduce((sum, each, axis) => sum * shape[axis] + each, 0)] += elements[k];
    }
  }
  return whole;
}

/** All indices of an array, in row-major order. */
function indexesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap(at => Array.from({ length: size }, (_, k) => [...at, k])),
    [[]],
  );
}
