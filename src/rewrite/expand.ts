// Operations in terms of what loops compute, for code generation: reductions that are not one sum, and functions that share
// their exponentials. The last step before loops are made; it preserves values.
//
//   logsumexp(x) -> m + log(sum(exp(x - m))) with m = max(x); the weights exp(x - logsumexp(x)) -> exp(x - m) / sum
//   sigmoid(x), sigmoid(-x), softplus(x), softplus(-x), if there are two of them -> from one e = exp(-|x|)
//   sigmoid(x) sigmoid(-x) -> e / (1 + e)^2
//   norm(x)      -> sqrt(sum(x^2)), and where that sum overflows or underflows, the same of scaled numbers
//
// The norm follows J. L. Blue, A portable Fortran program to find the Euclidean norm of a vector (1978): three sums in
// one pass, none of which costs a division.

import { builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import { type Program, rootsOf } from '../ir/program.ts';
import { freshGraph, rebuilt } from './engine.ts';

/** Sums of squares are trusted between these. */
const SMALL = 1e-290;
const LARGE = 1e290;
const UP = 2 ** 500;
const DOWN = 2 ** -500;

/** The program without `norm` and `reduceLogsumexp`. */
export function expand(program: Program): Program {
  const b = builder(freshGraph(program));
  /** By logsumexp: what its weights are made of. */
  const parts = new Map<Node, { readonly x: Node; readonly shifted: Node; readonly inverse: Node }>();

  const shared = sharedLogistics(program);
  const ofLogistics = new Set([...shared].map(node => core(node.inputs[0])));

  /** e = exp(-|x|) and 1 / (1 + e), for the x of which `node` is a function, or its negative. */
  const logistic = (node: Node, [argument]: readonly Node[]): Node => {
    const isNegative = argument.op === 'neg';
    const x = isNegative ? argument.inputs[0] : argument;
    const e = b.exp(b.neg(b.abs(x)));
    if (node.op === 'softplus') return b.add(b.max(argument, 0), b.log1p(e));
    const inverse = b.div(1, b.add(1, e));
    const other = b.mul(e, inverse);
    return isNegative ? b.select(b.le(0, x), other, inverse) : b.select(b.le(0, x), inverse, other);
  };

  const step = (node: Node, inputs: readonly Node[]): Node => {
    switch (node.op) {
      case 'mul': {
        const x = slopeArgument(node);
        if (x === undefined) return b.rebuild(node, inputs);
        const e = b.exp(b.neg(b.abs(image.get(x)!)));
        const inverse = b.div(1, b.add(1, e));
        return b.mul(b.mul(e, inverse), inverse);
      }
      case 'sigmoid':
      case 'softplus':
        return shared.has(node) ? logistic(node, inputs) : b.rebuild(node, inputs);
      case 'reduceLogsumexp': {
        const [x] = inputs;
        const { axes } = node.attrs;
        const most = b.reduceMax(x, axes);
        const shifted = b.exp(b.sub(x, b.expand(most, axes)));
        const total = b.reduceSum(shifted, axes);
        // Of infinities their maximum is the answer: what is finite beside them weighs nothing, and their sum is NaN.
        const isOrdinary = b.lt(b.abs(most), Number.POSITIVE_INFINITY);
        const result = b.select(isOrdinary, b.add(most, b.log(total)), most);
        parts.set(result, { x, shifted, inverse: b.select(isOrdinary, b.div(1, total), 0) });
        return result;
      }
      case 'norm': {
        const [x] = inputs;
        const { axes } = node.attrs;
        const square = (factor: number) => {
          const scaled = b.mul(factor, x);
          return b.reduceSum(b.mul(scaled, scaled), axes);
        };
        const sum = square(1);
        const root = (s: Node, factor: number) => b.mul(factor, b.sqrt(s));
        return b.select(
          b.lt(sum, SMALL),
          root(square(UP), DOWN),
          b.select(b.lt(sum, LARGE), b.sqrt(sum), root(square(DOWN), UP)),
        );
      }
      case 'exp': {
        const weights = weightsOf(inputs[0]);
        return weights ?? b.rebuild(node, inputs);
      }
      default:
        return b.rebuild(node, inputs);
    }
  };

  /** exp(x - logsumexp(x)) from the exponentials that the logsumexp has summed up. */
  const weightsOf = (difference: Node): Node | null => {
    if (difference.op !== 'sub') return null;
    const [x, y] = difference.inputs;
    const isExpanded = y.op === 'reshape';
    const own = parts.get(isExpanded ? y.inputs[0] : y);
    if (own === undefined || own.x !== x) return null;
    return b.mul(own.shifted, isExpanded ? b.reshape(own.inverse, y.shape) : own.inverse);
  };

  /** The copies of what logistic functions are functions of. */
  const image = new Map<Node, Node>();
  return rebuilt(program, b, (node, inputs) => {
    const copy = step(node, inputs);
    if (ofLogistics.has(node)) image.set(node, copy);
    return copy;
  });
}

/** The logistic functions that have another one of the same argument, or of its negative, beside them. */
function sharedLogistics(program: Program): ReadonlySet<Node> {
  const byArgument = new Map<Node, Node[]>();
  for (const node of liveNodes(rootsOf(program))) {
    if (node.op !== 'sigmoid' && node.op !== 'softplus') continue;
    const [x] = node.inputs;
    const own = byArgument.get(core(x));
    if (own === undefined) byArgument.set(core(x), [node]);
    else own.push(node);
  }
  return new Set([...byArgument.values()].filter(nodes => nodes.length > 1).flat());
}

/** x for x and -x. */
function core(x: Node): Node {
  return x.op === 'neg' ? x.inputs[0] : x;
}

/** The x of sigmoid(x) sigmoid(-x), the slope of sigmoid. */
function slopeArgument({ inputs: [p, q] }: Node): Node | undefined {
  if (p.op !== 'sigmoid' || q.op !== 'sigmoid' || p === q) return undefined;
  const x = core(p.inputs[0]);
  return core(q.inputs[0]) === x ? x : undefined;
}
