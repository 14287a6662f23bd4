// Values of the loop IR in lanes (spread.ts). What is the same in all iterations is computed once, as a single number
// (scalar-values.ts), and put into all lanes where it is used. Invariant: all lanes are iterations that there are.

import { addSizes } from '../../../ir/size.ts';
import { FORMS } from '../../forms.ts';
import type { Expression, Value } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import type { VectorMath } from '../math/vector-math.ts';
import { byLane, extractMask, extractNumber } from './by-lane.ts';
import { strideOf } from './contents.ts';
import type { Frame } from './frame.ts';
import type { Lanes } from './lanes.ts';
import type { ScalarValues } from './scalar-values.ts';
import type { Spread } from './spread.ts';
import { LANES_OF, type Shape, vectorForm } from './vector-forms.ts';
import { VectorMemory } from './vector-memory.ts';

type Apply = Extract<Expression, { readonly kind: 'apply' }>;
type Choice = Extract<Expression, { readonly kind: 'choose' }>;

export class VectorValues {
  readonly memory: VectorMemory;
  readonly copies: number;
  readonly lanes: number;
  readonly #shape: Shape;
  readonly #spread: Spread;
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #scalars: ScalarValues;
  readonly #math: VectorMath;
  readonly #loop: Lanes;
  /** One for each copy, or one that all share. */
  readonly #locals = new Map<Value, readonly Local[]>();
  readonly #variables = new Map<string, readonly Local[]>();

  constructor(frame: Frame, scalars: ScalarValues, math: VectorMath, spread: Spread) {
    this.#frame = frame;
    this.#code = frame.code;
    this.#scalars = scalars;
    this.#math = math;
    this.#spread = spread;
    this.memory = new VectorMemory(frame, scalars.places, spread);
    this.#loop = spread.lanes;
    this.#shape = spread.shape;
    this.copies = spread.copies;
    this.lanes = LANES_OF[spread.shape];
  }

  /** True for a value that is not the same in all lanes. */
  isVarying(value: Value): boolean {
    return this.#loop.varying.has(value);
  }

  /** Keeps a value in locals, if it needs them. */
  define(value: Value): void {
    if (value.uses === 0 || this.#scalars.isInline(value)) return;
    // Where something stands is known from the first lane.
    const isSingle = this.#spread.isSingle(value);
    if (isSingle || this.#isPlace(value)) {
      this.#scalars.define(value);
      if (isSingle || !this.#loop.contents.operands.has(value)) return;
    }
    this.#locals.set(value, this.#kept(value));
  }

  forget(value: Value): void {
    this.#scalars.forget(value);
    const locals = this.#locals.get(value);
    if (locals === undefined) return;
    for (const local of new Set(locals)) this.#code.release(local);
    this.#locals.delete(value);
  }

  declare(name: string, locals: readonly Local[]): void {
    this.#variables.set(name, locals);
  }

  variable(name: string): readonly Local[] {
    return this.#variables.get(name)!; // declared before it is used
  }

  /**
   * Computes what all copies have in common of the values of a statement, once; `write` then writes the statement for all
   * copies.
   */
  sharing(values: readonly Value[], write: () => void): void {
    if (this.copies === 1) {
      write();
      return;
    }
    const shared: Value[] = [];
    const visit = (value: Value): void => {
      if (this.#locals.has(value)) return;
      if (this.#spread.differs(value)) {
        const { expression } = value;
        if (expression.kind === 'choose' && !this.#isBoth(expression)) return; // one side only
        if ('operands' in expression) for (const operand of expression.operands) visit(operand);
        return;
      }
      if (this.#isAtHand(value)) return;
      this.#locals.set(value, this.#kept(value));
      shared.push(value);
    };
    for (const value of values) visit(value);
    write();
    for (const value of shared) {
      this.#code.release(this.#locals.get(value)![0]);
      this.#locals.delete(value);
    }
  }

  /** Leaves a value as numbers. */
  number(value: Value, copy: number): void {
    const known = this.#locals.get(value);
    if (known === undefined && !this.isVarying(value)) {
      this.#same(value, false, copy);
      return;
    }
    this.#held(value, copy, known);
    if (!value.isMask) return;
    this.#code.splat(this.#shape, 1);
    this.#code.op('v128.and');
  }

  /** Leaves a value as a mask. */
  mask(value: Value, copy: number): void {
    const known = this.#locals.get(value);
    if (known === undefined && !this.isVarying(value)) {
      this.#same(value, true, copy);
      return;
    }
    this.#held(value, copy, known);
    if (value.isMask) return;
    // What is neither 0 nor NaN.
    this.#code.op(`${this.#shape}.abs`);
    this.#code.splat(this.#shape, 0);
    this.#code.op(`${this.#shape}.gt`);
  }

  /** Computes a value into locals: one, if it is the same in all copies. */
  #kept(value: Value): readonly Local[] {
    const compute = (copy: number): Local => {
      if (value.isMask) this.mask(value, copy);
      else this.number(value, copy);
      const local = this.#code.local('v128');
      this.#code.set(local);
      return local;
    };
    const { copies } = this;
    if (!this.#spread.differs(value)) return new Array(copies).fill(compute(0));
    let locals: readonly Local[] = [];
    this.sharing([value], () => {
      locals = Array.from({ length: copies }, (_, copy) => compute(copy));
    });
    return locals;
  }

  /** Leaves a value as it is held. */
  #held(value: Value, copy: number, locals: readonly Local[] | undefined): void {
    if (locals !== undefined) this.#code.get(locals[copy]);
    else this.#push(value.expression, value.isMask, copy);
  }

  #isPlace({ expression: { kind } }: Value): boolean {
    return kind === 'integer';
  }

  /** True for what costs nothing to have in all lanes. */
  #isAtHand({ expression: { kind } }: Value): boolean {
    return kind === 'number' || kind === 'known' || kind === 'size';
  }

  /** True for a selection of which both sides are computed. */
  #isBoth({ operands: [condition] }: Choice): boolean {
    return !this.#spread.isSingle(condition);
  }

  /** Leaves what is the same in all lanes of a copy. */
  #same(value: Value, isMask: boolean, copy: number): void {
    if (this.#spread.isSingle(value)) this.#splat(value, isMask);
    else this.#spread.ofCopy!(value, isMask, copy); // given where there are such values
  }

  /** Leaves a single number, or condition, in all lanes. */
  #splat(value: Value, asMask: boolean): void {
    const { expression } = value;
    const shape = this.#shape;
    const { places } = this.#scalars;
    const code = this.#code;
    if (expression.kind === 'number' && !asMask) {
      places.hoist(`number ${Object.is(expression.value, -0) ? '-0' : expression.value}`, [], 'v128', () =>
        code.splat(shape, expression.value),
      );
      return;
    }
    const push = () => this.#splatNow(value, asMask);
    if (this.#scalars.isKept(value) || expression.kind === 'size')
      places.hoist(`${asMask ? 'mask' : 'number'} (${value.id})`, [value], 'v128', push);
    else push();
  }

  #splatNow(value: Value, asMask: boolean): void {
    const { expression } = value;
    const code = this.#code;
    const shape = this.#shape;
    if (asMask) {
      code.i32(0);
      this.#scalars.mask(value);
      code.op('i32.sub');
      code.op('i32x4.splat');
      return;
    }
    const isLoaded = expression.kind === 'load' && !expression.isMask && !this.#scalars.isKept(value);
    if (isLoaded && this.#frame.elementOf(expression.array) === (shape === 'f64x2' ? 'f64' : 'f32')) {
      const offset = this.#scalars.places.address(expression);
      code.memory(shape === 'f64x2' ? 'v128.load64_splat' : 'v128.load32_splat', offset);
      return;
    }
    this.#scalars.number(value);
    if (shape === 'f32x4') code.op('f32.demote_f64');
    code.op(`${shape}.splat`);
  }

  #push(expression: Expression, isMask: boolean, copy: number): void {
    const code = this.#code;
    const shape = this.#shape;
    switch (expression.kind) {
      case 'apply':
        this.#apply(expression, copy);
        return;
      case 'times':
        for (const operand of expression.operands) this.number(operand, copy);
        code.op(`${shape}.mul`);
        return;
      case 'sum':
        for (const [k, operand] of expression.operands.entries()) {
          this.number(operand, copy);
          if (k > 0) code.op(`${shape}.add`);
        }
        return;
      case 'not':
        this.mask(expression.operands[0], copy);
        code.op('v128.not');
        return;
      case 'nonzero':
        this.number(expression.operands[0], copy);
        code.splat(shape, 0);
        code.op(`${shape}.ne`);
        return;
      case 'choose':
        this.#choose(expression, isMask, copy);
        return;
      case 'load':
        this.memory.load(expression, copy);
        if (!expression.isMask) return;
        code.splat(shape, 1);
        code.op(`${shape}.eq`);
        return;
      case 'integer':
        this.#counted(expression, copy);
        return;
      case 'local':
        code.get(this.variable(expression.name)[copy]);
        return;
      default:
        throw new TypeError(`${expression.kind} is the same in all lanes`);
    }
  }

  #apply(apply: Apply, copy: number): void {
    const { node, operands } = apply;
    const form = vectorForm(node);
    if (form === undefined) {
      this.#byLane(apply, copy);
      return;
    }
    form({
      node,
      code: this.#code,
      shape: this.#shape,
      math: this.#math,
      vector: index => this.number(operands[index], copy),
      mask: index => this.mask(operands[index], copy),
      isWrittenOut: () => this.#spread.room.left-- > 0,
    });
  }

  /** An operation that has no form on vectors: of one lane after the other. */
  #byLane({ node, operands }: Apply, copy: number): void {
    const code = this.#code;
    const vectors = operands.map(operand => {
      if (this.#spread.isSingle(operand)) return undefined;
      const local = code.local('v128');
      if (operand.isMask) this.mask(operand, copy);
      else this.number(operand, copy);
      code.set(local);
      return { local, isMask: operand.isMask };
    });
    byLane(code, this.#shape, node, lane => ({
      node,
      code,
      environment: this.#frame.environment,
      number: index => {
        const vector = vectors[index];
        if (vector === undefined) this.#scalars.number(operands[index]);
        else if (vector.isMask) {
          extractMask(code, this.#shape, vector.local, lane);
          code.op('f64.convert_i32_s');
        } else extractNumber(code, this.#shape, vector.local, lane);
      },
      mask: index => {
        const vector = vectors[index];
        if (vector === undefined) this.#scalars.mask(operands[index]);
        else if (vector.isMask) extractMask(code, this.#shape, vector.local, lane);
        else {
          extractNumber(code, this.#shape, vector.local, lane);
          code.op('f64.abs');
          code.f64(0);
          code.op('f64.gt');
        }
      },
      isDear: () => false,
    }));
    for (const vector of vectors) if (vector !== undefined) code.release(vector.local);
  }

  /** One side if the condition is the same in all lanes, else both. */
  #choose(choice: Choice, isMask: boolean, copy: number): void {
    const code = this.#code;
    const [condition, x, y] = choice.operands;
    const side = (value: Value) => () => (isMask ? this.mask(value, copy) : this.number(value, copy));
    if (!this.#isBoth(choice)) {
      this.#scalars.mask(condition);
      code.if(side(x), side(y), 'v128');
      return;
    }
    if (![x, y].some(value => this.#isDear(value))) {
      side(x)();
      side(y)();
      this.mask(condition, copy);
      code.op('v128.bitselect');
      return;
    }
    const mask = code.local('v128');
    this.mask(condition, copy);
    code.set(mask);
    for (const [value, isChosen] of [
      [x, true],
      [y, false],
    ] as const) {
      if (!this.#isDear(value)) {
        side(value)();
        continue;
      }
      code.get(mask);
      if (!isChosen) code.op('v128.not');
      code.op('v128.any_true');
      code.if(side(value), () => code.splat(this.#shape, 0), 'v128');
    }
    code.get(mask);
    code.op('v128.bitselect');
    code.release(mask);
  }

  /** True for what is not computed for lanes that all leave it out. */
  #isDear(value: Value): boolean {
    if (this.#locals.has(value) || !this.isVarying(value)) return false;
    const { expression } = value;
    if (expression.kind === 'apply' && FORMS[expression.node.op].dear === true) return true;
    return 'operands' in expression && expression.operands.some(operand => this.#isDear(operand));
  }

  /** An index as a number: that of the first lane, and by how much the others are further. */
  #counted({ place }: Extract<Expression, { kind: 'integer' }>, copy: number): void {
    const code = this.#code;
    const shape = this.#shape;
    const stride = strideOf(place, undefined, this.#loop.variables) as number; // or the loop would not be in lanes
    const first = this.memory.shifted({ array: '', place, base: undefined });
    const constant = addSizes(place.constant, this.memory.ofCopy(first, copy));
    this.#scalars.places.place({ ...first.place, constant });
    code.op('i32x4.splat');
    const steps = [0, 1, 2, 3].map(lane => BigInt.asUintN(32, BigInt(stride * lane)));
    code.constant(steps.flatMap(bits => [0n, 8n, 16n, 24n].map(by => Number((bits >> by) & 0xffn))));
    code.op('i32x4.add');
    code.op(shape === 'f64x2' ? 'f64x2.convert_low_i32x4_s' : 'f32x4.convert_i32x4_s');
  }
}
