// Terms of a tangent (tangents.ts) as one array with guards (axes.ts), and back: for operations that only know arrays, and
// for derivatives that are handed out dense. Two places of one label become the condition that two indices are equal.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { closed, type Delta, identified, type Opened, opened, relabelled } from './axes.ts';
import { join } from './contributions.ts';
import { product } from './factors.ts';
import type { Flow } from './flow.ts';
import { compact, conjunction, equal, type Labelled, laid, maskedBy } from './layout.ts';
import { along, FIRST, isWhole, type Place, positionOf, type Tangent } from './tangents.ts';

/** The sum of the terms, with the axes of `lead` in front of those of `own`. */
export function arrayOf(b: Builder, terms: readonly Tangent[], own: Shape, lead: Shape): Flow {
  return join(
    b,
    terms.map(term => flowOf(b, term, own, lead)),
  );
}

/** One axis of the whole: its label in the array, and the place of the term along it. */
interface Axis {
  readonly label: number;
  readonly place: Place;
  readonly size: Shape[number];
}

function flowOf(b: Builder, term: Tangent, own: Shape, lead: Shape): Flow {
  const rank = own.length + lead.length;
  const axes = [
    ...own.map((size, axis): Axis => ({ label: own.length - 1 - axis, place: term.own[axis], size })),
    ...lead.map((size, axis): Axis => ({ label: rank - 1 - axis, place: term.lead[axis], size })),
  ].filter(({ size, place }) => size !== 1 || place.label !== undefined);
  // Labels of the term are moved behind those of the array, one by one to their axes.
  const apart = (label: number) => label + rank;
  let flow: Opened = relabelled(
    {
      value: product(b, term.factors),
      deltas: [],
      masks: term.guard === null ? [] : [term.guard],
      clean: false,
    },
    apart,
  );
  for (const { label, place } of axes) {
    if (place.label === undefined)
      flow = { ...flow, masks: [...flow.masks, standsAt(b, label, place, axes)] };
  }
  for (const [label, length] of term.lengths) {
    const placed = axes.filter(({ place }) => place.label === label);
    const carrier = placed.find(({ place, size }) => isWhole(place, size, term.lengths));
    if (carrier === undefined) {
      flow = spread(b, flow, apart(label), length, placed);
      continue;
    }
    flow = relabelled(flow, each => (each === apart(label) ? carrier.label : each));
    for (const axis of placed) {
      if (axis === carrier) continue;
      if (isWhole(axis.place, axis.size, term.lengths)) {
        flow = { ...flow, deltas: [...flow.deltas, deltaOf(carrier, axis)] };
      } else {
        const tied = equal(b, indexOf(b, axis), {
          node: positions(b, axis.place, length),
          labels: [carrier.label],
        });
        flow = { ...flow, masks: [...flow.masks, tied] };
      }
    }
  }
  return closed(b, flow, rank);
}

/** The terms of an array: one, with the deltas of its guard as places. */
export function fromArray(b: Builder, flow: Flow, own: Shape, lead: Shape): Tangent {
  let part = opened(b, flow);
  const rank = own.length + lead.length;
  const to = new Map<number, number>();
  const final = (label: number): number => (to.has(label) ? final(to.get(label)!) : label);
  while (part.deltas.length > 0) {
    const [{ p, q }] = part.deltas;
    to.set(p, q);
    part = identified(b, part, p, q);
  }
  const places = (shape: Shape, last: number) =>
    shape.map((size, axis) => (size === 1 ? FIRST : along(final(last - axis))));
  const sizes = [...lead, ...own];
  const lengths = sizes.flatMap((size, axis) => {
    const label = rank - 1 - axis;
    return size === 1 || to.has(label) ? [] : [[label, size] as const];
  });
  return {
    factors: [part.value],
    guard: part.clean ? null : conjunction(b, part.masks),
    own: places(own, own.length - 1),
    lead: places(lead, rank - 1),
    lengths: new Map(lengths),
  };
}

function deltaOf(p: Axis, q: Axis): Delta {
  return { p: Math.max(p.label, q.label), q: Math.min(p.label, q.label), length: p.size };
}

/** The index along an axis. */
function indexOf(b: Builder, { label, size }: Axis): Labelled {
  return { node: b.iota(size), labels: [label] };
}

/** The places along an axis, from 0, in the order of the label of length `length`. */
function positions(b: Builder, place: Place, length: Shape[number]): Node {
  if (place.index !== undefined) return b.sub(positionOf(b, place), 1);
  return b.add(b.mul(place.step, b.iota(length)), b.size(place.start));
}

/** Whether the index along an axis is the one place. */
function standsAt(b: Builder, label: number, place: Place, axes: readonly Axis[]): Labelled {
  const axis = axes.find(each => each.label === label)!;
  const position = place.index === undefined ? b.size(place.start) : b.sub(positionOf(b, place), 1);
  return equal(b, indexOf(b, axis), { node: position, labels: [] });
}

/** Elements along a label put to their places on an axis that they do not fill, zero elsewhere. */
function spread(
  b: Builder,
  { value, deltas, masks, clean }: Opened,
  label: number,
  length: Shape[number],
  [carrier, ...others]: readonly Axis[],
): Opened {
  const ties = others.map(axis =>
    equal(b, indexOf(b, axis), { node: positions(b, axis.place, length), labels: [label] }),
  );
  const along = masks.filter(mask => mask.labels.includes(label));
  const mask = conjunction(b, [...along, ...ties]);
  const own = mask === null ? value : maskedBy(b, mask, value);
  const rest = own.labels.filter(each => each !== label);
  const whole = own.labels.includes(label)
    ? laid(b, own, [label, ...rest])
    : b.broadcast(laid(b, own, rest), [length, ...laid(b, own, rest).shape]);
  const { start, step, index } = carrier.place;
  const node =
    index === undefined
      ? b.pad(whole, { axis: 0, start, step, length: carrier.size })
      : b.scatterAdd(whole, positionOf(b, carrier.place), 0, carrier.size);
  return {
    value: compact(b, node, [carrier.label, ...rest]),
    deltas,
    masks: masks.filter(each => !along.includes(each)),
    clean,
  };
}
