// The text form of a program: what `--emit ir` and `--print-after` show, what bug reports quote, what `.ir` files hold.
//
//   program "ridge.expr"
//     | z = w * x                       the source text, if there is one
//     | z + lambda * w^2
//     input w
//     input x
//     input lambda = 0.01 "weight decay" @2:5+6
//     wrt w
//     %0 = input w
//     %1 = input x
//     %2 = mul %0 %1 as z @1:5+5        a node: operands, attribute, the name the source gave it, its span
//     ...
//     return value = %6
//   derivative                          what only derivatives need
//     %7 = ...
//     return grad w=%8
//
// A type is written after a colon unless it is a real scalar: `%4: bool = lt %0 %1`, `input X: [n, 2*d + 1]`,
// `%5: int[3] = input k`. Attributes follow the operands: `phi %1 order=2`, `reduceSum %7 axes=[0, 1]`,
// `slice %3 axis=0 start=1 step=1 length=n - 1`, `cumsum %3 axis=0 exclusive`, `contract %2 %3 subscripts=ab,b->a`; that of
// a leaf stands alone (`size n*d`, `array [1, -0, NaN]`); shapes are said by the type (`%8: [n, 3] = broadcast %6`).
// `require n = 2*m @1:5+5` before the nodes is a constraint. An output is one node of its shape or the list of its
// elements, inputs that only a derivative takes stand in parentheses (`return jvp(%7) value=%9`), `return sparse hessian
// x.x=%8` is one that is handed out by its entries. Names that are not words with dots between them are JSON strings.
// `#` begins a comment.
//
// A span is `@line:column+length` in the source of the formula, which the text carries along, so that a dump can be
// compiled again and its diagnostics still point into the formula. Without a source every offset is on line 1.
//
// Law: parseIr(printIr(p)) is p but for numbering, dead nodes and diagnostics; printIr(parseIr(t)) is t if printIr made t.

import type { Span } from '../errors.ts';
import type { Attrs, Constraint, Node } from './graph.ts';
import { type Sections, sectionsOf } from './live.ts';
import type { AttrName } from './ops.ts';
import { lineStartsOf, positionOf } from './position.ts';
import type { Derivative, Input, Output, Program } from './program.ts';
import type { DType, Shape } from './shape.ts';
import { namedSize, Polynomial, type Size, sizeText, substitute } from './size.ts';

/** The canonical text of `program`: live nodes only, numbered from 0 in print order. */
export function printIr(program: Program): string {
  const { source, graph, derivatives } = program;
  const sections = sectionsOf(program);
  const numberOf = numberingOf(program, sections);
  const starts = lineStartsOf(source.text);
  const label = (node: Node): string => `%${numberOf(node)}`;

  const nodeLine = (node: Node): string => {
    const name = graph.names.get(node);
    return `  ${nodeText(node, label)}${name === undefined ? '' : ` as ${nameText(name)}`}${spanText(node.span, starts)}`;
  };

  const lines = [`program ${JSON.stringify(source.name)}`];
  if (source.text !== '') {
    for (const line of source.text.split('\n')) lines.push(line === '' ? '  |' : `  | ${line}`);
  }
  for (const input of program.inputs) lines.push(`  ${inputText(input)}${spanText(input.span, starts)}`);
  if (program.wrt.length > 0) lines.push(`  wrt ${program.wrt.map(nameText).join(', ')}`);
  for (const constraint of graph.constraints.values()) {
    lines.push(`  ${constraintText(constraint)}${spanText(constraint.span, starts)}`);
  }
  for (const node of sections.forward) lines.push(nodeLine(node));
  for (const output of program.outputs) {
    lines.push(`  ${outputText(output, label)}${spanText(output.span, starts)}`);
  }
  if (derivatives.length > 0) lines.push('derivative');
  for (const node of sections.derivative) lines.push(nodeLine(node));
  for (const derivative of derivatives) lines.push(`  ${derivativeText(derivative, label)}`);
  return `${lines.join('\n')}\n`;
}

/** The number of a live node, alike in every printed form: forward nodes first, then derivative nodes. */
export function numberingOf({ graph }: Program, { forward, derivative }: Sections): (node: Node) => number {
  const numbers = new Int32Array(graph.nodes.length);
  for (const [i, node] of forward.entries()) numbers[node.id] = i;
  for (const [i, node] of derivative.entries()) numbers[node.id] = forward.length + i;
  return node => numbers[node.id];
}

/** One node as text without its span: `%4: bool = lt %0 %1`. */
export function nodeText(node: Node, label: (node: Node) => string): string {
  const inputs = node.inputs.map(input => ` ${label(input)}`).join('');
  return `${label(node)}${typeText(node.dtype, node.shape)} = ${node.op}${inputs}${attrsText(node.attrs)}`;
}

/** A type annotation with its colon; nothing for a real scalar. */
export function typeText(dtype: DType, shape: Shape): string {
  if (dtype === 'real' && shape.length === 0) return '';
  return `: ${dtype === 'real' ? '' : dtype}${shape.length === 0 ? '' : shapeText(shape)}`;
}

/** A number so that it reads back bit for bit (but for the payload of a NaN). */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A name or path that may stand without quotes: words, and after a dot also positions. */
export const BARE_NAME = /[\p{L}_$][\p{L}\p{N}_$]*(?:\.(?:[\p{L}_$][\p{L}\p{N}_$]*|[0-9]+))*/u;

const ONLY_BARE_NAME = new RegExp(`^${BARE_NAME.source}$`, 'u');

function nameText(name: string): string {
  return ONLY_BARE_NAME.test(name) ? name : JSON.stringify(name);
}

function shapeText(shape: Shape): string {
  return `[${shape.map(lengthText).join(', ')}]`;
}

/** The text of a size, with quotes around names that need them. */
function lengthText(size: Size): string {
  return sizeText(substitute(size, name => namedSize(nameText(name))));
}

/** How the value of an attribute is written; `type` says that the type of the node holds it. */
export const ATTR_FORMS = {
  value: 'number',
  values: 'numbers',
  name: 'name',
  order: 'integer',
  size: 'size',
  shape: 'type',
  permutation: 'integers',
  axis: 'integer',
  axes: 'integers',
  position: 'integer',
  start: 'size',
  step: 'integer',
  length: 'size',
  exclusive: 'flag',
  reverse: 'flag',
  subscripts: 'subscripts',
} as const satisfies Record<AttrName, string>;

/** Attributes of leaves, written without their name. */
export const BARE_ATTRS: ReadonlySet<AttrName> = new Set(['value', 'values', 'name', 'size']);

function attrsText(attrs: Attrs): string {
  if (attrs === undefined) return '';
  return Object.entries(attrs)
    .map(([key, value]) => attrText(key as AttrName, value))
    .join('');
}

function attrText(key: AttrName, value: unknown): string {
  const form = ATTR_FORMS[key];
  if (form === 'type') return '';
  if (form === 'flag') return value === true ? ` ${key}` : '';
  return ` ${BARE_ATTRS.has(key) ? '' : `${key}=`}${valueText(form, value)}`;
}

/** Never fails, whatever the value is: a broken node is printed too. */
function valueText(form: (typeof ATTR_FORMS)[AttrName], value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(each => valueText(form, each)).join(', ')}]`;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'string' && form === 'name') return nameText(value);
  return value instanceof Polynomial ? lengthText(value) : String(value);
}

function constraintText({ left, right }: Constraint): string {
  return `require ${lengthText(left)} = ${lengthText(right)}`;
}

function inputText(input: Input): string {
  const value = input.default === undefined ? '' : ` = ${numberText(input.default)}`;
  const doc = input.doc === undefined ? '' : ` ${JSON.stringify(input.doc)}`;
  return `input ${nameText(input.name)}${typeText(input.dtype, input.shape)}${value}${doc}`;
}

function outputText({ name, shape, elements }: Output, label: (node: Node) => string): string {
  const values = elements.map(element => ` ${label(element)}`).join('');
  return `return ${nameText(name)}${typeText('real', shape)} =${values}`;
}

function derivativeText({ kind, form, values, inputs }: Derivative, label: (node: Node) => string): string {
  const extra = inputs.length === 0 ? '' : `(${inputs.map(label).join(' ')})`;
  const entries = Array.from(values, ([key, node]) => ` ${nameText(key)}=${label(node)}`).join('');
  return `return ${form === 'dense' ? '' : `${form} `}${kind}${extra}${entries}`;
}

function spanText(span: Span | undefined, starts: readonly number[]): string {
  if (span === undefined) return '';
  const { line, column } = positionOf(span.start, starts);
  return ` @${line}:${column}+${span.end - span.start}`;
}
