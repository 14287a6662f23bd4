// Forward mode: tangents pushed from wrt to the outputs through the same rules (Griewank and Walther 2008, section 3.1).

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { type Flow, join, masked, through } from './contributions.ts';
import { partial, type Rules } from './rules.ts';

/** The tangents of `outputs` (null: identically zero), given those of some inputs. */
export type Pushforward = (tangents: ReadonlyMap<Node, Node>, outputs: readonly Node[]) => (Node | null)[];

/** Forward mode over the graph of `b`. Visits the ancestors of the outputs, once, in topological order. */
export function pushforward(b: Builder, rules: Rules): Pushforward {
  const { graph } = b;
  return (seeds, outputs) => {
    const tangents = new Map<Node, Node>(seeds);
    for (const node of ancestors(outputs)) {
      if (tangents.has(node) || node.inputs.length === 0) continue;
      const flows: Flow[] = [];
      for (let i = 0; i < node.inputs.length; i++) {
        const tangent = tangents.get(node.inputs[i]);
        if (tangent === undefined) continue;
        graph.at(node.span);
        const flow = through(b, null, partial(rules[node.op], tangent, node, i));
        if (flow !== null) flows.push(flow);
      }
      if (flows.length > 0) tangents.set(node, masked(b, join(b, flows)));
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
