// The cells of a Jacobian or a Hessian over tensors: the rows of one value by the columns of one input, as sums of terms
// (ir/terms.ts), and what is to be done with each term. Invariants: every element of the matrix is in one cell; a term
// that is assigned comes before those that are added to it.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Derivative } from '../ir/program.ts';
import { elementsIn, type Shape } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize, subtractSizes } from '../ir/size.ts';
import { type Coordinate, type Term, transposedTerms } from '../ir/terms.ts';
import { isAligned, stridesOf } from './loops/space.ts';

/** Rows or columns of a matrix that belong together: one for each element of a value. */
export interface Side {
  /** As in the paths of `Derivative.values`. */
  readonly path: string;
  readonly shape: Shape;
  readonly offset: Size;
}

export interface Cell {
  readonly row: Side;
  readonly column: Side;
  /** [...row, ...column]: what the coordinates of terms run over. */
  readonly shape: Shape;
  readonly terms: readonly Term[];
}

/**
 * The cells of a matrix, rows first. Of a symmetric one `derivative` has those on and above the diagonal; those below are
 * the same with rows and columns exchanged.
 */
export function cellsOf(
  rows: readonly Side[],
  columns: readonly Side[],
  derivative: Derivative,
  isSymmetric: boolean,
): Cell[] {
  return rows.flatMap((row, i) =>
    columns.map((column, j): Cell => {
      const shape = [...row.shape, ...column.shape];
      if (!isSymmetric || i <= j)
        return { row, column, shape, terms: termsAt(derivative, row, column, shape) };
      const terms = termsAt(derivative, column, row, [...column.shape, ...row.shape]);
      return { row, column, shape, terms: transposedTerms(terms, column.shape.length) };
    }),
  );
}

/** The terms of a block that are not known to be zero; a value without terms is one that fills its cell. */
function termsAt({ terms, values }: Derivative, row: Side, column: Side, shape: Shape): readonly Term[] {
  const path = `${row.path}.${column.path}`;
  const known = terms?.get(path);
  if (known !== undefined) return known.map(plain).filter(({ value }) => !isZero(value));
  const node = values.get(path);
  if (node === undefined || isZero(node)) return [];
  return [plain({ value: node, coordinates: shape.map((_, axis) => ({ axis, start: 0, step: 1 })) })];
}

/** The same term with a value that is no view which only names axes anew. */
function plain({ value, coordinates }: Term): Term {
  let node = value;
  let axisOf = (axis: number): number | undefined => axis;
  for (;;) {
    const own = axisOf;
    if (node.op === 'permute') {
      const { permutation } = node.attrs;
      axisOf = axis => permutation[own(axis)!];
    } else if (node.op === 'reshape' && isAligned(node.inputs[0].shape, node.shape)) {
      const [from, to] = [node.inputs[0].shape, node.shape].map(longAxes);
      axisOf = axis => from[to.indexOf(own(axis)!)];
    } else break;
    [node] = node.inputs;
  }
  const moved = coordinates.map(({ axis, ...rest }): Coordinate => {
    return { ...rest, axis: axis === undefined || value.shape[axis] === 1 ? undefined : axisOf(axis) };
  });
  return { value: node, coordinates: moved };
}

/** The axes that are longer than 1. */
function longAxes(shape: Shape): number[] {
  return [...shape.keys()].filter(axis => shape[axis] !== 1);
}

function isZero(node: Node): boolean {
  return constantOf(node.op === 'broadcast' ? node.inputs[0] : node) === 0;
}

/** What is to be done with a term. */
export interface Step {
  readonly term: Term;
  readonly combine: '=' | '+';
  /** True if it is assigned to all of its cell. */
  readonly isWhole: boolean;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** True if every element of the cell is assigned. */
  readonly isCovered: boolean;
  /** True if every place where a term has an element is assigned first. */
  readonly isExact: boolean;
}

/**
 * In what order the terms of a cell are put down, and how. Those that stand within no other are assigned if they are known
 * to keep out of each other's way; else one of them is, over zeros, and all others are added.
 */
export function planOf({ shape, terms }: Cell): Plan {
  const isInner = (term: Term, k: number) =>
    terms.some((other, at) => at !== k && isWithin(term, other) && (at < k || !isWithin(other, term)));
  const whole = terms.find(term => fillsAll(term, shape));
  const outer = whole === undefined ? terms.filter((term, k) => !isInner(term, k)) : [whole];
  const isExact = outer.every((p, k) => isInjective(p) && outer.slice(0, k).every(q => areDisjoint(p, q)));
  const first = outer.find(isInjective);
  const assigned = new Set(isExact ? outer : first && [first]);
  const order = [...assigned, ...terms.filter(term => !assigned.has(term))];
  const steps = order.map((term): Step => {
    return { term, combine: assigned.has(term) ? '=' : '+', isWhole: term === whole };
  });
  return { steps, isCovered: whole !== undefined, isExact };
}

/** How many elements of a cell belong to some term; undefined if that cannot be told without looking at them. */
export function nonzerosIn({ steps, isExact }: Plan): Size | undefined {
  if (!isExact) return undefined;
  return steps.reduce<Size>(
    (sum, { term, combine }) => (combine === '=' ? addSizes(sum, elementsIn(term.value.shape)) : sum),
    0,
  );
}

/** True if the term has an element for each of a cell of that shape. */
function fillsAll({ value, coordinates }: Term, shape: Shape): boolean {
  const axes = new Set<number>();
  return coordinates.every(({ axis, step, index }, k) => {
    if (index !== undefined) return false;
    if (axis === undefined) return shape[k] === 1;
    if (axes.has(axis) || !sameSize(value.shape[axis], shape[k])) return false;
    axes.add(axis);
    return Math.abs(step) === 1;
  });
}

/** True if no two elements stand in one place, whatever the indices are. */
function isInjective({ value, coordinates }: Term): boolean {
  return longAxes(value.shape).every(axis =>
    coordinates.some(at => at.axis === axis && at.index === undefined && at.step !== 0),
  );
}

/** True if each element of `p` is known to stand where `q` has one too: along a diagonal of it, for instance. */
function isWithin(p: Term, q: Term): boolean {
  const axisIn = new Map<number, number>();
  return q.coordinates.every((outer, k) => {
    const inner = p.coordinates[k];
    if (outer.index !== inner.index || !sameSize(outer.start, inner.start)) return false;
    if (outer.axis === undefined || inner.axis === undefined) return outer.axis === inner.axis;
    if (outer.step !== inner.step || !sameSize(q.value.shape[outer.axis], p.value.shape[inner.axis]))
      return false;
    const known = axisIn.get(outer.axis) ?? inner.axis;
    axisIn.set(outer.axis, known);
    return known === inner.axis;
  });
}

/**
 * True if the two are known to have no place in common: along some axis they keep to ranges that do not meet, or both
 * run along a diagonal of two axes, but not the same one.
 */
function areDisjoint(p: Term, q: Term): boolean {
  const isApart = p.coordinates.some((at, k) => {
    const [a, b] = [rangeOf(at, p), rangeOf(q.coordinates[k], q)];
    return a !== undefined && b !== undefined && (a.last < b.first || b.last < a.first);
  });
  if (isApart) return true;
  return p.coordinates.some((at, k) =>
    p.coordinates.slice(k + 1).some((next, more) => {
      const [a, b] = [shiftOf(at, next), shiftOf(q.coordinates[k], q.coordinates[k + 1 + more])];
      const difference = a !== undefined && b !== undefined && subtractSizes(a, b);
      return typeof difference === 'number' && difference !== 0;
    }),
  );
}

/** The positions along an axis, if they are numbers. */
function rangeOf(
  { axis, start, step, index }: Coordinate,
  { value }: Term,
): { readonly first: number; readonly last: number } | undefined {
  const length = axis === undefined ? 1 : value.shape[axis];
  if (index !== undefined || typeof start !== 'number' || typeof length !== 'number') return undefined;
  const end = start + step * (length - 1);
  return { first: Math.min(start, end), last: Math.max(start, end) };
}

/** How far apart two positions are that run along the same axis of a value with the same step. */
function shiftOf(a: Coordinate, b: Coordinate): Size | undefined {
  if (a.axis === undefined || a.axis !== b.axis || a.step !== b.step) return undefined;
  if (a.index !== undefined || b.index !== undefined) return undefined;
  return subtractSizes(b.start, a.start);
}

/** Where the first element of a cell stands in a matrix of `width` columns, and the distances along its axes. */
export function placeOfCell(
  { row, column }: Cell,
  width: Size,
): { readonly offset: Size; readonly strides: readonly Size[] } {
  return {
    offset: addSizes(multiplySizes(row.offset, width), column.offset),
    strides: [
      ...stridesOf(row.shape).map(stride => multiplySizes(stride, width)),
      ...stridesOf(column.shape),
    ],
  };
}
