// Statements of the loop IR one iteration at a time. A loop that is to run several iterations at a time is handed to
// lane-statements.ts; what is left of it, fewer iterations than there are lanes, runs here.

import { addSizes, type Size } from '../../../ir/size.ts';
import type { LoopVariable } from '../../loops/space.ts';
import type { Block, Combine, Place, Statement, Value } from '../../loops/values.ts';
import type { Code, FunctionRef, Local } from '../code.ts';
import { fill } from './fill.ts';
import type { Frame } from './frame.ts';
import type { AnyLoop } from './lanes.ts';
import { ScalarValues } from './scalar-values.ts';

/** What the statements of a function refer to. */
export interface FunctionOptions {
  /** How many elements a buffer has, by the name that it has in the statements. */
  readonly lengthOf: (buffer: string) => Size;
  /** The kernel that a statement calls. Its parameters are i32. */
  readonly kernel: (name: string) => FunctionRef;
}

type Kind<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** What a loop counts. */
export interface Count {
  readonly variables: readonly LoopVariable[];
  /** They hold the variables. */
  readonly counters: readonly Local[];
  /** Leaves what the last counter stays below, or so much less. */
  readonly limit: (less: number) => void;
}

/**
 * Writes a loop in lanes, if that is how it is to run, but for its last iterations: the counters are left at the first of
 * these. Returns how many iterations are taken at a time: there are fewer left. `iterations` is how many there are, if it is
 * known.
 */
export type InLanes = (loop: AnyLoop, count: Count, iterations: number | undefined) => number | undefined;

/** Writes the statements of one function, outermost block first. */
export class Statements {
  readonly values: ScalarValues;
  readonly code: Code;
  readonly #frame: Frame;
  readonly #options: FunctionOptions;
  readonly #inLanes: InLanes;
  #isRest = false;
  /** Variables that hold conditions: some begin with a number. */
  readonly #conditions = new Set<string>();

  constructor(frame: Frame, top: Block, options: FunctionOptions, inLanes: InLanes) {
    this.#frame = frame;
    this.code = frame.code;
    this.#options = options;
    this.#inLanes = inLanes;
    this.values = new ScalarValues(frame);
    this.#findConditions(top);
  }

  #findConditions({ statements }: Block): void {
    for (const statement of statements) {
      if (statement.kind === 'assign' && statement.combine === 'or') this.#conditions.add(statement.name);
      if (statement.kind === 'let' && statement.initial === false) this.#conditions.add(statement.name);
      if ('body' in statement) this.#findConditions(statement.body);
      if (statement.kind === 'if') {
        this.#findConditions(statement.then);
        if (statement.otherwise !== undefined) this.#findConditions(statement.otherwise);
      }
    }
  }

  /** The statements of a block; what they define is forgotten behind it. */
  block({ statements }: Block): void {
    for (const statement of statements) this.write(statement);
    for (const statement of statements) {
      if (statement.kind === 'define') this.values.forget(statement.value);
      else if (statement.kind === 'let') this.code.release(this.values.variable(statement.name).local);
    }
  }

  write(statement: Statement): void {
    const code = this.code;
    switch (statement.kind) {
      case 'define':
        this.values.define(statement.value);
        return;
      case 'loop':
        this.#loop(statement);
        return;
      case 'rows':
        this.#rows(statement);
        return;
      case 'blocks':
        this.#blocks(statement);
        return;
      case 'store':
        this.store(statement);
        return;
      case 'fill':
        this.fill(statement);
        return;
      case 'let':
        this.let(statement);
        return;
      case 'assign':
        this.assign(statement);
        return;
      case 'if': {
        const { condition, then, otherwise } = statement;
        this.values.mask(condition);
        code.if(() => this.block(then), otherwise && (() => this.block(otherwise)));
        return;
      }
      case 'call':
        for (const part of statement.arguments) this.#argument(part);
        code.call(this.#options.kernel(statement.name));
        return;
      case 'return':
        this.values.number(statement.value);
        code.op('return');
        return;
      default:
        statement satisfies never;
    }
  }

  fill({ array, from, value, length }: Kind<'fill'>): void {
    fill(this.#frame, array, from, length ?? this.#options.lengthOf(array), value);
  }

  assign({ name, combine, value }: Kind<'assign'>): void {
    const { local, holding } = this.values.variable(name);
    this.#combined(combine, holding === 'mask', () => this.code.get(local), value);
    this.code.set(local);
  }

  /** True for a variable that holds conditions. */
  isCondition(name: string): boolean {
    return this.#conditions.has(name);
  }

  let({ name, initial }: Kind<'let'>): void {
    const code = this.code;
    const isMask = this.isCondition(name);
    const local = code.local(isMask ? 'i32' : 'f64');
    if (isMask) code.i32(Number(initial));
    else code.f64(Number(initial));
    code.set(local);
    this.values.declare(name, { local, holding: isMask ? 'mask' : 'number' });
  }

  /** A loop one iteration at a time, but for what runs in lanes. */
  #loop(statement: Kind<'loop'>): void {
    this.loop(statement, () => this.block(statement.body), this.#isRest ? undefined : this.#inLanes);
  }

  /** What is left of a loop that runs in `lanes` is short, so that loops inside of it need not do so, too. */
  #rest(lanes: number | undefined, write: () => void): void {
    const outer = this.#isRest;
    this.#isRest ||= lanes !== undefined;
    write();
    this.#isRest = outer;
  }

  /** A loop whose body `write` writes. */
  loop(statement: Kind<'loop'>, write: () => void, inLanes?: InLanes): void {
    const code = this.code;
    const counter = code.local('i32');
    const { variable, reverse, from, body } = statement;
    const { size } = variable;
    if (reverse) this.#frame.size(addSizes(size, -1));
    else if (typeof from === 'number') code.i32(from);
    else code.get(this.values.places.variable(from));
    code.set(counter);
    const limit = (less: number) => this.#frame.size(addSizes(size, -less));
    const count: Count = { variables: [variable], counters: [counter], limit };
    const isKnown = typeof size === 'number' && typeof from === 'number';
    let iterations = isKnown ? Math.max(0, reverse ? size : size - from) : undefined;
    this.values.places.bind(variable, counter);
    const taken = iterations === 0 ? undefined : inLanes?.(statement, count, iterations);
    if (taken !== undefined && iterations !== undefined) iterations %= taken;
    const step = reverse ? -1 : 1;
    const isSure = iterations !== undefined;
    if (iterations !== 0) this.#rest(taken, () => this.repeat(count, body, step, isSure, write));
    code.release(counter);
  }

  /**
   * A loop whose counters are set, with `step` iterations at a time while there are as many; `isSure` says that there are.
   */
  repeat(
    { variables, counters, limit }: Count,
    body: Block,
    step: number,
    isSure: boolean,
    write: () => void,
  ): void {
    const code = this.code;
    const { places } = this.values;
    const goesOn = () => {
      code.get(counters[counters.length - 1]);
      if (step < 0) code.i32(-1);
      else limit(step - 1);
      code.op(step < 0 ? 'i32.gt_s' : 'i32.lt_s');
    };
    const iterations = () => {
      places.open(body, variables, step);
      code.loop(() => {
        write();
        places.advance();
        for (const counter of counters) {
          code.get(counter);
          code.i32(step);
          code.op('i32.add');
          code.set(counter);
        }
        goesOn();
        code.brIf(0);
      });
      places.close();
    };
    if (isSure) {
      iterations();
      return;
    }
    goesOn();
    code.if(iterations);
  }

  /** Blocks of rows: `first` counts rows, `count` is how many this block has. */
  #blocks({ rows: { size, first, count }, body }: Kind<'blocks'>): void {
    const code = this.code;
    const [from, rows] = [code.local('i32'), code.local('i32')];
    const { places } = this.values;
    places.bind(first, from);
    places.bind(count, rows);
    code.i32(0);
    code.set(from);
    const goesOn = () => {
      code.get(from);
      this.#frame.size(size);
      code.op('i32.lt_s');
    };
    goesOn();
    code.if(() => {
      code.loop(() => {
        const left = () => {
          this.#frame.size(size);
          code.get(from);
          code.op('i32.sub');
        };
        this.#frame.size(count.size);
        left();
        this.#frame.size(count.size);
        left();
        code.op('i32.lt_s');
        code.op('select');
        code.set(rows);
        this.block(body);
        code.get(from);
        this.#frame.size(count.size);
        code.op('i32.add');
        code.set(from);
        goesOn();
        code.brIf(0);
      });
    });
    code.release(from);
    code.release(rows);
  }

  #rows(statement: Kind<'rows'>): void {
    const { variable, row, rows, body } = statement;
    const code = this.code;
    const { places } = this.values;
    const [counter, inBlock] = [code.local('i32'), code.local('i32')];
    code.get(places.variable(rows.first));
    code.set(counter);
    code.i32(0);
    code.set(inBlock);
    places.bind(variable, counter);
    places.bind(row, inBlock);
    const limit = (less: number) => {
      code.get(places.variable(rows.count));
      if (less === 0) return;
      code.i32(less);
      code.op('i32.sub');
    };
    const count: Count = { variables: [variable, row], counters: [counter, inBlock], limit };
    const lanes = this.#isRest ? undefined : this.#inLanes(statement, count, undefined);
    this.#rest(lanes, () => this.repeat(count, body, 1, false, () => this.block(body)));
    code.release(counter);
    code.release(inBlock);
  }

  store(statement: Kind<'store'>): void {
    const code = this.code;
    const { combine, value } = statement;
    const element = this.#frame.elementOf(statement.array);
    const offset = this.values.places.address(statement);
    let current: (() => void) | undefined;
    const address = code.local('i32');
    if (combine !== '=') {
      code.tee(address);
      current = () => {
        code.get(address);
        code.memory(`${element}.load`, offset);
        if (element === 'f32') code.op('f64.promote_f32');
        else if (element === 'i32') code.op('f64.convert_i32_s');
      };
    }
    if (current === undefined) this.values.number(value);
    else if (combine === 'or') this.#or(current, value);
    else this.#combined(combine, false, current, value);
    code.release(address);
    if (element === 'f32') code.op('f32.demote_f64');
    else if (element === 'i32') code.op('i32.trunc_sat_f64_s');
    code.memory(`${element}.store`, offset);
  }

  /** Leaves 1 if the `current` number is one, else the condition as a number; it is only asked for then. */
  #or(current: () => void, value: Value): void {
    const code = this.code;
    current();
    code.f64(0);
    code.op('f64.ne');
    code.if(
      () => code.f64(1),
      () => this.values.number(value),
      'f64',
    );
  }

  /** Leaves what `current` leaves, combined with a value. */
  #combined(combine: Combine, isMask: boolean, current: () => void, value: Value): void {
    const code = this.code;
    const push = () => (isMask ? this.values.mask(value) : this.values.number(value));
    switch (combine) {
      case '=':
        push();
        return;
      case 'or':
        current();
        code.if(() => code.i32(1), push, 'i32');
        return;
      default:
        current();
        push();
        code.op(ARITHMETIC[combine]);
    }
  }

  /** Leaves an argument of a kernel: where an array begins, a flag, a number. */
  #argument(part: string | Size | Place): void {
    if (typeof part === 'string') {
      const flag = FLAGS.get(part);
      if (flag === undefined) this.#frame.address(part);
      else this.code.i32(flag);
    } else if (typeof part === 'object' && 'terms' in part) this.values.places.place(part);
    else this.#frame.size(part);
  }
}

const ARITHMETIC = {
  '+': 'f64.add',
  '-': 'f64.sub',
  '*': 'f64.mul',
  max: 'f64.max',
  min: 'f64.min',
} as const;

/** Arguments of kernels that are words of JavaScript. */
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['false', 0],
  ['null', 0],
]);
