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
      compare(code, columns, 'i32.gt_s', { constant: lanes.count });
      code.if(
        () => sumTile(code, lanes, tile, 2, depth, step, yk),
        () => sumTile(code, lanes, tile, 1, depth, step, yk),
      );
      putTile(code, lanes, put, tile, { to, height: rows, columns, zi, zj, adds });
      advance(code, group, yj);
      place(code, to, to, zj, { constant: VECTORS * lanes.count });
    });
    place(code, x, x, xi, { constant: ROWS });
    place(code, z, z, zi, { constant: ROWS });
  });
  return code;
}

function putTile(
  code: Code,
  lanes: Lanes,
  put: FunctionRef,
  { sums }: Tile,
  {
    to,
    height,
    columns,
    zi,
    zj,
    adds,
  }: Readonly<Record<'to' | 'height' | 'columns' | 'zi' | 'zj' | 'adds', Local>>,
): void {
  const at = code.local('i32');
  copy(code, at, to);
  code.block(() => {
    const eachRow = (store: (row: readonly Local[]) => void) => {
      for (const [p, row] of sums.entries()) {
        if (p > 0) {
          compare(code, height, 'i32.eq', { constant: p });
          code.brIf(1);
          advance(code, at, zi);
        }
        store(row);
      }
    };
    compare(code, columns, 'i32.ge_s', { constant: VECTORS * lanes.count });
    compare(code, zj, 'i32.eq', { constant: lanes.bytes });
    code.op('i32.and');
    code.if(
      () =>
        eachRow(row => {
          code.get(adds);
          code.if(() => {
            for (const [v, sum] of row.entries()) {
              code.get(sum);
              code.get(at);
              code.memory('v128.load', v * VECTOR);
              code.op(lanes.add);
              code.set(sum);
            }
          });
          for (const [v, sum] of row.entries()) {
            code.get(at);
            code.get(sum);
            code.memory('v128.store', v * VECTOR);
          }
        }),
      () =>
        eachRow(row => {
          for (const each of [at, zj, columns, adds, ...row]) code.get(each);
          code.call(put);
        }),
    );
  });
}
