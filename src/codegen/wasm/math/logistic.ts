// sigmoid and softplus of all lanes at once, from exponentials of numbers that are not positive, so that nothing overflows.

import { expWithin } from './exponential.ts';
import type { Formula, Vector } from './formula.ts';
import { log1pOfUnit } from './logarithm.ts';

/** 1 / (1 + exp(-x)). */
export function sigmoid(f: Formula, x: Vector): Vector {
  const e = f.keep(expOfMinusAbs(f, x));
  const q = f.keep(f.div(1, f.add(1, e)));
  // For x < 0 as e - e^2 / (1 + e): the roundings of small terms count less than those of e / (1 + e).
  return f.select(f.less(x, 0), f.sub(e, f.mul(e, f.mul(e, q))), q);
}

/** log(1 + exp(x)). */
export function softplus(f: Formula, x: Vector): Vector {
  const e = f.keep(expOfMinusAbs(f, x));
  return f.add(f.atLeast(x, 0), log1pOfUnit(f, e));
}

function expOfMinusAbs(f: Formula, x: Vector): Vector {
  return expWithin(f, f.keep(f.atLeast(f.neg(f.abs(x)), f.either(-746, -104))));
}
