// Everything a user may be told about a formula: diagnostics with a stable code and a place in the source, the
// exception that carries them, and the code frame they are shown in. Knows nothing of graphs or of mathjs.

/** A half-open range of offsets (UTF-16 code units) in the source text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A second place that explains a diagnostic, for instance where a name was declared. */
export interface Related {
  readonly message: string;
  readonly span: Span;
}

export type Severity = 'error' | 'warning' | 'hint';

export interface Diagnostic {
  readonly severity: Severity;
  /** Stable, kebab-case, e.g. `unknown-function`. */
  readonly code: string;
  readonly message: string;
  /** Absent when the mistake is not in the text, e.g. in an option. */
  readonly span?: Span;
  /** A short text beside the carets. */
  readonly label?: string;
  readonly hints?: readonly string[];
  readonly related?: readonly Related[];
}

/** A named source text; `name` is what frames print, e.g. `rosenbrock.expr`. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/**
 * Thrown for every mistake in the input. Carries all independent mistakes in source order; `code`, `message`, `span`,
 * `hints` and `related` are those of the first.
 */
export class SymgradError extends Error {
  override readonly name = 'SymgradError';
  readonly code: string;
  readonly span: Span | undefined;
  readonly hints: readonly string[];
  readonly related: readonly Related[];
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]] | Diagnostic) {
    const all = Array.isArray(diagnostics)
      ? (diagnostics as readonly Diagnostic[])
      : [diagnostics as Diagnostic];
    const [first] = all as readonly [Diagnostic];
    super(first.message);
    this.code = first.code;
    this.span = first.span;
    this.hints = first.hints ?? [];
    this.related = first.related ?? [];
    this.diagnostics = all;
  }
}

/** A broken invariant of symgrad itself: never the user's mistake. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}
