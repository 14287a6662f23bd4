// What one function computes, as units of work: a unit fills one stored node (stored.ts), or a part of a concatenation,
// over loops of its own that the next stage (fuse.ts) merges with those of other units. Invariants: a loop of size 1 is no
// loop, its index is 0; loops over axes of the node come first up to `level`, where what is accumulated begins; the variables
// of `target`, `body` and `reads` are those of the unit's own axes.

import type { Node, Stretch } from '../../ir/graph.ts';
import { liveNodes } from '../../ir/live.ts';
import { SCALAR, type Shape, sameShape } from '../../ir/shape.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import { addSizes, type Size } from '../../ir/size.ts';
import { beginningAt, isKept, leveled, loopsOver, samplesFirst, triangular, type UnitAxis } from './axes.ts';
import { kernelOf, kernelOperands } from './contractions.ts';
import {
  type Deposit,
  type DepositUnit,
  depositUnits,
  type Listing,
  type ListingUnit,
  listingUnit,
  nodesOf,
  placedAtOnce,
} from './deposit.ts';
import type { Gram } from './gram.ts';
import { bestOrder } from './order.ts';
import type { Product } from './product.ts';
import { type Access, readsOf } from './reads.ts';
import {
  constantIndex,
  dynamicIndex,
  type Index,
  LoopVariable,
  plus,
  times,
  variableIndex,
} from './space.ts';
import { choose } from './stored.ts';
import { symmetryOf } from './symmetry.ts';
import type { ArrayRef } from './values.ts';

/** An operation among several. */
type NodeOf<O extends Node['op']> = Extract<Node, { readonly op: O }>;

interface UnitBase {
  readonly node: Node;
  /** Loops from the outermost to the innermost. */
  readonly axes: readonly UnitAxis[];
  /** Loops outside of the first that is not over an axis of the node: there the accumulator lives. */
  readonly level: number;
  /** The index of the node that the innermost body writes, or adds to. */
  readonly target: readonly Index<undefined>[];
  /** The elements that the body computes. */
  readonly body: readonly Access[];
  /** The stored elements that these read. */
  readonly reads: readonly Access[];
}

/** Each element from elements of other nodes: its body asks for the node itself, or for a part of a concatenation. */
export interface MapUnit extends UnitBase {
  readonly kind: 'map';
  readonly body: readonly [Access];
}

/** Sums of products, and reductions of one operand. */
export interface ReduceUnit extends UnitBase {
  readonly kind: 'reduce';
  readonly node: NodeOf<'contract' | Reduction>;
  readonly body: readonly [Access] | readonly [Access, Access];
}

type Reduction = 'reduceSum' | 'reduceProd' | 'reduceMax' | 'reduceMin' | 'any';

/** Partial sums or products along the last loop. */
export interface ScanUnit extends UnitBase {
  readonly kind: 'scan';
  readonly node: NodeOf<'cumsum' | 'cumprod'>;
  readonly body: readonly [Access];
}

/** What is added, and the position where; one index of the target is dynamic. */
export interface ScatterUnit extends UnitBase {
  readonly kind: 'scatter';
  readonly node: NodeOf<'scatterAdd'>;
  readonly body: readonly [Access, Access];
}

/** The position of the largest or smallest. */
export interface ArgUnit extends UnitBase {
  readonly kind: 'arg';
  readonly node: NodeOf<'argmax' | 'argmin'>;
  readonly body: readonly [Access];
}

/** A product of matrices by the kernel: it has no loops here, and reads its operands somewhere. */
export interface ProductUnit extends UnitBase {
  readonly kind: 'product';
  readonly node: NodeOf<'contract'>;
  readonly product: Product;
}

/** A symmetric product by its kernel. */
export interface GramUnit extends UnitBase {
  readonly kind: 'gram';
  readonly node: NodeOf<'contract'>;
  readonly gram: Gram;
}

/** A term of a sum that is a result, added to its array where the term lies: the term of `pad(x)` is x. */
export interface OverlayUnit extends UnitBase {
  readonly kind: 'overlay';
  readonly sign: '+' | '-';
  readonly body: readonly [Access];
}

/** A unit that fills a stored node, or a part of it. */
export type NodeUnit =
  | MapUnit
  | ReduceUnit
  | ScanUnit
  | ScatterUnit
  | ArgUnit
  | ProductUnit
  | GramUnit
  | OverlayUnit;

export type Unit = NodeUnit | DepositUnit | ListingUnit;

/** True for what fills a node: deposits and listings fill arrays that nobody reads. */
export function fillsNode(unit: Unit): unit is NodeUnit {
  return unit.kind !== 'deposit' && unit.kind !== 'listing';
}

/** What a function computes. */
export interface Work {
  /** In an order in which each finds what it reads. */
  readonly units: readonly Unit[];
  readonly stored: ReadonlySet<Node>;
  /** Values of deposits that are computed where they are put. */
  readonly placed: ReadonlyMap<Node, ArrayRef>;
  /** What scalar results read of stored nodes after all loops. */
  readonly reads: readonly Access[];
  /** By stored node: another one that is complete before its units begin, for the sake of memory. */
  readonly after: ReadonlyMap<Node, Node>;
  /** How many operations stand between an inline node and what is stored. */
  readonly depthOf: (node: Node) => number;
}

/**
 * The units that compute `roots` and `sinks`, in an order in which each finds what it reads. Of those in `triangles`,
 * symmetric matrices whose rows are so many axes, the lower triangle is computed only if it is read. Nodes that are
 * `inline` are computed where they are read rather than stored. `isRounded`: see `choose`.
 */
export function unitsOf(
  roots: readonly Node[],
  sinks: readonly (Deposit | Listing)[] = [],
  triangles: ReadonlyMap<Node, number> = new Map(),
  inline: ReadonlySet<Node> = new Set(),
  isRounded = false,
): Work {
  const asked = sinks.flatMap(nodesOf);
  const live = liveNodes([...roots, ...asked]);
  const { stored, depth } = choose(live, roots, asked, inline, isRounded);
  const deposits = sinks.filter(sink => sink.kind === 'deposit');
  const listings = sinks.filter(sink => sink.kind === 'listing');
  const atOnce = placedAtOnce(deposits, stored, live, roots);
  const placed = new Map(Array.from(atOnce, ([{ value }, array]) => [value, array]));
  const inCells = new Map(Array.from(atOnce.keys(), ({ cell, value }) => [cell, value]));
  const results = new Set([...roots, ...placed.keys()]);
  const units: Unit[] = live
    .filter(node => stored.has(node))
    .flatMap(node => (results.has(node) ? overlays(node, stored) : undefined) ?? unitsFor(node, stored));
  const rest = deposits.filter(deposit => !atOnce.has(deposit));
  units.push(...depositUnits(rest, inCells, stored));
  units.push(...listings.map(listing => listingUnit(listing, stored)));
  const scalars = roots.filter(({ shape }) => shape === SCALAR);
  const reads = scalars.flatMap(node => readsOf({ node, index: [] }, undefined, stored));
  const read = new Set([...units, { reads }].flatMap(unit => unit.reads.map(({ node }) => node)));
  const needed = units.map(unit => {
    const rowAxes = !fillsNode(unit) || read.has(unit.node) ? undefined : triangles.get(unit.node);
    return rowAxes === undefined ? unit : upperTriangle(unit, rowAxes);
  });
  return { units: needed, stored, placed, reads, after: new Map(), depthOf: ({ id }) => depth[id] };
}

/** The units that fill a stored node: one, or one for each part of a concatenation. */
function unitsFor(node: Node, stored: ReadonlySet<Node>): Unit[] {
  switch (node.op) {
    case 'contract':
      return [contraction(node, stored)];
    case 'reduceSum':
    case 'reduceProd':
    case 'reduceMax':
    case 'reduceMin':
    case 'any':
      return [reduction(node, stored)];
    case 'argmax':
    case 'argmin':
      return [search(node, stored)];
    case 'cumsum':
    case 'cumprod':
      return [scan(node, stored)];
    case 'scatterAdd':
      return [scatter(node, stored)];
    case 'concat':
      return parts(node, stored);
    default: {
      const { axes, index } = loopsOver(node.shape);
      return [map(node, axes, index, { node, index }, stored)];
    }
  }
}

/** More terms than this are not laid over each other. */
const MOST_OVERLAYS = 16;

/**
 * The terms of a sum with padding in it, each over its own extent: the adjoint of slices that overlap needs no condition
 * in its loops, and shares them with the formula. Undefined for all other nodes.
 */
function overlays(node: Node, stored: ReadonlySet<Node>): OverlayUnit[] | undefined {
  const terms: { readonly term: Node; readonly sign: '+' | '-' }[] = [];
  const pending: { readonly term: Node; readonly sign: '+' | '-' }[] = [{ term: node, sign: '+' }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { term, sign } = next;
    const [x, y] = term.inputs;
    if (!sameShape(term.shape, node.shape) || terms.length > MOST_OVERLAYS) return undefined;
    const other = sign === '+' ? '-' : '+';
    if (term !== node && stored.has(term)) terms.push(next);
    else if (term.op === 'neg') pending.push({ term: x, sign: other });
    else if (term.op === 'add' || term.op === 'sub') {
      pending.push({ term: y, sign: term.op === 'add' ? sign : other }, { term: x, sign });
    } else terms.push(next);
  }
  const isPadding = ({ term }: { readonly term: Node }) =>
    term.op === 'pad' && (term === node || !stored.has(term));
  if (!terms.some(isPadding)) return undefined;
  return terms.map(({ term, sign }) => {
    const stretches: Stretch[] = [];
    let source = term;
    while (source.op === 'pad' && (source === node || !stored.has(source))) {
      stretches.push(source.attrs);
      [source] = source.inputs;
    }
    const { axes, index } = loopsOver(source.shape);
    let target: readonly Index<undefined>[] = index;
    for (const { axis, start, step } of stretches.reverse()) {
      target = target.with(axis, plus(times(target[axis], step), constantIndex(start)));
    }
    const body = [{ node: source, index }] as const;
    const reads = allReads(body, node, stored);
    return { kind: 'overlay', node, sign, target, body, axes: samplesFirst(axes), level: 0, reads };
  });
}

function map(
  node: Node,
  axes: readonly UnitAxis[],
  target: readonly Index<undefined>[],
  of: Access,
  stored: ReadonlySet<Node>,
): MapUnit {
  const body = [of] as const;
  return {
    kind: 'map',
    node,
    target,
    body,
    ...leveled(samplesFirst(axes)),
    reads: allReads(body, node, stored),
  };
}

function parts(node: NodeOf<'concat'>, stored: ReadonlySet<Node>): MapUnit[] {
  const { axis } = node.attrs;
  let start: Size = 0;
  return node.inputs.map(part => {
    const { axes, index } = loopsOver(part.shape);
    const target = index.with(axis, plus(index[axis], constantIndex(start)));
    start = addSizes(start, part.shape[axis]);
    return map(node, axes, target, { node: part, index }, stored);
  });
}

/** Loops over the operand in its own order; the axes that are reduced have no place in the result. */
function reduction(node: ReduceUnit['node'] & NodeOf<Reduction>, stored: ReadonlySet<Node>): ReduceUnit {
  const { axes, target, body } = overOperand(node);
  return {
    kind: 'reduce',
    node,
    target,
    body,
    ...leveled(samplesFirst(axes)),
    reads: allReads(body, node, stored),
  };
}

/** The position of the largest is kept beside it, so the loops over what is searched come last. */
function search(node: ArgUnit['node'], stored: ReadonlySet<Node>): ArgUnit {
  const { axes, target, body } = overOperand(node);
  const order = [...axes.filter(isKept), ...axes.filter(axis => !isKept(axis))];
  return { kind: 'arg', node, target, body, ...leveled(order), reads: allReads(body, node, stored) };
}

function overOperand(node: NodeOf<Reduction | 'argmax' | 'argmin'>): {
  readonly axes: readonly UnitAxis[];
  readonly target: readonly Index<undefined>[];
  readonly body: readonly [Access];
} {
  const [x] = node.inputs;
  const { axes: reduced } = node.attrs;
  const { axes, index } = loopsOver(x.shape);
  const kept = [...x.shape.keys()].filter(axis => !reduced.includes(axis));
  const own = axes.map(
    (each): UnitAxis =>
      reduced.includes(each.axis)
        ? { ...each, kind: 'reduced', axis: undefined }
        : { ...each, axis: kept.indexOf(each.axis) },
  );
  return { axes: own, target: kept.map(axis => index[axis]), body: [{ node: x, index }] };
}

function scan(node: ScanUnit['node'], stored: ReadonlySet<Node>): ScanUnit {
  const { axis, reverse } = node.attrs;
  const { axes, index } = loopsOver(node.shape);
  const others = axes.filter(each => each.axis !== axis);
  const scanned = axes
    .filter(each => each.axis === axis)
    .map((each): UnitAxis => ({ ...each, kind: 'scanned', reverse }));
  const body = [{ node: node.inputs[0], index }] as const;
  const order = [...others, ...scanned];
  return { kind: 'scan', node, target: index, body, ...leveled(order), reads: allReads(body, node, stored) };
}

/** Loops over what is added: those over positions have no place in the result, where a dynamic index stands for them. */
function scatter(node: ScatterUnit['node'], stored: ReadonlySet<Node>): ScatterUnit {
  const [x, at] = node.inputs;
  const { axis } = node.attrs;
  const { axes, index } = loopsOver(x.shape);
  const rank = at.shape.length;
  const end = axis + rank;
  const target = [...index.slice(0, axis), dynamicIndex<undefined>(undefined), ...index.slice(end)];
  const own = axes.map((each): UnitAxis => {
    if (each.axis < axis) return each;
    if (each.axis < end) return { ...each, kind: 'reduced', axis: undefined };
    return { ...each, axis: each.axis - rank + 1 };
  });
  const body = [
    { node: x, index },
    { node: at, index: index.slice(axis, end) },
  ] as const;
  return { kind: 'scatter', node, target, body, ...leveled(own), reads: allReads(body, node, stored) };
}

function contraction(node: NodeOf<'contract'>, stored: ReadonlySet<Node>): Unit {
  const kernel = kernelOf(node);
  if (kernel === undefined) return sumOfProducts(node, stored);
  const body = kernelOperands(node, kernel).map(operand => {
    return { node: operand, index: operand.shape.map(() => dynamicIndex<undefined>(undefined)) };
  });
  return { ...kernel, node, target: [], body, axes: [], level: 0, reads: allReads(body, node, stored) };
}

/** Plain loops in the order that reads memory in rows; of a symmetric sum that an array takes up, over one triangle. */
function sumOfProducts(node: NodeOf<'contract'>, stored: ReadonlySet<Node>): ReduceUnit {
  const { x, y, out } = subscriptsOf(node.attrs.subscripts);
  const [a, b] = node.inputs;
  const sizes = new Map<string, Size>();
  for (const [k, letter] of [...x].entries()) sizes.set(letter, a.shape[k]);
  for (const [k, letter] of [...y].entries()) if (!sizes.has(letter)) sizes.set(letter, b.shape[k]);
  const variables = new Map(Array.from(sizes, ([letter, size]) => [letter, new LoopVariable(size)]));
  const indexFor = (letter: string) =>
    sizes.get(letter) === 1 ? constantIndex<undefined>(0) : variableIndex<undefined>(variables.get(letter)!);
  const axes = bestOrder(x, y, out)
    .filter(letter => sizes.get(letter) !== 1)
    .map((letter): UnitAxis => {
      const at = out.indexOf(letter);
      const variable = variables.get(letter)!;
      return at < 0
        ? { variable, kind: 'reduced', axis: undefined, reverse: false }
        : { variable, kind: 'kept', axis: at, reverse: false };
    });
  const at = (own: string, shape: Shape) =>
    [...own].map((letter, k) => (shape[k] === 1 ? constantIndex<undefined>(0) : indexFor(letter)));
  const body = [
    { node: a, index: at(x, a.shape) },
    { node: b, index: at(y, b.shape) },
  ] as const;
  const target = [...out].map(indexFor);
  const symmetry = symmetryOf(node);
  const pair = symmetry === undefined ? [] : [variables.get(symmetry.i), variables.get(symmetry.j)];
  return {
    kind: 'reduce',
    node,
    target,
    body,
    ...triangular(leveled(samplesFirst(axes)), pair),
    reads: allReads(body, node, stored),
  };
}

/** A unit that leaves out rows below the diagonal, as far as the first axis of rows and of columns tell. */
function upperTriangle(unit: Unit, rowAxes: number): Unit {
  if (unit.kind !== 'map' || unit.body[0].node !== unit.node) return unit;
  const row = unit.node.shape.findIndex(size => size !== 1);
  return row >= rowAxes ? unit : { ...unit, axes: beginningAt(unit.axes, row, row + rowAxes) };
}

function allReads(body: readonly Access[], self: Node, stored: ReadonlySet<Node>): Access[] {
  return body.flatMap(each => readsOf(each, self, stored));
}
