// Reading formulas and writing results. An output is written whole or not at all: every text goes to a temporary
// file beside its destination, and only when all of them are on the disk are they renamed. Nothing here knows what
// the texts are.

import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Diagnostic, type Source, SymgradError } from '../errors.ts';

/** A text and the path it is to be written to. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/** A source that is not text: carries a best-effort decoding, so that the place can be shown. */
export class UndecodableError extends SymgradError {
  readonly source: Source;

  constructor(diagnostic: Diagnostic, source: Source) {
    super(diagnostic);
    this.source = source;
  }
}

/** The name of stdin in messages and in output files. */
export const STDIN_NAME = 'stdin';

/**
 * The formula at `path`, `-` for stdin.
 * @throws {SymgradError} `cannot-read` if there is no such text, `not-utf8` (an UndecodableError) if it is not UTF-8.
 */
export async function readSource(path: string): Promise<Source> {
  const name = path === '-' ? STDIN_NAME : path;
  let bytes: Uint8Array;
  try {
    bytes = path === '-' ? await readStdin() : readFileSync(path);
  } catch (error) {
    throw new SymgradError({
      severity: 'error',
      code: 'cannot-read',
      message: `cannot read ${name}: ${reasonOf(error)}`,
    });
  }
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    throw undecodable(name, bytes);
  }
}

/**
 * Writes all files or none. A file that already holds its text is left untouched, so that build tools which watch
 * modification times stay quiet; links are followed; what is not a regular file (`/dev/null`, a pipe) is written to.
 * Creates `directory` first if one is named.
 * @throws {SymgradError} `cannot-write`
 */
export function writeAll(files: readonly OutputFile[], directory?: string): void {
  const undo: (() => void)[] = [];
  // While a handler is set, an interrupt waits for this function, which is synchronous, instead of ending the process.
  const wait = () => {};
  process.on('SIGINT', wait).on('SIGTERM', wait);
  try {
    if (directory !== undefined) {
      const made = attempt(directory, () => mkdirSync(directory, { recursive: true }));
      if (made !== undefined) undo.push(() => removeDirectories(directory, made));
    }
    const renames = files.flatMap(file => attempt(file.path, () => prepare(file, undo)));
    for (const { from, to } of renames) attempt(to, () => renameSync(from, to));
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', wait);
  }
}

/** True if both paths lead to the same existing file. */
export function isSameFile(a: string, b: string): boolean {
  const [x, y] = [statusOf(a), statusOf(b)];
  return x !== undefined && y !== undefined && x.dev === y.dev && x.ino === y.ino;
}

export function isDirectory(path: string): boolean {
  return statusOf(path)?.isDirectory() ?? false;
}

interface Rename {
  readonly from: string;
  readonly to: string;
}

/** Puts the text on the disk under a temporary name and says which rename is left to do, if any. */
function prepare({ path, text }: OutputFile, undo: (() => void)[]): Rename[] {
  const status = statusOf(path);
  if (status?.isDirectory()) throw new Error('it is a directory');
  if (status !== undefined && !status.isFile()) {
    writeFileSync(path, text);
    return [];
  }
  const bytes = Buffer.from(text);
  if (status?.size === bytes.length && readFileSync(path).equals(bytes)) return [];
  const to = status === undefined ? path : realpathSync(path);
  const from = join(dirname(to), `.symgrad-${randomUUID()}.tmp`);
  undo.push(() => remove(from));
  writeFileSync(from, bytes, { flag: 'wx', mode: status?.mode ?? 0o666 });
  return [{ from, to }];
}

/** Removes a temporary file, which may never have come to be. */
function remove(path: string): void {
  try {
    rmSync(path);
  } catch {
    // The failure that led here is the one to report.
  }
}

/** Removes `path` and its parents up to `first`, as long as they are empty. */
function removeDirectories(path: string, first: string): void {
  try {
    rmdirSync(path);
    if (path !== first && dirname(path) !== path) removeDirectories(dirname(path), first);
  } catch {
    // Someone else put a file there; it is theirs now.
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof SymgradError) throw error;
    const message = `cannot write ${path}: ${reasonOf(error)}`;
    throw new SymgradError({ severity: 'error', code: 'cannot-write', message });
  }
}

/** All of stdin. Not `readFileSync(0)`: that fails with EAGAIN on a terminal and on a pipe that does not block. */
async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function undecodable(name: string, bytes: Uint8Array): UndecodableError {
  const text = new TextDecoder().decode(bytes);
  const start = Math.max(text.indexOf('\uFFFD'), 0);
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new UndecodableError(
    {
      severity: 'error',
      code: 'not-utf8',
      message: `${name} is not UTF-8 text`,
      span: { start, end: start + 1 },
      hints: [isUtf16 ? 'it looks like UTF-16: save it as UTF-8' : 'save the file as UTF-8'],
    },
    { name, text },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many links',
  EEXIST: 'a file of that name is in the way',
  ERR_FS_FILE_TOO_LARGE: 'the file is too large',
  ERR_STRING_TOO_LONG: 'the file is too large',
};

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code && REASONS[code]) || message;
}
