// A bound function over tensors as statements of the loop IR, before it is known in which language they are printed: units,
// merged loops, statements, buffers that share arrays. What stands around the loops is in around.ts.

import type { Node } from '../ir/graph.ts';
import type { Size } from '../ir/size.ts';
import type { Handout } from './handout.ts';
import { inBlocks, isBlocks } from './loops/blocks.ts';
import type { Deposit } from './loops/deposit.ts';
import type { Environment } from './loops/elements.ts';
import { fuse, isLoop, type Nest } from './loops/fuse.ts';
import { Lowering } from './loops/lower.ts';
import { dropDeadStores, plan, type WorkArray } from './loops/memory.ts';
import { constantIndex } from './loops/space.ts';
import { type Unit, unitsOf } from './loops/units.ts';
import type { Block, Value } from './loops/values.ts';
import type { Names } from './names.ts';

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

/** What the module around a function provides. */
export interface LoweringRequest extends Pick<Environment, 'names' | 'leaf' | 'nameOf' | 'product' | 'gram'> {
  readonly names: Names;
  /** Whether rows come in blocks (loops/blocks.ts). */
  readonly hasBlocks: boolean;
  /** The arrays that functions work in; it grows by those that are missing. */
  readonly workspace: Map<string, WorkArray>;
  /** A name for an array of the workspace. */
  readonly take: (wanted: string) => string;
}

/** A cell that is to be completed from its upper triangle, whose first axes are rows. */
export type MirroredCell = Deposit & { readonly rowAxes: number };

export interface LoweredFunction {
  readonly top: Block;
  /** The number that is returned, known after all statements. */
  readonly result: Value | undefined;
  /** The lengths of what it stores in between, by the names in the statements. */
  readonly buffers: ReadonlyMap<string, Size>;
  /** The array that a name in the statements stands for. */
  readonly arrayName: (name: string) => string;
  /** The arrays of the workspace that it works in. */
  readonly arrays: Iterable<string>;
  readonly mirrored: readonly MirroredCell[];
  readonly stats: LoopStats;
}

/** The statements that compute what is handed out. */
export function lowerFunction(handout: Handout, request: LoweringRequest): LoweredFunction {
  const { names, workspace, take, hasBlocks } = request;
  const work = unitsOf(handout.roots, handout.deposits, handout.triangles);
  const results = new Map([...handout.results, ...work.placed]);
  const kept: ReadonlySet<Node> = new Set(results.keys());
  const merged = fuse(work, kept);
  const nest = hasBlocks ? inBlocks(merged, work, kept) : merged;

  const buffers = new Map<string, Size>();
  const lowering = new Lowering(nest, work, {
    ...request,
    buffer: (wanted, length) => {
      const local = names.take(wanted);
      buffers.set(local, length);
      return local;
    },
    results,
  });
  lowering.run();
  for (const { node, to } of handout.copies) lowering.copy(node, to);
  for (const { node, to, index } of handout.scalars) {
    const places = index.map(at => constantIndex<never>(at));
    lowering.put(to, places, lowering.scalar(node));
  }
  const result = handout.returned && lowering.use(lowering.scalar(handout.returned));
  dropDeadStores(lowering.top, buffers, result);
  const renamed = plan(lowering.top, buffers, workspace, take, result);
  return {
    top: lowering.top,
    result,
    buffers,
    arrayName: name => renamed.get(name) ?? name,
    arrays: renamed.values(),
    mirrored: mirroredCells(work.units),
    stats: statsOf(work.units, nest),
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
