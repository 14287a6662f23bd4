// `--check`: parses the formula once more, without normalising it, and holds the emitted module against it.

import { type CheckReport, checkModule, type FunctionReport } from '../check.ts';
import type { Compilation } from '../compile.ts';
import type { Diagnostic } from '../errors.ts';
import { parseFormula } from '../frontend/index.ts';
import { parseIr } from '../ir/parse.ts';
import type { Job } from './job.ts';
import { checkTable } from './tables.ts';

export interface Checked {
  readonly table: string;
  readonly failures: readonly Diagnostic[];
}

/** Runs the module that was compiled from `job` at `points` random points. */
export async function checkCompilation(compilation: Compilation, job: Job, points: number): Promise<Checked> {
  const { compile, source } = job;
  const isFormula = compile.language !== 'ir';
  const { define, shapes, maxNodes } = compile;
  const parseOptions = {
    ...(define && { define }),
    ...(shapes && { shapes }),
    ...(maxNodes && { maxNodes }),
  };
  const parsed = isFormula ? parseFormula(source.text, parseOptions) : parseIr(source.text);
  const report = await checkModule(
    compilation.code,
    { ...parsed, derivatives: [], wrt: compilation.meta.wrt },
    {
      points,
      mathjs: isFormula,
      ...(compile.precision && { precision: compile.precision }),
      ...(compile.format && { format: compile.format }),
      ...(compile.globalName !== undefined && { globalName: compile.globalName }),
    },
  );
  return { table: checkTable(report), failures: failuresOf(report) };
}

function failuresOf({ functions, points }: CheckReport): Diagnostic[] {
  if (points === 0) {
    return [
      {
        severity: 'error',
        code: 'check-impossible',
        message: 'no point was found at which the formula and its neighbourhood are finite',
        hints: ['give the inputs defaults near which they are: # @input x: scalar = 3'],
      },
    ];
  }
  return functions.filter(({ ok }) => !ok).map(failureOf);
}

function failureOf({ name, reference, worst, problem }: FunctionReport): Diagnostic {
  const failed = { severity: 'error', code: 'check-failed' } as const;
  if (problem !== undefined || worst === undefined) return { ...failed, message: `${name}: ${problem}` };
  const { path, inputs, actual, expected } = worst;
  const what = path === '' ? name : `${name} (${path})`;
  const verb = reference.startsWith('differences') ? 'give' : 'gives';
  const where = Object.entries(inputs).map(([input, value]) => `${input} = ${valueText(value)}`);
  return {
    ...failed,
    message: `${what} is ${actual}, but ${reference} ${verb} ${expected}`,
    hints: where.length > 0 ? [`at ${where.join(', ')}`] : [],
  };
}

/** Longer tensors are shown by their first elements. */
const MOST_ELEMENTS = 6;

function valueText(value: number | Float64Array): string {
  if (typeof value === 'number') return String(value);
  const shown = Array.from(value.subarray(0, MOST_ELEMENTS), String);
  if (value.length > MOST_ELEMENTS) shown.push('...');
  return `[${shown.join(', ')}]`;
}
