// Which nodes a program needs. A graph keeps everything ever appended to it; printing, evaluating and copying look
// only at what the roots reach. Nothing here recurses: a graph may be as deep as it is long.

import type { Node } from './graph.ts';
import { type Program, rootsOf } from './program.ts';

/** The nodes that `roots` need, themselves included, in topological order. */
export function liveNodes(roots: readonly Node[]): Node[] {
  const last = roots.reduce((id, root) => Math.max(id, root.id), -1);
  const byId: (Node | undefined)[] = new Array(last + 1);
  for (const root of roots) byId[root.id] = root;
  let count = 0;
  for (let id = last; id >= 0; id--) {
    const node = byId[id];
    if (node === undefined) continue;
    count++;
    const { inputs } = node;
    for (let i = 0; i < inputs.length; i++) byId[inputs[i].id] = inputs[i];
  }
  const live: Node[] = new Array(count);
  for (let id = last; id >= 0; id--) {
    const node = byId[id];
    if (node !== undefined) live[--count] = node;
  }
  return live;
}

/** The live nodes of a program in two parts, each in topological order; `forward` never needs `derivative`. */
export interface Sections {
  /** What the outputs need, and the inputs of the formula, used or not. */
  readonly forward: readonly Node[];
  /** What only derivatives need, and their own inputs. */
  readonly derivative: readonly Node[];
}

/** The live nodes of `program`, told apart by what needs them. */
export function sectionsOf(program: Program): Sections {
  const inputs = program.inputs.map(input => input.node);
  const forward = liveNodes(program.outputs.flatMap(output => output.elements).concat(inputs));
  const isForward = new Uint8Array(program.graph.nodes.length);
  for (const node of forward) isForward[node.id] = 1;
  const extra = program.derivatives.flatMap(derivative => derivative.inputs);
  const all = liveNodes(rootsOf(program).concat(extra));
  return { forward, derivative: all.filter(node => isForward[node.id] === 0) };
}
