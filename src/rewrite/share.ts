// Optimisation that needs to see the whole graph: who uses a value, and what else is computed from the same operands.
// One survey of the old graph, then one copy:
//
//   shared reciprocals    a / d, b / d    -> r = 1 / d, a r, b r
//   shared exponentials   exp(x), exp(-x) -> e = exp(x), 1 / e;  exp(2 x) -> e e
//   shared powers         x^n, x^(n-1)    -> p = x^n, p / x where x is not 0
//   shared logarithms     x log(x), log(x) -> l = log(x), x is 0 ? 0 : x l
//   factoring             a b + a c       -> a (b + c) where the products have no other use; a b + (-a) c likewise
//   constants outward     (c x) y         -> c (x y) where c x has no other use, so that constants meet
//   smaller divisors      X / d           -> X (1 / d) where d has fewer elements
//   work on fewer elements, where what is taken apart has no other use: move.ts, picked.ts

import { type Builder, constantOf } from '../ir/build.ts';
import type { ConstNode, Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import { isElementwise, type OpName } from '../ir/ops.ts';
import { type Program, rootsOf } from '../ir/program.ts';
import { SCALAR } from '../ir/shape.ts';
import { elementsIn, elementsOf } from './cost.ts';
import { rebuilt } from './engine.ts';
import type { Contraction } from './letters.ts';
import { scaled } from './match.ts';
import { factorMoved, numberIntoContraction, reassociated, smallJoined, sumMoved } from './move.ts';
import { viewMoved } from './picked.ts';
import { constantTimes, mergeable } from './simplify.ts';

/** The program rebuilt with `b`, work shared wherever the survey says that it pays. */
export function share(program: Program, b: Builder): Program {
  const live = liveNodes(rootsOf(program));
  const survey = surveyOf(program, live);
  /** For each core u the first exponential of a multiple of u that was built. */
  const exponentials = new Map<Node, { readonly coefficient: number; readonly value: Node }>();

  const step = (node: Node, inputs: readonly Node[]): Node => {
    switch (node.op) {
      case 'div':
        return divided(node, inputs);
      case 'exp':
        return exponential(inputs[0]);
      case 'pow':
        return power(node, inputs);
      case 'xlogx':
        return survey.hasLog(node.inputs[0]) ? timesLogarithm(inputs[0], inputs[0]) : b.rebuild(node, inputs);
      case 'xlogy':
        return survey.hasLog(node.inputs[1]) ? timesLogarithm(inputs[0], inputs[1]) : b.rebuild(node, inputs);
      case 'mul':
        return hoisted(node, inputs) ?? b.rebuild(node, inputs);
      case 'add':
      case 'sub':
        return (
          (survey.usedOnce(node.inputs[0]) && survey.usedOnce(node.inputs[1]) && factored(node, inputs)) ||
          b.rebuild(node, inputs)
        );
      default:
        return isElementwise(node.op) ? b.rebuild(node, inputs) : moved(node, b.rebuild(node, inputs));
    }
  };
  return rebuilt(program, b, step, live);

  /** A denominator that others have too is inverted once; a constant in one that nobody else has moves out of it. */
  function divided(node: Node, [x, y]: readonly Node[]): Node {
    if (y.op === 'const') return b.div(x, y);
    if (elementsOf(y) < elementsOf(node)) return b.mul(x, b.div(1, y));
    if (survey.divisions(node.inputs[1]) > 1) return b.mul(x, b.div(1, y));
    const scaled = survey.usedOnce(node.inputs[1]) ? constantTimes(y) : null;
    return scaled === null || x.op === 'const' ? b.div(x, y) : b.mul(1 / scaled.c, b.div(x, scaled.x));
  }

  /** A small multiple of an exponent that was met before is a power of its exponential. */
  function exponential(x: Node): Node {
    const { coefficient, core } = scaled(x);
    if (core === null) return b.exp(x);
    const base = exponentials.get(core);
    const multiple = base === undefined ? Number.NaN : coefficient / base.coefficient;
    if (base !== undefined && Number.isInteger(multiple) && Math.abs(multiple) <= 4) {
      return b.pow(base.value, multiple);
    }
    const value = b.exp(x);
    exponentials.set(core, { coefficient, value });
    return value;
  }

  /** x log(y), 0 where x is 0 unless y is NaN. */
  function timesLogarithm(x: Node, y: Node): Node {
    const zero = x === y ? b.eq(x, 0) : b.and(b.eq(x, 0), b.eq(y, y));
    return b.select(zero, 0, b.mul(x, b.log(y)));
  }

  /** x^(y-1) next to x^y, for y that no product expresses. */
  function power(node: Node, inputs: readonly Node[]): Node {
    const own = b.rebuild(node, inputs);
    const above = survey.nextPower(node);
    if (own.op !== 'pow' || above === undefined) return own;
    const [x, y] = inputs;
    const n = constantOf(above);
    if (n === undefined && y.op !== 'sub') return own;
    const next = b.pow(x, n === undefined ? y.inputs[0] : n);
    return b.select(b.ne(x, 0), b.div(next, x), own);
  }

  /** `own` is `node` rebuilt; its operands may be taken apart if those of `node` have no other use. */
  function moved(node: Node, own: Node): Node {
    if (own.op !== node.op) return own;
    const isFree = (i: number) => survey.isFree(node.inputs[i]);
    if (own.op === 'contract') {
      for (const at of [0, 1] as const) {
        const better = isFree(at) ? (factorMoved(own, at, b) ?? reassociated(own, at, b)) : null;
        if (better !== null) return better;
      }
      return own;
    }
    if (own.inputs.length === 0 || !isFree(0)) return own;
    return (own.op === 'reduceSum' ? sumMoved(own, b) : viewMoved(own, b)) ?? own;
  }

  /** (c x) (d y) -> (c d) (x y), and c outward from a product that has it to itself, if that is not dearer. */
  function hoisted(node: Node, [x, y]: readonly Node[]): Node | null {
    const [isOwnX, isOwnY] = node.inputs.map(survey.usedOnce);
    if (x.op === 'const') return isOwnY ? merged(x, y) : null;
    if (y.op === 'const') return isOwnX ? merged(y, x) : null;
    const size = elementsOf(node);
    const left = isOwnX ? constantTimes(x) : null;
    const right = isOwnY ? constantTimes(y) : null;
    const isSmall = elementsOf(x) < size || elementsOf(y) < size;
    if (left !== null && right !== null && !isSmall) return b.mul(left.c * right.c, b.mul(left.x, right.x));
    if (left !== null && right !== null) {
      const [p, q] = elementsOf(x) <= elementsOf(y) ? [left.x, right.x] : [right.x, left.x];
      return b.mul(b.mul(left.c * right.c, p), q);
    }
    if (left !== null && elementsOf(x) === size) return b.mul(left.c, b.mul(left.x, y));
    if (right !== null && elementsOf(y) === size) return b.mul(right.c, b.mul(x, right.x));
    const [p, q] = node.inputs;
    return (survey.isFree(p) && joinedInto(y, x)) || (survey.isFree(q) && joinedInto(x, y)) || null;
  }

  /** What multiplies a product of different shapes, or a contraction, that has no other use. */
  function joinedInto(s: Node, product: Node): Node | null {
    return product.op === 'contract'
      ? numberIntoContraction(s, product as Contraction, b)
      : smallJoined(s, product, b);
  }

  /** c (x (d y)) -> (c d) (x y), whoever else uses d y; else c into a smaller factor. */
  function merged(c: ConstNode, product: Node): Node | null {
    if (product.op === 'contract') return numberIntoContraction(c, product as Contraction, b);
    const { value } = c.attrs;
    if (product.op !== 'mul' || !mergeable(value)) return null;
    for (const i of [0, 1]) {
      const inner = constantTimes(product.inputs[i]);
      if (inner === null) continue;
      const [x, y] = [product.inputs[1 - i], inner.x];
      const scale = value * inner.c;
      return elementsOf(y) < elementsOf(product) ? b.mul(x, b.mul(scale, y)) : b.mul(scale, b.mul(x, y));
    }
    return smallJoined(c, product, b);
  }

  /** a b + a c -> a (b + c); a / d + b / d -> (a + b) / d; unless the sum has more elements than the products. */
  function factored(node: Node, [x, y]: readonly Node[]): Node | null {
    const isDearer = (p: Node, q: Node) =>
      elementsIn(b.graph.shapeOf([p, q])) > elementsOf(x) + elementsOf(y);
    if (x.op === 'mul' && y.op === 'mul') {
      for (const i of [0, 1]) {
        for (const j of [0, 1]) {
          const [p, q] = [x.inputs[1 - i], y.inputs[1 - j]];
          if (x.inputs[i] !== y.inputs[j] || isDearer(p, q)) continue;
          return b.mul(x.inputs[i], b.rebuild(node, [p, q]));
        }
      }
    }
    const opposite = node.shape !== SCALAR && x.op === 'mul' && y.op === 'mul' ? oppositeFactors(x, y) : null;
    if (opposite !== null) {
      const { factor, p, q } = opposite;
      if (!isDearer(p, q)) return b.mul(factor, node.op === 'add' ? b.sub(p, q) : b.add(p, q));
    }
    if (x.op === 'div' && y.op === 'div' && x.inputs[1] === y.inputs[1]) {
      const [p, q] = [x.inputs[0], y.inputs[0]];
      return elementsOf(node) > elementsOf(x) ? null : b.div(b.rebuild(node, [p, q]), x.inputs[1]);
    }
    return null;
  }
}

/** f, p and q of f p and -f q, where f is c / d and -f is -c / d. */
function oppositeFactors(x: Node, y: Node): { factor: Node; p: Node; q: Node } | null {
  for (const [i, factor] of x.inputs.entries()) {
    for (const [j, other] of y.inputs.entries()) {
      if (factor.op !== 'div' || other.op !== 'div' || factor.inputs[1] !== other.inputs[1]) continue;
      const [c, d] = [factor.inputs[0], other.inputs[0]].map(constantOf);
      if (c === undefined || d === undefined || c !== -d) continue;
      return { factor, p: x.inputs[1 - i], q: y.inputs[1 - j] };
    }
  }
  return null;
}

interface Survey {
  readonly usedOnce: (node: Node) => boolean;
  /** True if a value is used once, and so is what is left of it when a local rule has moved or dropped what surrounds it. */
  readonly isFree: (node: Node) => boolean;
  /** How many quotients have this denominator and would be products with its reciprocal, or are that. */
  readonly divisions: (denominator: Node) => number;
  /** True if log(x) is computed anyway. */
  readonly hasLog: (x: Node) => boolean;
  /** For x^y with y = z - 1: the z of a live x^z. */
  readonly nextPower: (power: Node) => Node | undefined;
}

function surveyOf(program: Program, live: readonly Node[]): Survey {
  const size = program.graph.nodes.length;
  const uses = new Uint32Array(size);
  const divisions = new Uint32Array(size);
  const logs = new Set<Node>();
  const powers = new Map<Node, Map<number | Node, Node>>();
  for (const node of live) {
    for (const input of node.inputs) uses[input.id]++;
    if (node.op === 'div' && gainsByReciprocal(node.inputs[0])) divisions[node.inputs[1].id]++;
    if (node.op === 'log') logs.add(node.inputs[0]);
    if (node.op === 'pow') {
      const [x, y] = node.inputs;
      const exponents = powers.get(x) ?? new Map<number | Node, Node>();
      powers.set(x, exponents.set(exponentOf(y), y));
    }
  }
  for (const root of rootsOf(program)) uses[root.id]++;
  const usedOnce = (node: Node) => uses[node.id] === 1;
  return {
    usedOnce,
    isFree: node => {
      let core = node;
      for (; usedOnce(core) && SURROUNDINGS.has(core.op); core = core.inputs[0]);
      return usedOnce(core);
    },
    divisions: node => divisions[node.id],
    hasLog: x => logs.has(x),
    nextPower: ({ inputs: [x, y] }) => {
      const z = oneMore(y);
      return z === undefined ? undefined : powers.get(x)?.get(z);
    },
  };
}

/** A number over d stays what it is beside 1 / d: 2 (1 / d) is 2 / d again. */
function gainsByReciprocal(numerator: Node): boolean {
  const c = constantOf(numerator);
  return c === undefined || Math.abs(c) === 1;
}

const SURROUNDINGS: ReadonlySet<OpName> = new Set(['neg', 'permute', 'reshape', 'broadcast']);

/** What tells exponents apart: the number, or the node if it is not constant. */
function exponentOf(y: Node): number | Node {
  return constantOf(y) ?? y;
}

/** The exponent z for y = z - 1: a number, or the z of the difference. */
function oneMore(y: Node): number | Node | undefined {
  const n = constantOf(y);
  if (n !== undefined) return n + 1 - 1 === n ? n + 1 : undefined;
  return y.op === 'sub' && constantOf(y.inputs[1]) === 1 ? exponentOf(y.inputs[0]) : undefined;
}
