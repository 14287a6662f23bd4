// The matrix of the normal equations, J'J, of residuals r whose Jacobian is J: what Gauss-Newton and Levenberg-Marquardt
// solve with (Nocedal and Wright, Numerical Optimization, 2006, chapter 10). It is the product of the terms of J with each
// other, summed over the axes of r, so J itself is never formed: two terms meet where they stand at one place of r.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import type { Size } from '../ir/size.ts';
import { arrayOf, fromArray } from './arrays.ts';
import { type Block, blockOf } from './blocks.ts';
import { collected } from './collected.ts';
import { conjunction } from './layout.ts';
import type { Entry } from './matrix.ts';
import { type StructuredPushforward, sliced } from './structured.ts';
import {
  gathered,
  isWhole,
  merged,
  type Place,
  positionOf,
  relabelled,
  restricted,
  summedTo,
  type Tangent,
  unused,
} from './tangents.ts';

/** The upper triangle of J'J by blocks, J being the Jacobian of all `residuals` together by all of `wrt`. */
export function normalMatrix(
  b: Builder,
  push: StructuredPushforward,
  residuals: readonly Node[],
  wrt: readonly Node[],
): Entry[] {
  const columns = wrt.map(input => push(input, residuals));
  return wrt.flatMap((x, row) =>
    wrt.slice(row).flatMap((y, k): Entry[] => {
      const products = residuals.flatMap((r, i) =>
        productsOf(b, columns[row][i], columns[row + k][i], [r, x, y]),
      );
      const block: Block | null = products.length === 0 ? null : blockOf(b, collected(b, products), x, y);
      if (block === null) return [];
      const { value, terms } = block;
      return [{ row, column: row + k, value, ...(value.shape !== SCALAR && { terms }) }];
    }),
  );
}

/** Each term of dr/dx with each of dr/dy, summed over the axes of r: of shape [...x, ...y]. */
function productsOf(
  b: Builder,
  xs: readonly Tangent[],
  ys: readonly Tangent[],
  [r, x, y]: readonly [Node, Node, Node],
): Tangent[] {
  return xs.flatMap(p =>
    ys.flatMap(q => {
      const product = multiplied(b, p, q, r.shape);
      if (product !== undefined) return product ?? [];
      // Where it cannot be told which elements meet, both are arrays.
      const [left, right] = [
        fromArray(b, arrayOf(b, [p], r.shape, x.shape), r.shape, x.shape),
        fromArray(b, arrayOf(b, [q], r.shape, y.shape), r.shape, y.shape),
      ];
      return multiplied(b, left, right, r.shape) ?? [];
    }),
  );
}

/** The product of two terms summed over their own axes; null if they never meet, undefined if that is not known. */
function multiplied(b: Builder, p: Tangent, q: Tangent, shape: Shape): Tangent | null | undefined {
  let both: Tangent | null | undefined = together(b, p, q);
  for (const [axis, size] of shape.entries()) {
    if (both && size !== 1) both = met(b, both, axis, shape, size);
  }
  if (!both) return both;
  const { lead, ...rest } = summedTo(b, both, []);
  return { ...rest, own: lead.slice(0, p.lead.length), lead: lead.slice(p.lead.length) };
}

/** The product of two terms, with the axes of both: those of the first in front. */
function together(b: Builder, p: Tangent, q: Tangent): Tangent {
  const first = unused(p);
  const { factors, guard, own, lead, lengths } = relabelled(q, label => label + first);
  return {
    factors: [...p.factors, ...factors],
    guard: conjunction(
      b,
      [p.guard, guard].flatMap(mask => mask ?? []),
    ),
    own: [...p.own, ...own],
    lead: [...p.lead, ...lead],
    lengths: new Map([...p.lengths, ...lengths]),
  };
}

/** Of two terms together what stands at one place along an axis of `size` of both. */
function met(b: Builder, both: Tangent, axis: number, shape: Shape, size: Size): Tangent | null | undefined {
  const [p, q] = [both.own[axis], both.own[axis + shape.length]];
  if (isSame(p, q)) return both;
  if (p.label === q.label && p.label !== undefined) return undefined;
  if (isWhole(p, size, both.lengths)) return atPlace(b, both, p.label!, q);
  if (isWhole(q, size, both.lengths)) return atPlace(b, both, q.label!, p);
  if (p.index !== undefined || q.index !== undefined) return undefined;
  const length = q.label === undefined ? 1 : both.lengths.get(q.label)!;
  const part = sliced(b, both, axis, size, { start: q.start, step: q.step, length });
  if (!part || q.label === undefined) return part;
  const { label, start } = part.own[axis]; // in terms of the elements of q
  if (label === undefined) return restricted(b, part, q.label, start, 1, 1);
  const cut = restricted(b, part, q.label, start, 1, part.lengths.get(label)!);
  return merged(b, cut, label, q.label);
}

/** What runs over a whole axis along `label` at the place of the other term only, and by its label. */
function atPlace(b: Builder, both: Tangent, label: number, place: Place): Tangent {
  const { start, step, index } = place;
  const length = place.label === undefined ? 1 : both.lengths.get(place.label)!;
  const part =
    index === undefined
      ? restricted(b, both, label, start, step, length)
      : gathered(b, both, label, positionOf(b, place));
  return place.label === undefined ? part : merged(b, part, label, place.label);
}

function isSame(p: Place, q: Place): boolean {
  return p.label === q.label && p.start === q.start && p.step === q.step && p.index === q.index;
}
