// What takes up a sum, a product, a maximum, ... while its loops run. Invariants: it begins before the first loop that is
// not over an axis of the result and is complete after it; whoever reads the result stands behind that loop. There are five
// kinds, from the cheapest: the terms of an unrolled sum, which becomes one expression; a variable; the variables of a
// search; a variable for each element of a small result, where the loops inside are unrolled; the array of the result.

import type { Node } from '../../ir/graph.ts';
import { elementsIn } from '../../ir/shape.ts';
import { sameSize } from '../../ir/size.ts';
import type { Elements, Environment } from './elements.ts';
import type { LoopNode, Nest } from './fuse.ts';
import { stridesOf } from './space.ts';
import type { NodeUnit, OverlayUnit, ReduceUnit } from './units.ts';
import type { Block, Combine, Place, Value } from './values.ts';
import type { BlockWriter } from './writer.ts';

/** The variables of a search: the best so far, where it is (counted from 1; 0 before the first), how many were seen. */
export interface Search {
  readonly kind: 'search';
  readonly best: string;
  readonly at: string;
  readonly count: string;
}

export type Accumulator =
  | { readonly kind: 'terms'; readonly terms: Value[] }
  | { readonly kind: 'variable'; readonly name: string }
  | Search
  /** Variables are declared in `block`, which the loops that add to them are about to join, when they are first met. */
  | { readonly kind: 'registers'; readonly block: Block; readonly byPlace: Map<string, Register> }
  | { readonly kind: 'array' };

interface Register {
  readonly name: string;
  readonly index: readonly Place[];
}

/** More sums than this do not stay in registers. */
const MOST_REGISTERS = 16;

/** The accumulators of the units whose loops are being written. */
export class Accumulators {
  readonly #writer: BlockWriter;
  readonly #elements: Elements;
  readonly #environment: Environment;
  readonly #nest: Nest;
  readonly #open = new Map<NodeUnit, Accumulator>();
  /** Results that terms are laid over, once they are cleared. */
  readonly #cleared = new Set<Node>();

  constructor(writer: BlockWriter, elements: Elements, environment: Environment, nest: Nest) {
    this.#writer = writer;
    this.#elements = elements;
    this.#environment = environment;
    this.#nest = nest;
  }

  /** What takes up the unit now: undefined if nothing is accumulated because all its loops have size 1. */
  of(unit: NodeUnit): Accumulator | undefined {
    return this.#open.get(unit);
  }

  /** Begins what `loop`, which comes next in `block`, accumulates of the unit; `target` is the element of the result. */
  begin(unit: NodeUnit, loop: LoopNode, target: readonly Place[], block: Block): void {
    this.#open.set(unit, this.#begun(unit, loop, target, block));
  }

  /** Adds a value to what takes up the element `target` of the result. */
  add(unit: ReduceUnit, target: readonly Place[], value: Value, block: Block): void {
    const writer = this.#writer;
    const accumulator = this.#open.get(unit)!; // of the loop around
    const combine = COMBINE[unit.node.op];
    switch (accumulator.kind) {
      case 'terms':
        accumulator.terms.push(value);
        return;
      case 'variable':
        writer.assign(accumulator.name, combine, value, block);
        return;
      case 'registers': {
        const { byPlace } = accumulator;
        const key = writer.keyOf(target);
        let register = byPlace.get(key);
        if (register === undefined) {
          register = { name: writer.declare('sum', 0, accumulator.block), index: target };
          byPlace.set(key, register);
        }
        writer.assign(register.name, combine, value, block);
        return;
      }
      default:
        writer.store(this.#elements.arrayOf(unit.node), target, combine, value, block);
    }
  }

  /** Puts down the result, or what of it the loop that has just ended in `block` completes. */
  finish(unit: NodeUnit, target: readonly Place[], block: Block): void {
    const { node } = unit;
    const accumulator = this.#open.get(unit)!; // of the loop that has ended
    const writer = this.#writer;
    const put = (index: readonly Place[], value: Value) => this.#elements.write(node, index, value, block);
    const triangle = triangleOf(unit);
    switch (accumulator.kind) {
      case 'terms': {
        const { terms } = accumulator;
        const sum =
          terms.length === 0
            ? writer.number(0)
            : writer.derive({ kind: 'sum', operands: terms }, block, false, node);
        put(target, sum);
        return;
      }
      case 'variable':
        // A scan has put down every partial result.
        if (unit.kind !== 'scan')
          put(target, writer.variable(accumulator.name, block, node.dtype === 'bool'));
        return;
      case 'search':
        put(target, writer.variable(accumulator.at, block));
        return;
      case 'registers':
        for (const { name, index } of accumulator.byPlace.values()) {
          const value = writer.variable(name, block);
          put(index, value);
          const mirrored = triangle === undefined ? index : transposed(index, triangle);
          if (writer.keyOf(mirrored) !== writer.keyOf(index)) put(mirrored, value);
        }
        return;
      default: // the array is the result
        if (triangle !== undefined) this.#mirror(unit, triangle, target, block);
    }
  }

  /** Clears the array of a result before the first of the terms that are laid over each other there. */
  clearOnce(unit: OverlayUnit, target: readonly Place[], block: Block): void {
    if (this.#cleared.has(unit.node)) return;
    this.#cleared.add(unit.node);
    this.clear(unit, target, block);
  }

  /** Fills what the loops inside will add to, with what changes nothing. */
  clear(unit: NodeUnit, target: readonly Place[], block: Block): void {
    const { node, level } = unit;
    const isResult = this.#elements.isResult(node);
    const array = this.#elements.arrayOf(node);
    const value = neutral(node);
    const outer = unit.axes.slice(0, level).map(({ axis }) => axis);
    const isInner = (axis: number) => isInside(unit, axis);
    // The array of a result stays where it is; that of another node holds what lies inside of the loops around.
    const local = this.#nest.localAxes.get(node);
    const isWhole = outer.every(axis => axis !== undefined && local?.has(axis));
    const contiguous = stridesOf(node.shape);
    const isDense =
      !isResult ||
      array.strides.every((stride, axis) => node.shape[axis] === 1 || sameSize(stride, contiguous[axis]));
    if (isWhole && isDense) {
      const length = isResult ? elementsIn(node.shape.filter((_, axis) => isInner(axis))) : undefined;
      block.statements.push({ kind: 'fill', array: array.name, value, from: array.offset, length });
      return;
    }
    const given = target.map((part, axis) => (isInner(axis) ? undefined : part));
    this.#writer.loopsOver(node.shape, given, block, (index, inside) => {
      this.#writer.store(array, index, '=', this.#writer.number(value), inside);
    });
  }

  /** Copies the triangle of an array that has been summed up to the other one. */
  #mirror(unit: NodeUnit, triangle: Triangle, target: readonly Place[], block: Block): void {
    const { node } = unit;
    const given = target.map((part, axis) => (isInside(unit, axis) ? undefined : part));
    const [p, q] = triangle;
    const copy = (index: readonly Place[], inside: Block) => {
      const other = transposed(index, triangle);
      const [to, from] = p < q ? [other, index] : [index, other];
      const value = this.#elements.read(node, from, inside);
      this.#writer.store(this.#elements.arrayOf(node), to, '=', value, inside);
    };
    this.#writer.loopsOver(node.shape, given, block, copy, [Math.min(p, q), Math.max(p, q)]);
  }

  #begun(unit: NodeUnit, loop: LoopNode, target: readonly Place[], block: Block): Accumulator {
    const { node } = unit;
    const writer = this.#writer;
    if (unit.kind === 'overlay') {
      this.clearOnce(unit, target, block);
      return { kind: 'array' };
    }
    if (unit.kind === 'arg') {
      const isMost = node.op === 'argmax';
      const best = writer.fresh(isMost ? 'most' : 'least');
      const at = writer.fresh('at');
      const count = writer.fresh('count');
      block.statements.push(
        { kind: 'let', name: best, initial: isMost ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY },
        { kind: 'let', name: at, initial: 0 },
        { kind: 'let', name: count, initial: 0 },
      );
      return { kind: 'search', best, at, count };
    }
    if (unit.kind === 'scan' || isOneNumber(unit)) {
      if (loop.unrolled && unit.kind === 'reduce' && isSum(unit)) return { kind: 'terms', terms: [] };
      const wanted = this.#environment.nameOf(node) ?? variableName(node);
      return { kind: 'variable', name: writer.declare(wanted, neutral(node), block) };
    }
    if (this.#isInRegisters(unit)) return { kind: 'registers', block, byPlace: new Map() };
    this.clear(unit, target, block);
    return { kind: 'array' };
  }

  /** True if all loops over the result inside of the first reduced one are unrolled, and few elements take up sums. */
  #isInRegisters(unit: NodeUnit): boolean {
    if (unit.kind !== 'reduce' || !isSum(unit)) return false;
    const loops = this.#nest.loopsOf.get(unit)!;
    let elements = 1;
    for (const [k, { kind, from }] of unit.axes.entries()) {
      if (k < unit.level) continue;
      if (loops[k].variable.size === 0) return false; // no element would be met
      if (kind !== 'kept') continue;
      if (!loops[k].unrolled) return false;
      const size = loops[k].variable.size as number; // or it would not be unrolled
      elements *= from === undefined ? size : (size + 1) / 2;
    }
    return elements <= MOST_REGISTERS;
  }
}

/** Two axes of a symmetric result: the index along the second is computed from that along the first on. */
type Triangle = readonly [first: number, second: number];

/** The triangle that a unit adds up, if it leaves out the other one. */
function triangleOf({ axes }: NodeUnit): Triangle | undefined {
  const second = axes.find(({ from }) => from !== undefined);
  const first = axes.find(({ variable }) => variable === second?.from);
  return first?.axis === undefined || second?.axis === undefined ? undefined : [first.axis, second.axis];
}

function transposed(index: readonly Place[], [p, q]: Triangle): readonly Place[] {
  return index.with(p, index[q]).with(q, index[p]);
}

/** True for an axis of the result over which a loop runs where the accumulator lives. */
function isInside({ node, axes, level }: NodeUnit, axis: number): boolean {
  return node.shape[axis] !== 1 && axes.slice(0, level).every(outer => outer.axis !== axis);
}

/** What an accumulator begins with: combined with it, a value stays what it is. */
export function neutral({ op }: Node): number {
  switch (op) {
    case 'reduceProd':
    case 'cumprod':
      return 1;
    case 'reduceMax':
      return Number.NEGATIVE_INFINITY;
    case 'reduceMin':
      return Number.POSITIVE_INFINITY;
    default:
      return 0;
  }
}

const COMBINE = {
  reduceSum: '+',
  contract: '+',
  reduceProd: '*',
  reduceMax: 'max',
  reduceMin: 'min',
  any: 'or',
} as const satisfies Readonly<Record<ReduceUnit['node']['op'], Combine>>;

function isSum({ node }: ReduceUnit): boolean {
  return COMBINE[node.op] === '+';
}

/** True if one number takes up the whole sum: no loop inside of the first reduced one runs over the result. */
function isOneNumber(unit: NodeUnit): boolean {
  return unit.kind === 'reduce' && unit.axes.slice(unit.level).every(({ kind }) => kind !== 'kept');
}

/** What the variable of an accumulator is called whose result has no name. */
function variableName({ op }: Node): string {
  switch (op) {
    case 'reduceProd':
    case 'cumprod':
      return 'product';
    case 'reduceMax':
      return 'most';
    case 'reduceMin':
      return 'least';
    case 'any':
      return 'any';
    default:
      return 'sum';
  }
}
