// Which language is expected to be faster, for `-t auto`: WebAssembly has vectors and is at speed at its first call, but each
// call copies its arguments and costs a few tens of nanoseconds. The limits are measured (ARCHITECTURE.md).

import { liveNodes } from '../ir/live.ts';
import { type Program, rootsOf } from '../ir/program.ts';
import type { Target } from './context.ts';
import { scalarsIn } from './scalars.ts';

/** Operations of straight-line code from which on WebAssembly is faster, copies of arguments included. */
const FEWEST_OPERATIONS = 2000;

export function fasterTarget(program: Program): Target {
  if (scalarsIn(program) === undefined) return 'wasm';
  return liveNodes(rootsOf(program)).length < FEWEST_OPERATIONS ? 'js' : 'wasm';
}
