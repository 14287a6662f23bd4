// How much work a value is, for choosing between two ways of computing it. Sizes that are not known yet are taken to be
// of one middling length, so a comparison is a guess where it depends on them, and exact where it does not.

import type { Node } from '../ir/graph.ts';
import { SCALAR, type Shape, shapeText } from '../ir/shape.ts';
import { type Size, substitute } from '../ir/size.ts';

/** What a named size is taken for. */
const TYPICAL = 100;

/** The number of elements of a tensor of that shape. */
export function elementsIn(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= lengthOf(size);
  return count;
}

/** The number of elements of `node`. */
export function elementsOf({ shape }: Node): number {
  return shape === SCALAR ? 1 : elementsIn(shape);
}

/** The length that `size` is taken to be. */
export function lengthOf(size: Size): number {
  if (typeof size === 'number') return size;
  const length = substitute(size, () => TYPICAL);
  return typeof length === 'number' ? length : TYPICAL;
}

/** The values, those with fewer elements first, those of one shape side by side. Scalars alone stay as they are. */
export function smallFirst<T>(values: readonly T[], nodeOf: (value: T) => Node): readonly T[] {
  const { shape } = values.length === 0 ? { shape: SCALAR } : nodeOf(values[0]);
  if (values.every(value => nodeOf(value).shape === shape)) return values;
  const firstOf = new Map<string, number>();
  const keyed = values.map((value, i) => {
    const node = nodeOf(value);
    const text = shapeText(node.shape);
    const first = firstOf.get(text) ?? i;
    firstOf.set(text, first);
    return { value, elements: elementsOf(node), first };
  });
  return keyed.sort((p, q) => p.elements - q.elements || p.first - q.first).map(({ value }) => value);
}
