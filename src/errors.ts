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

/** 1-based, as editors count; columns are UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const LINE_END = /\r\n|\n|\r/g;

/** Line and column of an offset in `text`. Lines end with LF, CRLF or CR. */
export function lineAndColumn(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (const end of text.matchAll(LINE_END)) {
    const next = end.index + end[0].length;
    if (next > offset) break;
    line++;
    start = next;
  }
  return { line, column: offset - start + 1 };
}

/** Columns of source text that a frame shows at most; longer lines are clipped around the carets. */
const FRAME_WIDTH = 100;
const TAB_WIDTH = 4;

/**
 * A diagnostic as people read it: heading, place, the source line with carets, notes and hints. A span of several
 * lines is shown by its first.
 */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  source: Source,
  options: { readonly color?: boolean } = {},
): string {
  const paint = options.color ? painted : (text: string) => text;
  const { severity, code, span } = diagnostic;
  const color = SEVERITY_COLORS[severity];
  const lines = [
    `${paint(`${severity}[${code}]`, color)}${paint(`: ${harmless(diagnostic.message)}`, 'bold')}`,
  ];
  let margin = '  ';

  if (span !== undefined) {
    const { line, column } = lineAndColumn(source.text, span.start);
    const frame = frameOf(source.text, span, column);
    const bar = paint('|', 'blue');
    margin = ' '.repeat(String(line).length + 2);
    const label = diagnostic.label === undefined ? '' : ` ${diagnostic.label}`;
    lines.push(
      `${margin.slice(1)}${paint('-->', 'blue')} ${harmless(source.name)}:${line}:${column}`,
      `${margin}${bar}`,
      ` ${paint(String(line), 'blue')} ${bar} ${frame.text}`.trimEnd(),
      `${margin}${bar} ${' '.repeat(frame.indent)}${paint('^'.repeat(frame.carets) + label, color)}`,
    );
  }
  for (const { message, span: place } of diagnostic.related ?? []) {
    const { line, column } = lineAndColumn(source.text, place.start);
    lines.push(`${margin}${paint('=', 'blue')} note: ${line}:${column}: ${harmless(message)}`);
  }
  for (const hint of diagnostic.hints ?? [])
    lines.push(`${margin}${paint('=', 'blue')} hint: ${harmless(hint)}`);
  return lines.join('\n');
}

/** No one mistypes a longer name; comparing two costs the product of their lengths. */
const LONGEST_SLIP = 100;

/**
 * The candidate that `name` was probably meant to be: equal but for case, or a few typing slips away (insertions,
 * deletions, substitutions, exchanged neighbours). Of equally near ones the first.
 */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  if (name.length > LONGEST_SLIP) return best;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === name) continue;
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance =
      candidate.toLowerCase() === name.toLowerCase() ? 0 : editDistance(name, candidate, bestDistance);
    // A name with every letter replaced is not a slip: `x` is not meant to be `y`.
    if (distance >= bestDistance || distance >= Math.max(name.length, candidate.length)) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** Optimal string alignment distance; any number >= `limit` if it is not below `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = last[j - 1] + Number(a[i - 1] !== b[j - 1]);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    if (Math.min(...row) >= limit) return limit;
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}

interface Frame {
  readonly text: string;
  readonly indent: number;
  readonly carets: number;
}

/** The part of the first line of `span` that fits a frame, tabs expanded, and where the carets go. */
function frameOf(text: string, span: Span, column: number): Frame {
  const lineStart = span.start - column + 1;
  // A line may be the whole of a large file: look no further than a frame can show.
  const [head] = text.slice(lineStart, lineStart + FRAME_WIDTH + 1).split(LINE_END, 1);
  const from = head.length <= FRAME_WIDTH ? lineStart : Math.max(lineStart, span.start - FRAME_WIDTH / 2);
  const [window] = text.slice(from, span.start + FRAME_WIDTH).split(LINE_END, 1);
  const before = window.slice(0, span.start - from);
  const marked = window.slice(before.length, before.length + Math.max(span.end - span.start, 0));

  const lead = from > lineStart ? '…' : '';
  const shownBefore = lead + visible(before, 0);
  const indent = displayWidth(shownBefore);
  const shown = shownBefore + visible(window.slice(before.length), indent);
  const clipped = clip(shown, FRAME_WIDTH);
  const carets = displayWidth(visible(marked.trimEnd(), indent));
  return {
    text: clipped.trimEnd(),
    indent,
    carets: Math.max(1, Math.min(carets, displayWidth(clipped) - indent)),
  };
}

/** Text on one line, control characters made harmless to a terminal: names of files may hold any. */
function harmless(text: string): string {
  return visible(text, 0);
}

/** Tabs as spaces up to the next stop, control characters made harmless to a terminal. */
function visible(text: string, column: number): string {
  let shown = '';
  let width = column;
  for (const char of text) {
    const piece =
      char === '\t' ? ' '.repeat(TAB_WIDTH - (width % TAB_WIDTH)) : HARMFUL.test(char) ? '\uFFFD' : char;
    shown += piece;
    width += displayWidth(piece);
  }
  return shown;
}

function clip(text: string, width: number): string {
  if (text.length <= width) return text;
  return `${[...text].slice(0, width - 1).join('')}…`;
}

/** Columns that a terminal uses: two for East Asian wide characters and emoji, none for combining marks. */
function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += ZERO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

const HARMFUL = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u;
const ZERO_WIDTH = /[\p{Mn}\u200B-\u200D\uFEFF]/u;
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]/u;

type Color = 'red' | 'yellow' | 'cyan' | 'blue' | 'bold';
const SEVERITY_COLORS: { readonly [S in Severity]: Color } = {
  error: 'red',
  warning: 'yellow',
  hint: 'cyan',
};
const ANSI: { readonly [C in Color]: string } = {
  red: '\x1b[1;31m',
  yellow: '\x1b[1;33m',
  cyan: '\x1b[1;36m',
  blue: '\x1b[34m',
  bold: '\x1b[1m',
};

function painted(text: string, color: Color): string {
  return `${ANSI[color]}${text}\x1b[0m`;
}
