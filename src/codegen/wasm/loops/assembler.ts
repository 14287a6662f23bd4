// The statements of a function over tensors as WebAssembly: the second printer of the loop IR, beside loops/print.ts.
// Numbers are f64 in both precisions; what is loaded is widened, what is stored is rounded.

import { addSizes, type Size } from '../../../ir/size.ts';
import type { LoopVariable } from '../../loops/space.ts';
import type { Block, Combine, Place, Statement, Value } from '../../loops/values.ts';
import type { Code, FunctionRef, Local } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { fill } from './fill.ts';
import { Frame } from './frame.ts';
import { ScalarValues } from './scalar-values.ts';

export interface AssemblerOptions {
  /** The array of the workspace that a buffer of the function has become. */
  readonly arrayName: (array: string) => string;
  /** How many elements a buffer has, by the name that it has in the statements. */
  readonly lengthOf: (buffer: string) => Size;
  /** The kernel that a statement calls. Its parameters are i32. */
  readonly kernel: (name: string) => FunctionRef;
}

/** Writes further instructions of a function. */
export type Instructions = (code: Code) => void;

/** Writes functions over tensors. */
export class LoopAssembler {
  readonly #environment: WasmEnvironment;
  readonly #options: AssemblerOptions;

  constructor(environment: WasmEnvironment, options: AssemblerOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /**
   * A function without parameters that runs the statements of `top` between what `before` and `after` write, and returns
   * `result` if there is one.
   */
  function(
    top: Block,
    result: Value | undefined,
    around: { readonly before?: Instructions; readonly after?: Instructions } = {},
  ): Code {
    const code = this.#environment.encoder.function([], result === undefined ? [] : ['f64']);
    const writer = new StatementWriter(
      new Frame(code, this.#environment, this.#options.arrayName),
      top,
      this.#options,
    );
    around.before?.(code);
    writer.run(result, () => around.after?.(code));
    return code;
  }
}

type Kind<K extends Statement['kind']> = Extract<Statement, { readonly kind: K }>;

/** Writes the statements of one function, outermost block first. */
class StatementWriter {
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #top: Block;
  readonly #options: AssemblerOptions;
  readonly #values: ScalarValues;
  /** Variables that hold conditions though they begin with a number. */
  readonly #conditions = new Set<string>();

  constructor(frame: Frame, top: Block, options: AssemblerOptions) {
    this.#frame = frame;
    this.#code = frame.code;
    this.#top = top;
    this.#options = options;
    this.#values = new ScalarValues(frame);
    this.#findConditions(top);
  }

  run(result: Value | undefined, after: () => void): void {
    for (const statement of this.#top.statements) this.#statement(statement);
    after();
    if (result !== undefined) this.#values.number(result);
  }

  #findConditions({ statements }: Block): void {
    for (const statement of statements) {
      if (statement.kind === 'assign' && statement.combine === 'or') this.#conditions.add(statement.name);
      if ('body' in statement) this.#findConditions(statement.body);
      if (statement.kind === 'if') {
        this.#findConditions(statement.then);
        if (statement.otherwise !== undefined) this.#findConditions(statement.otherwise);
      }
    }
  }

  /** The statements of a block; what they define is forgotten behind it. */
  #block({ statements }: Block): void {
    for (const statement of statements) this.#statement(statement);
    for (const statement of statements) {
      if (statement.kind === 'define') this.#values.forget(statement.value);
      else if (statement.kind === 'let') this.#code.release(this.#values.variable(statement.name).local);
    }
  }

  #statement(statement: Statement): void {
    const code = this.#code;
    switch (statement.kind) {
      case 'define':
        this.#values.define(statement.value);
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
        this.#store(statement);
        return;
      case 'fill': {
        const { array, from, value, length } = statement;
        fill(this.#frame, array, from, length ?? this.#options.lengthOf(array), value);
        return;
      }
      case 'let':
        this.#let(statement);
        return;
      case 'assign': {
        const { local, holding } = this.#values.variable(statement.name);
        this.#combined(statement.combine, holding === 'mask', () => code.get(local), statement.value);
        code.set(local);
        return;
      }
      case 'if': {
        const { condition, then, otherwise } = statement;
        this.#values.mask(condition);
        code.if(() => this.#block(then), otherwise && (() => this.#block(otherwise)));
        return;
      }
      case 'call':
        for (const part of statement.arguments) this.#argument(part);
        code.call(this.#options.kernel(statement.name));
        return;
      case 'return':
        this.#values.number(statement.value);
        code.op('return');
        return;
      default:
        statement satisfies never;
    }
  }

  #let({ name, initial }: Kind<'let'>): void {
    const code = this.#code;
    const isMask = initial === false || this.#conditions.has(name);
    const local = code.local(isMask ? 'i32' : 'f64');
    if (isMask) code.i32(Number(initial));
    else code.f64(Number(initial));
    code.set(local);
    this.#values.declare(name, { local, holding: isMask ? 'mask' : 'number' });
  }

  #loop({ variable, reverse, from, body }: Kind<'loop'>): void {
    const code = this.#code;
    const counter = code.local('i32');
    const { size } = variable;
    if (reverse) this.#frame.size(addSizes(size, -1));
    else if (typeof from === 'number') code.i32(from);
    else code.get(this.#values.places.variable(from));
    code.set(counter);
    const isKnown = typeof size === 'number' && (reverse || typeof from === 'number');
    const runs = isKnown ? size > (reverse ? 0 : (from as number)) : undefined;
    if (runs !== false) {
      const goesOn = () => {
        code.get(counter);
        if (reverse) {
          code.i32(0);
          code.op('i32.ge_s');
        } else {
          this.#frame.size(size);
          code.op('i32.lt_s');
        }
      };
      this.#values.places.bind(variable, counter);
      const step = reverse ? -1 : 1;
      this.#repeat(body, [variable], [counter], step, goesOn, runs === true);
    }
    code.release(counter);
  }

  /** A loop whose counters are set; `goesOn` leaves whether there is an iteration, `isSure` says that there is a first. */
  #repeat(
    body: Block,
    variables: readonly LoopVariable[],
    counters: readonly Local[],
    step: number,
    goesOn: () => void,
    isSure: boolean,
  ): void {
    const code = this.#code;
    const { places } = this.#values;
    const iterations = () => {
      places.open(body, variables, step);
      code.loop(() => {
        this.#block(body);
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
    const code = this.#code;
    const [from, rows] = [code.local('i32'), code.local('i32')];
    const { places } = this.#values;
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
        this.#block(body);
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

  #rows({ variable, row, rows, body }: Kind<'rows'>): void {
    const code = this.#code;
    const { places } = this.#values;
    const [counter, inBlock] = [code.local('i32'), code.local('i32')];
    code.get(places.variable(rows.first));
    code.set(counter);
    code.i32(0);
    code.set(inBlock);
    places.bind(variable, counter);
    places.bind(row, inBlock);
    const goesOn = () => {
      code.get(inBlock);
      code.get(places.variable(rows.count));
      code.op('i32.lt_s');
    };
    this.#repeat(body, [variable, row], [counter, inBlock], 1, goesOn, true);
    code.release(counter);
    code.release(inBlock);
  }

  #store({ array, place, base, combine, value }: Kind<'store'>): void {
    const code = this.#code;
    const element = this.#frame.elementOf(array);
    const offset = this.#values.places.address(array, place, base);
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
    if (current === undefined) this.#values.number(value);
    else if (combine === 'or') this.#or(current, value);
    else this.#combined(combine, false, current, value);
    code.release(address);
    if (element === 'f32') code.op('f32.demote_f64');
    else if (element === 'i32') code.op('i32.trunc_sat_f64_s');
    code.memory(`${element}.store`, offset);
  }

  /** Leaves 1 if the `current` number is one, else the condition as a number; it is only asked for then. */
  #or(current: () => void, value: Value): void {
    const code = this.#code;
    current();
    code.f64(0);
    code.op('f64.ne');
    code.if(
      () => code.f64(1),
      () => this.#values.number(value),
      'f64',
    );
  }

  /** Leaves what `current` leaves, combined with a value. */
  #combined(combine: Combine, isMask: boolean, current: () => void, value: Value): void {
    const code = this.#code;
    const push = () => (isMask ? this.#values.mask(value) : this.#values.number(value));
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
      else this.#code.i32(flag);
    } else if (typeof part === 'object' && 'terms' in part) this.#values.places.place(part);
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
