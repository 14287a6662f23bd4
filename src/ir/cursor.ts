// The tokens of `.ir` text (print.ts shows what it looks like). Patterns are sticky, so nothing is cut out of the text but
// the tokens themselves and reading is linear.

import type { Diagnostic, Span } from '../errors.ts';
import { BARE_NAME } from './print.ts';

/** The tokens of a text, taken one by one; blanks and comments before a token are skipped, line ends are not. */
export class Cursor {
  readonly #text: string;
  #at = 0;
  #tokenStart = 0;
  readonly #blank = /[ \t\r]*(?:#[^\n]*)?/y;
  readonly #bareName = new RegExp(BARE_NAME, 'uy');
  readonly #string = /"(?:[^"\\\n]|\\[^\n])*"/y;
  readonly #natural = /[0-9]+/y;
  readonly #number = /NaN|-?Infinity|-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/y;
  readonly #subscripts = /[a-zA-Z]*,[a-zA-Z]*->[a-zA-Z]*/y;
  readonly #any = /[^\s=,:()[\]@]+|[^\n]/y;

  constructor(text: string) {
    this.#text = text;
  }

  /** The token that was taken last. */
  get lastSpan(): Span {
    return { start: this.#tokenStart, end: this.#at };
  }

  /** Ends the line with an error at `span`. */
  fail(code: string, message: string, span: Span = this.lastSpan): never {
    throw new Failure({ severity: 'error', code, message, span });
  }

  /** Ends the line with a syntax error at `span`, by default at the next token. */
  expected(what: string, span?: Span): never {
    return this.fail('ir-syntax', `expected ${what}`, span ?? this.#nextSpan());
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  nextLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
    this.#tokenStart = this.#at;
  }

  seesEndOfLine(): boolean {
    this.#skip();
    return this.atEnd() || this.#text[this.#at] === '\n';
  }

  expectEndOfLine(): void {
    if (!this.seesEndOfLine()) this.expected('the end of the line');
  }

  sees(mark: string): boolean {
    this.#skip();
    return this.#text.startsWith(mark, this.#at);
  }

  take(mark: string): boolean {
    if (!this.sees(mark)) return false;
    this.#tokenStart = this.#at;
    this.#at += mark.length;
    return true;
  }

  expect(mark: string): void {
    if (!this.take(mark)) this.expected(`\`${mark}\``);
  }

  /** The rest of the line as it stands, without one leading space. */
  takeRest(): string {
    const end = this.#text.indexOf('\n', this.#at);
    const rest = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at += rest.length;
    return rest.startsWith(' ') ? rest.slice(1) : rest;
  }

  /** The number of a `%12`. */
  takeId(): number | undefined {
    return this.take('%') ? this.expectNatural() : undefined;
  }

  /** A bare name, keyword or path. */
  takeName(): string | undefined {
    return this.#token(this.#bareName);
  }

  /** Takes `word` if it is the next bare name. */
  takeWord(word: string): boolean {
    this.#skip();
    const start = this.#at;
    if (this.takeName() === word) return true;
    this.#at = start;
    return false;
  }

  /** A name or path, bare or as a string. */
  expectName(): string {
    const name = this.takeString() ?? this.takeName();
    return name || this.expected('a name');
  }

  takeString(): string | undefined {
    const text = this.#token(this.#string);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as string;
    } catch {
      return this.fail('ir-syntax', 'not a JSON string');
    }
  }

  expectNumber(): number {
    const text = this.#token(this.#number);
    return text === undefined ? this.expected('a number') : Number(text);
  }

  expectNatural(): number {
    return this.takeNatural() ?? this.expected('a natural number');
  }

  takeNatural(): number | undefined {
    const text = this.#token(this.#natural);
    if (text === undefined) return undefined;
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : this.fail('ir-syntax', 'too large a number');
  }

  expectInteger(): number {
    return this.take('-') ? 0 - this.expectNatural() : this.expectNatural();
  }

  /** The subscripts of a contraction, e.g. `ab,bc->ac`. */
  expectSubscripts(): string {
    return this.#token(this.#subscripts) ?? this.expected('subscripts, e.g. ab,bc->ac');
  }

  #skip(): void {
    this.#match(this.#blank);
  }

  #token(pattern: RegExp): string | undefined {
    this.#skip();
    const start = this.#at;
    const text = this.#match(pattern);
    if (text !== undefined) this.#tokenStart = start;
    return text;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  /** The token that comes next, whatever it is; empty at the end of a line. */
  #nextSpan(): Span {
    this.#skip();
    const start = this.#at;
    if (this.seesEndOfLine()) return { start, end: start };
    return { start, end: start + (this.#match(this.#any)?.length ?? 0) };
  }
}

/** Ends the line. Without a diagnostic, the reason is an earlier line that failed. */
export class Failure {
  readonly diagnostic: Diagnostic | undefined;
  constructor(diagnostic?: Diagnostic) {
    this.diagnostic = diagnostic;
  }
}
