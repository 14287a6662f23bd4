// Tensors made of scalars, as array literals and unrolled results are: `reshape(concat(reshape(s, [1]), ...), shape)`, or
// constants. Printed element by element; anything else is a loop.

import type { Builder } from './build.ts';
import { constantOf } from './build.ts';
import type { Graph, Node } from './graph.ts';
import { MOST_INPUTS } from './ops.ts';
import { elementsIn, isStatic, type Shape } from './shape.ts';
import { productOfSizes } from './size.ts';

/** The tensor of static `shape` with these scalars in row-major order. */
export function literalOf(b: Builder, scalars: readonly Node[], shape: Shape): Node {
  if (shape.length === 0) return scalars[0];
  const [first] = scalars;
  const constants = scalars.flatMap(scalar => constantOf(scalar) ?? []);
  if (constants.length === scalars.length && isStatic(shape)) return b.array(constants, shape);
  if (scalars.every(scalar => scalar === first)) return b.broadcast(first, shape);
  const parts: Node[] = [];
  for (let at = 0; at < scalars.length; at += MOST_INPUTS) {
    parts.push(b.stack(scalars.slice(at, at + MOST_INPUTS)));
  }
  return b.reshape(b.concat(0, parts), shape);
}

/**
 * The scalars of a tensor that is made of them, in row-major order; constants are appended to `graph`. Undefined for any
 * other tensor, and for more than `limit` scalars.
 */
export function scalarsOf(graph: Graph, node: Node, limit = 4096): readonly Node[] | undefined {
  const scalars: Node[] = [];
  const rest: Node[] = [node];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { shape, inputs } = next;
    const count = elementsIn(shape);
    if (typeof count !== 'number' || scalars.length + count > limit) return undefined;
    if (shape.length === 0) scalars.push(next);
    else if (next.op === 'array') for (const value of next.attrs.values) scalars.push(graph.constant(value));
    else if (next.op === 'reshape') rest.push(inputs[0]);
    else if (next.op === 'broadcast' && inputs[0].shape.length === 0) {
      for (let k = 0; k < count; k++) scalars.push(inputs[0]);
    } else if (next.op === 'concat' && productOfSizes(shape.slice(0, next.attrs.axis)) === 1) {
      for (let i = inputs.length - 1; i >= 0; i--) rest.push(inputs[i]);
    } else return undefined;
  }
  return scalars;
}
