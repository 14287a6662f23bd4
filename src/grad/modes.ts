// Which mode a derivative is computed in: each that can be afforded is built, the operations of what came out are counted,
// and the cheapest one is kept (the graph only grows, and a pass drops what nobody needs). The optimal order of elimination
// is NP-complete (Naumann, Optimal Jacobian accumulation is NP-complete, 2008), so only the two pure modes are tried, from
// which the order of contractions (factors.ts) then departs.

import type { Node } from '../ir/graph.ts';
import { factsOf } from '../ir/ops.ts';
import type { Mode, ModeChoice } from '../ir/program.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import { nodesOfTerms } from '../ir/terms.ts';
import { typical } from './factors.ts';
import type { Entry } from './matrix.ts';

/** The entries of the candidate with the least work; of equal ones the first. */
export function cheapest(candidates: readonly (readonly [Mode, () => readonly Entry[]])[]): {
  readonly entries: readonly Entry[];
  readonly choice: ModeChoice;
} {
  const tried = candidates.map(([mode, build]) => {
    const entries = build();
    return { mode, entries, work: candidates.length > 1 ? workOf(entries) : Number.NaN };
  });
  const best = tried.reduce((least, each) => (each.work < least.work ? each : least));
  const work = tried.length > 1 ? Object.fromEntries(tried.map(each => [each.mode, each.work])) : {};
  return { entries: best.entries, choice: { mode: best.mode, work } };
}

/** The operations that computing all entries takes, shared nodes once. */
function workOf(entries: readonly Entry[]): number {
  const stack = entries.flatMap(({ value, terms }) => (terms === undefined ? [value] : nodesOfTerms(terms)));
  const seen = new Set<Node>(stack);
  let sum = 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.inputs.length > 0) sum += (factsOf(node.op).cost ?? 1) * elementsOf(node);
    for (const input of node.inputs) {
      if (!seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
    }
  }
  return sum;
}

/** The elements that an operation works on: those of its result or of its largest operand; of a product all combinations. */
function elementsOf(node: Node): number {
  const { shape, inputs } = node;
  if (shape === SCALAR && inputs.every(input => input.shape === SCALAR)) return 1;
  if (node.op !== 'contract')
    return Math.max(elementsIn(shape), ...inputs.map(input => elementsIn(input.shape)));
  const [operands] = node.attrs.subscripts.split('->');
  const sizes = new Map(
    operands
      .split(',')
      .flatMap((letters, k) => [...letters].map((letter, axis) => [letter, inputs[k].shape[axis]] as const)),
  );
  return elementsIn([...sizes.values()]);
}

/** About how many elements there are. */
export function elementsIn(shape: Shape): number {
  return shape.reduce<number>((product, size) => product * typical(size), 1);
}
