// Tensors for tests of rewrites: a formula over inputs of several shapes, and what a list of rules makes of it.

import { type Builder, builder } from '../../src/ir/build.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import type { Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { namedSize } from '../../src/ir/size.ts';
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
