// Where straight-line code finds its inputs: elements of theta, of data arrays, of the array of scalar data, and of the second
// argument of functions that have one.

import type { InputNode } from '../../ir/graph.ts';
import type { Context } from '../context.ts';
import type { Extra } from '../entries.ts';
import type { Leaf } from '../scalars.ts';
import type { ElementPlace } from './chunks.ts';

/** The arrays in memory that inputs stand in. */
export interface InputArrays {
  readonly theta: string;
  /** The scalars among the data, in order. */
  readonly scalars: string;
  /** The array that holds the tensor of that name. */
  readonly data: (name: string) => string;
  /** The second argument. */
  readonly extra: string;
}

/** The place of each leaf that an entry with the second argument `extra` may read. */
export function leafPlaces(
  { wrt, data }: Pick<Context, 'wrt' | 'data'>,
  arrays: InputArrays,
  extra?: Extra,
): (leaf: Leaf) => ElementPlace {
  const starts = new Map<string, ElementPlace>();
  for (const { name, offset } of wrt.items)
    starts.set(name, { array: arrays.theta, index: offset as number }); // scalars have fixed places
  const scalars = data.filter(({ shape }) => shape.length === 0);
  for (const [index, { name }] of scalars.entries()) starts.set(name, { array: arrays.scalars, index });
  for (const { name, shape } of data)
    if (shape.length > 0) starts.set(name, { array: arrays.data(name), index: 0 });
  for (const { nodes, offset } of extra?.parts ?? []) {
    for (const [k, node] of nodes.entries())
      if (node !== undefined)
        starts.set(node.attrs.name, { array: arrays.extra, index: (offset as number) + k });
  }
  return leaf => {
    const [input, position] = leaf.op === 'element' ? [leaf.inputs[0], leaf.attrs.position] : [leaf, 0];
    const { array, index } = starts.get((input as InputNode).attrs.name)!; // leaves are of inputs
    return { array, index: index + position };
  };
}
