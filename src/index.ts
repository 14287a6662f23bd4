// The public interface of the library.

export type {
  Compilation,
  CompileOptions,
  Meta,
  MetaInput,
  ModuleFormat,
  PassStats,
  Stabilised,
  Stats,
} from './compile.ts';
export { compile } from './compile.ts';
export type { Diagnostic, Related, Severity, Source, Span } from './errors.ts';
export { formatDiagnostic, SymgradError } from './errors.ts';
export { parseFormula as parse } from './frontend/index.ts';
export { evaluate } from './ir/evaluate.ts';
export { parseIr } from './ir/parse.ts';
export { printIr } from './ir/print.ts';
export type { Input, Output, Program } from './ir/program.ts';
export { gradient, hessian, hvp, jacobian, jvp, vjp } from './transforms.ts';
export { VERSION } from './version.ts';
