// map(A, f) and map(A, B, f): the function of the elements that correspond. To the function they are numbers, so `*` is
// the product of two numbers in it; what computes them is a node of the common shape, so nothing is looped over here.

import { broadcastShape, ShapeError } from '../ir/shapes.ts';
import { elementwiseMismatch } from './mismatch.ts';
import { type Call, Mistake } from './mistakes.ts';
import { type ElementValue, isElement, isNode, type Present, toNode } from './values.ts';

/** What the function is called with. `map` tells the elements of one call from those of others. */
export function elementsOf(call: Call, map: number): readonly ElementValue[] {
  const nodes = call.arrays();
  try {
    broadcastShape(nodes, () => {});
  } catch (error) {
    if (error instanceof ShapeError) throw elementwiseMismatch(call);
    throw error;
  }
  return nodes.map(node => ({ kind: 'element', node, map }));
}

/** The array of what the function gave for `elements`. */
export function mappedResult(call: Call, elements: readonly ElementValue[], value: Present): Present {
  const { b } = call;
  const shape = b.graph.shapeOf(elements.map(({ node }) => node));
  if (isElement(value) ? value.map === elements[0].map : isNode(value) && value.shape.length === 0) {
    return b.broadcast(toNode(b, value), shape);
  }
  throw new Mistake('mapped-array', 'a mapped function must give a number', call.span);
}
