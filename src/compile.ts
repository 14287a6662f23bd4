// The pipeline as one readable function: parse, normalise, differentiate, normalise after each derivative, optimise, emit.

import type { Diagnostic, Span } from './errors.ts';
import type { Program } from './ir/program.ts';

export interface CompileOptions {
  /** Name of the source in the header and in diagnostics. Default `formula.expr`. */
  readonly name?: string;
  /** `expr` is the formula language, `ir` the text form printed by `--emit ir`. Default `expr`. */
  readonly language?: 'expr' | 'ir';
  /** Inputs to differentiate with respect to. Default: the `@wrt` line, else every input that is not `int`. */
  readonly wrt?: readonly string[];
  readonly jacobian?: boolean | 'sparse';
  readonly hessian?: boolean | 'sparse';
  readonly hvp?: boolean;
  readonly jvp?: boolean;
  readonly vjp?: boolean;
  readonly format?: ModuleFormat;
  /** Global variable of the `iife` format. */
  readonly globalName?: string;
  readonly optimize?: 0 | 1 | 2;
  /** Fixes inputs to constants. */
  readonly define?: Readonly<Record<string, number>>;
  /** Overrides declarations: `{ X: 'n x 20' }`. */
  readonly shapes?: Readonly<Record<string, string>>;
  /** Limit on the size of the graph. Default 2e7. */
  readonly maxNodes?: number;
  /** Called after each pass with its name, for `--print-after`. */
  readonly onPass?: (pass: string, program: Program) => void;
}

export type ModuleFormat = 'esm' | 'cjs' | 'iife';

/** What one pass did: for `--stats`. */
export interface PassStats {
  readonly pass: string;
  readonly nodes: number;
  readonly milliseconds: number;
}

/** A formula that was replaced by a stable one, and where. */
export interface Stabilised {
  readonly rule: string;
  readonly law: string;
  readonly span: Span | undefined;
}

export interface Stats {
  readonly passes: readonly PassStats[];
  readonly stabilised: readonly Stabilised[];
  /** Operations (nodes that are neither constants nor inputs) that each emitted function computes. */
  readonly operations: Readonly<Record<string, number>>;
}

export interface Meta {
  readonly inputs: readonly MetaInput[];
  readonly wrt: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly sizes: readonly string[];
}

export interface MetaInput {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly dtype: 'real' | 'int';
  readonly default?: number;
  readonly doc?: string;
}

export interface Compilation {
  readonly code: string;
  readonly dts: string;
  readonly meta: Meta;
  /** Warnings and hints; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** The program that the code was made from: after the last derivative, before optimisation. */
  readonly program: Program;
  readonly stats: Stats;
}
