// Optimisation that computes only the elements that are picked: views go into what they view, if nobody else uses that.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { isElementwise } from '../ir/ops.ts';
import { SCALAR } from '../ir/shape.ts';
import { elementsOf } from './cost.ts';
import { type Contraction, lettersOf } from './letters.ts';
import { isView, viewOf } from './views.ts';

/**
 * f(x)[i] -> f(x[i]) for an f(x) that nobody else uses: if it has fewer elements then, or is a scalar, or if x is such a
 * view itself, or where f is a multiple, so that numbers meet. (A B)[i] -> A[i] B; (A B)' is a contraction with its letters
 * exchanged; sum(A, 2)[i] -> sum(A[i], 2).
 */
export function viewMoved(view: Node, b: Builder): Node | null {
  if (!isView(view)) return null;
  const [x] = view.inputs;
  if (x.op === 'contract') return contractionPicked(view, x, b);
  if (isReduction(x)) return elementsOf(view) < elementsOf(x) ? reductionPicked(view, x, b) : null;
  return isElementwise(x.op) && isBetterBefore(view, x) ? viewOf(view, x, b, 1) : null;
}

function isBetterBefore(view: Node, x: Node): boolean {
  const [after, before] = [elementsOf(x), elementsOf(view)];
  if (view.shape === SCALAR || before < after) return true;
  if (before > after) return false;
  const isMultiple = (x.op === 'mul' || x.op === 'div') && x.inputs.some(input => input.op === 'const');
  return isMultiple || x.inputs.every(input => input.shape === SCALAR || input.op === view.op);
}

function contractionPicked(view: Node, x: Contraction, b: Builder): Node | null {
  const letters = lettersOf(x);
  const { out } = letters;
  if (view.op === 'permute') {
    const order = view.attrs.permutation.map(axis => out[axis]).join('');
    return b.contract(`${letters.x},${letters.y}->${order}`, x.inputs[0], x.inputs[1]);
  }
  const pick = elementsOf(view) < elementsOf(x) ? alongAxis(view, b) : null;
  if (pick === null) return null;
  const letter = out[pick.axis];
  const own = [letters.x, letters.y];
  const operands = x.inputs.map((input, i) =>
    own[i].includes(letter) ? pick.of(input, own[i].indexOf(letter)) : input,
  );
  const [p, q, result] = [...own, out].map(each => (pick.drops ? each.replace(letter, '') : each));
  return b.contract(`${p},${q}->${result}`, operands[0], operands[1]);
}

type Reduction = Node & { readonly op: (typeof REDUCTIONS)[number] };

const REDUCTIONS = ['reduceSum', 'reduceProd', 'reduceMax', 'reduceMin', 'norm', 'reduceLogsumexp'] as const;

function isReduction(node: Node): node is Reduction {
  return (REDUCTIONS as readonly string[]).includes(node.op);
}

function reductionPicked(
  view: Node,
  { op, inputs: [x], attrs: { axes } }: Reduction,
  b: Builder,
): Node | null {
  const pick = alongAxis(view, b);
  if (pick === null) return null;
  const axis = x.shape.map((_, at) => at).filter(at => !axes.includes(at))[pick.axis];
  const shifted = axes.map(each => (pick.drops && each > axis ? each - 1 : each));
  return b.make(op, [pick.of(x, axis)], { axes: shifted });
}

/** How a slice or a gather picks along one axis; `drops`: the axis is gone from the result. */
interface Pick {
  readonly axis: number;
  readonly drops: boolean;
  readonly of: (x: Node, axis: number) => Node;
}

function alongAxis(view: Node, b: Builder): Pick | null {
  if (view.op === 'slice') {
    const { attrs } = view;
    return { axis: attrs.axis, drops: false, of: (x, axis) => b.slice(x, { ...attrs, axis }) };
  }
  if (view.op !== 'gather') return null;
  const [, index] = view.inputs;
  if (index.shape.length > 1) return null;
  return {
    axis: view.attrs.axis,
    drops: index.shape === SCALAR,
    of: (x, axis) => b.gather(x, index, axis),
  };
}
