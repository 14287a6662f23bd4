// The kernel of symmetric products, c = x diag(w) x': the Hessian X' diag(s) X of a regression is one. Only tiles on and above
// the diagonal are computed; at the end they are copied below it. The lines that stand for columns of c are packed and then
// multiplied by their weights, in blocks that stay in the second-level cache, so no weighted copy of x is ever stored.

import type { Size } from '../../../ir/size.ts';
import type { Code, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes, VECTOR } from './lanes.ts';
import { GROUP, OVERRUN } from './pack.ts';
import type { Parts } from './parts.ts';
import { advance, assign, copy, countDown, countTo, divideUp, least, place } from './steps.ts';
import { VECTORS } from './tile.ts';

/** Terms of the sums that are taken at a time, and groups of lines that are packed of them: 128 KB. */
const DEPTH = 128;
const GROUPS = 32;

/** The length of the panel for results of `rows` rows, in elements: at most a constant. */
export function gramPanel(precision: 'f64' | 'f32', rows: Size): number {
  const { bytes, count } = LANES[precision];
  const groups = typeof rows === 'number' ? Math.min(GROUPS, Math.ceil(rows / (VECTORS * count))) : GROUPS;
  return ((1 + groups) * GROUP * DEPTH + OVERRUN) / bytes;
}

/**
 * The kernel, c[i, j] = sum over k of a[i, k] w[k] a[j, k]. Its parameters, all i32: rows, the number of terms; the byte where
 * a begins, its first element, the distances between neighbours in its two directions, in elements; the same of w, which has
 * one direction, or zeros for no weights; the same of c, which is symmetric; the byte where the panel begins; 1 if c is to
 * grow by the product, 0 if to become it.
 */
export function gramKernel({ encoder, precision }: WasmEnvironment, { pack, sumRows }: Parts): Code {
  const lanes = LANES[precision];
  const code = encoder.function(new Array(15).fill('i32'), []);
  const [rows, inner, a, a0, ai, ak, w, w0, wk, c, c0, ci, cj, panel, adds] = code.params.keys();
  const side = VECTORS * lanes.count;
  const [depth, blocks, groupBytes, packed] = locals(code, 4);
  const [rest, from, width, at, left, height, x, y, z] = locals(code, 9);

  for (const each of [a0, ai, ak, w0, wk, c0, ci, cj])
    assign(code, each, each, 'i32.mul', { constant: lanes.bytes });
  advance(code, a, a0);
  advance(code, c, c0);
  code.get(w);
  code.if(() => advance(code, w, w0));

  /** Packs a block of lines that begin at `from`, and multiplies them by their weights. */
  const packBlock = () => {
    copy(code, x, from);
    copy(code, y, packed);
    copy(code, left, width);
    countDown(code, left, side, () => {
      for (const each of [x, ai, ak, left, depth, y]) code.get(each);
      code.call(pack);
      place(code, x, x, ai, { constant: side });
      copy(code, at, y);
      advance(code, y, groupBytes);
      code.get(w);
      code.if(() => weigh(code, lanes, at, y, w, wk));
    });
  };

  /** Adds up some rows of the block, of which x is the first, from column y of the block on. */
  const sum = (lines: Local) => {
    for (const each of [lines, width, depth, x, ai, ak, y]) code.get(each);
    code.i32(GROUP);
    for (const each of [groupBytes, z, ci, cj, adds, panel]) code.get(each);
    code.call(sumRows);
  };

  copy(code, depth, inner);
  divideUp(code, blocks, inner, { constant: DEPTH });
  code.get(blocks);
  code.if(() => divideUp(code, depth, inner, blocks));
  code.loop(() => {
    least(code, depth, depth, inner);
    assign(code, groupBytes, depth, 'i32.mul', { constant: GROUP });
    assign(code, packed, panel, 'i32.add', groupBytes);
    copy(code, from, a);
    copy(code, rest, rows);
    countDown(code, rest, GROUPS * side, () => {
      least(code, width, rest, { constant: GROUPS * side });
      packBlock();
      // all rows above the block on the diagonal
      assign(code, height, rows, 'i32.sub', rest);
      place(code, z, c, height, cj);
      copy(code, x, a);
      copy(code, y, packed);
      sum(height);
      // that block, from the diagonal on
      place(code, z, z, height, ci);
      copy(code, left, width);
      countDown(code, left, side, () => {
        copy(code, x, from);
        least(code, height, left, { constant: side });
        copy(code, width, left);
        sum(height);
        advance(code, y, groupBytes);
        place(code, from, from, ai, { constant: side });
        place(code, z, z, ci, { constant: side });
        place(code, z, z, cj, { constant: side });
      });
    });
    copy(code, adds, { constant: 1 });
    place(code, a, a, depth, ak);
    code.get(w);
    code.if(() => place(code, w, w, depth, wk));
    assign(code, inner, inner, 'i32.sub', depth);
    code.get(inner);
    code.brIf(0);
  });
  mirror(code, lanes, rows, c, ci, cj);
  return code;
}

function locals(code: Code, count: number): Local[] {
  return Array.from({ length: count }, () => code.local('i32'));
}

/** Multiplies a packed group, from `at` to `end`, by its weights. */
function weigh(code: Code, lanes: Lanes, at: Local, end: Local, w: Local, wk: Local): void {
  const factor = code.local('v128');
  const weight = code.local('i32');
  copy(code, weight, w);
  countTo(code, at, end, { constant: GROUP }, () => {
    code.get(weight);
    code.memory(lanes.loadSplat);
    code.set(factor);
    advance(code, weight, wk);
    for (let v = 0; v < VECTORS; v++) {
      code.get(at);
      code.get(at);
      code.memory('v128.load', v * VECTOR);
      code.get(factor);
      code.op(lanes.mul);
      code.memory('v128.store', v * VECTOR);
    }
  });
}

/** Copies what is above the diagonal below it. */
function mirror(code: Code, lanes: Lanes, rows: Local, c: Local, ci: Local, cj: Local): void {
  const [left, count, from, to] = locals(code, 4);
  assign(code, left, rows, 'i32.sub', { constant: 1 });
  countDown(code, left, 1, () => {
    copy(code, from, c);
    copy(code, to, c);
    copy(code, count, left);
    countDown(code, count, 1, () => {
      advance(code, from, cj);
      advance(code, to, ci);
      code.get(to);
      code.get(from);
      code.memory(lanes.load);
      code.memory(lanes.store);
    });
    advance(code, c, ci);
    advance(code, c, cj);
  });
}
