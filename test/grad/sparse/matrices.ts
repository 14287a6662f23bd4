// Patterns of matrices for the tests of colouring, and their nonzeros as sets, written without the code under test.

import type { Sparsity } from '../../../src/ir/sparse.ts';
import { generator } from '../../differences.ts';

/** True where the element may be nonzero. */
export type Dense = readonly (readonly boolean[])[];

export function dense(
  rows: number,
  columns: number,
  isNonzero: (i: number, j: number) => boolean,
): boolean[][] {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => isNonzero(i, j)));
}

/** The compressed columns of a matrix, one after the other. */
export function sparsity(matrix: Dense, columns = matrix[0]?.length ?? 0): Sparsity {
  const rowIndex: number[] = [];
  const colPointer = [0];
  for (let j = 0; j < columns; j++) {
    for (const [i, row] of matrix.entries()) if (row[j]) rowIndex.push(i);
    colPointer.push(rowIndex.length);
  }
  return {
    rows: matrix.length,
    columns,
    rowIndex: Int32Array.from(rowIndex),
    colPointer: Int32Array.from(colPointer),
  };
}

/** The matrix of a pattern; throws unless it is well formed: rows in range, ascending. */
export function denseOf({ rows, columns, rowIndex, colPointer }: Sparsity): boolean[][] {
  if (colPointer.length !== columns + 1 || colPointer[0] !== 0 || colPointer[columns] !== rowIndex.length) {
    throw new Error('column pointers do not fit');
  }
  const matrix = dense(rows, columns, () => false);
  for (let j = 0; j < columns; j++) {
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) {
      if (k > colPointer[j] && rowIndex[k] <= rowIndex[k - 1]) throw new Error('rows do not ascend');
      matrix[rowIndex[k]][j] = true;
    }
  }
  return matrix;
}

/** `x..` and `.x.`: how a pattern is written in a test. */
export function textOf(pattern: Sparsity): string[] {
  return denseOf(pattern).map(row => row.map(isNonzero => (isNonzero ? 'x' : '.')).join(''));
}

export function randomMatrix(rows: number, columns: number, density: number, seed: number): boolean[][] {
  const random = generator(seed);
  return dense(rows, columns, () => random() < density);
}

export function symmetrised(matrix: Dense): boolean[][] {
  return dense(matrix.length, matrix.length, (i, j) => matrix[i][j] || matrix[j][i]);
}

const near = (width: number) => (i: number, j: number) => Math.abs(i - j) <= width;

export const JACOBIANS: Readonly<Record<string, boolean[][]>> = {
  diagonal: dense(7, 7, near(0)),
  band: dense(20, 20, near(2)),
  'bidiagonal, not square': dense(11, 12, (i, j) => j === i || j === i + 1),
  'lower triangle': dense(6, 6, (i, j) => j <= i),
  'blocks of 3': dense(12, 12, (i, j) => Math.floor(i / 3) === Math.floor(j / 3)),
  'a full row': dense(9, 9, (i, j) => i === j || i === 0),
  'a full column': dense(9, 9, (i, j) => i === j || j === 0),
  arrow: dense(9, 9, (i, j) => i === j || i === 0 || j === 0),
  'wide rows': dense(2, 30, (i, j) => j % 2 === i),
  'nothing at all': dense(3, 4, () => false),
  full: dense(4, 5, () => true),
  'empty rows and columns': dense(8, 8, (i, j) => i % 2 === 0 && j % 3 === 0 && near(3)(i, j)),
  'random 1': randomMatrix(30, 30, 0.08, 1),
  'random 2': randomMatrix(15, 40, 0.1, 2),
  'random 3': randomMatrix(40, 15, 0.1, 3),
  'random 4': randomMatrix(25, 25, 0.25, 4),
};

export const HESSIANS: Readonly<Record<string, boolean[][]>> = {
  diagonal: dense(7, 7, near(0)),
  tridiagonal: dense(15, 15, near(1)),
  band: dense(20, 20, near(3)),
  arrow: dense(12, 12, (i, j) => i === j || i === 0 || j === 0),
  'arrow with the point last': dense(12, 12, (i, j) => i === j || i === 11 || j === 11),
  'blocks of 4': dense(12, 12, (i, j) => Math.floor(i / 4) === Math.floor(j / 4)),
  'two sides': dense(10, 10, (i, j) => i < 4 !== j < 4),
  'no diagonal': dense(9, 9, (i, j) => Math.abs(i - j) === 1),
  cycle: dense(9, 9, (i, j) => [0, 1, 8].includes((i - j + 9) % 9)),
  grid: dense(25, 25, (i, j) => {
    const [dx, dy] = [(i % 5) - (j % 5), Math.floor(i / 5) - Math.floor(j / 5)];
    return Math.abs(dx) + Math.abs(dy) <= 1;
  }),
  full: dense(5, 5, () => true),
  'nothing at all': dense(4, 4, () => false),
  'random 1': symmetrised(randomMatrix(20, 20, 0.05, 5)),
  'random 2': symmetrised(randomMatrix(30, 30, 0.08, 6)),
  'random 3': symmetrised(randomMatrix(15, 15, 0.3, 7)),
};
