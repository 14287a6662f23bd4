// Where elements stand, as bytes of the memory. An access in a loop is a pointer that moves with the loop and a constant
// offset: the pointer is set before the loop, in a gap that was left there, and moved at its end, so an access costs no
// multiplication. Invariant: the offset is added to an address that is not negative, since it is added without wrapping;
// a place that counts down has its constant in the pointer.

import {
  addSizes,
  monomialsOf,
  multiplySizes,
  type Size,
  sizeText,
  subtractSizes,
} from '../../../ir/size.ts';
import type { LoopVariable } from '../../loops/space.ts';
import type { Block, Place, Value } from '../../loops/values.ts';
import type { Gap, Local } from '../code.ts';
import type { ValueType } from '../opcodes.ts';
import type { Frame } from './frame.ts';

/** A loop that is being written. */
export interface LoopScope {
  readonly body: Block;
  /** What it counts: one variable, or in a loop over a block of rows two. */
  readonly variables: readonly LoopVariable[];
  /** By how much the variables change in an iteration. */
  readonly step: number;
  /** Before the first iteration, where the variables are set. */
  readonly gap: Gap;
  readonly pointers: Map<string, Pointer>;
  /** What is computed before the loop, by key. */
  readonly hoisted: Map<string, Local>;
}

/** An element of an array. */
export interface Element {
  readonly array: string;
  readonly place: Place;
  readonly base: Value | undefined;
}

/** A pointer, and the bytes by which it moves when the variables grow by 1. */
interface Pointer {
  readonly local: Local;
  readonly stride: Size;
}

/** Beyond so many locals addresses are computed where they are used: a function may have 50,000. */
const MOST_LOCALS = 40_000;

export class Places {
  readonly #frame: Frame;
  readonly #pushInteger: (value: Value) => void;
  readonly #variables = new Map<LoopVariable, Local>();
  readonly #scopes: LoopScope[] = [];

  /** `pushInteger` leaves a value that is a position as an i32. */
  constructor(frame: Frame, pushInteger: (value: Value) => void) {
    this.#frame = frame;
    this.#pushInteger = pushInteger;
  }

  /** Says which local holds a loop variable. */
  bind(variable: LoopVariable, local: Local): void {
    this.#variables.set(variable, local);
  }

  /** The local that holds a loop variable. */
  variable(variable: LoopVariable): Local {
    return this.#variables.get(variable)!; // of a loop around
  }

  /** Begins a loop, whose variables are set. */
  open(body: Block, variables: readonly LoopVariable[], step: number): void {
    if (this.#scopes.length === 0) this.#frame.code.renew();
    const gap = this.#frame.code.gap();
    this.#scopes.push({ body, variables, step, gap, pointers: new Map(), hoisted: new Map() });
  }

  /** Moves the pointers of the innermost loop on, at the end of an iteration. */
  advance(): void {
    const { code } = this.#frame;
    const { step, pointers } = this.#scopes.at(-1)!;
    for (const { local, stride } of pointers.values()) {
      if (stride === 0) continue;
      code.get(local);
      this.#frame.size(multiplySizes(stride, step));
      code.op('i32.add');
      code.set(local);
    }
  }

  /** Ends the innermost loop. */
  close(): void {
    const { pointers, hoisted } = this.#scopes.pop()!;
    for (const { local } of pointers.values()) this.#frame.code.release(local);
    for (const local of hoisted.values()) this.#frame.code.release(local);
  }

  /**
   * Leaves what `push` leaves, computed once before the innermost loop if it is made of `values` that are known there; else
   * here. Equal keys are equal values.
   */
  hoist(key: string, values: readonly Value[], type: ValueType, push: () => void): void {
    const { code } = this.#frame;
    const scope = this.#scopes.at(-1);
    const isKnown = scope !== undefined && values.every(value => !value.block.isWithin(scope.body));
    if (!isKnown || code.locals > MOST_LOCALS) {
      push();
      return;
    }
    let local = scope.hoisted.get(key);
    if (local === undefined) {
      local = code.unusedLocal(type);
      scope.hoisted.set(key, local);
      const target = local;
      code.into(scope.gap, () => {
        push();
        code.set(target);
      });
    }
    code.get(local);
  }

  /** Leaves the number of elements that a place is. */
  place({ constant, terms, dynamic }: Place, base?: Value): void {
    const { code } = this.#frame;
    const sum = new Sum(code);
    if (base !== undefined) sum.add(() => this.#pushInteger(base));
    for (const [variable, coefficient] of terms) {
      sum.add(() => {
        code.get(this.variable(variable));
        this.#frame.scale(coefficient);
      });
    }
    for (const { value, coefficient } of dynamic) {
      sum.add(() => {
        this.#pushInteger(value);
        this.#frame.scale(coefficient);
      });
    }
    if (constant !== 0) sum.add(() => this.#frame.size(constant));
    sum.finish();
  }

  /**
   * Leaves the address of the element that is `further` elements behind the given one, each of so many bytes; returns how
   * many bytes behind the address it is.
   */
  address(
    { array, place, base }: Element,
    further: Size = 0,
    bytes: number = this.#frame.bytesOf(array),
  ): number {
    const { code } = this.#frame;
    const whole = addSizes(place.constant, further);
    const constant = monomialsOf(whole).find(({ atoms }) => atoms.length === 0)?.coefficient ?? 0;
    const rest = subtractSizes(whole, constant);
    const isUpwards = constant >= 0 && isPositive(place, base);
    const offset = isUpwards ? constant * bytes : 0;
    const fixed = isUpwards ? rest : addSizes(rest, constant);
    const pushAll = (terms: Iterable<readonly [LoopVariable, Size]>) => {
      this.#frame.address(array);
      this.place({ constant: fixed, terms: new Map(terms), dynamic: place.dynamic }, base);
      this.#frame.scale(bytes);
      code.op('i32.add');
    };
    const scope = this.#scopes.at(-1);
    const values = [...place.dynamic.map(({ value }) => value), ...(base === undefined ? [] : [base])];
    const isKnown = scope !== undefined && values.every(value => !value.block.isWithin(scope.body));
    if (!isKnown || code.locals > MOST_LOCALS) {
      pushAll(place.terms);
      return offset;
    }
    const key = this.#keyOf(array, fixed, place, base);
    let pointer = scope.pointers.get(key);
    if (pointer === undefined) {
      const moving = scope.variables.map(variable => place.terms.get(variable) ?? 0);
      pointer = {
        local: code.unusedLocal('i32'),
        stride: multiplySizes(moving.reduce<Size>(addSizes, 0), bytes),
      };
      scope.pointers.set(key, pointer);
      const { local } = pointer;
      code.into(scope.gap, () => {
        pushAll(place.terms);
        code.set(local);
      });
    }
    code.get(pointer.local);
    return offset;
  }

  /** A text that equal pointers share. */
  #keyOf(array: string, fixed: Size, { terms, dynamic }: Place, base: Value | undefined): string {
    const parts = [array, sizeText(fixed), base === undefined ? '' : `(${base.id})`];
    for (const [variable, coefficient] of terms) {
      parts.push(`${this.variable(variable)}*${sizeText(coefficient)}`);
    }
    for (const { value, coefficient } of dynamic) parts.push(`(${value.id})*${sizeText(coefficient)}`);
    return parts.join(' ');
  }
}

/** Parts of a sum, each added as it comes. */
class Sum {
  readonly #code: Frame['code'];
  #isEmpty = true;

  constructor(code: Frame['code']) {
    this.#code = code;
  }

  add(push: () => void): void {
    push();
    if (!this.#isEmpty) this.#code.op('i32.add');
    this.#isEmpty = false;
  }

  finish(): void {
    if (this.#isEmpty) this.#code.i32(0);
  }
}

/** True if no part of a place is negative, but for its constant. */
function isPositive({ terms, dynamic }: Place, base: Value | undefined): boolean {
  for (const coefficient of terms.values()) if (!isPositiveSize(coefficient)) return false;
  for (const { value, coefficient } of dynamic) {
    if (!isPositiveSize(coefficient) || !isPositiveValue(value)) return false;
  }
  return base === undefined || isPositiveValue(base);
}

function isPositiveSize(size: Size): boolean {
  return monomialsOf(size).every(({ coefficient }) => coefficient >= 0);
}

function isPositiveValue({ expression }: Value): boolean {
  if (expression.kind !== 'integer') return true; // a position, or a place that a pattern holds
  return isPositiveSize(expression.place.constant) && isPositive(expression.place, undefined);
}
