// Shapes and element types, known for every node from the moment it is made.

import { productOfSizes, type Size, sameSize, sizeText } from './size.ts';

export type { Size } from './size.ts';

/** Axis lengths, outermost first; a scalar has none. */
export type Shape = readonly Size[];

export const SCALAR: Shape = Object.freeze([]);

/** `real` is a double; `int` an integer such as an index (not differentiable); `bool` a mask. */
export type DType = 'real' | 'int' | 'bool';

/** True if the two shapes are equal whatever the named sizes are. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a === b || (a.length === b.length && a.every((size, axis) => sameSize(size, b[axis])));
}

/** The number of elements. */
export function elementsIn(shape: Shape): Size {
  return productOfSizes(shape);
}

/** True if no length depends on a named size. */
export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every(size => typeof size === 'number');
}

/** `scalar`, `n x 20`: how a declaration says it. */
export function shapeText(shape: Shape): string {
  return shape.length === 0 ? 'scalar' : shape.map(sizeText).join(' x ');
}
