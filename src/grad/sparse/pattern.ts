// The pattern of a Jacobian or a Hessian, element by element, of programs that stay loops: every operation is applied as
// ir/tensors.ts says, to sets of input elements in place of numbers. Constants are numbers here too, so that a literal index,
// a mask of positions and the zeros of padding are seen as what they are. Where an index depends on an input the pattern
// holds for every value of it: an access reaches all elements along its axis.
//
// The cost is that of evaluating the program times the mean size of the sets; beyond a limit there is no answer.

import type { Node } from '../../ir/graph.ts';
import { liveNodes } from '../../ir/live.ts';
import { isElementwise } from '../../ir/ops.ts';
import { isStatic } from '../../ir/shape.ts';
import type { Sparsity } from '../../ir/sparse.ts';
import { applyOperation, countOf, shapeAt, type Tensor } from '../../ir/tensors.ts';
import type { Rules } from '../rules.ts';
import { gatheredAnywhere, scatteredAnywhere } from './anywhere.ts';
import { type Abstract, Dependence, Dependences, TooDenseError } from './dependence.ts';
import { sparsityOfRows, symmetricPart } from './sparsity.ts';

/** Operations on sets and visits of their members that a pattern may cost: about a second. */
export const LIMIT = 3e7;

/**
 * Where the derivatives of `outputs` by `wrt` may be nonzero: a row for every element of the outputs, a column for every
 * element of the inputs, in order, row-major. Undefined if there are named sizes or the cost is beyond `limit`.
 */
export function jacobianPattern(
  rules: Rules,
  outputs: readonly Node[],
  wrt: readonly Node[],
  limit = LIMIT,
): Sparsity | undefined {
  const nodes = liveNodes(outputs);
  if (![...nodes, ...wrt].every(({ shape }) => isStatic(shape))) return undefined;
  const columns = wrt.reduce((sum, node) => sum + elementCount(node), 0);
  try {
    const values = dependencesOf(nodes, wrt, new Dependences(rules, columns, limit));
    const rows = outputs.flatMap(node => Array.from(values.get(node)!.elements, membersOf));
    return sparsityOfRows(rows, columns);
  } catch (error) {
    if (error instanceof TooDenseError) return undefined;
    throw error;
  }
}

/**
 * Where the second derivatives by `wrt` may be nonzero, given the first ones (null: zero): a row and a column for every
 * element of the inputs. A Hessian is symmetric, so what one of its halves shows to be zero is zero in the other.
 */
export function hessianPattern(
  rules: Rules,
  gradient: readonly (Node | null)[],
  wrt: readonly Node[],
  limit = LIMIT,
): Sparsity | undefined {
  const present = gradient.filter(node => node !== null);
  const pattern = jacobianPattern(rules, present, wrt, limit);
  if (pattern === undefined) return undefined;
  // Rows of inputs that have no gradient are empty.
  const rowOf = gradient.flatMap((node, k) => {
    const first = wrt.slice(0, k).reduce((sum, input) => sum + elementCount(input), 0);
    return node === null ? [] : Array.from({ length: elementCount(node) }, (_, e) => first + e);
  });
  const rowIndex = pattern.rowIndex.map(row => rowOf[row]);
  return symmetricPart({ ...pattern, rows: pattern.columns, rowIndex });
}

/** What each element of each node depends on. */
function dependencesOf(
  nodes: readonly Node[],
  wrt: readonly Node[],
  sets: Dependences,
): ReadonlyMap<Node, Tensor<Abstract>> {
  const values = new Map<Node, Tensor<Abstract>>();
  let position = 0;
  for (const node of wrt)
    values.set(
      node,
      filled(node, () => sets.only(position++)),
    );
  for (const node of nodes) {
    if (values.has(node)) continue;
    sets.spend(elementCount(node));
    const operands = node.inputs.map(input => values.get(input)!);
    const { shape, elements } = abstractValue(node, operands, sets);
    values.set(node, { shape, elements: Array.from(elements, x => sets.settled(x)) });
  }
  return values;
}

function abstractValue(
  node: Node,
  operands: readonly Tensor<Abstract>[],
  sets: Dependences,
): Tensor<Abstract> {
  const isUnknown = (x: Abstract) => x instanceof Dependence;
  const hasNothing = ({ elements }: Tensor<Abstract>) => every(elements, x => x === sets.nothing);
  if (node.op === 'input' || (keepsNothing(node) && operands.every(hasNothing))) {
    return filled(node, () => sets.nothing);
  }
  if (node.op === 'gather' && !every(operands[1].elements, x => !isUnknown(x))) {
    return gatheredAnywhere(node, operands[0], operands[1], sets);
  }
  if (node.op === 'scatterAdd' && !every(operands[1].elements, x => !isUnknown(x))) {
    return scatteredAnywhere(node, operands[0], operands[1], sets);
  }
  return applyOperation(node, operands, sets.algebra, NO_SIZES);
}

/** True if the result is made of the operands alone, so that data need not be looked at: no padding, no empty sum. */
function keepsNothing({ op, inputs }: Node): boolean {
  if (inputs.length === 0 || inputs.some(input => elementCount(input) === 0)) return false;
  return isElementwise(op) || op === 'contract' || op === 'reduceSum';
}

function filled(node: Node, element: () => Abstract): Tensor<Abstract> {
  return {
    shape: shapeAt(node.shape, NO_SIZES),
    elements: Array.from({ length: elementCount(node) }, element),
  };
}

function elementCount({ shape }: Node): number {
  return countOf(shape as readonly number[]); // static, or there is no pattern
}

function membersOf(x: Abstract): Int32Array {
  return typeof x === 'number' ? NO_MEMBERS : x.members!; // settled
}

function every<T>(elements: ArrayLike<T>, test: (x: T) => boolean): boolean {
  for (let k = 0; k < elements.length; k++) if (!test(elements[k])) return false;
  return true;
}

const NO_SIZES: ReadonlyMap<string, number> = new Map();
const NO_MEMBERS = new Int32Array(0);
