// Tools for tests of the calculus over tensors: nodes evaluated at flat arrays, and programs built by hand.

import { type Builder, builder } from '../../src/ir/build.ts';
import { tensorEvaluator } from '../../src/ir/evaluate.ts';
import { Graph, type InputNode, type Node } from '../../src/ir/graph.ts';
import type { Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';

/** Elements of inputs by name, row-major. */
export type Point = Readonly<Record<string, readonly number[]>>;

/** A formula over inputs of given shapes. */
export interface Formula {
  readonly b: Builder;
  readonly inputs: readonly InputNode[];
  readonly out: Node;
}

/** The formula that `build` makes over inputs x0, x1, ... of these shapes. */
export function formulaOf(shapes: readonly Shape[], build: (b: Builder, ...x: Node[]) => Node): Formula {
  const b = builder(new Graph());
  const inputs = shapes.map((shape, i) => b.graph.input(`x${i}`, 'real', shape));
  return { b, inputs, out: build(b, ...inputs) };
}

/** The elements of each node at a point; `sizes` are those of named sizes. Null counts as `zeros`. */
export function valuesAt(
  nodes: readonly Node[],
  point: Point,
  shapes: Readonly<Record<string, readonly number[]>>,
  sizes: Readonly<Record<string, number>> = {},
): number[][] {
  const tensors = Object.entries(point).map(
    ([name, elements]) => [name, { shape: shapes[name], elements }] as const,
  );
  return tensorEvaluator(nodes)(new Map(tensors), new Map(Object.entries(sizes))).map(({ elements }) =>
    Array.from(elements),
  );
}

/** A program with one output over the inputs of a formula. */
export function programOf({ b, inputs, out }: Formula, name = 'f'): Program {
  return {
    source: { name: 'test', text: '' },
    graph: b.graph,
    inputs: inputs.map(node => ({ name: node.attrs.name, shape: node.shape, dtype: 'real', node })),
    outputs: [{ name, shape: out.shape, elements: [out] }],
    wrt: inputs.map(node => node.attrs.name),
    derivatives: [],
    diagnostics: [],
  };
}

export function countIn(shape: Shape): number {
  return (shape as readonly number[]).reduce((product, size) => product * size, 1);
}

export function dot(x: readonly number[], y: readonly number[]): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}
