// Merged loops to statements: the walk over loops and the bodies of units. Invariants: statements come in the order of the
// nest, so what a body reads is complete; iterations of an unrolled loop stand one after the other in the block around it,
// with numbers in the place of its variable; loops are nested as deep as shapes have axes, so recursion over them is shallow.

import { constantOf } from '../../ir/build.ts';
import type { Node } from '../../ir/graph.ts';
import { addSizes, multiplySizes, type Size } from '../../ir/size.ts';
import { Accumulators, neutral } from './accumulators.ts';
import { isBlocks, type RowBlocks } from './blocks.ts';
import type { DepositUnit, ListingUnit } from './deposit.ts';
import { Elements, type Environment } from './elements.ts';
import { isLoop, type LoopNode, type Nest, type NestItem } from './fuse.ts';
import { isSummed, kernelCall } from './kernel.ts';
import { constantIndex, dynamicIndex, type Index, LoopVariable, operandIndex } from './space.ts';
import type {
  ArgUnit,
  MapUnit,
  OverlayUnit,
  ReduceUnit,
  ScanUnit,
  ScatterUnit,
  Unit,
  Work,
} from './units.ts';
import { type ArrayRef, Block, type Place, type Value } from './values.ts';
import { BlockWriter, placeIn } from './writer.ts';

/** The statements of one function, in `top` once `run` has written them. */
export class Lowering {
  readonly top: Block;
  readonly #writer: BlockWriter;
  readonly #elements: Elements;
  readonly #accumulators: Accumulators;
  readonly #environment: Environment;
  readonly #nest: Nest;
  readonly #stored: ReadonlySet<Node>;
  /** Loops that are unrolled, at the iteration that is being written. */
  readonly #iteration = new Map<LoopVariable, number>();

  constructor(nest: Nest, work: Pick<Work, 'stored' | 'depthOf'>, environment: Environment) {
    this.#writer = new BlockWriter(environment.names, environment.nameOf);
    this.#elements = new Elements(this.#writer, environment, nest, work);
    this.#accumulators = new Accumulators(this.#writer, this.#elements, environment, nest);
    this.#environment = environment;
    this.#nest = nest;
    this.#stored = work.stored;
    this.top = this.#writer.top;
  }

  /** Writes the statements of all loops. */
  run(): void {
    this.#items(this.#nest.items, this.top);
  }

  /** A scalar, as the top block knows it after all loops. */
  scalar(node: Node): Value {
    return this.#elements.read(node, [], this.top);
  }

  /** Copies a tensor to an array: for results that are inputs, or results twice. */
  copy(node: Node, to: ArrayRef): void {
    const given = node.shape.map(size => (size === 1 ? constantIndex<Value>(0) : undefined));
    this.#writer.loopsOver(node.shape, given, this.top, (index, inside) => {
      this.#writer.store(to, index, '=', this.#elements.read(node, index, inside), inside);
    });
  }

  /** Puts a scalar into an array, at the end. */
  put(to: ArrayRef, index: readonly Place[], value: Value): void {
    this.#writer.store(to, index, '=', value, this.top);
  }

  /** Notes that the function uses a value after all statements, and returns it. */
  use(value: Value): Value {
    return this.#writer.use(value, this.top);
  }

  #items(items: readonly NestItem[], block: Block): void {
    for (const item of items) {
      if (isBlocks(item)) this.#blocks(item, block);
      else if (isLoop(item)) this.#loop(item, block);
      else this.#body(item, block);
    }
  }

  #loop(loop: LoopNode, block: Block): void {
    const { variable, reverse } = loop;
    this.#begin(loop, block);
    const around = loop.from?.variable;
    const from = around === undefined ? 0 : (this.#iteration.get(around) ?? around);
    if (loop.unrolled) this.#iterations(loop, from, block);
    else {
      const body = this.#writer.open(block, variable);
      this.#items(loop.items, body);
      block.statements.push({ kind: 'loop', variable, reverse, from, body });
    }
    this.#finish(loop, block);
  }

  #begin(loop: LoopNode, block: Block): void {
    for (const unit of loop.accumulates) {
      this.#accumulators.begin(unit, loop, this.#bind(unit, unit.target), block);
    }
  }

  #finish({ accumulates }: LoopNode, block: Block): void {
    for (const unit of accumulates) this.#accumulators.finish(unit, this.#bind(unit, unit.target), block);
  }

  /** What is summed over all rows begins before the first block and is complete after the last one. */
  #blocks(rows: RowBlocks, block: Block): void {
    const loops = rows.members.filter(isLoop);
    for (const loop of loops) this.#begin(loop, block);
    for (const unit of rows.members) {
      if (isLoop(unit) || !isSummed(unit, rows)) continue;
      const start = unit.node.shape.map(() => constantIndex<Value>(0));
      this.#accumulators.clear(unit, start, block);
    }
    const body = new Block(block);
    for (const member of rows.members) {
      if (isLoop(member)) {
        const { variable, items } = member;
        const row = new LoopVariable(rows.count.size);
        const inside = this.#writer.openRows(body, variable, row);
        this.#items(items, inside);
        body.statements.push({ kind: 'rows', variable, row, rows, body: inside });
      } else {
        body.statements.push(kernelCall(member, this.#elements, this.#stored, this.#environment, rows));
      }
    }
    block.statements.push({ kind: 'blocks', rows, body });
    for (const loop of loops) this.#finish(loop, block);
  }

  /**
   * The iterations of a short loop one after the other; what they store and read again stays in variables. Of a triangle
   * in a loop that is not unrolled, all: more is computed than has to be.
   */
  #iterations({ variable, reverse, items }: LoopNode, from: LoopVariable | number, block: Block): void {
    const size = variable.size as number; // or it would not be unrolled
    for (let k = typeof from === 'number' ? from : 0; k < size; k++) {
      this.#iteration.set(variable, reverse ? size - 1 - k : k);
      this.#items(items, block);
    }
  }

  /** An index of a unit in the variables of the loops that it shares. */
  #bind(unit: Unit, index: readonly Index<undefined>[]): Place[] {
    const loops = this.#nest.loopsOf.get(unit)!;
    const image = new Map(unit.axes.map(({ variable }, k) => [variable, loops[k].variable]));
    return index.map(part => {
      let { constant } = part;
      const terms = new Map<LoopVariable, Size>();
      for (const [own, coefficient] of part.terms) {
        const variable = image.get(own)!;
        const at = this.#iteration.get(variable);
        if (at === undefined) terms.set(variable, coefficient);
        else constant = addSizes(constant, multiplySizes(coefficient, at));
      }
      return { constant, terms, dynamic: [] };
    });
  }

  #body(unit: Unit, block: Block): void {
    switch (unit.kind) {
      case 'map':
        this.#map(unit, block);
        return;
      case 'reduce':
        this.#reduce(unit, block);
        return;
      case 'scan':
        this.#scan(unit, block);
        return;
      case 'scatter':
        this.#scatter(unit, block);
        return;
      case 'arg':
        this.#argument(unit, block);
        return;
      case 'overlay':
        this.#overlay(unit, block);
        return;
      case 'deposit':
        this.#deposit(unit, block);
        return;
      case 'listing':
        this.#listing(unit, block);
        return;
      case 'product':
      case 'gram':
        block.statements.push(kernelCall(unit, this.#elements, this.#stored, this.#environment));
        return;
      default:
        unit satisfies never;
    }
  }

  /** Asked for itself, a node would be read from where it is to be put. */
  #map(unit: MapUnit, block: Block): void {
    const [{ node, index }] = unit.body;
    const at = this.#bind(unit, index);
    const value =
      node === unit.node ? this.#elements.compute(node, at, block) : this.#elements.read(node, at, block);
    this.#elements.write(unit.node, this.#bind(unit, unit.target), value, block);
  }

  #reduce(unit: ReduceUnit, block: Block): void {
    const operands = unit.body.map(({ node, index }) =>
      this.#elements.read(node, this.#bind(unit, index), block),
    );
    const value =
      operands.length === 1 ? operands[0] : this.#writer.derive({ kind: 'times', operands }, block);
    const target = this.#bind(unit, unit.target);
    if (isReduced(unit)) this.#accumulators.add(unit, target, value, block);
    else this.#elements.write(unit.node, target, value, block);
  }

  #overlay(unit: OverlayUnit, block: Block): void {
    const [{ node, index }] = unit.body;
    const target = this.#bind(unit, unit.target);
    if (!isReduced(unit)) this.#accumulators.clearOnce(unit, target, block);
    const value = this.#elements.read(node, this.#bind(unit, index), block);
    this.#writer.store(this.#elements.arrayOf(unit.node), target, unit.sign, value, block);
  }

  #scan(unit: ScanUnit, block: Block): void {
    const [{ node, index }] = unit.body;
    const { op, attrs } = unit.node;
    const value = this.#elements.read(node, this.#bind(unit, index), block);
    const target = this.#bind(unit, unit.target);
    const accumulator = this.#accumulators.of(unit);
    if (accumulator?.kind !== 'variable') {
      // Along an axis of length 1.
      const only = attrs.exclusive ? this.#writer.number(neutral(unit.node)) : value;
      this.#elements.write(unit.node, target, only, block);
      return;
    }
    const { name } = accumulator;
    const add = () => this.#writer.assign(name, op === 'cumsum' ? '+' : '*', value, block);
    if (!attrs.exclusive) add();
    const now = this.#writer.snapshot(name, this.#environment.nameOf(unit.node) ?? 'partial', block);
    this.#elements.write(unit.node, target, now, block);
    if (attrs.exclusive) add();
  }

  /** What is added where; what a selection leaves out is not written, whatever its index is. */
  #scatter(unit: ScatterUnit, block: Block): void {
    const writer = this.#writer;
    const elements = this.#elements;
    const [{ node: source, index }, at] = unit.body;
    const { axis, length } = unit.node.attrs;
    if (!isReduced(unit)) this.#accumulators.clear(unit, this.#bind(unit, unit.target), block);
    const place = this.#bind(unit, index);
    const then = new Block(block, undefined, 'strict');
    const addIf = (condition: Value, value: Value) => {
      const position = elements.position(at.node, this.#bind(unit, at.index), length, then);
      const target = this.#bind(unit, unit.target).with(axis, dynamicIndex(position));
      writer.store(elements.arrayOf(unit.node), target, '+', value, then);
      block.statements.push({ kind: 'if', condition, then, otherwise: undefined });
    };
    // A selection against 0 is a condition; what else is 0 is not added either.
    const zero = source.op === 'select' && !this.#stored.has(source) ? source.inputs.findIndex(isZero) : -1;
    if (zero > 0) {
      const read = (input: Node, inside: Block) =>
        elements.read(input, operandIndex(input.shape, source.shape, place), inside);
      const [mask, ...sides] = source.inputs;
      const isChosen = read(mask, block);
      const condition =
        zero === 2 ? isChosen : writer.derive({ kind: 'not', operands: [isChosen] }, block, true);
      addIf(writer.use(condition, block), read(sides[2 - zero], then));
      return;
    }
    const value = writer.named('added', elements.read(source, place, block), block);
    addIf(writer.make({ kind: 'nonzero', operands: [value] }, block, true), value);
  }

  /** What a selection leaves out is not written where it would be looked up, whatever the index is: it is 0. */
  #deposit(unit: DepositUnit, block: Block): void {
    const writer = this.#writer;
    const { value: node, to, places, combine } = unit.deposit;
    const index = this.#bind(unit, unit.index);
    const value = this.#elements.read(node, index, block);
    if (places !== undefined) {
      writer.store(to, [dynamicIndex(writer.load(places, index, block))], combine, value, block);
    } else if (unit.lookups.length === 0) {
      writer.store(to, this.#bind(unit, unit.target), combine, value, block);
    } else {
      const then = new Block(block, undefined, 'strict');
      const added = writer.named('added', value, block);
      writer.store(to, this.#lookedUp(unit, then), combine, added, then);
      const condition = writer.make({ kind: 'nonzero', operands: [added] }, block, true);
      block.statements.push({ kind: 'if', condition, then, otherwise: undefined });
    }
  }

  #listing(unit: ListingUnit, block: Block): void {
    const writer = this.#writer;
    const { rows, columns, row, column } = unit.listing;
    const target = this.#lookedUp(unit, block);
    const index = this.#bind(unit, unit.index);
    for (const [to, side] of [
      [rows, row],
      [columns, column],
    ] as const) {
      writer.store(
        to,
        index,
        '=',
        writer.derive({ kind: 'integer', place: placeIn(side, target) }, block),
        block,
      );
    }
  }

  /** The index in the cell of a deposit or a listing, looked up where an index says it. */
  #lookedUp(unit: DepositUnit | ListingUnit, block: Block): Place[] {
    const target = this.#bind(unit, unit.target);
    for (const { axis, at, length } of unit.lookups) {
      const position = this.#elements.position(at.node, this.#bind(unit, at.index), length, block);
      target[axis] = dynamicIndex(position);
    }
    return target;
  }

  /** Compares an element with the best so far: the first of equal ones wins, and NaN over all. */
  #argument(unit: ArgUnit, block: Block): void {
    const writer = this.#writer;
    const search = this.#accumulators.of(unit);
    if (search?.kind !== 'search') {
      // Along axes of length 1.
      this.#elements.write(unit.node, this.#bind(unit, unit.target), writer.number(1), block);
      return;
    }
    const { best, at, count } = search;
    const [{ node, index }] = unit.body;
    const value = this.#elements.read(node, this.#bind(unit, index), block);
    writer.assign(count, '+', writer.number(1), block);
    // A name for it in any case: it is compared and kept.
    const x = writer.named('x', value, block);
    const then = new Block(block, undefined, 'strict');
    writer.assign(best, '=', x, then);
    writer.assign(at, '=', writer.variable(count, then), then);
    const than = unit.node.op === 'argmax' ? '>' : '<';
    const condition = writer.make({ kind: 'better', operands: [x], than, at, best }, block, true);
    block.statements.push({ kind: 'if', condition, then, otherwise: undefined });
  }
}

/** True if some loop of the unit accumulates: there is none if all that is reduced has length 1. */
function isReduced({ level, axes }: Unit): boolean {
  return level < axes.length;
}

function isZero(node: Node): boolean {
  return constantOf(node) === 0;
}
