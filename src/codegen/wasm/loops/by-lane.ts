// Operations that have no form on vectors, one lane after the other.

import type { Node } from '../../../ir/graph.ts';
import type { Code, Local } from '../code.ts';
import { WASM_FORMS, type WasmOperands } from '../forms.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';

/** Leaves the vector of what `node` gives in each lane for the operands of that lane. */
export function byLane(
  code: Code,
  shape: Shape,
  node: Node,
  operandsOf: (lane: number) => WasmOperands,
): void {
  const result = code.local('v128');
  code.splat(shape, 0);
  code.set(result);
  for (let lane = 0; lane < LANES_OF[shape]; lane++) {
    code.get(result);
    WASM_FORMS[node.op](operandsOf(lane));
    if (node.dtype === 'bool') replaceMask(code, shape, lane);
    else {
      if (shape === 'f32x4') code.op('f32.demote_f64');
      code.lane(`${shape}.replace_lane`, lane);
    }
    code.set(result);
  }
  code.get(result);
  code.release(result);
}

/** Leaves one lane of a vector as an f64. */
export function extractNumber(code: Code, shape: Shape, vector: Local, lane: number): void {
  code.get(vector);
  code.lane(`${shape}.extract_lane`, lane);
  if (shape === 'f32x4') code.op('f64.promote_f32');
}

/** Leaves one lane of a mask as 0 or 1. */
export function extractMask(code: Code, shape: Shape, mask: Local, lane: number): void {
  code.get(mask);
  code.lane('i32x4.extract_lane', (lane * 4) / LANES_OF[shape]);
  code.i32(1);
  code.op('i32.and');
}

/** Puts 0 or 1 into a lane of a mask: all of its bits. */
function replaceMask(code: Code, shape: Shape, lane: number): void {
  const bit = code.local('i32');
  code.set(bit);
  code.i32(0);
  code.get(bit);
  code.release(bit);
  code.op('i32.sub');
  if (shape === 'f64x2') code.op('i64.extend_i32_s');
  code.lane(shape === 'f64x2' ? 'i64x2.replace_lane' : 'i32x4.replace_lane', lane);
}
