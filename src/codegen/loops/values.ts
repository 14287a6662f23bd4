// The loop IR: blocks of statements inside of loops, and values. A value stands in the outermost block in which all that
// it is made of is known (writer.ts), so what does not change in a loop is computed before it; equal values that one block
// sees are one object. A value that is used once, in its own block, has no statement: it is written where it is used, so
// the text of an array or a variable may only change between statements. All values but those of a snapshot are constants.

import type { Node } from '../../ir/graph.ts';
import type { Size } from '../../ir/size.ts';
import type { RowBlocks } from './blocks.ts';
import type { Index, LoopVariable } from './space.ts';

/** A one-dimensional array in the emitted text that holds a tensor: element `index` is at offset + index . strides. */
export interface ArrayRef {
  readonly name: string;
  readonly offset: Size;
  readonly strides: readonly Size[];
  /** The axis along which it holds the rows of one block only (blocks.ts). */
  readonly blockAxis?: number;
}

/** Where something stands, in loop variables and computed positions. */
export type Place = Index<Value>;

/** What a value is: its `operands` are values, in `place` there may be more. */
export type Expression =
  /** An elementwise operation, spelled by forms.ts. */
  | { readonly kind: 'apply'; readonly node: Node; readonly operands: readonly Value[] }
  | { readonly kind: 'times'; readonly operands: readonly Value[] }
  | { readonly kind: 'not'; readonly operands: readonly [Value] }
  | { readonly kind: 'nonzero'; readonly operands: readonly [Value] }
  /** Whether a named value is the first, better than the `best` so far, or the first NaN; `at` is 0 before the first. */
  | {
      readonly kind: 'better';
      readonly operands: readonly [Value];
      readonly than: '<' | '>';
      readonly at: string;
      readonly best: string;
    }
  /** The sum of an unrolled loop, from left to right. */
  | { readonly kind: 'sum'; readonly operands: readonly Value[] }
  /** Condition, and the values if it holds and if not. */
  | { readonly kind: 'choose'; readonly operands: readonly [Value, Value, Value] }
  /** An element of an array at base + place. */
  | {
      readonly kind: 'load';
      readonly array: string;
      readonly place: Place;
      readonly base: Value | undefined;
      readonly isMask: boolean;
    }
  | { readonly kind: 'number'; readonly value: number }
  /** A condition that is known, most often of numbers that an unrolled loop has put in the place of its variable. */
  | { readonly kind: 'known'; readonly holds: boolean }
  | { readonly kind: 'size'; readonly size: Size }
  /** The number that an index is. */
  | { readonly kind: 'integer'; readonly place: Place }
  /** A 1-based index, checked, as a 0-based one. */
  | { readonly kind: 'position'; readonly index: Value; readonly length: Size; readonly what: string }
  /** A 1-based index that is known to be in range, as a 0-based one. */
  | { readonly kind: 'predecessor'; readonly index: Value }
  /** Whether 0 <= place < length and, if the step is not 1, place is a multiple of it. */
  | { readonly kind: 'inside'; readonly place: Place; readonly step: number; readonly length: Size }
  /** place / step, which is an integer. */
  | { readonly kind: 'quotient'; readonly place: Place; readonly step: number }
  /** A variable of the emitted text. */
  | { readonly kind: 'local'; readonly name: string };

/** The values that an expression is computed from, besides those in its place. */
export function operandsOf(expression: Expression): readonly Value[] {
  if (expression.kind === 'position' || expression.kind === 'predecessor') return [expression.index];
  return 'operands' in expression ? expression.operands : [];
}

/** What a value is made of. */
export function partsOf({ expression }: Value): Value[] {
  const parts = [...operandsOf(expression)];
  if (expression.kind === 'load' && expression.base !== undefined) parts.push(expression.base);
  if ('place' in expression) for (const { value } of expression.place.dynamic) parts.push(value);
  return parts;
}

/** A number or a condition that one iteration of the loops around it computes once. */
export class Value {
  /** Unique in a function. */
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

/** Statements that run one after the other, and what they know. */
export class Block {
  readonly parent: Block | undefined;
  /** That of the loop whose body it is; a side of a selection has none. */
  readonly variable: LoopVariable | undefined;
  /**
   * A side of a selection. `lazy`: dear work stays inside, unless a loop outside would do it once; `strict`: so does all
   * that reads memory, which may be out of range where the side is not chosen.
   */
  readonly branch: 'lazy' | 'strict' | undefined;
  /** Loops around it. */
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
export type Combine = '=' | '+' | '-' | '*' | 'max' | 'min' | 'or';

/** What a block consists of; `place` is that of an element from `base` on. */
export type Statement =
  /** The constant of a value, if it needs one. */
  | { readonly kind: 'define'; readonly value: Value }
  | {
      readonly kind: 'loop';
      readonly variable: LoopVariable;
      readonly reverse: boolean;
      /** The first index: a number, or the variable of a loop around it. */
      readonly from: LoopVariable | number;
      readonly body: Block;
    }
  /** A loop over one block of rows: `variable` counts all rows, `row` those of the block. */
  | {
      readonly kind: 'rows';
      readonly variable: LoopVariable;
      readonly row: LoopVariable;
      readonly rows: RowBlocks;
      readonly body: Block;
    }
  /** Blocks of rows, one after the other. */
  | { readonly kind: 'blocks'; readonly rows: RowBlocks; readonly body: Block }
  | {
      readonly kind: 'store';
      readonly array: string;
      readonly place: Place;
      readonly base: Value | undefined;
      readonly combine: Combine;
      readonly value: Value;
    }
  /** Sets `length` elements, or all. */
  | {
      readonly kind: 'fill';
      readonly array: string;
      readonly value: number;
      readonly from: Size;
      readonly length: Size | undefined;
    }
  /** Declares a variable; one that holds a condition begins with false. */
  | { readonly kind: 'let'; readonly name: string; readonly initial: number | false }
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
      readonly arguments: readonly (string | Size | Place)[];
    }
  | { readonly kind: 'return'; readonly value: Value };
