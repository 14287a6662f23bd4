// What one emitted function computes, in which order, and in how many pieces. A schedule is a list of steps over typed
// arrays: a step is the id of a node to compute, or `~k` for sink k, which hands a finished value out. Nothing recurses:
// a graph of a million operations may be as deep as it is long.

import type { Graph, Node } from '../ir/graph.ts';
import { type Branching, branching } from './branches.ts';
import { FORMS } from './forms.ts';
import { isThere } from './scalars.ts';

/** A step that hands values out: a return, or a store into an array of the caller. */
export interface Sink {
  readonly roots: readonly Node[];
  /** True for a return: nothing can follow. */
  readonly isLast?: true;
}

/** What a target makes of a function, in any unit of length. */
export interface Pieces {
  /** A function up to this length is one chunk. */
  readonly whole: number;
  /** Chunks of longer ones. */
  readonly chunk: number;
  /** The lengths of an operation, of one that calls a function, of each operand beyond three, and of reading an input. */
  readonly operation: number;
  readonly call: number;
  readonly operand: number;
  readonly read: number;
  /** Operations of the functions where a name from the source gives a value a line of its own. */
  readonly named: number;
}

/** Values that are computed under a condition only are in `branches`, not among `steps`. */
export interface Schedule extends Branching {
  readonly steps: Int32Array;
  /** Computed nodes: neither constants nor inputs nor elements of those. */
  readonly operations: number;
  /** Where each chunk begins in `steps`, and the end of the last. */
  readonly bounds: readonly number[];
  /** By node id: the chunk that computes it, -1 if none does. */
  readonly chunkOf: Int32Array;
  /** By node id: uses inside the chunk that computes it. */
  readonly localUses: Int32Array;
  /** By node id: 1 if the value is written where it is used. */
  readonly isInline: Uint8Array;
  /** False in large functions, where a name from the source does not give a value a line of its own. */
  readonly keepsNames: boolean;
  /** By node id: the slot that carries the value into later chunks, -1 if none reads it. */
  readonly slotOf: Int32Array;
  readonly slots: number;
}

/**
 * JavaScript, in bytes of bytecode, measured and rounded up. V8 of Node 20 and 22 never optimises a function above 61,440;
 * larger chunks wait seconds for the optimiser, smaller ones pass more values on. A line for each name costs bytecode.
 */
const JAVASCRIPT: Pieces = {
  whole: 50_000,
  chunk: 10_000,
  operation: 13,
  call: 18,
  operand: 0,
  read: 8,
  named: 500,
};

/** Operations in one expression: bounds the length of lines and the depth of nesting. */
const LARGEST_INLINE = 24;
/** Operations of the functions that store all results at the end. */
const LARGEST_STORED_LAST = 100;

export function schedule(graph: Graph, sinks: readonly Sink[], pieces: Pieces = JAVASCRIPT): Schedule {
  const roots = sinks.flatMap(sink => sink.roots);
  const facts = factsOf(graph, roots);
  const operations = countComputed(facts);
  const steps = graphOrder(facts, operations, sinks);
  const bounds = cut(graph, facts, steps, pieces);

  const size = facts.length; // no later node is needed
  const chunkOf = new Int32Array(size).fill(-1);
  const lastUse = new Int32Array(size).fill(-1);
  const localUses = new Int32Array(size);
  for (let chunk = 0; chunk + 1 < bounds.length; chunk++) {
    for (let i = bounds[chunk]; i < bounds[chunk + 1]; i++) {
      const step = steps[i];
      if (step >= 0) chunkOf[step] = chunk;
      const used = step >= 0 ? graph.nodes[step].inputs : sinks[~step].roots;
      for (let k = 0; k < used.length; k++) {
        const { id } = used[k];
        lastUse[id] = chunk;
        if (chunkOf[id] === chunk) localUses[id]++;
      }
    }
  }
  const { slotOf, slots } = allot(steps, bounds, chunkOf, lastUse);
  const keepsNames = operations <= pieces.named;
  const isInline = chooseInline(graph, steps, localUses, slotOf, keepsNames);
  const plan = { operations, chunkOf, localUses, isInline, keepsNames, slotOf, slots };

  if (bounds.length > 2 || !facts.some(fact => fact & SELECTS)) {
    return {
      ...plan,
      steps,
      bounds,
      branches: new Map(),
      followers: new Map(),
      escapes: new Uint8Array(size),
    };
  }
  const { outside, ...conditional } = branching(graph, steps, roots, isInline);
  return { ...plan, ...conditional, steps: outside, bounds: [0, outside.length] };
}

/** A value is written where it is used if that is one place, the text stays short and the source has no name for it. */
function chooseInline(
  graph: Graph,
  steps: Int32Array,
  localUses: Int32Array,
  slotOf: Int32Array,
  keepsNames: boolean,
): Uint8Array {
  const isInline = new Uint8Array(localUses.length);
  const sizes = new Uint8Array(localUses.length);
  for (let i = 0; i < steps.length; i++) {
    const id = steps[i];
    if (id < 0) continue;
    const node = graph.nodes[id];
    let size = 1;
    const { inputs } = node;
    for (let k = 0; k < inputs.length; k++) if (isInline[inputs[k].id] === 1) size += sizes[inputs[k].id];
    if (localUses[id] !== 1 || slotOf[id] >= 0 || size > LARGEST_INLINE) continue;
    if (keepsNames && graph.names.has(node)) continue;
    isInline[id] = 1;
    sizes[id] = size;
  }
  return isInline;
}

/** What the passes below ask of a node, so that the node itself is looked at once. */
const LIVE = 1;
const COMPUTED = 2;
const DEAR = 4;
const SELECTS = 8;

/** By node id, what is needed for `roots`. */
function factsOf(graph: Graph, roots: readonly Node[]): Uint8Array {
  const facts = new Uint8Array(roots.reduce((size, { id }) => Math.max(size, id + 1), 0));
  for (const { id } of roots) facts[id] = LIVE;
  for (let id = facts.length - 1; id >= 0; id--) {
    if (facts[id] === 0) continue;
    const node = graph.nodes[id];
    if (isThere(node)) continue;
    const { op, inputs } = node;
    facts[id] |= COMPUTED | (FORMS[op].dear ? DEAR : 0) | (op === 'select' ? SELECTS : 0);
    for (let k = 0; k < inputs.length; k++) facts[inputs[k].id] |= LIVE;
  }
  return facts;
}

function countComputed(facts: Uint8Array): number {
  let count = 0;
  for (let id = 0; id < facts.length; id++) if (facts[id] & COMPUTED) count++;
  return count;
}

/**
 * The order of the graph: forward values as the source has them, then derivatives. Stores come last in small functions,
 * where that reads best, else as soon as their values are known; a return is always last. Measured on Node 20 with 70 to
 * 20,000 operations: a depth-first order from the sinks, and either place of the stores, are equally fast.
 */
function graphOrder(facts: Uint8Array, operations: number, sinks: readonly Sink[]): Int32Array {
  const isSmall = operations <= LARGEST_STORED_LAST;
  const waiting = sinks.map((sink, k) => {
    return { k, due: isSmall || sink.isLast ? Number.POSITIVE_INFINITY : lastOf(sink) };
  });
  waiting.sort((a, b) => a.due - b.due || a.k - b.k);
  const steps = new Int32Array(operations + sinks.length);
  let length = 0;
  let next = 0;
  for (let id = 0; id < facts.length; id++) {
    for (; next < waiting.length && waiting[next].due < id; next++) steps[length++] = ~waiting[next].k;
    if (facts[id] & COMPUTED) steps[length++] = id;
  }
  for (; next < waiting.length; next++) steps[length++] = ~waiting[next].k;
  return steps;
}

/** The id of the last value that `sink` waits for. */
function lastOf({ roots }: Sink): number {
  return roots.reduce((last, root) => (isThere(root) ? last : Math.max(last, root.id)), -1);
}

/** Bounds of chunks: one chunk if the function is small enough to be optimised whole. */
function cut(graph: Graph, facts: Uint8Array, steps: Int32Array, pieces: Pieces): number[] {
  const bounds = [0];
  let total = 0;
  let piece = 0;
  for (let id = 0; id < facts.length; id++) if (facts[id] === LIVE) total += pieces.read;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    let length = step >= 0 && facts[step] & DEAR ? pieces.call : pieces.operation;
    if (step >= 0) length += pieces.operand * Math.max(0, graph.nodes[step].inputs.length - 3);
    total += length;
    piece += length;
    if (piece > pieces.chunk) {
      bounds.push(i);
      piece = length;
    }
  }
  return total <= pieces.whole ? [0, steps.length] : [...bounds, steps.length];
}

/**
 * Slots for the values that cross from one chunk into another. A slot is free again in the chunk after its last
 * reader, so that inside a chunk reads and writes may come in any order.
 */
function allot(
  steps: Int32Array,
  bounds: readonly number[],
  chunkOf: Int32Array,
  lastUse: Int32Array,
): { slotOf: Int32Array; slots: number } {
  const slotOf = new Int32Array(chunkOf.length).fill(-1);
  const released: number[][] = bounds.map(() => []);
  const free: number[] = [];
  let slots = 0;
  for (let chunk = 0; chunk + 1 < bounds.length; chunk++) {
    for (const slot of released[chunk]) free.push(slot);
    for (let i = bounds[chunk]; i < bounds[chunk + 1]; i++) {
      const id = steps[i];
      if (id < 0 || lastUse[id] === chunkOf[id]) continue;
      slotOf[id] = free.pop() ?? slots++;
      released[lastUse[id] + 1].push(slotOf[id]);
    }
  }
  return { slotOf, slots };
}
