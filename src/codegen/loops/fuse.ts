// Loops merged: units that run over the same sizes share loops where each reads only what the same iteration has already
// completed. So a loss that sums over samples runs forward and backward row by row, and what a row needs of itself never
// becomes an array over all rows.

import type { Node } from '../../ir/graph.ts';
import { sameSize } from '../../ir/size.ts';
import type { RowBlocks } from './blocks.ts';
import { meetIn } from './deposit.ts';
import { narrow } from './narrow.ts';
import { LoopVariable, variableOf } from './space.ts';
import { fillsNode, type NodeUnit, type Unit, type Work } from './units.ts';

/** A loop with what it repeats. */
export interface LoopNode {
  readonly variable: LoopVariable;
  readonly reverse: boolean;
  /** The loop around it at whose index it begins; at 0 if there is none. */
  from: LoopNode | undefined;
  readonly items: Item[];
  /** Units whose accumulators begin before this loop and are complete after it. */
  readonly accumulates: NodeUnit[];
  /** True if its iterations are written out one after the other. */
  unrolled: boolean;
}

/** A loop, or the innermost body of a unit. */
export type Item = LoopNode | Unit;

/** What stands in no loop. */
export type NestItem = Item | RowBlocks;

export interface Nest {
  readonly items: readonly NestItem[];
  /** The loops around the body of each unit, outermost first, one for each of its axes. */
  readonly loopsOf: ReadonlyMap<Unit, readonly LoopNode[]>;
  /** By stored node: the axes along which each of its readers stands in the same iteration, so that no array is needed. */
  readonly localAxes: ReadonlyMap<Node, ReadonlySet<number>>;
  /** The loops over those axes. */
  readonly localLoops: ReadonlyMap<Node, readonly LoopNode[]>;
  /** By stored node whose rows are made in blocks (blocks.ts): the axis along which its array holds one block. */
  readonly blockAxis: ReadonlyMap<Node, number>;
  /** The rows of a block; 0 if there are no blocks. */
  readonly blockRows: number;
}

export function isLoop(item: NestItem): item is LoopNode {
  return 'items' in item;
}

/** Merges the loops of the units, which are in an order in which each finds what it reads. `results` have arrays of their own. */
export function fuse({ units, reads, after }: Work, results: ReadonlySet<Node>): Nest {
  const unitsOfNode = new Map<Node, NodeUnit[]>();
  for (const unit of units) {
    if (!fillsNode(unit)) continue;
    const own = unitsOfNode.get(unit.node);
    if (own === undefined) unitsOfNode.set(unit.node, [unit]);
    else own.push(unit);
  }
  const loopsOf = new Map<Unit, LoopNode[]>();
  const items: Item[] = [];
  /** Units in the outermost loop that is open. */
  let merged = 0;
  /** Whether units that were asked may join it: that does not change while it is open. */
  let verdicts = new Map<Unit, boolean>();

  const place = (unit: Unit, into: Item[], depth: number, mayShare = true): void => {
    const loops = loopsOf.get(unit) ?? [];
    loopsOf.set(unit, loops);
    if (depth === unit.axes.length) {
      into.push(unit);
      return;
    }
    const last = into.at(-1);
    let loop =
      mayShare && last !== undefined && isLoop(last) && canShare(unit, depth, last) ? last : undefined;
    if (loop === undefined) {
      const { variable, reverse } = unit.axes[depth];
      loop = {
        variable: new LoopVariable(variable.size),
        reverse,
        from: beginOf(unit, depth),
        items: [],
        accumulates: [],
        unrolled: false,
      };
      into.push(loop);
    }
    loops.push(loop);
    if (depth === unit.level && fillsNode(unit)) loop.accumulates.push(unit);
    place(unit, loop.items, depth + 1);
  };

  /** True if `unit` may run its loop `depth` as an iteration of `loop`: what it reads of that loop is complete there. */
  const canShare = (unit: Unit, depth: number, loop: LoopNode): boolean => {
    const own = unit.axes[depth];
    if (!sameSize(own.variable.size, loop.variable.size) || own.reverse !== loop.reverse) return false;
    if (beginOf(unit, depth) !== loop.from) return false;
    for (const { node, index } of unit.reads) {
      for (const producer of unitsOfNode.get(node) ?? []) {
        const loops = loopsOf.get(producer);
        const at = loops === undefined ? -1 : loops.indexOf(loop);
        if (at < 0) continue;
        const axis = producer.axes[at];
        if (at >= producer.level && axis.kind !== 'scanned') return false;
        if (axis.axis === undefined || variableOf(index[axis.axis]) !== own.variable) return false;
        // A part of a concatenation is shifted, so its loop does not run over the axis of the whole.
        if (variableOf(producer.target[axis.axis]) !== axis.variable) return false;
      }
    }
    if (fillsNode(unit)) {
      // What accumulates in the loop is complete behind it.
      return (unitsOfNode.get(after.get(unit.node)!) ?? []).every(earlier => {
        const at = loopsOf.get(earlier)?.indexOf(loop) ?? -1;
        return at < earlier.level;
      });
    }
    if (unit.kind !== 'deposit') return true;
    const isIn = (other: Unit) => loopsOf.get(other)?.includes(loop) === true;
    if (unit.over !== undefined && unitsOfNode.get(unit.over)?.some(isIn)) return false;
    return unit.after.every(
      earlier => !isIn(earlier) || meetIn(earlier, loopsOf.get(earlier)!.indexOf(loop), unit, depth),
    );
  };

  /** The loop at whose index the loop `depth` of a triangle of sums begins: no other unit may share it. */
  const beginOf = (unit: Unit, depth: number): LoopNode | undefined => {
    const from = unit.kind === 'reduce' ? unit.axes[depth].from : undefined;
    return from && loopsOf.get(unit)![unit.axes.findIndex(({ variable }) => variable === from)];
  };

  const mayJoin = (unit: Unit): boolean => {
    const last = items.at(-1);
    if (merged >= MOST_MERGED || unit.axes.length === 0 || last === undefined || !isLoop(last)) return false;
    let verdict = verdicts.get(unit);
    if (verdict === undefined) {
      verdict = canShare(unit, 0, last);
      verdicts.set(unit, verdict);
    }
    return verdict;
  };

  const queue = new Queue(units, unitsOfNode, after);
  for (let unit = queue.take(mayJoin); unit !== undefined; unit = queue.take(mayJoin)) {
    const joins = mayJoin(unit);
    merged = joins ? merged + 1 : 1;
    place(unit, items, 0, joins);
    if (!joins) verdicts = new Map();
  }
  unroll(items, false);
  const kept = new Set([...results, ...reads.map(({ node }) => node)]);
  const localAxes = localAxesOf(units, unitsOfNode, loopsOf, kept);
  const localLoops = new Map<Node, LoopNode[]>();
  for (const [node, axes] of localAxes) {
    const [producer] = unitsOfNode.get(node)!;
    const loops = loopsOf.get(producer)!;
    localLoops.set(
      node,
      loops.filter((_, k) => axes.has(producer.axes[k].axis ?? -1)),
    );
  }
  narrow(items, loopsOf, localAxes);
  return { items, loopsOf, localAxes, localLoops, blockAxis: new Map(), blockRows: 0 };
}

/** Units to be placed; those whose operands are placed come in the order of the graph. */
class Queue {
  readonly #position: ReadonlyMap<Unit, number>;
  /** How many units a unit waits for, and who waits for it. */
  readonly #missing = new Map<Unit, number>();
  readonly #waiting = new Map<Unit, Unit[]>();
  /** Ready units with loops, and those without, which join no loop: a long list of numbers has thousands. */
  readonly #looped: Unit[] = [];
  readonly #plain: Unit[] = [];

  constructor(
    units: readonly Unit[],
    unitsOfNode: ReadonlyMap<Node, readonly NodeUnit[]>,
    after: ReadonlyMap<Node, Node>,
  ) {
    this.#position = new Map(units.map((unit, at) => [unit, at]));
    for (const unit of units) {
      const producers = new Set<Unit>(unit.reads.flatMap(({ node }) => unitsOfNode.get(node) ?? []));
      if (fillsNode(unit)) {
        for (const earlier of unitsOfNode.get(after.get(unit.node)!) ?? []) producers.add(earlier);
      } else if (unit.kind === 'deposit') {
        for (const earlier of unit.after) producers.add(earlier);
        if (unit.over !== undefined)
          for (const writer of unitsOfNode.get(unit.over) ?? []) producers.add(writer);
      }
      producers.delete(unit);
      this.#missing.set(unit, producers.size);
      for (const producer of producers) {
        const own = this.#waiting.get(producer);
        if (own === undefined) this.#waiting.set(producer, [unit]);
        else own.push(unit);
      }
      if (producers.size === 0) this.#listOf(unit).push(unit);
    }
  }

  /** The first that is ready and preferred, else the first that is ready; undefined if none is left. */
  take(isPreferred: (unit: Unit) => boolean): Unit | undefined {
    const preferred = this.#looped.findIndex(isPreferred);
    const [looped] = this.#looped;
    const [plain] = this.#plain;
    const isPlainNext =
      looped === undefined ||
      (plain !== undefined && this.#position.get(plain)! < this.#position.get(looped)!);
    const [unit] =
      preferred >= 0 || !isPlainNext
        ? this.#looped.splice(Math.max(0, preferred), 1)
        : this.#plain.splice(0, 1);
    if (unit === undefined) return undefined;
    for (const reader of this.#waiting.get(unit) ?? []) {
      const missing = this.#missing.get(reader)! - 1;
      this.#missing.set(reader, missing);
      if (missing === 0) this.#insert(reader);
    }
    return unit;
  }

  #listOf(unit: Unit): Unit[] {
    return unit.axes.length > 0 ? this.#looped : this.#plain;
  }

  #insert(unit: Unit): void {
    const list = this.#listOf(unit);
    const position = this.#position.get(unit)!;
    let low = 0;
    for (let high = list.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#position.get(list[middle])! < position) low = middle + 1;
      else high = middle;
    }
    list.splice(low, 0, unit);
  }
}

function localAxesOf(
  units: readonly Unit[],
  unitsOfNode: ReadonlyMap<Node, readonly NodeUnit[]>,
  loopsOf: ReadonlyMap<Unit, readonly LoopNode[]>,
  kept: ReadonlySet<Node>,
): ReadonlyMap<Node, ReadonlySet<number>> {
  const local = new Map<Node, Set<number>>();
  for (const [node, producers] of unitsOfNode) {
    if (kept.has(node)) continue;
    const [producer] = producers;
    if (producers.length > 1 || producer.kind === 'scatter') continue;
    const axes = new Set<number>();
    for (let k = 0; k < producer.level; k++) axes.add(producer.axes[k].axis!);
    if (producer.kind === 'scan') for (const { axis } of producer.axes) axes.add(axis!);
    local.set(node, axes);
  }
  for (const unit of units) {
    for (const { node, index } of unit.reads) {
      const axes = local.get(node);
      if (axes === undefined) continue;
      const [producer] = unitsOfNode.get(node)!;
      const loops = loopsOf.get(producer)!;
      const own = loopsOf.get(unit)!;
      for (const [k, { axis }] of producer.axes.entries()) {
        if (axis === undefined || !axes.has(axis)) continue;
        const at = own.indexOf(loops[k]);
        if (at < 0 || variableOf(index[axis]) !== unit.axes[at].variable) axes.delete(axis);
      }
    }
  }
  // In an unrolled loop all iterations stand in one block: an array has an element for each of them.
  for (const [node, axes] of local) {
    const isWhole = node.shape.every((size, axis) => size === 1 || axes.has(axis));
    if (isWhole) continue;
    const [producer] = unitsOfNode.get(node)!;
    const loops = loopsOf.get(producer)!;
    for (const [k, { axis }] of producer.axes.entries()) {
      if (axis !== undefined && loops[k].unrolled) axes.delete(axis);
    }
  }
  return local;
}

/** More units in one loop than this make a body that optimisers of JavaScript engines give up on. */
const MOST_MERGED = 160;

/** Loops of at most so many iterations are written out wherever they stand, ... */
const SHORT = 4;
/** ... of so many where products of matrices and vectors run through them row by row, so that rows stay in registers, ... */
const LONGEST_UNROLLED = 16;
/** ... if that is not more text than so many bodies. */
const LARGEST_UNROLLED = 48;

/** Decides which loops are unrolled, innermost loops first. */
function unroll(items: readonly Item[], isHot: boolean): void {
  for (const item of items) {
    if (!isLoop(item)) continue;
    unroll(item.items, isHot || hasRowProducts(item));
    const { size } = item.variable;
    const longest = isHot ? LONGEST_UNROLLED : SHORT;
    item.unrolled = typeof size === 'number' && size <= longest && bodiesOf(item) <= LARGEST_UNROLLED;
  }
}

/** True if a sum of products runs over an unrollable loop somewhere inside. */
function hasRowProducts({ items }: LoopNode): boolean {
  return items.some(item => {
    if (isLoop(item)) return hasRowProducts(item);
    const isSmall = item.axes.some(
      ({ variable: { size } }) => typeof size === 'number' && size <= LONGEST_UNROLLED,
    );
    return item.kind === 'reduce' && item.body.length === 2 && item.axes.length >= 2 && isSmall;
  });
}

/**
 * How many bodies an unrolled loop becomes; too many if a loop inside is not unrolled. Those of a triangle of sums are a
 * product each, and count as half of one.
 */
function bodiesOf({ variable: { size }, from, items }: LoopNode): number {
  if (typeof size !== 'number') return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const item of items) {
    if (!isLoop(item)) sum += 1;
    else sum += item.unrolled ? bodiesOf(item) : Number.POSITIVE_INFINITY;
  }
  const isTriangle = from !== undefined && items.every(item => !isLoop(item) && item.kind === 'reduce');
  return sum * (isTriangle ? (size + 1) / 4 : size);
}
