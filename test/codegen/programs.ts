// Programs by hand for the tests of code generation: a graph, names for its inputs, and any nodes as derivatives. What
// an emitted module must compute is what the reference evaluator makes of the same nodes.

import { runInNewContext } from 'node:vm';
import { emitModule, type ModuleFormat } from '../../src/codegen/module.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluator } from '../../src/ir/evaluate.ts';
import { Graph, type InputNode, type Node } from '../../src/ir/graph.ts';
import type { Derivative, DerivativeKind, Input, Output, Program } from '../../src/ir/program.ts';

export interface Sketch {
  readonly inputs: Readonly<Record<string, Partial<Pick<Input, 'default' | 'doc' | 'dtype'>>>>;
  readonly wrt?: readonly string[];
  /** Outputs: a node, or the elements of a vector. */
  readonly outputs: (
    b: Builder,
    x: (name: string) => Node,
  ) => Readonly<Record<string, Node | readonly Node[]>>;
  readonly derivatives?: (
    b: Builder,
    x: (name: string) => Node,
  ) => Partial<Record<DerivativeKind, Readonly<Record<string, Node>>>>;
  readonly sparse?: boolean;
}

/** The program of a sketch. Names in derivatives such as `tangent.x` are made inputs of the derivative. */
export function sketch({ inputs, wrt, outputs, derivatives, sparse }: Sketch): Program {
  const graph = new Graph();
  const b = builder(graph);
  const list: Input[] = Object.entries(inputs).map(([name, { dtype = 'real', ...rest }]) => {
    return { name, shape: [], dtype, node: graph.input(name, dtype), ...rest };
  });
  const x = (name: string): Node => list.find(input => input.name === name)?.node ?? graph.input(name);
  const results: Output[] = Object.entries(outputs(b, x)).map(([name, value]) => {
    return Array.isArray(value)
      ? { name, shape: [value.length], elements: value }
      : { name, shape: [], elements: [value as Node] };
  });
  const kinds = Object.entries(derivatives?.(b, x) ?? {}) as [DerivativeKind, Record<string, Node>][];
  const isExtra = (node: Node): node is InputNode => node.op === 'input' && node.attrs.name.includes('.');
  return {
    source: { name: 'test.expr', text: '' },
    graph,
    inputs: list,
    outputs: results,
    wrt: wrt ?? Object.keys(inputs),
    derivatives: kinds.map(([kind, values]): Derivative => {
      return {
        kind,
        form: sparse ? 'sparse' : 'dense',
        values: new Map(Object.entries(values)),
        inputs: graph.nodes.filter(isExtra),
      };
    }),
    diagnostics: [],
  };
}

// biome-ignore lint/suspicious/noExplicitAny: an emitted module has the shape its program gives it
export type Loaded = any;

export const HEADER = '0.1.0 from test.expr --wrt x,y';

export function emit(program: Program, format: ModuleFormat = 'esm') {
  return emitModule(program, { format, header: HEADER });
}

/** The exports of a module, imported from a `data:` URL so that no file is written. */
export async function load(program: Program): Promise<Loaded> {
  return importText(emit(program).code);
}

export async function importText(code: string): Promise<Loaded> {
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
}

/** The exports of a CommonJS text, or the global of a script, in a context of its own. */
export function run(code: string, format: 'cjs' | 'iife', globalName = 'symgrad'): Loaded {
  const context = { module: { exports: {} }, Float64Array, Int32Array, atob };
  runInNewContext(code, context);
  return format === 'cjs' ? context.module.exports : (context as Record<string, unknown>)[globalName];
}

/** The values of `nodes` by the reference evaluator. */
export function reference(nodes: readonly Node[], inputs: Readonly<Record<string, number>>): number[] {
  return [...evaluator(nodes)(new Map(Object.entries(inputs)))];
}
