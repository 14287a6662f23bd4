// The spelling of every operation in LaTeX: one row each, with the precedence that decides about parentheses. Mathematical
// association is used freely: a + (b + c) is a + b + c here, unlike in forms.ts, because this is for reading.

import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';

/** Precedences, weakest first. */
const CASES = 0;
const OR = 1;
const AND = 2;
const COMPARISON = 3;
const SUM = 4;
const PRODUCT = 5;
const POWER = 6;
const FUNCTION = 7;
const ATOM = 8;

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

type TexForm = (operands: readonly Term[], node: Node) => Term;

/** The formula of `node` from those of its inputs. */
export function texOf(node: Node, operands: readonly Term[]): Term {
  return TEX_FORMS[node.op](operands, node);
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

const TEX_FORMS: { readonly [O in OpName]: TexForm } = {
  const: (_, node) => texNumber((node as Node & { op: 'const' }).attrs.value),
  input: () => {
    throw new RangeError('the name of an input is chosen by the document');
  },

  add: ([x, y]) => sum(x, y),
  sub: ([x, y]) => difference(x, y),
  mul: ([x, y]) => product(x, y),
  div: ([x, y]) => quotient(x, y),
  neg: ([x]) => negation(x),
  pow: ([x, y]) => power(x, y),
  mod: ([x, y]) => term(`${operand(x, POWER)} \\bmod ${operand(y, POWER)}`, COMPARISON),
  abs: ([x]) => atom(`\\left|${whole(x)}\\right|`),
  sign: named('\\operatorname{sgn}'),
  floor: ([x]) => atom(`\\left\\lfloor ${whole(x)} \\right\\rfloor`),
  ceil: ([x]) => atom(`\\left\\lceil ${whole(x)} \\right\\rceil`),
  round: named('\\operatorname{round}'),
  fix: named('\\operatorname{trunc}'),

  sqrt: ([x]) => root(whole(x)),
  cbrt: ([x]) => term(`\\sqrt[3]{${whole(x)}}`, FUNCTION),
  nthRoot: ([x, n]) => term(`\\sqrt[{${whole(n)}}]{${whole(x)}}`, FUNCTION),
  hypot: operands => root(whole(operands.map(x => power(x, TWO)).reduce(sum))),
  exp: ([x]) => exponential(x),
  expm1: ([x]) => difference(exponential(x), ONE),
  log: named('\\ln'),
  log1p: ([x]) => call('\\ln', sum(ONE, x)),
  log2: named('\\log_{2}', false),
  log10: named('\\log_{10}', false),

  sin: named('\\sin'),
  cos: named('\\cos'),
  tan: named('\\tan'),
  cot: named('\\cot'),
  sec: named('\\sec'),
  csc: named('\\csc'),
  asin: named('\\arcsin'),
  acos: named('\\arccos'),
  atan: named('\\arctan'),
  acot: named('\\operatorname{arccot}'),
  asec: named('\\operatorname{arcsec}'),
  acsc: named('\\operatorname{arccsc}'),
  atan2: named('\\operatorname{atan2}'),
  sinh: named('\\sinh'),
  cosh: named('\\cosh'),
  tanh: named('\\tanh'),
  coth: named('\\coth'),
  sech: named('\\operatorname{sech}'),
  csch: named('\\operatorname{csch}'),
  asinh: named('\\operatorname{arsinh}'),
  acosh: named('\\operatorname{arcosh}'),
  atanh: named('\\operatorname{artanh}'),
  acoth: named('\\operatorname{arcoth}'),
  asech: named('\\operatorname{arsech}'),
  acsch: named('\\operatorname{arcsch}'),

  erf: named('\\operatorname{erf}'),
  erfc: named('\\operatorname{erfc}'),
  gamma: named('\\Gamma', false),
  lgamma: ([x]) => call('\\ln', atom(`\\left|\\Gamma\\left(${whole(x)}\\right)\\right|`)),
  polygamma: ([x], node) => {
    const order = orderOf(node);
    return call(order === 0 ? '\\psi' : `\\psi^{(${order})}`, x, false);
  },

  max: named('\\max', false),
  min: named('\\min', false),
  relu: ([x]) => call('\\max', atom(`${whole(x)}, 0`), false),
  select: ([condition, x, y]) => cases(condition, x, y),

  sigmoid: named('\\operatorname{sigmoid}'),
  softplus: named('\\operatorname{softplus}'),
  logit: named('\\operatorname{logit}'),
  xlogy: ([x, y]) => product(x, call('\\ln', y)),
  xlog1py: ([x, y]) => product(x, call('\\ln', sum(ONE, y))),
  xlogx: ([x]) => product(x, call('\\ln', x)),
  logsumexp: operands => call('\\ln', operands.map(exponential).reduce(sum)),
  logcosh: ([x]) => call('\\ln', call('\\cosh', x)),
  log1mexp: ([x]) => call('\\ln', difference(ONE, exponential(x))),
  sqrt1pm1: ([x]) => difference(root(whole(sum(ONE, x))), ONE),
  phi: ([x], node) => call(`\\varphi_{${orderOf(node)}}`, x, false),
  sphericalBessel: ([x], node) => call(`j_{${orderOf(node)}}`, x, false),

  lt: comparison('<'),
  le: comparison('\\le'),
  eq: comparison('='),
  ne: comparison('\\ne'),
  and: ([p, q]) => term(`${operand(p, AND)} \\land ${operand(q, AND)}`, AND),
  or: ([p, q]) => term(`${operand(p, OR)} \\lor ${operand(q, OR)}`, OR),
  not: ([p]) => term(`\\lnot ${operand(p, ATOM)}`, COMPARISON),
  real: ([p]) => atom(`\\left[${whole(p)}\\right]`),
};

const ONE = atom('1');
const TWO = atom('2');

/** An exponential with a longer exponent than this is written as a function. */
const LONGEST_EXPONENT = 40;

function term(text: string, precedence: number): Term {
  return { text, precedence, minus: false };
}

/** The whole text, in parentheses if it binds more weakly than `least`. */
function operand(x: Term, least: number): string {
  const precedence = x.minus ? SUM : x.precedence;
  return precedence >= least ? whole(x) : parenthesised(x);
}

/** The text without its minus, likewise. */
function body(x: Term, least: number): string {
  return operand({ ...x, minus: false }, least);
}

function parenthesised(x: Term): string {
  return `\\left(${whole(x)}\\right)`;
}

function sum(x: Term, y: Term): Term {
  const right = operand(y, SUM);
  const rest = right.startsWith('-') ? `- ${right.slice(1)}` : `+ ${right}`; // x + (-y + z) is x - y + z
  return term(`${operand(x, SUM)} ${rest}`, SUM);
}

function difference(x: Term, y: Term): Term {
  return y.minus ? sum(x, { ...y, minus: false }) : term(`${operand(x, SUM)} - ${operand(y, PRODUCT)}`, SUM);
}

function negation(x: Term): Term {
  const { scaled } = x;
  return {
    ...term(body(x, PRODUCT), Math.max(x.precedence, PRODUCT)),
    minus: !x.minus,
    ...(scaled && { scaled }),
  };
}

function product(x: Term, y: Term): Term {
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

function quotient(x: Term, y: Term): Term {
  return { ...term(`\\frac{${x.text}}{${y.text}}`, PRODUCT), minus: x.minus !== y.minus };
}

function power(x: Term, y: Term): Term {
  const exponent = `^{${whole(y)}}`;
  if (x.call !== undefined && !x.minus && !y.minus && /^[0-9]+$/.test(y.text)) {
    const [name, args] = x.call; // \sin^{2}\left(x\right)
    return term(`${name}${exponent}${args}`, POWER);
  }
  return term(`${operand(x, ATOM)}${exponent}`, POWER);
}

function exponential(x: Term): Term {
  if (x.rows !== undefined || x.text.length > LONGEST_EXPONENT) return call('\\exp', x);
  return term(`e^{${whole(x)}}`, POWER);
}

function root(radicand: string): Term {
  return term(`\\sqrt{${radicand}}`, FUNCTION);
}

/** A function of one argument; a plain `name` may carry an exponent. */
function call(name: string, x: Term, plain = true): Term {
  const args = parenthesised(x);
  return { ...term(`${name}${args}`, FUNCTION), ...(plain && { call: [name, args] as const }) };
}

function named(name: string, plain = true): TexForm {
  return operands => call(name, atom(operands.map(whole).join(', ')), plain);
}

function comparison(symbol: string): TexForm {
  return ([x, y]) => term(`${operand(x, SUM)} ${symbol} ${operand(y, SUM)}`, COMPARISON);
}

/** A case distinction in the last case adds its rows. */
function cases(condition: Term, x: Term, y: Term): Term {
  const rest = y.rows ?? [`${whole(y)} & \\text{otherwise}`];
  const rows = [`${whole(x)} & \\text{if } ${whole(condition)}`, ...rest];
  return { ...term(`\\begin{cases} ${rows.join(' \\\\ ')} \\end{cases}`, CASES), rows };
}

function orderOf(node: Node): number {
  return (node.attrs as { readonly order: number }).order;
}
