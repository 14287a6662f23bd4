// The lanes of a vector put together.

import type { Code } from '../code.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';

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
