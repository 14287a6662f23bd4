// Orders in which a greedy colouring takes the vertices. None is best for all graphs, so several are tried. Sources: Welsh and
// Powell 1967 (largest first); Matula, Marble and Isaacson 1972 (smallest last); Coleman and Moré 1983 (incidence degree).

import type { VertexGraph } from './adjacency.ts';

export type Ordering = (graph: VertexGraph) => Int32Array;

/** As they are numbered: best for bands. */
export function natural({ count }: VertexGraph): Int32Array {
  return Int32Array.from({ length: count }, (_, vertex) => vertex);
}

/** By falling number of neighbours. */
export function largestFirst(graph: VertexGraph): Int32Array {
  const degrees = degreesOf(graph);
  return natural(graph).sort((v, w) => degrees[w] - degrees[v] || v - w);
}

/** Last is a vertex with the fewest neighbours, before it one with the fewest among the others, and so on. */
export function smallestLast(graph: VertexGraph): Int32Array {
  const degrees = degreesOf(graph);
  const queue = new Buckets(
    degrees,
    degrees.reduce((most, degree) => Math.max(most, degree), 0),
  );
  const order = new Int32Array(graph.count);
  for (let at = graph.count - 1; at >= 0; at--) {
    order[at] = queue.takeSmallest();
    graph.eachNeighbour(order[at], w => queue.move(w, -1));
  }
  return order;
}

/** First is a vertex with the most neighbours; next is always one with the most neighbours among those before it. */
export function incidenceDegree(graph: VertexGraph): Int32Array {
  // The most neighbours is the fewest if they are counted below zero, from the number of vertices.
  const queue = new Buckets(new Int32Array(graph.count).fill(graph.count), graph.count, largestFirst(graph));
  const order = new Int32Array(graph.count);
  for (let at = 0; at < graph.count; at++) {
    order[at] = queue.takeSmallest();
    graph.eachNeighbour(order[at], w => queue.move(w, -1));
  }
  return order;
}

function degreesOf(graph: VertexGraph): Int32Array {
  return Int32Array.from({ length: graph.count }, (_, vertex) => {
    let degree = 0;
    graph.eachNeighbour(vertex, () => {
      degree++;
    });
    return degree;
  });
}

/** Vertices by key, in doubly linked lists: any is moved, and one of the smallest is taken, in constant time. */
class Buckets {
  readonly #keys: Int32Array;
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #isTaken: Uint8Array;
  #smallest = 0;

  /** With keys 0 to `largest`; among equals the first in `order` is taken first. */
  constructor(keys: Int32Array, largest: number, order: ArrayLike<number> = keys.map((_, vertex) => vertex)) {
    this.#keys = keys.slice();
    this.#first = new Int32Array(largest + 1).fill(-1);
    this.#next = new Int32Array(keys.length).fill(-1);
    this.#previous = new Int32Array(keys.length).fill(-1);
    this.#isTaken = new Uint8Array(keys.length);
    for (let at = order.length - 1; at >= 0; at--) this.#link(order[at]);
  }

  /** Removes a vertex with the smallest key. */
  takeSmallest(): number {
    while (this.#first[this.#smallest] < 0) this.#smallest++;
    const vertex = this.#first[this.#smallest];
    this.#unlink(vertex);
    this.#isTaken[vertex] = 1;
    return vertex;
  }

  /** Changes the key of a vertex that has not been taken. */
  move(vertex: number, by: number): void {
    if (this.#isTaken[vertex]) return;
    this.#unlink(vertex);
    this.#keys[vertex] += by;
    this.#link(vertex);
  }

  #link(vertex: number): void {
    const key = this.#keys[vertex];
    const next = this.#first[key];
    this.#next[vertex] = next;
    this.#previous[vertex] = -1;
    if (next >= 0) this.#previous[next] = vertex;
    this.#first[key] = vertex;
    if (key < this.#smallest) this.#smallest = key;
  }

  #unlink(vertex: number): void {
    const [next, previous] = [this.#next[vertex], this.#previous[vertex]];
    if (previous >= 0) this.#next[previous] = next;
    else this.#first[this.#keys[vertex]] = next;
    if (next >= 0) this.#previous[next] = previous;
  }
}
