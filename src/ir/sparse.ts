// Sparse matrices whose pattern is known when the module is made: all nonzeros in one vector, and where they are. The pattern
// is in compressed sparse columns (Davis, Direct Methods for Sparse Linear Systems, 2006, chapter 2). A place is in it if the
// element may be nonzero at some point.

import type { Node } from './graph.ts';

/** The nonzeros of column j are `colPointer[j]` to `colPointer[j + 1]` (exclusive) of `rowIndex`, rows ascending. */
export interface Sparsity {
  readonly rows: number;
  readonly columns: number;
  readonly rowIndex: Int32Array;
  readonly colPointer: Int32Array;
}

/** Groups of columns or rows of which one directional derivative tells all nonzeros. */
export interface Colours {
  /** What is grouped: columns, rows, or the columns of a symmetric matrix. */
  readonly by: 'columns' | 'rows' | 'symmetric';
  /** How many directional derivatives it takes. */
  readonly colours: number;
}

/** The nonzeros of a matrix, and how they are found. */
export interface Compressed extends Colours {
  /** Rows and columns are the elements of the outputs and of the inputs, row-major, one after the other. */
  readonly pattern: Sparsity;
  /** Of shape [nonzeros], in the order of the pattern. */
  readonly values: Node;
}
