// Sparse derivatives by colours: one forward sweep whose tangents have a further first axis, with one index for each colour.
// The seed of an input is 1 where an element has the colour, and nothing elsewhere; what comes out is the compressed matrix,
// from which the nonzeros are gathered at places that are known now. A Jacobian by rows is the same done to its transpose:
// forward mode through the adjoints of the inputs, which are linear in the cotangents of the outputs.
//
// An infinite or undefined element stays alone as long as tangents are computed element by element, moved and summed: guards
// keep other colours out. In a product of matrices a tangent is a number, so that zeros of other colours times an infinite
// factor are NaN, as in all products with such a factor.

import type { Builder } from '../../ir/build.ts';
import type { InputNode, Node } from '../../ir/graph.ts';
import type { Shape } from '../../ir/shape.ts';
import type { Compressed } from '../../ir/sparse.ts';
import { countOf } from '../../ir/tensors.ts';
import { type Flow, masked } from '../flow.ts';
import type { Pushforward } from '../forward.ts';
import { repeated } from '../maps.ts';
import type { Pullback } from '../reverse.ts';
import type { Rules } from '../rules.ts';
import { hessianColouring, jacobianColouring } from './colouring.ts';
import type { Colouring } from './greedy.ts';
import { hessianPattern, jacobianPattern, LIMIT } from './pattern.ts';
import { columnRecovery, type Recovery, rowRecovery, symmetricRecovery } from './recovery.ts';

/** What a matrix may take to be compressed. */
export interface Limits {
  /** Operations and visits that finding the pattern may take. */
  readonly work: number;
  readonly nonzeros: number;
  /** Elements of the compressed matrix, of which the nonzeros are some. */
  readonly elements: number;
}

const NO_LIMITS: Limits = { work: LIMIT, nonzeros: Infinity, elements: Infinity };

/** Both are undefined, with nothing built, if there are named sizes or a limit is passed. */
export interface Compression {
  /** Of `outputs` by `wrt`; `cotangents` are inputs in the shapes of the outputs, on which the values do not depend. */
  jacobian(
    outputs: readonly Node[],
    wrt: readonly Node[],
    cotangents: readonly InputNode[],
    limits?: Limits,
  ): Compressed | undefined;
  /** By `wrt`, of which `gradient` holds the first derivatives (null: zero). Both triangles. */
  hessian(gradient: readonly (Node | null)[], wrt: readonly Node[], limits?: Limits): Compressed | undefined;
}

export function compression(b: Builder, rules: Rules, pull: Pullback, push: Pushforward): Compression {
  /** The elements at the places of `recovery` of the compressed matrix of `functions` by `wrt`. */
  const read = (
    functions: readonly Differentiated[],
    wrt: readonly Node[],
    colouring: Colouring,
    recovery: Recovery,
  ): Node => {
    const nodes = functions.flatMap(({ node }) => node ?? []);
    const flows = push(seedsOf(b, wrt, colouring), nodes, [colouring.colours]);
    const tangents = new Map(nodes.map((node, k) => [node, flows[k]]));
    return gathered(
      b,
      functions.map(({ node, shape }) => ({ tangent: (node && tangents.get(node)) ?? null, shape })),
      colouring.colours,
      recovery,
    );
  };

  return {
    jacobian(outputs, wrt, cotangents, limits = NO_LIMITS) {
      const pattern = jacobianPattern(rules, outputs, wrt, limits.work);
      if (pattern === undefined || pattern.rowIndex.length > limits.nonzeros) return undefined;
      const { by, colouring } = jacobianColouring(pattern);
      const side = by === 'columns' ? pattern.rows : pattern.columns;
      if (colouring.colours * side > limits.elements) return undefined;
      const result = (values: Node) => ({ pattern, by, colours: colouring.colours, values });
      if (by === 'columns') {
        const functions = outputs.map(node => ({ node, shape: node.shape }));
        return result(read(functions, wrt, colouring, columnRecovery(pattern, colouring)));
      }
      const isVariable = new Set(wrt);
      const seeds = outputs.map((node, k) => ({ node, adjoint: cotangents[k] }));
      const adjoints = pull(seeds, input => isVariable.has(input));
      const functions = wrt.map(input => ({ node: adjoints.get(input) ?? null, shape: input.shape }));
      return result(read(functions, cotangents, colouring, rowRecovery(pattern, colouring)));
    },

    hessian(gradient, wrt, limits = NO_LIMITS) {
      const pattern = hessianPattern(rules, gradient, wrt, limits.work);
      if (pattern === undefined || pattern.rowIndex.length > limits.nonzeros) return undefined;
      const colouring = hessianColouring(pattern);
      if (colouring.colours * pattern.rows > limits.elements) return undefined;
      const functions = wrt.map(({ shape }, k) => ({ node: gradient[k], shape }));
      const values = read(functions, wrt, colouring, symmetricRecovery(pattern, colouring));
      return { pattern, by: 'symmetric', colours: colouring.colours, values };
    },
  };
}

/** A tensor of which tangents are wanted; null is zero. */
interface Differentiated {
  readonly node: Node | null;
  readonly shape: Shape;
}

/** For each of `inputs`, whose elements are coloured in order, the tangents of all colours: shape [colours, ...input]. */
function seedsOf(b: Builder, inputs: readonly Node[], { colours, of }: Colouring): Map<Node, Flow> {
  const seeds = new Map<Node, Flow>();
  let first = 0;
  for (const input of inputs) {
    const own = of.subarray(first, first + elementCount(input));
    first += own.length;
    seeds.set(input, seedOf(b, input.shape, own, colours));
  }
  return seeds;
}

/** 1 where the element has the colour. No array of that: the colours are, and are compared with the index. */
function seedOf(b: Builder, shape: Shape, of: Int32Array, colours: number): Flow {
  const one = b.constant(1);
  if (colours === 1 && of.every(colour => colour === 0)) return { value: one, guard: null };
  const colour = b.array(Array.from(of), shape as readonly number[]);
  const index = b.reshape(b.iota(colours), [colours, ...shape.map(() => 1)]);
  return { value: one, guard: b.eq(index, colour) };
}

/**
 * The elements at the places of `recovery` in the compressed matrix, whose rows are the elements of tangents one after the
 * other. These are of shape [colours, ...shape] or leave out axes along which they repeat.
 */
function gathered(
  b: Builder,
  blocks: readonly { readonly tangent: Flow | null; readonly shape: Shape }[],
  colours: number,
  recovery: Recovery,
): Node {
  const counts = blocks.map(elementCount);
  const blockOf = Int32Array.from(counts.flatMap((count, k) => new Array<number>(count).fill(k)));
  const isRead = new Set<number>();
  for (const row of recovery.rows) isRead.add(blockOf[row]);
  if (isRead.size === 0) return b.broadcast(0, [0]);

  // Where the first element of a block stands among the elements that are joined, in row-major order.
  const starts: number[] = [];
  const firstRows: number[] = [];
  const parts: Node[] = [];
  let [start, row] = [0, 0];
  for (const [k, { tangent, shape }] of blocks.entries()) {
    starts.push(start);
    firstRows.push(row);
    row += counts[k];
    if (!isRead.has(k)) continue;
    const value = tangent === null ? b.constant(0) : masked(b, tangent);
    parts.push(b.reshape(repeated(b, value, [colours, ...shape]), [colours * counts[k]]));
    start += colours * counts[k];
  }
  const positions = Array.from(recovery.rows, (row, at) => {
    const k = blockOf[row];
    return starts[k] + recovery.colours[at] * counts[k] + (row - firstRows[k]) + 1;
  });
  const joined = b.concat(0, parts);
  const isInOrder = positions.length === start && positions.every((position, at) => position === at + 1);
  return isInOrder ? joined : b.gather(joined, b.array(positions, [positions.length]), 0);
}

function elementCount({ shape }: { readonly shape: Shape }): number {
  return countOf(shape as readonly number[]); // static, or there is no pattern
}
