// Derivatives by differences: the oracle of the calculus, independent of it.

/**
 * The derivative of `f` at `x` by central differences extrapolated to step 0 (Ridders 1982; Numerical Recipes, section
 * 5.7). Good to about 1e-11 relative for smooth f of size 1.
 */
export function difference(
  f: (x: number) => number,
  x: number,
  step = 0.05 * Math.max(1, Math.abs(x)),
): number {
  const shrink = 1.4;
  let best = Number.NaN;
  let error = Number.POSITIVE_INFINITY;
  let previous: number[] = [];
  for (let i = 0, h = step; i < 12; i++, h /= shrink) {
    const row = [(f(x + h) - f(x - h)) / (2 * h)];
    for (let j = 1, factor = shrink ** 2; j <= i; j++, factor *= shrink ** 2) {
      row.push((row[j - 1] * factor - previous[j - 1]) / (factor - 1));
      const difference = Math.max(Math.abs(row[j] - row[j - 1]), Math.abs(row[j] - previous[j - 1]));
      if (difference <= error) {
        error = difference;
        best = row[j];
      }
    }
    previous = row;
  }
  return best;
}

/** A small deterministic generator of numbers in [0, 1) (mulberry32, Tommy Ettinger, public domain). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
