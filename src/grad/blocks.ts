// Blocks of a Jacobian or a Hessian: what has been pushed forward from an identity, as one array and as a sum of terms.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Coordinate, Term } from '../ir/terms.ts';
import { arrayOf } from './arrays.ts';
import { closed, opened, relabelled } from './axes.ts';
import { canonical, grouped, placesOf } from './collected.ts';
import { combined, sumOfProducts } from './factors.ts';
import { type Flow, masked } from './flow.ts';
import { compact, descending, type Labelled, laid, laidInside, maskedBy } from './layout.ts';
import { repeated } from './maps.ts';
import { type Place, positionOf, type Tangent } from './tangents.ts';

/** The derivative of a tensor f by an input x, of shape [...f, ...x]: as an array, and as a sum of terms. */
export interface Block {
  readonly value: Node;
  readonly terms: readonly Term[];
}

/** The block of f by x, given the tangent of f pushed forward from the identity of x; null if it is zero. */
export function blockOf(b: Builder, tangent: readonly Tangent[], f: Node, x: Node): Block | null {
  if (tangent.length === 0) return null;
  return { value: arrayBlock(b, arrayOf(b, tangent, f.shape, x.shape), f, x), terms: termsOf(b, tangent) };
}

/** The terms, those that stand alike added up. */
function termsOf(b: Builder, tangent: readonly Tangent[]): Term[] {
  const groups = grouped(tangent.map(canonical), placesOf);
  return [...groups.values()].map((group): Term => {
    const [{ own, lead, lengths }] = group;
    const byGuard = grouped(group, ({ guard }) => (guard === null ? '' : `${guard.node.id} ${guard.labels}`));
    const value = [...byGuard.values()]
      .map(([first, ...others]) => {
        const sum = sumOfProducts(
          b,
          [first, ...others].map(({ factors }) => factors),
        );
        const isClean = [first, ...others].every(({ clean }) => clean);
        return first.guard === null || isClean ? sum : maskedBy(b, first.guard, sum);
      })
      .reduce((sum, part) => combined(b, [sum, part], (x, y) => b.add(x, y)));
    const labels = [...lengths.keys()].sort((p, q) => p - q);
    return {
      value: b.broadcast(
        laidInside(b, value, labels, DEEP),
        labels.map(label => lengths.get(label)!),
      ),
      coordinates: [...own, ...lead].map(place => coordinateOf(b, place)),
    };
  });
}

/** The sums of products that a term is made of are computed in the order in which it is written, so far down. */
const DEEP = 100;

/** The labels of a canonical term are the axes of its value. What an index says is the position itself, wherever it started. */
function coordinateOf(b: Builder, place: Place): Coordinate {
  const { label, start, step, index } = place;
  if (index === undefined) return { axis: label, start, step };
  return { axis: label, start: 0, step: 1, index: positionOf(b, place) };
}

/** The tangent of shape [...x, ...f] as the block of f by x, of shape [...f, ...x]. */
function arrayBlock(b: Builder, tangent: Flow, { shape: f }: Node, { shape: x }: Node): Node {
  if (f.length === 0 && x.length === 0) return masked(b, tangent);
  const to = (label: number) => (label < f.length ? label + x.length : label - f.length);
  const flow = relabelled(opened(b, tangent), to);
  const rank = f.length + x.length;
  const value = laidOnce(b, flow.value, descending(rank));
  return repeated(b, masked(b, { ...closed(b, flow, rank), value }), [...f, ...x]);
}

/** The tensor with its axes in the order given; a product is written in that order at once. */
function laidOnce(b: Builder, { node, labels }: Labelled, order: readonly number[]): Node {
  if (node.op !== 'contract') return laidInside(b, { node, labels }, order);
  const own = order.filter(label => labels.includes(label));
  const [operands, out] = node.attrs.subscripts.split('->');
  const letters = own.map(label => out[labels.indexOf(label)]).join('');
  const product = b.contract(`${operands}->${letters}`, node.inputs[0], node.inputs[1]);
  return laid(b, compact(b, product, own), order);
}

/** The block of x by y from that of y by x. */
export function transposedBlock(b: Builder, block: Node, x: Node, y: Node): Node {
  const [p, q] = [x.shape.length, y.shape.length];
  const axes = Array.from({ length: p + q }, (_, axis) => (axis < p ? axis + q : axis - p));
  return b.permute(block, axes);
}
