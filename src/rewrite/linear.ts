// Optimisation of what is linear in its operands, contractions above all, by local rules: axes that are exchanged, of
// length 1 or without variation leave a contraction, signs leave sums and views. The right side is never dearer.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import type { RewriteRule } from './engine.ts';
import { aligned, type Contraction, contracted, type Lettered, lettersOf } from './letters.ts';
import { axesByOnes, VIEWS } from './views.ts';

const REDUCTIONS = [
  'reduceSum',
  'reduceProd',
  'reduceMax',
  'reduceMin',
  'norm',
  'reduceLogsumexp',
  'any',
] as const;

// biome-ignore format: one rule a paragraph, the name and the law first
export const LINEAR: readonly RewriteRule[] = [
  { name: 'contraction-of-permuted', law: "(A')' B -> A B: the letters are exchanged, not the axes", exact: true,
    on: ['contract'], apply: (node, b) => withOperands(node, b, ofPermuted) },
  { name: 'contraction-of-repeated', law: 'x · broadcast(c) -> c sum(x); axes of length 1 leave a contraction', exact: false,
    on: ['contract'], apply: (node, b) => withOperands(node, b, ofRepeated) },
  { name: 'sign-of-linear', law: 'f(-x) -> -f(x) for sums, contractions and views', exact: true,
    on: ['reduceSum', 'contract', ...VIEWS], apply: signOfLinear },
  { name: 'reduction-of-arranged', law: "sum(A', 1) -> sum(A, 2), and likewise for other reductions and for axes of length 1", exact: false,
    on: REDUCTIONS satisfies readonly OpName[], apply: reductionOfArranged },
];

/** The contraction with both operands made simpler; axes that both lose are repeated again afterwards. */
function withOperands(
  node: Node,
  b: Builder,
  simpler: (operand: Lettered, b: Builder) => Lettered | null,
): Node | null {
  const { x: p, y: q, out } = lettersOf(node as Contraction);
  const [x, y] = node.inputs;
  const left = simpler({ node: x, letters: p }, b);
  const right = simpler({ node: y, letters: q }, b);
  if (left === null && right === null) return null;
  if (x.shape.includes(0) || y.shape.includes(0)) return null; // sums of nothing are 0, whatever is counted
  const [first, second] = [left ?? { node: x, letters: p }, right ?? { node: y, letters: q }];
  const present = first.letters + second.letters;
  const summed = [...p].filter(letter => !out.includes(letter));
  // What neither varies along is not summed but counted.
  const counted = summed
    .filter(letter => !present.includes(letter))
    .map(letter => x.shape[p.indexOf(letter)]);
  const letters = [...out].filter(letter => present.includes(letter)).join('');
  const product = contracted(b, first, second, letters);
  const counts = counted.reduce((all, size) => b.mul(all, b.size(size)), product);
  return b.broadcast(aligned(b, { node: counts, letters }, out), node.shape);
}

function ofPermuted({ node, letters }: Lettered): Lettered | null {
  if (node.op !== 'permute') return null;
  const { permutation } = node.attrs;
  const own = permutation.map((_, axis) => letters[permutation.indexOf(axis)]);
  return { node: node.inputs[0], letters: own.join('') };
}

/** Without the axes of length 1 and those along which a broadcast repeats. */
function ofRepeated({ node, letters }: Lettered, b: Builder): Lettered | null {
  const source = node.op === 'broadcast' ? node.inputs[0] : node;
  const own = letters.slice(letters.length - source.shape.length);
  const kept = source.shape.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  if (kept.length === letters.length) return null;
  const shape = kept.map(axis => source.shape[axis]);
  return { node: b.reshape(source, shape), letters: kept.map(axis => own[axis]).join('') };
}

function signOfLinear(node: Node, b: Builder): Node | null {
  const [x, y] = node.inputs;
  if (node.op !== 'contract')
    return x.op === 'neg' ? b.neg(b.rebuild(node, [x.inputs[0], ...node.inputs.slice(1)])) : null;
  if (x.op !== 'neg' && y.op !== 'neg') return null;
  const product = b.rebuild(
    node,
    [x, y].map(input => (input.op === 'neg' ? input.inputs[0] : input)),
  );
  return x.op === y.op ? product : b.neg(product);
}

/** Over a view that only moves, adds and drops axes: those of what is viewed. */
function reductionOfArranged(node: Node, b: Builder): Node | null {
  const [x] = node.inputs;
  if (node.attrs === undefined || !('axes' in node.attrs)) return null;
  const axes = axesOfArranged(x);
  if (axes === null) return null;
  const over = node.attrs.axes.flatMap(axis => axes[axis] ?? []).sort((p, q) => p - q);
  const result = b.make(node.op, x.inputs, { axes: over });
  const order = axes.filter(axis => axis !== null && !over.includes(axis));
  const kept = x.inputs[0].shape.flatMap((_, axis) =>
    over.includes(axis) || !order.includes(axis) ? [] : [axis],
  );
  const shape = kept.map(axis => x.inputs[0].shape[axis]);
  const turned = b.permute(
    b.reshape(result, shape),
    order.map(axis => kept.indexOf(axis!)),
  );
  return b.reshape(turned, node.shape);
}

/** For each axis of a permutation or of a reshape by axes of length 1 the axis that it is of the operand, or null. */
function axesOfArranged(x: Node): readonly (number | null)[] | null {
  if (x.op === 'permute') return x.attrs.permutation;
  return x.op === 'reshape' ? axesByOnes(x.inputs[0].shape, x.shape) : null;
}
