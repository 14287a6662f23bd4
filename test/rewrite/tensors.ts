// Tensors for tests of rewrites: a formula over inputs of several shapes, and what a list of rules makes of it.

import { type Builder, builder } from '../../src/ir/build.ts';
import { attrsText, Graph, type Node } from '../../src/ir/graph.ts';
import { liveNodes } from '../../src/ir/live.ts';
import { factsOf, isElementwise } from '../../src/ir/ops.ts';
import type { Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { subscriptsOf } from '../../src/ir/shapes.ts';
import { evaluateSize, namedSize } from '../../src/ir/size.ts';
import { type RewriteRule, rebuilt, rewritingBuilder } from '../../src/rewrite/engine.ts';

export const [n, m, k] = ['n', 'm', 'k'].map(namedSize);

/** Scalars s, t; vectors x, y of n, z of m, p of 4; matrices A, B of n x m, C of m x k; an index i. */
export const SHAPES = {
  s: [],
  t: [],
  x: [n],
  y: [n],
  z: [m],
  p: [4],
  A: [n, m],
  B: [n, m],
  C: [m, k],
  i: [],
} as const satisfies Record<string, Shape>;

export type Inputs = { readonly [N in keyof typeof SHAPES]: Node };
export type Formula = (b: Builder, inputs: Inputs) => Node;

export function inputsOf(graph: Graph): Inputs {
  const entries = Object.entries(SHAPES).map(([name, shape]) => [
    name,
    graph.input(name, name === 'i' ? 'int' : 'real', shape),
  ]);
  return Object.fromEntries(entries) as Inputs;
}

/** A program with one output. */
export function programOf(formula: Formula): Program {
  const graph = new Graph();
  const inputs = inputsOf(graph);
  const f = formula(builder(graph), inputs);
  return {
    source: { name: 'test', text: '' },
    graph,
    inputs: Object.entries(inputs).map(([name, node]) => ({
      name,
      shape: node.shape,
      dtype: node.dtype,
      node: node as Program['inputs'][number]['node'],
    })),
    outputs: [{ name: 'f', shape: f.shape, elements: [f] }],
    wrt: [],
    derivatives: [],
    diagnostics: [],
  };
}

/** The formula rewritten under `rules`, the names of the rules that fired, and `expected` on the same graph. */
export function rewriteTensors(formula: Formula, rules: readonly RewriteRule[], expected?: Formula) {
  const graph = new Graph();
  const inputs = inputsOf(graph);
  const fired = new Set<string>();
  const b = rewritingBuilder(graph, rules, ({ rule }) => fired.add(rule.name));
  const [result] = rebuilt(programOf(formula), b).outputs[0].elements;
  return { result, fired, wanted: expected?.(builder(graph), inputs) };
}

/** A node as a nested text: equal texts mean equal formulas. */
export function spelled(node: Node): string {
  if (node.op === 'const') return String(node.attrs.value);
  if (node.op === 'input') return node.attrs.name;
  const attrs = node.attrs === undefined ? '' : `[${attrsText(node.attrs)}]`;
  const operands = node.inputs.map(spelled);
  // Operands that may be exchanged are, so that their order does not matter.
  if (factsOf(node.op).commutative) operands.sort();
  return `${node.op}${attrs}(${operands.join(', ')})`;
}

/** Lengths for evaluating. */
export const SIZES: ReadonlyMap<string, number> = new Map([
  ['n', 7],
  ['m', 5],
  ['k', 3],
]);

/** For counting work: what the optimiser takes sizes for, which it does not know. */
const TYPICAL: ReadonlyMap<string, number> = new Map([...SIZES.keys()].map(name => [name, 100]));

function countOf(shape: Shape, sizes: ReadonlyMap<string, number> = TYPICAL): number {
  return shape.reduce<number>((count, size) => count * evaluateSize(size, sizes), 1);
}

/** The work of computing `roots`: elements times the cost of an operation; a contraction takes two for each product. */
export function workOf(roots: readonly Node[]): number {
  return liveNodes(roots).reduce((sum, node) => sum + workOfNode(node), 0);
}

function workOfNode(node: Node): number {
  const { cost = 1 } = factsOf(node.op);
  if (node.inputs.length === 0) return 0;
  if (isElementwise(node.op)) return cost * countOf(node.shape);
  if (node.op === 'contract') {
    const { x: p, y: q } = subscriptsOf(node.attrs.subscripts);
    const lengths = new Map<string, number>();
    for (const [i, letters] of [p, q].entries()) {
      for (const [axis, letter] of [...letters].entries()) {
        lengths.set(letter, countOf([node.inputs[i].shape[axis]]));
      }
    }
    return 2 * [...lengths.values()].reduce((count, length) => count * length, 1);
  }
  const isMove = /^(gather|scatterAdd|pad|concat)$/.test(node.op);
  return cost * (isMove ? countOf(node.shape) : countOf(node.inputs[0].shape));
}

/** Numbers for all inputs; i is 2. All are positive if `positive`. */
export function valuesAt(seed: number, positive = false): Record<string, number | Float64Array> {
  let state = seed;
  const next = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    const u = state / 2147483648;
    return positive ? 0.1 + 2 * u : 3 * (u - 0.5);
  };
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      if (name === 'i') return [name, 2];
      const elements = Float64Array.from({ length: countOf(shape, SIZES) }, next);
      return [name, shape.length === 0 ? elements[0] : elements];
    }),
  );
}
