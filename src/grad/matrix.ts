// Matrices of first and second derivatives, as entries that are not identically zero: a number for two scalars, else the
// block of a tensor. Scalars are differentiated by rows, in reverse mode, or by columns, in forward mode, whichever costs
// less; the row of a scalar by tensors is reverse mode, a block of a tensor is forward mode from an identity.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { factsOf } from '../ir/ops.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import { productOfSizes } from '../ir/size.ts';
import type { Term } from '../ir/terms.ts';
import { type Block, blockOf, transposedBlock, transposedTerms } from './blocks.ts';
import type { Pullback } from './reverse.ts';
import type { StructuredPushforward } from './structured.ts';

/** One that is not identically zero. */
export interface Entry {
  readonly row: number;
  /** Place in wrt. */
  readonly column: number;
  readonly value: Node;
  /** Of the block of a tensor. */
  readonly terms?: readonly Term[];
}

export interface Matrices {
  /** A row for every output. Sorted. */
  jacobian(outputs: readonly Node[]): Entry[];
  /** The upper triangle: a row for every input, of which `gradient` holds the first derivatives (null: zero). Sorted. */
  hessian(gradient: readonly (Node | null)[]): Entry[];
}

/** Derivatives with respect to the inputs `wrt`, in this order. */
export function matrices(
  b: Builder,
  pull: Pullback,
  push: StructuredPushforward,
  wrt: readonly Node[],
): Matrices {
  const place = new Map(wrt.map((node, j) => [node, j]));
  const one = b.constant(1);

  const byRow = (rows: readonly Row[]): Entry[] =>
    rows.flatMap(({ node, row, from }) => {
      const adjoints = pull([{ node, adjoint: one }], input => (place.get(input) ?? -1) >= from);
      return [...adjoints].map(([input, value]) => ({ row, column: place.get(input)!, value }));
    });

  const byColumn = (rows: readonly Row[]): Entry[] =>
    wrt.flatMap((_, column) => {
      const wanted = rows.filter(({ from }) => from <= column);
      const values = blocksBy(
        column,
        wanted.map(({ node }) => node),
      );
      return wanted.flatMap(({ row }, k) => {
        const block = values[k];
        return block === null ? [] : [entry(row, column, block)];
      });
    });

  /** The blocks of `nodes` by one input. */
  const blocksBy = (column: number, nodes: readonly Node[]): (Block | null)[] => {
    const input = wrt[column];
    return push(input, nodes).map((tangent, k) => blockOf(b, tangent, nodes[k], input));
  };

  /** The rows of scalars, by whichever mode costs less. */
  const cheaper = (rows: readonly Row[]): Entry[] => {
    const entries = byRow(rows);
    if (!wrt.every(isScalar) || b.graph.nodes.length * wrt.length > AFFORDABLE) return entries;
    const columns = byColumn(rows);
    return work(columns) < work(entries) ? columns : entries;
  };

  return {
    jacobian(outputs) {
      const rows = outputs.map((node, row): Row => ({ node, row, from: 0 }));
      const tensors = rows.filter(({ node }) => !isScalar(node));
      return sorted([...cheaper(rows.filter(({ node }) => isScalar(node))), ...byColumn(tensors)]);
    },

    hessian(gradient) {
      const rows = gradient.flatMap((node, row): Row[] => (node === null ? [] : [{ node, row, from: row }]));
      const tensors = rows.filter(({ node }) => !isScalar(node));
      // Of the two inputs of a block the smaller one is the seed: the block is the transpose of its mirror image.
      const blocks = wrt.flatMap((input, seed) => {
        const isSeed = ({ row }: Row) =>
          row === seed || (row < seed ? !isSmaller(wrt[row], input) : isSmaller(input, wrt[row]));
        const others = tensors.filter(row => !isScalar(input) || row.row < seed).filter(isSeed);
        const values = blocksBy(
          seed,
          others.map(({ node }) => node),
        );
        return others.flatMap(({ row }, k): Entry[] => {
          const block = values[k];
          if (block === null) return [];
          if (row <= seed) return [entry(row, seed, block)];
          const value = transposedBlock(b, block.value, input, wrt[row]);
          return [entry(seed, row, { value, terms: transposedTerms(block.terms, wrt[row]) })];
        });
      });
      return sorted([...cheaper(rows.filter(({ node }) => isScalar(node))), ...blocks]);
    },
  };
}

/** What is to be differentiated with respect to the inputs from `from` on. */
interface Row {
  readonly node: Node;
  readonly row: number;
  readonly from: number;
}

/** Of scalars the value is all there is to know. */
function entry(row: number, column: number, { value, terms }: Block): Entry {
  return value.shape === SCALAR ? { row, column, value } : { row, column, value, terms };
}

/** Visits of nodes that trying the second mode may cost. */
const AFFORDABLE = 2e6;

/** What a named size is taken for when costs are compared. */
const TYPICAL_SIZE = 100;

function isScalar({ shape }: Node): boolean {
  return shape === SCALAR;
}

function isSmaller(x: Node, y: Node): boolean {
  return count(x.shape) < count(y.shape);
}

function sorted(entries: Entry[]): Entry[] {
  return entries.sort((p, q) => p.row - q.row || p.column - q.column);
}

/** The cost of computing all entries, shared nodes once. */
function work(entries: readonly Entry[]): number {
  const stack = entries.map(entry => entry.value);
  const seen = new Set<Node>(stack);
  let sum = 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.inputs.length > 0) sum += (factsOf(node.op).cost ?? 1) * elements(node);
    for (const input of node.inputs) {
      if (!seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
    }
  }
  return sum;
}

/** The elements that an operation works on: those of its result or of its largest operand. */
function elements({ shape, inputs }: Node): number {
  if (shape === SCALAR && inputs.every(isScalar)) return 1;
  return Math.max(count(shape), ...inputs.map(input => count(input.shape)));
}

/** About how many elements there are. */
function count(shape: Shape): number {
  return productOfSizes(shape.map(size => (typeof size === 'number' ? size : TYPICAL_SIZE))) as number;
}
