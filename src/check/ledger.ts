// What is found out about each function of a module, point after point.

import type { Point, Value } from './domain.ts';
import type { Expected } from './expected.ts';

export interface FunctionReport {
  readonly name: string;
  /** What it was compared with. */
  readonly reference: string;
  /** Points compared. */
  readonly points: number;
  /** Numbers left out because differences say nothing there: a kink or a jump is too near. */
  readonly skipped: number;
  readonly largestError: number;
  /** The number that is worst in relation to its tolerance. */
  readonly worst?: Comparison;
  /** What went wrong if there is no number to compare. */
  readonly problem?: string;
  readonly ok: boolean;
}

export interface Comparison {
  /** Which number of the result, e.g. `x`, `x.y` or `w.3`; empty for a scalar value. */
  readonly path: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly actual: number;
  readonly expected: number;
  /**
   * Relative to the expected number, or to a thousandth of the largest of the same result, or to what the reference
   * can tell from zero, whichever is largest.
   */
  readonly error: number;
  readonly ok: boolean;
}

export class Ledger {
  readonly #tallies = new Map<string, Tally>();
  readonly #notes = new Set<string>();

  /** Counts one result of `name`; nothing if nothing is expected. */
  compare(name: string, point: Point, actual: ArrayLike<number>, expected: Expected | undefined): void {
    if (expected === undefined) return;
    const key = `${name} ${expected.source}`;
    const before = this.#tallies.get(key) ?? emptyTally(name, expected.source);
    this.#tallies.set(key, added(before, point, actual, expected));
  }

  fail(name: string, problem: string): void {
    this.#tallies.set(name, { ...emptyTally(name, 'any result'), ok: false, problem });
  }

  note(text: string): void {
    this.#notes.add(text);
  }

  /** Function after function, in the order in which they were first heard of. */
  get functions(): FunctionReport[] {
    const tallies = [...this.#tallies.values()];
    const names = new Set(tallies.map(({ name }) => name));
    return [...names].flatMap(name =>
      tallies.filter(tally => tally.name === name).map(({ excess: _, ...report }) => report),
    );
  }

  get notes(): string[] {
    return [...this.#notes];
  }
}

/** What is known of one function so far. */
interface Tally extends FunctionReport {
  /** How far the worst number is off, in units of its tolerance. */
  readonly excess: number;
}

function emptyTally(name: string, reference: string): Tally {
  return { name, reference, points: 0, skipped: 0, largestError: 0, ok: true, excess: -1 };
}

/** `tally` with one more point. */
function added(tally: Tally, point: Point, actual: ArrayLike<number>, expected: Expected): Tally {
  const { numbers, pathOf, relative, absolute } = expected;
  // What a thousandth of is taken for zero: the largest number, or what the reference can tell from zero at all.
  const largest = numbers.reduce((most, entry) => Math.max(most, finite(entry?.value)), 1e3 * absolute);
  let { skipped, largestError, ok, excess, worst } = tally;
  for (const [i, entry] of numbers.entries()) {
    if (entry === undefined) continue;
    if (!(entry.error <= 1e-3 * largest)) {
      skipped++;
      continue;
    }
    const scale = Math.max(Math.abs(entry.value), 1e-3 * largest);
    const tolerance = 20 * entry.error + relative * scale + absolute;
    const difference = Math.abs((actual[i] ?? Number.NaN) - entry.value);
    const error = difference === 0 ? 0 : orInfinity(difference / scale);
    const ratio = difference === 0 ? 0 : orInfinity(difference / tolerance);
    const isRight = ratio <= 1;
    largestError = Math.max(largestError, error);
    ok &&= isRight;
    if (ratio <= excess) continue;
    excess = ratio;
    worst = {
      path: pathOf(i),
      inputs: Object.fromEntries([...point.sizes, ...point]),
      actual: actual[i] ?? Number.NaN,
      expected: entry.value,
      error,
      ok: isRight,
    };
  }
  return { ...tally, points: tally.points + 1, skipped, largestError, ok, excess, ...(worst && { worst }) };
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? Math.abs(value) : 0;
}

function orInfinity(value: number): number {
  return Number.isNaN(value) ? Infinity : value;
}
