// One function of scalars as WebAssembly: the schedule of schedule.ts cut into functions of some hundred operations, which the
// function calls in turn. Optimising compilers take more than linear time for long functions, and engines limit them; values
// that cross from one chunk into another stand in an array in memory. A graph of a million operations is written in seconds.

import type { Graph } from '../../ir/graph.ts';
import { type Elements, placementsOf } from '../results.ts';
import type { Leaf } from '../scalars.ts';
import { type Pieces, schedule } from '../schedule.ts';
import { ChunkWriter, type ElementPlace, type StoringSink } from './chunks.ts';
import type { Code } from './code.ts';
import type { WasmEnvironment } from './environment.ts';

/** What is handed out: all elements of an array, or one number that is returned. */
export interface Handed {
  readonly array: string | undefined;
  readonly elements: Elements;
}

export interface StraightRequest {
  readonly graph: Graph;
  readonly handed: readonly Handed[];
  /** Where inputs are found. */
  readonly placeOf: (leaf: Leaf) => ElementPlace;
  /** The array that carries values from chunk to chunk: `slots` doubles, which functions may share. */
  readonly memory: string;
  readonly pieces?: Pieces;
}

export interface StraightFunction {
  /** Takes nothing; its result is the number that is returned, if one is. */
  readonly code: Code;
  /** Elements of `memory` that it needs. */
  readonly slots: number;
  readonly operations: number;
}

/**
 * WebAssembly, in operations. Of 11,000 operations each takes V8 0.22 ns in chunks of 200, 0.21 in those of 500, 0.20 in
 * those of 1000, 0.25 in those of 4000 and 0.28 in one piece; smaller ones are optimised sooner.
 */
export const WASM_PIECES: Pieces = {
  whole: 1000,
  chunk: 500,
  operation: 1,
  call: 1,
  operand: 1,
  read: 0,
  named: 0,
};

export function straightFunction(environment: WasmEnvironment, request: StraightRequest): StraightFunction {
  const { graph, handed, memory, pieces = WASM_PIECES } = request;
  const { encoder } = environment;
  environment.declare(memory, 'f64');
  const sinks = sinksOf(handed);
  const plan = schedule(graph, sinks, pieces);
  const { slots, operations } = plan;
  const results = sinks.some(({ target }) => target.kind === 'return') ? (['f64'] as const) : [];
  const writer = new ChunkWriter({ ...request, environment, sinks, schedule: plan });
  const chunks: Code[] = [];
  const count = plan.bounds.length - 1;
  for (let chunk = 0; chunk < count; chunk++) {
    const code = encoder.function([], chunk === count - 1 ? results : []);
    writer.write(chunk, code);
    chunks.push(code);
  }
  if (count === 1) return { code: chunks[0], slots, operations };
  const code = encoder.function([], results);
  for (const chunk of chunks) code.call(chunk);
  return { code, slots, operations };
}

/** Stores, then what is returned. */
function sinksOf(handed: readonly Handed[]): StoringSink[] {
  const sinks: StoringSink[] = [];
  for (const { array, elements } of handed) {
    if (array === undefined) continue;
    const { isCleared, placements } = placementsOf(elements);
    if (isCleared) sinks.push({ roots: [], target: { kind: 'clear', array, length: elements.length } });
    for (const { value, places } of placements)
      sinks.push({ roots: rootsOf(value), target: { kind: 'store', array, places } });
  }
  for (const { array, elements } of handed)
    if (array === undefined)
      sinks.push({ roots: rootsOf(elements[0]), target: { kind: 'return' }, isLast: true });
  return sinks;
}

function rootsOf(value: Elements[number]): StoringSink['roots'] {
  return value === undefined ? [] : [value];
}
