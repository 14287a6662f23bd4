// Compiles a formula and loads the emitted module, for tests.

import { type CompileOptions, compile } from '../src/index.ts';
import { type EmittedExports, load } from './load.ts';

export { type EmittedExports, load } from './load.ts';

/** Compiles `text` and imports the module from a data: URL. */
export async function emitted(text: string, options: CompileOptions = {}): Promise<EmittedExports> {
  return load(compile(text, options).code);
}
