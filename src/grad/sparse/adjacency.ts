// The two graphs whose vertices are the columns of a matrix. In the intersection graph columns are neighbours if they have a
// row in common: columns of one colour are then structurally orthogonal (Curtis, Powell and Reid 1974; Coleman and Moré
// 1983). To colour it is to colour one side of the bipartite graph at distance 2 (Gebremedhin, Manne and Pothen 2005,
// section 4), which needs no list of its edges. In the adjacency graph of a symmetric matrix they are neighbours if they
// meet off the diagonal.

import type { Sparsity } from '../../ir/sparse.ts';
import { column, transposed } from './sparsity.ts';

/** An undirected graph without loops over the vertices 0, 1, ... */
export interface VertexGraph {
  readonly count: number;
  /** What it costs to visit all neighbours of all vertices. */
  readonly visits: number;
  /** Calls `see` with every neighbour of the vertex, once. May not be nested. */
  readonly eachNeighbour: (vertex: number, see: (neighbour: number) => void) => void;
  /** False for an empty column, which needs no colour. */
  readonly isUsed: (vertex: number) => boolean;
}

export function intersectionGraph(pattern: Sparsity): VertexGraph {
  const byRow = transposed(pattern);
  const lastVisit = new Int32Array(pattern.columns);
  let visit = 0;
  let visits = 0;
  for (let i = 0; i < pattern.rows; i++) visits += column(byRow, i).length ** 2;
  return {
    count: pattern.columns,
    visits,
    isUsed: j => isUsed(pattern, j),
    eachNeighbour(j, see) {
      lastVisit[j] = ++visit;
      for (const i of column(pattern, j)) {
        for (const k of column(byRow, i)) {
          if (lastVisit[k] === visit) continue;
          lastVisit[k] = visit;
          see(k);
        }
      }
    },
  };
}

/** Of a symmetric pattern. */
export function adjacencyGraph(pattern: Sparsity): VertexGraph {
  return {
    count: pattern.columns,
    visits: pattern.rowIndex.length,
    isUsed: j => isUsed(pattern, j),
    eachNeighbour(j, see) {
      for (const i of column(pattern, j)) if (i !== j) see(i);
    },
  };
}

function isUsed({ colPointer }: Sparsity, j: number): boolean {
  return colPointer[j + 1] > colPointer[j];
}
