// The innermost loop of matrix products: the sums of a tile of 4 rows by two vectors stay in 8 registers while k runs, with a
// vector or two of b and a number of a in four more. More sums than that spill (SSE has 16 registers), and so does a loop that
// is unrolled over k: V8 then loads too far ahead, which was measured to cost a third.

import type { Code, Local } from '../code.ts';
import { type Lanes, VECTOR } from './lanes.ts';
import { advance, copy, type Operand } from './steps.ts';

/** Rows of a tile. */
export const ROWS = 4;

/** Vectors that a row of a tile consists of. */
export const VECTORS = 2;

/** The locals of a tile. */
export interface Tile {
  /** Of each row its vectors of sums. */
  readonly sums: readonly (readonly Local[])[];
  /** Where the row of a is read. */
  readonly x: readonly Local[];
  /** Where the vectors of b are read. */
  readonly y: Local;
  /** How many terms are to come. */
  readonly terms: Local;
  readonly factors: readonly Local[];
  readonly splat: Local;
}

export function tileLocals(code: Code): Tile {
  const each = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  return {
    sums: each(ROWS, () => each(VECTORS, () => code.local('v128'))),
    x: each(ROWS, () => code.local('i32')),
    y: code.local('i32'),
    terms: code.local('i32'),
    factors: each(VECTORS, () => code.local('v128')),
    splat: code.local('v128'),
  };
}

/**
 * Adds up `depth` products of each element. Before it, x and y are where the first factors stand; `xk` and `yk` are the bytes
 * from one to the next. Of each row only the first `vectors` are computed.
 */
export function sumTile(
  code: Code,
  lanes: Lanes,
  tile: Tile,
  vectors: number,
  depth: Local,
  xk: Operand,
  yk: Operand,
): void {
  const { x, y, terms, factors, splat } = tile;
  const sums = tile.sums.map(row => row.slice(0, vectors));
  for (const sum of sums.flat()) {
    code.splat(lanes.shape, 0);
    code.set(sum);
  }
  copy(code, terms, depth);
  code.get(terms);
  code.if(() =>
    code.loop(() => {
      for (let v = 0; v < vectors; v++) {
        code.get(y);
        code.memory('v128.load', v * VECTOR);
        code.set(factors[v]);
      }
      for (const [p, row] of sums.entries()) {
        code.get(x[p]);
        code.memory(lanes.loadSplat);
        code.set(splat);
        for (const [v, sum] of row.entries()) {
          code.get(sum);
          code.get(splat);
          code.get(factors[v]);
          code.op(lanes.mul);
          code.op(lanes.add);
          code.set(sum);
        }
      }
      for (const each of x) advance(code, each, xk);
      advance(code, y, yk);
      advance(code, terms, { constant: -1 });
      code.get(terms);
      code.brIf(0);
    }),
  );
}
