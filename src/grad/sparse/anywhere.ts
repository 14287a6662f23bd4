// Accesses at positions that depend on inputs, over sets of dependences: an element that is read may be any along the axis,
// and one that is added may arrive at any. Positions that are known are taken at their word.

import type { AttrsOf, Node } from '../../ir/graph.ts';
import { countOf, type Tensor } from '../../ir/tensors.ts';
import { type Abstract, Dependence, type Dependences } from './dependence.ts';

type NodeOf<O extends 'gather' | 'scatterAdd'> = Node & { readonly op: O; readonly attrs: AttrsOf[O] };

/** `x` of shape [...outer, length, ...inner] at `index`: shape [...outer, ...index, ...inner]. */
export function gatheredAnywhere(
  node: NodeOf<'gather'>,
  { shape, elements }: Tensor<Abstract>,
  index: Tensor<Abstract>,
  sets: Dependences,
): Tensor<Abstract> {
  const { axis } = node.attrs;
  const length = shape[axis];
  const [outer, inner] = [countOf(shape.slice(0, axis)), countOf(shape.slice(axis + 1))];
  const result: Abstract[] = [];
  for (let o = 0; o < outer; o++) {
    const at = (k: number, i: number) => elements[(o * length + k) * inner + i];
    const any = Array.from({ length: inner }, (_, i) =>
      sets.settled(sets.union(Array.from({ length }, (_, k) => at(k, i)))),
    );
    for (let j = 0; j < index.elements.length; j++) {
      const position = positionIn(index.elements[j], length);
      for (let i = 0; i < inner; i++) {
        result.push(position === 'any' ? any[i] : position === 'none' ? sets.nothing : at(position, i));
      }
    }
  }
  return { shape: node.shape as readonly number[], elements: result };
}

/** `x` of shape [...outer, ...index, ...inner] added at `index`: shape [...outer, length, ...inner]. */
export function scatteredAnywhere(
  node: NodeOf<'scatterAdd'>,
  { elements }: Tensor<Abstract>,
  index: Tensor<Abstract>,
  sets: Dependences,
): Tensor<Abstract> {
  const shape = node.shape as readonly number[];
  const { axis } = node.attrs;
  const length = shape[axis];
  const count = index.elements.length;
  const [outer, inner] = [countOf(shape.slice(0, axis)), countOf(shape.slice(axis + 1))];
  const result: Abstract[] = [];
  for (let o = 0; o < outer; o++) {
    const any: Abstract[][] = Array.from({ length: inner }, () => []);
    const known: Abstract[][] = Array.from({ length: length * inner }, () => []);
    for (let j = 0; j < count; j++) {
      const position = positionIn(index.elements[j], length);
      if (position === 'none') continue;
      for (let i = 0; i < inner; i++) {
        const value = elements[(o * count + j) * inner + i];
        if (position === 'any') any[i].push(value);
        else known[position * inner + i].push(value);
      }
    }
    const everywhere = any.map(values => sets.settled(sets.union(values)));
    for (const [k, values] of known.entries()) {
      values.push(everywhere[k % inner]);
      result.push(sets.union(values));
    }
  }
  return { shape, elements: result };
}

/** The place from 0 that a 1-based index tells, if it is known and in range. */
function positionIn(index: Abstract, length: number): number | 'any' | 'none' {
  if (index instanceof Dependence) return 'any';
  return Number.isInteger(index) && index >= 1 && index <= length ? index - 1 : 'none';
}
