// The check of an emitted module against what it was made from: values against the reference evaluator and, where it
// is installed, mathjs itself; derivatives against extrapolated differences. Nothing of the calculus, the rewrites or
// the code generator takes part in the expected numbers, but that derivatives of a higher order are differences of the
// module's own of the order below, which have been checked first, and that a formula that takes long is not interpreted for each difference: its
// value, once checked, is taken. Points are random, and the same in every run.

import { alongDirections } from './check/along.ts';
import { DOUBLE, type Sampling } from './check/differences.ts';
import { findPoints, type Point, type Random, randomFrom } from './check/domain.ts';
import {
  ACCURACY,
  type Evidence,
  type Expected,
  expectations,
  MOST_COLUMNS,
  type Reference,
  referenceOf,
} from './check/expected.ts';
import { isTooLarge } from './check/factors.ts';
import { layoutOf } from './check/layout.ts';
import { type FunctionReport, Ledger } from './check/ledger.ts';
import { loadModule, type ModuleForm } from './check/load.ts';
import { mathjsOracle } from './check/oracle.ts';
import { type Call, type Measured, type Probe, probesOf, type Quantity } from './check/probes.ts';
import { PointSearch } from './check/search.ts';
import { type HigherKind, kindOfOrder, orderOf, type Program } from './ir/program.ts';

export type { Comparison, FunctionReport } from './check/ledger.ts';

export interface CheckOptions extends ModuleForm {
  /** How many points to look at. Default 10. */
  readonly points?: number;
  readonly seed?: number;
  /** Whether the source text of the program is a formula, so that mathjs can be asked too. Default true. */
  readonly mathjs?: boolean;
  /** Of the arrays of the module. Default f64. */
  readonly precision?: 'f64' | 'f32';
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

/** After so many milliseconds no further point is looked at, if there have been a few. */
const PATIENCE = 8000;
const FEWEST = 2;
/** Rounding to single precision hides what smaller steps would show. */
const SINGLE: Sampling = { epsilon: ACCURACY.f32.epsilon, steps: 5 };
const COARSE: Sampling = { ...DOUBLE, steps: 6 };

/**
 * Runs the module `code` at random points and compares it with `program`, which is to be the formula as it was parsed:
 * not normalised, without derivatives.
 */
export async function checkModule(
  code: string,
  program: Program,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { precision = 'f64' } = options;
  const isSingle = precision === 'f32';
  const random = randomFrom(options.seed ?? 1);
  const reference = referenceOf(program);
  const wanted = options.points ?? 10;
  const search = new PointSearch(reference, random);
  const points = findPoints(program.inputs, wanted, random, point => search.isUsable(point), {
    constraints: [...program.graph.constraints.values()],
    ...(isSingle && { round: Math.fround }),
  });
  if (points.length === 0) {
    const notes = ['no point was found at which the formula is finite'];
    return { ok: false, functions: [], points: 0, notes };
  }
  const ledger = new Ledger();
  const module = await loadModule(code, options);
  const probes = probesOf(module, isSingle ? Float32Array : Float64Array);
  const hasFactors = probes.some(({ name }) => name === 'hessianFactors');
  const oracle = options.mathjs === false ? () => undefined : await mathjsOracle(program);
  if (oracle === undefined) ledger.note('not compared with mathjs: it is not installed');
  const refusals: string[] = [];

  const start = performance.now();
  let looked = 0;
  for (const point of points) {
    if (looked >= FEWEST && performance.now() - start > PATIENCE) break;
    looked++;
    const call = callAt(program, point, random);
    const evidence = evidenceAt(call, probes, { reference, isSlow: search.isSlow, precision, random });
    const expected = expectations(evidence);
    const answer = oracle?.(point);
    if (typeof answer === 'string') refusals.push(answer);
    const isAbsurd = hasFactors && isTooLarge(call.layout.wrt);
    if (isAbsurd) ledger.note('the Hessian is not compared: it is too large to be written out');
    for (const { name, measure } of probes) {
      if (isAbsurd && /hessian/i.test(name)) continue;
      try {
        const measured = Object.entries(measure(call)) as [Quantity, ArrayLike<number>][];
        for (const [quantity, actual] of measured) {
          ledger.compare(name, point, actual, expected(quantity));
          for (const [numbers, other] of alongDirections(quantity, actual, evidence, expected)) {
            ledger.compare(name, point, numbers, other);
          }
          if (name === 'value' && typeof answer === 'object') {
            ledger.compare(name, point, actual, answerOf(answer, expected('value')));
          }
        }
      } catch (error) {
        // Where something is empty the evaluator may not need what the module computes: an element of an empty array.
        if (!(error instanceof RangeError && isEmpty(call))) ledger.fail(name, `it throws ${error}`);
      }
    }
  }
  if (refusals.length > 0) ledger.note(refusalNote(refusals, looked));
  if (looked < wanted && (looked < points.length || search.isOver))
    ledger.note('each point takes long, so there are fewer');
  const { functions, notes } = ledger;
  return { ok: functions.every(({ ok }) => ok), functions, points: looked, notes };
}

function callAt(program: Program, point: Point, random: Random): Call {
  const layout = layoutOf(program, point.sizes);
  const vector = (length: number) => Float64Array.from({ length }, () => 2 * random() - 1);
  return {
    point,
    layout,
    direction: vector(layout.wrt.length),
    cotangent: vector(layout.outputs.length),
  };
}

function isEmpty({ layout }: Call): boolean {
  return layout.inputs.items.some(({ length }) => length === 0);
}

/** What is known at the point of a call, and how it may be found out. */
function evidenceAt(
  call: Call,
  probes: readonly Probe[],
  {
    reference,
    isSlow,
    precision,
    random,
  }: Pick<Evidence, 'reference' | 'random'> & { readonly isSlow: boolean; readonly precision: 'f64' | 'f32' },
): Evidence {
  const isSingle = precision === 'f32';
  /** A quantity of the module as a function of the point. */
  const measured = (name: string, quantity: keyof Measured): Reference | undefined => {
    const probe = probes.find(each => each.name === name);
    return probe && (point => Float64Array.from(probe.measure({ ...call, point })[quantity] ?? []));
  };
  // Over flat arrays where there may be many numbers.
  const hasTensors = call.layout.inputs.items.some(({ isScalar }) => !isScalar);
  const gradient =
    (hasTensors ? measured('bind().valueAndGrad', 'jacobian') : undefined) ?? measured('grad', 'jacobian');
  const below = (kind: HigherKind) => {
    const lower = kindOfOrder(orderOf(kind) - 1);
    return measured(`bind().${lower}`, lower === 'grad' ? 'jacobian' : lower);
  };
  const value = measured('bind().value', 'value');
  const derived = (at: Reference | undefined) => at && { at, sampling: isSingle ? SINGLE : DOUBLE };
  const isTaken = isSlow && !isSingle && value !== undefined;
  return {
    layout: call.layout,
    point: call.point,
    call,
    reference,
    values: isTaken ? value : reference,
    sampling: isSlow && !isTaken ? COARSE : DOUBLE,
    gradient: derived(gradient),
    below: kind => derived(below(kind)),
    columns: !isSlow ? MOST_COLUMNS : isTaken ? MOST_COLUMNS / 4 : 0,
    neighbours: isSlow ? 2 : 6,
    accuracy: ACCURACY[precision],
    random,
  };
}

/** The numbers of mathjs, known as well as those of the reference evaluator. */
function answerOf(answer: readonly number[], known: Expected | undefined): Expected | undefined {
  if (known === undefined) return undefined;
  const numbers = answer.map((value, i) => ({ value, error: known.numbers[i]?.error ?? 0 }));
  return { ...known, source: 'mathjs', numbers };
}

function refusalNote(reasons: readonly string[], points: number): string {
  const where = reasons.length < points ? ` at ${reasons.length} of ${points} points` : '';
  return `not compared with mathjs${where}: ${reasons[0]}`;
}
