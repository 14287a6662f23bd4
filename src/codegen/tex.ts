// Formulas to read: a program as one `align*` environment of LaTeX (package amsmath). A value that the source named, that
// is used several times, or whose formula is long gets a line of its own; everything else stands where it is used. So no
// line grows without bound, however deep the graph is, and nothing here recurses over it.

import type { Node } from '../ir/graph.ts';
import { liveNodes, sectionsOf } from '../ir/live.ts';
import {
  type Derivative,
  nodeOf,
  type OrderedKind,
  type Output,
  type Program,
  rootsOf,
  sizesOf,
} from '../ir/program.ts';
import { texOf } from './tex-forms.ts';
import { differential, TexNames, texName } from './tex-names.ts';
import { positionsOf } from './tex-tensors.ts';
import { atom, type Term, texNumber, whole } from './tex-terms.ts';

/** A longer formula is named. */
const LONGEST_INLINE = 120;
/** A formula up to this length is written again at each use. */
const LONGEST_REPEATED = 16;

/**
 * The outputs and derivatives of `program` as LaTeX. Derivatives that are identically zero are written for a gradient
 * and left out of matrices.
 */
export function emitTex(program: Program): string {
  const { forward, derivative } = sectionsOf(program);
  const names = new TexNames();
  const symbols = symbolsOf(program, names);
  const letters = names.indices();
  const uses = usesOf(program);
  const terms = new Map<Node, Term>();
  const statements: string[] = [];
  const equals = (left: string, right: Term): void => {
    statements.push(`${left} &= ${whole(right)}`);
  };

  const write = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      const inputs = node.inputs.map(input => terms.get(input)!);
      const symbol = symbols.nodes.get(node);
      if (node.op === 'input') {
        terms.set(node, atom(symbol!));
        continue;
      }
      const formula = texOf(node, inputs, letters);
      if (symbol === undefined && standsAlone(node, formula, uses.get(node) ?? 0)) {
        terms.set(node, formula);
        continue;
      }
      const left = symbol ?? names.temporary();
      equals(left, formula);
      terms.set(node, atom(left));
    }
  };

  write(forward);
  for (const { symbol, element } of symbols.outputs) {
    if (symbols.nodes.get(element) !== symbol) equals(symbol, terms.get(element)!);
  }
  write(derivative);
  for (const part of program.derivatives) {
    for (const [path, node] of entriesOf(part, program.wrt)) {
      equals(texOfDerivative(part.kind, path, symbols), node === null ? texNumber(0) : terms.get(node)!);
    }
  }
  const lines = statements.map((statement, i) => `${statement}${i < statements.length - 1 ? ' \\\\' : ''}\n`);
  return `% ${program.source.name.replace(/\s+/g, ' ')}\n\\begin{align*}\n${lines.join('')}\\end{align*}\n`;
}

/** True if the formula of a node is written where the node is used, not on a line of its own. */
function standsAlone(node: Node, { text }: Term, uses: number): boolean {
  if (node.op === 'const' || node.op === 'iota') return true;
  return uses > 1 ? text.length <= LONGEST_REPEATED : text.length <= LONGEST_INLINE;
}

/** How often each live node is an operand or a root. A case distinction within a formula counts as often enough to be named. */
function usesOf(program: Program): Map<Node, number> {
  const uses = new Map<Node, number>();
  const count = (node: Node, times: number) => uses.set(node, (uses.get(node) ?? 0) + times);
  const roots = rootsOf(program);
  for (const node of liveNodes(roots)) {
    for (const [i, input] of node.inputs.entries()) {
      const isLastCase = node.op === 'select' && i === 2;
      count(input, input.op === 'select' && !isLastCase ? Infinity : 1);
    }
  }
  for (const root of roots) count(root, 1);
  return uses;
}

/** What has a symbol before anything is written. */
interface Symbols {
  /** Inputs, and computed nodes that an output or the source names. */
  readonly nodes: ReadonlyMap<Node, string>;
  /** The elements of the outputs, in order. */
  readonly outputs: readonly { readonly symbol: string; readonly element: Node }[];
  /** The symbols of inputs by name. */
  readonly inputOf: ReadonlyMap<string, string>;
  /** The symbols of the elements of outputs by path: `f`, `r.2`. */
  readonly outputOf: ReadonlyMap<string, string>;
}

function symbolsOf(program: Program, names: TexNames): Symbols {
  const { graph } = program;
  const { forward, derivative } = sectionsOf(program);
  const live = [...forward, ...derivative];
  const nodes = new Map<Node, string>();
  for (const size of sizesOf(program)) names.claim(size);
  const inputOf = new Map<string, string>();
  for (const node of live) {
    if (node.op !== 'input') continue;
    const symbol = names.claimAnyway(node.attrs.name);
    nodes.set(node, symbol);
    inputOf.set(node.attrs.name, symbol);
  }

  const outputs: { readonly symbol: string; readonly element: Node }[] = [];
  const outputOf = new Map<string, string>();
  for (const output of program.outputs) {
    for (const [k, element] of output.elements.entries()) {
      const symbol = names.claimAnyway(elementName(output, k));
      outputs.push({ symbol, element });
      outputOf.set(nodeOf(output) !== undefined ? output.name : `${output.name}.${k + 1}`, symbol);
      const name = graph.names.get(element);
      const isItsName = name === undefined || name === output.name;
      if (element.inputs.length > 0 && isItsName && !nodes.has(element)) nodes.set(element, symbol);
    }
  }
  for (const node of live) {
    const name = graph.names.get(node);
    if (name === undefined || node.inputs.length === 0 || nodes.has(node)) continue;
    nodes.set(node, names.claim(name) ?? names.temporary());
  }
  return { nodes, outputs, inputOf, outputOf };
}

/** `r_1_2` for the element of a matrix r in row 1, column 2; `r` for an output that is one node. */
function elementName(output: Output, position: number): string {
  if (nodeOf(output) !== undefined) return output.name;
  // A list has as many elements as its shape says: its lengths are numbers.
  return [output.name, ...positionsOf(position, output.shape as readonly number[])].join('_');
}

/** The entries that are written: all those of a gradient, else those that are not identically zero. */
function entriesOf({ kind, values }: Derivative, wrt: readonly string[]): (readonly [string, Node | null])[] {
  if (kind !== 'grad') return [...values];
  return wrt.map(name => [name, values.get(name) ?? null] as const);
}

/** The left side: what an entry of a derivative is, mathematically. */
function texOfDerivative(
  kind: Derivative['kind'],
  path: string,
  { inputOf, outputOf, outputs }: Symbols,
): string {
  const f = outputs[0]?.symbol ?? 'f';
  const x = (name: string) => inputOf.get(name) ?? texName(name);
  switch (kind) {
    case 'jacobian': {
      const dot = path.lastIndexOf('.');
      return partial(outputOf.get(path.slice(0, dot))!, [x(path.slice(dot + 1))]);
    }
    case 'hvp':
      return differential(partial(f, [x(path)]));
    case 'jvp':
      return differential(outputOf.get(path)!);
    case 'vjp':
      return `\\bar{${x(path)}}`;
    case 'gaussNewton': {
      if (path === '') return '\\tfrac{1}{2} r^{\\top} r';
      const [left, right] = path.split('.').map(name => `J_{${x(name)}}`);
      return `${left}^{\\top} ${right ?? 'r'}`;
    }
    default:
      kind satisfies OrderedKind;
      return partial(f, path.split('.').map(x));
  }
}

/** The derivative of `value` by all of the variables, equal ones side by side. */
function partial(value: string, variables: readonly string[]): string {
  const power = (count: number) => (count === 1 ? '' : `^{${count}}`);
  const factors = [...new Set(variables)].map(x => {
    return `\\partial ${x}${power(variables.filter(y => y === x).length)}`;
  });
  return `\\frac{\\partial${power(variables.length)} ${value}}{${factors.join(' \\, ')}}`;
}
