// From the compressed matrix back to the nonzeros. In row i and colour c of the compressed matrix stands the sum of the
// elements of row i in the columns of colour c: an element that is the only nonzero among them can be read there.

import type { Sparsity } from '../../ir/sparse.ts';
import type { Colouring } from './greedy.ts';
import { column } from './sparsity.ts';

/** Where each nonzero, in the order of the pattern, stands in the compressed matrix. */
export interface Recovery {
  readonly rows: Int32Array;
  readonly colours: Int32Array;
}

/** Of a matrix whose columns of one colour have no row in common: in its own row, in the colour of its column. */
export function columnRecovery(pattern: Sparsity, { of }: Colouring): Recovery {
  return { rows: pattern.rowIndex, colours: spread(pattern, of) };
}

/** Of the transpose of a matrix whose rows of one colour have no column in common: in its column, in the colour of its row. */
export function rowRecovery(pattern: Sparsity, { of }: Colouring): Recovery {
  const columns = Int32Array.from({ length: pattern.columns }, (_, j) => j);
  return { rows: spread(pattern, columns), colours: pattern.rowIndex.map(i => of[i]) };
}

/**
 * Of a symmetric matrix with a star colouring. Of the two places where an element and its mirror image may stand alone both
 * are read in the same, so the result is symmetric to the last bit.
 */
export function symmetricRecovery(pattern: Sparsity, { of }: Colouring): Recovery {
  const { rowIndex, colPointer, columns } = pattern;
  const rows = new Int32Array(rowIndex.length);
  const colours = new Int32Array(rowIndex.length);
  const counts = new Int32Array(columns); // of colours in one row, which is a column too
  const next = colPointer.slice(); // in each column the place of the next mirror image
  for (let j = 0; j < columns; j++) {
    for (const i of column(pattern, j)) counts[of[i]]++;
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) {
      const i = rowIndex[k];
      const mirror = next[i]++;
      if (i > j) continue; // what is said of the mirror image holds for both
      // Alone in row j with the colour of i, or else in row i with that of j.
      [rows[k], colours[k]] = counts[of[i]] === 1 ? [j, of[i]] : [i, of[j]];
      rows[mirror] = rows[k];
      colours[mirror] = colours[k];
    }
    for (const i of column(pattern, j)) counts[of[i]]--;
  }
  return { rows, colours };
}

/** For each nonzero what its column has. */
function spread({ rowIndex, colPointer, columns }: Sparsity, ofColumn: Int32Array): Int32Array {
  const result = new Int32Array(rowIndex.length);
  for (let j = 0; j < columns; j++) result.fill(ofColumn[j], colPointer[j], colPointer[j + 1]);
  return result;
}
