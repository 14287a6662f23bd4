// The loops of a unit of work, before they are merged with those of others: one over each axis that is longer than 1, in an
// order that suits memory and merging.

import type { Shape } from '../../ir/shape.ts';
import { constantIndex, type Index, LoopVariable, variableIndex } from './space.ts';

/** How a loop of a unit relates to its node: over an axis of it, or over what is summed (or scanned) up. */
type AxisKind = 'kept' | 'reduced' | 'scanned';

/** A loop of a unit. */
export interface UnitAxis {
  readonly variable: LoopVariable;
  readonly kind: AxisKind;
  /** The axis of the node that a kept or scanned loop runs over. */
  readonly axis: number | undefined;
  /** From the end. */
  readonly reverse: boolean;
  /** The variable of a loop outside at whose index this one begins: an upper triangle is all that is computed. */
  readonly from?: LoopVariable;
}

/** A loop over each axis that is longer than 1. */
export function loopsOver(shape: Shape): {
  readonly axes: readonly (UnitAxis & { readonly axis: number })[];
  readonly index: readonly Index<undefined>[];
} {
  const axes: (UnitAxis & { readonly axis: number })[] = [];
  const index = shape.map((size, axis) => {
    if (size === 1) return constantIndex<undefined>(0);
    const variable = new LoopVariable(size);
    axes.push({ variable, kind: 'kept', axis, reverse: false });
    return variableIndex<undefined>(variable);
  });
  return { axes, index };
}

/** The loops, and how many there are outside of the first that is not over an axis of the node. */
export function leveled(axes: readonly UnitAxis[]): {
  readonly axes: readonly UnitAxis[];
  readonly level: number;
} {
  const level = axes.findIndex(axis => !isKept(axis));
  return { axes, level: level < 0 ? axes.length : level };
}

/** The loops, that over the axis `column` from the index along the axis `row` on, if it runs outside; else as they are. */
export function beginningAt(
  axes: readonly UnitAxis[],
  row: number | undefined,
  column: number | undefined,
): readonly UnitAxis[] {
  if (row === undefined || column === undefined) return axes;
  const [outer, inner] = [row, column].map(axis => axes.findIndex(each => each.axis === axis));
  if (outer < 0 || inner <= outer) return axes;
  return axes.with(inner, { ...axes[inner], from: axes[outer].variable });
}

/** Loops over a pair of symmetric axes as loops over one triangle, if what accumulates stands outside of both. */
export function triangular(
  { axes, level }: ReturnType<typeof leveled>,
  pair: readonly (LoopVariable | undefined)[],
): ReturnType<typeof leveled> {
  const [outer, inner] = [...axes.keys()].filter(k => pair.includes(axes[k].variable));
  if (inner === undefined || outer < level) return { axes, level };
  return { axes: axes.with(inner, { ...axes[inner], from: axes[outer].variable }), level };
}

export function isKept({ kind }: UnitAxis): boolean {
  return kind === 'kept';
}

/**
 * Loops over named sizes outside of loops over numbers up to `longest`: a named size is that of a sample, most often, and
 * what runs sample by sample can be merged. Sums keep their place, for the sake of memory that is read in rows.
 */
export function samplesFirst(
  axes: readonly UnitAxis[],
  longest = Number.POSITIVE_INFINITY,
): readonly UnitAxis[] {
  const isShort = ({ variable: { size } }: UnitAxis) => typeof size === 'number' && size <= longest;
  const order: UnitAxis[] = [];
  for (const axis of axes) {
    let at = order.length;
    if (axis.kind === 'kept' && typeof axis.variable.size !== 'number') {
      while (at > 0 && isShort(order[at - 1])) at--;
    }
    order.splice(at, 0, axis);
  }
  return order;
}
