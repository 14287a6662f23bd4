// How large an array may be, and of how many dimensions. What is too large is refused where it is made, before anything
// is allocated for it.

import type { Span } from '../errors.ts';
import type { Shape } from '../ir/shape.ts';
import { monomialsOf } from '../ir/size.ts';
import { briefText, Mistake } from './mistakes.ts';
import { MAX_RANK, type Present, shapeOf } from './values.ts';

/** Elements are numbered by 32-bit integers. */
const MOST_ELEMENTS = 2 ** 31;

/** The number of elements is a polynomial with as many terms as the product of those of the lengths. */
const MOST_TERMS = 4096;

/** `value`, made at `span`, if it is not too large. Throws `Mistake`. */
export function within<V extends Present>(span: Span, value: V): V {
  const problem = problemOf(shapeOf(value));
  if (problem === undefined) return value;
  throw new Mistake(problem.code, problem.message, span, problem.details);
}

/** What is wrong with a shape by itself. */
export function problemOf(shape: Shape) {
  if (shape.length > MAX_RANK) {
    return {
      code: 'array',
      message: `an array has at most ${MAX_RANK} dimensions, not ${shape.length}`,
      details: {},
    };
  }
  let elements = 1;
  let terms = 1;
  for (const size of shape) {
    if (typeof size === 'number') elements *= size;
    terms *= Math.max(1, monomialsOf(size).length);
  }
  if (elements < MOST_ELEMENTS && terms <= MOST_TERMS) return undefined;
  return {
    code: 'too-large',
    message:
      elements < MOST_ELEMENTS
        ? 'the lengths of this array are too complicated'
        : `an array of ${briefText(shape)} is too large`,
    details: { hints: ['an array has less than 2^31 elements'] },
  };
}
