// A bound function over arrays as a draft: loops are merged and statements lowered, but nothing is printed and no memory is given
// out. Where memory is limited (thrift.ts), several drafts of a function are compared. Invariant: a draft marks nothing
// as used and takes no name but in a scope of its own.

import type { Node } from '../ir/graph.ts';
import type { Size } from '../ir/size.ts';
import type { Again } from './again.ts';
import type { Handout } from './handout.ts';
import { BLOCK_ROWS, type Cut, inBlocks, isBlocks, rowSizes } from './loops/blocks.ts';
import type { Deposit } from './loops/deposit.ts';
import type { Environment } from './loops/elements.ts';
import { fuse, isLoop, type Nest } from './loops/fuse.ts';
import { inPlace } from './loops/in-place.ts';
import { Lowering } from './loops/lower.ts';
import { dropDeadStores, type Lifetime, lifetimesOf } from './loops/memory.ts';
import { constantIndex } from './loops/space.ts';
import { type Unit, unitsOf, type Work } from './loops/units.ts';
import type { Block, Value } from './loops/values.ts';
import { Names } from './names.ts';

/** The length of the sums of a matrix product, and the sides of its result. */
export interface Product {
  readonly inner: Size;
  readonly sides: readonly Size[];
}

/** A cell that is to be completed from its upper triangle, whose first axes are rows. */
export type MirroredCell = Deposit & { readonly rowAxes: number };

/** What became of one function. */
export interface LoopStats {
  /** Values that are stored, or summed up. */
  readonly units: number;
  /** Loops that these would take one by one, and those that there are. */
  readonly axes: number;
  readonly loops: number;
  /** Calls of the kernel for matrix products. */
  readonly products: number;
}

/** A function that is to be made: what it hands out, and what is there already. */
export interface Task {
  readonly name: string;
  readonly handout: Handout;
  /** The names of the function, to which a draft adds its own. */
  readonly scope: Names;
  readonly leaf: Environment['leaf'];
  readonly nameOf: (node: Node) => string | undefined;
  /** What kernels and the array that they pack operands into are called. */
  readonly own: { readonly product: string; readonly gram: string; readonly panel: string };
  /** Whether rows come in blocks. */
  readonly hasBlocks: boolean;
  /** Whether values are computed in the array of what is made of them even where memory is not limited. */
  readonly isInPlace: boolean;
  /** Whether loops differ in rounding. */
  readonly isRounded: boolean;
}

/** How a function saves memory, at the cost of operations. */
export interface Thrift {
  /** Whether values are computed in the array of what is made of them. */
  readonly isInPlace: boolean;
  /** What is cut into blocks of rows. */
  readonly cut: Cut | undefined;
  /** Nodes that are computed again wherever they are read. */
  readonly inline: ReadonlySet<Node>;
  /** The function with values that are computed a second time for those who read them late. */
  readonly again: Again;
}

/** The fastest version. */
export function withoutThrift({ handout, isInPlace }: Task): Thrift {
  return {
    isInPlace,
    cut: undefined,
    inline: new Set(),
    again: { source: handout, after: new Map(), origin: new Map() },
  };
}

export interface Draft {
  readonly top: Block;
  readonly names: Names;
  /** Those of its own that stand in the text, whatever buffers become. */
  readonly declared: ReadonlySet<string>;
  readonly lifetimes: readonly Lifetime[];
  /** The lengths of its buffers, by their names in the statements. */
  readonly buffers: ReadonlyMap<string, Size>;
  /** What buffers hold. */
  readonly contents: ReadonlyMap<string, Node>;
  /** What the function returns. */
  readonly result: Value | undefined;
  readonly work: Work;
  readonly nest: Nest;
  readonly stats: LoopStats;
  /** The sizes along which rows may come in blocks. */
  readonly rowSizes: readonly Size[];
  /** The calls of kernels. */
  readonly products: readonly Product[];
  /** Rows of symmetric products. */
  readonly squares: readonly Size[];
  readonly mirrored: readonly MirroredCell[];
}

export function draftOf(
  task: Task,
  { isInPlace, cut, inline, again: { source, after, origin } }: Thrift = withoutThrift(task),
): Draft {
  const { scope, leaf, own, hasBlocks, isRounded } = task;
  const units = unitsOf(source.roots, source.deposits, source.triangles, inline, isRounded);
  const work: Work = { ...units, after };
  const results = new Map([...source.results, ...work.placed]);
  const kept = new Set(results.keys());
  const merged = fuse(work, kept);
  const sizes = rowSizes(merged);
  const named = sizes.filter(size => typeof size !== 'number');
  const blocks = cut ?? (hasBlocks ? { sizes: named, rows: BLOCK_ROWS } : undefined);
  const nest = blocks === undefined ? merged : inBlocks(merged, work, kept, blocks);

  const names = new Names(scope);
  const buffers = new Map<string, Size>();
  const contents = new Map<string, Node>();
  const products: Product[] = [];
  const squares: Size[] = [];
  const lowering = new Lowering(nest, work, {
    names,
    leaf,
    buffer: (wanted, length, node) => {
      const local = names.take(wanted);
      buffers.set(local, length);
      contents.set(local, node);
      return local;
    },
    results,
    places: isInPlace ? inPlace(work, nest, kept) : new Map(),
    nameOf: node => task.nameOf(origin.get(node) ?? node),
    product: (inner, sides) => {
      products.push({ inner, sides });
      return { name: own.product, panel: own.panel };
    },
    gram: rows => {
      squares.push(rows);
      return { name: own.gram, panel: own.panel };
    },
  });
  lowering.run();
  for (const { node, to } of source.copies) lowering.copy(node, to);
  for (const { node, to, index } of source.scalars) {
    const places = index.map(at => constantIndex<never>(at));
    lowering.put(to, places, lowering.scalar(node));
  }
  const result = source.returned && lowering.use(lowering.scalar(source.returned));
  dropDeadStores(lowering.top, buffers, result);
  return {
    top: lowering.top,
    names,
    declared: new Set([...names.taken].filter(name => !buffers.has(name))),
    lifetimes: lifetimesOf(lowering.top, buffers, result),
    buffers,
    contents,
    result,
    work,
    nest,
    rowSizes: sizes,
    stats: statsOf(work.units, nest),
    products,
    squares,
    mirrored: mirroredCells(work.units),
  };
}

function statsOf(units: readonly Unit[], nest: Nest): LoopStats {
  const countLoops = (items: Nest['items']): number =>
    items.reduce((sum, item) => {
      if (isBlocks(item)) return sum + 1 + countLoops(item.members);
      return isLoop(item) ? sum + 1 + countLoops(item.items) : sum;
    }, 0);
  return {
    units: units.length,
    axes: units.reduce((sum, unit) => sum + unit.axes.length, 0),
    loops: countLoops(nest.items),
    products: units.filter(({ kind }) => kind === 'product' || kind === 'gram').length,
  };
}

/** A deposit of each cell that is to be completed from its upper triangle. */
function mirroredCells(units: readonly Unit[]): MirroredCell[] {
  const cells = new Map<string, MirroredCell>();
  for (const unit of units) {
    if (unit.kind !== 'deposit' || !unit.isMirrored) continue;
    const { deposit } = unit;
    cells.set(deposit.cell, deposit as MirroredCell); // or it would not be mirrored
  }
  return [...cells.values()];
}
