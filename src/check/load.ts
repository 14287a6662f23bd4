// Emitted modules as values: loads the text of a module in any of its formats without a file.

import type { ModuleFormat } from '../compile.ts';

/** The form of a module text. Default `esm`; `globalName` is that of an `iife`. */
export interface ModuleForm {
  readonly format?: ModuleFormat;
  readonly globalName?: string;
}

/** What a module exports. */
export type Exports = Readonly<Record<string, unknown>>;

/** Runs the module: it is our own output, and has no imports. */
export async function loadModule(code: string, { format = 'esm', globalName }: ModuleForm): Promise<Exports> {
  switch (format) {
    case 'esm':
      return await import(`data:text/javascript,${encodeURIComponent(code)}`);
    case 'cjs': {
      const module: { exports: Exports } = { exports: {} };
      new Function('module', 'exports', code)(module, module.exports);
      return module.exports;
    }
    case 'iife':
      return new Function(`${code}\nreturn ${globalName ?? 'symgrad'};`)();
    default:
      return format satisfies never;
  }
}
