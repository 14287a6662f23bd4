// Which nodes a program needs. A graph keeps everything ever appended to it; printing, evaluating and copying look
// only at what the roots reach. Nothing here recurses: a graph may be as deep as it is long.

import type { Node } from './graph.ts';
import { type Program, rootsOf } from './program.ts';

/** The nodes that `roots` need, themselves included, in topological order. */
export function liveNodes(roots: readonly Node[]): Node[] {
  const last = roots.reduce((id, root) => Math.max(id, root.id), -1);
  const found = new Array<Node | undefined>(last + 1);
  const pending = [...roots];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (found[node.id] !== undefined) continue;
    found[node.id] = node;
    for (const input of node.inputs) if (found[input.id] === undefined) pending.push(input);
  }
  return found.filter(node => node !== undefined);
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
  const isForward = new Set(forward);
  const extra = program.derivatives.flatMap(derivative => derivative.inputs);
  const all = liveNodes([...rootsOf(program), ...extra]);
  return { forward, derivative: all.filter(node => !isForward.has(node)) };
}
