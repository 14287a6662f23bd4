// The statements of a function over tensors as JavaScript: which values have constants of their own, loops, and long sums in
// parts. Invariant: a value that is used once, in its own block, is written where it is used (value-text.ts), unless the
// source has named it or its text would be too long.

import { addSizes, type Size } from '../../ir/size.ts';
import { ADDITIVE, AND, ANY, MULTIPLICATIVE, numberText, WORD } from '../forms.ts';
import type { Names } from '../names.ts';
import { indent, wrap } from '../text.ts';
import type { LoopVariable } from './space.ts';
import type { Piece } from './split.ts';
import { type ValueSpelling, ValueTexts } from './value-text.ts';
import { type Block, type Combine, type Place, partsOf, type Statement, type Value } from './values.ts';

/** What the text refers to by name, and how it is laid out. */
export interface Spelling extends ValueSpelling {
  readonly names: Names;
  /** Columns of a line. */
  readonly width: number;
  /** The length of a buffer whose array is longer. */
  readonly lengthOf?: (array: string) => Size | undefined;
}

/** Operations in one expression: bounds the length of lines and the depth of nesting. */
const LARGEST_INLINE = 16;

/** Prints the statements of one function, outermost block first. */
export class LoopPrinter {
  readonly #spelling: Spelling;
  readonly #loopNames: string[] = [];
  readonly #texts: ValueTexts;
  readonly #counts = new Map<string, number>();
  #nesting = 0;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
    this.#texts = new ValueTexts(spelling);
  }

  /** The lines of a block and all that is inside of it. */
  #block({ statements }: Block): string[] {
    return statements.flatMap(statement => this.#statement(statement));
  }

  /** The statements of the outermost block one by one. */
  pieces({ statements }: Block): Piece[] {
    return statements.map(statement => {
      const lines = this.#statement(statement);
      const isLoop = statement.kind === 'loop' || statement.kind === 'blocks' || statement.kind === 'call';
      if (lines.length === 0) return { lines, isLoop };
      if (statement.kind === 'let')
        return { lines, isLoop, declares: { name: statement.name, isMask: statement.initial === false } };
      if (statement.kind !== 'define') return { lines, isLoop };
      const { name, isMask } = statement.value;
      return { lines, isLoop, declares: { name: name!, isMask } };
    });
  }

  /** The text of a number that all statements are before. */
  value(value: Value): string {
    return this.#texts.value(value);
  }

  #statement(statement: Statement): string[] {
    switch (statement.kind) {
      case 'define':
        return this.#define(statement.value);
      case 'loop':
        return this.#loop(statement);
      case 'rows':
        return this.#rows(statement);
      case 'blocks':
        return this.#blocks(statement);
      case 'store': {
        const place = this.#texts.element(statement.array, statement.place, statement.base);
        return this.#lines(
          combined(place, statement.combine, this.#texts.value(statement.value, least(statement.combine))),
        );
      }
      case 'assign':
        return this.#lines(
          combined(statement.name, statement.combine, this.#assigned(statement.value, statement.combine)),
        );
      case 'let':
        return [
          `let ${statement.name} = ${statement.initial === false ? 'false' : numberText(statement.initial)};`,
        ];
      case 'fill': {
        const { value, from } = statement;
        const length = statement.length ?? this.#spelling.lengthOf?.(statement.array);
        const array = this.#spelling.arrayName(statement.array);
        if (length === undefined) return [`${array}.fill(${numberText(value)});`];
        const [start, end] = [this.#texts.size(from), this.#texts.size(addSizes(from, length))];
        return [`${array}.fill(${numberText(value)}, ${start}, ${end});`];
      }
      case 'if': {
        const condition = this.#texts.plain(statement.condition);
        const then = this.#nested(statement.then);
        const otherwise = statement.otherwise === undefined ? [] : this.#nested(statement.otherwise);
        return [
          `if (${condition}) {`,
          ...then,
          ...(otherwise.length > 0 ? ['} else {', ...otherwise] : []),
          '}',
        ];
      }
      case 'call': {
        const parts = statement.arguments.map(part => {
          if (typeof part === 'string') return this.#spelling.arrayName(part);
          return typeof part === 'object' && 'terms' in part
            ? this.#texts.place(part)
            : this.#texts.size(part);
        });
        return [
          ...(statement.comment === '' ? [] : [`// ${statement.comment}`]),
          ...this.#lines(`${statement.name}(${parts.join(', ')});`),
        ];
      }
      case 'return':
        return this.#lines(`return ${this.value(statement.value)};`);
      default:
        return statement satisfies never;
    }
  }

  /** A mask that is or-ed to another stays one. */
  #assigned(value: Value, combine: Combine): string {
    if (combine === 'or' || combine === '=') return this.#texts.plain(value, combine === 'or' ? AND : ANY);
    return this.#texts.value(value, least(combine));
  }

  #nested(block: Block): string[] {
    this.#nesting++;
    const lines = indent(this.#block(block));
    this.#nesting--;
    return lines;
  }

  #loop({ variable, reverse, from, body }: Extract<Statement, { kind: 'loop' }>): string[] {
    const name = this.#loopName(variable, body);
    const size = this.#texts.size(variable.size);
    const sum = reverse || from !== 0 ? undefined : longSum(variable.size, body);
    if (
      sum !== undefined &&
      body.statements.every(statement => statement === sum || this.#isUnprinted(statement))
    ) {
      return this.#partialSums(sum, variable, body, name);
    }
    const start = typeof from === 'number' ? String(from) : this.#texts.variable(from);
    const head = reverse
      ? `for (let ${name} = ${this.#texts.size(addSizes(variable.size, -1))}; ${name} >= 0; ${name}--) {`
      : `for (let ${name} = ${start}; ${name} < ${size}; ${name}++) {`;
    return [head, ...this.#nested(body), '}'];
  }

  #blocks({ rows: { size, first, count }, body }: Extract<Statement, { kind: 'blocks' }>): string[] {
    const from = this.#bound(first, 'first');
    const rows = this.#bound(count, 'rows');
    const most = this.#texts.size(count.size);
    const { text: all, level } = this.#texts.sizeText(size);
    return [
      `for (let ${from} = 0; ${from} < ${all}; ${from} += ${most}) {`,
      `  const ${rows} = Math.min(${most}, ${level < ADDITIVE ? `(${all})` : all} - ${from});`,
      ...this.#nested(body),
      '}',
    ];
  }

  #rows({ variable, row, rows, body }: Extract<Statement, { kind: 'rows' }>): string[] {
    const name = this.#loopName(variable, body);
    const at = this.#bound(row, 'row');
    const [first, count] = [this.#texts.variable(rows.first), this.#texts.variable(rows.count)];
    return [
      `for (let ${name} = ${first}, ${at} = 0; ${at} < ${count}; ${name}++, ${at}++) {`,
      ...this.#nested(body),
      '}',
    ];
  }

  /** The name of a loop variable: loops inside of as many others share it. */
  #loopName(variable: LoopVariable, { depth }: Block): string {
    this.#loopNames[depth - 1] ??= this.#spelling.names.take(LOOP_NAMES[depth - 1] ?? `i${depth - 1}`);
    const name = this.#loopNames[depth - 1];
    this.#texts.bind(variable, { text: name, level: WORD });
    return name;
  }

  /** A name for a variable of its own. */
  #bound(variable: LoopVariable, wanted: string): string {
    const name = this.#take(wanted);
    this.#texts.bind(variable, { text: name, level: WORD });
    return name;
  }

  #isUnprinted(statement: Statement): boolean {
    return statement.kind === 'define' && (statement.value.uses === 0 || this.#isInline(statement.value));
  }

  /** A long sum of products as four sums at a time: each addition would wait for the one before it. */
  #partialSums(
    { name: sum, value }: Assignment,
    variable: LoopVariable,
    body: Block,
    name: string,
  ): string[] {
    const inside = valuesInside(body, value);
    const term = (text: string, level: number): string => {
      this.#texts.bind(variable, { text, level });
      this.#texts.forget(inside);
      return this.#texts.value(value);
    };
    const parts = [1, 2, 3].map(() => this.#take('part'));
    const { text: size, level } = this.#texts.sizeText(variable.size);
    const count = level < MULTIPLICATIVE ? `(${size})` : size;
    const rest = typeof variable.size === 'number' ? variable.size % 4 : undefined;
    const end =
      typeof variable.size === 'number'
        ? String(variable.size - (variable.size % 4))
        : `${count} - ${count} % 4`;
    const whole = rest === undefined ? `${name} + 3 < ${size}` : `${name} < ${end}`;
    this.#nesting++;
    const sums = [sum, ...parts].flatMap((each, k) => {
      const at = k === 0 ? term(name, WORD) : term(`${name} + ${k}`, ADDITIVE);
      return this.#lines(combined(each, '+', at));
    });
    const last = rest === 0 ? [] : this.#lines(combined(sum, '+', term(name, WORD)));
    this.#nesting--;
    return [
      `let ${parts.map(part => `${part} = 0`).join(', ')};`,
      `for (let ${name} = 0; ${whole}; ${name} += 4) {`,
      ...indent(sums),
      '}',
      ...(rest === 0
        ? []
        : [`for (let ${name} = ${end}; ${name} < ${size}; ${name}++) {`, ...indent(last), '}']),
      `${sum} += ${parts.join(' + ')};`,
    ];
  }

  #define(value: Value): string[] {
    if (value.uses === 0) return [];
    if (value.name !== undefined && value.expression.kind === 'local') {
      const lines = [`const ${value.name} = ${value.expression.name};`];
      this.#texts.name(value, value.name);
      return lines;
    }
    if (value.name === undefined && this.#isInline(value)) return [];
    const text = this.#texts.written(value);
    const hint = value.hint;
    const wanted = value.expression.kind === 'integer' ? 'at' : hint;
    value.name ??= wanted === undefined ? this.#spelling.names.temporary() : this.#take(wanted);
    this.#texts.name(value, value.name);
    return this.#lines(`const ${value.name} = ${text};`);
  }

  #isInline(value: Value): boolean {
    if (value.expression.kind === 'integer' && isPlain(value.expression.place)) return true;
    return (
      value.uses === 1 &&
      !value.isUsedInside &&
      value.hint === undefined &&
      this.#texts.weight(value) <= LARGEST_INLINE
    );
  }

  /** z, z2, z3, ... */
  #take(wanted: string): string {
    const count = (this.#counts.get(wanted) ?? 0) + 1;
    this.#counts.set(wanted, count);
    return this.#spelling.names.take(count === 1 ? wanted : `${wanted}${count}`);
  }

  #lines(line: string): string[] {
    return wrap(line, this.#spelling.width - 2 * this.#nesting);
  }
}

const LOOP_NAMES = ['i', 'j', 'k', 'l', 'm', 'p', 'q'];

type Assignment = Extract<Statement, { kind: 'assign' }>;

/** Shorter sums are not worth it. */
const SHORTEST_SUM = 16;

/** The one statement of a loop that adds up products of what is in memory, if that is all the loop does. */
function longSum(size: Size, { statements }: Block): Assignment | undefined {
  if (typeof size === 'number' && size < SHORTEST_SUM) return undefined;
  const sums = statements.filter((each): each is Assignment => each.kind === 'assign');
  const [sum] = sums;
  if (sums.length !== 1 || sum.combine !== '+' || sum.value.isMask) return undefined;
  return sum.value.expression.kind === 'times' ? sum : undefined;
}

/** What `value` is made of inside of `body`, itself among it; the sides of selections too, which are blocks of their own. */
function valuesInside(body: Block, value: Value): ReadonlySet<Value> {
  const values = new Set([value]);
  for (const each of values) {
    for (const part of partsOf(each)) if (part.block.isWithin(body)) values.add(part);
  }
  return values;
}

function combined(place: string, combine: Combine, text: string): string {
  switch (combine) {
    case '=':
      return `${place} = ${text};`;
    case '+':
      return text.startsWith('-') && isNegation(text)
        ? `${place} -= ${text.slice(1)};`
        : `${place} += ${text};`;
    case '-':
      return `${place} -= ${text};`;
    case '*':
      return `${place} *= ${text};`;
    case 'max':
    case 'min':
      return `${place} = Math.${combine}(${place}, ${text});`;
    case 'or':
      return `${place} = ${place} || ${text};`;
    default:
      return combine satisfies never;
  }
}

/** `-a * b`, with nothing added to it: it may be subtracted. */
function isNegation(text: string): boolean {
  let nesting = 0;
  for (let i = 1; i < text.length; i++) {
    if ('([{'.includes(text[i])) nesting++;
    else if (')]}'.includes(text[i])) nesting--;
    else if (nesting === 0 && ' '.includes(text[i]) && '+-?<>=&|'.includes(text[i + 1])) return false;
  }
  return true;
}

function least(combine: Combine): number {
  return combine === '*' ? MULTIPLICATIVE + 1 : ANY;
}

function isPlain({ constant, terms, dynamic }: Place): boolean {
  if (dynamic.length > 0 || terms.size > 1) return false;
  return terms.size === 0 || (constant === 0 && [...terms.values()][0] === 1);
}
