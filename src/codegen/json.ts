// A program as data, for tools in other languages. Numbered like the text form (ir/print.ts), one node a line. Numbers that
// JSON cannot hold (NaN, the infinities, -0) are strings, and so are lengths that are not integers (`2*n`); everything else about the layout is in `emitJson`.

import type { Span } from '../errors.ts';
import type { Attrs, Node } from '../ir/graph.ts';
import { sectionsOf } from '../ir/live.ts';
import { lineStartsOf, positionOf } from '../ir/position.ts';
import { numberingOf, numberText } from '../ir/print.ts';
import { type Program, sizesOf } from '../ir/program.ts';
import { type Size, sizeText } from '../ir/size.ts';

/**
 * The graph and its roots as JSON text. Nodes stand at the position of their id, inputs before users; `section` is
 * `forward` if an output needs the node, else `derivative`. `elements`, `values` and `inputs` refer to nodes by id.
 * `constraints` are pairs of lengths that have to be equal once the named `sizes` are known.
 */
export function emitJson(program: Program): string {
  const { source, graph } = program;
  const sections = sectionsOf(program);
  const idOf = numberingOf(program, sections);
  const starts = lineStartsOf(source.text);

  const placed = (span: Span | undefined) =>
    span === undefined ? {} : { span: { ...span, ...positionOf(span.start, starts) } };
  const named = (node: Node) => (graph.names.has(node) ? { name: graph.names.get(node) } : {});
  const nodesOf = (section: 'forward' | 'derivative') =>
    sections[section].map(node => ({
      id: idOf(node),
      section,
      op: node.op,
      inputs: node.inputs.map(idOf),
      attrs: attrsOf(node.attrs),
      shape: node.shape.map(jsonSize),
      dtype: node.dtype,
      ...named(node),
      ...placed(node.span),
    }));

  const inputs = program.inputs.map(({ name, shape, dtype, node, default: value, doc, span }) => ({
    name,
    shape: shape.map(jsonSize),
    dtype,
    node: idOf(node),
    ...(value !== undefined && { default: jsonNumber(value) }),
    ...(doc !== undefined && { doc }),
    ...placed(span),
  }));
  const outputs = program.outputs.map(({ name, shape, elements, span }) => ({
    name,
    shape: shape.map(jsonSize),
    elements: elements.map(idOf),
    ...placed(span),
  }));
  const derivatives = program.derivatives.map(({ kind, form, values, inputs: own }) => ({
    kind,
    form,
    inputs: own.map(idOf),
    values: Object.fromEntries(Array.from(values, ([path, node]) => [path, idOf(node)] as const)),
  }));

  const constraints = Array.from(graph.constraints.values(), ({ left, right, span }) => ({
    left: jsonSize(left),
    right: jsonSize(right),
    ...placed(span),
  }));

  const fields = [
    `"source": ${JSON.stringify(source)}`,
    `"inputs": ${lines(inputs)}`,
    `"wrt": ${JSON.stringify(program.wrt)}`,
    `"sizes": ${JSON.stringify(sizesOf(program))}`,
    `"constraints": ${lines(constraints)}`,
    `"outputs": ${lines(outputs)}`,
    `"derivatives": ${lines(derivatives)}`,
    `"nodes": ${lines([...nodesOf('forward'), ...nodesOf('derivative')])}`,
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

function attrsOf(attrs: Attrs): object | null {
  if (attrs === undefined) return null;
  return Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, jsonAttr(value)]));
}

type Attr = string | boolean | Size;

function jsonAttr(value: Attr | readonly Attr[]): unknown {
  if (typeof value === 'number') return jsonNumber(value);
  if (typeof value !== 'object') return value;
  return 'text' in value ? sizeText(value) : value.map(jsonAttr);
}

function jsonSize(size: Size): number | string {
  return typeof size === 'number' ? size : sizeText(size);
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : numberText(value);
}

/** An array with one element a line. */
function lines(values: readonly unknown[]): string {
  if (values.length === 0) return '[]';
  return `[\n    ${values.map(value => JSON.stringify(value)).join(',\n    ')}\n  ]`;
}
