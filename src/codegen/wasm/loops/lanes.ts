// Which loops may run several iterations at a time, one in each lane of a vector, and what becomes of all that is inside.
// A value is varying if it may differ between lanes. A variable of the loop's body, and an array that holds what one
// iteration needs, is one for each lane where what it holds is varying. What is summed up outside is summed up in each lane
// and put together behind the loop. Invariant: iterations may run in any order, since none reads what another one changes.

import { type Size, sameSize, subtractSizes } from '../../../ir/size.ts';
import type { LoopVariable } from '../../loops/space.ts';
import {
  type Block,
  type Combine,
  operandsOf,
  type Place,
  partsOf,
  type Statement,
  type Value,
} from '../../loops/values.ts';
import type { ElementType } from '../environment.ts';
import { type Access, Contents, strideOf } from './contents.ts';
import { type Pack, packsIn } from './packs.ts';

export type AnyLoop = Extract<Statement, { readonly kind: 'loop' | 'rows' }>;

/**
 * What an array is that the loop changes: `rows`, each iteration its own elements; `private`, all iterations the same
 * elements, which nobody reads behind the iteration; `uniform`, the same but with the same numbers in each lane; `sums`,
 * elements to which all iterations add.
 */
export type ArrayUse = 'rows' | 'private' | 'uniform' | 'sums';

/** A loop that may run in lanes. */
export interface Lanes {
  readonly loop: AnyLoop;
  /** What the loop counts. */
  readonly variables: readonly LoopVariable[];
  readonly contents: Contents;
  readonly varying: ReadonlySet<Value>;
  /** Variables of the body that are varying. */
  readonly variablesVarying: ReadonlySet<string>;
  /** Variables from outside to which iterations add. */
  readonly sums: ReadonlyMap<string, Combine>;
  readonly arrays: ReadonlyMap<string, ArrayUse>;
  /** Loads of what is put side by side before it is used. */
  readonly packs: ReadonlyMap<Value, Pack>;
}

/** What is known of the whole function. */
export interface Surroundings {
  /** How often an array is mentioned. */
  readonly mentions: ReadonlyMap<string, number>;
  /** True for an array that holds nothing between calls. */
  readonly isBuffer: (array: string) => boolean;
  readonly elementOf: (array: string) => ElementType;
  /** What vectors are made of. */
  readonly precision: ElementType;
}

/** What becomes of a loop in lanes; undefined if it may not run so. */
export function lanesOf(loop: AnyLoop, around: Surroundings): Lanes | undefined {
  if (loop.kind === 'loop' && loop.reverse) return undefined;
  const variables = loop.kind === 'rows' ? [loop.variable, loop.row] : [loop.variable];
  const analysis = new Analysis(loop, variables, around);
  return analysis.run();
}

class Analysis {
  readonly #loop: AnyLoop;
  readonly #body: Block;
  readonly #variables: readonly LoopVariable[];
  readonly #around: Surroundings;
  readonly #contents: Contents;
  readonly #varying = new Set<Value>();
  readonly #variablesVarying = new Set<string>();
  readonly #arrays = new Map<string, ArrayUse>();

  constructor(loop: AnyLoop, variables: readonly LoopVariable[], around: Surroundings) {
    this.#loop = loop;
    this.#body = loop.body;
    this.#variables = variables;
    this.#around = around;
    this.#contents = new Contents(loop.body);
  }

  run(): Lanes | undefined {
    if (!this.#contents.statements.every(statement => this.#isLaned(statement))) return undefined;
    const sums = this.#sums();
    if (sums === undefined || !this.#classify()) return undefined;
    this.#spread();
    const { values, conditions, accesses } = this.#contents;
    for (const value of values) if (!this.#isComputed(value)) return undefined;
    for (const { place } of accesses) if (place !== undefined && !this.#isEven(place)) return undefined;
    for (const condition of conditions) {
      if (this.#varying.has(condition) && !this.#mayBeMasked(condition)) return undefined;
    }
    return {
      loop: this.#loop,
      variables: this.#variables,
      contents: this.#contents,
      varying: this.#varying,
      variablesVarying: this.#variablesVarying,
      sums,
      arrays: this.#arrays,
      packs: packsIn(this.#contents, this.#variables, array => this.#arrays.has(array)),
    };
  }

  #isLaned(statement: Statement): boolean {
    switch (statement.kind) {
      case 'call':
      case 'return':
      case 'rows':
      case 'blocks':
        return false;
      case 'loop': {
        const { from } = statement;
        return typeof from === 'number' || !this.#variables.includes(from);
      }
      default:
        return true;
    }
  }

  /** The variables from outside that are changed, if all are only added to, in one way. */
  #sums(): Map<string, Combine> | undefined {
    const { assignments, declared, read } = this.#contents;
    const sums = new Map<string, Combine>();
    for (const { name, combine } of assignments) {
      if (declared.has(name)) continue;
      const kind = combine === '-' ? '+' : combine;
      if (kind === '=' || read.has(name) || (sums.get(name) ?? kind) !== kind) return undefined;
      sums.set(name, kind);
    }
    return sums;
  }

  /** What the arrays are that are changed; false if iterations would get in each other's way. */
  #classify(): boolean {
    const byArray = new Map<string, Access[]>();
    for (const access of this.#contents.accesses) {
      const known = byArray.get(access.array);
      if (known === undefined) byArray.set(access.array, [access]);
      else known.push(access);
    }
    for (const [array, accesses] of byArray) {
      const stores = accesses.filter(({ combine }) => combine !== undefined);
      if (stores.length === 0) continue;
      const use = this.#useOf(array, accesses, stores);
      if (use === undefined) return false;
      this.#arrays.set(array, use);
    }
    return true;
  }

  /** True for an access that vectors may make: integers are read only. */
  #isVector({ array, combine }: Pick<Access, 'array' | 'combine'>): boolean {
    const element = this.#around.elementOf(array);
    return element === this.#around.precision || (element === 'i32' && combine === undefined);
  }

  #useOf(array: string, accesses: readonly Access[], stores: readonly Access[]): ArrayUse | undefined {
    const strides = accesses.map(({ place, base }) => place && strideOf(place, base, this.#variables));
    const hasLoads = stores.length < accesses.length;
    const combines = new Set(stores.map(({ combine }) => (combine === '-' ? '+' : combine)));
    if (combines.has('or')) return undefined;
    if (strides.every(stride => stride === 0 || stride === undefined)) {
      if (!hasLoads && combines.size === 1 && !combines.has('=')) return 'sums';
      const isPrivate = this.#around.isBuffer(array) && this.#around.mentions.get(array) === accesses.length;
      return isPrivate ? 'uniform' : undefined; // until what is stored turns out to be varying
    }
    if (strides.some(stride => stride === 0 || stride === undefined)) return undefined;
    if (!accesses.every(access => this.#isVector(access))) return undefined;
    const isMixed = hasLoads || (combines.has('=') && combines.size > 1);
    if (isMixed) {
      const [first] = strides as Size[];
      if (!strides.every(stride => sameSize(stride!, first))) return undefined;
      const [{ place }] = stores;
      // Beside what an iteration stores it reads its own elements only, if they are nearer than those of the next one.
      if (!accesses.every(each => isNearer(subtractSizes(each.place!.constant, place!.constant), first)))
        return undefined;
    }
    return 'rows';
  }

  /** Finds what is varying, until nothing is added. */
  #spread(): void {
    const { values, assignments, accesses, declared } = this.#contents;
    let count = -1;
    const total = () => this.#varying.size + this.#variablesVarying.size + this.#countPrivate();
    while (count !== total()) {
      count = total();
      for (const value of values)
        if (!this.#varying.has(value) && this.#varies(value)) this.#varying.add(value);
      const isVarying = (value: Value | undefined, guards: readonly Value[]) =>
        [value, ...guards].some(each => each !== undefined && this.#varying.has(each));
      for (const { name, value, guards } of assignments) {
        if (declared.has(name) && isVarying(value, guards)) this.#variablesVarying.add(name);
      }
      for (const { array, combine, value, guards } of accesses) {
        if (combine !== undefined && this.#arrays.get(array) === 'uniform' && isVarying(value, guards))
          this.#arrays.set(array, 'private');
      }
    }
  }

  #countPrivate(): number {
    return [...this.#arrays.values()].filter(use => use === 'private').length;
  }

  #varies(value: Value): boolean {
    const { expression } = value;
    if (partsOf(value).some(part => this.#varying.has(part))) return true;
    if ('place' in expression && this.#variables.some(variable => expression.place.terms.has(variable)))
      return true;
    if (expression.kind === 'load') return this.#arrays.get(expression.array) === 'private';
    return expression.kind === 'local' && this.#variablesVarying.has(expression.name);
  }

  /** True if a value can be computed in lanes. What a side of a selection refuses is asked in all lanes, so it is not. */
  #isComputed(value: Value): boolean {
    const { expression } = value;
    const isVarying = this.#varying.has(value);
    if (isVarying && !operandsOf(expression).every(operand => this.#isInRange(operand))) return false;
    switch (expression.kind) {
      case 'better':
        return false;
      case 'position':
        return !isVarying && this.#isOutside(value.block);
      case 'predecessor':
      case 'quotient':
      case 'inside':
        return !isVarying;
      case 'integer': {
        const isCounted = typeof strideOf(expression.place, undefined, this.#variables) === 'number';
        return this.#isEven(expression.place) && (isCounted || !this.#contents.operands.has(value));
      }
      case 'load':
        return (
          !isVarying ||
          (this.#isEven(expression.place) && this.#isVector({ ...expression, combine: undefined }))
        );
      default:
        return true;
    }
  }

  /** True but for a constant that is 0 or infinite in single precision. */
  #isInRange({ expression }: Value): boolean {
    if (expression.kind !== 'number' || this.#around.precision === 'f64') return true;
    const magnitude = Math.abs(expression.value);
    return magnitude === 0 || !(magnitude < 2 ** -126 || (magnitude > 2 ** 127 && magnitude < Infinity));
  }

  /** True if no part of a place is looked up in each lane. */
  #isEven({ dynamic }: Place): boolean {
    return dynamic.every(({ value }) => !this.#varying.has(value));
  }

  /** True if no side of a selection in the loop is around. */
  #isOutside(block: Block): boolean {
    for (let around: Block | undefined = block; around !== this.#body; around = around.parent) {
      if (around === undefined) return true;
      if (around.branch !== undefined) return false;
    }
    return true;
  }

  /** True if the sides of an `if` may run in all lanes, changing what is to be changed. */
  #mayBeMasked(condition: Value): boolean {
    return this.#contents.statements.every(statement => {
      if (statement.kind !== 'if' || statement.condition !== condition) return true;
      return [statement.then, statement.otherwise].every(
        side => side === undefined || (side.branch !== 'strict' && isPlain(side)),
      );
    });
  }
}

/** Blocks of nothing but values, variables and elements. */
function isPlain({ statements }: Block): boolean {
  return statements.every(each => ['define', 'let', 'assign', 'store'].includes(each.kind));
}

function isNearer(distance: Size, stride: Size): boolean {
  if (distance === 0) return true;
  if (typeof distance !== 'number' || typeof stride !== 'number') return false;
  return Math.abs(distance) < Math.abs(stride);
}
