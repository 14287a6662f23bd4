// Elements and parts of arrays: A[i, j], A[2:end, 1], x[[3, 1]], with positions that count from 1. A position drops its
// axis, a range or a vector keeps it. What is known to be inside is a slice; a position that is known only when the
// module runs is a gather, which checks it then; what is known to be outside is a mistake.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { type Size, sizeText, subtractSizes } from '../ir/size.ts';
import type { Ast } from './ast.ts';
import { arrayText, briefText, type Call, Mistake, type Operand } from './mistakes.ts';
import {
  constantsOf,
  isElement,
  isList,
  isNeverNegative,
  isNode,
  isRange,
  type ListValue,
  type Present,
  type RangeValue,
  rankOf,
  shapeOf,
  sizeOf,
  toNode,
} from './values.ts';

/** What is taken along one axis. */
type Pick =
  | {
      readonly kind: 'slice';
      readonly start: Size;
      readonly step: number;
      readonly length: Size;
      readonly drop: boolean;
    }
  | { readonly kind: 'gather'; readonly index: Node; readonly map?: number };

/** The array that `count` positions are in: the first operand. Throws `Mistake` if it does not take so many. */
export function indexed(call: Call, count: number): Present {
  const [{ value }] = call.operands;
  const shape = shapeOf(value);
  if (shape.length === 0) throw call.undecided(0, count);
  if (count === shape.length) return value;
  throw call.mismatch(
    `${arrayText(shape)} takes ${shape.length} ${shape.length === 1 ? 'index' : 'indices'}, not ${count}`,
    'a whole dimension is written `:`',
  );
}

/** The part of the first operand at the positions that the others are. */
export function pick(call: Call, selections: readonly Operand[] = call.operands.slice(1)): Present {
  const object = indexed(call, selections.length);
  const shape = shapeOf(object);
  const picks = selections.map((selection, axis) => pickOf(call, selection, shape[axis]));
  if (isList(object)) {
    const positions = picks.map(positionsOf);
    if (!positions.includes(undefined)) return fromList(call, object, positions as number[][], picks);
  }
  return fromNode(call, toNode(call.b, object), picks);
}

/** Slices first: what they leave out is not gathered. From the last axis to the first, since some axes go. */
function fromNode(call: Call, object: Node, picks: readonly Pick[]): Present {
  const { b } = call;
  let x = object;
  for (const [axis, each] of [...picks.entries()].reverse()) {
    if (each.kind === 'gather') continue;
    x = b.slice(x, { axis, start: each.start, step: each.step, length: each.length });
  }
  const dropped = picks.map(each => each.kind === 'slice' && each.drop);
  x = b.reshape(
    x,
    x.shape.filter((_, axis) => !dropped[axis]),
  );
  const gathers = picks.filter((_, axis) => !dropped[axis]);
  for (const [axis, each] of [...gathers.entries()].reverse()) {
    if (each.kind === 'gather') x = b.gather(x, each.index, axis);
  }
  const maps = picks.flatMap(each => (each.kind === 'gather' && each.map !== undefined ? [each.map] : []));
  if (maps.length === 0) return x;
  const keeps = (each: Pick): boolean =>
    each.kind === 'slice' ? !each.drop : each.map === undefined && each.index.shape.length > 0;
  if (maps.length === 1 && !picks.some(keeps)) return { kind: 'element', node: x, map: maps[0] };
  throw call.mistake(
    'mapped-array',
    'inside of a mapped function an index gives one number',
    'use its parameter in one dimension, and constants in the others',
  );
}

/** The 0-based positions that a slice of static shape takes. */
function positionsOf(each: Pick): number[] | undefined {
  if (each.kind !== 'slice' || typeof each.start !== 'number' || typeof each.length !== 'number')
    return undefined;
  const { start, step } = each;
  return Array.from({ length: each.length }, (_, i) => start + i * step);
}

function fromList(
  call: Call,
  { shape, elements }: ListValue,
  positions: readonly (readonly number[])[],
  picks: readonly Pick[],
): Present {
  let taken = [0];
  for (const [axis, own] of positions.entries()) {
    taken = taken.flatMap(before => own.map(position => before * shape[axis] + position));
  }
  const kept = positions.filter((_, axis) => {
    const each = picks[axis];
    return each.kind === 'gather' || !each.drop;
  });
  if (kept.length === 0) return elements[taken[0]];
  const part = taken.map(position => elements[position]);
  if (part.length > 0) return { kind: 'list', shape: kept.map(({ length }) => length), elements: part };
  return call.b.broadcast(
    0,
    kept.map(({ length }) => length),
  );
}

function pickOf(call: Call, selection: Operand, size: Size): Pick {
  const { value, node } = selection;
  if (isMask(value) || isTruth(node)) throw maskIndex(selection);
  if (isElement(value)) return { kind: 'gather', index: whole(value.node, selection), map: value.map };
  if (isRange(value)) return rangePick(call, value, selection, size);
  const rank = rankOf(value);
  if (rank === 0) return positionPick(call, toNode(call.b, value), selection, size);
  if (rank > 1) {
    throw new Mistake(
      'index',
      `an index is a number, a range or a vector, not ${briefText(shapeOf(value))}`,
      node.span,
      { hints: ['flatten(A) is a vector'] },
    );
  }
  const constants = constantsOf(value);
  if (constants !== undefined) return constantsPick(call, constants, selection, size);
  return { kind: 'gather', index: whole(toNode(call.b, value), selection) };
}

/** One position. */
function positionPick(call: Call, index: Node, selection: Operand, size: Size): Pick {
  const position = sizeOf(index);
  if (position === undefined) {
    const constant = constantOf(index);
    if (constant !== undefined) throw notAnInteger(constant, selection);
    return { kind: 'gather', index: whole(index, selection) };
  }
  return isInside(call, position, position, selection, size)
    ? { kind: 'slice', start: subtractSizes(position, 1), step: 1, length: 1, drop: true }
    : { kind: 'gather', index: call.b.size(position) };
}

function rangePick(call: Call, range: RangeValue, selection: Operand, size: Size): Pick {
  const { start, step, length, end } = range;
  const isExact = typeof length === 'number' || Math.abs(step) === 1;
  const [low, high] = step > 0 ? [start, end] : [end, start];
  if (length === 0 || isInside(call, low, high, selection, size, isExact)) {
    const first = length === 0 ? 0 : subtractSizes(start, 1);
    return { kind: 'slice', start: first, step: length === 1 ? 1 : step, length, drop: false };
  }
  return { kind: 'gather', index: toNode(call.b, range) };
}

/** A vector of constant positions: a slice if they are equally far apart. */
function constantsPick(call: Call, positions: readonly number[], selection: Operand, size: Size): Pick {
  const fraction = positions.find(position => !Number.isInteger(position));
  if (fraction !== undefined) throw notAnInteger(fraction, selection);
  const { length } = positions;
  const [start = 1, second = start + 1] = positions;
  const step = second - start;
  if (step !== 0 && positions.every((position, i) => position === start + i * step)) {
    return rangePick(
      call,
      { kind: 'range', start, step, length, end: start + (length - 1) * step },
      selection,
      size,
    );
  }
  for (const position of positions) isInside(call, position, position, selection, size);
  return { kind: 'gather', index: call.b.array(positions, [positions.length]) };
}

/**
 * True if the positions from `low` to `high` are inside whatever the sizes are; false if it cannot be told. Throws if it
 * is certain that they are not: `isExact` says that `low` and `high` are positions, not only bounds of them.
 */
function isInside(call: Call, low: Size, high: Size, { node }: Operand, size: Size, isExact = true): boolean {
  const [below, above] = [subtractSizes(low, 1), subtractSizes(size, high)];
  const outside = isOutside(below) ? low : isOutside(above) ? high : undefined;
  if (outside !== undefined && isExact) {
    const message = `position ${sizeText(outside)} is out of range: the dimension has length ${sizeText(size)}`;
    throw new Mistake('index', message, node.span, {
      label: call.describe(0),
      ...(isOutside(below) && { hints: ['positions count from 1'] }),
    });
  }
  return isNeverNegative(below) && isNeverNegative(above);
}

/** True if `room` is negative whatever the named sizes are. */
function isOutside(room: Size): boolean {
  return typeof room === 'number' && room < 0;
}

function isMask(value: Present): boolean {
  if (isList(value)) return value.elements.some(({ dtype }) => dtype === 'bool');
  if (isElement(value)) return value.node.dtype === 'bool';
  return isNode(value) && value.dtype === 'bool';
}

/** True for `true`, and for an array of it and `false`, which are numbers elsewhere. */
function isTruth(node: Ast): boolean {
  if (node.type === 'Array') return node.items.some(isTruth);
  return node.type === 'Constant' && typeof node.value === 'boolean';
}

function maskIndex({ node }: Operand): Mistake {
  return new Mistake('mask-index', 'a condition is not an index', node.span, {
    hints: [
      'how many elements it takes would depend on the values: where(condition, x, 0) keeps their places',
    ],
  });
}

/** An index that is computed: whole numbers, which the module checks. */
function whole(index: Node, { node }: Operand): Node {
  if (index.op === 'input' && index.dtype !== 'int') {
    const { name } = index.attrs;
    const sizes = index.shape.length === 0 ? 'scalar' : index.shape.map(sizeText).join(' x ');
    throw new Mistake('not-an-integer', `\`${name}\` is an index and not declared as one`, node.span, {
      hints: [`# @input ${name}: ${sizes} int`],
    });
  }
  return index;
}

function notAnInteger(position: number, { node }: Operand): Mistake {
  return new Mistake('index', `an index must be a whole number, not ${position}`, node.span);
}
