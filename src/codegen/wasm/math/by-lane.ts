// The way out for arguments that the formula of all lanes does not cover: a function of numbers, lane by lane. It is taken
// only if some lane needs it, so that is to be rare. Invariant: what a lane gets does not depend on the other lanes.

import type { FunctionRef } from '../code.ts';
import type { Formula, Vector } from './formula.ts';

/** `result` where `fits` holds, elsewhere `exact` of the arguments. */
export function unlessFits(
  f: Formula,
  fits: Vector,
  result: Vector,
  exact: FunctionRef,
  args: readonly Vector[],
): Vector {
  const { code, format } = f;
  const kept = f.keep(result);
  const mask = f.keep(fits);
  return () => {
    mask();
    code.op(`${format.bits}.all_true`);
    code.if(
      kept,
      f.select(mask, kept, () => pushByLane(f, exact, args)),
      'v128',
    );
  };
}

function pushByLane({ code, shape, format }: Formula, exact: FunctionRef, args: readonly Vector[]): void {
  code.splat(shape, 0);
  for (let lane = 0; lane < format.lanes; lane++) {
    for (const push of args) {
      push();
      code.lane(`${shape}.extract_lane`, lane);
      if (shape === 'f32x4') code.op('f64.promote_f32');
    }
    code.call(exact);
    if (shape === 'f32x4') code.op('f32.demote_f64');
    code.lane(`${shape}.replace_lane`, lane);
  }
}
