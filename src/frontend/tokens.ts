// The text as mathjs's parser reads it, and a record of what it has read. mathjs keeps no positions, but it looks at
// three characters at once exactly when it starts a token, so the source object sees the start of every token (but
// those of line ends and of the end of the file, which it tells apart before it looks).
//
// Invariant: `starts` lists the tokens up to the one that the parser looked ahead to, in order. mathjs sometimes reads
// a token again (after `%` and after `1/2`); then the list is rewound, so that a node's token positions stay right.

import type { Place } from './ast.ts';

/** Thrown when mathjs reads the text over and over: nested `%` make it try each operand twice. */
export class RereadLimitError extends Error {
  override readonly name = 'RereadLimitError';
}

export class TokenSource {
  readonly text: string;
  readonly starts: number[] = [];
  /** Position in `starts` of the last token that became a leaf. */
  #claimed = -1;
  #reads = 0;
  readonly #maxReads: number;

  constructor(text: string) {
    this.text = text;
    this.#maxReads = Math.max(200_000, text.length * 4);
  }

  /** True once the text was read too often: mathjs may catch the error that says so. */
  get isExhausted(): boolean {
    return this.#reads > this.#maxReads;
  }

  substr(start: number, length: number): string {
    if (length === 3) this.#startToken(start);
    return this.text.slice(start, start + length);
  }

  slice(start: number, end: number): string {
    return this.text.slice(start, end);
  }

  charAt(index: number): string {
    return this.text.charAt(index);
  }

  /**
   * The place of the leaf spelled `word` that is being built. mathjs has looked ahead by one token, which is in the
   * list unless it was a line end or the end of the file: the leaf is the last token but one if that is still to
   * become a leaf, else the last.
   */
  leaf(word: string): Place {
    const last = this.starts.length - 1;
    const isBefore =
      last - 1 > this.#claimed && last > 0 && this.text.startsWith(word, this.starts[last - 1]);
    return this.#claim(isBefore ? last - 1 : last, word.length);
  }

  /** The place of the property name after a dot, which mathjs builds before it looks ahead. */
  current(length: number): Place {
    return this.#claim(this.starts.length - 1, length);
  }

  /** True if the token that mathjs is at, or the one before it, is spelled `word` and is not yet a leaf. */
  isAt(word: string): boolean {
    const last = this.starts.length - 1;
    for (let token = last; token >= 0 && token >= last - 1 && token > this.#claimed; token--) {
      if (this.text.startsWith(word, this.starts[token])) return true;
    }
    return false;
  }

  /** The place from token `first` to token `last`, which ends at offset `end` (by default after one character). */
  between(first: number, last: number, end = (this.starts[last] ?? 0) + 1): Place {
    return { span: { start: this.starts[first] ?? 0, end }, first, last };
  }

  /** The first character of a token. */
  charOf(token: number): string {
    return this.text.charAt(this.starts[token] ?? this.text.length);
  }

  #claim(token: number, length: number): Place {
    this.#claimed = Math.max(token, this.#claimed);
    const start = this.starts[token] ?? 0;
    return { span: { start, end: start + length }, first: token, last: token };
  }

  #startToken(start: number): void {
    if (++this.#reads > this.#maxReads) throw new RereadLimitError('the text was read too often');
    const { starts } = this;
    if (starts.length > 0 && starts[starts.length - 1] >= start) {
      while (starts.length > 0 && starts[starts.length - 1] >= start) starts.pop();
      this.#claimed = Math.min(this.#claimed, starts.length - 2);
    }
    starts.push(start);
  }
}
