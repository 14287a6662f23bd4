// Groups of columns that one directional derivative serves. A Jacobian J of n columns in c colours is read from the product
// J S with the n x c matrix S of zeros and ones that tells the colours: columns of one colour have no row in common, so each
// nonzero stands alone in its row of the product. Rows are coloured alike. A Hessian is symmetric: an element may be read
// where its mirror image stands, so that a star colouring suffices. Source: Gebremedhin, Manne and Pothen, What color is your
// Jacobian?, SIAM Review 47 (2005).

import type { Colours, Sparsity } from '../../ir/sparse.ts';
import { adjacencyGraph, intersectionGraph } from './adjacency.ts';
import { bestColouring, type Colouring, distanceOne } from './greedy.ts';
import { transposed, widestColumn } from './sparsity.ts';
import { star } from './star.ts';

/** Of a Jacobian: colours of its columns or of its rows. */
export interface JacobianColouring {
  readonly by: 'columns' | 'rows';
  readonly colouring: Colouring;
}

/** Colours of columns or of rows, whichever are fewer; of columns if there are as many. */
export function jacobianColouring(pattern: Sparsity, most?: number): JacobianColouring {
  const flipped = transposed(pattern);
  // A row of k nonzeros is in columns of k colours: a side that cannot have fewer is not tried.
  const byColumns = { by: 'columns', colouring: columnColouring(pattern, most) } as const;
  if (byColumns.colouring.colours <= widestColumn(pattern)) return byColumns;
  const byRows = { by: 'rows', colouring: columnColouring(flipped, most) } as const;
  return byRows.colouring.colours < byColumns.colouring.colours ? byRows : byColumns;
}

/** Colours of the columns such that columns of one colour have no row in common. */
export function columnColouring(pattern: Sparsity, most?: number): Colouring {
  return bestColouring(intersectionGraph(pattern), distanceOne, widestColumn(transposed(pattern)), most);
}

/**
 * Colours of the columns of a symmetric matrix such that of every nonzero (i, j) column j is the only one of its colour in
 * row i, or column i the only one of its colour in row j: a star colouring, or one of columns if that has fewer.
 */
export function hessianColouring(pattern: Sparsity, most?: number): Colouring {
  // A full matrix is a clique, in which every vertex has a colour of its own.
  const width = widestColumn(pattern);
  const isFull = pattern.rowIndex.length === width * width;
  const stars = bestColouring(adjacencyGraph(pattern), star, isFull ? width : 1, most);
  if (stars.colours <= width && !stars.isGivenUp) return stars;
  const columns = columnColouring(pattern, most);
  if (stars.isGivenUp) return columns;
  return columns.colours < stars.colours ? columns : stars;
}

/** Checks that a look at the colours of a pattern may take: about a tenth of a second. */
const MOST_LOOKS = 1e6;

/** How many directional derivatives it takes to know every nonzero, and along what; undefined if that is dear to find. */
export function coloursOf(pattern: Sparsity, kind: 'jacobian' | 'hessian'): Colours | undefined {
  const { by, colouring } =
    kind === 'hessian'
      ? ({ by: 'symmetric', colouring: hessianColouring(pattern, MOST_LOOKS) } as const)
      : jacobianColouring(pattern, MOST_LOOKS);
  return colouring.isGivenUp ? undefined : { by, colours: colouring.colours };
}
