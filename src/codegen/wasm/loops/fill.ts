// An array, or a part of one, filled with one number.

import { multiplySizes, type Size } from '../../../ir/size.ts';
import type { Frame } from './frame.ts';

/** Fewer bytes are cleared by stores of 16: memory.fill is a call. */
const MOST_STORED = 512;

/** Sets `length` elements of an array from the element `from` on. */
export function fill(frame: Frame, array: string, from: Size, length: Size, value: number): void {
  const { code } = frame;
  const bytes = frame.bytesOf(array);
  if (length === 0) return;
  const count = multiplySizes(length, bytes);
  const start = () => {
    frame.address(array);
    if (from === 0) return;
    frame.size(multiplySizes(from, bytes));
    code.op('i32.add');
  };
  const isZero = Object.is(value, 0);
  if (isZero && typeof count === 'number' && count <= MOST_STORED) {
    const at = code.local('i32');
    start();
    code.set(at);
    let done = 0;
    for (; done + 16 <= count; done += 16) {
      code.get(at);
      code.splat('f64x2', 0);
      code.memory('v128.store', done);
    }
    for (; done < count; done += 4) {
      code.get(at);
      code.i32(0);
      code.memory('i32.store', done);
    }
    code.release(at);
    return;
  }
  if (isZero) {
    start();
    code.i32(0);
    frame.size(count);
    code.fill();
    return;
  }
  const [at, end] = [code.local('i32'), code.local('i32')];
  start();
  code.tee(at);
  frame.size(count);
  code.op('i32.add');
  code.set(end);
  const goesOn = () => {
    code.get(at);
    code.get(end);
    code.op('i32.lt_u');
  };
  goesOn();
  code.if(() => {
    code.loop(() => {
      code.get(at);
      if (bytes === 8) code.f64(value);
      else code.f32(value);
      code.memory(bytes === 8 ? 'f64.store' : 'f32.store');
      code.get(at);
      code.i32(bytes);
      code.op('i32.add');
      code.set(at);
      goesOn();
      code.brIf(0);
    });
  });
  code.release(at);
  code.release(end);
}
