// Points at which a formula can be looked at: random, the same in every run, and where it and its neighbours are
// finite. A formula does not say its domain, so ranges that suit common functions are tried, for all inputs alike and
// mixed; mixtures that worked are tried more often.

import type { Input } from '../ir/program.ts';

/** A value for every input. */
export type Point = ReadonlyMap<string, number>;

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

/** Up to `count` points where `isUsable`. */
export function findPoints(
  inputs: readonly Input[],
  count: number,
  random: Random,
  isUsable: (point: Point) => boolean,
): Point[] {
  const ranges = inputs.map(rangesOf);
  const weights = ranges.map(choices => choices.map(() => 1));
  const points: Point[] = [];
  for (let attempt = 0; attempt < 40 * count + 400 && points.length < count; attempt++) {
    const alike = attempt % 2 === 0 ? attempt / 2 : undefined;
    const choice = ranges.map((choices, i) =>
      alike === undefined ? weighted(weights[i], random) : alike % choices.length,
    );
    const point = new Map(
      inputs.map((input, i) => [input.name, sample(input, ranges[i][choice[i]], random)] as const),
    );
    if (!isUsable(point)) continue;
    points.push(point);
    for (const [i, chosen] of choice.entries()) weights[i][chosen] += 4;
  }
  return points;
}

/** `point` moved by `t` along `direction`; inputs that have no direction stay. */
export function moved(point: Point, direction: Point, t: number): Point {
  const to = new Map(point);
  for (const [name, slope] of direction) to.set(name, point.get(name)! + t * slope);
  return to;
}

/** A length over which the formula may be expected to change little. */
export function scaleOf(value: number): number {
  return Math.max(Math.abs(value), 0.1);
}

/** An input with a default is tried near it first: it says where the formula makes sense, and of what size it is. */
function rangesOf({ default: center }: Input): readonly Range[] {
  if (center === undefined || !Number.isFinite(center)) return RANGES;
  const width = scaleOf(center) / 2;
  return [{ low: center - width, high: center + width }, ...RANGES];
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
