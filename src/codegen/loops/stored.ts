// Which nodes are stored. A node is stored if it has to be complete before it is read (a reduction, a product, a result of
// the function), if computing it where it is read would repeat dear work, or if it stands too high above what is stored: all
// others are inline, written into the loops of their readers. Where loops differ in rounding, a number that is compared with the
// maximum it was taken from is stored too: computed again, it might not be found. Invariants: scalars and views are not stored because they
// are dear, since a scalar is computed once and a view is free; an inline tensor is at most DEEPEST operations above what
// is stored, so whoever computes one may recurse over its operands.

import type { Node } from '../../ir/graph.ts';
import { factsOf, isElementwise } from '../../ir/ops.ts';
import { SCALAR } from '../../ir/shape.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import { FORMS } from '../forms.ts';
import { kernelOf, kernelOperands } from './contractions.ts';
import { isAligned, isView } from './space.ts';

/** Inline tensors are not deeper than this; scalars may be (elements.ts). */
export const DEEPEST = 100;

/** Costs up to this are repeated rather than stored, in units of an addition. */
const CHEAP = 3;

export interface Choice {
  readonly stored: ReadonlySet<Node>;
  /** By id: how many operations stand between a node and what is stored; 0 for what is. */
  readonly depth: Float64Array;
}

/** Inputs and constants are there already. */
export function isLeaf({ op }: Node): boolean {
  return op === 'const' || op === 'input' || op === 'array' || op === 'size' || op === 'iota';
}

/** Operations whose elements are not independent of each other, or are written where they belong. */
export function mustStore({ op, shape }: Node): boolean {
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

/**
 * What is stored of the `live` nodes, which come in the order of the graph, to compute `roots` and to read the nodes in
 * `asked`, each as often as it stands there. Those that are `inline` are computed where they are read, if they can be.
 * `isRounded` says that loops differ in rounding: some compute in single precision, others in doubles.
 */
export function choose(
  live: readonly Node[],
  roots: readonly Node[],
  asked: readonly Node[] = [],
  inline: ReadonlySet<Node> = new Set(),
  isRounded = false,
): Choice {
  const stored = new Set<Node>();
  if (isRounded) for (const node of live) storeCompared(node, stored);
  for (const root of roots) if (root.shape !== SCALAR) stored.add(root);
  const size = live.length === 0 ? 0 : live[live.length - 1].id + 1;
  const weight = new Float64Array(size);
  for (const node of live) weight[node.id] = weightOf(node, weight);
  const depth = storeDeep(live, stored, size);
  // How often an element is asked for, as far as readers tell; whether it is, again and again, in outer loops.
  const demand = new Float64Array(size);
  const repeated = new Uint8Array(size);
  for (const { id } of asked) demand[id]++;

  for (let i = live.length - 1; i >= 0; i--) {
    const node = live[i];
    if (isLeaf(node)) continue;
    if (mustStore(node)) stored.add(node);
    const isInline = isElementwise(node.op) || node.op === 'pad' || node.op === 'gather';
    const isShared = demand[node.id] > 1 || repeated[node.id] === 1;
    const isDear = isShared && weight[node.id] > CHEAP && !inline.has(node);
    if (isInline && node.shape !== SCALAR && node.dtype !== 'bool' && isDear) stored.add(node);
    const isStored = stored.has(node);
    // The elements of an array lie in a row; those of an expression do not.
    if (node.op === 'reshape' && !isAligned(node.inputs[0].shape, node.shape)) store(node.inputs[0], stored);
    const kernel = node.op === 'contract' ? kernelOf(node) : undefined;
    const passed = isStored ? 1 : Math.max(1, demand[node.id]);
    if (node.op === 'contract' && kernel !== undefined) {
      for (const operand of kernelOperands(node, kernel)) {
        storeOperand(operand, stored);
        demand[operand.id] += passed;
      }
      continue;
    }
    for (const [k, input] of node.inputs.entries()) {
      demand[input.id] += passed;
      if ((!isStored && repeated[node.id] === 1) || repeats(node, k)) repeated[input.id] = 1;
    }
  }
  return { stored, depth };
}

/** Stores tensors where inline ones would become too deep; returns depths, by id. */
function storeDeep(live: readonly Node[], stored: Set<Node>, size: number): Float64Array {
  const depth = new Float64Array(size);
  for (const node of live) {
    if (isLeaf(node) || mustStore(node) || stored.has(node)) continue;
    depth[node.id] = 1 + node.inputs.reduce((most, input) => Math.max(most, depth[input.id]), 0);
    if (depth[node.id] <= DEEPEST || node.shape === SCALAR) continue;
    stored.add(node);
    depth[node.id] = 0;
  }
  return depth;
}

/** Stores operands of a comparison that has to find a number again: an equality, or one with a maximum or minimum. */
function storeCompared({ op, inputs }: Node, stored: Set<Node>): void {
  if (op !== 'lt' && op !== 'le' && op !== 'eq' && op !== 'ne') return;
  const operands = inputs.map(belowViews);
  const others = operands.filter(operand => !EXTREMA.has(operand.op));
  if (op === 'lt' || op === 'le') if (others.length === operands.length) return;
  // A maximum of what is stored is found again; one of two maxima need not be of that.
  for (const operand of others.length > 0 ? others : operands) store(operand, stored);
}

const EXTREMA: ReadonlySet<string> = new Set(['max', 'min', 'reduceMax', 'reduceMin']);

function belowViews(node: Node): Node {
  let below = node;
  while (isView(below)) below = below.inputs[0];
  return below;
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
function isStrided(node: Node): boolean {
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
    let isRepeated = false; // along an axis outside of one that the operand has
    for (let axis = 0; axis < node.shape.length; axis++) {
      const own = axis < shift ? 1 : operand.shape[axis - shift];
      if (own !== 1 && isRepeated) return true;
      if (own === 1 && node.shape[axis] !== 1) isRepeated = true;
    }
    return false;
  }
  return node.op === 'gather' && k === 0;
}
