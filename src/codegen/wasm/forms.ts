// The spelling of every elementwise operation in WebAssembly: one row each, parallel to forms.ts. A form asks for each operand
// once, in any order, and leaves the result on the stack: an f64, or an i32 0 or 1 if the operation makes a mask. Invariant:
// hard points (NaN, infinities, signed zeros) give what the JavaScript of forms.ts gives. What is no instruction is a call of
// `Math.sin` and the like or of a special function, by the names that forms.ts calls them.

import { constantOf } from '../../ir/build.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpName } from '../../ir/ops.ts';
import { FORMS } from '../forms.ts';
import type { Code, Local } from './code.ts';
import type { WasmEnvironment } from './environment.ts';
import type { Opcode } from './opcodes.ts';
import { hypot, logsumexp } from './variadic.ts';

/** The operands of the node that is being written, and where it is written. */
export interface WasmOperands {
  readonly node: Node;
  readonly code: Code;
  readonly environment: WasmEnvironment;
  /** Leaves operand `index` on the stack as an f64; a mask becomes 0 or 1. */
  number(index: number): void;
  /** Leaves operand `index`, a mask, on the stack as an i32, 0 or 1. */
  mask(index: number): void;
  /** True if leaving operand `index` calls a function, or is long: it is not done in vain. */
  isDear(index: number): boolean;
}

export type WasmForm = (x: WasmOperands) => void;

// biome-ignore format: one operation a line
export const WASM_FORMS: { readonly [O in OpName]: WasmForm } = {
  const:   x => x.code.f64(attrsOf<{ value: number }>(x.node).value),
  input:   () => { throw new RangeError('an input is read, not computed'); },

  add:     instruction('f64.add'),
  sub:     instruction('f64.sub'),
  mul:     instruction('f64.mul'),
  div:     instruction('f64.div'),
  neg:     instruction('f64.neg'),
  pow:     power,
  mod:     modulo,
  abs:     instruction('f64.abs'),
  sign:    sign,
  floor:   instruction('f64.floor'),
  ceil:    instruction('f64.ceil'),
  round:   round,
  fix:     instruction('f64.trunc'),

  sqrt:    instruction('f64.sqrt'),
  cbrt:    call('Math.cbrt'),
  nthRoot: helper,
  hypot:   hypot,
  exp:     call('Math.exp'),
  expm1:   call('Math.expm1'),
  log:     call('Math.log'),
  log1p:   call('Math.log1p'),
  log2:    call('Math.log2'),
  log10:   call('Math.log10'),

  sin:     call('Math.sin'),
  cos:     call('Math.cos'),
  tan:     call('Math.tan'),
  cot:     inverse('Math.tan'),
  sec:     inverse('Math.cos'),
  csc:     inverse('Math.sin'),
  asin:    call('Math.asin'),
  acos:    call('Math.acos'),
  atan:    call('Math.atan'),
  acot:    ofInverse('Math.atan'),
  asec:    ofInverse('Math.acos'),
  acsc:    ofInverse('Math.asin'),
  atan2:   call('Math.atan2'),
  sinh:    call('Math.sinh'),
  cosh:    call('Math.cosh'),
  tanh:    call('Math.tanh'),
  coth:    inverse('Math.tanh'),
  sech:    inverse('Math.cosh'),
  csch:    inverse('Math.sinh'),
  asinh:   call('Math.asinh'),
  acosh:   call('Math.acosh'),
  atanh:   call('Math.atanh'),
  acoth:   ofInverse('Math.atanh'),
  asech:   ofInverse('Math.acosh'),
  acsch:   ofInverse('Math.asinh'),

  erf:       helper,
  erfc:      helper,
  gamma:     helper,
  lgamma:    helper,
  polygamma: helperOfOrder,

  max:     folded('f64.max'),
  min:     folded('f64.min'),
  relu:    x => { x.number(0); x.code.f64(0); x.code.op('f64.max'); },
  select:  selection,

  sigmoid:   helper,
  softplus:  helper,
  logit:     helper,
  xlogy:     timesLogarithm,
  xlog1py:   helper,
  xlogx:     timesLogarithm,
  logsumexp: logsumexp,
  logcosh:   helper,
  log1mexp:  helper,
  sqrt1pm1:  helper,
  phi:       helperOfOrder,
  sphericalBessel: helperOfOrder,

  lt:      instruction('f64.lt'),
  le:      instruction('f64.le'),
  eq:      instruction('f64.eq'),
  ne:      instruction('f64.ne'),
  and:     ofMasks('i32.and'),
  or:      ofMasks('i32.or'),
  not:     ofMasks('i32.eqz'),
  real:    ofMasks('f64.convert_i32_u'),

  // Not spelled as expressions: loops are made of them.
  array: loops, size: loops, iota: loops,
  broadcast: loops, reshape: loops, permute: loops, slice: loops, pad: loops, element: loops, diagonal: loops, concat: loops,
  gather: loops, scatterAdd: loops,
  reduceSum: loops, reduceProd: loops, reduceMax: loops, reduceMin: loops, norm: loops, reduceLogsumexp: loops, any: loops,
  argmax: loops, argmin: loops, cumsum: loops, cumprod: loops, contract: loops,
};

function loops({ node }: WasmOperands): void {
  throw new RangeError(`${node.op} is no expression`);
}

/** One instruction that means exactly what JavaScript does. */
function instruction(opcode: Opcode): WasmForm {
  return x => {
    numbers(x);
    x.code.op(opcode);
  };
}

function ofMasks(opcode: Opcode): WasmForm {
  return x => {
    for (let i = 0; i < x.node.inputs.length; i++) x.mask(i);
    x.code.op(opcode);
  };
}

/** Math.max or Math.min: NaN wins, -0 is below 0. */
function folded(opcode: Opcode): WasmForm {
  return x => {
    for (let i = 0; i < x.node.inputs.length; i++) {
      x.number(i);
      if (i > 0) x.code.op(opcode);
    }
  };
}

function call(name: string): WasmForm {
  return x => {
    numbers(x);
    x.code.call(x.environment.math(name, x.node.inputs.length));
  };
}

/** cot, sec, csc: one over a function. */
function inverse(name: string): WasmForm {
  return x => {
    x.code.f64(1);
    call(name)(x);
    x.code.op('f64.div');
  };
}

/** acot, asec, acsc: a function of one over the operand. */
function ofInverse(name: string): WasmForm {
  return x => {
    x.code.f64(1);
    x.number(0);
    x.code.op('f64.div');
    x.code.call(x.environment.math(name, 1));
  };
}

/** The special function that forms.ts calls. */
function helper(x: WasmOperands): void {
  call(helperName(x.node))(x);
}

/** The same of one that takes its order first, unless it has a function of its own for that order. */
function helperOfOrder(x: WasmOperands): void {
  const name = helperName(x.node);
  if (name !== x.node.op) {
    helper(x);
    return;
  }
  x.code.f64(attrsOf<{ order: number }>(x.node).order);
  x.number(0);
  x.code.call(x.environment.math(name, 2));
}

function helperName(node: Node): string {
  return FORMS[node.op].helper!(node); // asked of special functions only
}

/** A square is a product; what other powers are worth taking apart the rewriter has taken apart. */
function power(x: WasmOperands): void {
  if (constantOf(x.node.inputs[1]) !== 2) {
    call('Math.pow')(x);
    return;
  }
  x.number(0);
  withLocals(x.code, 1, ([base]) => {
    x.code.tee(base);
    x.code.get(base);
    x.code.op('f64.mul');
  });
}

/** y === 0 ? x : x - y * floor(x / y). */
function modulo(x: WasmOperands): void {
  const { code } = x;
  withLocals(code, 2, ([dividend, divisor]) => {
    x.number(0);
    code.set(dividend);
    x.number(1);
    code.set(divisor);
    code.get(dividend);
    code.get(dividend);
    code.get(divisor);
    code.get(dividend);
    code.get(divisor);
    code.op('f64.div');
    code.op('f64.floor');
    code.op('f64.mul');
    code.op('f64.sub');
    code.get(divisor);
    code.f64(0);
    code.op('f64.eq');
    code.op('select');
  });
}

/** x log(x), or x log(y): 0 if x is, unless y is NaN. */
function timesLogarithm(x: WasmOperands): void {
  const { code } = x;
  withLocals(code, 2, ([factor, argument]) => {
    x.number(0);
    code.tee(factor);
    if (x.node.inputs.length === 2) x.number(1);
    else code.get(factor);
    code.tee(argument);
    code.call(x.environment.math('Math.log', 1));
    code.op('f64.mul');
    code.f64(0);
    code.get(factor);
    code.f64(0);
    code.op('f64.ne');
    code.get(argument);
    code.get(argument);
    code.op('f64.ne');
    code.op('i32.or');
    code.op('select');
  });
}

/** |x| > 0 ? copysign(1, x) : x, so that zeros and NaN stay. */
function sign(x: WasmOperands): void {
  const { code } = x;
  withLocals(code, 1, ([value]) => {
    code.f64(1);
    x.number(0);
    code.tee(value);
    code.op('f64.copysign');
    code.get(value);
    code.get(value);
    code.op('f64.abs');
    code.f64(0);
    code.op('f64.gt');
    code.op('select');
  });
}

/** Halves away from zero, with the sign of x: t = floor(|x|), plus 1 if the rest |x| - t, which is exact, is 1/2 or more. */
function round(x: WasmOperands): void {
  const { code } = x;
  withLocals(code, 2, ([value, whole]) => {
    x.number(0);
    code.tee(value);
    code.op('f64.abs');
    code.op('f64.floor');
    code.tee(whole);
    code.get(value);
    code.op('f64.abs');
    code.get(whole);
    code.op('f64.sub');
    code.f64(0.5);
    code.op('f64.ge');
    code.op('f64.convert_i32_u');
    code.op('f64.add');
    code.get(value);
    code.op('f64.copysign');
  });
}

/** Both sides if they are cheap, else the one that is chosen. */
function selection(x: WasmOperands): void {
  if (x.isDear(1) || x.isDear(2)) {
    x.mask(0);
    x.code.if(
      () => x.number(1),
      () => x.number(2),
      'f64',
    );
    return;
  }
  x.number(1);
  x.number(2);
  x.mask(0);
  x.code.op('select');
}

function numbers(x: WasmOperands): void {
  for (let i = 0; i < x.node.inputs.length; i++) x.number(i);
}

/** Lends locals for numbers that `write` needs twice. */
function withLocals(code: Code, count: number, write: (locals: readonly Local[]) => void): void {
  const locals = Array.from({ length: count }, () => code.local('f64'));
  write(locals);
  for (const local of locals) code.release(local);
}

function attrsOf<A>(node: Node): A {
  return node.attrs as A; // each form is called for its own operation
}
