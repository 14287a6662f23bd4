// Pieces of formulas in LaTeX: sums, products, fractions, calls, with parentheses where precedence asks for them.

/** Precedences, weakest first. */
export const CASES = 0;
export const OR = 1;
export const AND = 2;
export const COMPARISON = 3;
export const SUM = 4;
export const PRODUCT = 5;
export const POWER = 6;
export const FUNCTION = 7;
export const ATOM = 8;

/** A formula. A leading minus is kept apart, so that products and fractions can move it to their front. */
export interface Term {
  /** Without the minus. */
  readonly text: string;
  /** Of `text`; at least that of a product if there is a minus. */
  readonly precedence: number;
  readonly minus: boolean;
  /** A number, which comes first in a product. */
  readonly isNumber?: true;
  /** The number that a product begins with, and its other factors, so that 2 (3 x) is written 6 x. */
  readonly scaled?: { readonly by: number; readonly rest: string };
  /** `\sin` and `\left(x\right)`: where an exponent goes between. */
  readonly call?: readonly [name: string, args: string];
  /** The rows of a case distinction, so that one in the last row can be merged. */
  readonly rows?: readonly string[];
}

/** A name or anything else that needs no parentheses anywhere. */
export function atom(text: string): Term {
  return term(text, ATOM);
}

/** The whole text, with its minus. */
export function whole({ text, minus }: Term): string {
  return minus ? `-${text}` : text;
}

/** A number as it is written by hand. */
export function texNumber(value: number): Term {
  const minus = value < 0 || Object.is(value, -0);
  return { ...magnitude(Math.abs(value)), minus, isNumber: true };
}

function magnitude(value: number): Term {
  if (Number.isNaN(value)) return atom('\\mathrm{NaN}');
  if (value === Infinity) return atom('\\infty');
  if (value === Math.PI) return atom('\\pi');
  const [mantissa, exponent] = String(value).split('e');
  if (exponent === undefined) return { ...atom(mantissa), scaled: { by: value, rest: '' } };
  const power = `10^{${Number(exponent)}}`;
  return mantissa === '1' ? term(power, POWER) : term(`${mantissa} \\cdot ${power}`, PRODUCT);
}

/** An exponential with a longer exponent than this is written as a function. */
const LONGEST_EXPONENT = 40;

export function term(text: string, precedence: number): Term {
  return { text, precedence, minus: false };
}

/** The whole text, in parentheses if it binds more weakly than `least`. */
export function operand(x: Term, least: number): string {
  const precedence = x.minus ? SUM : x.precedence;
  return precedence >= least ? whole(x) : parenthesised(x);
}

/** The text without its minus, likewise. */
export function body(x: Term, least: number): string {
  return operand({ ...x, minus: false }, least);
}

function parenthesised(x: Term): string {
  return `\\left(${whole(x)}\\right)`;
}

export function sum(x: Term, y: Term): Term {
  const right = operand(y, SUM);
  const rest = right.startsWith('-') ? `- ${right.slice(1)}` : `+ ${right}`; // x + (-y + z) is x - y + z
  return term(`${operand(x, SUM)} ${rest}`, SUM);
}

export function difference(x: Term, y: Term): Term {
  return y.minus ? sum(x, { ...y, minus: false }) : term(`${operand(x, SUM)} - ${operand(y, PRODUCT)}`, SUM);
}

export function negation(x: Term): Term {
  const { scaled } = x;
  return {
    ...term(body(x, PRODUCT), Math.max(x.precedence, PRODUCT)),
    minus: !x.minus,
    ...(scaled && { scaled }),
  };
}

export function product(x: Term, y: Term): Term {
  if (y.isNumber && !x.isNumber) return product(y, x);
  const minus = x.minus !== y.minus;
  const texts = [x, y].map(factor => factor.scaled?.rest ?? body(factor, PRODUCT));
  const rest = juxtaposed(texts[0], texts[1]);
  const by = multiplied(x.scaled?.by, y.scaled?.by);
  if (by === undefined) {
    return { ...term(juxtaposed(body(x, PRODUCT), body(y, PRODUCT)), PRODUCT), minus };
  }
  const text = by === 1 && rest !== '' ? rest : juxtaposed(String(by), rest);
  return { ...term(text, PRODUCT), minus, scaled: { by, rest } };
}

/** The product of two numbers if it is exact and there is one; undefined stands for no number. */
function multiplied(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Number.isInteger(a) && Number.isInteger(b) && a * b < 1e9 ? a * b : undefined;
}

/** Two factors side by side: a dot before a digit, a space between words. */
function juxtaposed(x: string, y: string): string {
  if (x === '' || y === '') return x + y;
  if (/^[0-9]/.test(y)) return `${x} \\cdot ${y}`;
  return x.includes('\\mathrm') || y.startsWith('\\mathrm') ? `${x} \\, ${y}` : `${x} ${y}`;
}

export function quotient(x: Term, y: Term): Term {
  return { ...term(`\\frac{${x.text}}{${y.text}}`, PRODUCT), minus: x.minus !== y.minus };
}

export function power(x: Term, y: Term): Term {
  const exponent = `^{${whole(y)}}`;
  if (x.call !== undefined && !x.minus && !y.minus && /^[0-9]+$/.test(y.text)) {
    const [name, args] = x.call; // \sin^{2}\left(x\right)
    return term(`${name}${exponent}${args}`, POWER);
  }
  return term(`${operand(x, ATOM)}${exponent}`, POWER);
}

export function exponential(x: Term): Term {
  if (x.rows !== undefined || x.text.length > LONGEST_EXPONENT) return call('\\exp', x);
  return term(`e^{${whole(x)}}`, POWER);
}

export function root(radicand: string): Term {
  return term(`\\sqrt{${radicand}}`, FUNCTION);
}

/** A function of one argument; a plain `name` may carry an exponent. */
export function call(name: string, x: Term, plain = true): Term {
  const args = parenthesised(x);
  return { ...term(`${name}${args}`, FUNCTION), ...(plain && { call: [name, args] as const }) };
}
