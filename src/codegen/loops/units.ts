// What one function computes, as units of work. A node is stored if it has to be complete before it is read (a
// reduction, a product, a result of the function) or if computing it where it is read would repeat dear work; all others
// are written into the loops of their readers. A unit fills one stored node, over loops of its own that the next stage
// (fuse.ts) merges with those of other units.

import type { AttrsOf, Node } from '../../ir/graph.ts';
import { liveNodes } from '../../ir/live.ts';
import { factsOf, isElementwise } from '../../ir/ops.ts';
import { SCALAR, type Shape } from '../../ir/shape.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import { addSizes, type Size } from '../../ir/size.ts';
import { FORMS } from '../forms.ts';
import { isProduct, type Product, productOf } from './product.ts';
import {
  constantIndex,
  dynamicIndex,
  type Index,
  isAligned,
  isView,
  LoopVariable,
  operandIndex,
  plus,
  throughView,
  variableIndex,
} from './space.ts';

/** How a loop of a unit relates to its node: over an axis of it, or over what is summed (or scanned) up. */
export type AxisKind = 'kept' | 'reduced' | 'scanned';

export interface UnitAxis {
  readonly variable: LoopVariable;
  readonly kind: AxisKind;
  /** The axis of the node that a kept or scanned loop runs over. */
  readonly axis: number | undefined;
  /** From the end. */
  readonly reverse: boolean;
}

/** An element that a unit reads: where, in its own loop variables; undefined if that is only known when it runs. */
export interface Access {
  readonly node: Node;
  readonly index: readonly Index<undefined>[];
}

export interface Unit {
  readonly node: Node;
  /** Loops from the outermost to the innermost. */
  readonly axes: readonly UnitAxis[];
  /** The index of the node that the innermost body writes. */
  readonly target: readonly Index<undefined>[];
  /** How the body's value is put there. */
  readonly kind: 'map' | 'reduce' | 'scan' | 'scatter' | 'arg' | 'product';
  /** Loops outside of the first reduced one: there the accumulator lives. */
  readonly level: number;
  /** What the body computes, and at which index it is asked for. */
  readonly body: readonly { readonly node: Node; readonly index: readonly Index<undefined>[] }[];
  readonly reads: readonly Access[];
  readonly product?: Product;
}

export interface Work {
  readonly units: readonly Unit[];
  readonly stored: ReadonlySet<Node>;
  /** What scalar results read of stored nodes after all loops. */
  readonly reads: readonly Access[];
  /** How many operations stand between an inline node and what is stored. */
  readonly depthOf: (node: Node) => number;
}

/** Inline nodes are not deeper than this: whoever computes one recurses over its operands. */
export const DEEPEST = 100;

/** Costs up to this are repeated rather than stored, in units of an addition. */
const CHEAP = 3;

/** The units that compute `roots`, in an order in which each finds what it reads. */
export function unitsOf(roots: readonly Node[]): Work {
  const live = liveNodes(roots);
  const { stored, depth } = choose(live, roots);
  const units = live.filter(node => stored.has(node)).flatMap(node => unitsFor(node, stored));
  const reads: Access[] = [];
  for (const root of roots) if (root.shape === SCALAR) collect(root, [], undefined, stored, reads);
  return { units, stored, reads, depthOf: ({ id }) => depth[id] };
}

/** Inputs and constants are there already. */
export function isLeaf({ op }: Node): boolean {
  return op === 'const' || op === 'input' || op === 'array' || op === 'size' || op === 'iota';
}

/** Operations whose elements are not independent of each other, or are written where they belong. */
function mustStore({ op, shape }: Node): boolean {
  switch (op) {
    case 'reduceSum':
    case 'reduceProd':
    case 'reduceMax':
    case 'reduceMin':
    case 'any':
    case 'argmax':
    case 'argmin':
    case 'cumsum':
    case 'cumprod':
    case 'scatterAdd':
    case 'contract':
      return true;
    case 'concat':
      return shape !== SCALAR;
    default:
      return false;
  }
}

function choose(
  live: readonly Node[],
  roots: readonly Node[],
): { readonly stored: ReadonlySet<Node>; readonly depth: Float64Array } {
  const stored = new Set<Node>();
  for (const root of roots) if (root.shape !== SCALAR) stored.add(root);
  const size = live.length === 0 ? 0 : live[live.length - 1].id + 1;
  const weight = new Float64Array(size);
  for (const node of live) weight[node.id] = weightOf(node, weight);
  const depth = new Float64Array(size);
  for (const node of live) {
    if (isLeaf(node) || mustStore(node) || stored.has(node)) continue;
    depth[node.id] = 1 + node.inputs.reduce((most, input) => Math.max(most, depth[input.id]), 0);
    if (depth[node.id] <= DEEPEST || node.shape === SCALAR) continue;
    stored.add(node);
    depth[node.id] = 0;
  }
  const demand = new Float64Array(size);
  const repeated = new Uint8Array(size);

  for (let i = live.length - 1; i >= 0; i--) {
    const node = live[i];
    if (isLeaf(node)) continue;
    if (mustStore(node)) stored.add(node);
    const isInline = isElementwise(node.op) || node.op === 'pad' || node.op === 'gather';
    const isShared = demand[node.id] > 1 || repeated[node.id] === 1;
    if (isInline && node.shape !== SCALAR && node.dtype !== 'bool' && isShared && weight[node.id] > CHEAP) {
      stored.add(node);
    }
    const isStored = stored.has(node);
    // The elements of an array lie in a row; those of an expression do not.
    if (node.op === 'reshape' && !isAligned(node.inputs[0].shape, node.shape)) store(node.inputs[0], stored);
    if (node.op === 'contract' && isProduct(node))
      for (const operand of node.inputs) storeOperand(operand, stored);
    const passed = isStored ? 1 : Math.max(1, demand[node.id]);
    for (const [k, input] of node.inputs.entries()) {
      demand[input.id] += passed;
      if ((!isStored && repeated[node.id] === 1) || repeats(node, k)) repeated[input.id] = 1;
    }
  }
  return { stored, depth };
}

function store(node: Node, stored: Set<Node>): void {
  if (!isLeaf(node) && node.shape !== SCALAR) stored.add(node);
  else if (node.op === 'iota') stored.add(node);
}

/** A product reads strided arrays: what is under the views of an operand is one. */
function storeOperand(operand: Node, stored: Set<Node>): void {
  let node = operand;
  while (!stored.has(node) && isStrided(node)) node = node.inputs[0];
  store(node, stored);
}

/** Views of an array that are strided arrays themselves. */
export function isStrided(node: Node): boolean {
  if (node.op === 'reshape') return isAligned(node.inputs[0].shape, node.shape);
  return isView(node) && node.op !== 'element';
}

/** The cost of computing an element where it is read. */
function weightOf(node: Node, weight: Float64Array): number {
  if (isLeaf(node) || mustStore(node)) return 0;
  let sum = FORMS[node.op].dear ? (factsOf(node.op).cost ?? 4) : (factsOf(node.op).cost ?? 1);
  // A scalar is computed once, before the loops.
  for (const input of node.inputs) if (input.shape !== SCALAR) sum += weight[input.id];
  return sum;
}

/** True if `node` asks for an element of its operand `k` again and again, outer loop after outer loop. */
function repeats(node: Node, k: number): boolean {
  const operand = node.inputs[k];
  if (node.op === 'contract') {
    const { x, y, out } = subscriptsOf(node.attrs.subscripts);
    const own = k === 0 ? x : y;
    return [...`${x}${y}${out}`].some(letter => !own.includes(letter));
  }
  if (node.op === 'broadcast' || isElementwise(node.op)) {
    const shift = node.shape.length - operand.shape.length;
    let isOuter = true;
    for (let axis = 0; axis < node.shape.length; axis++) {
      const own = axis < shift ? 1 : operand.shape[axis - shift];
      if (own !== 1) isOuter = false;
      else if (isOuter && node.shape[axis] !== 1 && operand.shape !== SCALAR) return true;
    }
    return false;
  }
  return node.op === 'gather' && k === 0;
}

/** The units that fill a stored node: one, or one for each part of a concatenation. */
function unitsFor(node: Node, stored: ReadonlySet<Node>): Unit[] {
  switch (node.op) {
    case 'contract':
      return [isProduct(node) ? productUnit(node, stored) : contraction(node, stored)];
    case 'reduceSum':
    case 'reduceProd':
    case 'reduceMax':
    case 'reduceMin':
    case 'any':
      return [reduction(node, node.attrs.axes, 'reduce', stored)];
    case 'argmax':
    case 'argmin':
      return [reduction(node, node.attrs.axes, 'arg', stored)];
    case 'cumsum':
    case 'cumprod':
      return [scan(node, node.attrs, stored)];
    case 'scatterAdd':
      return [scatter(node, stored)];
    case 'concat':
      return parts(node, node.attrs.axis, stored);
    default: {
      const { axes, index } = loopsOver(node.shape);
      return [unit(node, axes, index, 'map', bodyOf(node, index), stored)];
    }
  }
}

/** A mapped node is computed from its operands; asked for itself it would be read from where it is to be stored. */
function bodyOf(node: Node, index: readonly Index<undefined>[]): Unit['body'] {
  return [{ node, index }];
}

function loopsOver(shape: Shape): { axes: UnitAxis[]; index: Index<undefined>[] } {
  const axes: UnitAxis[] = [];
  const index = shape.map((size, axis) => {
    if (size === 1) return constantIndex<undefined>(0);
    const variable = new LoopVariable(size);
    axes.push({ variable, kind: 'kept', axis, reverse: false });
    return variableIndex<undefined>(variable);
  });
  return { axes, index };
}

function unit(
  node: Node,
  axes: readonly UnitAxis[],
  target: readonly Index<undefined>[],
  kind: Unit['kind'],
  body: Unit['body'],
  stored: ReadonlySet<Node>,
): Unit {
  const order = kind === 'map' || kind === 'reduce' ? samplesFirst(axes) : axes;
  const first = order.findIndex(axis => axis.kind !== 'kept');
  const reads: Access[] = [];
  for (const part of body) collect(part.node, part.index, node, stored, reads);
  return {
    node,
    axes: order,
    target,
    kind,
    level: first < 0 ? order.length : first,
    body,
    reads,
  };
}

/**
 * Loops over named sizes outside of loops over numbers: a named size is that of a sample, most often, and what runs
 * sample by sample can be merged. Sums keep their place, for the sake of memory that is read in rows.
 */
function samplesFirst(axes: readonly UnitAxis[]): readonly UnitAxis[] {
  const order: UnitAxis[] = [];
  for (const axis of axes) {
    let at = order.length;
    if (axis.kind === 'kept' && typeof axis.variable.size !== 'number') {
      while (at > 0 && typeof order[at - 1].variable.size === 'number') at--;
    }
    order.splice(at, 0, axis);
  }
  return order;
}

/** Loops over the operand in its own order; the axes that are reduced have no place in the result. */
function reduction(
  node: Node,
  reduced: readonly number[],
  kind: 'reduce' | 'arg',
  stored: ReadonlySet<Node>,
): Unit {
  const [x] = node.inputs;
  const { axes, index } = loopsOver(x.shape);
  const kept = [...x.shape.keys()].filter(axis => !reduced.includes(axis));
  const own = axes.map(axis =>
    reduced.includes(axis.axis!)
      ? ({ ...axis, kind: 'reduced', axis: undefined } as const)
      : { ...axis, axis: kept.indexOf(axis.axis!) },
  );
  // The position of the largest is kept beside it: its loops come last.
  const order =
    kind === 'arg' ? [...own.filter(a => a.kind === 'kept'), ...own.filter(a => a.kind !== 'kept')] : own;
  return unit(
    node,
    order,
    kept.map(axis => index[axis]),
    kind,
    [{ node: x, index }],
    stored,
  );
}

function scan(node: Node, { axis, reverse }: AttrsOf['cumsum'], stored: ReadonlySet<Node>): Unit {
  const { axes, index } = loopsOver(node.shape);
  const others = axes.filter(each => each.axis !== axis);
  const scanned = axes
    .filter(each => each.axis === axis)
    .map(each => ({ ...each, kind: 'scanned' as const, reverse }));
  return unit(node, [...others, ...scanned], index, 'scan', [{ node: node.inputs[0], index }], stored);
}

function scatter(node: Extract<Node, { op: 'scatterAdd' }>, stored: ReadonlySet<Node>): Unit {
  const [x, at] = node.inputs;
  const { axis } = node.attrs;
  const { axes, index } = loopsOver(x.shape);
  const rank = at.shape.length;
  const inner = index.slice(axis, axis + rank);
  const target = [...index.slice(0, axis), dynamicIndex<undefined>(undefined), ...index.slice(axis + rank)];
  const own = axes.map(each => {
    if (each.axis! < axis) return each;
    if (each.axis! < axis + rank) return { ...each, kind: 'reduced' as const, axis: undefined };
    return { ...each, axis: each.axis! - rank + 1 };
  });
  return unit(
    node,
    own,
    target,
    'scatter',
    [
      { node: x, index },
      { node: at, index: inner },
    ],
    stored,
  );
}

function parts(node: Node, axis: number, stored: ReadonlySet<Node>): Unit[] {
  let start: Size = 0;
  return node.inputs.map(part => {
    const { axes, index } = loopsOver(part.shape);
    const target = index.map((each, at) =>
      at === axis ? plus(each, constantIndex<undefined>(start)) : each,
    );
    start = addSizes(start, part.shape[axis]);
    return unit(node, axes, target, 'map', [{ node: part, index }], stored);
  });
}

/** A sum of products in plain loops, in the order that reads memory in rows. */
function contraction(node: Extract<Node, { op: 'contract' }>, stored: ReadonlySet<Node>): Unit {
  const { x, y, out } = subscriptsOf(node.attrs.subscripts);
  const [a, b] = node.inputs;
  const sizes = new Map<string, Size>();
  for (const [k, letter] of [...x].entries()) sizes.set(letter, a.shape[k]);
  for (const [k, letter] of [...y].entries()) if (!sizes.has(letter)) sizes.set(letter, b.shape[k]);
  const letters = bestOrder(x, y, out);
  const variables = new Map(letters.map(letter => [letter, new LoopVariable(sizes.get(letter)!)]));
  const indexFor = (letter: string) =>
    sizes.get(letter) === 1 ? constantIndex<undefined>(0) : variableIndex<undefined>(variables.get(letter)!);
  const axes = letters
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
  return unit(
    node,
    axes,
    [...out].map(indexFor),
    'reduce',
    [
      { node: a, index: at(x, a.shape) },
      { node: b, index: at(y, b.shape) },
    ],
    stored,
  );
}

/**
 * Rows first: the letters in the order of the operand that has more of them, so that its memory is read in order; the
 * other letters before the last one that both have, so that the inner loop is long and its accumulator stays in a register.
 */
function bestOrder(x: string, y: string, out: string): string[] {
  const all = [...new Set([...x, ...y])];
  const orders = all.length <= 4 ? permutations(all) : [all];
  let best = orders[0];
  let least = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    const cost = costOf(order, x, y, out);
    if (cost < least) [least, best] = [cost, order];
  }
  return best;
}

function costOf(order: readonly string[], x: string, y: string, out: string): number {
  const inner = order[order.length - 1];
  let cost = 0;
  for (const own of [x, y, out]) {
    // the innermost loop walks through memory, or does not move at all
    if (own.includes(inner) && own[own.length - 1] !== inner) cost += own === out ? 6 : 4;
  }
  if (out.includes(inner)) cost += 1; // a store in each step
  // outer letters in the order of the result and the operands
  for (const own of [out, x, y]) {
    const places = [...own].map(letter => order.indexOf(letter));
    for (let k = 1; k < places.length; k++) if (places[k] < places[k - 1]) cost += own === out ? 0.4 : 0.5;
  }
  return cost + 0.1 * order.indexOf(x[0]);
}

function permutations(letters: readonly string[]): string[][] {
  if (letters.length <= 1) return [[...letters]];
  return letters.flatMap((letter, k) => permutations(letters.toSpliced(k, 1)).map(rest => [letter, ...rest]));
}

function productUnit(node: Extract<Node, { op: 'contract' }>, stored: ReadonlySet<Node>): Unit {
  const product = productOf(node);
  const reads: Access[] = [];
  for (const operand of node.inputs) {
    const index = operand.shape.map(() => dynamicIndex<undefined>(undefined));
    collect(operand, index, node, stored, reads);
  }
  return {
    node,
    axes: [],
    target: [],
    kind: 'product',
    level: 0,
    body: node.inputs.map(operand => ({ node: operand, index: [] })),
    reads,
    product,
  };
}

/** Notes every stored element that computing `node` at `index` reads; `self` is what is being computed. */
function collect(
  node: Node,
  index: readonly Index<undefined>[],
  self: Node | undefined,
  stored: ReadonlySet<Node>,
  reads: Access[],
): void {
  const seen = new Map<Node, (readonly Index<undefined>[])[]>();
  const pending: Access[] = [{ node, index }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node: at, index: where } = next;
    if (at.op === 'const' || at.op === 'size') continue;
    const known = seen.get(at) ?? [];
    if (known.some(other => sameIndex(other, where))) continue;
    seen.set(at, [...known, where]);
    if (at !== self && (stored.has(at) || isLeaf(at) || mustStore(at))) {
      reads.push(next);
      continue;
    }
    for (const operand of operandsAt(at, where)) pending.push(operand);
  }
}

function sameIndex(a: readonly Index<undefined>[], b: readonly Index<undefined>[]): boolean {
  return a.length === b.length && a.every((part, k) => part === b[k]);
}

/** What the element `index` of an inline node is computed from. */
function operandsAt(node: Node, index: readonly Index<undefined>[]): Access[] {
  const [x, y] = node.inputs;
  if (isView(node)) return [{ node: x, index: throughView(node, index) }];
  switch (node.op) {
    case 'pad':
      return [
        {
          node: x,
          index: index.map((part, at) => (at === node.attrs.axis ? dynamicIndex(undefined) : part)),
        },
      ];
    case 'gather': {
      const { axis } = node.attrs;
      const rank = y.shape.length;
      const inner = [
        ...index.slice(0, axis),
        dynamicIndex<undefined>(undefined),
        ...index.slice(axis + rank),
      ];
      return [
        { node: x, index: inner },
        { node: y, index: index.slice(axis, axis + rank) },
      ];
    }
    default:
      return node.inputs.map(input => ({
        node: input,
        index: operandIndex(input.shape, node.shape, index),
      }));
  }
}
