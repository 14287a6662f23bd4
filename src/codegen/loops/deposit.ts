// Sums of terms (ir/terms.ts) in arrays of the caller. A deposit puts the elements of a value where they stand, in a matrix
// or among the nonzero elements of a sparse one; nobody reads them there. A listing says where they stand, from which the
// pattern of a sparse matrix is made. Invariants: what is added to a cell of a matrix comes after what is assigned to it,
// element by element; a deposit runs over its own value, outermost along the axis whose neighbours are farthest apart.

import type { Node } from '../../ir/graph.ts';
import type { Shape } from '../../ir/shape.ts';
import type { Size } from '../../ir/size.ts';
import type { Coordinate } from '../../ir/terms.ts';
import { beginningAt, leveled, loopsOver, samplesFirst, type UnitAxis } from './axes.ts';
import { type Access, readsOf } from './reads.ts';
import { constantIndex, dynamicIndex, type Index, plus, times, variableOf } from './space.ts';
import type { ArrayRef } from './values.ts';

/** Elements of a value in a cell of a matrix: one block of it, whose axes are those of its rows, then of its columns. */
interface Spread {
  readonly shape: Shape;
  /** Where the elements stand along each axis of the cell, and how long that is. */
  readonly coordinates: readonly Coordinate[];
  readonly lengths: Shape;
}

/** A value that is put into an array. */
export interface Deposit extends Spread {
  readonly kind: 'deposit';
  readonly value: Node;
  readonly combine: '=' | '+';
  /** The array, whose strides are those of the axes of the cell, or of a sparse matrix the array of its elements. */
  readonly to: ArrayRef;
  /** Of a sparse matrix: the array that says at which place of `to` each element of the value stands. */
  readonly places?: ArrayRef;
  /** What tells cells apart: deposits of different ones do not meet. */
  readonly cell: string;
  /** True if it is all there is in its cell, or covers it before anything is added. */
  readonly isWhole: boolean;
  /** Of a cell on the diagonal of a symmetric matrix, how many of its axes are rows. */
  readonly rowAxes?: number;
}

/** The rows and columns of the elements of a term, each element at its own place of two arrays. */
export interface Listing extends Spread {
  readonly kind: 'listing';
  readonly rows: ArrayRef;
  readonly columns: ArrayRef;
  /** Of an element of the cell: its row and its column in the matrix, as places in arrays without a name. */
  readonly row: ArrayRef;
  readonly column: ArrayRef;
}

/** A coordinate that is looked up: along `axis` of the cell an element stands where `at`, counted from 1, says. */
interface Lookup {
  readonly axis: number;
  readonly at: Access;
  readonly length: Size;
}

interface SpreadUnit {
  readonly axes: readonly UnitAxis[];
  readonly level: number;
  /** The index in the cell; dynamic where it is looked up. */
  readonly target: readonly Index<undefined>[];
  readonly lookups: readonly Lookup[];
  /** The index of the value. */
  readonly index: readonly Index<undefined>[];
  readonly reads: readonly Access[];
}

export interface DepositUnit extends SpreadUnit {
  readonly kind: 'deposit';
  readonly deposit: Deposit;
  /** What is assigned to the same cell before it. */
  readonly after: readonly DepositUnit[];
  /** The node that has been written into the cell before it, whole. */
  readonly over: Node | undefined;
  /** True if its cell is to be completed from the upper triangle. */
  readonly isMirrored: boolean;
}

export interface ListingUnit extends SpreadUnit {
  readonly kind: 'listing';
  readonly listing: Listing;
}

/** The nodes that it takes to compute a deposit or a listing, as often as it asks for them. */
export function nodesOf(sink: Deposit | Listing): Node[] {
  const indices = sink.coordinates.flatMap(({ index }) => (index === undefined ? [] : [index]));
  if (sink.kind === 'listing') return indices;
  return sink.places === undefined ? [sink.value, ...indices] : [sink.value];
}

/** The units of deposits; `placed` are the nodes that stand in their cells already, by cell. */
export function depositUnits(
  deposits: readonly Deposit[],
  placed: ReadonlyMap<string, Node>,
  stored: ReadonlySet<Node>,
): DepositUnit[] {
  const assigned = new Map<string, DepositUnit[]>();
  const mirrored = new Set<string>();
  return deposits.map(deposit => {
    const spread = spreadUnit(deposit);
    const { index, lookups } = spread;
    const body = [{ node: deposit.value, index }, ...(deposit.places ? [] : lookups.map(({ at }) => at))];
    const own = assigned.get(deposit.cell) ?? [];
    const reads = body.flatMap(access => readsOf(access, undefined, stored));
    const triangle = upperTriangle(deposit, spread.axes);
    if (deposit.isWhole && reads.length >= LEAST_MIRRORED && triangle !== spread.axes)
      mirrored.add(deposit.cell);
    const isMirrored = mirrored.has(deposit.cell);
    const unit: DepositUnit = {
      kind: 'deposit',
      deposit,
      ...spread,
      ...(isMirrored ? { axes: triangle } : {}),
      isMirrored,
      reads,
      after: deposit.combine === '=' ? [] : [...own],
      over: placed.get(deposit.cell),
    };
    if (deposit.combine === '=') assigned.set(deposit.cell, [...own, unit]);
    return unit;
  });
}

/** An element that reads less is not worth a copy: it is computed in both triangles. */
const LEAST_MIRRORED = 8;

/** The loops of a deposit without rows below the diagonal of its cell, as far as they can tell; all if they cannot. */
function upperTriangle(
  { rowAxes, lengths, coordinates, places }: Deposit,
  axes: readonly UnitAxis[],
): readonly UnitAxis[] {
  const row = lengths.findIndex(size => size !== 1);
  if (rowAxes === undefined || places !== undefined || row < 0 || row >= rowAxes) return axes;
  const [p, q] = [coordinates[row], coordinates[row + rowAxes]];
  if (![p, q].every(({ start, step, index }) => start === 0 && step === 1 && index === undefined))
    return axes;
  return beginningAt(axes, p.axis, q.axis);
}

export function listingUnit(listing: Listing, stored: ReadonlySet<Node>): ListingUnit {
  const spread = spreadUnit(listing);
  const reads = spread.lookups.flatMap(({ at }) => readsOf(at, undefined, stored));
  return { kind: 'listing', listing, ...spread, reads };
}

/** Longer loops over a number stay outside of those over named sizes: each iteration writes into rows of its own. */
const LONGEST_INSIDE = 16;

function spreadUnit({ shape, coordinates, lengths }: Spread): Omit<SpreadUnit, 'reads'> {
  const { axes, index } = loopsOver(shape);
  const first = (axis: number) => coordinates.findIndex(coordinate => coordinate.axis === axis);
  const order = axes.toSorted((p, q) => first(p.axis) - first(q.axis));
  const target = coordinates.map(({ axis, start, step, index: at }): Index<undefined> => {
    if (at !== undefined) return dynamicIndex(undefined);
    if (axis === undefined) return constantIndex(start);
    return plus(times(index[axis], step), constantIndex(start));
  });
  const lookups = coordinates.flatMap(({ axis, index: node }, k): Lookup[] => {
    if (node === undefined) return [];
    const of = node.shape.map(() => (axis === undefined ? constantIndex<undefined>(0) : index[axis]));
    return [{ axis: k, at: { node, index: of }, length: lengths[k] }];
  });
  return { ...leveled(samplesFirst(order, LONGEST_INSIDE)), target, lookups, index };
}

/**
 * True if two deposits may share a loop, which is the loop `p` of the earlier one and `q` of the later one: what they have
 * in common of their cell they meet in the same iteration.
 */
export function meetIn(earlier: DepositUnit, p: number, later: DepositUnit, q: number): boolean {
  return earlier.target.some(
    (place, axis) =>
      variableOf(place) === earlier.axes[p].variable &&
      variableOf(later.target[axis]) === later.axes[q].variable,
  );
}

/**
 * Which deposits need none: what is stored in any case, and fills its cell, is computed right there. A cell that more is
 * added to holds what nobody else may read.
 */
export function placedAtOnce(
  deposits: readonly Deposit[],
  stored: ReadonlySet<Node>,
  live: readonly Node[],
  roots: readonly Node[],
): ReadonlyMap<Deposit, ArrayRef> {
  const inCell = new Map<string, number>();
  const users = new Map<Node, number>();
  const use = (node: Node) => users.set(node, (users.get(node) ?? 0) + 1);
  for (const deposit of deposits) {
    inCell.set(deposit.cell, (inCell.get(deposit.cell) ?? 0) + 1);
    nodesOf(deposit).forEach(use);
  }
  for (const { inputs } of live) inputs.forEach(use);
  const placed = new Map<Deposit, ArrayRef>();
  const taken = new Set<Node>(roots);
  for (const deposit of deposits) {
    const { value, isWhole, combine, places, coordinates, to, cell } = deposit;
    if (!isWhole || combine !== '=' || places !== undefined || !stored.has(value) || taken.has(value))
      continue;
    if (value.shape.length === 0 || (inCell.get(cell)! > 1 && users.get(value)! > 1)) continue;
    if (coordinates.some(({ step }) => step !== 1)) continue;
    const strides = value.shape.map(
      (_, axis) => to.strides[coordinates.findIndex(at => at.axis === axis)] ?? 0,
    );
    placed.set(deposit, { name: to.name, offset: to.offset, strides });
    taken.add(value);
  }
  return placed;
}
