// What the kernels of matrix products need to know of a precision: how many numbers a vector of 16 bytes holds, and the
// instructions on them. Invariant: all numbers that a kernel touches are of the module's precision, and sums are taken in it.

import type { LANES as LANE_OPCODES, MEMORY, MEMORY_LANES, Opcode } from '../opcodes.ts';

export interface Lanes {
  readonly shape: 'f32x4' | 'f64x2';
  /** Numbers of a vector. */
  readonly count: 2 | 4;
  /** Bytes of a number. */
  readonly bytes: 4 | 8;
  readonly add: Opcode;
  readonly mul: Opcode;
  /** Loads a number into all lanes. */
  readonly loadSplat: keyof typeof MEMORY;
  /** Loads a number into the first lane, zeros into the others. */
  readonly loadZero: 'v128.load32_zero' | 'v128.load64_zero';
  /** One number: its type, how it is loaded, stored and added, and taken out of a vector. */
  readonly number: 'f32' | 'f64';
  readonly load: keyof typeof MEMORY;
  readonly store: keyof typeof MEMORY;
  readonly addOne: Opcode;
  readonly extract: keyof typeof LANE_OPCODES;
  readonly storeLane: keyof typeof MEMORY_LANES;
}

export const LANES: { readonly [P in 'f32' | 'f64']: Lanes } = {
  f32: {
    shape: 'f32x4',
    count: 4,
    bytes: 4,
    add: 'f32x4.add',
    mul: 'f32x4.mul',
    loadSplat: 'v128.load32_splat',
    loadZero: 'v128.load32_zero',
    number: 'f32',
    load: 'f32.load',
    store: 'f32.store',
    addOne: 'f32.add',
    extract: 'f32x4.extract_lane',
    storeLane: 'v128.store32_lane',
  },
  f64: {
    shape: 'f64x2',
    count: 2,
    bytes: 8,
    add: 'f64x2.add',
    mul: 'f64x2.mul',
    loadSplat: 'v128.load64_splat',
    loadZero: 'v128.load64_zero',
    number: 'f64',
    load: 'f64.load',
    store: 'f64.store',
    addOne: 'f64.add',
    extract: 'f64x2.extract_lane',
    storeLane: 'v128.store64_lane',
  },
};

/** Bytes of a vector. */
export const VECTOR = 16;
