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
// A type is written after a colon unless it is a real scalar (`%4: bool = lt %0 %1`, `input k: int`); order is
// `phi %1 order=2`, the elements of a tensor output are listed, inputs that only a derivative takes stand in parentheses
// (`return jvp(%7) value=%9`), `return sparse hessian x.x=%8` is one that is handed out by its entries. Names that are
// not words with dots between them are JSON strings. `#` begins a comment.
//
// A span is `@line:column+length` in the source of the formula, which the text carries along, so that a dump can be
// compiled again and its diagnostics still point into the formula. Without a source every offset is on line 1.
//
// Law: parseIr(printIr(p)) is p but for numbering, dead nodes and diagnostics; printIr(parseIr(t)) is t if printIr made t.

import type { Span } from '../errors.ts';
import type { Attrs, Node } from './graph.ts';
import { type Sections, sectionsOf } from './live.ts';
import { lineStartsOf, positionOf } from './position.ts';
import type { Derivative, Input, Output, Program } from './program.ts';
import type { DType, Shape } from './shape.ts';

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
  return `[${shape.join(', ')}]`;
}

function attrsText(attrs: Attrs): string {
  if (attrs === undefined) return '';
  if ('order' in attrs) return ` order=${attrs.order}`;
  return 'name' in attrs ? ` ${nameText(attrs.name)}` : ` ${numberText(attrs.value)}`;
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
  return `return ${form === 'sparse' ? 'sparse ' : ''}${kind}${extra}${entries}`;
}

function spanText(span: Span | undefined, starts: readonly number[]): string {
  if (span === undefined) return '';
  const { line, column } = positionOf(span.start, starts);
  return ` @${line}:${column}+${span.end - span.start}`;
}
