// The statements of a function over tensors as JavaScript. Values that are used once are written where they are used;
// the spelling of operations is that of forms.ts.

import type { Node } from '../../ir/graph.ts';
import { addSizes, monomialsOf, multiplySizes, type Size } from '../../ir/size.ts';
import {
  ADDITIVE,
  AND,
  ANY,
  ATOM,
  CONDITIONAL,
  constantPrecedence,
  EQUALITY,
  FORMS,
  MULTIPLICATIVE,
  numberText,
  type Operands,
  OR,
  RELATIONAL,
  UNARY,
  WORD,
} from '../forms.ts';
import type { Names } from '../names.ts';
import { quote } from '../names.ts';
import { indent, wrap } from '../text.ts';
import type { LoopVariable } from './space.ts';
import type { Piece } from './split.ts';
import type { Block, Combine, Expression, Place, Statement, Value } from './values.ts';

/** What the text refers to by name. */
export interface Spelling {
  readonly names: Names;
  /** The local that holds a named size. */
  readonly sizeName: (name: string) => string;
  /** The helper that checks a 1-based index. */
  readonly position: () => string;
  /** The array of the workspace that a buffer became. */
  readonly arrayName: (array: string) => string;
  readonly width: number;
}

interface Text {
  readonly text: string;
  readonly level: number;
}

/** Operations in one expression: bounds the length of lines and the depth of nesting. */
const LARGEST_INLINE = 16;

export class LoopPrinter {
  readonly #spelling: Spelling;
  readonly #loopNames: string[] = [];
  readonly #variables = new Map<LoopVariable, Text>();
  readonly #texts = new Map<Value, Text>();
  readonly #weights = new Map<Value, number>();
  readonly #counts = new Map<string, number>();
  #nesting = 0;

  constructor(spelling: Spelling) {
    this.#spelling = spelling;
  }

  /** The lines of a block and all that is inside of it. */
  block({ statements }: Block): string[] {
    return statements.flatMap(statement => this.#statement(statement));
  }

  /** The statements of the outermost block one by one. */
  pieces({ statements }: Block): Piece[] {
    return statements.map(statement => {
      const lines = this.#statement(statement);
      const isLoop = statement.kind === 'loop' || statement.kind === 'call';
      if (lines.length === 0) return { lines, isLoop };
      if (statement.kind === 'let')
        return { lines, isLoop, declares: { name: statement.name, isMask: statement.initial === false } };
      if (statement.kind !== 'define') return { lines, isLoop };
      const { name, isMask } = statement.value;
      return { lines, isLoop, declares: { name: name!, isMask } };
    });
  }

  /** The text of a value where anything may stand. */
  value(value: Value, least = ANY): string {
    return this.#fit(value, value.isMask, least);
  }

  #statement(statement: Statement): string[] {
    switch (statement.kind) {
      case 'define':
        return this.#define(statement.value);
      case 'loop':
        return this.#loop(statement);
      case 'store': {
        const place = `${this.#spelling.arrayName(statement.array)}[${this.#place(statement.place, statement.base)}]`;
        return this.#lines(
          combined(place, statement.combine, this.value(statement.value, least(statement.combine))),
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
        const { value, from, length } = statement;
        const array = this.#spelling.arrayName(statement.array);
        if (length === undefined) return [`${array}.fill(${numberText(value)});`];
        const [start, end] = [this.size(from), this.size(addSizes(from, length))];
        return [`${array}.fill(${numberText(value)}, ${start}, ${end});`];
      }
      case 'if': {
        const condition = this.#fit(statement.condition, false, ANY);
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
        const parts = statement.arguments.map(part =>
          typeof part === 'string' ? this.#spelling.arrayName(part) : this.size(part),
        );
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
    if (combine === 'or' || combine === '=') return this.#fit(value, false, combine === 'or' ? AND : ANY);
    return this.value(value, least(combine));
  }

  #nested(block: Block): string[] {
    this.#nesting++;
    const lines = indent(this.block(block));
    this.#nesting--;
    return lines;
  }

  #loop({ variable, reverse, body }: Extract<Statement, { kind: 'loop' }>): string[] {
    const depth = body.depth - 1;
    this.#loopNames[depth] ??= this.#spelling.names.take(LOOP_NAMES[depth] ?? `i${depth}`);
    const name = this.#loopNames[depth];
    this.#variables.set(variable, { text: name, level: WORD });
    const size = this.size(variable.size);
    const sum = reverse ? undefined : longSum(variable.size, body);
    if (
      sum !== undefined &&
      body.statements.every(statement => statement === sum || this.#isUnprinted(statement))
    ) {
      return this.#partialSums(sum, variable, body, name);
    }
    const head = reverse
      ? `for (let ${name} = ${this.size(addSizes(variable.size, -1))}; ${name} >= 0; ${name}--) {`
      : `for (let ${name} = 0; ${name} < ${size}; ${name}++) {`;
    return [head, ...this.#nested(body), '}'];
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
    const term = (text: string, level: number): string => {
      this.#variables.set(variable, { text, level });
      for (const statement of body.statements)
        if (statement.kind === 'define') this.#texts.delete(statement.value);
      return this.value(value);
    };
    const parts = [1, 2, 3].map(() => this.#take('part'));
    const { text: size, level } = this.#sizeText(variable.size);
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
      this.#texts.set(value, { text: value.name, level: WORD });
      return lines;
    }
    if (value.name === undefined && this.#isInline(value)) return [];
    const text = this.#express(value.expression, value.isMask).text;
    const hint = value.hint;
    const wanted = value.expression.kind === 'integer' ? 'at' : hint;
    value.name ??= wanted === undefined ? this.#spelling.names.temporary() : this.#take(wanted);
    this.#texts.set(value, { text: value.name, level: WORD });
    return this.#lines(`const ${value.name} = ${text};`);
  }

  #isInline(value: Value): boolean {
    if (value.expression.kind === 'integer' && isPlain(value.expression.place)) return true;
    return (
      value.uses === 1 &&
      !value.isUsedInside &&
      value.hint === undefined &&
      this.#weight(value) <= LARGEST_INLINE
    );
  }

  /** z, z2, z3, ... */
  #take(wanted: string): string {
    const count = (this.#counts.get(wanted) ?? 0) + 1;
    this.#counts.set(wanted, count);
    return this.#spelling.names.take(count === 1 ? wanted : `${wanted}${count}`);
  }

  /** Operations in the text of a value. */
  #weight(value: Value): number {
    const known = this.#weights.get(value);
    if (known !== undefined) return known;
    const { expression } = value;
    const parts = 'operands' in expression ? expression.operands : [];
    let weight = 1;
    for (const part of parts) if (part.name === undefined) weight += this.#weights.get(part) ?? 1;
    this.#weights.set(value, weight);
    return weight;
  }

  #textOf(value: Value): Text {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    if (value.name !== undefined) return { text: value.name, level: WORD };
    const text = this.#express(value.expression, value.isMask);
    this.#texts.set(value, text);
    return text;
  }

  #fit(value: Value, asNumber: boolean, least: number): string {
    const { text, level } = this.#textOf(value);
    if (asNumber) {
      const number = `${level <= CONDITIONAL ? `(${text})` : text} ? 1 : 0`;
      return least > CONDITIONAL ? `(${number})` : number;
    }
    return level < least ? `(${text})` : text;
  }

  #express(expression: Expression, isMask: boolean): Text {
    switch (expression.kind) {
      case 'apply': {
        const { node, operands } = expression;
        const { precedence, print } = FORMS[node.op];
        const x = this.#operands(node, operands);
        const text = print(x);
        return { text, level: typeof precedence === 'number' ? precedence : precedence(x) };
      }
      case 'times': {
        const [x, y] = expression.operands;
        return {
          text: `${this.value(x, MULTIPLICATIVE)} * ${this.value(y, MULTIPLICATIVE + 1)}`,
          level: MULTIPLICATIVE,
        };
      }
      case 'not':
        return { text: `!${this.#fit(expression.operands[0], false, UNARY)}`, level: UNARY };
      case 'nonzero':
        return { text: `${this.value(expression.operands[0], EQUALITY)} !== 0`, level: EQUALITY };
      case 'better': {
        const { than, at, best, operands } = expression;
        const x = this.value(operands[0]); // a name
        const isFirstNaN = `(${x} !== ${x} && ${best} === ${best})`;
        return { text: `${at} === 0 || ${x} ${than} ${best} || ${isFirstNaN}`, level: OR };
      }
      case 'sum': {
        let text = '';
        for (const term of expression.operands) {
          const part = this.value(term, MULTIPLICATIVE);
          if (text === '') text = part;
          else text += part.startsWith('-') ? ` - ${part.slice(1)}` : ` + ${part}`;
        }
        return { text, level: expression.operands.length === 1 ? CONDITIONAL : ADDITIVE };
      }
      case 'choose': {
        const [condition, x, y] = expression.operands;
        const side = (value: Value, least: number) =>
          isMask ? this.#fit(value, false, least) : this.value(value, least);
        return {
          text: `${this.#fit(condition, false, OR)} ? ${side(x, OR)} : ${side(y, CONDITIONAL)}`,
          level: CONDITIONAL,
        };
      }
      case 'load': {
        const text = `${this.#spelling.arrayName(expression.array)}[${this.#place(expression.place, expression.base)}]`;
        return expression.isMask ? { text: `${text} === 1`, level: RELATIONAL } : { text, level: ATOM };
      }
      case 'number':
        return { text: numberText(expression.value), level: constantPrecedence(expression.value) };
      case 'size':
        return this.#sizeText(expression.size);
      case 'integer':
        return this.#placeText(expression.place, undefined);
      case 'position': {
        const { index, length, what } = expression;
        return {
          text: `${this.#spelling.position()}(${quote(what)}, ${this.value(index)}, ${this.size(length)})`,
          level: ATOM,
        };
      }
      case 'inside': {
        const { place, step, length } = expression;
        const at = this.#placeText(place, undefined);
        const low = at.level < RELATIONAL ? `(${at.text})` : at.text;
        const size = this.size(
          step === 1 ? length : addSizes(multiplySizes(length, Math.abs(step)), 1 - Math.abs(step)),
        );
        const multiple = step === 1 ? '' : ` && (${at.text}) % ${Math.abs(step)} === 0`;
        if (step < 0) return { text: `${low} <= 0 && ${low} > -(${size})${multiple}`, level: AND };
        return { text: `${low} >= 0 && ${low} < ${size}${multiple}`, level: AND };
      }
      case 'quotient': {
        const at = this.#placeText(expression.place, undefined);
        return {
          text: `${at.level < MULTIPLICATIVE ? `(${at.text})` : at.text} / ${expression.step}`,
          level: MULTIPLICATIVE,
        };
      }
      case 'local':
        return { text: expression.name, level: /^[\w$]+$/.test(expression.name) ? WORD : ANY };
      default:
        return expression satisfies never;
    }
  }

  #operands(node: Node, operands: readonly Value[]): Operands {
    return {
      node,
      text: (index, least) => this.#fit(operands[index], operands[index].isMask, least),
      mask: (index, least) => this.#fit(operands[index], false, least),
      precedence: index => (operands[index].isMask ? CONDITIONAL : this.#textOf(operands[index]).level),
    };
  }

  #place(place: Place, base: Value | undefined): string {
    return this.#placeText(place, base).text;
  }

  #placeText({ constant, terms, dynamic }: Place, base: Value | undefined): Text {
    const parts: Text[] = base === undefined ? [] : [this.#textOf(base)];
    for (const [variable, coefficient] of terms) {
      parts.push(this.#scaled(this.#variables.get(variable)!, coefficient));
    }
    for (const { value, coefficient } of dynamic) parts.push(this.#scaled(this.#textOf(value), coefficient));
    if (constant !== 0 || parts.length === 0) parts.push(this.#sizeText(constant));
    if (parts.length === 1) return parts[0];
    let text = '';
    for (const part of parts) {
      if (text === '') text = part.text;
      else if (part.text.startsWith('-')) text += ` - ${part.text.slice(1)}`;
      else text += ` + ${part.text}`;
    }
    return { text, level: ADDITIVE };
  }

  #scaled(factor: Text, coefficient: Size): Text {
    if (coefficient === 1) return factor;
    const of = factor.level < MULTIPLICATIVE ? `(${factor.text})` : factor.text;
    if (coefficient === -1) return { text: `-${of}`, level: MULTIPLICATIVE };
    const size = this.#sizeText(coefficient);
    if (size.text.startsWith('-') && size.level >= MULTIPLICATIVE) {
      return { text: `-${of} * ${size.text.slice(1)}`, level: MULTIPLICATIVE };
    }
    return {
      text: `${of} * ${size.level < MULTIPLICATIVE + 1 ? `(${size.text})` : size.text}`,
      level: MULTIPLICATIVE,
    };
  }

  /** The text of a size where an argument may stand. */
  size(size: Size): string {
    return this.#sizeText(size).text;
  }

  #sizeText(size: Size): Text {
    return sizeExpression(size, this.#spelling.sizeName);
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

/** A size in JavaScript, named sizes by the locals that hold them. */
export function sizeExpression(size: Size, nameOf: (name: string) => string): Text {
  if (typeof size === 'number') return { text: String(size), level: size < 0 ? MULTIPLICATIVE : WORD };
  let text = '';
  for (const { coefficient, atoms } of monomialsOf(size)) {
    const magnitude = Math.abs(coefficient);
    const factors = atoms.map(atom =>
      typeof atom === 'string'
        ? nameOf(atom)
        : `Math.floor((${sizeExpression(atom.numerator, nameOf).text}) / ${atom.divisor})`,
    );
    if (magnitude !== 1 || factors.length === 0) factors.unshift(String(magnitude));
    const product = factors.join(' * ');
    if (text === '') text = coefficient < 0 ? `-${product}` : product;
    else text += coefficient < 0 ? ` - ${product}` : ` + ${product}`;
  }
  const [first] = size.monomials;
  if (size.monomials.length > 1) return { text, level: ADDITIVE };
  return { text, level: first.atoms.length === 1 && first.coefficient === 1 ? WORD : MULTIPLICATIVE };
}

function combined(place: string, combine: Combine, text: string): string {
  switch (combine) {
    case '=':
      return `${place} = ${text};`;
    case '+':
      return text.startsWith('-') && isNegation(text)
        ? `${place} -= ${text.slice(1)};`
        : `${place} += ${text};`;
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
