// What a module offers of a derivative of order three or above: a symmetric tensor with an axis of the length of theta for
// each name of a path. There is one value for each combination of names, at the order that ascends in wrt; all other
// elements are copies.

import type { Node } from '../ir/graph.ts';
import { type Derivative, type HigherKind, type Input, orderOf } from '../ir/program.ts';
import { elementsIn } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize } from '../ir/size.ts';
import type { Entry } from './entries.ts';
import { stridesOf } from './loops/space.ts';
import type { Block, Field, Part, Placed, Result } from './parts.ts';

type Variable = Placed<Input>['items'][number];

/** `derivative3({ x, y }).x.x.y`, and `derivative3(theta, T)` that fills all size^3 elements. */
export function higherEntry(kind: HigherKind, wrt: Placed<Input>, { values }: Derivative): Entry {
  const order = orderOf(kind);
  const widths = stridesOf(new Array<Size>(order).fill(wrt.length));
  const length = multiplySizes(wrt.length, widths[0]);
  const variables = new Map(wrt.items.map(item => [item.name, item]));
  const given = Array.from(values, ([path, node]) => {
    const names = path.split('.').map(name => variables.get(name)!);
    return partOf(node, names, widths);
  });
  // What is absent is told once, and first: the others are written over it.
  const zero = { node: undefined, shape: [length], offset: 0, strides: [1] };
  const doc = `the derivatives of order ${order}`;
  const block = { parameter: 'T', parts: [zero, ...given], length, symmetric: wrt.length, order, doc };
  const result = resultOf(block, wrt.items, widths, []);
  return { name: kind, summary: `The derivatives of order ${order}.`, result, bound: [block] };
}

/** The place of a value whose axes are those of `names` joined. */
function partOf(node: Node, names: readonly Variable[], widths: readonly Size[]): Part {
  const strides = names.flatMap(({ shape }, k) =>
    stridesOf(shape).map(stride => multiplySizes(stride, widths[k])),
  );
  return { node, shape: names.flatMap(({ shape }) => shape), offset: offsetOf(names, widths), strides };
}

/** Records nested by name, one level for each order. */
function resultOf(
  block: Block,
  wrt: readonly Variable[],
  widths: readonly Size[],
  names: readonly Variable[],
): Result {
  if (names.length === widths.length) return view(block, names, widths);
  const fields = wrt.map(item => [item.name, resultOf(block, wrt, widths, [...names, item])] as const);
  return { kind: 'record', fields: fields satisfies Field[] };
}

/** The elements of one combination of names, in the plainest form. */
function view(block: Block, names: readonly Variable[], widths: readonly Size[]): Result {
  const at = offsetOf(names, widths);
  const shape = names.flatMap(item => item.shape);
  if (shape.length === 0) return { kind: 'number', block, at };
  const [lengths, strides] = merged(
    names.map(item => elementsIn(item.shape)),
    widths,
  );
  if (lengths.length > 1 || strides[0] !== 1) return { kind: 'strided', block, shape, at, lengths, strides };
  return { kind: 'array', block, shape, at, rows: 1, columns: lengths[0], width: lengths[0] };
}

/** Fewer indices for the same elements: without those that are always 0, and one for two that run on. */
function merged(lengths: readonly Size[], strides: readonly Size[]): [Size[], Size[]] {
  const [outLengths, outStrides]: [Size[], Size[]] = [[], []];
  for (const [k, length] of lengths.entries()) {
    if (length === 1) continue;
    const last = outLengths.length - 1;
    if (last >= 0 && sameSize(outStrides[last], multiplySizes(length, strides[k]))) {
      outLengths[last] = multiplySizes(outLengths[last], length);
      outStrides[last] = strides[k];
    } else {
      outLengths.push(length);
      outStrides.push(strides[k]);
    }
  }
  return outLengths.length === 0 ? [[1], [1]] : [outLengths, outStrides];
}

function offsetOf(names: readonly Variable[], widths: readonly Size[]): Size {
  return names.reduce((sum: Size, { offset }, k) => addSizes(sum, multiplySizes(offset, widths[k])), 0);
}
