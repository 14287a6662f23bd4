// Storing sums at the edges of a result, or into one whose rows are not contiguous: never beyond the last of them.

import type { Code, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes, VECTOR } from './lanes.ts';
import { advance, compare, copy, countDown, least } from './steps.ts';
import { ROWS, VECTORS } from './tile.ts';

/**
 * The function that stores a tile, or those of its rows and columns that there are. Its parameters: where its first element
 * goes, bytes from row to row and from column to column, the numbers of rows and columns that are left, which may be more than
 * those of a tile, whether to add the tile to what is there, its vectors row by row.
 */
export function putKernel({ encoder, precision }: WasmEnvironment): Code {
  const lanes = LANES[precision];
  const vectors = new Array<'v128'>(ROWS * VECTORS).fill('v128');
  const code = encoder.function(['i32', 'i32', 'i32', 'i32', 'i32', 'i32', ...vectors], []);
  const [to, zi, zj, rows, columns, adds, ...sums] = code.params.keys();
  const row: Row = {
    to: code.local('i32'),
    step: zj,
    count: code.local('i32'),
    adds,
    vectors: sums.slice(0, VECTORS),
  };
  least(code, rows, rows, { constant: ROWS });
  countDown(code, rows, 1, () => {
    copy(code, row.to, to);
    copy(code, row.count, columns);
    compare(code, zj, 'i32.eq', { constant: lanes.bytes });
    code.if(
      () => putContiguous(code, lanes, row),
      () => putOneByOne(code, lanes, row),
    );
    advance(code, to, zi);
    for (const [v, sum] of sums.slice(VECTORS).entries()) copy(code, sums[v], sum); // the next row becomes the first
  });
  return code;
}

/** What is stored of a row: the first `count` numbers of its vectors, `step` bytes from each other. */
interface Row {
  readonly to: Local;
  readonly step: Local;
  readonly count: Local;
  readonly adds: Local;
  readonly vectors: readonly Local[];
}

/** A whole vector if there is one, then a half and a quarter. */
function putContiguous(code: Code, lanes: Lanes, { to, count, adds, vectors: [first, second] }: Row): void {
  const addOld = () => {
    code.get(adds);
    code.if(() => {
      code.get(to);
      code.memory('v128.load');
      code.get(first);
      code.op(lanes.add);
      code.set(first);
    });
  };
  compare(code, count, 'i32.ge_s', { constant: lanes.count });
  code.if(() => {
    addOld();
    code.get(to);
    code.get(first);
    code.memory('v128.store');
    advance(code, to, { constant: VECTOR });
    advance(code, count, { constant: -lanes.count });
    code.get(second);
    code.set(first);
  });
  code.block(() => {
    code.get(count);
    code.op('i32.eqz');
    code.brIf(0);
    addOld();
    compare(code, count, 'i32.ge_s', { constant: lanes.count });
    code.if(() => {
      code.get(to);
      code.get(first);
      code.memory('v128.store');
      code.br(1);
    });
    if (lanes.count === 4) {
      compare(code, count, 'i32.and', { constant: 2 });
      code.if(() => {
        code.get(to);
        code.get(first);
        code.memoryLane('v128.store64_lane', 0);
        advance(code, to, { constant: VECTOR / 2 });
        code.get(first);
        code.get(first);
        code.shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]);
        code.set(first);
      });
    }
    compare(code, count, 'i32.and', { constant: 1 });
    code.if(() => {
      code.get(to);
      code.get(first);
      code.memoryLane(lanes.storeLane, 0);
    });
  });
}

function putOneByOne(code: Code, lanes: Lanes, { to, step, count, adds, vectors }: Row): void {
  code.block(() => {
    for (const [v, vector] of vectors.entries()) {
      for (let lane = 0; lane < lanes.count; lane++) {
        compare(code, count, 'i32.eq', { constant: v * lanes.count + lane });
        code.brIf(0);
        code.get(to);
        code.get(vector);
        code.lane(lanes.extract, lane);
        code.get(adds);
        code.if(
          () => {
            code.get(to);
            code.memory(lanes.load);
          },
          () => code[lanes.number](0),
          lanes.number,
        );
        code.op(lanes.addOne);
        code.memory(lanes.store);
        advance(code, to, step);
      }
    }
  });
}
