// Statements of a loop several iterations at a time. What is summed up outside of the loop is summed up in each lane, and
// put together behind the vectors; what is left, fewer iterations than there are lanes, runs one by one (statements.ts).

import { multiplySizes } from '../../../ir/size.ts';
import type { Block, Combine, Statement, Value } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import { fill } from './fill.ts';
import { fissionOf } from './fission.ts';
import type { Frame } from './frame.ts';
import { NEUTRAL, operationOf } from './horizontal.ts';
import { JamLoop } from './jam.ts';
import { LaneArrays } from './lane-arrays.ts';
import { LaneSums, type SumsContext } from './lane-sums.ts';
import type { AnyLoop, Lanes } from './lanes.ts';
import type { Element } from './places.ts';
import type { JamContext } from './row-loop.ts';
import type { Count, Statements } from './statements.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';
import { VectorValues } from './vector-values.ts';

type Kind<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

export interface LaneContext extends JamContext, SumsContext {
  /** How many functions may be written out. */
  readonly room: { left: number };
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
  readonly #sums: LaneSums;
  #arrays!: LaneArrays;
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
    this.#sums = new LaneSums(context, loop, shape);
  }

  /** Writes the loop: with `copies` vectors at a time, then with one, while there are as many iterations. */
  run(count: Count, copies: readonly number[], iterations: number | undefined): void {
    const lanes = LANES_OF[this.#shape];
    const most = Math.max(...copies);
    const vectors = () => {
      this.#sums.begin(most);
      let left = iterations;
      for (const each of copies) {
        const step = each * lanes;
        if (left !== undefined && left < step) continue;
        this.#vectors(count, each, left !== undefined);
        if (left !== undefined) left %= step;
      }
      this.#sums.finish();
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
    const { statements, scratch, math, lengthOf } = this.#context;
    const arrays = new LaneArrays(this.#loop, scratch, lengthOf, copies * LANES_OF[this.#shape]);
    this.#arrays = arrays;
    this.#values = new VectorValues(this.#frame, statements.values, math, {
      shape: this.#shape,
      lanes: this.#loop,
      copies,
      copyVariables: this.#loop.variables,
      copyStep: LANES_OF[this.#shape],
      differs: value => this.#loop.varying.has(value),
      isSingle: value => !this.#loop.varying.has(value),
      room: this.#context.room,
      sideBySide: element => arrays.sideBySide(element),
    });
    const step = copies * this.#values.lanes;
    const { body } = this.#loop.loop;
    statements.repeat(count, body, step, isSure, () => {
      arrays.fillPacks(statements, this.#values);
      this.#block(body);
    });
    arrays.release();
  }

  #block({ statements }: Block): void {
    this.#sequence(statements);
  }

  /** Statements one after the other; what they define is forgotten behind them. */
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
    if (this.#sums.has(name)) {
      this.#accumulate(name, combine, value);
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

  #accumulate(name: string, combine: Combine, value: Value): void {
    this.#values.sharing([value], () => {
      this.#eachCopy(copy => {
        const vector = this.#code.local('v128');
        if (combine === 'or') this.#values.mask(value, copy);
        else this.#values.number(value, copy);
        this.#masked(copy, () => this.#code.splat(this.#shape, NEUTRAL[combine]));
        this.#code.set(vector);
        this.#sums.add(name, combine, copy, vector);
        this.#code.release(vector);
      });
    });
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
      if (this.#sums.add(name, combine, copy, vector)) return;
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
      if (use === 'sums') {
        this.#sums.store(statement, combine, this.#values.copies, copy => {
          this.#values.number(value, copy);
          this.#masked(copy, () => this.#code.splat(this.#shape, NEUTRAL[combine]));
        });
      } else this.#eachCopy(copy => this.#put(statement, combine, value, copy));
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

  #fill(statement: Kind<'fill'>): void {
    const { array, from, value } = statement;
    const own = this.#arrays.privateOf(array);
    if (own === undefined) {
      this.#statements.fill(statement);
      return;
    }
    const each = this.#values.copies * this.#values.lanes;
    const length = statement.length ?? this.#context.lengthOf(array);
    fill(this.#frame, own, multiplySizes(from, each), multiplySizes(length, each), value);
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
