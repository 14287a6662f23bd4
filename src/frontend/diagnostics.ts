// Where the stages of the front end put what they find, so that one run reports all independent mistakes.

import { type Diagnostic, type Related, type Severity, type Span, SymgradError } from '../errors.ts';

export interface Details {
  readonly label?: string;
  readonly hints?: readonly string[];
  readonly related?: readonly Related[];
}

/** More of one kind are counted but not listed. */
const LISTED_PER_CODE = 50;

export class Diagnostics {
  readonly #listed: Diagnostic[] = [];
  readonly #counts = new Map<string, number>();
  readonly #seen = new Set<string>();

  /** Begins with what `earlier` has found. */
  constructor(earlier?: Diagnostics) {
    if (earlier === undefined) return;
    this.#listed.push(...earlier.#listed);
    for (const [kind, count] of earlier.#counts) this.#counts.set(kind, count);
    for (const key of earlier.#seen) this.#seen.add(key);
  }

  /** `details` may be a function, called only if the error is listed. */
  error(code: string, message: string, span: Span | undefined, details?: Details | (() => Details)): void {
    this.#add('error', code, message, span, details);
  }

  warning(code: string, message: string, span: Span | undefined, details?: Details | (() => Details)): void {
    this.#add('warning', code, message, span, details);
  }

  hint(code: string, message: string, span: Span | undefined, details?: Details | (() => Details)): void {
    this.#add('hint', code, message, span, details);
  }

  get hasErrors(): boolean {
    return this.#listed.some(({ severity }) => severity === 'error');
  }

  /** Throws if there was an error: a `SymgradError` with all errors in source order. */
  throwErrors(): void {
    const [first, ...rest] = this.#sorted().filter(({ severity }) => severity === 'error');
    if (first !== undefined) throw new SymgradError([first, ...rest]);
  }

  /** Warnings and hints in source order. */
  notices(): readonly Diagnostic[] {
    return this.#sorted().filter(({ severity }) => severity !== 'error');
  }

  /** A function may be lowered many times; each mistake in it is one. */
  #add(
    severity: Severity,
    code: string,
    message: string,
    span: Span | undefined,
    details: Details | (() => Details) = {},
  ): void {
    const key = `${code} ${span?.start} ${span?.end} ${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const kind = `${severity} ${code}`;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count > LISTED_PER_CODE) return;
    const place = span === undefined ? {} : { span: { start: span.start, end: span.end } };
    this.#listed.push({
      severity,
      code,
      message,
      ...place,
      ...(typeof details === 'function' ? details() : details),
    });
  }

  /** Those without a place come last. */
  #sorted(): Diagnostic[] {
    const sorted = [...this.#listed].sort((a, b) => startOf(a) - startOf(b));
    return sorted.map(diagnostic => this.#withOmitted(diagnostic, sorted));
  }

  /** The last listed of its kind says how many are not. */
  #withOmitted(diagnostic: Diagnostic, sorted: readonly Diagnostic[]): Diagnostic {
    const { severity, code } = diagnostic;
    const omitted = (this.#counts.get(`${severity} ${code}`) ?? 0) - LISTED_PER_CODE;
    if (omitted <= 0) return diagnostic;
    if (sorted.findLast(other => other.severity === severity && other.code === code) !== diagnostic) {
      return diagnostic;
    }
    return { ...diagnostic, hints: [...(diagnostic.hints ?? []), `and ${omitted} more like this`] };
  }
}

function startOf({ span }: Diagnostic): number {
  return span?.start ?? Number.MAX_SAFE_INTEGER;
}
