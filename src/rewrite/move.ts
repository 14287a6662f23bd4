// Optimisation that moves work to where there are fewer elements: factors out of sums and contractions or to the other
// operand, sums into products. Each step is told that the value which it takes apart has no
// other use; it answers null if nothing is gained.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { elementsIn, elementsOf, lengthOf } from './cost.ts';
import {
  aligned,
  areAmong,
  type Contraction,
  contracted,
  type Lettered,
  lettersOf,
  varying,
} from './letters.ts';

type Reduction = Node & { readonly op: 'reduceSum' };

/** sum(x) for an x that nobody else uses. */
export function sumMoved(node: Reduction, b: Builder): Node | null {
  const [x] = node.inputs;
  switch (x.op) {
    case 'mul':
    case 'div':
      return sumOfProduct(x, node.attrs.axes, b);
    case 'contract':
      return sumOfContraction(x, node.attrs.axes, b);
    case 'reduceSum':
      return sumOfSum(x, node.attrs.axes, b);
    default:
      return null;
  }
}

/** sum_ij a_i B_ij -> sum_i a_i sum_j B_ij; sum_ij a_i b_j -> sum_i a_i sum_j b_j; sum_i x_i / c -> (sum_i x_i) / c. */
function sumOfProduct(product: Node, axes: readonly number[], b: Builder): Node | null {
  const { op, shape, inputs } = product;
  const [f, g] = inputs.map(input => input.shape);
  const alone = (own: Shape, other: Shape) =>
    axes.filter(axis => varies(own, shape, axis) && !varies(other, shape, axis));
  const [onlyF, onlyG] = [alone(f, g), op === 'mul' ? alone(g, f) : []];
  const gone = [...onlyF, ...onlyG];
  if (gone.length === 0) return null;
  const [left, right] = [onlyF, onlyG].map((own, i) => {
    const full = b.reshape(inputs[i], padded(inputs[i].shape, shape.length));
    const sum = b.expand(b.reduceSum(full, own), own);
    return b.reshape(sum, without(sum.shape, gone));
  });
  const factors = b.broadcast(b.make(op, [left, right]), without(shape, gone));
  const rest = shape.map((_, axis) => axis).filter(axis => !gone.includes(axis));
  return b.reduceSum(
    factors,
    rest.flatMap((axis, at) => (axes.includes(axis) ? [at] : [])),
  );
}

/** The axes of a result that are summed are summed before. */
function sumOfContraction(x: Contraction, axes: readonly number[], b: Builder): Node {
  const { x: p, y: q, out } = lettersOf(x);
  const kept = [...out].filter((_, axis) => !axes.includes(axis)).join('');
  return b.contract(`${p},${q}->${kept}`, x.inputs[0], x.inputs[1]);
}

function sumOfSum({ inputs: [x], attrs }: Reduction, axes: readonly number[], b: Builder): Node {
  const kept = x.shape.map((_, axis) => axis).filter(axis => !attrs.axes.includes(axis));
  return b.reduceSum(x, [...attrs.axes, ...axes.map(axis => kept[axis])]);
}

/**
 * A factor or a denominator of operand `at`, which nobody else uses, goes to the other operand or to the result if it
 * does not vary otherwise and there are fewer elements.
 */
export function factorMoved(node: Contraction, at: 0 | 1, b: Builder): Node | null {
  const letters = lettersOf(node);
  const [own, other] = at === 0 ? [letters.x, letters.y] : [letters.y, letters.x];
  const { out } = letters;
  const [x, y] = [node.inputs[at], node.inputs[1 - at]];
  if (x.op !== 'mul' && x.op !== 'div') return null;
  const candidates = x.op === 'mul' ? [0, 1] : [1];
  for (const i of candidates) {
    const factor = varying(b, x.inputs[i], own);
    const rest: Lettered = {
      node: b.broadcast(x.op === 'div' || i === 1 ? x.inputs[0] : x.inputs[1], x.shape),
      letters: own,
    };
    const fitsOther = areAmong(factor.letters, other) && elementsOf(y) < elementsOf(x);
    const fitsResult = areAmong(factor.letters, out) && elementsOf(node) < elementsOf(x);
    if (fitsResult && (!fitsOther || elementsOf(node) <= elementsOf(y))) {
      const product = contracted(b, rest, { node: y, letters: other }, out);
      return b.make(x.op, [product, aligned(b, factor, out)]);
    }
    if (fitsOther) {
      const scaled = b.make(x.op, [y, aligned(b, factor, other)]);
      return contracted(b, rest, { node: scaled, letters: other }, out);
    }
  }
  return null;
}

/** c (x y) -> (c x) y for a number c if an operand of the contraction, which nobody else uses, is smaller than the result. */
export function numberIntoContraction(c: Node, node: Contraction, b: Builder): Node | null {
  const [x, y] = node.inputs;
  const isLeft = elementsOf(x) <= elementsOf(y);
  if (elementsIn(c.shape) !== 1 || elementsOf(isLeft ? x : y) >= elementsOf(node)) return null;
  const number = b.reshape(c, []);
  return b.rebuild(node, isLeft ? [b.mul(number, x), y] : [x, b.mul(number, y)]);
}

/** s (t X) -> (s t) X, where s t has fewer elements than t X, which has no other use. */
export function smallJoined(s: Node, product: Node, b: Builder): Node | null {
  if (product.op !== 'mul') return null;
  const [p, q] = product.inputs;
  const [t, X] = elementsOf(p) <= elementsOf(q) ? [p, q] : [q, p];
  const joint = elementsIn(b.graph.shapeOf([s, t]));
  return joint < elementsOf(product) ? b.mul(b.mul(s, t), X) : null;
}

/** (A B) v -> A (B v) for a contraction A B, operand `at`, that nobody else uses, where that takes fewer products. */
export function reassociated(node: Contraction, at: 0 | 1, b: Builder): Node | null {
  const inner = node.inputs[at];
  if (inner.op !== 'contract') return null;
  const { x, y, out } = lettersOf(node);
  const [own, other] = at === 0 ? [x, y] : [y, x];
  const v: Lettered = { node: node.inputs[1 - at], letters: other };
  const [A, B] = renamed(inner, own, x + y + out);
  const lengths = lengthsOf([A, B, v]);
  const products = (letters: string) =>
    [...new Set(letters)].reduce((count, letter) => count * lengths.get(letter)!, 1);

  let least = products(A.letters + B.letters) + products(own + other);
  let best: (() => Node) | null = null;
  for (const [first, last] of [
    [B, A],
    [A, B],
  ]) {
    const all = [...new Set(first.letters + v.letters)];
    const kept = all.filter(letter => (last.letters + out).includes(letter)).join('');
    const count = products(first.letters + v.letters) + products(last.letters + kept);
    if (count >= least) continue;
    least = count;
    best = () => contracted(b, last, { node: contracted(b, first, v, kept), letters: kept }, out);
  }
  return best?.() ?? null;
}

/** The operands of a contraction whose result has the letters `own`; other letters are none of `taken`. */
function renamed(node: Contraction, own: string, taken: string): readonly [Lettered, Lettered] {
  const { x, y, out } = lettersOf(node);
  const free = [...LETTERS].filter(letter => !taken.includes(letter));
  const names = new Map([...out].map((letter, axis) => [letter, own[axis]] as const));
  for (const letter of x + y) if (!names.has(letter)) names.set(letter, free[names.size]);
  const rename = (letters: string) => [...letters].map(letter => names.get(letter)!).join('');
  return [
    { node: node.inputs[0], letters: rename(x) },
    { node: node.inputs[1], letters: rename(y) },
  ];
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

function lengthsOf(operands: readonly Lettered[]): ReadonlyMap<string, number> {
  return new Map(
    operands.flatMap(({ node, letters }) =>
      [...letters].map((letter, axis) => [letter, lengthOf(node.shape[axis])] as const),
    ),
  );
}

/** True if an operand of shape `own` varies along an axis of the shape that it broadcasts to. */
function varies(own: Shape, full: Shape, axis: number): boolean {
  return (own[axis - full.length + own.length] ?? 1) !== 1;
}

function padded(shape: Shape, rank: number): Shape {
  return [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
}

function without(shape: Shape, axes: readonly number[]): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}
