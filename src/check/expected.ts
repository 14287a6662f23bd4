// The numbers that a module has to give at one point, with the error that each may have: values from the reference
// evaluator, first derivatives from differences of it, second derivatives from differences of the module's gradient, third
// ones of its Hessian, and so on.

import { evaluator, tensorEvaluator } from '../ir/evaluate.ts';
import { type HigherKind, isHigherKind, kindOfOrder, orderOf, type Program } from '../ir/program.ts';
import { type Difference, differentiate, type Sampling } from './differences.ts';
import { moved, type Point, type Random, scaleOf, type Value } from './domain.ts';
import { columnPath, flatten, joinPath, type Layout, layoutOf, rowPath, unflatten } from './layout.ts';
import type { Call, Quantity } from './probes.ts';

/** Expected numbers in the order of the probes; undefined where nothing was worked out. */
export interface Expected {
  readonly source: string;
  readonly numbers: readonly (Difference | undefined)[];
  readonly pathOf: (at: number) => string;
  /** The relative error that rounding may cause. */
  readonly relative: number;
  /** The absolute error that rounding may cause: results of cancellation are no better. */
  readonly absolute: number;
}

/** How closely a module can be expected to come. */
export interface Accuracy {
  /** Of values and of derivatives, relative. */
  readonly value: number;
  readonly derivative: number;
  /** Relative to the largest value. */
  readonly absolute: number;
  /** What its arrays do to the numbers in them. */
  readonly epsilon: number;
}

export const ACCURACY: { readonly [P in 'f64' | 'f32']: Accuracy } = {
  f64: { value: 1e-10, derivative: 1e-8, absolute: 1e-12, epsilon: Number.EPSILON },
  f32: { value: 2e-5, derivative: 2e-4, absolute: 2e-5, epsilon: 2 ** -23 },
};

/** Numbers at a point. */
export type Reference = (point: Point) => Float64Array;

/** The elements of the outputs. Throws RangeError where an index is out of range or a length is negative. */
export function referenceOf(program: Program): Reference {
  const { inputs, outputs } = program;
  const roots = outputs.flatMap(({ elements }) => elements);
  if ([...inputs, ...roots].every(({ shape }) => shape.length === 0)) {
    return evaluator(roots) as unknown as Reference; // all values are numbers then
  }
  const evaluateAt = tensorEvaluator(roots);
  return point => {
    const { inputs } = layoutOf(program, point.sizes);
    const tensors = inputs.items.map(({ name, shape }) => {
      const value = point.get(name)!;
      return [name, { shape, elements: typeof value === 'number' ? [value] : value }] as const;
    });
    const results = evaluateAt(new Map(tensors), point.sizes);
    return Float64Array.from(results.flatMap(({ elements }) => Array.from(elements)));
  };
}

/** A quantity of the module as a function of the point. */
export interface Derived {
  readonly at: Reference;
  readonly sampling: Sampling;
}

export interface Evidence {
  readonly layout: Layout;
  readonly point: Point;
  readonly call: Call;
  /** The values. */
  readonly reference: Reference;
  /** The values again, for differences: a formula that takes long is not interpreted a hundred times. */
  readonly values: Reference;
  readonly sampling: Sampling;
  /** The module's own gradient, and how it rounds. */
  readonly gradient: Derived | undefined;
  /** Its own derivatives of the order below one that is to be checked, and how they round. */
  readonly below: (kind: HigherKind) => Derived | undefined;
  /** How many of the columns are looked at, chosen anew at each point. */
  readonly columns: number;
  /** How many neighbours tell how far rounding errors go. */
  readonly neighbours: number;
  readonly accuracy: Accuracy;
  readonly random: Random;
}

/** Differences are taken in no more directions than this at a point. */
export const MOST_COLUMNS = 16;

/** Works out each quantity at most once. */
export function expectations(evidence: Evidence): (quantity: Quantity) => Expected | undefined {
  const { layout, point, call, reference, values, sampling, gradient, below, accuracy, random } = evidence;
  const { wrt, outputs } = layout;
  const center = reference(point);
  const size = center.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const theta = flatten(wrt, point);
  const columns = choose(wrt.length, evidence.columns, random);
  const isLooked = columns.length > 0 || wrt.length === 0;
  const direction = unflatten(wrt, call.direction);
  const step = (j: number): number => scaleOf(theta[j]) / 4;
  // A step in all directions at once is as long as one in each of them.
  const longStep =
    theta.reduce((least, _, j) => Math.min(least, step(j)), 1) /
    Math.sqrt(Math.max(1, wrt.length / MOST_COLUMNS));
  const unit = (j: number): ReadonlyMap<string, Value> => {
    const { name, isScalar, offset, length } = wrt.items.find(part => j < part.offset + part.length)!;
    return new Map([[name, isScalar ? 1 : new Float64Array(length).with(j - offset, 1)]]);
  };

  const along = (f: Reference, way: ReadonlyMap<string, Value>, h: number, how: Sampling) =>
    differentiate(t => f(moved(point, way, t)), h, how);
  /** The derivatives of the `rows` components of `f` by the chosen inputs, row by row. */
  const matrix = (f: Reference, rows: number, how: Sampling): (Difference | undefined)[] => {
    const numbers = new Array<Difference | undefined>(rows * wrt.length);
    for (const j of columns) {
      const column = along(f, unit(j), step(j), how);
      for (let i = 0; i < rows; i++) numbers[i * wrt.length + j] = column[i];
    }
    return numbers;
  };
  const weighted: Reference = at => {
    const own = values(at);
    return Float64Array.of(call.cotangent.reduce((sum, c, i) => sum + c * own[i], 0));
  };
  const cost: Reference = at => Float64Array.of(values(at).reduce((sum, r) => sum + (r * r) / 2, 0));
  const rowOf = (at: number) => rowPath(layout, at);
  const columnOf = (at: number) => columnPath(layout, at);
  const cellOf = (row: (at: number) => string) => (at: number) =>
    joinPath(row(Math.floor(at / wrt.length)), columnOf(at % wrt.length));

  const first = {
    source: values === reference ? 'differences' : 'differences of value',
    relative: accuracy.derivative,
    absolute: accuracy.absolute * size,
  };
  const second = { ...first, source: 'differences of grad' };
  const worked = {
    value: (): Expected => ({
      source: 'the reference evaluator',
      numbers: withNoise(evidence, center),
      pathOf: rowOf,
      relative: accuracy.value,
      absolute: accuracy.epsilon === Number.EPSILON ? 1e-300 : accuracy.absolute * size,
    }),
    jacobian: (): Expected | undefined =>
      isLooked
        ? { ...first, numbers: matrix(values, outputs.length, sampling), pathOf: cellOf(rowOf) }
        : undefined,
    jvp: (): Expected => ({
      ...first,
      numbers: along(values, direction, longStep, sampling),
      pathOf: rowOf,
    }),
    vjp: (): Expected | undefined =>
      isLooked ? { ...first, numbers: matrix(weighted, 1, sampling), pathOf: columnOf } : undefined,
    hessian: (): Expected | undefined =>
      gradient && isLooked
        ? {
            ...second,
            numbers: matrix(gradient.at, wrt.length, gradient.sampling),
            pathOf: cellOf(columnOf),
          }
        : undefined,
    hvp: (): Expected | undefined =>
      gradient && {
        ...second,
        numbers: along(gradient.at, direction, longStep, gradient.sampling),
        pathOf: columnOf,
      },
    cost: (): Expected => {
      const known = withNoise(evidence, center);
      const sum = known.reduce(
        (all, { value, error }) => ({
          value: all.value + (value * value) / 2,
          error: all.error + Math.abs(value) * error,
        }),
        { value: 0, error: 0 },
      );
      const absolute = accuracy.absolute * size * size;
      return { ...first, source: 'the reference evaluator', numbers: [sum], pathOf: () => '', absolute };
    },
    normalGradient: (): Expected | undefined =>
      isLooked
        ? {
            ...first,
            numbers: matrix(cost, 1, sampling),
            pathOf: columnOf,
            absolute: accuracy.absolute * size * size,
          }
        : undefined,
    normalMatrix: (): Expected | undefined =>
      isLooked
        ? {
            ...first,
            numbers: gramOf(matrix(values, outputs.length, sampling), wrt.length, columns),
            pathOf: cellOf(columnOf),
          }
        : undefined,
  } satisfies Record<Exclude<Quantity, HigherKind>, () => Expected | undefined>;

  /** Rows are the derivatives of the order below. */
  const higher = (kind: HigherKind): Expected | undefined => {
    const lower = below(kind);
    if (lower === undefined || !isLooked) return undefined;
    const order = orderOf(kind);
    return {
      ...first,
      source: `differences of ${kindOfOrder(order - 1)}`,
      numbers: matrix(lower.at, wrt.length ** (order - 1), lower.sampling),
      pathOf: at => joinPath(...indices(at, wrt.length, order).map(columnOf)),
    };
  };

  const done = new Map<Quantity, Expected | undefined>();
  return quantity => {
    if (!done.has(quantity))
      done.set(quantity, isHigherKind(quantity) ? higher(quantity) : worked[quantity]());
    return done.get(quantity);
  };
}

/**
 * The values, each with the change that a few units in the last place of the inputs make: a formula that cancels is
 * known no better than that, and a module that rounds in another order differs by as much.
 */
function withNoise(
  { reference, point, accuracy: { epsilon }, neighbours, random }: Evidence,
  center: Float64Array,
): Difference[] {
  const noise = new Float64Array(center.length);
  const near = (value: number): number => {
    const change = Number.isInteger(value) ? 0 : (random() < 0.5 ? -2 : 2) * epsilon;
    return value * (1 + change);
  };
  for (let k = 0; k < neighbours; k++) {
    const neighbour = moved(point, new Map(), 0);
    for (const [name, value] of point) {
      neighbour.set(name, typeof value === 'number' ? near(value) : value.map(near));
    }
    for (const [i, value] of reference(neighbour).entries())
      noise[i] = Math.max(noise[i], Math.abs(value - center[i]));
  }
  return Array.from(center, (value, i) => ({ value, error: noise[i] }));
}

/** J'J of the `columns` of J that are known, with the errors that those of J make. */
function gramOf(
  jacobian: readonly (Difference | undefined)[],
  width: number,
  columns: readonly number[],
): (Difference | undefined)[] {
  const product = new Array<Difference | undefined>(width * width);
  const rows = jacobian.length / width;
  for (const i of columns) {
    for (const j of columns) {
      let [value, error] = [0, 0];
      for (let k = 0; k < rows; k++) {
        const [p, q] = [jacobian[k * width + i]!, jacobian[k * width + j]!];
        value += p.value * q.value;
        error += Math.abs(p.value) * q.error + Math.abs(q.value) * p.error;
      }
      product[i * width + j] = { value, error };
    }
  }
  return product;
}

/** The `count` indices of an element of a tensor all of whose axes have one length. */
function indices(at: number, length: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => Math.floor(at / length ** (count - 1 - k)) % length);
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
