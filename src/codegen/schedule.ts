// What one emitted function computes, in which order, and in how many pieces. A schedule is a list of steps over typed
// arrays: a step is the id of a node to compute, or `~k` for sink k, which hands a finished value out. Nothing recurses:
// a graph of a million operations may be as deep as it is long.

import type { Graph, Node } from '../ir/graph.ts';
import { type Branching, branching } from './branches.ts';
import { FORMS } from './forms.ts';

/** A statement that hands values out: a return, or a store into an array of the caller. */
export interface Sink {
  readonly roots: readonly Node[];
  /** The lines of the statement around the texts of the roots. */
  readonly print: (text: (index: number) => string) => readonly string[];
  /** True for a return: nothing can follow. */
  readonly isLast?: true;
}

export interface Schedule {
  readonly steps: Int32Array;
  /** Computed nodes: neither constants nor inputs. */
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
  /** Values computed under a condition only, which are not among `steps`. */
  readonly branches: Branching['branches'];
  readonly escapes: Uint8Array;
}

/** A function beyond this many bytes of bytecode is split; V8 of Node 20 and 22 never optimises above 61,440. */
const LARGEST_FUNCTION = 50_000;
/** Size of the pieces: larger ones wait seconds for the optimiser, smaller ones pass more values on. */
const CHUNK = 10_000;

/** Operations in one expression: bounds the length of lines and the depth of nesting. */
const LARGEST_INLINE = 24;
/** Operations of the functions that keep all names of the source. */
const LARGEST_NAMED = 500;

/** Bytes of bytecode of a statement; measured, rounded up. */
const OPERATION_BYTES = 13;
const CALL_BYTES = 18;

export function schedule(graph: Graph, sinks: readonly Sink[]): Schedule {
  const size = graph.nodes.length;
  const { steps, operations } = graphOrder(graph, sinks);
  const bounds = cut(graph, steps);

  const chunkOf = new Int32Array(size).fill(-1);
  const lastUse = new Int32Array(size).fill(-1);
  const localUses = new Int32Array(size);
  for (let chunk = 0; chunk + 1 < bounds.length; chunk++) {
    for (let i = bounds[chunk]; i < bounds[chunk + 1]; i++) {
      const step = steps[i];
      if (step >= 0) chunkOf[step] = chunk;
      for (const input of step >= 0 ? graph.nodes[step].inputs : sinks[~step].roots) {
        lastUse[input.id] = chunk;
        if (chunkOf[input.id] === chunk) localUses[input.id]++;
      }
    }
  }
  const { slotOf, slots } = allot(steps, bounds, chunkOf, lastUse);
  const keepsNames = operations <= LARGEST_NAMED; // each line costs bytecode
  const isInline = chooseInline(graph, steps, localUses, slotOf, keepsNames);
  const plan = { operations, chunkOf, localUses, isInline, keepsNames, slotOf, slots };

  const ids = steps.filter(step => step >= 0);
  if (bounds.length > 2 || !ids.some(id => graph.nodes[id].op === 'select')) {
    return { ...plan, steps, bounds, branches: new Map(), escapes: new Uint8Array(size) };
  }
  const { branches, escapes, isInside } = branching(
    graph,
    ids,
    sinks.flatMap(sink => sink.roots),
    isInline,
  );
  const outside = steps.filter(step => step < 0 || isInside[step] === 0);
  return { ...plan, steps: outside, bounds: [0, outside.length], branches, escapes };
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
  for (const id of steps) {
    if (id < 0) continue;
    const node = graph.nodes[id];
    let size = 1;
    for (const input of node.inputs) if (isInline[input.id] === 1) size += sizes[input.id];
    if (localUses[id] !== 1 || slotOf[id] >= 0 || size > LARGEST_INLINE) continue;
    if (keepsNames && graph.names.has(node)) continue;
    isInline[id] = 1;
    sizes[id] = size;
  }
  return isInline;
}

/**
 * The order of the graph: forward values as the source has them, then derivatives. Each sink comes as soon as its values
 * are known, a return last. Measured on Node 20 with 70 to 2,300 operations, a depth-first order from the sinks and
 * stores at the end are neither faster nor slower.
 */
function graphOrder(graph: Graph, sinks: readonly Sink[]): { steps: Int32Array; operations: number } {
  const live = new Uint8Array(graph.nodes.length);
  const waiting = sinks.map((sink, k) => ({ k, due: sink.isLast ? Number.POSITIVE_INFINITY : lastOf(sink) }));
  waiting.sort((a, b) => a.due - b.due);
  for (const { roots } of sinks) for (const { id } of roots) live[id] = 1;

  let operations = 0;
  for (let id = live.length - 1; id >= 0; id--) {
    if (live[id] === 0) continue;
    const { inputs } = graph.nodes[id];
    if (inputs.length > 0) operations++;
    for (const input of inputs) live[input.id] = 1;
  }

  const steps = new Int32Array(operations + sinks.length);
  let length = 0;
  let next = 0;
  for (let id = 0; id < live.length; id++) {
    for (; next < waiting.length && waiting[next].due < id; next++) steps[length++] = ~waiting[next].k;
    if (live[id] === 1 && graph.nodes[id].inputs.length > 0) steps[length++] = id;
  }
  for (; next < waiting.length; next++) steps[length++] = ~waiting[next].k;
  return { steps, operations };
}

/** The id of the last value that `sink` waits for. */
function lastOf({ roots }: Sink): number {
  return roots.reduce((last, { id, inputs }) => (inputs.length > 0 ? Math.max(last, id) : last), -1);
}

/** Bounds of chunks: one chunk if the function is small enough to be optimised whole. */
function cut(graph: Graph, steps: Int32Array): number[] {
  const bounds = [0];
  let total = 0;
  let piece = 0;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    const bytes = step >= 0 && FORMS[graph.nodes[step].op].dear ? CALL_BYTES : OPERATION_BYTES;
    total += bytes;
    piece += bytes;
    if (piece > CHUNK) {
      bounds.push(i);
      piece = bytes;
    }
  }
  return total <= LARGEST_FUNCTION ? [0, steps.length] : [...bounds, steps.length];
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
