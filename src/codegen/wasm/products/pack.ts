// Packing: the lines of a matrix that a tile reads together are put side by side, so that the tile reads one stream of
// memory whatever the layout of the matrix. Invariant: a vector is read only where its first number is one of the matrix, so
// what is read beyond its end stays within the slack between arrays; what stands beside the lines of a group, or behind their
// ends, is arbitrary, and lands in sums that nobody stores.

import type { Code, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes, VECTOR } from './lanes.ts';
import { advance, assign, compare, copy, countTo, least, place } from './steps.ts';
import { VECTORS } from './tile.ts';

/** The bytes of a step of k in a packed group. */
export const GROUP = VECTORS * VECTOR;

/** Bytes behind a packed group that may be written. */
export const OVERRUN = 4 * GROUP;

/**
 * The function that packs a group of lines, element k of line q to `to` + k GROUP + q numbers. Its parameters: the address of
 * the first element, bytes from line to line, bytes along a line, how many lines there are (at least one; those beyond a
 * group are left), the length of a line, `to`.
 */
export function packKernel({ encoder, precision }: WasmEnvironment): Code {
  const lanes = LANES[precision];
  const code = encoder.function(['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], []);
  const [from, next, step, count, length, to] = code.params.keys();
  const end = code.local('i32');
  place(code, end, to, length, { constant: GROUP });
  compare(code, next, 'i32.eq', { constant: lanes.bytes });
  code.if(
    () => copyAcross(code, lanes, from, step, count, to, end),
    () => {
      compare(code, step, 'i32.eq', { constant: lanes.bytes });
      code.if(
        () => transpose(code, lanes, from, next, count, to, end),
        () => copyOneByOne(code, lanes, from, next, step, count, to, end),
      );
    },
  );
  return code;
}

/** Lines that are neighbours: whole vectors of them. */
function copyAcross(
  code: Code,
  lanes: Lanes,
  from: Local,
  step: Local,
  count: Local,
  to: Local,
  end: Local,
): void {
  const copyVectors = (vectors: number) => () =>
    countTo(code, to, end, { constant: GROUP }, () => {
      for (let v = 0; v < vectors; v++) {
        code.get(to);
        code.get(from);
        code.memory('v128.load', v * VECTOR);
        code.memory('v128.store', v * VECTOR);
      }
      advance(code, from, step);
    });
  compare(code, count, 'i32.gt_s', { constant: lanes.count });
  code.if(copyVectors(2), copyVectors(1));
}

/** Lines whose elements are neighbours: squares of them, transposed in registers. */
function transpose(
  code: Code,
  lanes: Lanes,
  from: Local,
  next: Local,
  count: Local,
  to: Local,
  end: Local,
): void {
  const rows = Array.from({ length: lanes.count }, () => code.local('v128'));
  const lines = rows.map(() => code.local('i32'));
  const last = code.local('i32');
  const at = code.local('i32');
  assign(code, last, count, 'i32.sub', { constant: 1 });
  for (let v = 0; v < VECTORS; v++) {
    for (const [q, line] of lines.entries()) {
      least(code, line, last, { constant: v * lanes.count + q }); // beyond the last line that one again
      place(code, line, from, line, next);
    }
    copy(code, at, to);
    countTo(code, at, end, { constant: lanes.count * GROUP }, () => {
      for (const [q, line] of lines.entries()) {
        code.get(line);
        code.memory('v128.load');
        code.set(rows[q]);
        advance(code, line, { constant: VECTOR });
      }
      for (const [k, [left, right, bytes]] of transposition(code, lanes, rows).entries()) {
        code.get(at);
        code.get(left);
        code.get(right);
        code.shuffle(bytes);
        code.memory('v128.store', k * GROUP + v * VECTOR);
      }
    });
  }
}

/** The last shuffles of a transposition, one for each vector of the result; in f32 pairs of lines are merged first. */
function transposition(
  code: Code,
  { count }: Lanes,
  rows: readonly Local[],
): readonly [left: Local, right: Local, bytes: readonly number[]][] {
  const low = bytesOf(8, [0, 2]);
  const high = bytesOf(8, [1, 3]);
  if (count === 2)
    return [
      [rows[0], rows[1], low],
      [rows[0], rows[1], high],
    ];
  const merged = [
    [0, 1, bytesOf(4, [0, 4, 1, 5])],
    [2, 3, bytesOf(4, [0, 4, 1, 5])],
    [0, 1, bytesOf(4, [2, 6, 3, 7])],
    [2, 3, bytesOf(4, [2, 6, 3, 7])],
  ] as const;
  const pairs = merged.map(([left, right, bytes]) => {
    const pair = code.local('v128');
    code.get(rows[left]);
    code.get(rows[right]);
    code.shuffle(bytes);
    code.set(pair);
    return pair;
  });
  for (const pair of pairs) code.release(pair);
  return [
    [pairs[0], pairs[1], low],
    [pairs[0], pairs[1], high],
    [pairs[2], pairs[3], low],
    [pairs[2], pairs[3], high],
  ];
}

/** The bytes of a shuffle that takes the numbers of two vectors in that order. */
function bytesOf(size: number, numbers: readonly number[]): number[] {
  return numbers.flatMap(number => Array.from({ length: size }, (_, byte) => number * size + byte));
}

function copyOneByOne(
  code: Code,
  lanes: Lanes,
  from: Local,
  next: Local,
  step: Local,
  count: Local,
  to: Local,
  end: Local,
): void {
  const at = code.local('i32');
  const read = code.local('i32');
  const lines = code.local('i32');
  const line = code.local('i32');
  least(code, lines, count, { constant: VECTORS * lanes.count });
  copy(code, line, { constant: 0 });
  countTo(code, line, lines, { constant: 1 }, () => {
    place(code, read, from, line, next);
    place(code, at, to, line, { constant: lanes.bytes });
    countTo(code, at, end, { constant: GROUP }, () => {
      code.get(at);
      code.get(read);
      code.memory(lanes.load);
      code.memory(lanes.store);
      advance(code, read, step);
    });
  });
}
