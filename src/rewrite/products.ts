// Products that the calculus has to see as they are: with a zero factor, which stands outermost, and contractions of
// elements with their own logarithms.

import { type Builder, isZero } from '../ir/build.ts';
import type { AttrsOf, Node } from '../ir/graph.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { hasFactor } from './match.ts';

/** Moves a zero factor to the top of its product, where the calculus looks for it, through sums and views. */
export function zeroOf(node: Node, b: Builder): Node | null {
  const [x, y] = node.inputs;
  switch (node.op) {
    case 'div': {
      const zero = zeroTimes(x);
      return zero && b.mul(zero.zero, b.div(zero.rest, y));
    }
    case 'mul':
      if (isZero(x) || isZero(y)) return null;
      return zeroOfProduct(x, y, (p, q) => b.mul(p, q), b);
    case 'contract': {
      const full = (part: Node, of: Node) => b.broadcast(part, of.shape);
      return zeroOfProduct(x, y, (p, q) => b.rebuild(node, [full(p, x), full(q, y)]), b);
    }
    default: {
      const zero = zeroTimes(x);
      return (
        zero && b.mul(zero.zero, b.rebuild(node, [b.broadcast(zero.rest, x.shape), ...node.inputs.slice(1)]))
      );
    }
  }
}

function zeroOfProduct(x: Node, y: Node, make: (x: Node, y: Node) => Node, b: Builder): Node | null {
  const left = zeroTimes(x) ?? zeros(x, b);
  if (left !== null) return b.mul(left.zero, make(left.rest, y));
  const right = zeroTimes(y) ?? zeros(y, b);
  return right && b.mul(right.zero, make(x, right.rest));
}

/** 0 and x of a product 0 x. */
interface ZeroTimes {
  readonly zero: Node;
  readonly rest: Node;
}

/** A tensor of zeros is 0 times one of ones. */
function zeros({ op, inputs: [x] }: Node, b: Builder): ZeroTimes | null {
  return op === 'broadcast' && isZero(x) ? { zero: x, rest: b.constant(1) } : null;
}

function zeroTimes({ op, inputs: [x, y] }: Node): ZeroTimes | null {
  if (op !== 'mul') return null;
  return isZero(x) ? { zero: x, rest: y } : isZero(y) ? { zero: y, rest: x } : null;
}

/** The contraction of two tensors over all letters of both, or a batch of such, as a sum of stable products. */
export function timesOwnLogarithms(node: Node, b: Builder): Node | null {
  const { x: p, y: q, out } = subscriptsOf((node.attrs as AttrsOf['contract']).subscripts);
  const [x, y] = node.inputs;
  if (p.length !== q.length || ![...q].every(letter => p.includes(letter))) return null;
  if (!hasLogarithm(x, b) && !hasLogarithm(y, b)) return null;
  const turned = b.permute(
    y,
    [...p].map(letter => q.indexOf(letter)),
  );
  const product = b.mul(x, turned);
  if (!hasFactor(product, b, isOwnLogarithm, 4)) return null;
  const axes = [...p].flatMap((letter, axis) => (out.includes(letter) ? [] : [axis]));
  const kept = [...p].filter(letter => out.includes(letter)).join('');
  const sum = b.reduceSum(b.broadcast(product, x.shape), axes);
  return b.permute(
    sum,
    [...out].map(letter => kept.indexOf(letter)),
  );
}

function hasLogarithm(node: Node, b: Builder): boolean {
  return hasFactor(node, b, ({ op }) => op.startsWith('log'), 4);
}

function isOwnLogarithm({ op }: Node): boolean {
  return op === 'xlogx' || op === 'xlogy' || op === 'xlog1py';
}
