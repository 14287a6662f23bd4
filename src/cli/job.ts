// One formula on its way through the compiler: plain data in, plain data out, so that the same function runs on the
// main thread and, when a formula is too deep or too large for that, in a worker. Touches no file and no console.

import type { Compilation, CompileOptions } from '../compile.ts';
import { type Diagnostic, type Source, SymgradError, suggest } from '../errors.ts';
import type { Emit } from './options.ts';

/** What is to be made of one formula. */
export interface Job {
  readonly source: Source;
  readonly compile: CompileOptions;
  readonly emit: Emit;
  readonly stats: boolean;
  readonly printAfter?: string;
  readonly check?: number;
}

/** What became of it, whether or not it went well. */
interface Told {
  /** For stderr. */
  readonly log: string;
  readonly diagnostics: readonly Diagnostic[];
  /** The source that the diagnostics point into: an `.ir` text carries the formula it was made from. */
  readonly source: Source;
}

export type JobResult =
  | (Told & { readonly ok: true; readonly text: string; readonly dts: string })
  | (Told & { readonly ok: false });

/** Compiles, checks and prints; mistakes in the formula come back as diagnostics, everything else is thrown. */
export async function runJob(job: Job): Promise<JobResult> {
  const notes: Notes = { log: [], passes: new Set(), source: job.source };
  const told = () => ({ log: notes.log.join(''), source: notes.source });
  try {
    const compilation = await compiled(job, notes);
    const text = await printed(job.emit, compilation);
    return { ok: true, text, dts: compilation.dts, diagnostics: compilation.diagnostics, ...told() };
  } catch (error) {
    const diagnostics = diagnosticsOf(error);
    if (diagnostics === undefined) throw error;
    return { ok: false, diagnostics, ...told() };
  }
}

/** What is learnt on the way, kept when the way ends in an error. */
interface Notes {
  readonly log: string[];
  readonly passes: Set<string>;
  source: Source;
}

async function compiled(job: Job, notes: Notes): Promise<Compilation> {
  const { source, printAfter } = job;
  const { compile } = await import('../compile.ts');
  const { printIr } = await import('../ir/print.ts');
  const compilation = compile(source.text, {
    ...job.compile,
    onPass: (pass, program) => {
      notes.passes.add(pass);
      if (job.compile.language === 'ir') notes.source = program.source;
      if (printAfter === pass || printAfter === 'all')
        notes.log.push(`# after ${pass}\n${printIr(program)}\n`);
    },
  });
  if (printAfter !== undefined && printAfter !== 'all' && !notes.passes.has(printAfter)) {
    throw new SymgradError(unknownPass(printAfter, notes.passes));
  }
  if (job.stats) notes.log.push((await import('./tables.ts')).statsTable(compilation.stats, notes.source));
  if (job.check === undefined) return compilation;

  const { checkCompilation } = await import('./check.ts');
  const { table, failures } = await checkCompilation(compilation, job, job.check);
  notes.log.push(table);
  const [first, ...rest] = failures;
  if (first !== undefined) throw new SymgradError([first, ...rest, ...compilation.diagnostics]);
  return compilation;
}

/** The text that was asked for. Printers are loaded when they are needed: most runs need none. */
async function printed(emit: Emit, { code, program }: Compilation): Promise<string> {
  switch (emit) {
    case 'js':
      return code;
    case 'ir':
      return (await import('../ir/print.ts')).printIr(program);
    case 'dot':
      return (await import('../codegen/dot.ts')).emitDot(program);
    case 'tex':
      return (await import('../codegen/tex.ts')).emitTex(program);
    case 'json':
      return (await import('../codegen/json.ts')).emitJson(program);
    default:
      return emit satisfies never;
  }
}

function diagnosticsOf(error: unknown): readonly Diagnostic[] | undefined {
  if (error instanceof SymgradError) return error.diagnostics;
  if (!(error instanceof RangeError)) return undefined;
  if (/call stack/i.test(error.message)) {
    return [{ severity: 'error', code: 'too-deep', message: 'the formula is nested too deeply' }];
  }
  if (/(string|array) length|allocation failed|maximum size exceeded/i.test(error.message))
    return [TOO_LARGE];
  return undefined;
}

/** What is said when memory ends before the limit on nodes is met. */
export const TOO_LARGE: Diagnostic = {
  severity: 'error',
  code: 'too-large',
  message: 'the formula needs more memory than there is',
  hints: ['give Node more: NODE_OPTIONS=--max-old-space-size=16000 (megabytes)'],
};

function unknownPass(pass: string, passes: ReadonlySet<string>): Diagnostic {
  const meant = suggest(pass, passes);
  return {
    severity: 'error',
    code: 'unknown-pass',
    message: `--print-after: there is no pass ${pass} here`,
    hints: [...(meant ? [`did you mean ${meant}?`] : []), `the passes are ${[...passes].join(', ')}, or all`],
  };
}
