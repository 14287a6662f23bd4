// The spelling of every operation in JavaScript: one row each, with the precedence that decides about parentheses.
// Nothing here knows of statements or of names; an operand is a text that the printer hands over, in parentheses if it
// binds more weakly than the place asks for. Floating-point association is kept: a + (b + c) is not a + b + c.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';

/** Precedences, weakest first. A conditional stands in parentheses wherever it is an operand. */
export const ANY = 0;
export const CONDITIONAL = 1;
export const OR = 2;
export const AND = 3;
export const EQUALITY = 4;
export const RELATIONAL = 5;
export const ADDITIVE = 6;
export const MULTIPLICATIVE = 7;
export const UNARY = 8;
export const ATOM = 9;
export const WORD = 10;

/** The operands of the node that is being printed. */
export interface Operands {
  readonly node: Node;
  /** The text of operand `index` as a number, fit for a place that asks for precedence `least`. */
  text(index: number, least: number): string;
  /** The same operand as a condition: a mask is not turned into 0 or 1. */
  mask(index: number, least: number): string;
  /** How strongly the bare text of operand `index` binds. */
  precedence(index: number): number;
}

export interface Form {
  readonly precedence: number | ((x: Operands) => number);
  readonly print: (x: Operands) => string;
  /** The special function that the text of `node` calls. */
  readonly helper?: (node: Node) => string;
  /** True if the operation costs several times an addition: it calls a function. */
  readonly dear?: true;
}

// biome-ignore format: one operation a line
export const FORMS: { readonly [O in OpName]: Form } = {
  const:   { precedence: x => constantPrecedence(constantValue(x.node)), print: x => numberText(constantValue(x.node)) },
  input:   { precedence: ATOM, print: () => { throw new RangeError('an input is read, not computed'); } },

  add:     { precedence: ADDITIVE, print: printSum },
  sub:     { precedence: ADDITIVE, print: printDifference },
  mul:     infix('*', MULTIPLICATIVE),
  div:     infix('/', MULTIPLICATIVE),
  neg:     { precedence: x => (x.precedence(0) === MULTIPLICATIVE ? MULTIPLICATIVE : UNARY), print: printNegation },
  pow:     { precedence: x => (isSquareOfWord(x) ? MULTIPLICATIVE : ATOM), print: printPower, dear: true },
  mod:     helper('mod'),
  abs:     cheap('Math.abs'),
  sign:    cheap('Math.sign'),
  floor:   cheap('Math.floor'),
  ceil:    cheap('Math.ceil'),
  round:   helper('round'),
  fix:     cheap('Math.trunc'),

  sqrt:    call('Math.sqrt'),
  cbrt:    call('Math.cbrt'),
  nthRoot: helper('nthRoot'),
  hypot:   helper('hypot', { 2: 'hypot2', 3: 'hypot3' }),
  exp:     call('Math.exp'),
  expm1:   call('Math.expm1'),
  log:     call('Math.log'),
  log1p:   call('Math.log1p'),
  log2:    call('Math.log2'),
  log10:   call('Math.log10'),

  sin:     call('Math.sin'),
  cos:     call('Math.cos'),
  tan:     call('Math.tan'),
  cot:     inverse('Math.tan'),
  sec:     inverse('Math.cos'),
  csc:     inverse('Math.sin'),
  asin:    call('Math.asin'),
  acos:    call('Math.acos'),
  atan:    call('Math.atan'),
  acot:    ofInverse('Math.atan'),
  asec:    ofInverse('Math.acos'),
  acsc:    ofInverse('Math.asin'),
  atan2:   call('Math.atan2'),
  sinh:    call('Math.sinh'),
  cosh:    call('Math.cosh'),
  tanh:    call('Math.tanh'),
  coth:    inverse('Math.tanh'),
  sech:    inverse('Math.cosh'),
  csch:    inverse('Math.sinh'),
  asinh:   call('Math.asinh'),
  acosh:   call('Math.acosh'),
  atanh:   call('Math.atanh'),
  acoth:   ofInverse('Math.atanh'),
  asech:   ofInverse('Math.acosh'),
  acsch:   ofInverse('Math.asinh'),

  erf:       helper('erf'),
  erfc:      helper('erfc'),
  gamma:     helper('gamma'),
  lgamma:    helper('lgamma'),
  polygamma: helperOfOrder('polygamma', ['digamma', 'trigamma']),

  max:     cheap('Math.max'),
  min:     cheap('Math.min'),
  relu:    { precedence: ATOM, print: x => `Math.max(${x.text(0, ANY)}, 0)` },
  select:  { precedence: CONDITIONAL, print: printSelection },

  sigmoid:   helper('sigmoid'),
  softplus:  helper('softplus'),
  logit:     helper('logit'),
  xlogy:     helper('xlogy'),
  xlog1py:   helper('xlog1py'),
  xlogx:     helper('xlogx'),
  logsumexp: helper('logsumexp', { 2: 'logsumexp2' }),
  logcosh:   helper('logcosh'),
  log1mexp:  helper('log1mexp'),
  sqrt1pm1:  helper('sqrt1pm1'),
  phi:       helperOfOrder('phi'),
  sphericalBessel: helperOfOrder('sphericalBessel'),

  lt:      { precedence: RELATIONAL, print: x => printOrder(x, '<', '>') },
  le:      { precedence: RELATIONAL, print: x => printOrder(x, '<=', '>=') },
  eq:      infix('===', EQUALITY),
  ne:      infix('!==', EQUALITY),
  and:     { precedence: AND, print: x => `${x.mask(0, AND)} && ${x.mask(1, AND)}` },
  or:      { precedence: OR, print: x => `${x.mask(0, OR)} || ${x.mask(1, OR)}` },
  not:     { precedence: UNARY, print: x => `!${x.mask(0, UNARY)}` },
  real:    { precedence: CONDITIONAL, print: x => `${x.mask(0, OR)} ? 1 : 0` },

  // Not spelled as expressions: the loops of loops/ are made of them.
  array: loops(), size: loops(), iota: loops(),
  broadcast: loops(), reshape: loops(), permute: loops(), slice: loops(), pad: loops(), element: loops(), diagonal: loops(), concat: loops(),
  gather: loops(), scatterAdd: loops(),
  reduceSum: loops(), reduceProd: loops(), reduceMax: loops(), reduceMin: loops(), norm: loops(), reduceLogsumexp: loops(), any: loops(),
  argmax: loops(), argmin: loops(), cumsum: loops(), cumprod: loops(), contract: loops(),
};

function loops(): Form {
  return {
    precedence: ATOM,
    print: ({ node }) => {
      throw new RangeError(`${node.op} is no expression`);
    },
  };
}

function infix(operator: string, precedence: number): Form {
  return { precedence, print: x => `${x.text(0, precedence)} ${operator} ${x.text(1, precedence + 1)}` };
}

function cheap(callee: string): Form {
  return { precedence: ATOM, print: x => `${callee}(${argumentsOf(x)})` };
}

function call(callee: string): Form {
  return { ...cheap(callee), dear: true };
}

/** A special function; `byArity` names faster ones for so many operands. */
function helper(name: string, byArity: Readonly<Record<number, string>> = {}): Form {
  const nameOf = ({ inputs }: Node): string => byArity[inputs.length] ?? name;
  return { precedence: ATOM, print: x => `${nameOf(x.node)}(${argumentsOf(x)})`, helper: nameOf, dear: true };
}

/** A special function that takes its order first; `byOrder` names those of one order. */
function helperOfOrder(name: string, byOrder: readonly string[] = []): Form {
  const print = (x: Operands): string => {
    const order = orderOf(x.node);
    return order < byOrder.length
      ? `${byOrder[order]}(${x.text(0, ANY)})`
      : `${name}(${order}, ${x.text(0, ANY)})`;
  };
  return { precedence: ATOM, print, helper: node => byOrder[orderOf(node)] ?? name, dear: true };
}

/** cot, sec, csc: one over a function. */
function inverse(callee: string): Form {
  return { precedence: MULTIPLICATIVE, print: x => `1 / ${callee}(${x.text(0, ANY)})`, dear: true };
}

/** acot, asec, acsc: a function of one over the operand. */
function ofInverse(callee: string): Form {
  return { precedence: ATOM, print: x => `${callee}(1 / ${x.text(0, MULTIPLICATIVE + 1)})`, dear: true };
}

function argumentsOf(x: Operands): string {
  let text = x.text(0, ANY);
  for (let i = 1; i < x.node.inputs.length; i++) text += `, ${x.text(i, ANY)}`;
  return text;
}

/** x + -y is x - y, bit for bit, also where -y is the first factor of a product. */
function printSum(x: Operands): string {
  const right = x.text(1, MULTIPLICATIVE);
  if (right.startsWith('-')) return `${x.text(0, ADDITIVE)} - ${right.slice(1)}`;
  const left = x.text(0, ADDITIVE);
  if (left.startsWith('-') && x.precedence(0) > ADDITIVE) return `${right} - ${left.slice(1)}`;
  return `${left} + ${right}`;
}

function printDifference(x: Operands): string {
  const right = x.text(1, MULTIPLICATIVE);
  if (right.startsWith('-')) return `${x.text(0, ADDITIVE)} + ${right.slice(1)}`;
  return `${x.text(0, ADDITIVE)} - ${right}`;
}

/** -(x * y) is -x * y, bit for bit. */
function printNegation(x: Operands): string {
  const text = x.text(0, MULTIPLICATIVE);
  return text.startsWith('-') ? `-(${text})` : `-${text}`;
}

function isSquareOfWord(x: Operands): boolean {
  return constantOf(x.node.inputs[1]) === 2 && x.precedence(0) === WORD;
}

function printPower(x: Operands): string {
  const base = x.text(0, ANY);
  return isSquareOfWord(x) ? `${base} * ${base}` : `Math.pow(${base}, ${x.text(1, ANY)})`;
}

function printSelection(x: Operands): string {
  return `${x.mask(0, OR)} ? ${x.text(1, OR)} : ${x.text(2, CONDITIONAL)}`;
}

/** 0 < x is x > 0. */
function printOrder(x: Operands, less: string, greater: string): string {
  const [left, right] = [x.text(0, RELATIONAL + 1), x.text(1, RELATIONAL + 1)];
  return x.node.inputs[0].op === 'const' ? `${right} ${greater} ${left}` : `${left} ${less} ${right}`;
}

/** Constants that Math has a name for, exactly. */
const NAMED_CONSTANTS: ReadonlyMap<number, string> = new Map(
  (['PI', 'E', 'LN2', 'LN10', 'LOG2E', 'LOG10E', 'SQRT2', 'SQRT1_2'] as const).map(name => [
    Math[name],
    `Math.${name}`,
  ]),
);

/** The shortest text that reads back as `value`, -0 and NaN included. */
export function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const name = NAMED_CONSTANTS.get(Math.abs(value));
  if (name !== undefined) return value < 0 ? `-${name}` : name;
  return String(value).replace('e+', 'e');
}

/** A negative number binds as the operator it begins with. */
export function constantPrecedence(value: number): number {
  return value < 0 || Object.is(value, -0) ? UNARY : ATOM;
}

function constantValue(node: Node): number {
  return (node.attrs as { readonly value: number }).value; // only constants get here
}

function orderOf(node: Node): number {
  return (node.attrs as { readonly order: number }).order; // only operations with an order get here
}
