// Derivatives from values only: central differences at a falling sequence of steps, extrapolated to step zero, with an
// estimate of the error and a test for kinks. The independent side of every check; knows nothing of graphs.

/** A derivative and how far it may be off. `error` is infinite where differences say nothing. */
export interface Difference {
  readonly value: number;
  readonly error: number;
}

const SHRINK = 2;
const STEPS = 10;

/**
 * The derivative at 0 of every component of `f`, by Richardson extrapolation of central differences with steps
 * h, h/2, h/4, ...; of the whole table the entry that differs least from its neighbours is taken. C. J. F. Ridders,
 * "Accurate computation of F'(x) and F'(x) F''(x)", Adv. Eng. Software 4 (1982) 75-76. His early stop is left out: near a
 * singularity the wide steps are useless and the narrow ones are not.
 */
export function differentiate(f: (t: number) => Float64Array, h: number): Difference[] {
  const center = f(0);
  const steps = Array.from({ length: STEPS }, (_, i) => h / SHRINK ** i);
  const right = steps.map(step => f(step));
  const left = steps.map(step => f(-step));
  return Array.from(center, (value, component) => {
    const above = right.map(values => values[component]);
    const below = left.map(values => values[component]);
    if (hasKink(value, above, below, steps)) return { value: NaN, error: Infinity };
    return extrapolate(steps.map((step, i) => (above[i] - below[i]) / (2 * step)));
  });
}

/** Differences that are not finite (the step left the domain) never win, since no comparison with NaN holds. */
function extrapolate(differences: readonly number[]): Difference {
  let best: Difference = { value: NaN, error: Infinity };
  let before: readonly number[] = [];
  for (const difference of differences) {
    const row = [difference];
    let factor = 1;
    for (let order = 0; order < before.length; order++) {
      factor *= SHRINK * SHRINK; // The error of a central difference has even powers of the step only.
      const value = (factor * row[order] - before[order]) / (factor - 1);
      const error = Math.max(Math.abs(value - row[order]), Math.abs(value - before[order]));
      if (error <= best.error) best = { value, error };
      row.push(value);
    }
    before = row;
  }
  return best;
}

/**
 * True if the slopes to the right and to the left differ and do not approach each other as the step shrinks: a central
 * difference then converges, to their mean, which is no derivative. A smooth function halves the gap with the step.
 */
function hasKink(
  value: number,
  above: readonly number[],
  below: readonly number[],
  steps: readonly number[],
): boolean {
  const gap = (i: number) => Math.abs((above[i] - 2 * value + below[i]) / steps[i]);
  const slope = Math.abs((above[STEPS - 1] - below[STEPS - 1]) / steps[STEPS - 1]);
  const [narrow, wide] = [gap(STEPS - 1), gap(STEPS - 2)];
  return narrow > 1e-6 * Math.max(slope, Number.MIN_VALUE) && narrow > 0.8 * wide && narrow > 1e-9;
}
