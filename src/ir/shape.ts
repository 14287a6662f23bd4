// Shapes and element types, known for every node from the moment it is made.

/** The length of one axis. */
export type Size = number;

/** Axis lengths, outermost first; a scalar has none. */
export type Shape = readonly Size[];

export const SCALAR: Shape = Object.freeze([]);

/** `real` is a double; `int` an index input (1-based, not differentiable); `bool` a mask. */
export type DType = 'real' | 'int' | 'bool';

export function sameShape(a: Shape, b: Shape): boolean {
  return a === b || (a.length === b.length && a.every((size, axis) => size === b[axis]));
}
