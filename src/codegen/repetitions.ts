// Which values a function may compute a second time. Who reads a stored value comes early or late: those behind a pause get
// a copy. What the copy is made of, and is gone by then because it lived for some rows only, is copied too.

import type { Node } from '../ir/graph.ts';
import type { Repetition } from './again.ts';
import type { Draft } from './drafts.ts';
import { isBlocks } from './loops/blocks.ts';
import { isLoop, type NestItem } from './loops/fuse.ts';
import { fillsNode, type Unit } from './loops/units.ts';

/** Where units stand: in which item of the nest, and, rows in blocks being many items, in which of all. */
interface Stand {
  readonly item: number;
  readonly at: number;
}

/** After which of the readers, whose places are ascending, those come that get a copy; 0 if none of them does. */
type Split = (readers: readonly Stand[]) => number;

/** Behind the longest pause: with a copy for what comes then the value lives shortest. */
export const atLongestPause: Split = readers => {
  let split = 0;
  let longest = 0;
  for (let k = 1; k < readers.length; k++) {
    const pause = readers[k].at - readers[k - 1].at;
    if (pause > longest) [longest, split] = [pause, k];
  }
  return split;
};

/** Behind the first loops over all rows: what does not live longer may come in blocks. */
export const behindFirstPass: Split = readers =>
  Math.max(
    0,
    readers.findIndex(({ item }) => item !== readers[0].item),
  );

/** For each of `nodes` the way to compute it a second time, as far as there is one. */
export function repetitionsOf(draft: Draft, nodes: readonly Node[], split: Split): Repetition[] {
  const { work, nest } = draft;
  const stands = standsOf(nest.items);
  const readers = new Map<Node, Unit[]>();
  const producers = new Map<Node, Unit[]>();
  const add = (map: Map<Node, Unit[]>, node: Node, unit: Unit): void => {
    const own = map.get(node);
    if (own === undefined) map.set(node, [unit]);
    else own.push(unit);
  };
  for (const unit of work.units) {
    if (fillsNode(unit)) add(producers, unit.node, unit);
    for (const node of new Set(unit.reads.map(each => each.node))) add(readers, node, unit);
  }
  const last = new Set(work.reads.map(({ node }) => node));
  const standOf = (node: Node): Stand | undefined => {
    const own = (producers.get(node) ?? []).map(unit => stands.get(unit)!);
    return own.reduce<Stand | undefined>(
      (most, each) => (most && most.at > each.at ? most : each),
      undefined,
    );
  };

  /** What has to be copied with a node for readers in the item `item`. */
  const closureOf = (node: Node, item: number): ReadonlySet<Node> => {
    const closure = new Set<Node>([node]);
    for (const each of closure) {
      for (const unit of producers.get(each) ?? []) {
        for (const { node: read } of unit.reads) {
          const isPartial = nest.blockAxis.has(read) || isLocal(read, nest.localAxes.get(read));
          if (producers.has(read) && isPartial && standOf(read)?.item !== item) closure.add(read);
        }
      }
    }
    return closure;
  };

  return nodes.flatMap((node): Repetition[] => {
    const own = (readers.get(node) ?? []).sort((p, q) => stands.get(p)!.at - stands.get(q)!.at);
    if (last.has(node) || !producers.has(node)) return [];
    const first = split(own.map(unit => stands.get(unit)!));
    const [early, late] = [own.slice(0, first), own.slice(first)];
    if (first === 0 || !late.every(fillsNode)) return [];
    const lateNodes = new Set(late.map(unit => unit.node));
    if (early.some(unit => fillsNode(unit) && lateNodes.has(unit.node))) return [];
    const copies = closureOf(node, stands.get(late[0])!.item);
    if ([...copies].some(each => lateNodes.has(each))) return [];
    // All else that is read in the loop of the first of them.
    const { at } = stands.get(late[0])!;
    const others = work.units
      .filter(unit => stands.get(unit)!.at === at)
      .flatMap(unit => unit.reads.map(({ node: other }) => other))
      .filter(other => producers.has(other) && !copies.has(other) && standOf(other)!.at < at)
      .sort((p, q) => standOf(q)!.at - standOf(p)!.at);
    return others.length === 0 ? [] : [{ nodes: copies, late: lateNodes, after: others[0] }];
  });
}

function isLocal(node: Node, axes: ReadonlySet<number> | undefined): boolean {
  return node.shape.some((size, axis) => size !== 1 && axes?.has(axis));
}

function standsOf(items: readonly NestItem[]): ReadonlyMap<Unit, Stand> {
  const stands = new Map<Unit, Stand>();
  let at = 0;
  for (const [item, each] of items.entries()) {
    for (const part of isBlocks(each) ? each.members : [each]) {
      at++;
      for (const unit of unitsIn(part)) stands.set(unit, { item, at });
    }
  }
  return stands;
}

function unitsIn(item: Exclude<NestItem, { readonly members: unknown }>): Unit[] {
  return isLoop(item) ? item.items.flatMap(unitsIn) : [item];
}
