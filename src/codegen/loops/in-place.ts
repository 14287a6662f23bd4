// Values that are computed in the array of what is made of them. Where each element of a stored node is read once, for the same
// element of another one, the two may be one array: the gradient of a weight with a penalty is its product, to which the
// penalty is added in place. Invariant: of the nodes that share an array each has been read when the next is written.

import type { Node } from '../../ir/graph.ts';
import { elementsIn } from '../../ir/shape.ts';
import { sameSize } from '../../ir/size.ts';
import type { Nest } from './fuse.ts';
import type { Access } from './reads.ts';
import { variableOf } from './space.ts';
import { fillsNode, type MapUnit, type NodeUnit, type Unit, type Work } from './units.ts';

/** Shorter arrays save nothing; where loops are unrolled, what they hold may not be stored at all. */
const SHORTEST = 64;

/** By node: the node in whose array it is computed; of that the same may be true. `results` have arrays of their own. */
export function inPlace(
  { units, reads, stored }: Work,
  nest: Nest,
  results: ReadonlySet<Node>,
): Map<Node, Node> {
  const producers = new Map<Node, NodeUnit[]>();
  const readers = new Map<Node, Set<Unit | undefined>>();
  for (const unit of units) {
    if (fillsNode(unit)) producers.set(unit.node, [...(producers.get(unit.node) ?? []), unit]);
    for (const { node } of unit.reads) readers.set(node, (readers.get(node) ?? new Set()).add(unit));
  }
  for (const { node } of reads) readers.set(node, (readers.get(node) ?? new Set()).add(undefined));
  const places = new Map<Node, Node>();
  for (const unit of units) {
    if (unit.kind !== 'map' || producers.get(unit.node)!.length > 1) continue;
    for (const access of unit.reads) {
      const { node } = access;
      const [producer, ...others] = producers.get(node) ?? [];
      const isOnly = readers.get(node)?.size === 1 && producer !== undefined && others.length === 0;
      if (!isOnly || !stored.has(node) || results.has(node) || node.dtype !== unit.node.dtype) continue;
      const length = elementsIn(node.shape);
      if (typeof length === 'number' && length < SHORTEST) continue;
      if (!unit.reads.every(each => each.node !== node || isSameElement(each, unit))) continue;
      if (!isLikewise(node, unit.node, nest)) continue;
      places.set(node, unit.node);
      break; // one of them only
    }
  }
  return places;
}

/** True if an element is read for the same element of what the unit fills. */
function isSameElement({ node, index }: Access, { node: to, target }: MapUnit): boolean {
  if (node.shape.length !== to.shape.length) return false;
  return index.every((part, axis) => {
    if (!sameSize(node.shape[axis], to.shape[axis])) return false;
    if (to.shape[axis] === 1) return true;
    const variable = variableOf(part);
    return variable !== undefined && variable === variableOf(target[axis]);
  });
}

/** True if the arrays of two nodes of one shape hold the same elements. */
function isLikewise(a: Node, b: Node, { localAxes, blockAxis }: Nest): boolean {
  const [p, q] = [a, b].map(node => [...(localAxes.get(node) ?? [])].filter(axis => node.shape[axis] !== 1));
  return p.length === 0 && q.length === 0 && blockAxis.get(a) === blockAxis.get(b);
}
