// Derivatives from values only: central differences at a falling sequence of steps, extrapolated to step zero, with an
// estimate of the error and a test for kinks. The independent side of every check; knows nothing of graphs.

/** A derivative and how far it may be off. `error` is infinite where differences say nothing. */
export interface Difference {
  readonly value: number;
  readonly error: number;
}

const SHRINK = 2;
/** Rows of the table that are trusted when the whole of it disagrees with them. */
const NARROW_ROWS = 4;

/** How a function is computed, and how closely it is looked at. */
export interface Sampling {
  /** The relative rounding error of its values. */
  readonly epsilon: number;
  /** How many steps, each half of the one before: fewer where rounding errors are large, since they grow as steps shrink. */
  readonly steps: number;
}

export const DOUBLE: Sampling = { epsilon: Number.EPSILON, steps: 14 };

/**
 * The derivative at 0 of every component of `f`, by Richardson extrapolation of central differences with steps
 * h, h/2, h/4, ...; of the whole table the entry that differs least from its neighbours is taken. C. J. F. Ridders,
 * "Accurate computation of F'(x) and F'(x) F''(x)", Adv. Eng. Software 4 (1982) 75-76. Two changes make it hold where
 * the wide steps see nothing of the function (an oscillation, a jump, a pole): no early stop, and wide steps that agree
 * with each other but not with the narrow ones do not count.
 */
export function differentiate(
  f: (t: number) => Float64Array,
  h: number,
  { epsilon, steps: count }: Sampling = DOUBLE,
): Difference[] {
  const center = f(0);
  const steps = Array.from({ length: count }, (_, i) => h / SHRINK ** i);
  const right = steps.map(step => f(step));
  const left = steps.map(step => f(-step));
  return Array.from(center, (value, component) => {
    const above = right.map(values => values[component]);
    const below = left.map(values => values[component]);
    const slopes = steps.map((step, i) => (above[i] - below[i]) / (2 * step));
    const size = Math.max(Math.abs(value), Math.abs(above[count - 1]), Math.abs(below[count - 1]));
    const noises = steps.map(step => (4 * epsilon * size) / step);
    const gaps = steps.map((step, i) => Math.abs(above[i] - 2 * value + below[i]) / step);
    if (hasKink(gaps, slopes, noises) || isUnresolved(slopes, size / h))
      return { value: NaN, error: Infinity };
    return extrapolate(slopes, noises);
  });
}

function extrapolate(slopes: readonly number[], noises: readonly number[]): Difference {
  const rows = richardson(slopes, noises);
  const narrow = rows.slice(-NARROW_ROWS);
  const [best, trusted] = [rows.reduce(better), narrow.reduce(better)];
  const agrees = Math.abs(best.value - trusted.value) <= 10 * (best.error + trusted.error);
  const { value, error } = agrees ? best : trusted;
  // Neighbours may agree by chance; by how much the narrow rows differ shows the rounding errors of the function.
  const spread = Math.max(error, ...narrow.map(row => Math.abs(row.value - value)));
  return { value, error: Number.isNaN(spread) ? Infinity : spread };
}

/**
 * The best entry of each row of the table. Differences that are not finite (the step left the domain) never win, since
 * no comparison with NaN holds.
 */
function richardson(slopes: readonly number[], noises: readonly number[]): Difference[] {
  let before: readonly number[] = [];
  return slopes.map((slope, i) => {
    const row = [slope];
    let best: Difference = { value: NaN, error: Infinity };
    let factor = 1;
    for (let order = 0; order < before.length; order++) {
      factor *= SHRINK * SHRINK; // The error of a central difference has even powers of the step only.
      const value = (factor * row[order] - before[order]) / (factor - 1);
      const error = Math.max(Math.abs(value - row[order]), Math.abs(value - before[order])) + noises[i];
      best = better(best, { value, error });
      row.push(value);
    }
    before = row;
    return best;
  });
}

function better(a: Difference, b: Difference): Difference {
  return b.error <= a.error ? b : a;
}

/**
 * True if the slopes to the right and to the left differ and do not approach each other as the step shrinks: a central
 * difference then converges, to their mean, which is no derivative. A smooth function halves the gap with the step.
 */
function hasKink(gaps: readonly number[], slopes: readonly number[], noises: readonly number[]): boolean {
  const [wide, narrow] = gaps.slice(-2);
  return narrow > 2e-6 * Math.abs(slopes.at(-1)!) + 4 * noises.at(-1)! && narrow > 0.8 * wide;
}

/** True if the function changes faster than even the narrowest steps: their slopes still differ, and are steep. */
function isUnresolved(slopes: readonly number[], usual: number): boolean {
  const [wide, narrow] = slopes.slice(-2);
  return Math.abs(wide - narrow) > 0.01 * Math.max(Math.abs(wide), Math.abs(narrow), 1e-4 * usual);
}
