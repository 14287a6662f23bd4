// Values and statements put into blocks. Invariants: a value is known in its block and in all blocks inside of it, and
// nowhere else; what a block may see is itself and the blocks around it. A value moves out to the outermost block that
// knows its parts, with three exceptions: a load does not leave the loops within which its array holds what it loads; dear
// work does not leave a side of a selection, unless a loop outside would do it once; a checked index, and whatever stands
// in a strict side, stays in the side, since it may fail or be out of range where the side is not chosen.

import type { Node } from '../../ir/graph.ts';
import type { Shape } from '../../ir/shape.ts';
import { FORMS } from '../forms.ts';
import type { Names } from '../names.ts';
import {
  constantIndex,
  flatIndex,
  type Index,
  indexKey,
  LoopVariable,
  plus,
  variableIndex,
  variableOf,
} from './space.ts';
import {
  type ArrayRef,
  Block,
  type Combine,
  type Expression,
  operandsOf,
  type Place,
  Value,
} from './values.ts';

/** What keeps a value in a side of a selection: nothing, its cost, or that it may only be asked for there. */
type Bond = 'free' | 'dear' | 'bound';

/** What a value is made of, and from where on that means something. */
interface Parts {
  readonly place: Place | undefined;
  readonly operands: readonly Value[];
  readonly within: Block;
  readonly bond: Bond;
}

/** The blocks of one function while they are written. */
export class BlockWriter {
  /** The outermost block. */
  readonly top = new Block();
  readonly #names: Names;
  readonly #nameOf: (node: Node) => string | undefined;
  readonly #blockOf = new Map<LoopVariable, Block>();
  /** By the variable of a loop over rows: the index in their block. */
  readonly #rowOf = new Map<LoopVariable, LoopVariable>();
  /** Numbers that tell loop variables and values apart in keys. */
  readonly #ids = new Map<LoopVariable | Value, number>();
  readonly #counts = new Map<string, number>();
  #serial = 0;

  /** `names` are those of the function; `nameOf` is the name that the source gave to a value. */
  constructor(names: Names, nameOf: (node: Node) => string | undefined) {
    this.#names = names;
    this.#nameOf = nameOf;
  }

  // Blocks.

  /** A block inside of `block` for the body of a loop. */
  open(block: Block, variable: LoopVariable): Block {
    const body = new Block(block, variable);
    this.#blockOf.set(variable, body);
    return body;
  }

  /** The same for a loop over a block of rows, of which `row` is the index in the block. */
  openRows(block: Block, variable: LoopVariable, row: LoopVariable): Block {
    const body = this.open(block, variable);
    this.#blockOf.set(row, body);
    this.#rowOf.set(variable, row);
    return body;
  }

  /**
   * Loops in `block` over the axes of `shape` that have no index yet, around what `write` puts into the innermost. That
   * over the second axis of a `triangle` begins at the index of the first.
   */
  loopsOver(
    shape: Shape,
    given: readonly (Place | undefined)[],
    block: Block,
    write: (index: readonly Place[], inside: Block) => void,
    triangle: readonly [first: number, second: number] = [-1, -1],
  ): void {
    const axis = shape.findIndex((_, at) => given[at] === undefined);
    if (axis < 0) {
      write(given as readonly Place[], block); // none is undefined
      return;
    }
    const variable = new LoopVariable(shape[axis]);
    const body = this.open(block, variable);
    this.loopsOver(shape, given.with(axis, variableIndex<Value>(variable)), body, write, triangle);
    const first = axis === triangle[1] ? given[triangle[0]] : undefined;
    const from = (first && variableOf(first)) ?? 0;
    block.statements.push({ kind: 'loop', variable, reverse: false, from, body });
  }

  /** The innermost body of the loops over `variables`, as far as they stand inside of each other. */
  innermost(variables: readonly LoopVariable[]): Block {
    let block = this.top;
    for (const variable of variables) {
      const inside = this.#blockOf.get(variable);
      if (inside?.isWithin(block)) block = inside;
    }
    return block;
  }

  // Values.

  /** A number, written where it is used. */
  number(value: number): Value {
    return this.make({ kind: 'number', value }, this.top);
  }

  /** What a variable of the emitted text holds when it is read in `block`. */
  variable(name: string, block: Block, isMask = false): Value {
    return this.make({ kind: 'local', name }, block, isMask);
  }

  /** A value that is written where it is used, in `block`: it has no statement and is not looked up again. */
  make(expression: Expression, block: Block, isMask = false, hint?: string): Value {
    return new Value(this.#serial++, expression, block, isMask, hint);
  }

  /** A value made of others in the outermost block that may hold it; `node` is what it computes, if it is one. */
  derive(expression: Expression, block: Block, isMask = false, node?: Node): Value {
    const key = this.#expressionKey(expression);
    const known = key === undefined ? undefined : this.known(key, block);
    if (known !== undefined) return known;
    const place = 'place' in expression ? expression.place : undefined;
    const operands = operandsOf(expression);
    const isDear = node !== undefined && FORMS[node.op].dear === true;
    const bond = expression.kind === 'position' ? 'bound' : isDear ? 'dear' : 'free';
    const home = this.#home({ place, operands, within: this.top, bond }, block);
    const value = this.make(expression, home, isMask, node && this.#nameOf(node));
    for (const operand of operands) {
      operand.uses++;
      // A side of a selection is written where the selection is.
      const isSide = operand.block.branch !== undefined && expression.kind === 'choose';
      if (operand.block !== home && !isSide) operand.isUsedInside = true;
    }
    if (place !== undefined) for (const { value: part } of place.dynamic) this.use(part, home);
    home.statements.push({ kind: 'define', value });
    if (key !== undefined) home.values.set(key, value);
    return value;
  }

  /** A value under a name of its own, in any case. */
  named(wanted: string, value: Value, block: Block): Value & { readonly name: string } {
    const named = this.derive({ kind: 'sum', operands: [value] }, block);
    named.uses = 2; // used once it would have no statement
    return Object.assign(named, { name: this.fresh(wanted) });
  }

  /** What a variable holds now, as a constant: for variables that change before it is used. */
  snapshot(name: string, wanted: string, block: Block): Value {
    const value = this.variable(name, block);
    value.uses = 2; // used once it would have no statement
    block.statements.push({ kind: 'define', value });
    value.name = this.fresh(wanted);
    return value;
  }

  /** Notes that a statement of `block` uses the value, and returns it. */
  use(value: Value, block: Block): Value {
    value.uses++;
    if (block !== value.block) value.isUsedInside = true;
    return value;
  }

  /** The value of that key that `block` sees. */
  known(key: string, block: Block): Value | undefined {
    for (let around: Block | undefined = block; around !== undefined; around = around.parent) {
      const known = around.values.get(key);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** A text that equal places share. */
  keyOf(index: readonly Place[]): string {
    return index.map(place => this.#placeKey(place)).join(' ');
  }

  // Memory and variables.

  /** The element `index` of an array that means nothing outside of `within`. */
  load(array: ArrayRef, index: readonly Place[], block: Block, isMask = false, within = this.top): Value {
    const place = this.#placeIn(array, index);
    const key = this.#elementKey(array, place);
    const known = this.known(key, block);
    if (known !== undefined) return known;
    const home = this.#home({ place, operands: [], within, bond: 'free' }, block);
    const { base, rest } = this.#split(place, home);
    const value = this.make({ kind: 'load', array: array.name, place: rest, base, isMask }, home, isMask);
    this.#usePlace(rest, base, home);
    home.statements.push({ kind: 'define', value });
    home.values.set(key, value);
    return value;
  }

  /** Combines the element `index` of an array with a value. */
  store(array: ArrayRef, index: readonly Place[], combine: Combine, value: Value, block: Block): void {
    const { base, rest } = this.#split(this.#placeIn(array, index), block);
    this.#usePlace(rest, base, block);
    const stored = this.use(value, block);
    block.statements.push({ kind: 'store', array: array.name, place: rest, base, combine, value: stored });
  }

  /** Sets an element; whoever reads it in this block needs not look into the array. */
  set(array: ArrayRef, index: readonly Place[], value: Value, block: Block): void {
    this.store(array, index, '=', value, block);
    block.values.set(this.#elementKey(array, this.#placeIn(array, index)), value);
  }

  /** Declares a variable of that name, or sum2, sum3, ..., and returns its name. */
  declare(wanted: string, initial: number | false, block: Block): string {
    const name = this.fresh(wanted);
    block.statements.push({ kind: 'let', name, initial });
    return name;
  }

  /** Combines a variable with a value. */
  assign(name: string, combine: Combine, value: Value, block: Block): void {
    block.statements.push({ kind: 'assign', name, combine, value: this.use(value, block) });
  }

  /** A name that is not taken: sum, sum2, sum3, ... */
  fresh(wanted: string): string {
    return this.#names.take(this.numbered(wanted));
  }

  /** The same, for whoever takes it. */
  numbered(wanted: string): string {
    const count = (this.#counts.get(wanted) ?? 0) + 1;
    this.#counts.set(wanted, count);
    return count === 1 ? wanted : `${wanted}${count}`;
  }

  // Where a value stands.

  /** The outermost block around `block`, inside of `within`, where a value may stand that is made of `parts`. */
  #home({ place, operands, within, bond }: Parts, block: Block): Block {
    let home = within;
    const deepen = (other: Block | undefined) => {
      if (other?.isWithin(home)) home = other;
    };
    if (place !== undefined) {
      for (const variable of place.terms.keys()) deepen(this.#blockOf.get(variable));
      for (const { value } of place.dynamic) deepen(value.block);
    }
    for (const operand of operands) {
      if (block.isWithin(operand.block)) deepen(operand.block);
      else deepen(block); // a side of a selection, which could not leave it
    }
    let around: Block | undefined = block;
    for (; around !== undefined && around !== home; around = around.parent) {
      if (around.branch === undefined) continue;
      const isFirstLoop = around.depth === home.depth; // no loop lies between: nothing would be done less often
      if (bond === 'bound' || around.branch === 'strict' || (bond === 'dear' && isFirstLoop)) return around;
    }
    return home;
  }

  /**
   * A place as what does not change in the innermost loop that it depends on, a value of the block outside (undefined if
   * that is not worth one), and the rest.
   */
  #split(place: Place, block: Block): { readonly base: Value | undefined; readonly rest: Place } {
    const whole = { base: undefined, rest: place };
    let loop: Block | undefined = block;
    while (loop !== undefined && (loop.variable === undefined || !place.terms.has(loop.variable))) {
      loop = loop.parent;
    }
    if (loop?.variable === undefined || loop.parent === undefined) return whole;
    const outer = new Map(place.terms);
    outer.delete(loop.variable);
    const products = [...outer.values()].filter(coefficient => coefficient !== 1).length;
    if (outer.size === 0 || (products === 0 && outer.size + place.dynamic.length < 2)) return whole;
    const invariant: Place = { constant: 0, terms: outer, dynamic: place.dynamic };
    const base = this.derive({ kind: 'integer', place: invariant }, loop.parent);
    if (base.block === block) return whole;
    const terms = new Map([[loop.variable, place.terms.get(loop.variable)!]]);
    return { base, rest: { constant: place.constant, terms, dynamic: [] } };
  }

  #usePlace({ dynamic }: Place, base: Value | undefined, block: Block): void {
    for (const { value } of dynamic) this.use(value, block);
    if (base !== undefined) this.use(base, block);
  }

  /** Where the element `index` stands; of an array that holds a block of rows, in the block. */
  #placeIn(array: ArrayRef, index: readonly Place[]): Place {
    const { blockAxis } = array;
    if (blockAxis === undefined) return placeIn(array, index);
    const row = this.#rowOf.get(variableOf(index[blockAxis])!)!; // all that fills or reads it runs over these rows
    return placeIn(array, index.with(blockAxis, variableIndex(row)));
  }

  // Keys.

  /** Expressions that are looked up; elements of nodes have keys of their own (elements.ts). */
  #expressionKey(expression: Expression): string | undefined {
    switch (expression.kind) {
      case 'integer':
        return `integer ${this.#placeKey(expression.place)}`;
      case 'position':
        return `position ${expression.index.id} ${expression.what}`;
      case 'predecessor':
        return `predecessor ${expression.index.id}`;
      default:
        return undefined;
    }
  }

  #elementKey({ name }: ArrayRef, place: Place): string {
    return `${name} ${this.#placeKey(place)}`;
  }

  #placeKey(place: Place): string {
    return indexKey(place, part => this.#idOf(part));
  }

  #idOf(part: LoopVariable | Value): number {
    let id = this.#ids.get(part);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(part, id);
    }
    return id;
  }
}

/** Where the element `index` of an array stands. */
export function placeIn<D>({ offset, strides }: ArrayRef, index: readonly Index<D>[]): Index<D> {
  return plus(constantIndex<D>(offset), flatIndex(index, strides));
}
