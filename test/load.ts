// Loads emitted modules, for tests.

/** The exports of an emitted module; tests know what they asked for. */
// biome-ignore lint/suspicious/noExplicitAny: the shape depends on the formula
export type EmittedExports = Record<string, any>;

/** Imports a module given as text. */
export function load(code: string): Promise<EmittedExports> {
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}
