// Which nodes a program needs. A graph keeps everything ever appended to it; printing, evaluating and copying look
// only at what the roots reach. Nothing here recurses: a graph may be as deep as it is long.

import type { Node } from './graph.ts';
import { type Program, rootsOf } from './program.ts';

/** The nodes that `roots` need, themselves included, in topological order. */
export function liveNodes(roots: readonly Node[]): Node[] {
  const last = roots.reduce((id, root) => Math.max(id, root.id), -1);
  const byId: Node[] = new Array(last + 1);
  const seen = new Uint8Array(last + 1);
  const pending: Node[] = [];
  const visit = (node: Node) => {
    if (seen[node.id]) return;
    seen[node.id] = 1;
    byId[node.id] = node;
    pending.push(node);
  };
  for (const root of roots) visit(root);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (let i = 0; i < node.inputs.length; i++) visit(node.inputs[i]);
  }
  const live: Node[] = [];
  for (let id = 0; id <= last; id++) if (seen[id]) live.push(byId[id]);
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
  const forward = liveNodes([...program.outputs.flatMap(output => output.elements), ...inputs]);
  const isForward = new Uint8Array(program.graph.nodes.length);
  for (const node of forward) isForward[node.id] = 1;
  const extra = program.derivatives.flatMap(derivative => derivative.inputs);
  const all = liveNodes([...rootsOf(program), ...extra]);
  return { forward, derivative: all.filter(node => isForward[node.id] === 0) };
}
