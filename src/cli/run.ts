// From the command line to texts: decides where each result goes, reads and compiles every file, and collects all
// messages. Writes nothing, so that no output exists unless every input is right.

import { basename, extname, join } from 'node:path';
import { type Source, SymgradError } from '../errors.ts';
import { runAnywhere } from './deep.ts';
import {
  isDirectory,
  isSameFile,
  type OutputFile,
  readSource,
  STDIN_NAME,
  UndecodableError,
} from './files.ts';
import type { Job, JobResult } from './job.ts';
import { type CommandLine, UsageError } from './options.ts';
import type { Message } from './report.ts';

export interface Outcome {
  /** No file had an error. */
  readonly ok: boolean;
  readonly messages: readonly Message[];
  /** Tables and dumps for stderr. */
  readonly log: string;
  /** Text for stdout. */
  readonly stdout: string;
  readonly files: readonly OutputFile[];
  /** The directory to create for them. */
  readonly directory?: string;
}

/**
 * Compiles all files of a command line.
 * @throws {UsageError} `same-output`, `output-is-input`, `missing-argument`
 */
export async function compileFiles(request: CommandLine, workerUrl: URL): Promise<Outcome> {
  const directory = directoryOf(request);
  const targets = request.files.map(file => targetOf(file, request, directory));
  refuseCollisions(request.files, targets);

  const messages: Message[] = [];
  const files: OutputFile[] = [];
  let [log, stdout, ok] = ['', '', true];
  for (const [i, file] of request.files.entries()) {
    const result = await compileFile(file, request, workerUrl);
    const { source } = result;
    messages.push(...result.diagnostics.map(diagnostic => ({ diagnostic, source })));
    log += result.log;
    if (!result.ok) {
      ok = false;
      continue;
    }
    const { path, declarations } = targets[i];
    if (path === '-') stdout += result.text;
    else files.push({ path, text: result.text });
    if (declarations !== undefined) files.push({ path: declarations, text: result.dts });
  }
  return { ok, messages, log, stdout, files, ...(directory !== undefined && { directory }) };
}

async function compileFile(file: string, request: CommandLine, workerUrl: URL): Promise<JobResult> {
  const { compile, emit, stats, printAfter, check, maxNodes } = request;
  let source: Source;
  try {
    source = await readSource(file);
  } catch (error) {
    if (!(error instanceof SymgradError)) throw error;
    const place = error instanceof UndecodableError ? error.source : { name: nameOf(file), text: '' };
    return { ok: false, source: place, log: '', diagnostics: error.diagnostics };
  }
  const job: Job = {
    source,
    compile: { ...compile, name: basename(source.name), language: languageOf(file, source) },
    emit,
    stats,
    ...(printAfter !== undefined && { printAfter }),
    ...(check !== undefined && { check }),
  };
  return runAnywhere(job, workerUrl, maxNodes);
}

/** By extension; stdin has none, but only an IR text begins like this. */
function languageOf(file: string, { text }: Source): 'expr' | 'ir' {
  return extname(file) === '.ir' || (file === '-' && /^program "/.test(text)) ? 'ir' : 'expr';
}

/** Where the results of one input go; `-` is stdout. */
interface Target {
  readonly path: string;
  readonly declarations?: string;
}

/** The directory that the output names, if it is one. */
function directoryOf({ files, output }: CommandLine): string | undefined {
  const isOne = files.length > 1 || output.endsWith('/') || isDirectory(output);
  return isOne ? output : undefined;
}

function targetOf(file: string, request: CommandLine, directory: string | undefined): Target {
  const { output } = request;
  const stem = basename(nameOf(file)).replace(/\.(expr|ir)$/, '');
  const path = directory === undefined ? output : join(directory, `${stem}${extensionOf(request)}`);
  return request.dts ? { path, declarations: declarationsOf(path) } : { path };
}

function extensionOf({ emit, format }: CommandLine): string {
  return emit === 'js' ? { esm: '.mjs', cjs: '.cjs', iife: '.js' }[format] : `.${emit}`;
}

/** `f.mjs` is declared by `f.d.mts`, `f.cjs` by `f.d.cts`, everything else by `.d.ts`. */
function declarationsOf(path: string): string {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const known: Readonly<Record<string, string>> = { '.mjs': '.d.mts', '.cjs': '.d.cts', '.js': '.d.ts' };
  return Object.hasOwn(known, extension) ? `${stem}${known[extension]}` : `${path}.d.ts`;
}

function refuseCollisions(files: readonly string[], targets: readonly Target[]): void {
  const writers = new Map<string, string>();
  for (const [i, { path, declarations }] of targets.entries()) {
    const other = path === '-' ? undefined : writers.get(path);
    if (other !== undefined) {
      throw new UsageError('same-output', `${other} and ${files[i]} would both be written to ${path}`);
    }
    writers.set(path, files[i]);
    for (const file of files) {
      for (const written of [path, declarations]) {
        if (written !== undefined && written !== '-' && isSameFile(file, written)) {
          throw new UsageError('output-is-input', `the output ${written} would overwrite the input ${file}`);
        }
      }
    }
  }
}

function nameOf(file: string): string {
  return file === '-' ? STDIN_NAME : file;
}
