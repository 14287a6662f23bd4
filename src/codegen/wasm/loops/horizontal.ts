// What combines numbers, and the lanes of vectors.

import type { Combine } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import type { Opcode } from '../opcodes.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';

/** Combined with it, a number stays what it is. */
export const NEUTRAL = {
  '=': 0,
  '+': 0,
  '-': 0,
  '*': 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
  or: 0,
} as const;

/** The names of instructions. */
export const OPERATION = {
  '=': 'add',
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  max: 'max',
  min: 'min',
  or: 'add',
} as const;

/** The instruction on vectors that combines. */
export function operationOf(shape: Shape, combine: Combine): Opcode {
  return combine === 'or' ? 'v128.or' : `${shape}.${OPERATION[combine]}`;
}

/** Leaves all lanes of the vector on the stack combined, as an f64. */
export function addLanes(code: Code, shape: Shape, operation: 'add' | 'sub' | 'mul' | 'max' | 'min'): void {
  const vector = code.local('v128');
  code.set(vector);
  for (let lane = 0; lane < LANES_OF[shape]; lane++) {
    code.get(vector);
    code.lane(`${shape}.extract_lane`, lane);
    if (shape === 'f32x4') code.op('f64.promote_f32');
    if (lane > 0) code.op(`f64.${operation}`);
  }
  code.release(vector);
}

/** Puts one lane of the vector on the stack into all of them. */
export function spreadLane(code: Code, shape: Shape, lane: number): void {
  const vector = code.local('v128');
  code.tee(vector);
  code.get(vector);
  code.shuffle(words(new Array(LANES_OF[shape]).fill(lane), shape));
  code.release(vector);
}

/** As many vectors as there are lanes: leaves the vector whose lane k is all lanes of vector k combined. */
export function rowsToLanes(code: Code, shape: Shape, operation: Opcode, vectors: readonly Local[]): void {
  /** [x, x', y, y'] of two pairs of lanes each, or [x, y] of two lanes. */
  const halves = (x: () => void, y: () => void, first: readonly number[], second: readonly number[]) => {
    for (const order of [first, second]) {
      x();
      y();
      code.shuffle(words(order, shape));
    }
    code.op(operation);
  };
  const get = (local: Local) => () => code.get(local);
  if (shape === 'f64x2') {
    halves(get(vectors[0]), get(vectors[1]), [0, 2], [1, 3]);
    return;
  }
  const pairs = [0, 2].map(k => {
    halves(get(vectors[k]), get(vectors[k + 1]), [0, 1, 4, 5], [2, 3, 6, 7]);
    const local = code.local('v128');
    code.set(local);
    return local;
  });
  halves(get(pairs[0]), get(pairs[1]), [0, 2, 4, 6], [1, 3, 5, 7]);
  for (const local of pairs) code.release(local);
}

/** The bytes of lanes, those of a second vector counted on. */
function words(lanes: readonly number[], shape: Shape): number[] {
  const bytes = 16 / LANES_OF[shape];
  return lanes.flatMap(lane => Array.from({ length: bytes }, (_, k) => lane * bytes + k));
}
