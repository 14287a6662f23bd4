// The spelling of elementwise operations on vectors, parallel to ../forms.ts: a form leaves the result on the stack, numbers
// in all lanes, or all bits of a lane set or none if the operation makes a mask. What has no form here is computed lane by
// lane. Invariant: hard points give what the forms of single numbers give, in each lane.

import { constantOf } from '../../../ir/build.ts';
import type { Node } from '../../../ir/graph.ts';
import type { OpName } from '../../../ir/ops.ts';
import type { Code, Local } from '../code.ts';
import { isVectorFunction, type VectorMath } from '../math/vector-math.ts';
import type { Opcode } from '../opcodes.ts';

/** Two numbers of 64 bits, or four of 32. */
export type Shape = 'f64x2' | 'f32x4';

export const LANES_OF = { f64x2: 2, f32x4: 4 } as const;

export interface VectorOperands {
  readonly node: Node;
  readonly code: Code;
  readonly shape: Shape;
  readonly math: VectorMath;
  /** Leaves operand `index`; a mask becomes 0 or 1. */
  vector(index: number): void;
  /** Leaves operand `index`, a mask. */
  mask(index: number): void;
  /** True if a function is to be written out here, which takes room, and not called. */
  isWrittenOut(): boolean;
}

export type VectorForm = (x: VectorOperands) => void;

/** The form of an operation; undefined if it has none. */
export function vectorForm(node: Node): VectorForm | undefined {
  if (node.op === 'pow' && constantOf(node.inputs[1]) === 2) return square;
  return isVectorFunction(node.op) ? functionOf : FORMS[node.op];
}

// biome-ignore format: one operation a line
const FORMS: { readonly [O in OpName]?: VectorForm } = {
  add:   instruction('add'),
  sub:   instruction('sub'),
  mul:   instruction('mul'),
  div:   instruction('div'),
  neg:   instruction('neg'),
  abs:   instruction('abs'),
  floor: instruction('floor'),
  ceil:  instruction('ceil'),
  fix:   instruction('trunc'),
  sqrt:  instruction('sqrt'),
  max:   folded('max'),
  min:   folded('min'),
  relu,
  sign,

  lt:    instruction('lt'),
  le:    instruction('le'),
  eq:    instruction('eq'),
  ne:    instruction('ne'),
  and:   ofMasks('v128.and'),
  or:    ofMasks('v128.or'),
  not:   ofMasks('v128.not'),
  real:  x => x.vector(0),
};

/** The instructions that both shapes have. */
type Name =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'neg'
  | 'abs'
  | 'floor'
  | 'ceil'
  | 'trunc'
  | 'sqrt'
  | 'max'
  | 'min'
  | 'lt'
  | 'le'
  | 'eq'
  | 'ne';

function instruction(name: Name): VectorForm {
  return x => {
    for (let i = 0; i < x.node.inputs.length; i++) x.vector(i);
    x.code.op(`${x.shape}.${name}`);
  };
}

function folded(name: 'max' | 'min'): VectorForm {
  return x => {
    for (let i = 0; i < x.node.inputs.length; i++) {
      x.vector(i);
      if (i > 0) x.code.op(`${x.shape}.${name}`);
    }
  };
}

function ofMasks(opcode: Opcode): VectorForm {
  return x => {
    for (let i = 0; i < x.node.inputs.length; i++) x.mask(i);
    x.code.op(opcode);
  };
}

/** x < 0 ? 0 : x, which leaves NaN, and + 0, which turns -0 into 0. (`max` of WebAssembly is slow.) */
function relu(x: VectorOperands): void {
  x.vector(0);
  x.code.splat(x.shape, 0);
  x.code.op(`${x.shape}.pmax`);
  x.code.splat(x.shape, 0);
  x.code.op(`${x.shape}.add`);
}

/** x > 0 ? 1 : x < 0 ? -1 : x, so that zeros and NaN stay. */
function sign(x: VectorOperands): void {
  const { code, shape } = x;
  withLocal(code, value => {
    x.vector(0);
    code.set(value);
    code.splat(shape, 1);
    code.splat(shape, -1);
    code.get(value);
    code.get(value);
    code.splat(shape, 0);
    code.op(`${shape}.lt`);
    code.op('v128.bitselect');
    code.get(value);
    code.splat(shape, 0);
    code.op(`${shape}.gt`);
    code.op('v128.bitselect');
  });
}

function square(x: VectorOperands): void {
  withLocal(x.code, value => {
    x.vector(0);
    x.code.tee(value);
    x.code.get(value);
    x.code.op(`${x.shape}.mul`);
  });
}

/** A function of ../math, called or written out: its operands stand in locals then. */
function functionOf(x: VectorOperands): void {
  const { code, node } = x;
  if (!x.isWrittenOut()) {
    for (const index of node.inputs.keys()) x.vector(index);
    code.call(x.math.function(node.op)!); // it is one
    return;
  }
  const operands = node.inputs.map((_, index) => {
    const local = code.local('v128');
    x.vector(index);
    code.set(local);
    return local;
  });
  x.math.inline(
    node.op,
    code,
    operands.map(local => () => code.get(local)),
  );
  for (const local of operands) code.release(local);
}

function withLocal(code: Code, write: (local: Local) => void): void {
  const local = code.local('v128');
  write(local);
  code.release(local);
}
