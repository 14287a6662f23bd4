// Products of a matrix whose rows are contiguous with a vector, four rows at a time, so that the vector is read, or the result
// written, a quarter as often. Nothing is packed: each element of the matrix is used once, and the loads are the limit.

import type { Code, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes, VECTOR } from './lanes.ts';
import { advance, assign, compare, copy, countDown, countTo, place, placeRows } from './steps.ts';

/** Rows at a time. */
const ROWS = 4;

/**
 * y[i] = sum over j of a[i, j] x[j]. Parameters of the kernel, all i32: rows, columns; the byte where the array of a begins,
 * its first element, the distance from row to row in elements; of x and of y the byte where it begins and its first element;
 * 1 if y is to grow by the product, 0 if to become it.
 */
export function matrixVectorKernel({ encoder, precision }: WasmEnvironment): Code {
  const lanes = LANES[precision];
  const code = encoder.function(new Array(10).fill('i32'), []);
  const [rows, columns, a, a0, ai, x, x0, y, y0, adds] = code.params.keys();
  inBytes(code, lanes, [a0, ai, x0, y0]);
  for (const [array, first] of [
    [a, a0],
    [x, x0],
    [y, y0],
  ])
    advance(code, array, first);
  const at = Array.from({ length: ROWS }, () => code.local('i32'));
  // Two sums a row: additions in a row wait for each other.
  const sums = at.map(() => [code.local('v128'), code.local('v128')] as const);
  const factors = [code.local('v128'), code.local('v128')] as const;
  const [read, end, vectorsEnd, pairsEnd] = Array.from({ length: 4 }, () => code.local('i32'));
  place(code, end, x, columns, { constant: lanes.bytes });
  for (const [limit, numbers] of [
    [vectorsEnd, lanes.count],
    [pairsEnd, 2 * lanes.count],
  ]) {
    assign(code, limit, columns, 'i32.and', { constant: -numbers });
    place(code, limit, x, limit, { constant: lanes.bytes });
  }

  /** Adds products to the first or both sums of each row, which are loaded by `opcode`. */
  const addProducts = (opcode: 'v128.load' | Lanes['loadZero'], count: 1 | 2) => {
    for (let v = 0; v < count; v++) {
      code.get(read);
      code.memory(opcode, v * VECTOR);
      code.set(factors[v]);
    }
    for (const [p, row] of sums.entries()) {
      for (let v = 0; v < count; v++) {
        code.get(row[v]);
        code.get(at[p]);
        code.memory(opcode, v * VECTOR);
        code.get(factors[v]);
        code.op(lanes.mul);
        code.op(lanes.add);
        code.set(row[v]);
      }
    }
    const bytes = opcode === 'v128.load' ? count * VECTOR : lanes.bytes;
    for (const each of at) advance(code, each, { constant: bytes });
  };

  countDown(code, rows, ROWS, () => {
    placeRows(code, at, a, ai, rows);
    for (const sum of sums.flat()) {
      code.splat(lanes.shape, 0);
      code.set(sum);
    }
    copy(code, read, x);
    countTo(code, read, pairsEnd, { constant: 2 * VECTOR }, () => addProducts('v128.load', 2));
    countTo(code, read, vectorsEnd, { constant: VECTOR }, () => addProducts('v128.load', 1));
    countTo(code, read, end, { constant: lanes.bytes }, () => addProducts(lanes.loadZero, 1));
    code.block(() => {
      for (const [p, [first, second]] of sums.entries()) {
        if (p > 0) {
          compare(code, rows, 'i32.eq', { constant: p });
          code.brIf(0);
        }
        code.get(first);
        code.get(second);
        code.op(lanes.add);
        code.set(first);
        code.get(y);
        sumOfLanes(code, lanes, first);
        code.get(adds);
        code.if(
          () => {
            code.get(y);
            code.memory(lanes.load);
          },
          () => code[lanes.number](0),
          lanes.number,
        );
        code.op(lanes.addOne);
        code.memory(lanes.store);
        advance(code, y, { constant: lanes.bytes });
      }
    });
    place(code, a, a, ai, { constant: ROWS });
  });
  return code;
}

/**
 * y[j] = sum over i of a[i, j] x[i]. The same parameters: rows and columns are those of a, so x has as many elements as a has
 * rows.
 */
export function vectorMatrixKernel({ encoder, precision }: WasmEnvironment): Code {
  const lanes = LANES[precision];
  const code = encoder.function(new Array(10).fill('i32'), []);
  const [rows, columns, a, a0, ai, x, x0, y, y0, adds] = code.params.keys();
  inBytes(code, lanes, [a0, ai, x0, y0]);
  for (const [array, first] of [
    [a, a0],
    [x, x0],
    [y, y0],
  ])
    advance(code, array, first);
  const at = Array.from({ length: ROWS }, () => code.local('i32'));
  const factors = at.map(() => code.local('v128'));
  const [write, end, vectorsEnd] = Array.from({ length: 3 }, () => code.local('i32'));
  place(code, end, y, columns, { constant: lanes.bytes });
  assign(code, vectorsEnd, columns, 'i32.and', { constant: -lanes.count });
  place(code, vectorsEnd, y, vectorsEnd, { constant: lanes.bytes });

  code.get(adds);
  code.op('i32.eqz');
  code.if(() => {
    copy(code, write, y);
    countTo(code, write, end, { constant: lanes.bytes }, () => {
      code.get(write);
      code[lanes.number](0);
      code.memory(lanes.store);
    });
  });

  /** Adds `count` rows to y. */
  const addRows = (count: number) => () => {
    copy(code, at[0], a);
    for (let p = 1; p < count; p++) assign(code, at[p], at[p - 1], 'i32.add', ai);
    for (let p = 0; p < count; p++) {
      code.get(x);
      code.memory(lanes.loadSplat, p * lanes.bytes);
      code.set(factors[p]);
    }
    const addColumns = (
      until: Local,
      load: 'v128.load' | Lanes['loadZero'],
      store: () => void,
      bytes: number,
    ) =>
      countTo(code, write, until, { constant: bytes }, () => {
        code.get(write);
        const product = (p: number) => {
          code.get(at[p]);
          code.memory(load);
          code.get(factors[p]);
          code.op(lanes.mul);
        };
        product(0);
        for (let p = 1; p < count; p++) {
          product(p);
          code.op(lanes.add);
        }
        code.get(write);
        code.memory(load);
        code.op(lanes.add);
        store();
        for (let p = 0; p < count; p++) advance(code, at[p], { constant: bytes });
      });
    copy(code, write, y);
    addColumns(vectorsEnd, 'v128.load', () => code.memory('v128.store'), VECTOR);
    addColumns(end, lanes.loadZero, () => code.memoryLane(lanes.storeLane, 0), lanes.bytes);
    advance(code, x, { constant: count * lanes.bytes });
    place(code, a, a, ai, { constant: count });
  };
  assign(code, rows, rows, 'i32.sub', { constant: ROWS - 1 });
  countDown(code, rows, ROWS, addRows(ROWS));
  advance(code, rows, { constant: ROWS - 1 });
  countDown(code, rows, 1, addRows(1));
  return code;
}

function inBytes(code: Code, lanes: Lanes, elements: readonly Local[]): void {
  for (const each of elements) assign(code, each, each, 'i32.mul', { constant: lanes.bytes });
}

/** Leaves the sum of the numbers of a vector on the stack. */
function sumOfLanes(code: Code, lanes: Lanes, vector: Local): void {
  for (let lane = 0; lane < lanes.count; lane++) {
    code.get(vector);
    code.lane(lanes.extract, lane);
    if (lane > 0) code.op(lanes.addOne);
  }
}
