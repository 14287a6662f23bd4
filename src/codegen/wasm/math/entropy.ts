// Products with logarithms that are 0 where the factor is 0, as in src/ir/special.js. Errors are those of the logarithm and
// of one product.

import type { FunctionRef } from '../code.ts';
import type { Formula, Vector } from './formula.ts';
import { log, log1p } from './logarithm.ts';

/** x log(x), and 0 at 0. */
export function xlogx(f: Formula, x: Vector): Vector {
  return f.without(f.mul(x, log(f, x)), f.equal(x, 0));
}

/** x log(y), and 0 at x = 0 unless y is NaN. */
export function xlogy(f: Formula, x: Vector, _exact: FunctionRef, y: Vector): Vector {
  return f.without(f.mul(x, log(f, y)), f.and(f.equal(x, 0), f.equal(y, y)));
}

/** x log(1 + y), and 0 at x = 0 unless the logarithm is NaN. */
export function xlog1py(f: Formula, x: Vector, _exact: FunctionRef, y: Vector): Vector {
  return f.without(f.mul(x, log1p(f, y)), f.and(f.equal(x, 0), f.atMostOrEqual(-1, y)));
}
