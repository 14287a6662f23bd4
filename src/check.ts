// The check of an emitted module against what it was made from: values against the reference evaluator and, where it
// is installed, mathjs itself; derivatives against extrapolated differences. Nothing of the calculus, the rewrites or
// the code generator takes part in the expected numbers, but that second derivatives are differences of the module's own
// gradient, which has been checked first. Points are random, and the same in every run.

import { findPoints, moved, type Point, type Random, randomFrom, scaleOf } from './check/domain.ts';
import { type Expected, expectations, type Reference, referenceOf } from './check/expected.ts';
import { loadModule, type ModuleForm } from './check/load.ts';
import { mathjsOracle } from './check/oracle.ts';
import { type Call, layoutOf, probesOf, type Quantity } from './check/probes.ts';
import type { Program } from './ir/program.ts';

export interface CheckOptions extends ModuleForm {
  /** How many points to look at. Default 10. */
  readonly points?: number;
  readonly seed?: number;
  /** Whether the source text of the program is a formula, so that mathjs can be asked too. Default true. */
  readonly mathjs?: boolean;
}

export interface CheckReport {
  /** Every function agrees at every point that could be compared, and there was one. */
  readonly ok: boolean;
  readonly functions: readonly FunctionReport[];
  /** Points found at which the formula is finite. */
  readonly points: number;
  /** What was not compared, and why. */
  readonly notes: readonly string[];
}

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
  /** Which number of the result, e.g. `x` or `x.y`; empty for a scalar value. */
  readonly path: string;
  readonly inputs: Readonly<Record<string, number>>;
  readonly actual: number;
  readonly expected: number;
  /** Relative to the larger of the expected number and a thousandth of the largest of the same result. */
  readonly error: number;
  readonly ok: boolean;
}

/**
 * Runs the module `code` at random points and compares it with `program`, which is to be the formula as it was parsed:
 * not normalised, without derivatives.
 */
export async function checkModule(
  code: string,
  program: Program,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const random = randomFrom(options.seed ?? 1);
  const layout = layoutOf(program);
  const reference = referenceOf(program);
  const points = findPoints(program.inputs, options.points ?? 10, random, isUsable(reference, random));
  if (points.length === 0) {
    const notes = ['no point was found at which the formula is finite'];
    return { ok: false, functions: [], points: 0, notes };
  }
  const probes = probesOf(await loadModule(code, options), layout);
  const gradient = probes.find(({ name }) => name === 'grad');
  const oracle = options.mathjs === false ? () => undefined : await mathjsOracle(program);
  const ledger = new Ledger();

  for (const point of points) {
    const call: Call = {
      inputs: Object.fromEntries(point),
      direction: layout.wrt.map(() => 2 * random() - 1),
      cotangent: layout.rows.map(() => 2 * random() - 1),
    };
    const gradientAt = gradient && ((inputs: Call['inputs']) => gradient.measure({ ...call, inputs }));
    const expected = expectations(layout, point, call, reference, gradientAt, random);
    for (const { name, measure } of probes) {
      try {
        for (const [quantity, actual] of Object.entries(measure(call)) as [Quantity, readonly number[]][]) {
          ledger.compare(name, point, actual, expected(quantity));
          if (name === 'value')
            ledger.compare(name, point, actual, answerOf(oracle?.(point), expected('value'), ledger));
        }
      } catch (error) {
        ledger.fail(name, `it throws ${error}`);
      }
    }
  }
  if (oracle === undefined) ledger.note('not compared with mathjs: it is not installed');
  const { functions, notes } = ledger;
  return { ok: functions.every(({ ok }) => ok), functions, points: points.length, notes };
}

/** The numbers of mathjs, known as well as those of the reference evaluator. */
function answerOf(
  answer: readonly number[] | string | undefined,
  known: Expected | undefined,
  ledger: Ledger,
): Expected | undefined {
  if (typeof answer === 'string') ledger.note(`not compared with mathjs: ${answer}`);
  if (answer === undefined || typeof answer === 'string' || known === undefined) return undefined;
  const numbers = answer.map((value, i) => ({ value, error: known.numbers[i]?.error ?? 0 }));
  return { ...known, source: 'mathjs', numbers };
}

/** Keeps what is found out about each function. */
class Ledger {
  readonly #tallies = new Map<string, Tally>();
  readonly #notes = new Set<string>();

  /** Counts one result of `name`; nothing if nothing is expected. */
  compare(name: string, point: Point, actual: readonly number[], expected: Expected | undefined): void {
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

  get functions(): FunctionReport[] {
    return Array.from(this.#tallies.values(), ({ excess: _, ...report }) => report);
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
function added(tally: Tally, point: Point, actual: readonly number[], expected: Expected): Tally {
  const { numbers, paths, relative, absolute } = expected;
  const largest = numbers.reduce((most, entry) => Math.max(most, finite(entry?.value)), 0);
  let { skipped, largestError, ok, excess, worst } = tally;
  for (const [i, entry] of numbers.entries()) {
    if (entry === undefined) continue;
    if (!(entry.error <= 1e-3 * Math.max(largest, absolute * 1e3))) {
      skipped++;
      continue;
    }
    const scale = Math.max(Math.abs(entry.value), 1e-3 * largest);
    const tolerance = 20 * entry.error + relative * scale + absolute;
    const difference = Math.abs((actual[i] ?? NaN) - entry.value);
    const error = difference === 0 ? 0 : orInfinity(difference / scale);
    const ratio = difference === 0 ? 0 : orInfinity(difference / tolerance);
    const isRight = ratio <= 1;
    largestError = Math.max(largestError, error);
    ok &&= isRight;
    if (ratio <= excess) continue;
    excess = ratio;
    const inputs = Object.fromEntries(point);
    worst = { path: paths[i], inputs, actual: actual[i] ?? NaN, expected: entry.value, error, ok: isRight };
  }
  return { ...tally, points: tally.points + 1, skipped, largestError, ok, excess, ...(worst && { worst }) };
}

/** Points where the formula and its neighbourhood are finite: differences need room. */
function isUsable(reference: Reference, random: Random): (point: Point) => boolean {
  const isFiniteAt = (point: Point) => reference(point).every(Number.isFinite);
  return point => {
    if (!isFiniteAt(point)) return false;
    const way: Point = new Map(
      Array.from(point, ([name, value]) => {
        const slope = Number.isInteger(value) ? 0 : (random() < 0.5 ? -1 : 1) * scaleOf(value);
        return [name, slope] as const;
      }),
    );
    return [-0.02, 0.02].every(t => isFiniteAt(moved(point, way, t)));
  };
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? Math.abs(value) : 0;
}

function orInfinity(value: number): number {
  return Number.isNaN(value) ? Infinity : value;
}
