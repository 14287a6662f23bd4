// Values of the loop IR as single numbers: numbers are f64, conditions i32 0 or 1, indices i32. Invariant: a value that has a
// local is that local, any other is computed where it is used, as in JavaScript (loops/value-text.ts).

import { addSizes, multiplySizes } from '../../../ir/size.ts';
import { FORMS } from '../../forms.ts';
import { isComparison } from '../../loops/value-text.ts';
import { type Expression, operandsOf, type Value } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import { WASM_FORMS } from '../forms.ts';
import type { Frame } from './frame.ts';
import { type Element, Places } from './places.ts';

/** How a value is held: as a number, a condition, or an index. */
export type Holding = 'number' | 'mask' | 'integer';

export const HELD_IN = { number: 'f64', mask: 'i32', integer: 'i32' } as const;

/** A variable of the statements. */
export interface Variable {
  readonly local: Local;
  readonly holding: 'number' | 'mask';
}

type Kind<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>;

/** Operations in one expression: bounds the depth of nesting. */
const LARGEST_INLINE = 16;

export class ScalarValues {
  readonly places: Places;
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #locals = new Map<Value, Local>();
  readonly #variables = new Map<string, Variable>();
  readonly #weights = new Map<Value, number>();

  constructor(frame: Frame) {
    this.#frame = frame;
    this.#code = frame.code;
    this.places = new Places(frame, value => this.integer(value));
  }

  /** Says what a variable is from here on. */
  declare(name: string, variable: Variable): void {
    this.#variables.set(name, variable);
  }

  variable(name: string): Variable {
    return this.#variables.get(name)!; // declared before it is used
  }

  /** Keeps a value in a local, if it needs one. */
  define(value: Value): void {
    if (value.uses === 0 || this.isInline(value)) return;
    const holding = this.#push(value.expression, value.isMask);
    const local = this.#code.local(HELD_IN[holding]);
    this.#code.set(local);
    this.#locals.set(value, local);
  }

  /** Gives the local of a value back, at the end of its block. */
  forget(value: Value): void {
    const local = this.#locals.get(value);
    if (local === undefined) return;
    this.#code.release(local);
    this.#locals.delete(value);
  }

  /** True for a value that stands in a local. */
  isKept(value: Value): boolean {
    return this.#locals.has(value);
  }

  /** True for what is computed where it is used. A variable that is defined is one that changes: its value now is meant. */
  isInline(value: Value): boolean {
    if (value.expression.kind === 'local') return false;
    return value.uses === 1 && !value.isUsedInside && this.#weigh(value) <= LARGEST_INLINE;
  }

  /** Leaves a value as an f64. */
  number(value: Value): void {
    this.#converted(value, 'number');
  }

  /** Leaves a value as an i32, 0 or 1. */
  mask(value: Value): void {
    this.#converted(value, 'mask');
  }

  /** Leaves an index as an i32. */
  integer(value: Value): void {
    this.#converted(value, 'integer');
  }

  /** Leaves an element of an array as it is held. */
  load(source: Element, isMask: boolean): Holding {
    const code = this.#code;
    const offset = this.places.address(source);
    const element = this.#frame.elementOf(source.array);
    code.memory(`${element}.load`, offset);
    if (element === 'i32') {
      if (!isMask) return 'integer';
      code.i32(1);
      code.op('i32.eq');
      return 'mask';
    }
    if (element === 'f32') code.op('f64.promote_f32');
    if (!isMask) return 'number';
    code.f64(1);
    code.op('f64.eq');
    return 'mask';
  }

  #converted(value: Value, wanted: Holding): void {
    const code = this.#code;
    const holding = this.#held(value);
    if (holding === wanted) return;
    if (wanted === 'number') code.op('f64.convert_i32_s');
    else if (wanted === 'integer') {
      if (holding === 'number') code.op('i32.trunc_sat_f64_s');
    } else if (holding === 'integer') {
      code.i32(0);
      code.op('i32.ne');
    } else {
      // What is neither 0 nor NaN.
      code.op('f64.abs');
      code.f64(0);
      code.op('f64.gt');
    }
  }

  /** Leaves a value as it is held. */
  #held(value: Value): Holding {
    const local = this.#locals.get(value);
    if (local === undefined) return this.#push(value.expression, value.isMask);
    this.#code.get(local);
    return this.holdingOf(value);
  }

  /** How a value is held. */
  holdingOf({ expression, isMask }: Value): Holding {
    switch (expression.kind) {
      case 'integer':
      case 'position':
      case 'predecessor':
      case 'quotient':
        return 'integer';
      case 'local':
        return this.variable(expression.name).holding;
      case 'load':
        if (isMask) return 'mask';
        return this.#frame.elementOf(expression.array) === 'i32' ? 'integer' : 'number';
      default:
        return isMask ? 'mask' : 'number';
    }
  }

  /** Leaves what an expression gives. */
  #push(expression: Expression, isMask: boolean): Holding {
    const code = this.#code;
    switch (expression.kind) {
      case 'apply': {
        const { node, operands } = expression;
        if (this.#frame.environment.precision === 'f32' && isComparison(node)) {
          for (const operand of operands) {
            this.number(operand);
            code.op('f32.demote_f64');
          }
          code.op(`f32.${node.op as 'eq' | 'ne' | 'lt' | 'le'}`); // or it would be no comparison
          return 'mask';
        }
        WASM_FORMS[node.op]({
          node,
          code,
          environment: this.#frame.environment,
          number: index => this.number(operands[index]),
          mask: index => this.mask(operands[index]),
          isDear: index => this.#isDear(operands[index]),
        });
        return isMask ? 'mask' : 'number';
      }
      case 'times':
        for (const operand of expression.operands) this.number(operand);
        code.op('f64.mul');
        return 'number';
      case 'not':
        this.mask(expression.operands[0]);
        code.op('i32.eqz');
        return 'mask';
      case 'nonzero':
        this.number(expression.operands[0]);
        code.f64(0);
        code.op('f64.ne');
        return 'mask';
      case 'better':
        this.#better(expression);
        return 'mask';
      case 'sum':
        for (const [k, operand] of expression.operands.entries()) {
          this.number(operand);
          if (k > 0) code.op('f64.add');
        }
        return 'number';
      case 'choose': {
        const [condition, x, y] = expression.operands;
        const side = (value: Value) => () => (isMask ? this.mask(value) : this.number(value));
        this.mask(condition);
        code.if(side(x), side(y), isMask ? 'i32' : 'f64');
        return isMask ? 'mask' : 'number';
      }
      case 'load':
        return this.load(expression, expression.isMask);
      case 'number':
        code.f64(expression.value);
        return 'number';
      case 'known':
        code.i32(Number(expression.holds));
        return 'mask';
      case 'size':
        this.#frame.sizeNumber(expression.size);
        return 'number';
      case 'integer':
        this.places.place(expression.place);
        return 'integer';
      case 'position':
        this.#position(expression);
        return 'integer';
      case 'predecessor':
        this.integer(expression.index);
        code.i32(1);
        code.op('i32.sub');
        return 'integer';
      case 'inside':
        this.#inside(expression);
        return 'mask';
      case 'quotient':
        this.places.place(expression.place);
        code.i32(expression.step);
        code.op('i32.div_s');
        return 'integer';
      case 'local': {
        const { local, holding } = this.variable(expression.name);
        code.get(local);
        return holding;
      }
      default:
        return expression satisfies never;
    }
  }

  /** at = 0, or x is less (or greater) than the best, or x is NaN and the best is not. */
  #better({ operands: [operand], than, at, best }: Kind<'better'>): void {
    const code = this.#code;
    const x = () => this.number(operand);
    const get = (name: string) => code.get(this.variable(name).local);
    get(at);
    code.f64(0);
    code.op('f64.eq');
    x();
    get(best);
    code.op(than === '<' ? 'f64.lt' : 'f64.gt');
    code.op('i32.or');
    x();
    x();
    code.op('f64.ne');
    get(best);
    get(best);
    code.op('f64.eq');
    code.op('i32.and');
    code.op('i32.or');
  }

  /** A 1-based index as a 0-based one; it throws unless it is an integer from 1 to `length`. */
  #position({ index, length, what }: Kind<'position'>): void {
    const code = this.#code;
    const { environment } = this.#frame;
    const { indexed } = environment;
    if (!indexed.includes(what)) indexed.push(what);
    const at = code.local('i32');
    const x = code.local('f64');
    this.number(index);
    code.tee(x);
    code.op('i32.trunc_sat_f64_s');
    code.i32(1);
    code.op('i32.sub');
    code.tee(at);
    this.#frame.size(length);
    code.op('i32.ge_u'); // so is -1
    code.get(at);
    code.i32(1);
    code.op('i32.add');
    code.op('f64.convert_i32_s');
    code.get(x);
    code.op('f64.ne');
    code.op('i32.or');
    code.if(() => {
      code.i32(indexed.indexOf(what));
      code.get(x);
      this.#frame.size(length);
      code.call(environment.outOfRange());
    });
    code.get(at);
    code.release(at);
    code.release(x);
  }

  #inside({ place, step, length }: Kind<'inside'>): void {
    const code = this.#code;
    const count = Math.abs(step);
    const at = code.local('i32');
    this.places.place(place);
    if (step < 0) {
      code.i32(-1);
      code.op('i32.mul');
    }
    code.tee(at);
    code.i32(0);
    code.op('i32.ge_s');
    code.get(at);
    this.#frame.size(step === 1 ? length : addSizes(multiplySizes(length, count), 1 - count));
    code.op('i32.lt_s');
    code.op('i32.and');
    if (count > 1) {
      code.get(at);
      code.i32(count);
      code.op('i32.rem_s');
      code.op('i32.eqz');
      code.op('i32.and');
    }
    code.release(at);
  }

  /** True if a value is not at hand: a function is called, or there is much to do. */
  #isDear(value: Value): boolean {
    if (this.#locals.has(value)) return false;
    const { expression } = value;
    if (expression.kind === 'apply' && FORMS[expression.node.op].dear === true) return true;
    return operandsOf(expression).length > 0 && this.#weigh(value) > 4;
  }

  /** Operations in what is computed where a value is used. */
  #weigh(value: Value): number {
    const known = this.#weights.get(value);
    if (known !== undefined) return known;
    let weight = 1;
    for (const part of operandsOf(value.expression)) {
      if (!this.#locals.has(part)) weight += this.#weights.get(part) ?? 1;
    }
    this.#weights.set(value, weight);
    return weight;
  }
}
