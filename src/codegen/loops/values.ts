// The loop IR: blocks of statements inside of loops, and values. A value stands in the outermost block in which all that
// it is made of is known, so what does not change in a loop is computed before it; equal values of one block are one
// object. A value that is used once, in its own block, has no statement: it is written where it is used.

import type { Node } from '../../ir/graph.ts';
import type { Size } from '../../ir/size.ts';
import type { Index, LoopVariable } from './space.ts';

/** A one-dimensional array in the emitted text that holds a tensor: element `index` is at offset + index . strides. */
export interface ArrayRef {
  readonly name: string;
  readonly offset: Size;
  readonly strides: readonly Size[];
}

export type Place = Index<Value>;

export type Expression =
  | { readonly kind: 'apply'; readonly node: Node; readonly operands: readonly Value[] }
  | { readonly kind: 'times'; readonly operands: readonly Value[] }
  | { readonly kind: 'not'; readonly operands: readonly [Value] }
  /** The sum of an unrolled loop, from left to right. */
  | { readonly kind: 'sum'; readonly operands: readonly Value[] }
  | { readonly kind: 'choose'; readonly operands: readonly [Value, Value, Value] }
  | {
      readonly kind: 'load';
      readonly array: string;
      readonly place: Place;
      readonly base: Value | undefined;
      readonly isMask: boolean;
    }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'size'; readonly size: Size }
  /** The number that an index is. */
  | { readonly kind: 'integer'; readonly place: Place }
  /** A 1-based index, checked, as a 0-based one. */
  | { readonly kind: 'position'; readonly index: Value; readonly length: Size; readonly what: string }
  /** Whether 0 <= place < length and, if the step is not 1, place is a multiple of it. */
  | { readonly kind: 'inside'; readonly place: Place; readonly step: number; readonly length: Size }
  /** place / step, which is an integer. */
  | { readonly kind: 'quotient'; readonly place: Place; readonly step: number }
  /** A variable of the emitted text, or a text over the names that `operands` have there. */
  | { readonly kind: 'local'; readonly name: string; readonly operands: readonly Value[] };

export class Value {
  readonly id: number;
  readonly expression: Expression;
  readonly block: Block;
  /** True for conditions. */
  readonly isMask: boolean;
  /** The name that the source gave it. */
  readonly hint: string | undefined;
  uses = 0;
  /** True if some use is in a block inside of its own. */
  isUsedInside = false;
  /** The name it has in the text, once it has one. */
  name: string | undefined;

  constructor(id: number, expression: Expression, block: Block, isMask: boolean, hint: string | undefined) {
    this.id = id;
    this.expression = expression;
    this.block = block;
    this.isMask = isMask;
    this.hint = hint;
  }
}

export class Block {
  readonly parent: Block | undefined;
  readonly variable: LoopVariable | undefined;
  /**
   * A side of a selection. `lazy`: dear work stays inside, unless a loop outside would do it once; `strict`: so does all
   * that reads memory, which may be out of range where the side is not chosen.
   */
  readonly branch: 'lazy' | 'strict' | undefined;
  readonly depth: number;
  statements: Statement[] = [];
  /** What is known here, by key. */
  readonly values = new Map<string, Value>();

  constructor(parent?: Block, variable?: LoopVariable, branch?: 'lazy' | 'strict') {
    this.parent = parent;
    this.variable = variable;
    this.branch = branch;
    this.depth = parent === undefined ? 0 : parent.depth + (variable === undefined ? 0 : 1);
  }

  /** True if `other` is this block or around it. */
  isWithin(other: Block): boolean {
    for (let block: Block | undefined = this; block !== undefined; block = block.parent) {
      if (block === other) return true;
    }
    return false;
  }
}

/** `=` sets, the others combine what is there with the value. */
export type Combine = '=' | '+' | '*' | 'max' | 'min' | 'or';

export type Statement =
  | { readonly kind: 'define'; readonly value: Value }
  | {
      readonly kind: 'loop';
      readonly variable: LoopVariable;
      readonly reverse: boolean;
      readonly body: Block;
    }
  | {
      readonly kind: 'store';
      readonly array: string;
      readonly place: Place;
      readonly base: Value | undefined;
      readonly combine: Combine;
      readonly value: Value;
    }
  | {
      readonly kind: 'fill';
      readonly array: string;
      readonly value: number;
      readonly from: Size;
      readonly length: Size | undefined;
    }
  | { readonly kind: 'let'; readonly name: string; readonly text: string }
  | { readonly kind: 'assign'; readonly name: string; readonly combine: Combine; readonly value: Value }
  | {
      readonly kind: 'if';
      readonly condition: Value;
      readonly then: Block;
      readonly otherwise: Block | undefined;
    }
  /** A call of a kernel: names, sizes and places in the order of its parameters. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly comment: string;
      readonly arguments: readonly (string | Size)[];
    }
  | { readonly kind: 'return'; readonly value: Value };
