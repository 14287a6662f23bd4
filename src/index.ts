// The public interface of the library.

export type { Precision } from './codegen/context.ts';
export type { LoopStats } from './codegen/drafts.ts';
export type { LoopReport, WorkArray } from './codegen/tensors.ts';
export type {
  Compilation,
  CompileOptions,
  Meta,
  MetaInput,
  MetaSparse,
  MetaStructured,
  ModuleFormat,
  PassStats,
  Stabilised,
  Stats,
} from './compile.ts';
export { compile } from './compile.ts';
export type { Diagnostic, Related, Severity, Source, Span } from './errors.ts';
export { formatDiagnostic, SymgradError } from './errors.ts';
export { parseFormula as parse } from './frontend/index.ts';
export type { Evaluation, Value } from './ir/evaluate.ts';
export { evaluate } from './ir/evaluate.ts';
export { parseIr } from './ir/parse.ts';
export { printIr } from './ir/print.ts';
export type { Input, Output, Program } from './ir/program.ts';
export type { Shape, Size } from './ir/shape.ts';
export { derivatives, gradient, hessian, hvp, jacobian, jvp, partial, vjp } from './transforms.ts';
export { VERSION } from './version.ts';
