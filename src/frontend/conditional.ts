// `c ? a : b`: one condition, branches of one shape. Which branch it is decides what there is, so nothing broadcasts.

import { applied } from './apply.ts';
import { FUNCTIONS } from './functions.ts';
import { arrayText, type Call, differ } from './mistakes.ts';
import { type Present, shapeOf } from './values.ts';

/** Of a condition and two branches. */
export function conditional(call: Call): Present {
  const [condition, x, y] = call.operands.map(({ value }) => shapeOf(value));
  if (condition.length > 0) {
    throw call.mistakeAt(
      0,
      'condition',
      `a condition must be one value, not ${arrayText(condition)}`,
      'where(condition, a, b) chooses element by element',
    );
  }
  if (x.length !== y.length || x.some((size, axis) => differ(size, y[axis]))) {
    throw call.mismatch(
      `the branches of a condition differ: ${arrayText(x)} and ${arrayText(y)}`,
      'both branches must have one shape: where(condition, a, b) broadcasts',
    );
  }
  for (const [axis, size] of x.entries()) call.b.graph.require(size, y[axis]);
  return applied(FUNCTIONS.get('where')!, call);
}
