// The numbers that a module has to give at one point, with the error that each may have: values from the reference
// evaluator, first derivatives from differences of it, second derivatives from differences of the module's gradient.

import { evaluator } from '../ir/evaluate.ts';
import type { Program } from '../ir/program.ts';
import { type Difference, differentiate } from './differences.ts';
import { moved, type Point, type Random, scaleOf } from './domain.ts';
import { type Call, joinPath, type Layout, type Measured, type Quantity } from './probes.ts';

/** Expected numbers in the order of the probes; undefined where nothing was worked out. */
export interface Expected {
  readonly source: string;
  readonly numbers: readonly (Difference | undefined)[];
  readonly paths: readonly string[];
  /** The relative error that rounding may cause. */
  readonly relative: number;
  /** The absolute error that rounding may cause: results of cancellation are no better. */
  readonly absolute: number;
}

/** The elements of the outputs at a point. */
export type Reference = (point: Point) => Float64Array;

export function referenceOf({ outputs }: Program): Reference {
  return evaluator(outputs.flatMap(({ elements }) => elements));
}

/** Differences are taken in no more directions than this at a point: chosen anew at each. */
const MOST_COLUMNS = 16;

/** Works out each quantity at most once. `gradient` is the module's own. */
export function expectations(
  { wrt, rows }: Layout,
  point: Point,
  call: Call,
  reference: Reference,
  gradient: ((inputs: Call['inputs']) => Measured) | undefined,
  random: Random,
): (quantity: Quantity) => Expected | undefined {
  const center = reference(point);
  const size = center.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const columns = choose(wrt.length, MOST_COLUMNS, random);
  const direction: Point = new Map(wrt.map((name, j) => [name, call.direction[j]]));
  const unit = (j: number): Point => new Map([[wrt[j], 1]]);
  const step = (j: number): number => scaleOf(point.get(wrt[j])!) / 4;
  const longStep = wrt.reduce((least, _, j) => Math.min(least, step(j)), 1);

  const along = (f: Reference, way: Point, h: number) => differentiate(t => f(moved(point, way, t)), h);
  const gradientAt: Reference | undefined =
    gradient && (at => Float64Array.from(gradient(Object.fromEntries(at)).jacobian ?? []));
  /** The derivatives of the `rows` components of `f` by the chosen inputs, row by row. */
  const matrix = (f: Reference, rows: number): (Difference | undefined)[] => {
    const numbers = new Array<Difference | undefined>(rows * wrt.length);
    for (const j of columns) {
      const column = along(f, unit(j), step(j));
      for (let i = 0; i < rows; i++) numbers[i * wrt.length + j] = column[i];
    }
    return numbers;
  };
  const weighted: Reference = at => {
    const values = reference(at);
    return Float64Array.of(call.cotangent.reduce((sum, c, i) => sum + c * values[i], 0));
  };
  const pathsBelow = (rows: readonly string[]) => rows.flatMap(row => wrt.map(name => joinPath(row, name)));

  const first = { source: 'differences', relative: 1e-8, absolute: 1e-12 * size };
  const second = { ...first, source: 'differences of grad' };
  const worked = {
    value: (): Expected => ({
      source: 'the reference evaluator',
      numbers: withNoise(reference, point, center, random),
      paths: rows,
      relative: 1e-10,
      absolute: 1e-300,
    }),
    jacobian: (): Expected => ({
      ...first,
      numbers: matrix(reference, rows.length),
      paths: pathsBelow(rows),
    }),
    jvp: (): Expected => ({ ...first, numbers: along(reference, direction, longStep), paths: rows }),
    vjp: (): Expected => ({ ...first, numbers: matrix(weighted, 1), paths: wrt }),
    hessian: (): Expected | undefined =>
      gradientAt && { ...second, numbers: matrix(gradientAt, wrt.length), paths: pathsBelow(wrt) },
    hvp: (): Expected | undefined =>
      gradientAt && { ...second, numbers: along(gradientAt, direction, longStep), paths: wrt },
  } satisfies Record<Quantity, () => Expected | undefined>;

  const done = new Map<Quantity, Expected | undefined>();
  return quantity => {
    if (!done.has(quantity)) done.set(quantity, worked[quantity]());
    return done.get(quantity);
  };
}

/**
 * The values, each with the change that a few units in the last place of the inputs make: a formula that cancels is
 * known no better than that, and a module that rounds in another order differs by as much.
 */
function withNoise(reference: Reference, point: Point, center: Float64Array, random: Random): Difference[] {
  const noise = new Float64Array(center.length);
  for (let k = 0; k < 6; k++) {
    const near = new Map(
      Array.from(point, ([name, value]) => {
        const change = Number.isInteger(value) ? 0 : (random() < 0.5 ? -2 : 2) * Number.EPSILON;
        return [name, value * (1 + change)] as const;
      }),
    );
    for (const [i, value] of reference(near).entries())
      noise[i] = Math.max(noise[i], Math.abs(value - center[i]));
  }
  return Array.from(center, (value, i) => ({ value, error: noise[i] }));
}

/** Up to `most` of the numbers below `count`, each as likely as the others. */
function choose(count: number, most: number, random: Random): number[] {
  const all = Array.from({ length: count }, (_, j) => j);
  if (count <= most) return all;
  for (let j = 0; j < most; j++) {
    const k = j + Math.floor(random() * (count - j));
    [all[j], all[k]] = [all[k], all[j]];
  }
  return all.slice(0, most);
}
