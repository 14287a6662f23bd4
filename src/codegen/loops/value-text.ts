// Values as JavaScript, in the spelling of operations of forms.ts. Invariants: a value that has a name is that name, any
// other is written out where it is used; a text knows how strongly it binds, so parentheses stand only where they are needed.

import type { Node } from '../../ir/graph.ts';
import { addSizes, multiplySizes, type Size } from '../../ir/size.ts';
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
import { quote } from '../names.ts';
import { sizeExpression, type Text } from './size-text.ts';
import type { LoopVariable } from './space.ts';
import type { Expression, Place, Value } from './values.ts';

/** True for a comparison of real numbers; what is a maximum, or reaches a bound, is found by one. */
export function isComparison({ op, inputs }: Node): boolean {
  return RELATIONS.has(op) && inputs.every(({ dtype }) => dtype === 'real');
}

/** True for what is a number of single precision. */
function isSingle({ expression }: Value): boolean {
  if (expression.kind === 'number') return Object.is(Math.fround(expression.value), expression.value);
  return expression.kind === 'load';
}

const RELATIONS: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le']);

/** What the text refers to by name. */
export interface ValueSpelling {
  /** The local that holds a named size. */
  readonly sizeName: (name: string) => string;
  /** The helper that checks a 1-based index. */
  readonly position: () => string;
  /** The array of the workspace that a buffer became. */
  readonly arrayName: (array: string) => string;
  /** True if arrays hold single precision. Numbers are compared as if they came from one: some do, and others are equal to them. */
  readonly isSingle: boolean;
}

/** The texts of the values of one function. */
export class ValueTexts {
  readonly #spelling: ValueSpelling;
  readonly #variables = new Map<LoopVariable, Text>();
  readonly #texts = new Map<Value, Text>();
  readonly #weights = new Map<Value, number>();

  constructor(spelling: ValueSpelling) {
    this.#spelling = spelling;
  }

  /** Says what a loop variable is from here on: its name, or a sum with it. */
  bind(variable: LoopVariable, text: Text): void {
    this.#variables.set(variable, text);
  }

  /** What a loop variable is. */
  variable(variable: LoopVariable): string {
    return this.#variables.get(variable)!.text;
  }

  /** Writes a value as its name from here on. */
  name(value: Value, name: string): void {
    this.#texts.set(value, { text: name, level: WORD });
  }

  /** Writes values out again: a variable in their texts is bound to something else. */
  forget(values: Iterable<Value>): void {
    for (const value of values) this.#texts.delete(value);
  }

  /** The text of a value as a number, for a place that asks for precedence `least`. */
  value(value: Value, least = ANY): string {
    return this.#fit(value, value.isMask, least);
  }

  /** The text of a value as it is, a mask as a condition. */
  plain(value: Value, least = ANY): string {
    return this.#fit(value, false, least);
  }

  /** The text of what a value is computed from. */
  written({ expression, isMask }: Value): string {
    return this.#express(expression, isMask).text;
  }

  /** The number that a place is. */
  place(place: Place): string {
    return this.#placeText(place, undefined).text;
  }

  /** An element of an array. */
  element(array: string, place: Place, base: Value | undefined): string {
    return `${this.#spelling.arrayName(array)}[${this.#placeText(place, base).text}]`;
  }

  /** Operations in the text of a value; a part that nobody has weighed counts as one. */
  weight(value: Value): number {
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
        const text = this.element(expression.array, expression.place, expression.base);
        return expression.isMask ? { text: `${text} === 1`, level: RELATIONAL } : { text, level: ATOM };
      }
      case 'number':
        return { text: numberText(expression.value), level: constantPrecedence(expression.value) };
      case 'known':
        return { text: String(expression.holds), level: WORD };
      case 'size':
        return this.sizeText(expression.size);
      case 'integer':
        return this.#placeText(expression.place, undefined);
      case 'position': {
        const { index, length, what } = expression;
        return {
          text: `${this.#spelling.position()}(${quote(what)}, ${this.value(index)}, ${this.size(length)})`,
          level: ATOM,
        };
      }
      case 'predecessor':
        return { text: `${this.value(expression.index, ADDITIVE)} - 1`, level: ADDITIVE };
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
    const isRounded = this.#spelling.isSingle && isComparison(node);
    return {
      node,
      text: (index, least) => {
        const operand = operands[index];
        if (isRounded && !isSingle(operand)) return `Math.fround(${this.value(operand)})`;
        return this.#fit(operand, operand.isMask, least);
      },
      mask: (index, least) => this.#fit(operands[index], false, least),
      precedence: index => (operands[index].isMask ? CONDITIONAL : this.#textOf(operands[index]).level),
    };
  }

  #placeText({ constant, terms, dynamic }: Place, base: Value | undefined): Text {
    const parts: Text[] = base === undefined ? [] : [this.#textOf(base)];
    for (const [variable, coefficient] of terms) {
      parts.push(this.#scaled(this.#variables.get(variable)!, coefficient));
    }
    for (const { value, coefficient } of dynamic) parts.push(this.#scaled(this.#textOf(value), coefficient));
    if (constant !== 0 || parts.length === 0) parts.push(this.sizeText(constant));
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
    const size = this.sizeText(coefficient);
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
    return this.sizeText(size).text;
  }

  /** The same with its precedence. */
  sizeText(size: Size): Text {
    return sizeExpression(size, this.#spelling.sizeName);
  }
}
