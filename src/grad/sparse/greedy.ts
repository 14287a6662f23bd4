// Greedy colouring: the vertices in some order, each in the first colour that is not forbidden for it. Fewest colours is
// NP-hard (Coleman and Moré 1983), no order is best for all graphs, and so the best of several is kept.

import type { VertexGraph } from './adjacency.ts';
import { incidenceDegree, largestFirst, natural, type Ordering, smallestLast } from './orderings.ts';

export interface Colouring {
  /** How many colours there are. */
  readonly colours: number;
  /** The colour of each vertex, from 0; -1 for an empty column, which needs none. */
  readonly of: Int32Array;
  /** True if the search was given up before it found any: every vertex has a colour of its own. */
  readonly isGivenUp?: boolean;
}

/** Calls `forbid` with the colours that the vertex may not have, given those of the vertices before it (others: -1). */
export type Forbidden = (vertex: number, of: Int32Array, forbid: (colour: number) => void) => void;

/** What a kind of colouring forbids, for one run of the greedy method; `coloured` tells it the choices. */
export interface Rule {
  readonly forbidden: Forbidden;
  readonly coloured?: (vertex: number, colour: number) => void;
}

/** No two neighbours have one colour. */
export function distanceOne(graph: VertexGraph): Rule {
  return {
    forbidden(vertex, of, forbid) {
      graph.eachNeighbour(vertex, neighbour => forbid(of[neighbour]));
    },
  };
}

/**
 * The colouring with the fewest colours over several orders; `fewest` are as few as can be. If trying them takes more than
 * `most` checks every vertex gets a colour of its own, which is a colouring by any rule.
 */
export function bestColouring(
  graph: VertexGraph,
  rule: (graph: VertexGraph) => Rule,
  fewest: number,
  most = MOST_CHECKS,
): Colouring {
  const own = ownColours(graph);
  if (own.colours <= fewest) return own;
  let best: Colouring = { ...own, isGivenUp: true };
  if (graph.visits > most) return best;
  let left = most;
  for (const ordering of ORDERINGS) {
    if (best.colours <= fewest) break;
    const order = ordering(graph);
    const next = greedyColouring(graph, rule(graph), order, () => --left >= 0);
    if (next === undefined) break;
    if (best.isGivenUp || next.colours < best.colours) best = next;
  }
  return best;
}

/** Undefined if `mayGoOn` says so; it is asked at every colour that is forbidden. */
export function greedyColouring(
  graph: VertexGraph,
  { forbidden, coloured }: Rule,
  order: ArrayLike<number>,
  mayGoOn: () => boolean = () => true,
): Colouring | undefined {
  const of = new Int32Array(graph.count).fill(-1);
  const forbiddenFor = new Int32Array(graph.count + 1).fill(-1);
  let colours = 0;
  let goesOn = true;
  for (let at = 0; at < order.length && goesOn; at++) {
    const vertex = order[at];
    if (!graph.isUsed(vertex)) continue;
    forbidden(vertex, of, colour => {
      if (colour >= 0) forbiddenFor[colour] = vertex;
      goesOn &&= mayGoOn();
    });
    let colour = 0;
    while (forbiddenFor[colour] === vertex) colour++;
    of[vertex] = colour;
    colours = Math.max(colours, colour + 1);
    coloured?.(vertex, colour);
  }
  return goesOn ? { colours, of } : undefined;
}

function ownColours(graph: VertexGraph): Colouring {
  let colours = 0;
  const of = Int32Array.from({ length: graph.count }, (_, vertex) => (graph.isUsed(vertex) ? colours++ : -1));
  return { colours, of };
}

const ORDERINGS: readonly Ordering[] = [natural, largestFirst, smallestLast, incidenceDegree];

/** Of neighbours and of colours: a few seconds. */
const MOST_CHECKS = 2e7;
