// A picture of a program: source text for Graphviz. Two clusters tell what the outputs need from what only derivatives
// need. A constant is drawn anew at each use, because a 2 that forty nodes share says nothing and ties a knot. Boxes and edges
// of tensors say their shape.

import { attrsText, type Node } from '../ir/graph.ts';
import { sectionsOf } from '../ir/live.ts';
import { factsOf, type OpName } from '../ir/ops.ts';
import { numberingOf, numberText } from '../ir/print.ts';
import { nodeOf, type Program } from '../ir/program.ts';
import { shapeText } from '../ir/shape.ts';

/** Graphviz source; `dot -Tsvg` draws it. Nodes are called `n<number>`, numbered as in the text form. */
export function emitDot(program: Program): string {
  const sections = sectionsOf(program);
  const numberOf = numberingOf(program, sections);
  const variables = new Set(program.wrt);
  const idOf = (node: Node): string => `n${numberOf(node)}`;
  const edges: string[] = [];
  let leaves = 0;
  let roots = 0;

  /** An edge from `node`, or from a constant's own leaf, which is a statement in the cluster of its user. */
  const connect = (node: Node, user: string, label: string, statements: string[]): void => {
    let from = idOf(node);
    if (node.op === 'const') {
      from = `c${leaves++}`;
      statements.push(`${from} [label=${quote(numberText(node.attrs.value))}, shape=plaintext]`);
    }
    const text = [label, ...shapeOf(node)].filter(part => part !== '').join(': ');
    edges.push(`${from} -> ${user}${text === '' ? '' : ` [label=${quote(text)}]`}`);
  };

  const draw = (nodes: readonly Node[]): string[] => {
    const statements: string[] = [];
    for (const node of nodes) {
      if (node.op === 'const') continue;
      const id = idOf(node);
      statements.push(`${id} [${styleOf(node, program, variables)}]`);
      for (const [i, input] of node.inputs.entries()) connect(input, id, roleOf(node.op, i), statements);
    }
    return statements;
  };

  const forward = draw(sections.forward);
  const derivative = draw(sections.derivative);
  const root = (label: string, node: Node, statements: string[]): void => {
    const id = `r${roots++}`;
    statements.push(`${id} [label=${quote(label)}, shape=plaintext, fontsize=18]`);
    connect(node, id, '', statements);
  };
  for (const output of program.outputs) {
    const { name, elements } = output;
    for (const [k, element] of elements.entries()) {
      root(nodeOf(output) === undefined ? `${name}[${k + 1}]` : name, element, forward);
    }
  }
  for (const { kind, values } of program.derivatives) {
    for (const [path, node] of values) root(`${kind} ${path}`, node, derivative);
  }

  const lines = [
    `digraph ${quote(program.source.name)} {`,
    '  node [shape=box, style="rounded,filled", fillcolor=white]',
    ...cluster('forward', '#eef4fb', forward),
    ...(program.derivatives.length > 0 ? cluster('derivative', '#fdf1e4', derivative) : []),
    ...edges.map(edge => `  ${edge}`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function cluster(name: string, color: string, statements: readonly string[]): string[] {
  return [
    `  subgraph cluster_${name} {`,
    `    label=${name}; style="rounded,filled"; color="${color}"`,
    ...statements.map(statement => `    ${statement}`),
    '  }',
  ];
}

function styleOf(node: Node, { graph, source }: Program, variables: ReadonlySet<string>): string {
  const snippet = node.span && source.text.slice(node.span.start, node.span.end);
  const tooltip = snippet ? `, tooltip=${quote(snippet)}` : '';
  if (node.op === 'input') {
    const { name } = node.attrs;
    const border = variables.has(name) ? ', peripheries=2' : '';
    return `label=${quote([name, ...shapeOf(node)].join('\n'))}, shape=ellipse${border}${tooltip}`;
  }
  const name = graph.names.get(node);
  const lines = [...(name === undefined ? [] : [name]), operationOf(node), ...shapeOf(node)];
  return `label=${quote(lines.join('\n'))}${tooltip}`;
}

/** The operation with its attributes; a shape stands on a line of its own, and long lists of numbers are cut. */
function operationOf(node: Node): string {
  const symbol = SYMBOLS[node.op] ?? node.op;
  const { attrs } = node;
  if (attrs === undefined || node.op === 'broadcast' || node.op === 'reshape') return symbol;
  if ('order' in attrs) return `${symbol} ${attrs.order}`;
  if ('subscripts' in attrs) return `${symbol} ${attrs.subscripts}`;
  if ('values' in attrs) {
    const shown = attrs.values.slice(0, MOST_VALUES).map(numberText);
    return `${symbol} ${shown.join(', ')}${attrs.values.length > MOST_VALUES ? ', ...' : ''}`;
  }
  return `${symbol} ${attrsText(attrs)}`;
}

/** Of a constant array no more numbers than this are shown. */
const MOST_VALUES = 6;

/** The shape as a label, none for a scalar. */
function shapeOf({ shape }: Node): readonly string[] {
  return shape.length === 0 ? [] : [shapeText(shape)];
}

/** What is written in a box instead of the name of the operation. */
const SYMBOLS: Readonly<Partial<Record<OpName, string>>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  neg: '-',
  pow: '^',
  lt: '<',
  le: '<=',
  eq: '==',
  ne: '!=',
};

/** The label of the edge to operand `i`, where operands may not be exchanged. */
function roleOf(op: OpName, i: number): string {
  if (op === 'select') return ['if', 'then', 'else'][i];
  const { arity, commutative } = factsOf(op);
  return arity === 2 && !commutative ? String(i + 1) : '';
}

/** A quoted string of the DOT language, in which a backslash begins an escape. Control characters become spaces. */
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped.replace(/\p{Cc}/gu, ' ')}"`;
}
