// Derivatives of order three and above, each from those of the order below: an entry stands for all orders of its names, so
// it is kept at the one that ascends in wrt, and is differentiated only by its last name and those after it. One pass of
// forward mode for each name takes all entries along, which share most of what they are made of: on formulas with few
// inputs that leaves about two thirds of what reverse mode, entry by entry, would compute. What is absent is zero and stays
// so. Tensors that have been written out in scalars are differentiated element by element, others block by block.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Input } from '../ir/program.ts';
import { blockOf } from './blocks.ts';
import { blocksOf, elementsOf } from './elements.ts';
import { masked } from './flow.ts';
import type { Pushforward } from './forward.ts';
import type { StructuredPushforward } from './structured.ts';

/** A derivative by the variables at `places`, which ascend. */
export interface Entry {
  readonly places: readonly number[];
  readonly value: Node;
}

/**
 * The derivatives of the order above that of `lower`, by the inputs `wrt`. Keys are paths of their names; the shape of a
 * value is that of its names joined.
 */
export function raised(
  b: Builder,
  push: Pushforward,
  structured: StructuredPushforward,
  wrt: readonly Pick<Input, 'name' | 'node'>[],
  lower: ReadonlyMap<string, Node>,
): Map<string, Node> {
  const place = new Map(wrt.map(({ name }, k) => [name, k]));
  const inputs = wrt.map(({ node }) => node);
  const entries = Array.from(lower, ([path, value]): Entry => {
    return { places: path.split('.').map(name => place.get(name)!), value };
  }).filter(({ places }) => places.every((at, k) => k === 0 || places[k - 1] <= at));

  const elements = elementsOf(b, inputs, entries);
  const higher =
    elements === undefined
      ? raisedBy(inputs, entries, (input, nodes) => {
          const tangents = structured(input, nodes);
          return tangents.map((tangent, k) => blockOf(b, tangent, nodes[k], input)?.value ?? null);
        })
      : blocksOf(
          b,
          inputs,
          raisedBy(elements.variables, elements.entries, (variable, nodes) => {
            const tangents = push(new Map([[variable, { value: b.constant(1), guard: null }]]), nodes);
            return tangents.map(tangent => tangent && masked(b, tangent));
          }),
        );
  return new Map(higher.map(({ places, value }) => [places.map(k => wrt[k].name).join('.'), value]));
}

/** Every entry by its last variable and those after it, in order. `slopes` are the derivatives of nodes by a variable. */
function raisedBy(
  variables: readonly Node[],
  entries: readonly Entry[],
  slopes: (variable: Node, nodes: readonly Node[]) => readonly (Node | null)[],
): Entry[] {
  const higher = variables.flatMap((variable, k) => {
    const group = entries.filter(({ places }) => places.at(-1)! <= k);
    const values = slopes(
      variable,
      group.map(({ value }) => value),
    );
    return group.flatMap(({ places }, row): Entry[] => {
      const value = values[row];
      return value === null ? [] : [{ places: [...places, k], value }];
    });
  });
  return higher.sort((p, q) => compare(p.places, q.places));
}

/** Which of two lists of one length comes first. */
function compare(p: readonly number[], q: readonly number[]): number {
  const at = p.findIndex((place, k) => place !== q[k]);
  return at < 0 ? 0 : p[at] - q[at];
}
