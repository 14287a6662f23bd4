// Statements of a loop several iterations at a time. What is summed up outside of the loop is summed up in each lane, and
// put together behind the vectors; what is left, fewer iterations than there are lanes, runs one by one (statements.ts).

import { multiplySizes, namesIn, type Size } from '../../../ir/size.ts';
import { LoopVariable, variableIndex } from '../../loops/space.ts';
import { Block, type Combine, type Statement, type Value } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import { fill } from './fill.ts';
import { fissionOf } from './fission.ts';
import type { Frame } from './frame.ts';
import { addLanes, NEUTRAL, OPERATION, operationOf } from './horizontal.ts';
import { JamLoop } from './jam.ts';
import type { AnyLoop, Lanes } from './lanes.ts';
import type { Pack } from './packs.ts';
import type { Element } from './places.ts';
import type { JamContext } from './row-loop.ts';
import { VECTOR } from './spread.ts';
import type { Count, Statements } from './statements.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';
import { VectorValues } from './vector-values.ts';

type Kind<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** More elements than this are not summed up in each lane: the sums of the lanes would take too long to put together. */
const MOST_EXPANDED = 8192;

/** What takes up a variable from outside: for each copy one vector, or two of twice the precision. */
interface Accumulator {
  readonly combine: Combine;
  readonly isWide: boolean;
  readonly locals: readonly (readonly Local[])[];
}

export interface LaneContext extends JamContext {
  /** How many functions may be written out. */
  readonly room: { left: number };
  readonly lengthOf: (buffer: string) => Size;
  readonly isBuffer: (array: string) => boolean;
  /** What becomes of a loop inside of one in lanes that is to have its own iterations in the lanes. */
  readonly jams: (outer: Lanes, inner: AnyLoop) => Lanes | undefined;
}

/** Writes one loop. */
export class LaneStatements {
  readonly #context: LaneContext;
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #statements: Statements;
  readonly #loop: Lanes;
  readonly #shape: Shape;
  readonly #accumulators = new Map<string, Accumulator>();
  /** Arrays with an element for each lane, and their lengths. */
  readonly #expanded = new Map<string, { readonly name: string; readonly length: Size }>();
  /** What is put side by side, by key. */
  readonly #packs = new Map<string, { readonly pack: Pack; readonly name: string; readonly length: Size }>();
  readonly #packOf = new Map<Element, Pack>();
  #values!: VectorValues; // of the vectors that are being written
  /** Where lanes are to be left as they are, for each copy. */
  #mask: readonly Local[] | undefined;

  constructor(context: LaneContext, loop: Lanes, shape: Shape) {
    this.#context = context;
    this.#frame = context.frame;
    this.#code = context.frame.code;
    this.#statements = context.statements;
    this.#loop = loop;
    this.#shape = shape;
  }

  /** Writes the loop: with `copies` vectors at a time, then with one, while there are as many iterations. */
  run(count: Count, copies: readonly number[], iterations: number | undefined): void {
    const lanes = LANES_OF[this.#shape];
    const most = Math.max(...copies);
    const vectors = () => {
      this.#begin(most);
      let left = iterations;
      for (const each of copies) {
        const step = each * lanes;
        if (left !== undefined && left < step) continue;
        this.#vectors(count, each, left !== undefined);
        if (left !== undefined) left %= step;
      }
      this.#finish();
    };
    if (iterations !== undefined) {
      if (iterations >= lanes) vectors();
      return;
    }
    this.#code.get(count.counters[count.counters.length - 1]);
    count.limit(lanes - 1);
    this.#code.op('i32.lt_s');
    this.#code.if(vectors);
  }

  #vectors(count: Count, copies: number, isSure: boolean): void {
    const { statements, scratch, math } = this.#context;
    this.#values = new VectorValues(this.#frame, statements.values, math, {
      shape: this.#shape,
      lanes: this.#loop,
      copies,
      copyVariables: this.#loop.variables,
      copyStep: LANES_OF[this.#shape],
      differs: value => this.#loop.varying.has(value),
      isSingle: value => !this.#loop.varying.has(value),
      room: this.#context.room,
      sideBySide: element => this.#sideBySide(element),
    });
    const privates = [...this.#loop.arrays].filter(([, use]) => use === 'private');
    for (const [array] of privates) this.#expand(array, copies);
    const step = copies * this.#values.lanes;
    const { body } = this.#loop.loop;
    this.#takePacks(copies);
    statements.repeat(count, body, step, isSure, () => {
      this.#fillPacks();
      this.#block(body);
    });
    for (const { name, length } of this.#packs.values()) scratch.release(name, length);
    this.#packs.clear();
    for (const [array] of privates) {
      const { name, length } = this.#expanded.get(array)!; // made above
      scratch.release(name, length);
      this.#expanded.delete(array);
    }
  }

  // What is put side by side.

  /** Where an element stands that has one for each lane. */
  #sideBySide(element: Element): Element | undefined {
    if (this.#loop.arrays.get(element.array) === 'private')
      return { ...element, array: this.#expandedName(element.array) };
    const pack = this.#packOf.get(element);
    if (pack === undefined) return undefined;
    const place = variableIndex<Value>(pack.variable);
    return { array: this.#packs.get(pack.key)!.name, place, base: undefined };
  }

  #takePacks(copies: number): void {
    for (const [value, pack] of this.#loop.packs) {
      const { expression } = value;
      if (expression.kind === 'load') this.#packOf.set(expression, pack);
      if (this.#packs.has(pack.key)) continue;
      const length = multiplySizes(pack.variable.size, copies * LANES_OF[this.#shape]);
      this.#packs.set(pack.key, { pack, name: this.#context.scratch.take(length), length });
    }
  }

  /** Reads what lies apart, once for all iterations of inner loops. */
  #fillPacks(): void {
    const { statements } = this.#context;
    const code = this.#code;
    for (const { pack, name } of this.#packs.values()) {
      const { array, place, base } = pack.element;
      const variable = new LoopVariable(pack.variable.size);
      const terms = new Map(
        [...place.terms].map(([each, c]) => [each === pack.variable ? variable : each, c]),
      );
      const body = new Block(this.#loop.loop.body, variable);
      statements.loop({ kind: 'loop', variable, reverse: false, from: 0, body }, () => {
        this.#eachCopy(copy => {
          const to = { array: name, place: variableIndex<Value>(variable), base: undefined };
          const bytes = VECTOR * this.#values.copies;
          const offset = statements.values.places.address(to, 0, bytes) + VECTOR * copy;
          this.#values.memory.load({ array, place: { ...place, terms }, base }, copy);
          code.memory('v128.store', offset);
        });
      });
    }
  }

  #expand(array: string, copies: number): void {
    const { scratch, lengthOf } = this.#context;
    const length = multiplySizes(lengthOf(array), copies * LANES_OF[this.#shape]);
    this.#expanded.set(array, { name: scratch.take(length), length });
  }

  #expandedName(array: string): string {
    return this.#expanded.get(array)!.name; // of all that the loop keeps for each lane
  }

  // What is summed up outside.

  #begin(copies: number): void {
    const code = this.#code;
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
      this.#expand(array, 1);
      const { name, length } = this.#expanded.get(array)!; // just made
      fill(this.#frame, name, 0, length, NEUTRAL[this.#combineOf(array)]);
    }
  }

  #finish(): void {
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
    if (typeof length === 'number') return length <= MOST_EXPANDED;
    // An array as long as the loop takes longer than the loop.
    const names = new Set(namesIn(size));
    return names.size > 0 && namesIn(length).every(name => !names.has(name));
  }

  #combineOf(array: string): Combine {
    const { accesses } = this.#loop.contents;
    const { combine } = accesses.find(each => each.array === array && each.combine !== undefined)!; // it is stored to
    return combine === '-' ? '+' : combine!;
  }

  // Statements.

  /** The statements of a block; what they define is forgotten behind it. */
  #block({ statements }: Block): void {
    this.#sequence(statements);
  }

  #sequence(statements: readonly Statement[]): void {
    for (const statement of statements) this.#write(statement);
    for (const statement of statements) {
      if (statement.kind === 'define') this.#values.forget(statement.value);
      else if (statement.kind === 'let') this.#forget(statement);
    }
  }

  #forget({ name }: Kind<'let'>): void {
    const locals = this.#isVarying(name)
      ? this.#values.variable(name)
      : [this.#statements.values.variable(name).local];
    for (const local of locals) this.#code.release(local);
  }

  #isVarying(name: string): boolean {
    return this.#loop.variablesVarying.has(name);
  }

  #write(statement: Statement): void {
    switch (statement.kind) {
      case 'define':
        this.#values.define(statement.value);
        return;
      case 'let':
        if (this.#isVarying(statement.name)) this.#let(statement);
        else this.#statements.let(statement);
        return;
      case 'assign':
        this.#assign(statement);
        return;
      case 'store':
        this.#store(statement);
        return;
      case 'fill':
        this.#fill(statement);
        return;
      case 'if':
        this.#if(statement);
        return;
      case 'loop':
        this.#loopInside(statement);
        return;
      default:
        throw new TypeError(`${statement.kind} in lanes`); // refused by lanes.ts
    }
  }

  #let({ name, initial }: Kind<'let'>): void {
    const code = this.#code;
    const isMask = this.#statements.isCondition(name);
    const locals = this.#eachCopy(() => {
      const local = code.local('v128');
      if (isMask) code.splatBits('i32x4', BigInt(initial) === 0n ? 0n : 0xffff_ffffn);
      else code.splat(this.#shape, Number(initial));
      code.set(local);
      return local;
    });
    this.#values.declare(name, locals);
  }

  #assign(statement: Kind<'assign'>): void {
    const { name, combine, value } = statement;
    const code = this.#code;
    const accumulator = this.#accumulators.get(name);
    if (accumulator !== undefined) {
      this.#accumulate(accumulator, combine, value);
      return;
    }
    if (!this.#isVarying(name)) {
      this.#statements.assign(statement);
      return;
    }
    const isMask = this.#statements.isCondition(name);
    const locals = this.#values.variable(name);
    this.#values.sharing([value], () => {
      this.#eachCopy(copy => {
        if (combine !== '=') code.get(locals[copy]);
        if (isMask) this.#values.mask(value, copy);
        else this.#values.number(value, copy);
        if (combine !== '=') code.op(operationOf(this.#shape, combine));
        this.#masked(copy, () => code.get(locals[copy]));
        code.set(locals[copy]);
      });
    });
  }

  #accumulate(accumulator: Accumulator, combine: Combine, value: Value): void {
    this.#values.sharing([value], () => {
      this.#eachCopy(copy => {
        const vector = this.#code.local('v128');
        if (combine === 'or') this.#values.mask(value, copy);
        else this.#values.number(value, copy);
        this.#masked(copy, () => this.#code.splat(this.#shape, NEUTRAL[combine]));
        this.#code.set(vector);
        this.#addVector(accumulator, combine, copy, vector);
        this.#code.release(vector);
      });
    });
  }

  #addVector({ isWide, locals }: Accumulator, combine: Combine, copy: number, vector: Local): void {
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
  }

  /** An inner loop: along rows, if that is better, or one iteration of it for all lanes. */
  #loopInside(statement: Kind<'loop'>): void {
    const { statements, jams } = this.#context;
    const inner = jams(this.#loop, statement);
    if (inner === undefined) {
      const isVector = (value: Value) => this.#values.isVarying(value);
      for (const part of fissionOf(statement.body, this.#values.copies, isVector))
        statements.loop(statement, () => this.#sequence(part));
      return;
    }
    const accumulate = (name: string, combine: Combine, copy: number, vector: Local) => {
      const accumulator = this.#accumulators.get(name);
      if (accumulator !== undefined) {
        this.#addVector(accumulator, combine, copy, vector);
        return;
      }
      const local = this.#values.variable(name)[copy];
      this.#code.get(local);
      this.#code.get(vector);
      this.#code.op(operationOf(this.#shape, combine));
      this.#code.set(local);
    };
    const write = () => this.#block(statement.body);
    statements.loop(statement, write, (_, count, iterations) => {
      const lanes = LANES_OF[this.#shape];
      if (iterations !== undefined && iterations < lanes) return undefined;
      const outer = { lanes: this.#loop, values: this.#values, accumulate };
      new JamLoop(this.#context, this.#shape, inner, outer).run(count, iterations);
      return lanes;
    });
  }

  #store(statement: Kind<'store'>): void {
    const { array, combine, value } = statement;
    const use = this.#loop.arrays.get(array)!; // it is stored to
    if (use === 'uniform') {
      this.#statements.store(statement);
      return;
    }
    this.#values.sharing([value], () => {
      if (use === 'sums') this.#addToAll(statement);
      else this.#eachCopy(copy => this.#put(statement, combine, value, copy));
    });
  }

  /** Stores to an element for each lane. */
  #put(element: Element, combine: Combine, value: Value, copy: number): void {
    const code = this.#code;
    const vector = code.local('v128');
    if (combine !== '=') this.#values.memory.load(element, copy);
    this.#values.number(value, copy);
    if (combine !== '=') code.op(operationOf(this.#shape, combine));
    this.#masked(copy, () => this.#values.memory.load(element, copy));
    code.set(vector);
    this.#values.memory.store(element, copy, vector);
    code.release(vector);
  }

  /** Adds the values of all lanes to one element: to a sum for each lane, or to the element itself. */
  #addToAll(statement: Kind<'store'>): void {
    const code = this.#code;
    const { array, combine, value } = statement;
    const { places } = this.#statements.values;
    const isExpanded = this.#expanded.has(array);
    const address = code.local('i32');
    const offset = isExpanded
      ? places.address({ ...statement, array: this.#expandedName(array) }, 0, VECTOR)
      : places.address(statement);
    code.tee(address);
    const operation = operationOf(this.#shape, combine);
    const push = (copy: number) => {
      this.#values.number(value, copy);
      this.#masked(copy, () => code.splat(this.#shape, NEUTRAL[combine]));
    };
    if (isExpanded) {
      code.get(address);
      code.memory('v128.load', offset);
      this.#eachCopy(copy => {
        push(copy);
        code.op(operation);
      });
      code.memory('v128.store', offset);
    } else {
      // What is subtracted is summed up before.
      const sum = combine === '-' ? (`${this.#shape}.add` as const) : operation;
      this.#eachCopy(copy => {
        push(copy);
        if (copy > 0) code.op(sum);
      });
      if (combine === '-') code.op(`${this.#shape}.neg`);
      this.#addTo(address, offset, combine === '-' ? '+' : combine);
    }
    code.release(address);
  }

  #fill(statement: Kind<'fill'>): void {
    const { array, from, value } = statement;
    if (this.#loop.arrays.get(array) !== 'private') {
      this.#statements.fill(statement);
      return;
    }
    const each = this.#values.copies * this.#values.lanes;
    const length = statement.length ?? this.#context.lengthOf(array);
    fill(
      this.#frame,
      this.#expandedName(array),
      multiplySizes(from, each),
      multiplySizes(length, each),
      value,
    );
  }

  /** If the condition is not the same in all lanes, both sides are computed and change the lanes that they are for. */
  #if({ condition, then, otherwise }: Kind<'if'>): void {
    const code = this.#code;
    if (!this.#values.isVarying(condition)) {
      this.#statements.values.mask(condition);
      code.if(() => this.#block(then), otherwise && (() => this.#block(otherwise)));
      return;
    }
    const outer = this.#mask;
    let holds: readonly Local[] = [];
    this.#values.sharing([condition], () => {
      holds = this.#eachCopy(copy => {
        const local = code.local('v128');
        this.#values.mask(condition, copy);
        code.set(local);
        return local;
      });
    });
    for (const [side, isThen] of [
      [then, true],
      [otherwise, false],
    ] as const) {
      if (side === undefined) continue;
      this.#mask = this.#eachCopy(copy => {
        const local = code.local('v128');
        code.get(holds[copy]);
        if (!isThen) code.op('v128.not');
        if (outer !== undefined) {
          code.get(outer[copy]);
          code.op('v128.and');
        }
        code.set(local);
        return local;
      });
      this.#eachCopy(copy => {
        code.get(this.#mask![copy]);
        if (copy > 0) code.op('v128.or');
      });
      code.op('v128.any_true');
      code.if(() => this.#block(side));
      for (const local of this.#mask) code.release(local);
    }
    for (const local of holds) code.release(local);
    this.#mask = outer;
  }

  /** Replaces the lanes of the vector on the stack that are to be left as they are by what `push` leaves. */
  #masked(copy: number, push: () => void): void {
    if (this.#mask === undefined) return;
    push();
    this.#code.get(this.#mask[copy]);
    this.#code.op('v128.bitselect');
  }

  #eachCopy<T>(write: (copy: number) => T): T[] {
    return Array.from({ length: this.#values.copies }, (_, copy) => write(copy));
  }
}

const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
