// Storing sums at the edges of a result, or into one whose rows are not contiguous: never beyond the last of them.

import type { Code } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { LANES, type Lanes, VECTOR } from './lanes.ts';
import { advance, compare } from './steps.ts';

/**
 * The function that stores the first numbers of two vectors. Its parameters: where the first goes, bytes from one to the next,
 * how many there are, whether to add them to what is there, the vectors.
 */
export function putKernel({ encoder, precision }: WasmEnvironment): Code {
  const lanes = LANES[precision];
  const code = encoder.function(['i32', 'i32', 'i32', 'i32', 'v128', 'v128'], []);
  const [, step] = code.params.keys();
  compare(code, step, 'i32.eq', { constant: lanes.bytes });
  code.if(
    () => putContiguous(code, lanes),
    () => putOneByOne(code, lanes),
  );
  return code;
}

/** A whole vector if there is one, then a half and a quarter. */
function putContiguous(code: Code, lanes: Lanes): void {
  const [to, , count, adds, first, second] = code.params.keys();
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

function putOneByOne(code: Code, lanes: Lanes): void {
  const [to, step, count, adds, first, second] = code.params.keys();
  code.block(() => {
    for (const [v, vector] of [first, second].entries()) {
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
