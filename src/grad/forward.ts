// Forward mode: tangents pushed from wrt to the outputs through the same rules (Griewank and Walther 2008, section 3.1). With
// a lead, a tangent is a whole array of tangents, one for each index of the further axes in front of its own.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import { join } from './contributions.ts';
import { type Flow, through } from './flow.ts';
import { pushed } from './maps.ts';
import { partial, type Rules } from './rules.ts';

/**
 * The tangents of `outputs` (null: identically zero), given those of some inputs. All have the axes of `lead` in front of
 * those of their node, and may leave out axes along which they repeat.
 */
export type Pushforward = (
  tangents: ReadonlyMap<Node, Flow>,
  outputs: readonly Node[],
  lead?: Shape,
) => (Flow | null)[];

/** Forward mode over the graph of `b`. Visits the ancestors of the outputs, once, in topological order. */
export function pushforward(b: Builder, rules: Rules): Pushforward {
  const { graph } = b;
  return (seeds, outputs, lead = SCALAR) => {
    const tangents = new Map<Node, Flow>(seeds);
    for (const node of ancestors(outputs)) {
      if (tangents.has(node) || node.inputs.length === 0) continue;
      const flows: Flow[] = [];
      for (let i = 0; i < node.inputs.length; i++) {
        const tangent = tangents.get(node.inputs[i]);
        if (tangent === undefined) continue;
        graph.at(node.span);
        const isScalar = node.shape === SCALAR && node.inputs[i].shape === SCALAR && lead === SCALAR;
        const flow = isScalar
          ? through(b, tangent, partial(rules[node.op], tangent.value, node, i))
          : pushed(b, rules, tangent, node, i, lead);
        if (flow !== null) flows.push(flow);
      }
      if (flows.length > 0) tangents.set(node, join(b, flows));
    }
    return outputs.map(node => tangents.get(node) ?? null);
  };
}

/** The nodes that `outputs` depend on, in topological order. */
function ancestors(outputs: readonly Node[]): Node[] {
  const seen = new Set<Node>(outputs);
  const stack = [...seen];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const input of node.inputs) {
      if (!seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
    }
  }
  return [...seen].sort((x, y) => x.id - y.id);
}
