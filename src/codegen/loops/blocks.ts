// Rows in blocks. A sum over samples by a kernel reads matrices with a row for each sample, J of J'J for one. Where loops
// over the samples make these rows and nobody else reads them, the loops and the kernels run block by block, and the sums
// grow with each: memory does not grow with the number of samples. Invariants: what a member of the blocks reads of another
// one is in the same row; who reads a complete sum comes after the blocks, and all that these read of others before them.

import type { Node } from '../../ir/graph.ts';
import { elementsIn } from '../../ir/shape.ts';
import { estimateSize, type Size, sameSize } from '../../ir/size.ts';
import { isLoop, type LoopNode, type Nest, type NestItem } from './fuse.ts';
import { matricesOf } from './kernel.ts';
import type { Access } from './reads.ts';
import { LoopVariable, variableOf } from './space.ts';
import { fillsNode, type GramUnit, type ProductUnit, type Unit, type Work } from './units.ts';

/** Rows of a block. As many as the terms that the kernel of symmetric products packs at a time. */
export const BLOCK_ROWS = 128;

/** What is cut into blocks of how many rows: axes of these sizes, those that come first if both are possible. */
export interface Cut {
  readonly sizes: readonly Size[];
  readonly rows: number;
}

/** Loops over the samples and products that run for one block of rows after the other. */
export interface RowBlocks {
  readonly size: Size;
  /** The first row of a block, and how many rows it has. */
  readonly first: LoopVariable;
  readonly count: LoopVariable;
  readonly members: readonly Member[];
  /** Which of its rows, columns and sums (0, 1, 2) a kernel among the members runs over in blocks. */
  readonly directions: ReadonlyMap<KernelUnit, number>;
}

type Member = LoopNode | KernelUnit;
export type KernelUnit = ProductUnit | GramUnit;

export function isBlocks(item: NestItem): item is RowBlocks {
  return 'members' in item;
}

export function isKernel(item: NestItem | Unit): item is KernelUnit {
  return 'kind' in item && (item.kind === 'product' || item.kind === 'gram');
}

/** The same nest with rows in blocks as far as that makes matrices shorter. `results` have arrays of their own. */
export function inBlocks(nest: Nest, work: Work, results: ReadonlySet<Node>, { sizes, rows }: Cut): Nest {
  let blocked: Nest = { ...nest, blockRows: rows };
  for (const size of sizes) blocked = blockedOver(size, blocked, work, results);
  return blocked;
}

/** The sizes of matrices that kernels read, each once, first those that are summed over. */
export function rowSizes({ items }: Nest): Size[] {
  const kernels = items.filter(isKernel);
  const summed = kernels.map(unit => (unit.kind === 'gram' ? unit.gram.k.size : unit.product.inner));
  const others = kernels.flatMap(({ node }) => node.shape);
  return [...summed, ...others].filter(
    (size, at, all) => all.findIndex(other => sameSize(other, size)) === at,
  );
}

/**
 * The nest with blocks of rows along axes of `size`. What has to be done before all blocks, or to wait for them, may have
 * blocks of its own.
 */
function blockedOver(size: Size, nest: Nest, work: Work, results: ReadonlySet<Node>): Nest {
  if (typeof size === 'number' && size <= nest.blockRows) return nest;
  const blockAxis = new Map(nest.blockAxis);
  const cut = (items: readonly NestItem[]): readonly NestItem[] => {
    const group = bestGroup(size, items, nest, work, results);
    if (group === undefined) return items;
    for (const [node, axis] of group.shorter) blockAxis.set(node, axis);
    const [first, count] = [new LoopVariable(size), new LoopVariable(nest.blockRows)];
    const { members, directions } = group.found;
    return [...cut(group.before), { size, first, count, members, directions }, ...cut(group.after)];
  };
  return { ...nest, items: cut(nest.items), blockAxis };
}

/** What runs in blocks, what before them and what behind them. */
interface Group {
  readonly found: Members;
  readonly before: readonly NestItem[];
  readonly after: readonly NestItem[];
  /** The arrays that hold one block of rows only, and along which axis. */
  readonly shorter: readonly (readonly [Node, number])[];
}

/** So many groups are tried. */
const MOST_GROUPS = 10;

/**
 * The group that shortens arrays most; undefined if none does. A product of inputs may stand before the blocks as well: where
 * it keeps others out, since they read it across its rows, it does, and the first member does where that helps.
 */
function bestGroup(
  size: Size,
  items: readonly NestItem[],
  nest: Nest,
  work: Work,
  results: ReadonlySet<Node>,
): Group | undefined {
  let best: Group | undefined;
  let most = 0;
  const apart = new Set<NestItem>();
  for (let tries = 0; tries < MOST_GROUPS; tries++) {
    const found = new Members(size, work);
    const before: NestItem[] = [];
    const after: NestItem[] = [];
    let inTheWay: NestItem | undefined;
    for (const item of items) {
      if (found.isBehind(item)) found.leave(item, after);
      else if (!apart.has(item) && !isBlocks(item) && found.join(item)) continue;
      else if (found.isReadBy(item)) {
        inTheWay ??= found.inTheWayOf(item);
        found.leave(item, after);
      } else before.push(item);
    }
    if (found.members.length === 0) break;
    const shorter = shortened(found, nest, work, results);
    const saved = (shorter ?? []).reduce((sum, [{ shape }]) => sum + estimateSize(elementsIn(shape)), 0);
    if (shorter !== undefined && saved > most) [best, most] = [{ found, before, after, shorter }, saved];
    apart.add(inTheWay ?? found.members[0]);
  }
  return best;
}

/** The arrays that hold one block of rows only if these members run in blocks; undefined if no matrix is among them. */
function shortened(
  found: Members,
  nest: Nest,
  work: Work,
  results: ReadonlySet<Node>,
): readonly (readonly [Node, number])[] | undefined {
  const inside = new Set<Unit>(found.members.flatMap(unitsIn));
  const outside = work.units.filter(unit => !inside.has(unit));
  const kept = new Set([
    ...results,
    ...[work, ...outside].flatMap(({ reads }) => reads.map(each => each.node)),
    ...outside.filter(fillsNode).map(({ node }) => node), // other parts of a concatenation
  ]);
  const rows = [...found.rows].filter(([node]) => !kept.has(node));
  const shorter = rows.filter(([node, axis]) => nest.localAxes.get(node)?.has(axis) !== true);
  const isMatrix = ([node]: readonly [Node, number]) => node.shape.filter(each => each !== 1).length > 1;
  return found.directions.size > 0 && shorter.some(isMatrix) ? shorter : undefined;
}

/** Collects what may run in blocks of rows, in the order of the nest. */
class Members {
  readonly members: Member[] = [];
  /** The nodes that members fill row by row: along which axis. */
  readonly rows = new Map<Node, number>();
  readonly directions = new Map<KernelUnit, number>();
  readonly #filled = new Set<Node>();
  readonly #units = new Set<Unit>();
  /** What has to come behind all blocks. */
  readonly #later = new Set<Unit>();
  readonly #laterNodes = new Set<Node>();
  readonly #size: Size;
  readonly #stored: ReadonlySet<Node>;
  readonly #after: ReadonlyMap<Node, Node>;

  constructor(size: Size, { stored, after }: Work) {
    this.#size = size;
    this.#stored = stored;
    this.#after = after;
  }

  /** True if the item reads, or adds to, what comes behind the blocks. */
  isBehind(item: NestItem): boolean {
    return unitsIn(item).some(
      unit => needs(unit, this.#laterNodes, this.#later) || this.#laterNodes.has(this.#before(unit)!),
    );
  }

  /** True if the item reads, or adds to, what members fill. */
  isReadBy(item: NestItem): boolean {
    return unitsIn(item).some(
      unit => needs(unit, this.#filled, this.#units) || this.#filled.has(this.#before(unit)!),
    );
  }

  /** Puts an item behind the blocks. */
  leave(item: NestItem, after: NestItem[]): void {
    after.push(item);
    for (const unit of unitsIn(item)) {
      this.#later.add(unit);
      if (fillsNode(unit)) this.#laterNodes.add(unit.node);
    }
  }

  /** A product among the members that reads no others, and that a product reads across its rows: the last that it reads. */
  inTheWayOf(item: NestItem): Member | undefined {
    if (!isKernel(item)) return undefined;
    const { operands } = matricesOf(item, this.#stored);
    const sources = this.members.filter(
      member => isKernel(member) && !member.reads.some(({ node }) => this.#filled.has(node)),
    );
    return operands
      .toReversed()
      .map(({ node }) => sources.find(member => isKernel(member) && member.node === node))
      .find(member => member !== undefined);
  }

  /** Takes an item in, if it may run in blocks; returns whether it does. */
  join(item: LoopNode | Unit): boolean {
    const rows = isLoop(item)
      ? this.#rowsOfLoop(item)
      : isKernel(item)
        ? this.#rowsOfKernel(item)
        : undefined;
    if (rows === undefined || unitsIn(item).some(unit => this.#isSummed(this.#before(unit)))) return false;
    this.members.push(item as Member);
    for (const [node, axis] of rows) this.rows.set(node, axis);
    for (const unit of unitsIn(item)) {
      this.#units.add(unit);
      if (fillsNode(unit)) this.#filled.add(unit.node);
    }
    return true;
  }

  /** What is complete before a unit begins, besides what it reads. */
  #before(unit: Unit): Node | undefined {
    return fillsNode(unit) ? this.#after.get(unit.node) : undefined;
  }

  /** True for what members sum up over all rows. */
  #isSummed(node: Node | undefined): boolean {
    return node !== undefined && this.#filled.has(node) && !this.rows.has(node);
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
      const isWhole =
        !rows.has(unit.node) &&
        sameSize(unit.node.shape[outer.axis], this.#size) &&
        variableOf(unit.target[outer.axis]) === outer.variable;
      if (unit.kind !== 'scatter' && isWhole) rows.set(unit.node, outer.axis);
      else if (unit.kind === 'map') return undefined; // parts of a concatenation
    }
    return rows;
  }

  /**
   * The same of a product, which sums over the rows of its operands or makes a row for each of theirs. Of several sides
   * of that size the first is taken along which the operands have their rows.
   */
  #rowsOfKernel(unit: KernelUnit): Map<Node, number> | undefined {
    const { variables, operands, target } = matricesOf(unit, this.#stored);
    const filled = operands.filter(({ node }) => this.#filled.has(node));
    const direction = variables.findIndex((variable, at) => {
      // A symmetric product runs over its rows twice.
      const mayRun = sameSize(variable.size, this.#size) && (unit.kind === 'product' || at === 2);
      return mayRun && filled.every(access => this.#isRow(access, variable));
    });
    if (direction < 0) return undefined;
    this.directions.set(unit, direction);
    const axis = target.findIndex(index => variableOf(index) === variables[direction]);
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
