// Flows out of parts of a tensor: what a slice sends back reaches only the elements that were sliced, and its guard is a
// mask over one axis. Where the parts of several slices make up the whole axis the guards cancel, and the sum of padded
// parts is their concatenation: the gates of an LSTM, cut out of one product, come back as one array.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node, Stretch } from '../ir/graph.ts';
import { addSizes, multiplySizes, type Size, sameSize, subtractSizes } from '../ir/size.ts';
import { conjuncts, countingAxis } from './axes.ts';
import { type Flow, masked } from './flow.ts';

/** The elements from `start` to before `end` of an axis of `length`; `label` is its place from the end. */
interface Span {
  readonly label: number;
  readonly start: Size;
  readonly end: Size;
  readonly length: Size;
}

/** Where `stretch` puts elements along its axis, of a tensor of rank `rank`; null if it puts them everywhere. */
export function within(
  b: Builder,
  { axis, start, step, length }: Stretch,
  count: Size,
  rank: number,
): Node | null {
  const index = b.reshape(b.iota(length), [length, ...Array<number>(rank - 1 - axis).fill(1)]);
  const last = addSizes(start, multiplySizes(step, subtractSizes(count, 1)));
  const [low, high] = step < 0 ? [last, start] : [start, last];
  const end = addSizes(high, 1);
  const masks: Node[] = [];
  if (low !== 0) masks.push(b.le(b.size(low), index));
  if (!sameSize(end, length)) masks.push(b.lt(index, b.size(end)));
  if (Math.abs(step) !== 1) masks.push(b.eq(b.mod(b.sub(index, b.size(low)), Math.abs(step)), 0));
  return masks.length === 0 ? null : masks.reduce((all, mask) => b.and(all, mask));
}

/** The sum of flows whose guards make up one axis, each element in one of them; null if they do not. */
export function whole(b: Builder, flows: readonly Flow[]): Node | null {
  const rest = flows.map(flow => ({ flow, span: spanOf(flow.guard) }));
  const { label, length } = rest[0].span ?? {};
  if (label === undefined || length === undefined) return null;
  if (rest.some(({ span }) => span?.label !== label || !sameSize(span.length, length))) return null;
  const parts: Flow[] = [];
  let end: Size = 0;
  while (rest.length > 0) {
    const next = rest.findIndex(({ span }) => sameSize(span!.start, end));
    if (next < 0) return null;
    const [{ flow, span }] = rest.splice(next, 1);
    parts.push(flow);
    end = span!.end;
  }
  if (!sameSize(end, length)) return null;
  return (
    joined(b, parts, label) ?? parts.map(part => masked(b, part)).reduce((sum, part) => b.add(sum, part))
  );
}

/** The padded parts end to end; null if they are no padded parts, or differ along other axes. */
function joined(b: Builder, parts: readonly Flow[], label: number): Node | null {
  const sources: Node[] = [];
  for (const { value } of parts) {
    if (value.op !== 'pad' || value.attrs.step !== 1) return null;
    const axis = value.shape.length - 1 - label;
    const { shape } = parts[0].value;
    const isAlike =
      value.shape.length === shape.length && value.shape.every((size, at) => sameSize(size, shape[at]));
    if (value.attrs.axis !== axis || !isAlike) return null;
    sources.push(value.inputs[0]);
  }
  return b.concat(parts[0].value.shape.length - 1 - label, sources);
}

/** The span that a mask made by `within` holds in; null if it is another mask, or more than that. */
function spanOf(guard: Node | null): Span | null {
  let start: Size = 0;
  let end: Size | null = null;
  let axis: ReturnType<typeof countingAxis> = null;
  for (const mask of conjuncts(guard)) {
    if (mask.op !== 'le' && mask.op !== 'lt') return null;
    const [x, y] = mask.inputs;
    const along = countingAxis(mask.op === 'le' ? y : x);
    const bound = sizeOf(mask.op === 'le' ? x : y);
    if (along === null || bound === null || (axis !== null && axis.label !== along.label)) return null;
    axis = along;
    if (mask.op === 'le') start = bound;
    else end = bound;
  }
  return axis === null ? null : { label: axis.label, start, end: end ?? axis.length, length: axis.length };
}

/** The size that a node is, if it is one. */
function sizeOf(node: Node): Size | null {
  if (node.op === 'size') return node.attrs.size;
  const value = constantOf(node);
  return value !== undefined && Number.isInteger(value) ? value : null;
}
