// What is said when arrays do not fit element by element. Dimensions are compared from the last; two fit if they are equal
// or one of them is 1.

import type { Shape } from '../ir/shape.ts';
import { type Size, sameSize, sizeText } from '../ir/size.ts';
import { briefText, type Call, differ, type Mistake } from './mistakes.ts';
import { shapeOf } from './values.ts';

type Sentence = (x: string, y: string) => string;

const compare: Sentence = (x, y) => `cannot compare ${x} and ${y}`;
const SENTENCES: ReadonlyMap<string, Sentence> = new Map(
  Object.entries({
    add: (x, y) => `cannot add ${x} and ${y}`,
    subtract: (x, y) => `cannot subtract ${y} from ${x}`,
    dotMultiply: (x, y) => `cannot multiply elements of ${x} and ${y}`,
    dotDivide: (x, y) => `cannot divide elements of ${x} by those of ${y}`,
    dotPow: (x, y) => `cannot raise elements of ${x} to those of ${y}`,
    smaller: compare,
    smallerEq: compare,
    larger: compare,
    largerEq: compare,
    equal: compare,
    unequal: compare,
  } satisfies Record<string, Sentence>),
);

/** The mistake of a function that is applied element by element to arrays of different shapes. */
export function elementwiseMismatch(call: Call): Mistake {
  const shapes = call.operands.map(({ value }) => shapeOf(value));
  const [x, y, sizes] = clashIn(shapes);
  const sentence: Sentence =
    SENTENCES.get(call.name) ?? ((p, q) => `\`${call.name}\` cannot combine ${p} and ${q}`);
  const [p, q] = sizes.map(sizeText);
  return call.mismatch(
    sentence(briefText(x), briefText(y)),
    `sizes are compared from the last, and ${p} and ${q} differ`,
    ...columnHint(x, y),
    ...columnHint(y, x),
  );
}

/** The first two shapes that do not fit, and the lengths that differ. */
function clashIn(shapes: readonly Shape[]): readonly [x: Shape, y: Shape, sizes: readonly [Size, Size]] {
  for (const [i, y] of shapes.entries()) {
    for (const x of shapes.slice(0, i)) {
      for (let back = 1; back <= Math.min(x.length, y.length); back++) {
        const [p, q] = [x[x.length - back], y[y.length - back]];
        if (p !== 1 && q !== 1 && differ(p, q)) return [x, y, [p, q]];
      }
    }
  }
  // Lengths that only together cannot be: n and 2, and then n and 3.
  return [shapes[0], shapes[shapes.length - 1], [1, 1]];
}

/** A vector with an element for each row of a matrix. */
function columnHint(matrix: Shape, vector: Shape): string[] {
  if (matrix.length !== 2 || vector.length !== 1 || !sameSize(matrix[0], vector[0])) return [];
  return [`to take the vector as a column, write reshape(v, [${sizeText(vector[0])}, 1])`];
}
