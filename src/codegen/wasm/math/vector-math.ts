// Functions of Math, and some of ours, of all lanes of a vector at once: v128 -> v128. Invariant: a lane's result depends on
// that lane alone, and NaN, infinities, signed zeros and subnormal numbers give what the function of numbers gives.

import type { Code, FunctionRef } from '../code.ts';
import type { WasmEncoder } from '../encoder.ts';
import { atan } from './arctangent.ts';
import { xlog1py, xlogx, xlogy } from './entropy.ts';
import { erf } from './error-function.ts';
import { exp, expm1 } from './exponential.ts';
import { Formula, type Shape, type Vector } from './formula.ts';
import { cosh, sinh, tanh } from './hyperbolic.ts';
import { log, log1p, log2, log10 } from './logarithm.ts';
import { sigmoid, softplus } from './logistic.ts';
import { pow } from './power.ts';
import { cos, sin } from './trigonometric.ts';

/** The formula of a function; `exact` is the function of numbers, y the second argument if there are two. */
type Define = (f: Formula, x: Vector, exact: FunctionRef, y: Vector) => Vector;

/** Errors are below 2 ulp; bench/accuracy.md has them. */
const FUNCTIONS: { readonly [name: string]: { readonly arity: 1 | 2; readonly define: Define } } = {
  exp: { arity: 1, define: exp },
  expm1: { arity: 1, define: expm1 },
  log: { arity: 1, define: log },
  log1p: { arity: 1, define: log1p },
  log2: { arity: 1, define: log2 },
  log10: { arity: 1, define: log10 },
  xlogx: { arity: 1, define: xlogx },
  xlogy: { arity: 2, define: xlogy },
  xlog1py: { arity: 2, define: xlog1py },
  sin: { arity: 1, define: sin },
  cos: { arity: 1, define: cos },
  atan: { arity: 1, define: atan },
  sinh: { arity: 1, define: sinh },
  cosh: { arity: 1, define: cosh },
  tanh: { arity: 1, define: tanh },
  sigmoid: { arity: 1, define: sigmoid },
  softplus: { arity: 1, define: softplus },
  erf: { arity: 1, define: erf },
  pow: { arity: 2, define: pow },
};

/** Whether an operation of that name (ir/ops.ts) is one of these functions. */
export function isVectorFunction(name: string): boolean {
  return Object.hasOwn(FUNCTIONS, name);
}

export class VectorMath {
  readonly #encoder: WasmEncoder;
  readonly #shape: Shape;
  readonly #made = new Map<string, Code>();

  constructor(encoder: WasmEncoder, shape: Shape) {
    this.#encoder = encoder;
    this.#shape = shape;
  }

  /** The function for an operation of that name (ir/ops.ts); undefined if there is none. */
  function(name: string): FunctionRef | undefined {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    if (!isVectorFunction(name)) return undefined;
    const { arity } = FUNCTIONS[name];
    const code = this.#encoder.function(new Array(arity).fill('v128'), ['v128']);
    this.inline(name, code, [() => code.get(0), () => code.get(1)]);
    this.#made.set(name, code);
    return code;
  }

  /**
   * Writes the function itself instead of a call, and leaves the result on the stack. In a hot loop that takes about two
   * thirds of the time, since V8 then makes the constants once. The operands, which may be used many times, are to be
   * locals.
   */
  inline(name: string, code: Code, operands: readonly Vector[]): void {
    const { arity, define } = FUNCTIONS[name];
    const exact = this.#encoder.importFunction(`Math.${name}`, new Array(arity).fill('f64'), ['f64']);
    const formula = new Formula(code, this.#shape);
    define(formula, operands[0], exact, operands[1])();
    formula.release();
  }
}
