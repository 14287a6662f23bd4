// Views: operations that pick or arrange the elements of one operand. What is computed element by element may be computed
// before or after: view(f(x, y)) = f(view(x), view(y)). Operands of smaller shape, which broadcast, are viewed as if they
// had been broadcast.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { isElementwise, type OpName } from '../ir/ops.ts';
import { isStatic, type Shape, sameShape } from '../ir/shape.ts';
import { sameSize } from '../ir/size.ts';

/** Views of their first operand. */
export const VIEWS = [
  'reshape',
  'permute',
  'slice',
  'element',
  'gather',
  'diagonal',
] as const satisfies OpName[];

const IS_VIEW: ReadonlySet<OpName> = new Set<OpName>(VIEWS);

export function isView({ op }: Node): boolean {
  return IS_VIEW.has(op);
}

/** A chain of views is looked through so far. */
const LONGEST_CHAIN = 8;

/** What `node` views, through a chain of views; `node` itself if it is none. */
export function viewed(node: Node): Node {
  let core = node;
  for (let k = 0; k < LONGEST_CHAIN && isView(core); k++) core = core.inputs[0];
  return core;
}

/** x[i] for views f(x)[i] of a function of one operand, x for f(x) itself. */
export function operandViewed(node: Node, b: Builder): Node {
  const chain: Node[] = [];
  let core = node;
  for (; chain.length < LONGEST_CHAIN && isView(core); core = core.inputs[0]) chain.push(core);
  return chain.reduceRight((x, view) => viewOf(view, x, b), core.inputs[0]);
}

/**
 * `view`, taken not of its operand but of `x`, which broadcasts to the shape of that: inside the elementwise operations of
 * `x` for `depth` steps.
 */
export function viewOf(view: Node, x: Node, b: Builder, depth = 6): Node {
  const result = inward(view, x, b, depth);
  const isWhole = sameShape(padded(result.shape, view.shape.length), view.shape);
  return isWhole ? b.reshape(result, view.shape) : b.broadcast(result, view.shape);
}

function inward(view: Node, x: Node, b: Builder, depth: number): Node {
  if (depth > 0 && x.inputs.length > 0 && isElementwise(x.op)) {
    return b.make(
      x.op,
      x.inputs.map(input => inward(view, input, b, depth - 1)),
      x.attrs,
    );
  }
  return (
    ofOperand(view, x, b) ?? b.rebuild(view, [b.broadcast(x, view.inputs[0].shape), ...view.inputs.slice(1)])
  );
}

/** The view of an operand that broadcasts to the shape of what is viewed; null if it has to be broadcast before. */
function ofOperand(view: Node, x: Node, b: Builder): Node | null {
  const full = view.inputs[0].shape;
  const missing = full.length - x.shape.length;
  if (x.shape.length === 0) return x;
  switch (view.op) {
    case 'slice': {
      const axis = view.attrs.axis - missing;
      return axis < 0 || x.shape[axis] === 1 ? x : b.slice(x, { ...view.attrs, axis });
    }
    case 'gather': {
      const axis = view.attrs.axis - missing;
      const [, index] = view.inputs;
      if (axis < 0) return x;
      if (x.shape[axis] !== 1) return b.gather(x, index, axis);
      const ones = index.shape.map(() => 1);
      return b.reshape(x, [...x.shape.slice(0, axis), ...ones, ...x.shape.slice(axis + 1)]);
    }
    case 'element': {
      if (!isStatic(full) || !isStatic(x.shape)) return null;
      return b.element(x, positionIn(x.shape, view.attrs.position, full));
    }
    case 'permute': {
      const { permutation } = view.attrs;
      return b.permute(b.reshape(x, padded(x.shape, full.length)), permutation);
    }
    case 'reshape': {
      if (sameShape(x.shape, full)) return b.reshape(x, view.attrs.shape);
      const axes = axesByOnes(full, view.attrs.shape);
      if (axes === null) return null;
      const own = padded(x.shape, full.length);
      const shape = axes.map(axis => (axis === null ? 1 : own[axis]));
      const ones = shape.findIndex((size, at) => size !== 1 || shape.length - at <= x.shape.length);
      return b.reshape(x, shape.slice(Math.max(ones, 0)));
    }
    case 'diagonal':
      return sameShape(x.shape, full) ? b.diagonal(x) : null;
    default:
      return null;
  }
}

/** For a reshape that only adds and drops axes of length 1: for each axis of the result that of the operand, or null. */
export function axesByOnes(from: Shape, to: Shape): readonly (number | null)[] | null {
  const axes: (number | null)[] = [];
  let axis = 0;
  for (const size of to) {
    if (axis < from.length && sameSize(from[axis], size)) axes.push(axis++);
    else if (size === 1) axes.push(null);
    else {
      while (axis < from.length && from[axis] === 1) axis++;
      if (axis === from.length || !sameSize(from[axis], size)) return null;
      axes.push(axis++);
    }
  }
  return from.slice(axis).every(size => size === 1) ? axes : null;
}

/** With axes of length 1 before, as many as there have to be. */
function padded(shape: Shape, rank: number): Shape {
  return [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
}

/** The row-major position in an operand of the element at `position` of what it broadcasts to. */
function positionIn(own: readonly number[], position: number, full: readonly number[]): number {
  let rest = position;
  let stride = 1;
  let result = 0;
  for (let back = 1; back <= own.length; back++) {
    const index = rest % full[full.length - back];
    rest = Math.floor(rest / full[full.length - back]);
    const size = own[own.length - back];
    if (size !== 1) result += index * stride;
    stride *= size;
  }
  return result;
}
