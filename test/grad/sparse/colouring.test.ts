// Colourings are checked by their definitions, pair by pair and path by path; how few colours they have against optima by
// brute force, closed forms and a greedy colouring written here. Recovery is checked with numbers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjacencyGraph, intersectionGraph } from '../../../src/grad/sparse/adjacency.ts';
import {
  coloursOf,
  columnColouring,
  hessianColouring,
  jacobianColouring,
} from '../../../src/grad/sparse/colouring.ts';
import {
  bestColouring,
  type Colouring,
  distanceOne,
  greedyColouring,
} from '../../../src/grad/sparse/greedy.ts';
import { incidenceDegree, largestFirst, natural, smallestLast } from '../../../src/grad/sparse/orderings.ts';
import {
  columnRecovery,
  type Recovery,
  rowRecovery,
  symmetricRecovery,
} from '../../../src/grad/sparse/recovery.ts';
import {
  sparsityOfRows,
  symmetricPart,
  transposed,
  widestColumn,
} from '../../../src/grad/sparse/sparsity.ts';
import { star } from '../../../src/grad/sparse/star.ts';
import { generator } from '../../differences.ts';
import {
  type Dense,
  dense,
  denseOf,
  HESSIANS,
  JACOBIANS,
  randomMatrix,
  sparsity,
  symmetrised,
  textOf,
} from './matrices.ts';

const flipped = (matrix: Dense, columns: number) => dense(columns, matrix.length, (j, i) => matrix[i][j]);
const isUsed = (matrix: Dense, j: number) => matrix.some(row => row[j]);

/** Pairs of columns that may not have one colour. */
function meet(matrix: Dense, j: number, k: number): boolean {
  return matrix.some(row => row[j] && row[k]);
}

/** Throws unless every column that is not empty has one of the colours, and all are used. */
function expectColours({ colours, of }: Colouring, matrix: Dense, columns: number): void {
  const used = new Set<number>();
  for (let j = 0; j < columns; j++) {
    if (isUsed(matrix, j)) used.add(of[j]);
    else expect(of[j]).toBe(-1);
  }
  expect([...used].sort((a, b) => a - b)).toEqual(Array.from({ length: colours }, (_, c) => c));
}

function expectColumns(colouring: Colouring, matrix: Dense, columns: number): void {
  expectColours(colouring, matrix, columns);
  for (let j = 0; j < columns; j++) {
    for (let k = 0; k < j; k++) if (meet(matrix, j, k)) expect(colouring.of[j]).not.toBe(colouring.of[k]);
  }
}

/** Neighbours differ, and no path of four vertices has two colours. */
function isStarColouring(matrix: Dense, of: ArrayLike<number>): boolean {
  const neighbours = matrix.map((row, i) => row.flatMap((is, j) => (is && i !== j ? [j] : [])));
  return neighbours.every((near, v) =>
    near.every(
      w =>
        of[v] !== of[w] &&
        near.every(
          u => u === w || neighbours[w].every(x => x === v || x === u || of[u] !== of[w] || of[v] !== of[x]),
        ),
    ),
  );
}

/** Every element stands alone in its row among those of its colour, or its mirror image does. */
function isDirect(matrix: Dense, of: ArrayLike<number>): boolean {
  const isAlone = (i: number, j: number) =>
    matrix[i].every((isNonzero, k) => !isNonzero || k === j || of[k] !== of[j]);
  return matrix.every((row, i) => row.every((isNonzero, j) => !isNonzero || isAlone(i, j) || isAlone(j, i)));
}

/** The fewest colours of `count` vertices that pass the test, by trying all. */
function optimum(count: number, isColouring: (of: readonly number[]) => boolean): number {
  for (let colours = 1; colours < count; colours++) {
    const of = new Array<number>(count).fill(0);
    for (;;) {
      if (isColouring(of)) return colours;
      let at = 0;
      while (at < count && ++of[at] === colours) of[at++] = 0;
      if (at === count) break;
    }
  }
  return count;
}

/** Largest first in the graph of all pairs. */
function referenceColours(matrix: Dense, columns: number): number {
  const vertices = Array.from({ length: columns }, (_, j) => j).filter(j => isUsed(matrix, j));
  const near = new Map(vertices.map(j => [j, vertices.filter(k => k !== j && meet(matrix, j, k))]));
  vertices.sort((j, k) => near.get(k)!.length - near.get(j)!.length);
  const of = new Map<number, number>();
  for (const j of vertices) {
    const taken = new Set(near.get(j)!.map(k => of.get(k)));
    let colour = 0;
    while (taken.has(colour)) colour++;
    of.set(j, colour);
  }
  return Math.max(0, ...[...of.values()].map(colour => colour + 1));
}

const widestRow = (matrix: Dense) => Math.max(0, ...matrix.map(row => row.filter(Boolean).length));

/** A number for every nonzero, in the order of compressed columns. */
function numbered(matrix: Dense, columns: number): { values: number[][]; inOrder: number[] } {
  const values = matrix.map(row => row.map(() => 0));
  const inOrder: number[] = [];
  for (let j = 0; j < columns; j++) {
    for (const [i, row] of matrix.entries()) {
      if (!row[j]) continue;
      values[i][j] = 1 + i * columns + j;
      inOrder.push(values[i][j]);
    }
  }
  return { values, inOrder };
}

/** What `recovery` reads of the product of `values` with the colours of its columns. */
function recovered(values: readonly number[][], { of }: Colouring, { rows, colours }: Recovery): number[] {
  return Array.from(rows, (row, k) => {
    let sum = 0;
    for (const [j, value] of values[row].entries()) if (of[j] === colours[k]) sum += value;
    return sum;
  });
}

describe('patterns', () => {
  it('are made of rows, transposed and symmetrised', () => {
    const pattern = sparsityOfRows([[2, 0], [], [1, 2]], 4);
    expect(textOf(pattern)).toEqual(['x.x.', '....', '.xx.']);
    expect(textOf(transposed(pattern))).toEqual(['x..', '..x', 'x.x', '...']);
    expect(widestColumn(pattern)).toBe(2);
    expect(textOf(symmetricPart(sparsityOfRows([[0, 1, 2], [0], [1, 2]], 3)))).toEqual(['xx.', 'x..', '..x']);
  });
});

describe('orderings', () => {
  const path = adjacencyGraph(sparsity(dense(5, 5, (i, j) => Math.abs(i - j) === 1)));
  // Vertex 0 is next to all; 1, 2, 3 are a triangle; 4 and 5 hang on 0 alone.
  const edges = ['01', '02', '03', '04', '05', '12', '13', '23'];
  const wheel = dense(6, 6, (i, j) => edges.includes(`${Math.min(i, j)}${Math.max(i, j)}`));
  const graph = adjacencyGraph(sparsity(wheel));

  it('are permutations', () => {
    for (const matrix of Object.values(JACOBIANS)) {
      const each = intersectionGraph(sparsity(matrix));
      for (const ordering of [natural, largestFirst, smallestLast, incidenceDegree]) {
        expect([...ordering(each)].sort((a, b) => a - b)).toEqual(matrix[0].map((_, j) => j));
      }
    }
  });

  it('take the vertices as their names say', () => {
    expect([...natural(path)]).toEqual([0, 1, 2, 3, 4]);
    expect([...largestFirst(path)]).toEqual([1, 2, 3, 0, 4]);
    expect([...largestFirst(graph)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(incidenceDegree(graph)[0]).toBe(0);
    const near = (v: number, among: readonly number[]) => among.filter(w => wheel[v][w]).length;
    for (let at = 1; at < 6; at++) {
      const [before, rest] = [
        [...incidenceDegree(graph)].slice(0, at),
        [...incidenceDegree(graph)].slice(at),
      ];
      expect(near(rest[0], before)).toBe(Math.max(...rest.map(v => near(v, before))));
      const kept = [...smallestLast(graph)].slice(0, at + 1);
      expect(near(kept[at], kept)).toBe(Math.min(...kept.map(v => near(v, kept))));
    }
  });

  it('are given up for colours of their own where there are too many pairs', () => {
    const huge = { ...path, visits: 1e12 };
    expect(bestColouring(huge, distanceOne, 1)).toEqual({
      colours: 5,
      of: Int32Array.of(0, 1, 2, 3, 4),
      isGivenUp: true,
    });
  });
});

describe('column colouring', () => {
  it.each(Object.entries(JACOBIANS))('%s', (_, matrix) => {
    const columns = matrix[0].length;
    const pattern = sparsity(matrix);
    const colouring = columnColouring(pattern);
    expectColumns(colouring, matrix, columns);
    expect(colouring.colours).toBeGreaterThanOrEqual(widestRow(matrix));
    expect(colouring.colours).toBeLessThanOrEqual(referenceColours(matrix, columns));
    const { values, inOrder } = numbered(matrix, columns);
    expect(recovered(values, colouring, columnRecovery(pattern, colouring))).toEqual(inOrder);
  });

  it.each(Object.entries(JACOBIANS))('%s: rows or columns', (_, matrix) => {
    const columns = matrix[0].length;
    const pattern = sparsity(matrix);
    const { by, colouring } = jacobianColouring(pattern);
    const byRow = flipped(matrix, columns);
    const fewest = Math.min(
      columnColouring(pattern).colours,
      columnColouring(sparsity(byRow, matrix.length)).colours,
    );
    expect(colouring.colours).toBe(fewest);
    expect(coloursOf(pattern, 'jacobian')?.colours).toBe(fewest);
    if (by === 'columns') return;
    expectColumns(colouring, byRow, matrix.length);
    const { values, inOrder } = numbered(matrix, columns);
    const turned = byRow.map((row, j) => row.map((_, i) => values[i][j]));
    expect(recovered(turned, colouring, rowRecovery(pattern, colouring))).toEqual(inOrder);
  });

  it('has as few colours as can be where that is known', () => {
    const colours = (name: string) => columnColouring(sparsity(JACOBIANS[name])).colours;
    expect(colours('diagonal')).toBe(1);
    expect(colours('band')).toBe(5);
    expect(colours('blocks of 3')).toBe(3);
    expect(colours('a full row')).toBe(9);
    expect(colours('a full column')).toBe(2);
    expect(colours('nothing at all')).toBe(0);
    expect(jacobianColouring(sparsity(JACOBIANS['a full row']))).toMatchObject({
      by: 'rows',
      colouring: { colours: 2 },
    });
  });

  it('is near the optimum of small matrices', () => {
    let more = 0;
    for (let seed = 0; seed < 60; seed++) {
      const matrix = randomMatrix(6, 7, 0.3, 100 + seed);
      const used = Array.from({ length: 7 }, (_, j) => j).filter(j => isUsed(matrix, j));
      const isColouring = (of: readonly number[]) =>
        used.every((j, a) => used.slice(0, a).every((k, b) => of[a] !== of[b] || !meet(matrix, j, k)));
      const { colours } = columnColouring(sparsity(matrix));
      more += colours - optimum(used.length, isColouring);
    }
    expect(more).toBe(0);
  });

  it('holds for random matrices', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(12), fc.double({ min: 0, max: 1 }), fc.nat(), (m, n, density, seed) => {
        const matrix = randomMatrix(m, n, density * density, seed);
        const pattern = sparsity(matrix, n);
        expect(denseOf(pattern)).toEqual(matrix);
        const colouring = columnColouring(pattern);
        expectColumns(colouring, matrix, n);
        expect(colouring.colours).toBeLessThanOrEqual(referenceColours(matrix, n));
      }),
    );
  });
});

describe('symmetric matrices', () => {
  const check = (matrix: Dense): Colouring => {
    const pattern = sparsity(matrix, matrix.length);
    const colouring = hessianColouring(pattern);
    expectColours(colouring, matrix, matrix.length);
    expect(isDirect(matrix, colouring.of)).toBe(true);
    const { values } = numbered(matrix, matrix.length);
    const symmetric = values.map((row, i) => row.map((value, j) => (i < j ? value : values[j][i])));
    const inOrder = matrix.flatMap((_, j) => matrix.flatMap((row, i) => (row[j] ? [symmetric[i][j]] : [])));
    const recovery = symmetricRecovery(pattern, colouring);
    expect(recovered(symmetric, colouring, recovery)).toEqual(inOrder);
    return colouring;
  };

  it.each(Object.entries(HESSIANS))('%s', (_, matrix) => {
    const { colours } = check(matrix);
    expect(colours).toBeLessThanOrEqual(referenceColours(matrix, matrix.length));
    expect(coloursOf(sparsity(matrix), 'hessian')).toEqual({ by: 'symmetric', colours });
  });

  it('has as few colours as can be where that is known', () => {
    const colours = (name: string) => hessianColouring(sparsity(HESSIANS[name])).colours;
    expect(colours('diagonal')).toBe(1);
    expect(colours('tridiagonal')).toBe(3); // a path
    expect(colours('arrow')).toBe(2);
    expect(colours('arrow with the point last')).toBe(2);
    expect(colours('blocks of 4')).toBe(4); // a clique
    expect(colours('two sides')).toBe(5); // min(4, 6) + 1
    expect(colours('full')).toBe(5);
    expect(colours('nothing at all')).toBe(0);
  });

  it('is near the optimum of small graphs', () => {
    let more = 0;
    for (let seed = 0; seed < 60; seed++) {
      const matrix = symmetrised(randomMatrix(7, 7, 0.15, 300 + seed)).map((row, i) => row.with(i, true));
      more += check(matrix).colours - optimum(7, of => isStarColouring(matrix, of));
    }
    expect(more).toBeLessThanOrEqual(3);
  });

  it('holds for random matrices', () => {
    fc.assert(
      fc.property(fc.nat(14), fc.double({ min: 0, max: 1 }), fc.nat(), (n, density, seed) => {
        check(symmetrised(randomMatrix(n, n, density * density, seed)));
      }),
    );
  });

  it('is one, in every order', () => {
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.double({ min: 0, max: 1 }),
        fc.nat(),
        fc.nat(),
        (n, density, seed, shuffle) => {
          const matrix = symmetrised(randomMatrix(n, n, density * density, seed)).map((row, i) =>
            row.with(i, true),
          );
          const graph = adjacencyGraph(sparsity(matrix, n));
          const random = generator(shuffle);
          const keys = matrix.map(() => random());
          const order = matrix.map((_, v) => v).sort((v, w) => keys[v] - keys[w]);
          const { of } = greedyColouring(graph, star(graph), order)!;
          expect(isStarColouring(matrix, of)).toBe(true);
        },
      ),
    );
  });

  it('knows a path of two colours', () => {
    const path = dense(4, 4, (i, j) => Math.abs(i - j) === 1);
    expect(isStarColouring(path, [0, 1, 0, 1])).toBe(false);
    expect(isStarColouring(path, [0, 1, 2, 0])).toBe(true);
  });
});
