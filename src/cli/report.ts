// Diagnostics on their way to stderr, as frames for people or as one JSON array for programs. Makes texts only.

import { type Diagnostic, formatDiagnostic, lineAndColumn, type Source } from '../errors.ts';

/** A diagnostic and the source it points into; none if it is not about a file. */
export interface Message {
  readonly diagnostic: Diagnostic;
  readonly source?: Source;
}

export interface Style {
  readonly form: 'text' | 'json';
  readonly color: boolean;
  /** Leave out warnings and hints. */
  readonly quiet: boolean;
}

/** All messages as one text that ends with a newline, or nothing. */
export function formatMessages(messages: readonly Message[], { form, color, quiet }: Style): string {
  const shown = quiet ? messages.filter(({ diagnostic }) => diagnostic.severity === 'error') : messages;
  if (form === 'json') return `${JSON.stringify(shown.map(toJson))}\n`;
  if (shown.length === 0) return '';
  const frames = shown.map(({ diagnostic, source }) =>
    formatDiagnostic(diagnostic, source ?? NO_SOURCE, { color }),
  );
  return `${frames.join('\n\n')}\n${countLine(shown)}`;
}

const NO_SOURCE: Source = { name: '', text: '' };

/** How many errors there were, if more than one. */
function countLine(messages: readonly Message[]): string {
  const errors = messages.filter(({ diagnostic }) => diagnostic.severity === 'error').length;
  return errors > 1 ? `\n${errors} errors\n` : '';
}

/** Lines and columns count from 1, offsets (UTF-16 code units) from 0. What does not apply is null or empty. */
function toJson({ diagnostic, source }: Message) {
  const { severity, code, message, span, label, hints = [], related = [] } = diagnostic;
  const place = (offset: number | undefined) =>
    offset === undefined || source === undefined ? null : { ...lineAndColumn(source.text, offset), offset };
  return {
    severity,
    code,
    message,
    file: source?.name ?? null,
    start: place(span?.start),
    end: place(span?.end),
    label: label ?? null,
    hints,
    related: related.map(other => ({
      message: other.message,
      start: place(other.span.start),
      end: place(other.span.end),
    })),
  };
}
