// Directives: full-line comments such as `# @input x: scalar = 1 -- a doc`. They are found by scanning the text, since
// mathjs drops most comments. What the names in shapes mean is not known here.

import { type Span, suggest } from '../errors.ts';
import { type DeclaredShape, LETTER, looksLikeTwo, shapeIn } from './declared.ts';
import type { Diagnostics } from './diagnostics.ts';
import { RESERVED_NAMES } from './refused.ts';

/** A name as written, with its place. */
export interface Mention {
  readonly name: string;
  readonly span: Span;
}

export interface InputDeclaration extends Mention {
  readonly shape: DeclaredShape;
  readonly int: boolean;
  readonly default?: number;
  readonly doc?: string;
}

export interface SizeDeclaration extends Mention {
  readonly value: number;
}

export interface Directives {
  readonly inputs: ReadonlyMap<string, InputDeclaration>;
  readonly sizes: ReadonlyMap<string, SizeDeclaration>;
  /** The names of the `@wrt` and `@output` lines; undefined if there are none. */
  readonly wrt: readonly Mention[] | undefined;
  readonly outputs: readonly Mention[] | undefined;
}

const WORDS = ['input', 'wrt', 'output', 'dim'] as const;
type Word = (typeof WORDS)[number];

const DIRECTIVE = /(?<before>[^\n]*?)#(?<gap>[ \t]*)@(?<word>[A-Za-z_]\w*)(?<rest>[^\n]*)/y;

const NAME = new RegExp(`^(?:${LETTER})(?:${LETTER}|[0-9])*$`);

/** The directives of `text`; what is wrong with them goes to `diagnostics`. */
export function readDirectives(text: string, diagnostics: Diagnostics): Directives {
  const reader = new DirectiveReader(diagnostics);
  // Only lines with both marks are looked at, so a large file costs one search.
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at)) {
    const lineStart = text.lastIndexOf('\n', at) + 1;
    const lineEnd = text.indexOf('\n', at);
    DIRECTIVE.lastIndex = lineStart;
    const match = DIRECTIVE.exec(text);
    if (match !== null) reader.read(match.groups as unknown as Groups, lineStart);
    at = lineEnd < 0 ? text.length : lineEnd;
  }
  return reader;
}

interface Groups {
  readonly before: string;
  readonly gap: string;
  readonly word: string;
  readonly rest: string;
}

class DirectiveReader implements Directives {
  readonly inputs = new Map<string, InputDeclaration>();
  readonly sizes = new Map<string, SizeDeclaration>();
  wrt: Mention[] | undefined;
  outputs: Mention[] | undefined;
  readonly #diagnostics: Diagnostics;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  read({ before, gap, word, rest }: Groups, lineStart: number): void {
    const start = lineStart + before.length + 1 + gap.length;
    const wordSpan = { start, end: start + 1 + word.length };
    const known = (WORDS as readonly string[]).includes(word);
    if (before.trim() !== '') {
      // The comment of a statement: a directive only by its look.
      if (known) {
        this.#diagnostics.warning(
          'directive-ignored',
          `\`@${word}\` is ignored here: a directive has a line of its own`,
          wordSpan,
        );
      }
      return;
    }
    const body = trimmed(rest, wordSpan.end);
    if (!known) {
      const meant = suggest(word, WORDS);
      this.#diagnostics.error('unknown-directive', `unknown directive \`@${word}\``, wordSpan, {
        hints: [
          meant === undefined
            ? `there are ${WORDS.map(name => `@${name}`).join(', ')}`
            : `did you mean \`@${meant}\`?`,
        ],
      });
      return;
    }
    switch (word as Word) {
      case 'input':
        this.#readInput(body);
        return;
      case 'dim':
        this.#readSize(body);
        return;
      case 'wrt':
        this.wrt = [...(this.wrt ?? []), ...this.#names(body, 'wrt')];
        return;
      case 'output':
        this.outputs = [...(this.outputs ?? []), ...this.#names(body, 'output')];
        return;
    }
  }

  #readInput(body: Piece): undefined {
    const [declaration, doc] = split(body, /\s--/);
    const [head, defaultText] = split(declaration, /=/);
    const [nameText, type] = split(head, /:/);
    const form = 'write `# @input NAME: scalar`, then ` = DEFAULT` and ` -- TEXT` if you like';
    if (type === undefined || type.text === '') {
      return this.#malformed('an input needs a name and a shape', head, [
        nameText.text === '' ? form : `write \`# @input ${nameText.text}: scalar\``,
      ]);
    }
    if (!this.#isName(nameText)) return;
    const name = nameText.text;

    const words = type.text.split(/\s+/);
    const int = words.length > 1 && words.at(-1) === 'int';
    const text = (int ? words.slice(0, -1) : words).join(' ');
    const shape = shapeIn(text);
    if (shape === undefined || shape.some(size => typeof size === 'string' && RESERVED_NAMES.has(size))) {
      const meant = suggest(text, ['scalar']);
      return this.#malformed(`\`${text}\` is not a shape`, type, [
        meant === undefined
          ? 'a shape is `scalar`, or sizes such as `n` or `n x 20`'
          : `did you mean \`${meant}\`?`,
      ]);
    }
    this.#warnOfShape(shape, type);
    const value = defaultText === undefined ? undefined : this.#number(defaultText);
    if (defaultText !== undefined && value === undefined) return;
    if (int && value !== undefined && !Number.isInteger(value)) {
      return this.#malformed('the default of an int input must be an integer', defaultText as Piece);
    }
    if (!this.#isNew(nameText)) return;
    this.inputs.set(name, {
      name,
      span: nameText.span,
      shape,
      int,
      ...(value === undefined ? {} : { default: value }),
      ...(doc === undefined || doc.text === '' ? {} : { doc: doc.text }),
    });
  }

  /** Names of sizes that were meant for something else. */
  #warnOfShape(shape: DeclaredShape, { span }: Piece): void {
    for (const size of shape) {
      if (typeof size === 'number') continue;
      const meant = looksLikeTwo(size)
        ? size.replace(/x(?=[0-9]+$)/, ' x ')
        : shape.length === 1
          ? suggest(size, ['scalar'])
          : undefined;
      if (meant === undefined) continue;
      this.#diagnostics.warning('suspicious-shape', `\`${size}\` is the name of a size here`, span, {
        hints: [`did you mean \`${meant}\`?`],
      });
    }
  }

  #readSize(body: Piece): undefined {
    const [nameText, valueText] = split(body, /=/);
    if (valueText === undefined) {
      return this.#malformed('a size needs a name and a value', body, ['write `# @dim n = 32`']);
    }
    if (!this.#isName(nameText)) return;
    const value = this.#number(valueText);
    if (value === undefined) return;
    if (!Number.isInteger(value) || value < 0) {
      return this.#malformed('a size must be an integer, and not negative', valueText);
    }
    if (!this.#isNew(nameText)) return;
    this.sizes.set(nameText.text, { name: nameText.text, span: nameText.span, value });
  }

  #names(body: Piece, word: Word): Mention[] {
    const mentions = new Map<string, Mention>();
    if (body.text === '') {
      this.#malformed(`\`@${word}\` needs a name`, body, [`write \`# @${word} a, b\``]);
      return [];
    }
    let offset = 0;
    for (const part of body.text.split(',')) {
      const piece = trimmed(part, body.span.start + offset);
      offset += part.length + 1;
      if (!this.#isName(piece)) continue;
      if (mentions.has(piece.text)) {
        this.#diagnostics.error('duplicate-name', `\`${piece.text}\` is named twice`, piece.span);
        continue;
      }
      mentions.set(piece.text, { name: piece.text, span: piece.span });
    }
    return [...mentions.values()];
  }

  #isName({ text, span }: Piece): boolean {
    if (NAME.test(text) && !RESERVED_NAMES.has(text)) return true;
    if (RESERVED_NAMES.has(text)) {
      this.#diagnostics.error(
        'reserved-name',
        `\`${text}\` cannot be a name: it has a meaning of its own`,
        span,
      );
      return false;
    }
    this.#malformed(text === '' ? 'a name is missing' : `\`${text}\` is not a name`, { text, span }, [
      'a name is letters, digits and `_`, and does not begin with a digit; names are separated by commas',
    ]);
    return false;
  }

  #isNew({ text, span }: Piece): boolean {
    const earlier = this.inputs.get(text) ?? this.sizes.get(text);
    if (earlier === undefined) return true;
    this.#diagnostics.error('duplicate-name', `\`${text}\` is declared twice`, span, {
      related: [{ message: 'first declared here', span: earlier.span }],
    });
    return false;
  }

  #number(piece: Piece): number | undefined {
    if (/^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity)$|^NaN$/.test(piece.text)) {
      return Number(piece.text);
    }
    this.#malformed(piece.text === '' ? 'a number is missing' : `\`${piece.text}\` is not a number`, piece, [
      'a comment about the input goes after ` -- `',
    ]);
    return undefined;
  }

  #malformed(message: string, { span }: Piece, hints: readonly string[] = []): undefined {
    this.#diagnostics.error('directive-syntax', message, span, { hints });
  }
}

interface Piece {
  readonly text: string;
  readonly span: Span;
}

/** The two sides of the first `separator`; the second is undefined if there is none. */
function split({ text, span }: Piece, separator: RegExp): [Piece, Piece | undefined] {
  const match = separator.exec(text);
  if (match === null) return [{ text, span }, undefined];
  const after = match.index + match[0].length;
  return [trimmed(text.slice(0, match.index), span.start), trimmed(text.slice(after), span.start + after)];
}

function trimmed(text: string, start: number): Piece {
  const from = start + (text.length - text.trimStart().length);
  return { text: text.trim(), span: { start: from, end: from + text.trim().length } };
}
