// All tiles of a block of columns: the loops over rows and groups of columns around the innermost one (tile.ts), and where
// their sums go.

import type { Code, FunctionRef, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes, VECTOR } from './lanes.ts';
import { GROUP } from './pack.ts';
import { advance, compare, copy, countDown, least, place, placeRows } from './steps.ts';
import { ROWS, sumTile, type Tile, tileLocals, VECTORS } from './tile.ts';

/**
 * Columns from which on the rows are packed if they are neighbours. Each of their terms is on another line of the cache then,
 * and those of powers of two bytes from each other evict each other.
 */
const MANY_COLUMNS = 64;

/** What its parameters are: z[i, j] = sum of x[i, k] y[k, j], added to what is there if it `adds`. */
// biome-ignore format: a matrix a line
const PARAMETERS = [
  'rows', 'columns', 'depth',
  'x', 'xi', 'xk',
  'y', 'yk', 'yj', // yj: from one group of columns to the next; the columns of a group are neighbours
  'z', 'zi', 'zj', 'adds',
  'panel', // room for a packed group of rows
] as const;

/** The function of all tiles of some rows and columns. Addresses and distances are in bytes. */
export function rowsKernel(
  { encoder, precision }: WasmEnvironment,
  pack: FunctionRef,
  put: FunctionRef,
): Code {
  const lanes = LANES[precision];
  const code = encoder.function(new Array(PARAMETERS.length).fill('i32'), []);
  const [rows, width, depth, x, xi, xk, y, yk, yj, z, zi, zj, adds, panel] = code.params.keys();
  const tile = tileLocals(code);
  const [packs, step, columns, row, group, to] = Array.from({ length: 6 }, () => code.local('i32'));
  compare(code, xi, 'i32.eq', { constant: lanes.bytes });
  compare(code, width, 'i32.ge_s', { constant: MANY_COLUMNS });
  code.op('i32.and');
  code.set(packs);
  copy(code, step, xk);
  code.get(packs);
  code.if(() => copy(code, step, { constant: GROUP }));
  countDown(code, rows, ROWS, () => {
    copy(code, row, x);
    code.get(packs);
    code.if(() => {
      least(code, columns, rows, { constant: ROWS });
      for (const each of [x, xi, xk, columns, depth, panel]) code.get(each);
      code.call(pack);
      copy(code, row, panel);
    });
    copy(code, columns, width);
    copy(code, group, y);
    copy(code, to, z);
    countDown(code, columns, VECTORS * lanes.count, () => {
      placeRows(code, tile.x, row, xi, rows);
      copy(code, tile.y, group);
      const target = { to, rows, columns, zi, zj, adds };
      const sumAndPut = (vectors: number) => () => {
        sumTile(code, lanes, tile, vectors, depth, step, yk);
        putTile(code, lanes, put, tile, vectors, target);
      };
      compare(code, columns, 'i32.gt_s', { constant: lanes.count });
      code.if(sumAndPut(2), sumAndPut(1));
      advance(code, group, yj);
      place(code, to, to, zj, { constant: VECTORS * lanes.count });
    });
    place(code, x, x, xi, { constant: ROWS });
    place(code, z, z, zi, { constant: ROWS });
  });
  return code;
}

/** Where a tile goes, and how many rows and columns are left there. */
type Target = Readonly<Record<'to' | 'rows' | 'columns' | 'zi' | 'zj' | 'adds', Local>>;

/** Stores the first vectors of each row of a tile: at once if all there is of them is wanted. */
function putTile(
  code: Code,
  lanes: Lanes,
  put: FunctionRef,
  { sums }: Tile,
  vectors: number,
  { to, rows, columns, zi, zj, adds }: Target,
): void {
  compare(code, columns, 'i32.ge_s', { constant: vectors * lanes.count });
  compare(code, rows, 'i32.ge_s', { constant: ROWS });
  code.op('i32.and');
  compare(code, zj, 'i32.eq', { constant: lanes.bytes });
  code.op('i32.and');
  code.if(
    () => {
      const at = code.local('i32');
      for (const [p, row] of sums.entries()) {
        if (p === 0) copy(code, at, to);
        else advance(code, at, zi);
        const stored = row.slice(0, vectors);
        code.get(adds);
        code.if(() => {
          for (const [v, sum] of stored.entries()) {
            code.get(sum);
            code.get(at);
            code.memory('v128.load', v * VECTOR);
            code.op(lanes.add);
            code.set(sum);
          }
        });
        for (const [v, sum] of stored.entries()) {
          code.get(at);
          code.get(sum);
          code.memory('v128.store', v * VECTOR);
        }
      }
      code.release(at);
    },
    () => {
      for (const each of [to, zi, zj, rows, columns, adds, ...sums.flat()]) code.get(each);
      code.call(put);
    },
  );
}
