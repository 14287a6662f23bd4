// Values that are computed a second time: late readers of a stored value, such as the backward pass, get a copy of their own, and
// both copies live shortly. Equal nodes of a graph are one object, so the copies are made outside of it, for one function, and
// with them all nodes that depend on them. Invariants: inputs and constants stay who they are; inputs of a node have
// smaller ids; a copy is not begun before what its first reader needs besides is complete, or nothing would be saved.

import type { Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import type { Handout } from './handout.ts';
import { nodesOf } from './loops/deposit.ts';
import { isLeaf } from './loops/stored.ts';

/** What a function hands out, of which nodes. */
export type Source = Pick<
  Handout,
  'roots' | 'results' | 'triangles' | 'copies' | 'scalars' | 'deposits' | 'returned'
>;

/** A function in which some nodes are there twice. */
export interface Again {
  readonly source: Source;
  /** By copy: what is complete before it is begun. */
  readonly after: ReadonlyMap<Node, Node>;
  /** By node: the one of the graph that it is a copy of; absent for those of the graph. */
  readonly origin: ReadonlyMap<Node, Node>;
}

/** What is to be computed twice. */
export interface Repetition {
  /** Stored values; what is not stored and made of them is repeated too. */
  readonly nodes: ReadonlySet<Node>;
  /** The stored values that read the copies. */
  readonly late: ReadonlySet<Node>;
  /** What is complete before the copies are begun. */
  readonly after: Node;
}

/** The same function with copies; `isStored` tells the values that have places of their own. */
export function repeated(
  { source, after, origin }: Again,
  { nodes, late, after: trigger }: Repetition,
  isStored: (node: Node) => boolean,
): { readonly again: Again; readonly images: (node: Node) => readonly Node[] } {
  const live = liveNodes([...source.roots, ...source.deposits.flatMap(nodesOf)]);
  let id = live.reduce((most, node) => (isLeaf(node) ? Math.max(most, node.id) : most), -1);
  const first = new Map<Node, Node>();
  const second = new Map<Node, Node>();
  const origins = new Map<Node, Node>();
  const twice = new Set<Node>();
  for (const node of live) {
    const isMade = !isLeaf(node) && !isStored(node) && node.inputs.some(input => twice.has(input));
    if (nodes.has(node) || isMade) twice.add(node);
  }
  const copied = (node: Node, inputs: readonly Node[], into: Map<Node, Node>): void => {
    const copy: Node = { ...node, inputs, id: ++id };
    into.set(node, copy);
    origins.set(copy, origin.get(node) ?? node);
  };
  const secondOf = (node: Node): Node => second.get(node) ?? first.get(node)!;
  const copyAll = (readers: readonly Node[]): void => {
    const found = new Set<Node>();
    const pending = [...readers];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (!twice.has(next) || second.has(next) || found.has(next)) continue;
      found.add(next);
      pending.push(...next.inputs);
    }
    for (const node of [...found].sort((a, b) => a.id - b.id))
      copied(node, node.inputs.map(secondOf), second);
  };
  for (const node of live) {
    if (isLeaf(node)) {
      first.set(node, node);
    } else if (late.has(node)) {
      copyAll(node.inputs);
      copied(node, node.inputs.map(secondOf), first);
    } else {
      copied(
        node,
        node.inputs.map(input => first.get(input)!),
        first,
      );
    }
  }
  const image = (node: Node): Node => first.get(node) ?? node; // what is not live has no image
  const imagesOfAfter = [...after].flatMap(([copy, before]) =>
    [first, second].flatMap(images => {
      const own = images.get(copy);
      return own === undefined ? [] : [[own, image(before)] as const];
    }),
  );
  const begun = [...second].flatMap(([node, copy]) =>
    nodes.has(node) ? [[copy, image(trigger)] as const] : [],
  );
  return {
    again: { source: mapped(source, image), after: new Map([...imagesOfAfter, ...begun]), origin: origins },
    images: node => [first, second].flatMap(images => images.get(node) ?? []),
  };
}

function mapped(source: Source, image: (node: Node) => Node): Source {
  const keys = <T>(map: ReadonlyMap<Node, T>) => new Map(Array.from(map, ([node, of]) => [image(node), of]));
  const { roots, results, triangles, copies, scalars, deposits, returned } = source;
  return {
    roots: roots.map(image),
    results: keys(results),
    triangles: keys(triangles),
    copies: copies.map(each => ({ ...each, node: image(each.node) })),
    scalars: scalars.map(each => ({ ...each, node: image(each.node) })),
    deposits: deposits.map(each => ({
      ...each,
      value: image(each.value),
      coordinates: each.coordinates.map(at => (at.index ? { ...at, index: image(at.index) } : at)),
    })),
    returned: returned && image(returned),
  };
}
