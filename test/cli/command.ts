// Runs the built command as a user would: another process, in a directory of its own.

import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Workplace {
  readonly path: string;
  symgrad(...words: readonly string[]): Result;
  /** With options for the process: `input` is stdin. */
  symgradWith(options: SpawnSyncOptions, ...words: readonly string[]): Result;
  read(file: string): string;
  /** The files there are, hidden ones included. */
  list(directory?: string): string[];
}

/** A temporary directory that holds `files` and is removed when the test ends. */
export function workplace(files: Readonly<Record<string, string | Uint8Array>> = {}): Workplace {
  const path = mkdtempSync(join(tmpdir(), 'symgrad-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);

  const symgradWith = (options: SpawnSyncOptions, ...words: readonly string[]): Result => {
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...options.env };
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...words], {
      cwd: path,
      maxBuffer: 2 ** 28,
      ...options,
      env,
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  };
  return {
    path,
    symgrad: (...words) => symgradWith({}, ...words),
    symgradWith,
    read: file => readFileSync(join(path, file), 'utf8'),
    list: (directory = '.') => readdirSync(join(path, directory)).toSorted(),
  };
}
