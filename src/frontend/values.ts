// What an expression can be: a scalar node, or an array literal of them.

import type { Node } from '../ir/graph.ts';
import { type Shape, sameShape } from '../ir/shape.ts';

export interface ArrayValue {
  readonly shape: Shape;
  /** In row-major order. */
  readonly elements: readonly Node[];
}

/** `undefined` is the value of what has been reported as an error: it silences what depends on it. */
export type Value = Node | ArrayValue | undefined;

export function isArray(value: Value): value is ArrayValue {
  return value !== undefined && 'elements' in value;
}

/** More dimensions than this are a mistake, and copying shapes of a deep nesting would be quadratic. */
const MAX_RANK = 8;

/** The array of `items`, or why there is none. */
export function arrayOf(items: readonly Exclude<Value, undefined>[]): ArrayValue | string {
  const [first] = items;
  if (first === undefined) return 'an array needs at least one element';
  if (!isArray(first)) {
    if (items.some(isArray)) return 'an array cannot hold both numbers and arrays';
    return { shape: [items.length], elements: items as readonly Node[] };
  }
  if (first.shape.length >= MAX_RANK) return `an array has at most ${MAX_RANK} dimensions`;
  const elements: Node[] = [];
  for (const item of items) {
    if (!isArray(item)) return 'an array cannot hold both numbers and arrays';
    if (!sameShape(item.shape, first.shape)) {
      return `rows of ${first.shape.join('x')} and of ${item.shape.join('x')} elements in one array`;
    }
    for (const element of item.elements) elements.push(element);
  }
  return { shape: [items.length, ...first.shape], elements };
}
