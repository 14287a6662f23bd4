// What stands around the loops of a bound function, in JavaScript: arguments checked, zeros where values are absent, lower
// triangles of symmetric results from the upper ones. Arrays are told by the names that they have in that text.

import { elementsIn } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize } from '../ir/size.ts';
import { lengthTest } from './arguments.ts';
import { type Context, sizeIn } from './context.ts';
import type { MirroredCell } from './drafts.ts';
import type { Entry } from './entries.ts';
import { sizeExpression } from './loops/size-text.ts';
import { stridesOf } from './loops/space.ts';
import { Names, quote } from './names.ts';
import type { Block, Part } from './parts.ts';
import type { PatternWriter } from './pattern-writer.ts';
import type { Region } from './regions.ts';

/** The names of the parameters of a bound function. */
export interface Parameters {
  readonly theta: string;
  readonly direction: string | undefined;
  /** By block: the array that is filled. */
  readonly arrays: ReadonlyMap<Block, string>;
}

/** Names for the parameters of a bound function, in its scope. */
export function parametersOf({ bound, extra }: Entry, scope: Names): Parameters {
  const theta = scope.take('theta');
  const direction = extra && scope.take(extra.boundParameter);
  const arrays = new Map<Block, string>();
  for (const block of bound) {
    if (block.parameter !== undefined) arrays.set(block, scope.take(block.parameter));
  }
  return { theta, direction, arrays };
}

/** The parameters in order. */
export function listOf({ theta, direction, arrays }: Parameters): string[] {
  return [theta, ...(direction === undefined ? [] : [direction]), ...arrays.values()];
}

/** Statements that throw unless arguments have the right lengths. */
export function argumentChecks(
  context: Context,
  patterns: PatternWriter,
  { extra }: Entry,
  { theta, direction, arrays }: Parameters,
): string[] {
  const test = (text: string, array: string, length: Size) =>
    lengthTest(context, text, array, sizeIn(context, length), '?.');
  return [
    test('theta', theta, context.wrt.length),
    ...(extra === undefined ? [] : [test(extra.boundParameter, direction!, extra.length)]),
    ...Array.from(arrays, ([block, array]) => {
      const wrong = context.use('wrongLength');
      const length = patterns.lengthOf(block);
      return `if (!(${array}?.length >= ${length})) ${wrong}(${quote(block.parameter!)}, ${array}, ${length});`;
    }),
  ];
}

/** Zeros where values are absent, or terms do not cover everything. */
export function clears(
  context: Context,
  patterns: PatternWriter,
  scope: Names,
  arrays: ReadonlyMap<Block, string>,
): string[] {
  const size = (length: Size) => sizeIn(context, length);
  return Array.from(arrays).flatMap(([block, array]) => {
    const { parts, length, zeros, sparsity } = block;
    if (zeros !== undefined) {
      return zeros.map(region =>
        sparsity === undefined
          ? clear(context, scope, region, array)
          : `${array}.fill(0, 0, ${patterns.lengthOf(block)});`,
      );
    }
    const absent = parts.filter(({ node }) => node === undefined);
    if (absent.every(isContiguous) && absent.length < parts.length) {
      return absent.map(({ offset, shape }) => {
        const end = addSizes(offset, elementsIn(shape));
        return `${array}.fill(0, ${size(offset)}, ${size(end)});`;
      });
    }
    return absent.length === 0 ? [] : [`${array}.fill(0, 0, ${size(length)});`];
  });
}

function clear(
  context: Context,
  scope: Names,
  { offset, rows, columns, width }: Region,
  array: string,
): string {
  const size = (length: Size) => sizeIn(context, length);
  const end = addSizes(offset, multiplySizes(rows, width));
  if (rows === 1 || sameSize(columns, width)) {
    const last = rows === 1 ? addSizes(offset, columns) : end;
    return `${array}.fill(0, ${size(offset)}, ${size(last)});`;
  }
  const inner = new Names(scope);
  const [at, to] = [inner.take('at'), inner.take('end')];
  const sides = `let ${at} = ${size(offset)}, ${to} = ${size(end)}`;
  const length = sizeExpression(columns, context.sizeName).text;
  return `for (${sides}; ${at} < ${to}; ${at} += ${size(width)}) ${array}.fill(0, ${at}, ${at} + ${length});`;
}

function isContiguous({ shape, strides }: Part): boolean {
  return stridesOf(shape).every((stride, axis) => shape[axis] === 1 || sameSize(stride, strides[axis]));
}

/** Lower triangles of symmetric matrices from the upper ones. */
export function mirrors(context: Context, scope: Names, arrays: ReadonlyMap<Block, string>): string[] {
  return Array.from(arrays).flatMap(([{ symmetric, order, length }, matrix]) => {
    if (symmetric === undefined || symmetric === 1) return [];
    if (order === undefined) return mirror(context, scope, matrix, symmetric, 0, symmetric);
    const [width, elements] = [symmetric, length].map(size => sizeIn(context, size));
    return [`${context.use('symmetrise')}(${matrix}, ${width}, ${elements});`];
  });
}

/** The same of blocks on the diagonal; `nameOf` is the array that one in the statements is in this text. */
export function mirrorsOfCells(
  context: Context,
  scope: Names,
  cells: readonly MirroredCell[],
  nameOf: (array: string) => string = array => array,
): string[] {
  return cells.flatMap(({ to, lengths, rowAxes }) => {
    const length = elementsIn(lengths.slice(0, rowAxes));
    return mirror(context, scope, nameOf(to.name), length, to.offset, to.strides[rowAxes - 1]);
  });
}

/** The lower triangle of so many rows, `width` apart, from the upper one. */
function mirror(
  context: Context,
  scope: Names,
  matrix: string,
  length: Size,
  offset: Size,
  width: Size,
): string[] {
  if (length === 1) return [];
  const text = sizeIn(context, width);
  const step = /^[\w$]+$/.test(text) ? text : `(${text})`;
  const start = offset === 0 ? '' : `${sizeIn(context, offset)} + `;
  const inner = new Names(scope);
  const [i, j] = [inner.take('i'), inner.take('j')];
  const place = (p: string, q: string) => `${matrix}[${start}${p} * ${step} + ${q}]`;
  return [
    `for (let ${i} = 1; ${i} < ${sizeIn(context, length)}; ${i}++) {`,
    `  for (let ${j} = 0; ${j} < ${i}; ${j}++) ${place(i, j)} = ${place(j, i)};`,
    '}',
  ];
}
