// Short sequences of instructions on i32 locals that the kernels of matrix products are written in: addresses that advance,
// loops that count.

import type { Code, Local } from '../code.ts';
import type { Opcode } from '../opcodes.ts';

/** A local, or a constant. */
export type Operand = Local | { readonly constant: number };

export function push(code: Code, operand: Operand): void {
  if (typeof operand === 'number') code.get(operand);
  else code.i32(operand.constant);
}

/** target = left op right. */
export function assign(code: Code, target: Local, left: Operand, op: Opcode, right: Operand): void {
  push(code, left);
  push(code, right);
  code.op(op);
  code.set(target);
}

export function copy(code: Code, target: Local, value: Operand): void {
  push(code, value);
  code.set(target);
}

/** target += by. */
export function advance(code: Code, target: Local, by: Operand): void {
  assign(code, target, target, 'i32.add', by);
}

/** target = base + count * step. */
export function place(code: Code, target: Local, base: Local, count: Operand, step: Operand): void {
  push(code, count);
  push(code, step);
  code.op('i32.mul');
  code.get(base);
  code.op('i32.add');
  code.set(target);
}

/** target = min(left, right). */
export function least(code: Code, target: Local, left: Operand, right: Operand): void {
  push(code, left);
  push(code, right);
  push(code, left);
  push(code, right);
  code.op('i32.lt_s');
  code.op('select');
  code.set(target);
}

/** Whether left op right, on the stack. */
export function compare(code: Code, left: Operand, op: Opcode, right: Operand): void {
  push(code, left);
  push(code, right);
  code.op(op);
}

/** for (; at < end; at += step). */
export function countTo(code: Code, at: Local, end: Operand, step: Operand, body: () => void): void {
  compare(code, at, 'i32.lt_s', end);
  code.if(() =>
    code.loop(() => {
      body();
      advance(code, at, step);
      compare(code, at, 'i32.lt_s', end);
      code.brIf(0);
    }),
  );
}

/** for (; left > 0; left -= step). */
export function countDown(code: Code, left: Local, step: number, body: () => void): void {
  compare(code, left, 'i32.gt_s', { constant: 0 });
  code.if(() =>
    code.loop(() => {
      body();
      advance(code, left, { constant: -step });
      compare(code, left, 'i32.gt_s', { constant: 0 });
      code.brIf(0);
    }),
  );
}

/** target = ceil(dividend / divisor), of numbers that are not negative. */
export function divideUp(code: Code, target: Local, dividend: Local, divisor: Operand): void {
  push(code, dividend);
  push(code, divisor);
  code.i32(1);
  code.op('i32.sub');
  code.op('i32.add');
  push(code, divisor);
  code.op('i32.div_u');
  code.set(target);
}

/**
 * Where the next rows of a matrix begin, of which `left` are left: those beyond the last one are the first again, so that they
 * may be read.
 */
export function placeRows(code: Code, rows: readonly Local[], first: Local, step: Local, left: Local): void {
  copy(code, rows[0], first);
  for (let p = 1; p < rows.length; p++) {
    assign(code, rows[p], rows[p - 1], 'i32.add', step);
    code.get(rows[p]);
    code.get(first);
    compare(code, left, 'i32.gt_s', { constant: p });
    code.op('select');
    code.set(rows[p]);
  }
}
