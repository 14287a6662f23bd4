// Contractions whose result is symmetric in its two own letters, so that one triangle of it says everything.
//
//   c[i, j] = sum over k of x[i, k] u[k] x[j, k] v[k]   is   c[j, i]
//
// The law: both operands are products of factors; those that depend on the own letter of their operand are the same ones
// after j is renamed to i. What the other factors, the weights, are does not matter. Letters that both operands have may be
// summed over or not. The laws of real numbers are meant: the two triangles may differ by rounding if both are computed.

import type { Node } from '../../ir/graph.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import { sameSize } from '../../ir/size.ts';
import type { Access } from './reads.ts';
import {
  type Index,
  indexKey,
  isView,
  LoopVariable,
  operandIndex,
  throughView,
  variableIndex,
} from './space.ts';

export interface Symmetry {
  /** The letters, each a variable: two of the result alone, and those that both operands have. */
  readonly variables: ReadonlyMap<string, LoopVariable>;
  /** The letters of the result that one operand each has for itself. */
  readonly i: string;
  readonly j: string;
  /** x[i, k], if one tensor is all that depends on i. */
  readonly factor: Access | undefined;
  /** The factors of both operands that depend neither on i nor on j. */
  readonly weights: readonly Access[];
}

/** More factors than this are not looked at. */
const MOST_FACTORS = 16;

/** Why the result of a contraction is symmetric; undefined if it is not, or not plainly. */
export function symmetryOf(node: Extract<Node, { op: 'contract' }>): Symmetry | undefined {
  const { x, y, out } = subscriptsOf(node.attrs.subscripts);
  const ownOf = (own: string, other: string) => [...own].filter(letter => !other.includes(letter));
  const [[i, ...more], [j, ...others]] = [ownOf(x, y), ownOf(y, x)];
  if (i === undefined || j === undefined || more.length + others.length > 0) return undefined;
  if (!out.includes(i) || !out.includes(j)) return undefined;

  const [a, b] = node.inputs;
  const variables = new Map<string, LoopVariable>();
  const indexOf = (own: string, { shape }: Node) =>
    [...own].map((letter, axis): Index<undefined> => {
      const variable = variables.get(letter) ?? new LoopVariable(shape[axis]);
      variables.set(letter, variable);
      return variableIndex(variable);
    });
  const [leftIndex, rightIndex] = [indexOf(x, a), indexOf(y, b)];
  if (!sameSize(variables.get(i)!.size, variables.get(j)!.size)) return undefined;
  const left = factorsOf({ node: a, index: leftIndex }, variables.get(i)!);
  const right = factorsOf({ node: b, index: rightIndex }, variables.get(j)!);
  if (left === undefined || right === undefined) return undefined;

  const [own, other] = [variables.get(i)!, variables.get(j)!];
  const rename = ({ node, index }: Access): Access => {
    return { node, index: index.map(part => substitute(part, other, own)) };
  };
  const renamed = { ...right, own: right.own.map(rename), whole: rename(right.whole) };
  const ids = new Map([...variables.values()].map((variable, at) => [variable, at]));
  const keyOf = (factors: readonly Access[]) =>
    factors
      .map(each => `${each.node.id}:${each.index.map(part => indexKey(part, of => ids.get(of!)!)).join(' ')}`)
      .sort()
      .join();
  if (keyOf(left.own) !== keyOf(renamed.own)) return undefined;
  const unweighted = [left, renamed].find(({ weights }) => weights.length === 0)?.whole;
  const factor = unweighted ?? (left.own.length === 1 ? left.own[0] : undefined);
  return { variables, i, j, factor, weights: [...left.weights, ...right.weights] };
}

/** An element as a product. */
interface Factors {
  readonly whole: Access;
  /** Those that depend on a variable, and those that do not. */
  readonly own: readonly Access[];
  readonly weights: readonly Access[];
}

function substitute(index: Index<undefined>, from: LoopVariable, to: LoopVariable): Index<undefined> {
  const terms = new Map([...index.terms].map(([variable, c]) => [variable === from ? to : variable, c]));
  return { ...index, terms };
}

/** The factors of an element, through views and products; undefined if they are many. */
function factorsOf(whole: Access, variable: LoopVariable): Factors | undefined {
  const own: Access[] = [];
  const weights: Access[] = [];
  const pending = [whole];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, index } = next;
    if (own.length + weights.length + pending.length >= MOST_FACTORS) return undefined;
    if (!index.some(({ terms }) => terms.has(variable))) weights.push(next);
    else if (isView(node)) pending.push({ node: node.inputs[0], index: throughView(node, index) });
    else if (node.op === 'mul') {
      for (const input of node.inputs) {
        pending.push({ node: input, index: operandIndex(input.shape, node.shape, index) });
      }
    } else own.push(next);
  }
  return { whole, own, weights };
}
