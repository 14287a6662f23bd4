#!/usr/bin/env node
// The command `symgrad`. With the files under cli/ the only place that touches files, process and console: code goes
// to stdout, everything else to stderr. Exit code 0 done, 1 the input is wrong or a check failed, 2 usage. What is not
// needed to read the command line is loaded only when it is used, so that starting costs little.

import { asksForJson, type CommandLine, readCommandLine, UsageError } from './cli/options.ts';
import type { Message, Style } from './cli/report.ts';
import { type Diagnostic, SymgradError } from './errors.ts';

const DONE = 0;
const WRONG_INPUT = 1;
const WRONG_USAGE = 2;

/** The bundle puts the entry of the worker thread beside this file. */
const WORKER = new URL('./worker.js', import.meta.url);

process.exitCode = await main(process.argv.slice(2));

/** Runs the command and returns its exit code. Mistakes are reported, never thrown. */
async function main(words: readonly string[]): Promise<number> {
  let style: Style = { form: asksForJson(words) ? 'json' : 'text', color: hasColor(), quiet: false };
  try {
    const request = readCommandLine(words);
    if ('text' in request) {
      await write(process.stdout, request.text);
      return DONE;
    }
    style = { form: request.diagnostics, color: request.color ?? hasColor(), quiet: request.quiet };
    return await run(request, style);
  } catch (error) {
    await report([{ diagnostic: explain(error) }], style);
    return error instanceof UsageError ? WRONG_USAGE : WRONG_INPUT;
  }
}

/** Compiles everything, then writes everything; a failure of either leaves no output behind. */
async function run(request: CommandLine, style: Style): Promise<number> {
  const { compileFiles } = await import('./cli/run.ts');
  const { ok, messages, log, stdout, files, directory } = await compileFiles(request, WORKER);
  if (!style.quiet) await write(process.stderr, log);
  const problems: Message[] = [];
  if (ok && files.length > 0) {
    const { writeAll } = await import('./cli/files.ts');
    try {
      writeAll(files, directory);
    } catch (error) {
      problems.push({ diagnostic: explain(error) });
    }
  }
  await report([...messages, ...problems], style);
  if (!ok || problems.length > 0) return WRONG_INPUT;
  await write(process.stdout, stdout);
  return DONE;
}

async function report(messages: readonly Message[], style: Style): Promise<void> {
  const { formatMessages } = await import('./cli/report.ts');
  await write(process.stderr, formatMessages(messages, style));
}

/** What is said of anything that was thrown; never a stack trace. */
function explain(error: unknown): Diagnostic {
  if (error instanceof SymgradError) return error.diagnostics[0];
  if (error instanceof UsageError) {
    return { severity: 'error', code: error.code, message: error.message, hints: error.hints };
  }
  const [what] = String(error instanceof Error ? error.message : error).split('\n');
  const message = `${what} (a mistake in symgrad: please report it with the formula that caused it)`;
  return { severity: 'error', code: 'internal', message };
}

/** https://no-color.org, and FORCE_COLOR as Node reads it. */
function hasColor(): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return process.stderr.isTTY ?? false;
}

/** Resolves when the text is out. A reader that went away (`| head`) is no mistake. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (text === '') return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.once('error', () => {}); // also told to the callback
    stream.write(text, error => {
      if (!error || (error as NodeJS.ErrnoException).code === 'EPIPE') resolve();
      else
        reject(new SymgradError({ severity: 'error', code: 'cannot-write', message: writeFailure(error) }));
    });
  });
}

function writeFailure({ message }: Error): string {
  return `cannot write to stdout: ${message}`;
}
