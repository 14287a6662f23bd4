// Matrices of first and second derivatives, as entries that are not identically zero: a number for two scalars, else the
// block of a tensor. By columns they are forward mode from the identity of an input; by rows reverse mode from an output,
// of a tensor from a cotangent in place of an identity: what comes back is linear in it, so its coefficients are the
// derivatives of that, forward from the identity of the cotangent. Where both can be afforded the cheaper one is kept.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Mode, ModeChoice } from '../ir/program.ts';
import { SCALAR } from '../ir/shape.ts';
import { type Term, transposedTerms } from '../ir/terms.ts';
import { type Block, blockOf, transposedBlock } from './blocks.ts';
import { type Flow, masked } from './flow.ts';
import type { Pushforward } from './forward.ts';
import { cheapest, elementsIn } from './modes.ts';
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

/** Entries in the order of rows and columns, and how they were found. */
export interface Matrix {
  readonly entries: readonly Entry[];
  readonly choice: ModeChoice;
}

export interface Matrices {
  /** A row for every output. In `mode`, whatever it costs, if that is given. */
  jacobian(outputs: readonly Node[], mode?: Mode): Matrix;
  /** The upper triangle: a row for every input, of which `gradient` holds the first derivatives (null: zero). */
  hessian(gradient: readonly (Node | null)[], mode?: Mode): Matrix;
}

/** Derivatives with respect to the inputs `wrt`, in this order. */
export function matrices(
  b: Builder,
  pull: Pullback,
  { push, pushNumbers }: { readonly push: StructuredPushforward; readonly pushNumbers: Pushforward },
  wrt: readonly Node[],
): Matrices {
  const place = new Map(wrt.map((node, j) => [node, j]));
  const one = b.constant(1);

  const byRow = (rows: readonly Row[]): Entry[] =>
    rows.flatMap(({ node, row, from }) => {
      const isWanted = (input: Node) => (place.get(input) ?? -1) >= from;
      if (!isScalar(node)) return byCotangent(node, row, isWanted);
      const adjoints = pull([{ node, adjoint: one }], isWanted);
      return [...adjoints].map(([input, value]) => ({ row, column: place.get(input)!, value }));
    });

  /** The row of a tensor: coefficients of the adjoints of a cotangent. */
  const byCotangent = (node: Node, row: number, isWanted: (input: Node) => boolean): Entry[] => {
    const cotangent = b.graph.input(`cotangent.${row}`, 'real', node.shape);
    const adjoints = [...pull([{ node, adjoint: cotangent }], isWanted)];
    const tangents = push(
      cotangent,
      adjoints.map(([, adjoint]) => adjoint),
    );
    return adjoints.flatMap(([input, adjoint], k) => {
      const block = blockOf(b, tangents[k], adjoint, cotangent);
      return block === null ? [] : [transposed(row, place.get(input)!, block, node, input)];
    });
  };

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
    if (!isScalar(input) || !nodes.every(isScalar)) {
      return push(input, nodes).map((tangent, k) => blockOf(b, tangent, nodes[k], input));
    }
    const seed: Flow = { value: one, guard: null };
    return pushNumbers(new Map([[input, seed]]), nodes).map(
      flow => flow && { value: masked(b, flow), terms: NO_TERMS },
    );
  };

  /** The entry of x by y, given the block of y by x. */
  const transposed = (row: number, column: number, { value, terms }: Block, x: Node, y: Node): Entry =>
    entry(row, column, {
      value: transposedBlock(b, value, x, y),
      terms: transposedTerms(terms, y.shape.length),
    });

  /** Second derivatives by columns. Of the two inputs of a block the smaller one is the seed. */
  const bySmaller = (rows: readonly Row[]): Entry[] => {
    const tensors = rows.filter(({ node }) => !isScalar(node));
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
        return [row <= seed ? entry(row, seed, block) : transposed(seed, row, block, input, wrt[row])];
      });
    });
    return [...byColumn(rows.filter(({ node }) => isScalar(node))), ...blocks];
  };

  /** The rows of scalars by tensors are short in reverse mode, the blocks of tensors are plain in forward mode. */
  const usual = (rows: readonly Row[], forward: (rows: readonly Row[]) => Entry[]): Entry[] => [
    ...byRow(rows.filter(({ node }) => isScalar(node))),
    ...forward(rows.filter(({ node }) => !isScalar(node))),
  ];

  /** The entries by the cheapest of the modes that can be afforded. */
  const chosen = (
    rows: readonly Row[],
    [reverse, forward]: readonly [Mode, Mode],
    byColumns: (rows: readonly Row[]) => Entry[],
    wanted: Mode | undefined,
  ): Matrix => {
    const hasTensors = rows.some(({ node }) => !isScalar(node));
    const nodes = b.graph.nodes.length;
    const isAffordable =
      hasTensors || !wrt.every(isScalar) ? nodes <= LARGEST_TRIED : nodes * wrt.length <= AFFORDABLE;
    const candidates: (readonly [Mode, () => Entry[]])[] = hasTensors
      ? [
          [forward, () => usual(rows, byColumns)],
          [reverse, () => byRow(rows)],
        ]
      : [
          [reverse, () => byRow(rows)],
          [forward, () => byColumns(rows)],
        ];
    const isTried = isAffordable && rows.length > 0;
    const tried = wanted
      ? candidates.filter(([mode]) => mode === wanted)
      : candidates.slice(0, isTried ? 2 : 1);
    const { entries, choice } = cheapest(tried);
    return { entries: entries.toSorted((p, q) => p.row - q.row || p.column - q.column), choice };
  };

  return {
    jacobian(outputs, mode) {
      const rows = outputs.map((node, row): Row => ({ node, row, from: 0 }));
      return chosen(rows, ['reverse', 'forward'], byColumn, mode);
    },

    hessian(gradient, mode) {
      const rows = gradient.flatMap((node, row): Row[] => (node === null ? [] : [{ node, row, from: row }]));
      return chosen(rows, ['reverse over reverse', 'forward over reverse'], bySmaller, mode);
    },
  };
}

/** What is to be differentiated with respect to the inputs from `from` on. */
interface Row {
  readonly node: Node;
  readonly row: number;
  readonly from: number;
}

const NO_TERMS: readonly Term[] = [];

/** Of scalars the value is all there is to know. */
function entry(row: number, column: number, { value, terms }: Block): Entry {
  return value.shape === SCALAR ? { row, column, value } : { row, column, value, terms };
}

/** Visits of nodes that trying the second mode may cost where all are scalars. */
const AFFORDABLE = 2e6;
/** Graphs of tensors up to this size are differentiated in both modes. */
const LARGEST_TRIED = 400;

function isScalar({ shape }: Node): boolean {
  return shape === SCALAR;
}

function isSmaller(x: Node, y: Node): boolean {
  return elementsIn(x.shape) < elementsIn(y.shape);
}
