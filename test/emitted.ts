// Compiles a formula and loads the emitted module, for tests.

import { type CompileOptions, compile } from '../src/index.ts';

/** The exports of an emitted module; tests know what they asked for. */
// biome-ignore lint/suspicious/noExplicitAny: the shape depends on the formula
export type EmittedExports = Record<string, any>;

/** Compiles `text` and imports the module from a data: URL. */
export async function emitted(text: string, options: CompileOptions = {}): Promise<EmittedExports> {
  return load(compile(text, options).code);
}

/** Imports a module given as text. */
export function load(code: string): Promise<EmittedExports> {
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}
