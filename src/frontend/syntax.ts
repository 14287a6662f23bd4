// The statements of a text, and its syntax errors. mathjs stops at its first error, often far from the mistake. Here an
// error is looked at again: brackets are matched by a scan of our own, foreign spellings get a hint, and the statement
// is blanked out and the rest parsed once more, so that one run shows all mistakes.

import type { Span } from '../errors.ts';
import type { Ast } from './ast.ts';
import type { Diagnostics } from './diagnostics.ts';
import { cleaned, type ParseResult, parseTree } from './parser.ts';

export interface Statements {
  readonly roots: readonly Ast[];
  /** The names that any statement gives a meaning, and where first. */
  readonly assigned: ReadonlyMap<string, Span>;
  /** Names assigned in statements that could not be parsed: nothing is known of them. */
  readonly unknownNames: ReadonlySet<string>;
}

/** How much text may be parsed again in search of further errors. */
const RECOVERY_BUDGET = 2_000_000;
const MAX_SYNTAX_ERRORS = 20;

/** Parses `text`; what is wrong with it goes to `diagnostics`. */
export function readStatements(text: string, diagnostics: Diagnostics): Statements {
  const unknownNames = new Set<string>();
  let rest = cleaned(text);
  for (let round = 1; ; round++) {
    const result = parseTree(rest);
    if ('tree' in result) return { roots: rootsOf(result.tree), assigned: result.assigned, unknownNames };
    const broken = report(result, rest, diagnostics);
    const again = round < MAX_SYNTAX_ERRORS && round * text.length < RECOVERY_BUDGET;
    if (broken === undefined || !again) return { roots: [], assigned: new Map(), unknownNames };
    const statement = rest.slice(broken.start, broken.end);
    for (const [, name] of statement.matchAll(ASSIGNED_NAME)) unknownNames.add(name);
    rest = blanked(rest, broken);
  }
}

const ASSIGNED_NAME = /(?:^|[\n;])\s*([\p{L}_$][\p{L}\p{N}_$]*)\s*(?:\([^()]*\)\s*)?=(?!=)/gu;

function rootsOf(tree: Ast): readonly Ast[] {
  if (tree.type === 'Block') return tree.blocks.map(({ node }) => node);
  const isEmpty = tree.type === 'Constant' && tree.first < 0;
  return isEmpty ? [] : [tree];
}

/** Reports a failure; returns the statement to blank out, or undefined if the parser cannot go on. */
function report(
  failure: Exclude<ParseResult, { tree: Ast }>,
  text: string,
  diagnostics: Diagnostics,
): Span | undefined {
  const at = { start: failure.lastToken, end: failure.lastToken + 1 };
  switch (failure.failure) {
    case 'too-deep':
      diagnostics.error('too-deep', 'the formula is nested too deeply for the stack', at, {
        hints: ['give inner parts names of their own'],
      });
      return undefined;
    case 'reread':
      diagnostics.error(
        'too-complex',
        '`%` is nested too deeply: each level doubles the work of the parser',
        at,
        {
          hints: ['write mod(a, b) for a % b'],
        },
      );
      return undefined;
    case 'syntax':
      return reportSyntax(failure, text, diagnostics);
  }
}

function reportSyntax(
  { message, offset, lastToken }: { message: string; offset: number; lastToken: number },
  text: string,
  diagnostics: Diagnostics,
): Span | undefined {
  const { open, statement } = scan(text, offset);
  if (/^End of string/.test(message)) {
    const span = { start: statement.start, end: statement.end };
    const quote = text.slice(span.start, span.end).search(/["']/);
    const start = quote < 0 ? offset : span.start + quote;
    diagnostics.error(
      'syntax',
      'a string is never closed',
      { start, end: start + 1 },
      {
        hints: ['a formula cannot have strings'],
      },
    );
    return span;
  }

  // An assignment inside of a bracket that began on an earlier line was meant to be a statement of its own.
  const swallowed =
    open !== undefined && /^Invalid left/.test(message) && endOfUnclosed(text, open) < offset
      ? open
      : undefined;
  const unclosed = unclosedBracket(text, offset) ?? swallowed;
  if (unclosed !== undefined) {
    const span = { start: unclosed, end: unclosed + 1 };
    diagnostics.error('unclosed-bracket', `\`${text[unclosed]}\` is never closed`, span);
    return { start: scan(text, unclosed).statement.start, end: endOfUnclosed(text, unclosed) };
  }

  const found = tokenAt(text, offset);
  const atEnd = found === '' || found === '\n';
  // At the end of a line the caret goes behind its last token, where something is missing.
  const start = atEnd ? endOfToken(text, Math.min(lastToken, Math.max(0, offset - 1))) : offset;
  const spelling = atEnd ? undefined : spellingAt(text, offset, found, statement);
  const span = spelling?.span ?? { start, end: start + (atEnd ? 1 : found.length) };
  const hints =
    spelling === undefined ? hintsFor(text, offset, found, statement, open === undefined) : [spelling.hint];
  const related =
    open !== undefined && /^(Parenthesis|End of matrix|Comma)/.test(message)
      ? [{ message: `\`${text[open]}\` opened here`, span: { start: open, end: open + 1 } }]
      : [];
  const got = atEnd ? 'the end of the statement' : `\`${printable(text.slice(span.start, span.end))}\``;
  diagnostics.error('syntax', spelling === undefined ? describe(message, got) : `unexpected ${got}`, span, {
    ...(hints.length > 0 ? { hints } : {}),
    ...(related.length > 0 ? { related } : {}),
  });
  return statement;
}

/** mathjs's message in the words of ours. */
function describe(message: string, got: string): string {
  if (/^Syntax error in part/.test(message)) return `unexpected character ${got}`;
  if (/^(Unexpected (part|operator))/.test(message)) return `unexpected ${got}`;
  if (/^(Value expected|Unexpected end of expression)/.test(message)) return `expected a value, found ${got}`;
  if (/^Invalid left hand side/.test(message)) return 'only a name can be assigned to';
  if (/^False part of conditional/.test(message)) return `expected \`:\` and a second branch, found ${got}`;
  if (/^The true-expression/.test(message)) return 'the first branch of the conditional is empty';
  if (/^Parenthesis \) expected/.test(message)) return `expected \`)\`, found ${got}`;
  if (/^(Parenthesis \]|End of matrix)/.test(message)) return `expected \`]\`, found ${got}`;
  if (/^Digit expected/.test(message)) return `digits are missing in the number ${got}`;
  const dimensions = /^Column dimensions mismatch \((\d+) !== (\d+)\)/.exec(message);
  if (dimensions !== null) return `rows of ${dimensions[2]} and of ${dimensions[1]} elements in one matrix`;
  return message.charAt(0).toLowerCase() + message.slice(1);
}

function printable(found: string): string {
  return /[\p{C}\p{Z}]/u.test(found)
    ? `U+${found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
    : found;
}

interface Spelling {
  /** Matched where the error is, or up to two characters before it. */
  readonly pattern: RegExp;
  readonly hint: string;
}

/** Spellings of other languages and of mathematics. */
// biome-ignore format: one spelling a line
const SPELLINGS: readonly Spelling[] = [
  { pattern: /^\*\*/, hint: 'a power is written `^`' },
  { pattern: /^\/\//, hint: 'write floor(a / b) for integer division; comments begin with `#`' },
  { pattern: /^\/\*/, hint: 'comments begin with `#` and go to the end of the line' },
  { pattern: /^:=/, hint: 'an assignment is written `=`' },
  { pattern: /^([-+*/^%])=/, hint: 'write the operation out: a = a + b' },
  { pattern: /^(\+\+|--)$/, hint: 'write the operation out: a = a + 1' },
  { pattern: /^(=>|->)/, hint: 'a function is written f(x) = ...' },
  { pattern: /^<>/, hint: 'not equal is written `!=`' },
  { pattern: /^=</, hint: 'less or equal is written `<=`' },
  { pattern: /^[!=]==/, hint: 'equality is written `==` and `!=`' },
  { pattern: /^&&/, hint: 'a conjunction is written `and`' },
  { pattern: /^\|\|/, hint: 'a disjunction is written `or`' },
  { pattern: /^\|/, hint: 'an absolute value is written abs(x)' },
  { pattern: /^!/, hint: 'a negation is written `not`' },
  { pattern: /^\.'/, hint: 'a transpose is written `\'`' },
  { pattern: /^[−–—]/, hint: 'write the ASCII minus `-`' },
  { pattern: /^[·⋅∗∙•✕✖]/, hint: 'a product is written `*`' },
  { pattern: /^∕/, hint: 'a quotient is written `/`' },
  { pattern: /^√/, hint: 'a square root is written sqrt(x)' },
  { pattern: /^∛/, hint: 'a cube root is written cbrt(x)' },
  { pattern: /^[∂∇]/, hint: 'derivatives are not written in the formula: symgrad makes them' },
  { pattern: /^[≤⩽]/, hint: 'less or equal is written `<=`' },
  { pattern: /^[≥⩾]/, hint: 'greater or equal is written `>=`' },
  { pattern: /^≠/, hint: 'not equal is written `!=`' },
  { pattern: /^[∧]/, hint: 'a conjunction is written `and`' },
  { pattern: /^[∨]/, hint: 'a disjunction is written `or`' },
  { pattern: /^¬/, hint: 'a negation is written `not`' },
  { pattern: /^[∑∏∫]/, hint: 'sums and products are written sum([a, b]) and prod([a, b])' },
  { pattern: /^∞/, hint: 'infinity is written Infinity' },
  { pattern: /^[⁰¹²³⁴⁵⁶⁷⁸⁹]/, hint: 'a power is written `^`' },
  { pattern: /^[₀-₉]/, hint: 'an index is part of a name in ASCII: x1' },
  { pattern: /^[“”„‘’]/, hint: 'a formula cannot have strings' },
  { pattern: /^→/, hint: 'a function is written f(x) = ...' },
  { pattern: /^←/, hint: 'an assignment is written `=`' },
  { pattern: /^\\/, hint: 'formulas are not written in TeX: write sqrt(x), a / b' },
  { pattern: /^@/, hint: 'directives are comments: # @input x: scalar' },
  { pattern: /^[\u00A0\u2000-\u200B\u202F\u3000\uFEFF]/, hint: 'write an ordinary space' },
];

/** The foreign spelling that the error is in: it may begin up to two characters before the error. */
function spellingAt(text: string, offset: number, found: string, statement: Span) {
  for (const back of [2, 1, 0]) {
    const start = offset - back;
    if (start < statement.start) continue;
    const near = text.slice(start, offset + Math.max(found.length, 2));
    for (const { pattern, hint } of SPELLINGS) {
      const length = pattern.exec(near)?.[0].length ?? 0;
      if (length > back) return { hint, span: { start, end: start + length } };
    }
  }
  return undefined;
}

function hintsFor(
  text: string,
  offset: number,
  found: string,
  statement: Span,
  isOutside: boolean,
): string[] {
  const line = text.slice(statement.start, statement.end).trim();
  if (/^[*/^.%]/.test(found) && text.slice(statement.start, offset).trim() === '') {
    return [
      'a new line begins a new statement: end the line above with the operator, or put the formula in parentheses',
    ];
  }
  if (/^(let|const|var|def|function|double|float|real)\b/.test(line)) {
    return [`an assignment is written \`name = value\`, without \`${/^\w+/.exec(line)?.[0]}\``];
  }
  if (/\?[^:()]*\?/.test(line))
    return ['put the conditional in the first branch in parentheses: a ? (b ? c : d) : e'];
  if (/^[\d.]+$/.test(found)) return ['numbers and names are joined by an operator; a decimal point is `.`'];
  if (found === '=' && isOutside && line.includes('\n')) {
    return ['the line above ends with an operator, so it goes on in this line'];
  }
  if (found === '=')
    return ['a comparison is written `==`; inside a larger expression put an assignment in parentheses'];
  if (/\|[^|]+\|/.test(line)) return ['an absolute value is written abs(x)'];
  return [];
}

/** The token at `offset` as a reader sees it: a word, a number, or one character. */
function tokenAt(text: string, offset: number): string {
  TOKEN.lastIndex = offset;
  return TOKEN.exec(text)?.[0] ?? '';
}
const TOKEN = /\d[\d.]*(?:[eE][-+](?!\d))?|[\p{L}_$][\p{L}\p{N}_$]*|[\s\S]/uy;

/** Where the last thing of the line before `offset` ends: comments and spaces are not things. */
function endOfToken(text: string, start: number): number {
  const token = tokenAt(text, start);
  return token === '\n' ? start : Math.min(text.length, start + token.length);
}

interface Scan {
  /** The innermost bracket open at the offset. */
  readonly open: number | undefined;
  /** The statement around the offset. */
  readonly statement: Span;
}

const CLOSER: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Reads brackets, strings and comments from the start, as mathjs would. */
function scan(text: string, offset: number): Scan {
  const brackets: number[] = [];
  let open: number | undefined;
  let start = 0;
  let passed = false;
  for (const { char, at, continued } of significantCharacters(text)) {
    if (!passed && at >= offset) {
      passed = true;
      open = brackets.at(-1);
    }
    if (CLOSER.has(char)) brackets.push(at);
    else if (char === ')' || char === ']' || char === '}') brackets.pop();
    else if (brackets.length === 0 && (char === ';' || (char === '\n' && !continued))) {
      if (at >= offset) return { open, statement: { start, end: at } };
      start = at + 1;
    }
  }
  return { open: passed ? open : brackets.at(-1), statement: { start, end: text.length } };
}

/** The first bracket that nothing closes, if it was opened before `offset`. */
function unclosedBracket(text: string, offset: number): number | undefined {
  const brackets: number[] = [];
  for (const { char, at } of significantCharacters(text)) {
    if (CLOSER.has(char)) {
      brackets.push(at);
    } else if (char === ')' || char === ']' || char === '}') {
      const opening = brackets.pop();
      // Brackets of two kinds that cross are shown where they do.
      if (opening === undefined || CLOSER.get(text[opening]) !== char) return undefined;
    }
  }
  return brackets.length > 0 && brackets[0] <= offset ? brackets[0] : undefined;
}

/** Where the statement of an unclosed bracket ends, by the look of it: before the next line that assigns a name. */
function endOfUnclosed(text: string, bracket: number): number {
  const next = /\n[ \t]*[\p{L}_$][\p{L}\p{N}_$]*[ \t]*(?:\([^()\n]*\)[ \t]*)?=(?!=)/gu;
  next.lastIndex = bracket;
  return next.exec(text)?.index ?? text.length;
}

interface Significant {
  readonly char: string;
  readonly at: number;
  /** For a line end: the statement goes on, since the line ends with an operator. */
  readonly continued: boolean;
}

/** Brackets, statement ends: what is outside of strings and comments and gives a text its structure. */
function* significantCharacters(text: string): Generator<Significant> {
  let previous = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '#') {
      const end = text.indexOf('\n', at);
      at = (end < 0 ? text.length : end) - 1;
    } else if (char === '"' || (char === "'" && !/[\p{L}\p{N}_$)\]}'.]/u.test(previous))) {
      at = endOfString(text, at);
      previous = char;
    } else if (char === '\n') {
      const continued =
        /[-+*/^=<>,?:&|]/.test(previous) ||
        /\b(?:and|or|xor|not|mod|to|in)\s*$/.test(text.slice(Math.max(0, at - 20), at));
      yield { char, at, continued };
      if (!continued) previous = '';
    } else if (/[()[\]{};]/.test(char)) {
      yield { char, at, continued: false };
      previous = char;
    } else if (char !== ' ' && char !== '\t') {
      previous = char;
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === text[start]) return at;
  }
  return text.length;
}

/** `text` with spaces for everything in `span` but line ends. */
function blanked(text: string, span: Span): string {
  return (
    text.slice(0, span.start) + text.slice(span.start, span.end).replace(/[^\n]/g, ' ') + text.slice(span.end)
  );
}
