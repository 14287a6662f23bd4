// The shape of every result, made from the shapes of the operands. Lengths that are not provably equal are handed to
// `constrain`, to be compared when the sizes are known; those that are provably different are an error.

import type { Attrs, AttrsOf, Node } from './graph.ts';
import { isElementwise, type OpName } from './ops.ts';
import { elementsIn, SCALAR, type Shape, shapeText } from './shape.ts';
import { addSizes, type Size, sameSize, subtractSizes } from './size.ts';

/** Notes that two lengths have to be equal. */
export type Constrain = (left: Size, right: Size) => void;

/** Shapes that do not fit; the front end turns it into a diagnostic at the place of the operands. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The shape of `op` over `inputs`. Throws `ShapeError` if there is none. */
export function shapeOf(op: OpName, inputs: readonly Node[], attrs: Attrs, constrain: Constrain): Shape {
  if (isElementwise(op)) return broadcastShape(inputs, constrain);
  const [x, y] = inputs;
  switch (op) {
    case 'array':
    case 'broadcast':
    case 'reshape': {
      const { shape } = attrs as AttrsOf['broadcast'];
      if (op === 'broadcast') checkBroadcast(x.shape, shape, constrain);
      if (op === 'reshape') checkReshape(x.shape, shape, constrain);
      return shape;
    }
    case 'size':
    case 'element':
      return SCALAR;
    case 'iota':
      return [(attrs as AttrsOf['iota']).length];
    case 'permute':
      return (attrs as AttrsOf['permute']).permutation.map(axis => x.shape[axis]);
    case 'slice':
    case 'pad': {
      const { axis, length } = attrs as AttrsOf['slice'];
      return x.shape.map((size, at) => (at === axis ? length : size));
    }
    case 'diagonal': {
      if (x.shape.length < 2) throw new ShapeError(`a diagonal of ${shapeText(x.shape)}`);
      const [rows, columns] = x.shape.slice(-2);
      return [...x.shape.slice(0, -2), equalSize(rows, columns, constrain, 'a diagonal')];
    }
    case 'concat': {
      const { axis } = attrs as AttrsOf['concat'];
      return concatenated(inputs, axis, constrain);
    }
    case 'gather': {
      const { axis } = attrs as AttrsOf['gather'];
      return [...x.shape.slice(0, axis), ...y.shape, ...x.shape.slice(axis + 1)];
    }
    case 'scatterAdd': {
      const { axis, length } = attrs as AttrsOf['scatterAdd'];
      const rank = y.shape.length;
      for (let k = 0; k < rank; k++) equalSize(x.shape[axis + k], y.shape[k], constrain, 'scatterAdd');
      return [...x.shape.slice(0, axis), length, ...x.shape.slice(axis + rank)];
    }
    case 'reduceSum':
    case 'reduceProd':
    case 'reduceMax':
    case 'reduceMin':
    case 'norm':
    case 'reduceLogsumexp':
    case 'any':
    case 'argmax':
    case 'argmin': {
      const { axes } = attrs as AttrsOf['reduceSum'];
      return x.shape.filter((_, axis) => !axes.includes(axis));
    }
    case 'cumsum':
    case 'cumprod':
      return x.shape;
    case 'contract':
      return contracted(x.shape, y.shape, (attrs as AttrsOf['contract']).subscripts, constrain);
    default:
      throw new TypeError(`${op} has no shape rule`);
  }
}

/** The common shape of operands whose trailing axes are equal or literally 1. */
export function broadcastShape(inputs: readonly { readonly shape: Shape }[], constrain: Constrain): Shape {
  let shape = SCALAR;
  for (let i = 0; i < inputs.length; i++) {
    const other = inputs[i].shape;
    if (other === SCALAR || other === shape) continue;
    shape = shape === SCALAR ? other : joined(shape, other, constrain);
  }
  return shape;
}

function joined(a: Shape, b: Shape, constrain: Constrain): Shape {
  const rank = Math.max(a.length, b.length);
  const shape: Size[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p === 1) shape.push(q);
    else if (q === 1) shape.push(p);
    else shape.push(equalSize(p, q, constrain, 'elementwise operands', a, b));
  }
  return shape;
}

/** One of two lengths that have to be equal: a number, if one of them is. */
function equalSize(
  p: Size,
  q: Size,
  constrain: Constrain,
  what: string,
  a: Shape = [p],
  b: Shape = [q],
): Size {
  if (sameSize(p, q)) return p;
  if (typeof subtractSizes(p, q) === 'number') {
    throw new ShapeError(`${what} of ${shapeText(a)} and ${shapeText(b)}`);
  }
  constrain(p, q);
  return typeof q === 'number' ? q : p;
}

function checkBroadcast(from: Shape, to: Shape, constrain: Constrain): void {
  const shift = to.length - from.length;
  for (const [axis, size] of from.entries()) {
    if (size === 1) continue;
    if (shift < 0) throw new ShapeError(`${shapeText(from)} does not broadcast to ${shapeText(to)}`);
    equalSize(size, to[axis + shift], constrain, 'a broadcast', from, to);
  }
}

function checkReshape(from: Shape, to: Shape, constrain: Constrain): void {
  const [p, q] = [elementsIn(from), elementsIn(to)];
  if (sameSize(p, q)) return;
  if (typeof subtractSizes(p, q) === 'number') {
    throw new ShapeError(`cannot reshape ${shapeText(from)} to ${shapeText(to)}`);
  }
  constrain(p, q);
}

function concatenated(inputs: readonly Node[], axis: number, constrain: Constrain): Shape {
  let shape = inputs[0].shape;
  for (const { shape: other } of inputs.slice(1)) {
    if (other.length !== shape.length) {
      throw new ShapeError(`cannot join ${shapeText(shape)} and ${shapeText(other)}`);
    }
    shape = shape.map((size, at) =>
      at === axis
        ? addSizes(size, other[at])
        : equalSize(size, other[at], constrain, 'joined arrays', shape, other),
    );
  }
  return shape;
}

/** `ab,bc->ac` taken apart, a letter an axis. */
export interface Subscripts {
  readonly x: string;
  readonly y: string;
  readonly out: string;
}

export function subscriptsOf(text: string): Subscripts {
  const [inputs, out] = text.split('->');
  const [x, y] = inputs.split(',');
  return { x, y, out };
}

function contracted(a: Shape, b: Shape, text: string, constrain: Constrain): Shape {
  const { x, y, out } = subscriptsOf(text);
  if (x.length !== a.length || y.length !== b.length) {
    throw new ShapeError(`${text} does not name the axes of ${shapeText(a)} and ${shapeText(b)}`);
  }
  const sizes = new Map<string, Size>();
  for (const [letters, shape] of [
    [x, a],
    [y, b],
  ] as const) {
    for (const [axis, letter] of [...letters].entries()) {
      const known = sizes.get(letter);
      const size = shape[axis];
      sizes.set(letter, known === undefined ? size : equalSize(known, size, constrain, 'a product', a, b));
    }
  }
  return [...out].map(letter => sizes.get(letter)!);
}
