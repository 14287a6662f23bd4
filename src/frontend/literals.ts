// Array literals: [1, 2; 3, 4] of numbers is an array of constants, [x, y] of scalars a list, [v, w] of arrays a stack.

import type { Span } from '../errors.ts';
import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { MOST_INPUTS } from '../ir/ops.ts';
import { type Shape, sameShape } from '../ir/shape.ts';
import { sizeText } from '../ir/size.ts';
import type { ArrayNode, Ast } from './ast.ts';
import { arrayText, differ, Mistake } from './mistakes.ts';
import {
  isElement,
  isList,
  isNode,
  MAX_RANK,
  type Present,
  rankOf,
  shapeOf,
  toNode,
  toReal,
} from './values.ts';

/** Numbers and their shape. */
interface Constants {
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** Shorter literals are lists of constants, which fold with what is computed from them. */
const SHORTEST_ARRAY = 65;

/** The value of a literal of numbers alone: one node however long it is. */
export function constantArray(b: Builder, { values, shape }: Constants): Present {
  if (values.length >= SHORTEST_ARRAY) return b.array(values, shape);
  return { kind: 'list', shape, elements: values.map(value => b.constant(value)) };
}

/** The numbers of a literal that holds nothing else, in rows of one length; undefined for any other. */
export function constantsIn(literal: ArrayNode): Constants | undefined {
  const values: number[] = [];
  const shape = collect(literal, values, 0);
  return shape === undefined ? undefined : { values, shape };
}

function collect({ items }: ArrayNode, values: number[], depth: number): number[] | undefined {
  let inner: readonly number[] | undefined;
  for (const item of items) {
    let shape: readonly number[] | undefined = SCALAR_SHAPE;
    if (item.type === 'Array') shape = depth + 1 < MAX_RANK ? collect(item, values, depth + 1) : undefined;
    else {
      const value = numberOf(item);
      if (value === undefined) return undefined;
      values.push(value);
    }
    if (shape === undefined || (inner !== undefined && inner.join() !== shape.join())) return undefined;
    inner = shape;
  }
  return inner === undefined ? undefined : [items.length, ...inner];
}

const SCALAR_SHAPE: readonly number[] = [];

/** A number with its sign. */
function numberOf(node: Ast): number | undefined {
  if (node.type === 'Constant') {
    return typeof node.value === 'number' && !Number.isNaN(node.value) ? node.value : undefined;
  }
  if (node.type !== 'Operator' || node.args.length !== 1 || node.fn !== 'unaryMinus') return undefined;
  const [operand] = node.args;
  const value = operand.type === 'Constant' ? numberOf(operand) : undefined;
  return value === undefined ? undefined : -value;
}

/** The array of `items`. Throws `Mistake`. */
export function arrayOf(b: Builder, items: readonly Present[], span: Span): Present {
  const refuse = (message: string): Mistake => new Mistake('array', message, span);
  const [first] = items;
  if (first === undefined) throw refuse('an array needs at least one element');
  if (items.some(isElement)) throw refuse('inside of a mapped function there are numbers only');
  const shape = shapeOf(first);
  if (items.some(item => (rankOf(item) === 0) !== (shape.length === 0))) {
    throw refuse('an array cannot hold both numbers and arrays');
  }
  if (shape.length === 0) return { kind: 'list', shape: [items.length], elements: items.filter(isNode) };
  if (shape.length >= MAX_RANK) throw refuse(`an array has at most ${MAX_RANK} dimensions`);
  const other = items.find(item => !isAlike(shapeOf(item), shape));
  if (other !== undefined) throw refuse(rowsText(shape, shapeOf(other)));
  if (!isList(first) || !items.every(isList)) {
    return stacked(
      b,
      items.map(item => toReal(b, toNode(b, item))),
    );
  }
  const elements: Node[] = [];
  for (const item of items) for (const element of item.elements) elements.push(element);
  return { kind: 'list', shape: [items.length, ...first.shape], elements };
}

function isAlike(p: Shape, q: Shape): boolean {
  return sameShape(p, q) || (p.length === q.length && !p.some((size, axis) => differ(size, q[axis])));
}

function rowsText(p: Shape, q: Shape): string {
  if (p.length === 1 && q.length === 1)
    return `rows of ${sizeText(p[0])} and of ${sizeText(q[0])} elements in one array`;
  return `${arrayText(p)} and ${arrayText(q)} in one array`;
}

/** Arrays of one shape along a new first axis, however many. */
function stacked(b: Builder, nodes: readonly Node[]): Node {
  let parts = nodes.map(node => b.expand(node, [0]));
  while (parts.length > 1) {
    const joins: Node[] = [];
    for (let i = 0; i < parts.length; i += MOST_INPUTS)
      joins.push(b.concat(0, parts.slice(i, i + MOST_INPUTS)));
    parts = joins;
  }
  return parts[0];
}
