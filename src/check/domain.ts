// Points at which a formula can be looked at: random, the same in every run, and where it and its neighbours are
// finite. A formula does not say its domain, so ranges that suit common functions are tried, for all inputs alike and
// mixed; mixtures that worked are tried more often.

import type { Constraint } from '../ir/graph.ts';
import { type Input, sizesOf } from '../ir/program.ts';
import { elementsIn } from '../ir/shape.ts';
import { evaluateSize } from '../ir/size.ts';

/** A number, or the elements of a tensor in row-major order. */
export type Value = number | Float64Array;

export type Sizes = ReadonlyMap<string, number>;

/** A value for every input, and for every named size. */
export class Point extends Map<string, Value> {
  readonly sizes: Sizes;

  constructor(values: Iterable<readonly [string, Value]>, sizes: Sizes = new Map()) {
    super(values);
    this.sizes = sizes;
  }
}

/** A source of numbers in [0, 1). */
export type Random = () => number;

interface Range {
  readonly low: number;
  readonly high: number;
}

/** In the order they are tried: everything, positive, probability, above one (acosh), above one and negative (asec). */
const RANGES: readonly Range[] = [
  { low: -2, high: 2 },
  { low: 0.1, high: 2 },
  { low: 0.05, high: 0.95 },
  { low: 1.05, high: 10 },
  { low: -10, high: -1.05 },
];

/** Of integers: as indices of a short array some of these are in range, whatever its length. */
const INTEGERS: readonly Range[] = [1, 2, 3, 5, 10].map(high => ({ low: 0.5, high: high + 0.5 }));

/** Marsaglia's xorshift32 ("Xorshift RNGs", J. Stat. Software 8, 2003), after a few steps to forget a small seed. */
export function randomFrom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 16; i++) next();
  return next;
}

export interface Search {
  /** Lengths that have to be equal. */
  readonly constraints?: readonly Constraint[];
  /** Makes a number one that the module can be given; it takes doubles unless told otherwise. */
  readonly round?: (value: number) => number;
}

/** Up to `count` points where `isUsable`. */
export function findPoints(
  inputs: readonly Input[],
  count: number,
  random: Random,
  isUsable: (point: Point) => boolean,
  { constraints = [], round = value => value }: Search = {},
): Point[] {
  const ranges = inputs.map(rangesOf);
  const weights = ranges.map(choices => choices.map(() => 1));
  const points: Point[] = [];
  for (let attempt = 0; attempt < 40 * count + 400 && points.length < count; attempt++) {
    const alike = attempt % 2 === 0 ? attempt / 2 : undefined;
    const sizes = chooseSizes(inputs, constraints, attempt, random);
    if (sizes === undefined) continue;
    const choice = ranges.map((choices, i) =>
      alike === undefined ? weighted(weights[i], random) : alike % choices.length,
    );
    const values = inputs.map((input, i) => {
      const one = () => round(sample(input, ranges[i][choice[i]], random));
      return [
        input.name,
        input.shape.length === 0 ? one() : Float64Array.from({ length: lengthAt(input, sizes) }, one),
      ] as const;
    });
    const point = new Point(values, sizes);
    if (!isUsable(point)) continue;
    points.push(point);
    for (const [i, chosen] of choice.entries()) weights[i][chosen] += 4;
  }
  return points;
}

/** `point` moved by `t` along `direction`; inputs that have no direction stay. */
export function moved(point: Point, direction: ReadonlyMap<string, Value>, t: number): Point {
  const to = new Point(point, point.sizes);
  for (const [name, slope] of direction) {
    const value = point.get(name)!;
    if (typeof value === 'number') to.set(name, value + t * (slope as number));
    else
      to.set(
        name,
        value.map((x, k) => x + t * (slope as Float64Array)[k]),
      );
  }
  return to;
}

/** A length over which the formula may be expected to change little. */
export function scaleOf(value: number): number {
  return Math.max(Math.abs(value), 0.1);
}

const LENGTHS = [2, 3, 5, 1, 4];
/** Tried when the small ones do not do. */
const LONGER = [8, 7, 12, 16, 33];
const DRAWS = 60;

/**
 * Lengths for the named sizes of `inputs`: small, mostly different from each other, now and then alike, 1 or 0; undefined if
 * none was found that are equal where they have to be.
 */
function chooseSizes(
  inputs: readonly Input[],
  constraints: readonly Constraint[],
  attempt: number,
  random: Random,
): Sizes | undefined {
  const names = sizesOf({ inputs });
  if (names.length === 0) return new Map();
  const lengths = attempt < 100 ? LENGTHS : [...LENGTHS, ...LONGER];
  const pick = () => lengths[Math.floor(random() * lengths.length)];
  const special = [undefined, undefined, 'alike', undefined, 1, 0][attempt % 6];
  for (let draw = 0; draw < DRAWS; draw++) {
    const common = pick();
    const chosen = Math.floor(random() * names.length);
    const sizes = new Map(
      names.map((name, i) => {
        if (special === 'alike') return [name, common] as const;
        return [name, typeof special === 'number' && i === chosen ? special : pick()] as const;
      }),
    );
    const isRight = constraints.every(
      ({ left, right }) => evaluateSize(left, sizes) === evaluateSize(right, sizes),
    );
    if (isRight && inputs.every(input => lengthAt(input, sizes) >= 0)) return sizes;
  }
  return undefined;
}

function lengthAt({ shape }: Input, sizes: Sizes): number {
  return evaluateSize(elementsIn(shape), sizes);
}

/** An input with a default is tried near it first: it says where the formula makes sense, and of what size it is. */
function rangesOf({ default: center, dtype, shape }: Input): readonly Range[] {
  const ranges = dtype === 'int' && shape.length > 0 ? INTEGERS : RANGES;
  if (center === undefined || !Number.isFinite(center)) return ranges;
  const width = scaleOf(center) / 2;
  return [{ low: center - width, high: center + width }, ...ranges];
}

function sample({ dtype }: Input, { low, high }: Range, random: Random): number {
  const value = low + (high - low) * random();
  return dtype === 'int' ? Math.max(1, Math.round(Math.abs(value))) : value;
}

function weighted(weights: readonly number[], random: Random): number {
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = weights.findIndex(weight => {
    rest -= weight;
    return rest < 0;
  });
  return Math.max(chosen, 0);
}
