// Which indices a formula reads whatever is selected. An access on the side of a selection that is not chosen may be out of
// range; one that is read in any case throws before a derivative is wanted, so a derivative may rely on it.

import type { Node } from '../ir/graph.ts';

/** The index operands that computing `roots` reads in any case. */
export function indicesRead(roots: readonly Node[]): (index: Node) => boolean {
  const seen = new Set<Node>(roots);
  const stack = [...seen];
  const read = new Set<Node>();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.op === 'gather' || node.op === 'scatterAdd') read.add(node.inputs[1]);
    const needed = node.op === 'select' ? node.inputs.slice(0, 1) : node.inputs;
    for (const input of needed) {
      if (!seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
    }
  }
  return index => read.has(index);
}
