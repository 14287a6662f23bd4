// Star colouring: neighbours have different colours, and so have the four vertices of a path at least three of them. Any two
// colours then make up a forest of stars, and every element of a symmetric matrix stands alone in its row of the compressed
// one, or its mirror image does (Coleman and Moré 1984). This is the greedy method of Gebremedhin, Tarafdar, Manne and
// Pothen, SIAM J. Sci. Comput. 29 (2007), section 4; where it keeps the stars, we count the colours around each vertex.

import type { VertexGraph } from './adjacency.ts';
import type { Rule } from './greedy.ts';

/** The vertices of one colour next to a vertex: how many, and which if it is one. */
interface Around {
  count: number;
  readonly first: number;
}

/**
 * An element (v, w) is read in row v, if w is the only neighbour of v in its colour, or in row w, if v is the only one of w.
 * What would break that for an edge at the new vertex, or next to it, is forbidden.
 */
export function star(graph: VertexGraph): Rule {
  const around = Array.from({ length: graph.count }, () => new Map<number, Around>());
  return {
    forbidden(v, of, forbid) {
      graph.eachNeighbour(v, w => {
        const colour = of[w];
        if (colour < 0) return;
        forbid(colour);
        // v is the centre of a star: no leaf w has another neighbour in the colour of v.
        const isCentre = around[v].get(colour)!.count > 1;
        for (const [other, { count, first }] of around[w]) {
          // Or w becomes the centre of v and `first`, which is not the centre of another star.
          if (isCentre || (count === 1 && around[first].get(colour)!.count > 1)) forbid(other);
        }
      });
    },
    coloured(v, colour) {
      graph.eachNeighbour(v, w => {
        const known = around[w].get(colour);
        if (known === undefined) around[w].set(colour, { count: 1, first: v });
        else known.count++;
      });
    },
  };
}
