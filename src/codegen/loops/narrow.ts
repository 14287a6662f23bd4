// Loops over triangles, once loops are merged. A loop of which only the upper triangle is asked for begins at the index of
// the loop over its rows if all that it repeats allows that: a unit of the triangle does, and a unit all of whose readers
// stand in the same iteration, since what is skipped is read by nobody.

import type { Node } from '../../ir/graph.ts';
import { type Item, isLoop, type LoopNode } from './fuse.ts';
import { fillsNode, type Unit } from './units.ts';

/** Lets loops among `items`, and inside of them, begin at the diagonal where they may. */
export function narrow(
  items: readonly Item[],
  loopsOf: ReadonlyMap<Unit, readonly LoopNode[]>,
  localAxes: ReadonlyMap<Node, ReadonlySet<number>>,
): void {
  for (const item of items) {
    if (!isLoop(item)) continue;
    narrow(item.items, loopsOf, localAxes);
    item.from ??= beginOf(item, loopsOf, localAxes);
  }
}

/** The loop over rows that all triangles in `loop` have in common; undefined if something needs all iterations. */
function beginOf(
  loop: LoopNode,
  loopsOf: ReadonlyMap<Unit, readonly LoopNode[]>,
  localAxes: ReadonlyMap<Node, ReadonlySet<number>>,
): LoopNode | undefined {
  let begin: LoopNode | undefined;
  for (const unit of unitsIn(loop)) {
    const loops = loopsOf.get(unit)!;
    const at = loops.indexOf(loop);
    const { axis, kind, from } = unit.axes[at];
    if (from !== undefined) {
      const row = loops[unit.axes.findIndex(({ variable }) => variable === from)];
      if (begin !== undefined && begin !== row) return undefined;
      begin = row;
      continue;
    }
    const isKept = kind === 'kept' && at < unit.level && fillsNode(unit);
    if (!isKept || !localAxes.get(unit.node)?.has(axis!)) return undefined;
  }
  return begin;
}

function unitsIn({ items }: LoopNode): Unit[] {
  const units: Unit[] = [];
  const pending = [...items];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (isLoop(item)) pending.push(...item.items);
    else units.push(item);
  }
  return units;
}
