// Patterns of sparse matrices (ir/sparse.ts): made of rows, transposed, made symmetric. All of them copy.

import type { Sparsity } from '../../ir/sparse.ts';

/** The pattern whose row i has nonzeros in the columns `rows[i]`, each once, in any order. */
export function sparsityOfRows(rows: readonly ArrayLike<number>[], columns: number): Sparsity {
  const colPointer = new Int32Array(columns + 1);
  for (const row of rows) for (let k = 0; k < row.length; k++) colPointer[row[k] + 1]++;
  for (let j = 0; j < columns; j++) colPointer[j + 1] += colPointer[j];
  const rowIndex = new Int32Array(colPointer[columns]);
  const next = colPointer.slice();
  for (const [i, row] of rows.entries()) for (let k = 0; k < row.length; k++) rowIndex[next[row[k]]++] = i;
  return { rows: rows.length, columns, rowIndex, colPointer };
}

/** The rows with a nonzero in column j, ascending. */
export function column({ rowIndex, colPointer }: Sparsity, j: number): Int32Array {
  return rowIndex.subarray(colPointer[j], colPointer[j + 1]);
}

export function transposed(pattern: Sparsity): Sparsity {
  const columns = Array.from({ length: pattern.columns }, (_, j) => column(pattern, j));
  return sparsityOfRows(columns, pattern.rows);
}

/** The places of a square pattern whose mirror image is in it too. */
export function symmetricPart(pattern: Sparsity): Sparsity {
  const mirrored = transposed(pattern);
  const isMirrored = new Int32Array(pattern.rows).fill(-1); // the last column in which the row was
  const columns = Array.from({ length: pattern.columns }, (_, j) => {
    for (const i of column(mirrored, j)) isMirrored[i] = j;
    return column(pattern, j).filter(i => isMirrored[i] === j);
  });
  return sparsityOfRows(columns, pattern.columns); // symmetric: its columns are its rows
}

/** The most nonzeros in a column; those in a row are in different columns of as many colours. */
export function widestColumn({ colPointer, columns }: Sparsity): number {
  let widest = 0;
  for (let j = 0; j < columns; j++) widest = Math.max(widest, colPointer[j + 1] - colPointer[j]);
  return widest;
}
