// Where elements are: loop variables, indices that are affine in them, and the index of an operand of a view. A view
// (broadcast, permute, slice, ...) is never computed: it only changes the index at which its operand is read.

import type { Node } from '../../ir/graph.ts';
import type { Shape } from '../../ir/shape.ts';
import { addSizes, multiplySizes, productOfSizes, type Size, sameSize, sizeText } from '../../ir/size.ts';

/** A loop over 0 .. size - 1. */
export class LoopVariable {
  readonly size: Size;

  constructor(size: Size) {
    this.size = size;
  }
}

/**
 * constant + sum of coefficient * variable + sum of coefficient * value, the values being computed integers (positions
 * that a gather looks up), which `D` tells apart.
 */
export interface Index<D = unknown> {
  readonly constant: Size;
  readonly terms: ReadonlyMap<LoopVariable, Size>;
  readonly dynamic: readonly { readonly value: D; readonly coefficient: Size }[];
}

const NO_TERMS: ReadonlyMap<LoopVariable, Size> = new Map();

export function constantIndex<D>(constant: Size): Index<D> {
  return { constant, terms: NO_TERMS, dynamic: [] };
}

export function variableIndex<D>(variable: LoopVariable): Index<D> {
  return { constant: 0, terms: new Map([[variable, 1]]), dynamic: [] };
}

export function dynamicIndex<D>(value: D): Index<D> {
  return { constant: 0, terms: NO_TERMS, dynamic: [{ value, coefficient: 1 }] };
}

export function plus<D>(a: Index<D>, b: Index<D>): Index<D> {
  if (isZero(a)) return b;
  if (isZero(b)) return a;
  if (b.terms.size === 0 && b.dynamic.length === 0)
    return { ...a, constant: addSizes(a.constant, b.constant) };
  const terms = new Map(a.terms);
  for (const [variable, coefficient] of b.terms) {
    const sum = addSizes(terms.get(variable) ?? 0, coefficient);
    if (sum === 0) terms.delete(variable);
    else terms.set(variable, sum);
  }
  return { constant: addSizes(a.constant, b.constant), terms, dynamic: [...a.dynamic, ...b.dynamic] };
}

export function times<D>(a: Index<D>, factor: Size): Index<D> {
  if (factor === 1) return a;
  if (factor === 0) return constantIndex(0);
  return {
    constant: multiplySizes(a.constant, factor),
    terms: new Map([...a.terms].map(([variable, c]) => [variable, multiplySizes(c, factor)])),
    dynamic: a.dynamic.map(({ value, coefficient }) => ({
      value,
      coefficient: multiplySizes(coefficient, factor),
    })),
  };
}

function isZero({ constant, terms, dynamic }: Index): boolean {
  return constant === 0 && terms.size === 0 && dynamic.length === 0;
}

/** The variable, if the index is just that. */
export function variableOf(index: Index): LoopVariable | undefined {
  if (index.constant !== 0 || index.dynamic.length > 0 || index.terms.size !== 1) return undefined;
  const [[variable, coefficient]] = index.terms;
  return coefficient === 1 ? variable : undefined;
}

/** Distances between neighbours along each axis of a row-major array. */
export function stridesOf(shape: Shape): Size[] {
  return shape.map((_, axis) => productOfSizes(shape.slice(axis + 1)));
}

/** The row-major position of an element. */
export function flatIndex<D>(index: readonly Index<D>[], strides: readonly Size[]): Index<D> {
  return index.reduce<Index<D>>((sum, part, axis) => plus(sum, times(part, strides[axis])), constantIndex(0));
}

/** Operations that only change at which index their first operand is read. */
export function isView({ op }: Node): boolean {
  switch (op) {
    case 'broadcast':
    case 'permute':
    case 'reshape':
    case 'slice':
    case 'diagonal':
    case 'element':
      return true;
    default:
      return false;
  }
}

/** The index at which a view reads its operand for its own element `index`. */
export function throughView<D>(node: Node, index: readonly Index<D>[]): Index<D>[] {
  const [x] = node.inputs;
  switch (node.op) {
    case 'broadcast':
      return operandIndex(x.shape, node.shape, index);
    case 'permute': {
      const inner: Index<D>[] = new Array(index.length);
      for (const [at, axis] of node.attrs.permutation.entries()) inner[axis] = index[at];
      return inner;
    }
    case 'slice': {
      const { axis, start, step } = node.attrs;
      return index.map((part, at) => (at === axis ? plus(times(part, step), constantIndex<D>(start)) : part));
    }
    case 'diagonal':
      return [...index, index[index.length - 1]];
    case 'reshape':
      return throughReshape(x.shape, node.shape, index);
    case 'element':
      return positionOf<D>(node.attrs.position, x.shape as readonly number[]);
    default:
      throw new TypeError(`${node.op} is no view`);
  }
}

/** Trailing-axis broadcasting: the index of an operand of shape `from` for the element `index` of a result of shape `to`. */
export function operandIndex<D>(from: Shape, to: Shape, index: readonly Index<D>[]): Index<D>[] {
  const shift = to.length - from.length;
  return from.map((size, axis) => (size === 1 ? constantIndex<D>(0) : index[axis + shift]));
}

/** True if the shapes differ in axes of length 1 only, so that a reshape moves nothing. */
export function isAligned(from: Shape, to: Shape): boolean {
  const [p, q] = [from.filter(size => size !== 1), to.filter(size => size !== 1)];
  return p.length === q.length && p.every((size, axis) => sameSize(size, q[axis]));
}

/**
 * Axes that both shapes begin with keep their index; the others are read by their common row-major position, which
 * stands in the place of the last axis: a buffer is contiguous, so there it is that position.
 */
function throughReshape<D>(from: Shape, to: Shape, index: readonly Index<D>[]): Index<D>[] {
  const own = [...to.keys()].filter(axis => to[axis] !== 1);
  const inner = [...from.keys()].filter(axis => from[axis] !== 1);
  const result: Index<D>[] = from.map(() => constantIndex<D>(0));
  let common = 0;
  while (common < own.length && common < inner.length && sameSize(to[own[common]], from[inner[common]])) {
    result[inner[common]] = index[own[common]];
    common++;
  }
  const rest = own.slice(common);
  if (rest.length === 0) return result;
  const strides = stridesOf(rest.map(axis => to[axis]));
  const position = flatIndex(
    rest.map(axis => index[axis]),
    strides,
  );
  const last = inner.at(-1);
  if (last === undefined) return result;
  result[last] = position;
  return result;
}

function positionOf<D>(position: number, shape: readonly number[]): Index<D>[] {
  let rest = position;
  return stridesOf(shape).map(stride => {
    const at = Math.floor(rest / (stride as number));
    rest -= at * (stride as number);
    return constantIndex<D>(at);
  });
}

/** A text that equal indices share; `nameOf` tells variables and values apart. */
export function indexKey<D>(index: Index<D>, nameOf: (part: LoopVariable | D) => number): string {
  const terms = [...index.terms].map(([variable, c]) => `${nameOf(variable)}*${sizeText(c)}`).sort();
  const dynamic = index.dynamic.map(({ value, coefficient }) => `${nameOf(value)}*${sizeText(coefficient)}`);
  return [sizeText(index.constant), ...terms, ...dynamic.sort()].join('+');
}
