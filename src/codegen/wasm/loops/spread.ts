// How the iterations of a loop are spread over vectors. A vector holds one number for each lane; a loop may take several
// vectors at a time, which are called copies. Lanes and copies run over the same loop, or the lanes over an inner loop and the
// copies over the rows of an outer one (jam.ts).

import type { LoopVariable } from '../../loops/space.ts';
import type { Value } from '../../loops/values.ts';
import type { Lanes } from './lanes.ts';
import type { Element } from './places.ts';
import type { Shape } from './vector-forms.ts';

/** Bytes of a vector. */
export const VECTOR = 16;

/** How iterations are spread over lanes and copies. */
export interface Spread {
  readonly shape: Shape;
  /** The loop that lanes run over. */
  readonly lanes: Lanes;
  readonly copies: number;
  /** What copies run over, and by how much it differs from one to the next. */
  readonly copyVariables: readonly LoopVariable[];
  readonly copyStep: number;
  /** True for a value that is not the same in all copies. */
  readonly differs: (value: Value) => boolean;
  /** How many functions may still be written out, in hot places; others are called. */
  readonly room: { left: number };
  /** Where an element stands of which there is one for each lane, side by side: what is private to an iteration. */
  readonly sideBySide: (element: Element) => Element | undefined;
  /** What all are further by, in iterations of another loop: `by` is counted from its first lane. */
  readonly shift?: { readonly variables: readonly LoopVariable[]; readonly by: LoopVariable };
  /** True for a value that is a single number, the same in all lanes and copies. */
  readonly isSingle: (value: Value) => boolean;
  /** Leaves, in all lanes, a value that is the same in them but is no single number. */
  readonly ofCopy?: (value: Value, isMask: boolean, copy: number) => void;
}

/** How many vectors are taken at a time, one loop after the other: `most`, or fewer if none is left over. */
export function copiesOf(most: number, lanes: number, iterations: number | undefined): readonly number[] {
  if (most === 1) return [1];
  if (iterations === undefined) return [most, 1];
  const vectors = Math.floor(iterations / lanes);
  for (let copies = Math.min(most + 1, vectors); copies > 1; copies--) {
    if (vectors % copies === 0) return [copies];
  }
  return vectors < most ? [1] : [most, 1];
}
