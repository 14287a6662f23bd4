// The laws of attributes, one row for each: what it may be, given the operation and its operands. Written for broken
// graphs and hostile texts: it believes nothing but that the operands are nodes. What concerns shapes alone is in shapes.ts.

import type { Attrs, Node, Stretch } from './graph.ts';
import { type AttrName, factsOf, HIGHEST_ORDER, type OpName } from './ops.ts';
import { elementsIn, isStatic, type Shape, shapeText } from './shape.ts';
import { Polynomial, type Size, sizeText } from './size.ts';

/** What is wrong with `attrs` on `op` over `inputs`, which are as many as the operation takes; undefined if nothing is. */
export function attributesProblem(op: OpName, inputs: readonly Node[], attrs: Attrs): string | undefined {
  const wanted = factsOf(op).attrs ?? [];
  const carried = attrs === undefined ? [] : Object.keys(attrs);
  if (carried.join() !== wanted.join()) {
    const [takes, has] = [wanted, carried].map(names => names.join(', ') || 'no attribute');
    return `${op} carries ${takes}, not ${has}`;
  }
  const values = attrs as Readonly<Record<string, unknown>>;
  const use = { op, shape: inputs[0]?.shape ?? [], inputs, attrs: values };
  for (const name of wanted) {
    const problem = LAWS[name](values[name], use);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** True if `value` is a length or may become one: a natural number, or a polynomial. */
export function isLength(value: unknown): value is Size {
  return value instanceof Polynomial || isNatural(value);
}

interface Use {
  readonly op: OpName;
  /** That of the first operand. */
  readonly shape: Shape;
  readonly inputs: readonly Node[];
  readonly attrs: Readonly<Record<string, unknown>>;
}

type Law = (value: unknown, use: Use) => string | undefined;

const LAWS: { readonly [A in AttrName]: Law } = {
  value: value => (typeof value === 'number' ? undefined : 'the value is not a number'),
  name: name => (typeof name === 'string' && name !== '' ? undefined : 'the name of an input is empty'),
  order: (order, { op }) =>
    isNatural(order) && order <= HIGHEST_ORDER
      ? undefined
      : `the order of ${op} is 0 to ${HIGHEST_ORDER}, not ${order}`,
  size: size => (isSize(size) ? undefined : 'the size is not an integer'),
  length: (length, use) => {
    if (!isLength(length)) return 'the length is not a natural number';
    return use.op === 'slice' || use.op === 'pad' ? stretchProblem(use) : undefined;
  },
  shape: (shape, { op }) => {
    if (!Array.isArray(shape) || !shape.every(isLength)) return 'the shape is not a list of lengths';
    return op === 'array' && !isStatic(shape) ? 'the shape of an array has named sizes' : undefined;
  },
  values: (values, { attrs }) => {
    if (!Array.isArray(values) || values.some(value => typeof value !== 'number')) {
      return 'the values are not a list of numbers';
    }
    const count = elementsIn(attrs.shape as Shape);
    return values.length === count ? undefined : `the array has ${values.length} values, not ${count}`;
  },

  axis: (axis, { op, inputs, shape }) => {
    // An index stands for as many axes as it has; of no axes, it stands between two.
    const count = op === 'scatterAdd' ? shape.length - inputs[1].shape.length + 1 : shape.length;
    return isBelow(axis, count) ? undefined : `there is no axis ${axis} of ${shapeText(shape)}`;
  },
  axes: (axes, { shape }) => {
    if (!Array.isArray(axes)) return 'the axes are no list';
    for (const [k, axis] of axes.entries()) {
      if (!isBelow(axis, shape.length)) return `there is no axis ${axis} of ${shapeText(shape)}`;
      if (k > 0 && axes[k - 1] >= axis) return 'the axes are not in ascending order';
    }
    return undefined;
  },
  permutation: (permutation, { shape }) => {
    const isWhole =
      Array.isArray(permutation) &&
      permutation.length === shape.length &&
      new Set(permutation).size === shape.length &&
      permutation.every(axis => isBelow(axis, shape.length));
    return isWhole ? undefined : `${permutation} is no permutation of the axes of ${shapeText(shape)}`;
  },
  position: (position, { shape }) => {
    if (!isStatic(shape)) return `the elements of ${shapeText(shape)} are not counted`;
    return isBelow(position, elementsIn(shape) as number)
      ? undefined
      : `there is no element ${position} of ${shapeText(shape)}`;
  },

  start: start => (isSize(start) ? undefined : 'the start is not an integer'),
  step: step =>
    Number.isSafeInteger(step) && step !== 0 ? undefined : 'the step is not an integer other than 0',
  exclusive: isBoolean,
  reverse: isBoolean,

  subscripts: subscripts => {
    if (typeof subscripts !== 'string') return 'the subscripts are no text';
    const [, x, y, out] = /^([a-zA-Z]*),([a-zA-Z]*)->([a-zA-Z]*)$/.exec(subscripts) ?? [];
    if (x === undefined) return `${subscripts} are no subscripts`;
    const letters = [...new Set(`${x}${y}`)];
    const summed = letters.filter(letter => !out.includes(letter));
    if (![x, y, out].every(hasNoRepetition)) return `a letter is repeated in ${subscripts}`;
    if ([...out].some(letter => !letters.includes(letter)))
      return `a letter of the result is new in ${subscripts}`;
    if (summed.length === 0) return `nothing is summed in ${subscripts}`;
    if (summed.some(letter => !x.includes(letter) || !y.includes(letter))) {
      return `a sum over one operand alone in ${subscripts}`;
    }
    return letters.join('') === LETTERS.slice(0, letters.length)
      ? undefined
      : `the letters of ${subscripts} are not named in the order of appearance`;
  },
};

/** Letters for subscripts, in the order in which they are used. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** All elements of the short axis are elements of the long one, where both lengths are known. */
function stretchProblem({ op, shape, attrs }: Use): string | undefined {
  const { axis, start, step, length } = attrs as unknown as Stretch; // their own laws come first
  const own = shape[axis];
  const [short, long] = op === 'pad' ? [own, length] : [length, own];
  if (typeof start !== 'number' || typeof short !== 'number' || typeof long !== 'number') return undefined;
  const last = start + (short - 1) * step;
  if (short === 0 || (isBelow(start, long) && isBelow(last, long))) return undefined;
  return `elements ${start} to ${last} of ${sizeText(long)}`;
}

function isBoolean(value: unknown, { op }: Use): string | undefined {
  return typeof value === 'boolean' ? undefined : `a flag of ${op} is neither true nor false`;
}

function isSize(value: unknown): value is Size {
  return value instanceof Polynomial || Number.isSafeInteger(value);
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBelow(value: unknown, limit: number): boolean {
  return isNatural(value) && value < limit;
}

function hasNoRepetition(letters: string): boolean {
  return new Set(letters).size === letters.length;
}
