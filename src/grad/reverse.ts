// Reverse mode, algorithms 6.5 and 6.6 of Goodfellow, Bengio and Courville, Deep Learning (2016): prune to the ancestors
// of the output that depend on wrt, walk from the output down, add up what arrives at each node, append what leaves it.
// The adjoints are appended to the graph they were taken from. The cost is proportional to what is visited, not to the
// graph: a sparse Hessian runs this a thousand times.

import type { Builder } from '../ir/build.ts';
import type { Graph, InputNode, Node } from '../ir/graph.ts';
import { SCALAR } from '../ir/shape.ts';
import { join } from './contributions.ts';
import { type Flow, masked, through } from './flow.ts';
import { pulled, repeated } from './maps.ts';
import { partial, type Rules } from './rules.ts';

/** An output and the adjoint it starts with, which has its shape. */
export interface Seed {
  readonly node: Node;
  readonly adjoint: Node;
}

/**
 * The adjoints of the inputs that `wrt` accepts, in the shapes of these, given those of the outputs. One that is absent is
 * identically zero.
 */
export type Pullback = (seeds: readonly Seed[], wrt: (input: InputNode) => boolean) => Map<Node, Node>;

/** Reverse mode over the graph of `b`. The scratch arrays are shared by all calls, so many small calls are cheap. */
export function pullback(b: Builder, rules: Rules): Pullback {
  const { graph } = b;
  let visit: Int32Array = new Int32Array(0); // call that saw the node last
  let position: Int32Array = new Int32Array(0); // place in `order` for that call
  let call = 0;

  return (seeds, wrt) => {
    call++;
    if (visit.length < graph.nodes.length) {
      const size = Math.max(1024, graph.nodes.length * 2);
      visit = enlarged(visit, size);
      position = enlarged(position, size);
    }
    const order = ancestors(seeds, visit, position, call);
    const active = dependents(order, wrt, position);

    // What has arrived at each place: contributions of one guard are added at once, others wait for the join.
    const sums: (Node | null)[] = new Array(order.length).fill(null);
    const guards: (Node | null)[] = new Array(order.length).fill(null);
    const clean = new Uint8Array(order.length);
    const others = new Map<number, Flow[]>();
    const arrive = (at: number, value: Node, guard: Node | null, isClean: boolean | undefined) => {
      const sum = sums[at];
      if (sum === null) {
        sums[at] = value;
        guards[at] = guard;
        clean[at] = isClean ? 1 : 0;
      } else if (guards[at] === guard) {
        sums[at] = b.add(sum, value);
        if (!isClean) clean[at] = 0;
      } else {
        const flow = isClean ? { value, guard, clean: true } : { value, guard };
        if (others.has(at)) others.get(at)!.push(flow);
        else others.set(at, [flow]);
      }
    };
    const flowAt = (at: number): Flow => ({ value: sums[at]!, guard: guards[at], clean: clean[at] === 1 });
    for (const { node, adjoint } of seeds) arrive(position[node.id], adjoint, null, false);

    for (let at = order.length - 1; at >= 0; at--) {
      if (sums[at] === null || !active[at]) continue;
      const waiting = others.get(at);
      if (waiting !== undefined) {
        const sum = join(b, [flowAt(at), ...waiting]);
        sums[at] = sum.value;
        guards[at] = sum.guard;
        clean[at] = sum.clean ? 1 : 0;
      }
      const node = order[at];
      const { op, inputs, span } = node;
      graph.at(span);
      nameAdjoint(graph, node, sums[at]!);
      for (let i = 0; i < inputs.length; i++) {
        const to = position[inputs[i].id];
        if (!active[to]) continue;
        if (node.shape !== SCALAR || inputs[i].shape !== SCALAR) {
          const flow = pulled(b, rules, flowAt(at), node, i);
          if (flow !== null) arrive(to, flow.value, flow.guard, flow.clean);
          continue;
        }
        const contribution = partial(rules[op], sums[at]!, node, i);
        if (contribution === null) continue;
        if (!('mask' in contribution)) arrive(to, contribution, guards[at], false);
        else {
          const onward = through(b, flowAt(at), contribution);
          if (onward !== null) arrive(to, onward.value, onward.guard, false);
        }
      }
    }
    const adjoints = new Map<Node, Node>();
    for (let at = 0; at < order.length; at++) {
      const node = order[at];
      if (sums[at] === null || node.op !== 'input' || !active[at]) continue;
      adjoints.set(node, repeated(b, masked(b, flowAt(at)), node.shape));
    }
    return adjoints;
  };
}

/** The adjoint of a tensor called z is called dz, for readable loops. */
function nameAdjoint({ names }: Graph, node: Node, adjoint: Node): void {
  const name = node.shape === SCALAR ? undefined : names.get(node);
  if (name === undefined || adjoint.inputs.length === 0 || names.has(adjoint)) return;
  names.set(adjoint, `d${name}`);
}

/** The nodes that the seeds depend on, inputs before users, by an explicit depth-first search. */
function ancestors(seeds: readonly Seed[], visit: Int32Array, position: Int32Array, call: number): Node[] {
  const order: Node[] = [];
  const stack: Node[] = [];
  const nextInput: number[] = [];
  for (const seed of seeds) {
    if (visit[seed.node.id] === call) continue;
    visit[seed.node.id] = call;
    stack.push(seed.node);
    nextInput.push(0);
    while (stack.length > 0) {
      const top = stack.length - 1;
      const node = stack[top];
      if (nextInput[top] < node.inputs.length) {
        const input = node.inputs[nextInput[top]++];
        if (visit[input.id] === call) continue;
        visit[input.id] = call;
        stack.push(input);
        nextInput.push(0);
      } else {
        position[node.id] = order.length;
        order.push(node);
        stack.pop();
        nextInput.pop();
      }
    }
  }
  return order;
}

/** For each place in `order`, whether the node depends on `wrt`. */
function dependents(
  order: readonly Node[],
  wrt: (input: InputNode) => boolean,
  position: Int32Array,
): Uint8Array {
  const active = new Uint8Array(order.length);
  for (let at = 0; at < order.length; at++) {
    const node = order[at];
    if (node.op === 'input') active[at] = wrt(node) ? 1 : 0;
    for (let i = 0; i < node.inputs.length && !active[at]; i++)
      active[at] = active[position[node.inputs[i].id]];
  }
  return active;
}

function enlarged(old: Int32Array, size: number): Int32Array {
  const array = new Int32Array(size);
  array.set(old);
  return array;
}
