// What a loop in lanes sums up outside of itself: variables, and elements of arrays that all iterations add to. Each lane has
// a sum of its own, and these are put together behind the loop.

import { multiplySizes, namesIn, type Size } from '../../../ir/size.ts';
import type { Combine } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import { fill } from './fill.ts';
import type { Frame } from './frame.ts';
import { addLanes, NEUTRAL, OPERATION, operationOf } from './horizontal.ts';
import type { Lanes } from './lanes.ts';
import type { Element } from './places.ts';
import type { Scratch } from './scratch.ts';
import { VECTOR } from './spread.ts';
import type { Statements } from './statements.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';

/** More elements than this are not summed up in each lane: the sums of the lanes would take too long to put together. */
const MOST_EXPANDED = 8192;

/** What takes up a variable from outside: for each copy one vector, or two of twice the precision. */
interface Accumulator {
  readonly combine: Combine;
  readonly isWide: boolean;
  readonly locals: readonly (readonly Local[])[];
}

export interface SumsContext {
  readonly frame: Frame;
  readonly statements: Statements;
  readonly scratch: Scratch;
  readonly lengthOf: (buffer: string) => Size;
  readonly isBuffer: (array: string) => boolean;
}

export class LaneSums {
  readonly #context: SumsContext;
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #loop: Lanes;
  readonly #shape: Shape;
  readonly #accumulators = new Map<string, Accumulator>();
  /** Arrays with an element for each lane. */
  readonly #expanded = new Map<string, { readonly name: string; readonly length: Size }>();

  constructor(context: SumsContext, loop: Lanes, shape: Shape) {
    this.#context = context;
    this.#frame = context.frame;
    this.#code = context.frame.code;
    this.#loop = loop;
    this.#shape = shape;
  }

  /** True for a variable from outside. */
  has(name: string): boolean {
    return this.#accumulators.has(name);
  }

  /** Combines what takes up a variable with a vector; false if nothing does. */
  add(name: string, combine: Combine, copy: number, vector: Local): boolean {
    const accumulator = this.#accumulators.get(name);
    if (accumulator === undefined) return false;
    const { isWide, locals } = accumulator;
    const code = this.#code;
    for (const [half, local] of locals[copy].entries()) {
      code.get(local);
      code.get(vector);
      if (half === 1) {
        code.get(vector);
        code.shuffle(UPPER_HALF);
      }
      if (isWide) code.op('f64x2.promote_low_f32x4');
      code.op(operationOf(isWide ? 'f64x2' : this.#shape, combine));
      code.set(local);
    }
    return true;
  }

  /** Adds the values that `push` leaves, of all lanes, to one element: to a sum for each lane, or to the element itself. */
  store(element: Element, combine: Combine, copies: number, push: (copy: number) => void): void {
    const code = this.#code;
    const { places } = this.#context.statements.values;
    const expanded = this.#expanded.get(element.array);
    const address = code.local('i32');
    const offset =
      expanded === undefined
        ? places.address(element)
        : places.address({ ...element, array: expanded.name }, 0, VECTOR);
    code.tee(address);
    const operation = operationOf(this.#shape, combine);
    if (expanded !== undefined) {
      code.get(address);
      code.memory('v128.load', offset);
      for (let copy = 0; copy < copies; copy++) {
        push(copy);
        code.op(operation);
      }
      code.memory('v128.store', offset);
    } else {
      // What is subtracted is summed up before.
      const sum = combine === '-' ? (`${this.#shape}.add` as const) : operation;
      for (let copy = 0; copy < copies; copy++) {
        push(copy);
        if (copy > 0) code.op(sum);
      }
      if (combine === '-') code.op(`${this.#shape}.neg`);
      this.#addTo(address, offset, combine === '-' ? '+' : combine);
    }
    code.release(address);
  }

  /** Clears what takes up variables and arrays, with so many vectors at a time. */
  begin(copies: number): void {
    const code = this.#code;
    const { scratch, lengthOf } = this.#context;
    for (const [name, combine] of this.#loop.sums) {
      const isWide = this.#shape === 'f32x4' && (combine === '+' || combine === '*');
      const locals = Array.from({ length: copies }, () =>
        Array.from({ length: isWide ? 2 : 1 }, () => {
          const local = code.local('v128');
          code.splat(isWide ? 'f64x2' : this.#shape, NEUTRAL[combine]);
          code.set(local);
          return local;
        }),
      );
      this.#accumulators.set(name, { combine, isWide, locals });
    }
    for (const [array, use] of this.#loop.arrays) {
      if (use !== 'sums' || !this.#isExpanded(array)) continue;
      const length = multiplySizes(lengthOf(array), LANES_OF[this.#shape]);
      const name = scratch.take(length);
      this.#expanded.set(array, { name, length });
      fill(this.#frame, name, 0, length, NEUTRAL[this.#combineOf(array)]);
    }
  }

  /** Adds what the lanes have summed up to the variables and arrays. */
  finish(): void {
    const { statements, scratch, lengthOf } = this.#context;
    const code = this.#code;
    for (const [name, { combine, isWide, locals }] of this.#accumulators) {
      const variable = statements.values.variable(name);
      const [first, ...others] = locals.flat();
      const shape = isWide ? 'f64x2' : this.#shape;
      code.get(first);
      for (const local of others) {
        code.get(local);
        code.op(operationOf(shape, combine));
      }
      if (combine === 'or') {
        code.op('v128.any_true');
        code.get(variable.local);
        code.op('i32.or');
      } else {
        addLanes(code, shape, OPERATION[combine]);
        code.get(variable.local);
        code.op(`f64.${OPERATION[combine]}`);
      }
      code.set(variable.local);
      for (const local of locals.flat()) code.release(local);
    }
    for (const [array, { name, length }] of this.#expanded) {
      this.#collect(array, name, lengthOf(array));
      scratch.release(name, length);
    }
  }

  /** Adds what the lanes have summed up to the elements of an array. */
  #collect(array: string, expanded: string, length: Size): void {
    const code = this.#code;
    const bytes = this.#frame.bytesOf(array);
    const [from, to, end] = [code.local('i32'), code.local('i32'), code.local('i32')];
    this.#frame.address(expanded);
    code.set(from);
    this.#frame.address(array);
    code.tee(to);
    this.#frame.size(multiplySizes(length, bytes));
    code.op('i32.add');
    code.set(end);
    const goesOn = () => {
      code.get(to);
      code.get(end);
      code.op('i32.lt_u');
    };
    goesOn();
    code.if(() => {
      code.loop(() => {
        code.get(to);
        code.get(from);
        code.memory('v128.load');
        this.#addTo(to, 0, this.#combineOf(array));
        for (const [local, by] of [
          [from, VECTOR],
          [to, bytes],
        ]) {
          code.get(local);
          code.i32(by);
          code.op('i32.add');
          code.set(local);
        }
        goesOn();
        code.brIf(0);
      });
    });
    for (const local of [from, to, end]) code.release(local);
  }

  /** Combines the element at an address, which lies under a vector on the stack, with all lanes of the vector. */
  #addTo(address: Local, offset: number, combine: Combine): void {
    const code = this.#code;
    addLanes(code, this.#shape, OPERATION[combine]);
    code.get(address);
    code.memory(this.#shape === 'f64x2' ? 'f64.load' : 'f32.load', offset);
    if (this.#shape === 'f32x4') code.op('f64.promote_f32');
    code.op(`f64.${OPERATION[combine]}`);
    if (this.#shape === 'f32x4') code.op('f32.demote_f64');
    code.memory(this.#shape === 'f64x2' ? 'f64.store' : 'f32.store', offset);
  }

  #isExpanded(array: string): boolean {
    if (!this.#context.isBuffer(array)) return false;
    const length = this.#context.lengthOf(array);
    const { size } = this.#loop.loop.variable;
    if (typeof length === 'number')
      return length <= (typeof size === 'number' ? Math.min(MOST_EXPANDED, 16 * size) : MOST_EXPANDED);
    // An array as long as the loop takes longer than the loop.
    const names = new Set(namesIn(size));
    return names.size > 0 && namesIn(length).every(name => !names.has(name));
  }

  #combineOf(array: string): Combine {
    const { accesses } = this.#loop.contents;
    const { combine } = accesses.find(each => each.array === array && each.combine !== undefined)!; // it is stored to
    return combine === '-' ? '+' : combine!;
  }
}

const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
