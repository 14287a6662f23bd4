// Functions of a list of numbers, of any length: what a reduction does to the elements it takes together.

/** The sum with the rounding errors added up apart (Neumaier 1974). */
export function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const x of values) {
    const next = total + x;
    lost += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + lost : total;
}

export function prod(values: readonly number[]): number {
  return values.reduce((x, y) => x * y, 1);
}

/** NaN of none. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

export function max(values: readonly number[]): number {
  return values.reduce((x, y) => Math.max(x, y), Number.NEGATIVE_INFINITY);
}

export function min(values: readonly number[]): number {
  return values.reduce((x, y) => Math.min(x, y), Number.POSITIVE_INFINITY);
}

/** The position, from 1, of the first element that is `best` of all. */
export function positionOf(values: readonly number[], best: number): number {
  if (values.length === 0) throw new RangeError('no largest or smallest of no elements');
  return values.findIndex(x => Object.is(x, best) || x === best) + 1;
}

/** What the sum of squares is divided by. */
const DIVISORS: Readonly<Record<string, (count: number) => number>> = {
  unbiased: count => count - 1,
  uncorrected: count => count,
  biased: count => count + 1,
};

/** In two passes, the second corrected for the rounding of the mean. 0 of one element, NaN of none. */
export function variance(values: readonly number[], normalization = 'unbiased'): number {
  const divisor = DIVISORS[normalization];
  if (divisor === undefined) throw new TypeError(`unknown normalization ${normalization}`);
  const count = values.length;
  if (count === 0) return NaN;
  const centre = mean(values);
  const deviations = values.map(x => x - centre);
  if (count === 1) return 0 * deviations[0];
  return Math.max(0, sum(deviations.map(d => d * d)) - sum(deviations) ** 2 / count) / divisor(count);
}

export function logsumexp(values: readonly number[]): number {
  const most = max(values);
  return Number.isFinite(most) ? most + Math.log(sum(values.map(x => Math.exp(x - most)))) : most;
}

/** Zeros if all are -Infinity. */
export function softmax(values: readonly number[]): number[] {
  const most = max(values);
  if (most === Number.NEGATIVE_INFINITY) return values.map(() => 0);
  const powers = values.map(x => Math.exp(x - most));
  const total = sum(powers);
  return powers.map(p => p / total);
}

/** The logarithm of `softmax`: -Infinity if all are. */
export function logsoftmax(values: readonly number[]): number[] {
  const most = max(values);
  if (most === Number.NEGATIVE_INFINITY) return [...values];
  const rest = Math.log(sum(values.map(x => Math.exp(x - most))));
  return values.map(x => x - most - rest);
}

export function cumsum(values: readonly number[]): number[] {
  let total = 0;
  return values.map(x => {
    total += x;
    return total;
  });
}

/** The p-norm, of elements scaled by a power of two so that nothing overflows on the way. */
export function norm(values: readonly number[], p = 2): number {
  const sizes = values.map(Math.abs);
  const most = sizes.reduce((x, y) => Math.max(x, y), 0);
  if (p === Number.POSITIVE_INFINITY || most === 0 || !Number.isFinite(most)) return most;
  if (p === Number.NEGATIVE_INFINITY) return min(sizes);
  if (p === 1) return sum(sizes);
  const scale = scaleOf(most);
  const total = sum(sizes.map(x => (x / scale) ** p));
  return scale * (p === 2 ? Math.sqrt(total) : total ** (1 / p));
}

/** The power of two below a positive number. */
export function scaleOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size));
}
