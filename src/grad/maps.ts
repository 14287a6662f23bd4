// How a flow goes through one operation, in either mode: down to an input (`pulled`) or up from it (`pushed`). What a rule
// computes is on the page of calculus; here is what is the same for all rows of a kind: broadcasting is undone, guards move
// along with the values they guard, and where elements are added up what is not selected is left out (rule R1).
//
// A tangent may have further axes in front, the `lead` of its seed, and may leave out axes along which it repeats; an
// adjoint has the shape of its node.

import type { Builder } from '../ir/build.ts';
import type { Attrs, Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { type Size, sameSize } from '../ir/size.ts';
import {
  closed,
  contracted,
  type Delta,
  identified,
  type Opened,
  opened,
  relabelled,
  summed,
} from './axes.ts';
import { type Flow, through } from './flow.ts';
import { conjunction, descending, equal, type Labelled, labelled, laid, maskedBy } from './layout.ts';
import {
  type Contribution,
  hasZeroFactor,
  inverse,
  type LinearRule,
  type Motion,
  partial,
  type Rule,
  type Rules,
} from './rules.ts';
import { within } from './spans.ts';

/** What the adjoint of `node` sends to its input at `index`, in the shape of that; null if nothing. */
export function pulled(b: Builder, rules: Rules, g: Flow, node: Node, index: number): Flow | null {
  const x = node.inputs[index];
  const rule: Rule = rules[node.op];
  const arrives = (flow: Flow | null) => flow && { ...flow, value: repeated(b, flow.value, x.shape) };
  switch (rule.kind) {
    case 'elementwise':
    case 'variadic': {
      const flow = through(b, g, partial(rule, g.value, node, index));
      return flow && arrives(unbroadcast(b, flow, node.shape, x.shape));
    }
    case 'linear':
      return isIndex(node, index) ? null : arrives(pulledLinear(b, rule, g, node, index));
    case 'bilinear':
      return hasZeroFactor(node.inputs[1 - index]) ? null : arrives(pulledProduct(b, rule, g, node, index));
    case 'weighted': {
      const { axes } = node.attrs as { readonly axes: readonly number[] };
      const kept = keptAxes(x, axes);
      const spread = rerouted(
        b,
        g,
        place => placeOf(x.shape, kept[axisAt(node.shape, place)]),
        x.shape.length,
      );
      return arrives(through(b, spread, rule.partial(spread.value, x, b.expand(node, axes), axes)));
    }
    case 'scan': {
      const { axis } = scanOf(node);
      const at = placeOf(x.shape, axis);
      const rank = x.shape.length;
      const spread = rerouted(b, g, place => (place > at ? place + 1 : place), rank + 1);
      const flow = through(b, spread, rule.partial(spread.value, x, scanOf(node)));
      return flow && arrives(total(b, flow, at, x.shape[axis], rank));
    }
    case 'constant':
      return null;
  }
}

/** What the tangent of the input of `node` at `index` becomes; null if nothing. */
export function pushed(
  b: Builder,
  rules: Rules,
  t: Flow,
  node: Node,
  index: number,
  lead: Shape,
): Flow | null {
  const x = node.inputs[index];
  const rule: Rule = rules[node.op];
  const rank = node.shape.length + lead.length;
  const grown = node.shape.length - x.shape.length;
  switch (rule.kind) {
    case 'elementwise':
    case 'variadic': {
      const isAligned = lead.length === 0 || grown === 0;
      const shift = (place: number) => (place >= x.shape.length ? place + grown : place);
      const aligned = isAligned ? t : rerouted(b, t, shift, rank);
      return through(b, aligned, partial(rule, aligned.value, node, index));
    }
    case 'linear':
      return isIndex(node, index) ? null : pushedLinear(b, rule, t, node, index, lead);
    case 'bilinear':
      return hasZeroFactor(node.inputs[1 - index]) ? null : pushedProduct(b, rule, t, node, index, lead);
    case 'weighted': {
      const { axes } = node.attrs as { readonly axes: readonly number[] };
      const flow = through(b, t, rule.partial(t.value, x, b.expand(node, axes), axes));
      return flow && reduced(b, flow, node, lead);
    }
    case 'scan': {
      const { axis } = scanOf(node);
      const at = placeOf(x.shape, axis);
      const spread = rerouted(b, t, place => (place >= at ? place + 1 : place), rank + 1);
      const flow = through(b, spread, rule.partial(spread.value, x, scanOf(node)));
      return flow && total(b, flow, at + 1, x.shape[axis], rank);
    }
    case 'constant':
      return null;
  }
}

/** The tensor repeated to the shape, if it leaves out axes of it. */
export function repeated(b: Builder, value: Node, shape: Shape): Node {
  const first = shape.length - value.shape.length;
  const isWhole = first === 0 && value.shape.every((size, axis) => size !== 1 || shape[axis] === 1);
  return isWhole ? value : b.broadcast(value, shape);
}

/** The sum over the axes along which an operand of shape `to` was broadcast to shape `from`. */
function unbroadcast(b: Builder, flow: Flow, from: Shape, to: Shape): Flow {
  if (from === to) return flow;
  const first = from.length - to.length;
  const lengths = new Map<number, Size>();
  for (const [axis, size] of from.entries()) {
    const own = axis < first ? undefined : to[axis - first];
    if (size !== 1 && (own === undefined || own === 1)) lengths.set(placeOf(from, axis), size);
  }
  if (lengths.size === 0 && first === 0) return flow;
  return closed(b, summed(b, opened(b, flow), lengths), to.length);
}

/** The axes that a reduction leaves, in order. */
function keptAxes(x: Node, axes: readonly number[]): number[] {
  return x.shape.map((_, axis) => axis).filter(axis => !axes.includes(axis));
}

/** The sum of a tangent over the axes that the reduction `node` takes away. */
function reduced(b: Builder, t: Flow, node: Node, lead: Shape): Flow {
  const [x] = node.inputs;
  const { axes } = node.attrs as { readonly axes: readonly number[] };
  const kept = keptAxes(x, axes);
  const lengths = new Map(axes.map(axis => [placeOf(x.shape, axis), x.shape[axis]]));
  const sum = summed(b, opened(b, t), lengths);
  const rank = x.shape.length;
  const to = (place: number) =>
    place >= rank ? place - axes.length : kept.length - 1 - kept.indexOf(axisAt(x.shape, place));
  return closed(b, relabelled(sum, to), node.shape.length + lead.length);
}

/** The sum over the axis at `place`, whose length is `length`; `rank` is that of the result. */
function total(b: Builder, flow: Flow, place: number, length: Size, rank: number): Flow {
  const sum = summed(b, opened(b, flow), new Map([[place, length]]));
  return closed(
    b,
    relabelled(sum, each => (each > place ? each - 1 : each)),
    rank,
  );
}

function rerouted(b: Builder, flow: Flow, to: (place: number) => number, rank: number): Flow {
  return closed(b, relabelled(opened(b, flow), to), rank);
}

/** Axes are counted from the front in attributes, from the end in labels. */
function placeOf(shape: Shape, axis: number): number {
  return shape.length - 1 - axis;
}
const axisAt = placeOf;

function scanOf(node: Node) {
  return node.attrs as { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };
}

function isIndex({ op }: Node, index: number): boolean {
  return index === 1 && (op === 'gather' || op === 'scatterAdd');
}

// --- products -------------------------------------------------------------------------------------------------------

type BilinearRule = Extract<Rule, { readonly kind: 'bilinear' }>;

function pulledProduct(b: Builder, { product }: BilinearRule, g: Flow, node: Node, index: number): Flow {
  const { letters, x, y, out } = namesOf(node);
  const [own, other] = index === 0 ? [x, y] : [y, x];
  const named = relabelled(opened(b, g), place => out[axisAt(node.shape, place)]);
  const result = contracted(
    b,
    named,
    { node: node.inputs[1 - index], labels: other },
    own,
    ([p, q, r], flow, rest) =>
      index === 0 ? product(`${p},${q}->${r}`, flow, rest) : product(`${q},${p}->${r}`, rest, flow),
  );
  const shape = node.inputs[index].shape;
  const place = new Map(own.map((letter, axis) => [letter, placeOf(shape, axis)]));
  return closed(
    b,
    relabelled(result, letter => place.get(letter) ?? letters),
    shape.length,
  );
}

function pushedProduct(
  b: Builder,
  { product }: BilinearRule,
  t: Flow,
  node: Node,
  index: number,
  lead: Shape,
): Flow {
  const { letters, x, y, out } = namesOf(node);
  const [own, other] = index === 0 ? [x, y] : [y, x];
  const { shape } = node.inputs[index];
  const named = relabelled(opened(b, t), place =>
    place < own.length ? own[axisAt(shape, place)] : letters + (place - own.length),
  );
  const result = contracted(
    b,
    named,
    { node: node.inputs[1 - index], labels: other },
    [...descending(lead.length).map(at => letters + at), ...out],
    ([p, q, r], flow, rest) =>
      index === 0 ? product(`${p},${q}->${r}`, flow, rest) : product(`${q},${p}->${r}`, rest, flow),
  );
  const place = new Map(out.map((letter, axis) => [letter, placeOf(node.shape, axis)]));
  const to = (letter: number) => place.get(letter) ?? letter - letters + out.length;
  return closed(b, relabelled(result, to), out.length + lead.length);
}

/** The subscripts of a contraction as numbers below `letters`. */
function namesOf(node: Node) {
  const { x, y, out } = subscriptsOf((node.attrs as { readonly subscripts: string }).subscripts);
  const names = [...new Set([...x, ...y])];
  const numbers = (text: string) => [...text].map(letter => names.indexOf(letter));
  return { letters: names.length, x: numbers(x), y: numbers(y), out: numbers(out) };
}

// --- linear maps ----------------------------------------------------------------------------------------------------

/** A linear map over tensors with labelled axes. */
interface LinearMap {
  readonly motion: Motion;
  /** Where an axis goes; undefined if the map acts along it. */
  readonly to: (place: number) => number | undefined;
  readonly apply: (tensor: Labelled) => Labelled;
  /** Places are told by an index, which may be out of range where nothing is selected: there the value has to be 0. */
  readonly isIndexed: boolean;
}

function pulledLinear(b: Builder, rule: LinearRule, g: Flow, node: Node, index: number): Flow | null {
  const { shape } = node.inputs[index];
  const routes = routesOf(node, index);
  const to = (place: number): number | undefined => {
    const axis = routes.indexOf(axisAt(node.shape, place));
    return axis < 0 ? undefined : placeOf(shape, axis);
  };
  const isNeeded = (place: number) => node.op === 'reshape' || to(place) === undefined;
  const pull = (tensor: Labelled): Contribution =>
    rule.pull(whole(b, tensor, node.shape, isNeeded), node, index);
  const apply = (tensor: Labelled): Labelled => labelled(b, pull(tensor) as Node); // of masks and numbers there is no guard
  let mask: Node | null = null;
  const onValue = (tensor: Labelled): Labelled => {
    const sent = pull(tensor)!;
    if (!('mask' in sent)) return labelled(b, sent);
    ({ mask } = sent);
    return labelled(b, sent.value);
  };
  const flow = closed(
    b,
    carried(b, opened(b, g), { motion: rule.backward, to, apply, isIndexed: isIndexed(node) }, onValue),
    shape.length,
  );
  return mask === null ? flow : through(b, flow, { mask, value: flow.value });
}

function pushedLinear(b: Builder, rule: LinearRule, t: Flow, node: Node, index: number, lead: Shape): Flow {
  if (node.op === 'reduceSum') return reduced(b, t, node, lead);
  const { shape } = node.inputs[index];
  const rank = shape.length;
  const routes = routesOf(node, index);
  const to = (place: number): number | undefined => {
    if (place >= rank) return place - rank + node.shape.length;
    const axis = routes[axisAt(shape, place)];
    return axis === undefined ? undefined : placeOf(node.shape, axis);
  };
  const apply = (tensor: Labelled): Labelled => {
    const leads = tensor.labels.some(label => label >= rank) ? lead : [];
    const from = whole(b, tensor, [...leads, ...shape], place => place < rank && to(place) === undefined);
    const own = from.shape.slice(0, leads.length);
    if (rule.push !== undefined) return labelled(b, rule.push(from, node, index, own));
    return labelled(b, b.make(node.op, node.inputs.with(index, from), behind(node.attrs, own)));
  };
  const onValue = (tensor: Labelled): Labelled =>
    rule.forward === 'moves' && tensor.labels.every(label => to(label) !== undefined)
      ? { node: tensor.node, labels: tensor.labels.map(label => to(label)!) }
      : apply(tensor);
  const flow = node.op === 'diagonal' ? identified(b, opened(b, t), 1, 0) : opened(b, t);
  const map: LinearMap = { motion: rule.forward, to, apply, isIndexed: isIndexed(node) };
  const result = carried(b, flow, map, onValue);
  return closed(b, result, node.shape.length + lead.length);
}

/** The flow after the map: guards along whose axes nothing happens go on as they are, the others are mapped too. */
function carried(
  b: Builder,
  flow: Opened,
  { motion, to, apply, isIndexed }: LinearMap,
  onValue: LinearMap['apply'],
): Opened {
  const goesOn = (label: number) => to(label) !== undefined;
  const deltas = flow.deltas.filter(({ p, q }) => goesOn(p) && goesOn(q));
  const isFixed = motion === 'moves' || !isIndexed;
  const masks = flow.masks.filter(({ labels }) => isFixed && labels.every(goesOn));
  const links = flow.deltas.filter(delta => !deltas.includes(delta));
  const along = flow.masks.filter(mask => !masks.includes(mask));
  const kept = relabelled({ ...flow, value: one(b), deltas, masks }, label => to(label)!);
  if (motion === 'moves') {
    const moved = [...links.map(link => movedLink(b, link, to, apply)), ...along.map(apply)];
    return { ...kept, value: onValue(flow.value), masks: [...kept.masks, ...moved] };
  }
  const inner = conjunction(b, [...links.map(link => movedLink(b, link, label => label, apply)), ...along]);
  const isMasked = inner !== null && !flow.clean;
  const value = onValue(isMasked ? maskedBy(b, inner, flow.value) : flow.value);
  const reached = reachedBy(b, motion, inner, apply);
  const clean = flow.clean || (deltas.length === 0 && masks.length === 0);
  return { ...kept, value, masks: [...kept.masks, ...reached], clean };
}

/** Where a map that places or sums elements puts anything, if not everywhere. */
function reachedBy(
  b: Builder,
  motion: Motion,
  inner: Labelled | null,
  apply: LinearMap['apply'],
): readonly Labelled[] {
  if (inner === null && motion === 'sums') return [];
  const { node, labels } = apply(inner === null ? one(b) : { ...inner, node: b.real(inner.node) });
  const mask = nonzero(b, node);
  return mask === null ? [] : [{ node: mask, labels }];
}

/** True for a gather or scatterAdd whose index is not a literal. */
function isIndexed({ op, inputs }: Node): boolean {
  if (op !== 'gather' && op !== 'scatterAdd') return false;
  const index = inputs[1].op === 'broadcast' ? inputs[1].inputs[0] : inputs[1];
  return index.op !== 'array' && index.op !== 'const';
}

/** Where `node`, a sum of zeros and ones, is not zero; null if nowhere. */
function nonzero(b: Builder, node: Node): Node | null {
  const [x, y] = node.inputs;
  switch (node.op) {
    case 'real':
      return x;
    case 'size':
      return null;
    case 'const':
      return node.attrs.value === 0 ? b.constant(0) : null;
    case 'broadcast':
    case 'reshape':
    case 'permute': {
      const mask = nonzero(b, x);
      return mask && b.make(node.op, [mask], node.attrs);
    }
    case 'reduceSum': {
      const mask = nonzero(b, x);
      return mask && b.any(mask, node.attrs.axes);
    }
    case 'mul': {
      const [p, q] = [nonzero(b, x), nonzero(b, y)];
      return p && q ? b.and(p, q) : (p ?? q);
    }
    case 'pad': {
      if (nonzero(b, x) !== null) return b.ne(node, 0);
      const { axis, length } = node.attrs;
      const mask = within(b, { ...node.attrs, length }, x.shape[axis], node.shape.length);
      return mask && b.broadcast(mask, node.shape);
    }
    default:
      return b.ne(node, 0);
  }
}

/** The condition of a delta under a map that moves elements: the indices of the elements are moved. */
function movedLink(
  b: Builder,
  { p, q, length }: Delta,
  to: LinearMap['to'],
  apply: LinearMap['apply'],
): Labelled {
  const [x, y] = [p, q].map(label => {
    const index = { node: b.iota(length), labels: [label] };
    const place = to(label);
    return place === undefined ? apply(index) : { ...index, labels: [place] };
  });
  return equal(b, x, y);
}

/** The tensor over axes of the lengths of `shape`; of length 1 where it repeats, unless the axis `isNeeded`. */
function whole(b: Builder, tensor: Labelled, shape: Shape, isNeeded: (place: number) => boolean): Node {
  const { node, labels } = tensor;
  const lengths = shape.map((size, axis) => {
    const place = placeOf(shape, axis);
    const at = labels.indexOf(place);
    return at >= 0 ? node.shape[at] : isNeeded(place) ? size : 1;
  });
  return b.broadcast(laid(b, tensor, descending(shape.length)), lengths);
}

/** For each axis of the input where it is in the result; undefined if the operation acts along it. */
function routesOf(node: Node, index: number): readonly (number | undefined)[] {
  const { shape } = node.inputs[index];
  return shape.map((size, axis) => (size === 1 ? undefined : routeOf(node, shape, axis)));
}

function routeOf(node: Node, shape: Shape, axis: number): number | undefined {
  switch (node.op) {
    case 'broadcast':
      return axis + node.shape.length - shape.length;
    case 'permute':
      return inverse(node.attrs.permutation)[axis];
    case 'reduceSum': {
      const { axes } = node.attrs;
      return axes.includes(axis) ? undefined : axis - axes.filter(each => each < axis).length;
    }
    case 'reshape':
      return alikeAxis(shape, node.shape, axis);
    case 'diagonal': // the last axis is the one that stays
      if (axis === shape.length - 2) return undefined;
      return axis === shape.length - 1 ? axis - 1 : axis;
    case 'slice':
    case 'pad':
    case 'cumsum':
    case 'concat':
      return axis === node.attrs.axis ? undefined : axis;
    case 'gather': {
      const grown = node.inputs[1].shape.length - 1;
      if (axis === node.attrs.axis) return undefined;
      return axis < node.attrs.axis ? axis : axis + grown;
    }
    case 'scatterAdd': {
      const taken = node.inputs[1].shape.length;
      if (axis < node.attrs.axis) return axis;
      return axis < node.attrs.axis + taken ? undefined : axis - taken + 1;
    }
    default:
      return undefined;
  }
}

/** Where a reshape that only adds and removes axes of length 1 puts an axis; undefined if it does more. */
export function alikeAxis(from: Shape, to: Shape, axis: number): number | undefined {
  const axes = (shape: Shape) => shape.flatMap((size, at) => (size === 1 ? [] : [at]));
  const [p, q] = [axes(from), axes(to)];
  if (p.length !== q.length || !p.every((each, i) => sameSize(from[each], to[q[i]]))) return undefined;
  return q[p.indexOf(axis)];
}

/** The attributes of an operation over tensors with further axes in front. */
function behind(attrs: Attrs, lead: Shape): Attrs {
  const count = lead.length;
  if (attrs === undefined || count === 0) return attrs;
  if ('permutation' in attrs) {
    return { permutation: [...lead.keys(), ...attrs.permutation.map(axis => axis + count)] };
  }
  if ('axis' in attrs) return { ...attrs, axis: attrs.axis + count };
  return 'shape' in attrs && !('values' in attrs) ? { shape: [...lead, ...attrs.shape] } : attrs;
}

function one(b: Builder): Labelled {
  return { node: b.constant(1), labels: [] };
}
