// The kernel of matrix products, c[i, j] = sum over k of a[i, k] b[k, j], for matrices of any layout. Tiles of c (tile.ts) take
// their rows of a from where it stands, four numbers a term; b, of which they take vectors, is packed (pack.ts) unless its rows
// are contiguous and few rows of a would read the copy. The sum is taken in blocks, so what is packed stays in the
// second-level cache and the panel has a fixed length.

import type { Size } from '../../../ir/size.ts';
import type { Code, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes } from './lanes.ts';
import { GROUP, OVERRUN } from './pack.ts';
import type { Parts } from './parts.ts';
import { advance, assign, compare, copy, countDown, divideUp, least, place } from './steps.ts';
import { VECTORS } from './tile.ts';

/** Terms of the sums that are taken at a time, and groups of columns of b that are packed of them: 128 KB. */
const DEPTH = 256;
const GROUPS = 16;

/** With fewer rows than that b is not packed if its rows are contiguous. */
const FEW_ROWS = 32;

/** The length of the panel of products of rows x inner by inner x columns, in elements: at most a constant. */
export function productPanel(precision: 'f64' | 'f32', rows: Size, columns: Size, inner: Size): number {
  const { bytes, count } = LANES[precision];
  const known = (size: Size) => (typeof size === 'number' ? size : Number.POSITIVE_INFINITY);
  const longer = Math.max(known(rows), known(columns)); // a transposed product packs the other one
  const groups = Math.min(GROUPS, Math.ceil(longer / (VECTORS * count)));
  return ((1 + groups) * GROUP * Math.min(DEPTH, known(inner)) + OVERRUN) / bytes;
}

/**
 * The kernel. Its parameters, all i32: rows, columns, inner; of each of a, b and c the byte where its array begins, its first
 * element, and the distances between neighbours in its two directions, in elements; the byte where the panel begins; 1 if c
 * is to grow by the product, 0 if to become it.
 */
export function productKernel({ encoder, precision }: WasmEnvironment, parts: Parts): Code {
  const lanes = LANES[precision];
  const code = encoder.function(new Array(17).fill('i32'), []);
  const [rows, columns, inner, a, a0, ai, ak, b, b0, bk, bj, c, c0, ci, cj, panel, adds] = code.params.keys();

  // If only the columns of c are contiguous, it is computed transposed, c' = b' a'.
  compare(code, ci, 'i32.eq', { constant: 1 });
  compare(code, cj, 'i32.ne', { constant: 1 });
  code.op('i32.and');
  code.if(() => {
    for (const each of [columns, rows, inner, b, b0, bj, bk, a, a0, ak, ai, c, c0, cj, ci, panel, adds])
      code.get(each);
    code.call(code);
    code.op('return');
  });

  for (const each of [a0, ai, ak, b0, bk, bj, c0, ci, cj]) {
    assign(code, each, each, 'i32.mul', { constant: lanes.bytes });
  }
  advance(code, a, a0);
  advance(code, b, b0);
  advance(code, c, c0);

  // Blocks of terms of equal depth; without terms one that is empty, so that c becomes zero.
  const depth = code.local('i32');
  const blocks = code.local('i32');
  copy(code, depth, inner);
  divideUp(code, blocks, inner, { constant: DEPTH });
  code.get(blocks);
  code.if(() => divideUp(code, depth, inner, blocks));
  code.loop(() => {
    least(code, depth, depth, inner);
    sumBlock(code, lanes, parts, { rows, columns, depth, a, ai, ak, b, bk, bj, c, ci, cj, panel, adds });
    copy(code, adds, { constant: 1 });
    place(code, a, a, depth, ak);
    place(code, b, b, depth, bk);
    assign(code, inner, inner, 'i32.sub', depth);
    code.get(inner);
    code.brIf(0);
  });
  return code;
}

/** Parameters in bytes, of `depth` terms. */
type Block = Readonly<
  Record<'rows' | 'columns' | 'depth' | 'a' | 'ai' | 'ak' | 'b' | 'bk' | 'bj' | 'c' | 'ci' | 'cj', Local> &
    Record<'panel' | 'adds', Local>
>;

/** The product of all rows and columns, by blocks of columns that fit the panel, behind a group of rows. */
function sumBlock(code: Code, lanes: Lanes, { pack, sumRows }: Parts, block: Block): void {
  const { rows, columns, depth, a, ai, ak, b, bk, bj, c, ci, cj, panel, adds } = block;
  const [y, yk, yj, width, rest, from, to] = Array.from({ length: 7 }, () => code.local('i32'));
  copy(code, rest, columns);
  copy(code, from, b);
  copy(code, to, c);
  countDown(code, rest, GROUPS * VECTORS * lanes.count, () => {
    least(code, width, rest, { constant: GROUPS * VECTORS * lanes.count });
    compare(code, bj, 'i32.ne', { constant: lanes.bytes });
    compare(code, rows, 'i32.ge_s', { constant: FEW_ROWS });
    code.op('i32.or');
    code.if(
      () => {
        assign(code, yj, depth, 'i32.mul', { constant: GROUP });
        assign(code, y, panel, 'i32.add', yj);
        copy(code, yk, width);
        countDown(code, yk, VECTORS * lanes.count, () => {
          for (const each of [from, bj, bk, yk, depth, y]) code.get(each);
          code.call(pack);
          place(code, from, from, bj, { constant: VECTORS * lanes.count });
          advance(code, y, yj);
        });
        assign(code, y, panel, 'i32.add', yj);
        copy(code, yk, { constant: GROUP });
      },
      () => {
        copy(code, y, from);
        advance(code, from, { constant: GROUPS * GROUP });
        copy(code, yk, bk);
        copy(code, yj, { constant: GROUP });
      },
    );
    for (const each of [rows, width, depth, a, ai, ak, y, yk, yj, to, ci, cj, adds, panel]) code.get(each);
    code.call(sumRows);
    place(code, to, to, cj, { constant: GROUPS * VECTORS * lanes.count });
  });
}
