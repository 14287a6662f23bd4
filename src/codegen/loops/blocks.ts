// Rows in blocks. A sum over samples by a kernel reads matrices with a row for each sample, J of J'J for one. Where loops
// over the samples make these rows and nobody else reads them, the loops and the kernels run block by block, and the sums
// grow with each: memory does not grow with the number of samples. Invariants: what a member of the blocks reads of another
// one is in the same row; who reads a complete sum comes after the blocks, and all that these read of others before them.

import type { Node } from '../../ir/graph.ts';
import { type Size, sameSize } from '../../ir/size.ts';
import { isLoop, type LoopNode, type Nest, type NestItem } from './fuse.ts';
import { matricesOf } from './kernel.ts';
import type { Access } from './reads.ts';
import { LoopVariable, variableOf } from './space.ts';
import { fillsNode, type GramUnit, type ProductUnit, type Unit, type Work } from './units.ts';

/** Rows of a block. As many as the terms that the kernel of symmetric products packs at a time. */
export const BLOCK_ROWS = 128;

/** Loops over the samples and products that run for one block of rows after the other. */
export interface RowBlocks {
  readonly size: Size;
  /** The first row of a block, and how many rows it has. */
  readonly first: LoopVariable;
  readonly count: LoopVariable;
  readonly members: readonly Member[];
}

type Member = LoopNode | KernelUnit;
type KernelUnit = ProductUnit | GramUnit;

export function isBlocks(item: NestItem): item is RowBlocks {
  return 'members' in item;
}

export function isKernel(item: NestItem | Unit): item is KernelUnit {
  return 'kind' in item && (item.kind === 'product' || item.kind === 'gram');
}

/** The same nest with rows in blocks, for each named size of what kernels read. `results` have arrays of their own. */
export function inBlocks(nest: Nest, work: Work, results: ReadonlySet<Node>): Nest {
  let blocked = nest;
  for (const size of sizesOf(nest.items)) blocked = blockedOver(size, blocked, work, results) ?? blocked;
  return blocked;
}

/** The named sizes of matrices that kernels read, each once, first those that are summed over. */
function sizesOf(items: readonly NestItem[]): Size[] {
  const kernels = items.filter(isKernel);
  const summed = kernels.map(unit => (unit.kind === 'gram' ? unit.gram.k.size : unit.product.inner));
  const others = kernels.flatMap(({ node }) => node.shape);
  return [...summed, ...others].filter(
    (size, at, all) => typeof size !== 'number' && all.findIndex(other => sameSize(other, size)) === at,
  );
}

/** The nest with blocks of rows along axes of `size`; undefined if no matrix becomes shorter. */
function blockedOver(size: Size, nest: Nest, work: Work, results: ReadonlySet<Node>): Nest | undefined {
  const found = new Members(size, work.stored);
  const before: NestItem[] = [];
  const after: NestItem[] = [];
  for (const item of nest.items) {
    if (found.isBehind(item)) found.leave(item, after);
    else if (!isBlocks(item) && found.join(item)) continue;
    else if (found.isReadBy(item)) found.leave(item, after);
    else before.push(item);
  }
  const inside = new Set<Unit>(found.members.flatMap(unitsIn));
  const outside = work.units.filter(unit => !inside.has(unit));
  const kept = new Set([
    ...results,
    ...[work, ...outside].flatMap(({ reads }) => reads.map(each => each.node)),
  ]);
  const rows = [...found.rows].filter(([node]) => !kept.has(node));
  const shorter = rows.filter(([node, axis]) => nest.localAxes.get(node)?.has(axis) !== true);
  const isMatrix = ([node]: readonly [Node, number]) => node.shape.filter(each => each !== 1).length > 1;
  if (!found.members.some(isKernel) || !shorter.some(isMatrix)) return undefined;
  const blocks: RowBlocks = {
    size,
    first: new LoopVariable(size),
    count: new LoopVariable(BLOCK_ROWS),
    members: found.members,
  };
  return {
    ...nest,
    items: [...before, blocks, ...after],
    blockAxis: new Map([...nest.blockAxis, ...shorter]),
  };
}

/** Collects what may run in blocks of rows, in the order of the nest. */
class Members {
  readonly members: Member[] = [];
  /** The nodes that members fill row by row: along which axis. */
  readonly rows = new Map<Node, number>();
  readonly #filled = new Set<Node>();
  readonly #units = new Set<Unit>();
  /** What has to come behind all blocks. */
  readonly #later = new Set<Unit>();
  readonly #laterNodes = new Set<Node>();
  readonly #size: Size;
  readonly #stored: ReadonlySet<Node>;

  constructor(size: Size, stored: ReadonlySet<Node>) {
    this.#size = size;
    this.#stored = stored;
  }

  /** True if the item reads, or adds to, what comes behind the blocks. */
  isBehind(item: NestItem): boolean {
    return unitsIn(item).some(unit => needs(unit, this.#laterNodes, this.#later));
  }

  /** True if the item reads, or adds to, what members fill. */
  isReadBy(item: NestItem): boolean {
    return unitsIn(item).some(unit => needs(unit, this.#filled, this.#units));
  }

  /** Puts an item behind the blocks. */
  leave(item: NestItem, after: NestItem[]): void {
    after.push(item);
    for (const unit of unitsIn(item)) {
      this.#later.add(unit);
      if (fillsNode(unit)) this.#laterNodes.add(unit.node);
    }
  }

  /** Takes an item in, if it may run in blocks; returns whether it does. */
  join(item: LoopNode | Unit): boolean {
    const rows = isLoop(item)
      ? this.#rowsOfLoop(item)
      : isKernel(item)
        ? this.#rowsOfKernel(item)
        : undefined;
    if (rows === undefined) return false;
    this.members.push(item as Member);
    for (const [node, axis] of rows) this.rows.set(node, axis);
    for (const unit of unitsIn(item)) {
      this.#units.add(unit);
      if (fillsNode(unit)) this.#filled.add(unit.node);
    }
    return true;
  }

  /** What a loop fills row by row; undefined if it cannot be a member. */
  #rowsOfLoop(loop: LoopNode): Map<Node, number> | undefined {
    if (!sameSize(loop.variable.size, this.#size) || loop.reverse || loop.unrolled) return undefined;
    const rows = new Map<Node, number>();
    for (const unit of unitsIn(loop)) {
      const [outer] = unit.axes;
      if (outer.kind === 'scanned') return undefined;
      // What the loop itself has filled is read in the same iteration, or it would be another loop.
      const isInRow = unit.reads.every(
        access => !this.#filled.has(access.node) || this.#isRow(access, outer.variable),
      );
      if (!isInRow || isOrdered(unit, this.#filled, this.#units)) return undefined;
      if (!fillsNode(unit) || unit.level === 0 || outer.axis === undefined) continue;
      const isWhole = !rows.has(unit.node) && variableOf(unit.target[outer.axis]) === outer.variable;
      if (unit.kind !== 'scatter' && isWhole) rows.set(unit.node, outer.axis);
      else if (unit.kind === 'map') return undefined; // parts of a concatenation
    }
    return rows;
  }

  /** The same of a product, which sums over the rows of its operands or makes a row for each of theirs. */
  #rowsOfKernel(unit: KernelUnit): Map<Node, number> | undefined {
    const { variables, operands, target } = matricesOf(unit, this.#stored);
    const [row, ...others] = variables.filter(({ size }) => sameSize(size, this.#size));
    if (row === undefined || others.length > 0) return undefined;
    if (!operands.every(access => !this.#filled.has(access.node) || this.#isRow(access, row)))
      return undefined;
    const axis = target.findIndex(index => variableOf(index) === row);
    return new Map(axis < 0 ? [] : [[unit.node, axis]]);
  }

  /** True if the element `index` of what members have filled is in the row that the variable says. */
  #isRow({ node, index }: Access, variable: LoopVariable): boolean {
    const axis = this.rows.get(node);
    return axis !== undefined && variableOf(index[axis]) === variable;
  }
}

/** True if a unit reads one of `nodes`, or puts its terms where earlier ones of them or of `units` have put theirs. */
function needs(unit: Unit, nodes: ReadonlySet<Node>, units: ReadonlySet<Unit>): boolean {
  return unit.reads.some(({ node }) => nodes.has(node)) || isOrdered(unit, nodes, units);
}

function isOrdered(unit: Unit, nodes: ReadonlySet<Node>, units: ReadonlySet<Unit>): boolean {
  if (unit.kind !== 'deposit') return false;
  return (unit.over !== undefined && nodes.has(unit.over)) || unit.after.some(other => units.has(other));
}

function unitsIn(item: NestItem): Unit[] {
  if (isBlocks(item)) return item.members.flatMap(unitsIn);
  return isLoop(item) ? item.items.flatMap(unitsIn) : [item];
}
