// Tensor programs made with builders, emitted as loops, run, and compared with the reference evaluator.

import { expect } from 'vitest';
import { emitModule } from '../../src/codegen/module.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluate } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import type { Derivative, Input, Program } from '../../src/ir/program.ts';
import type { DType, Shape } from '../../src/ir/shape.ts';
import { namedSize } from '../../src/ir/size.ts';
import { verify } from '../../src/ir/verify.ts';
import { expand } from '../../src/rewrite/expand.ts';
import { load } from '../load.ts';

/** `n x 3`, `scalar`, `n int`. */
export type Declarations = Readonly<Record<string, string>>;

/** A program of one or more outputs over declared inputs. */
export function programOf(
  declarations: Declarations,
  build: (b: Builder, x: Readonly<Record<string, Node>>) => Readonly<Record<string, Node>>,
  wrt: readonly string[] = [],
): Program {
  const graph = new Graph();
  const b = builder(graph);
  const inputs: Input[] = Object.entries(declarations).map(([name, text]) => {
    const words = text.split(' ').filter(word => word !== 'x');
    const dtype: DType = words.at(-1) === 'int' ? 'int' : 'real';
    const shape: Shape = words
      .filter(word => word !== 'int' && word !== 'scalar')
      .map(word => (/^\d+$/.test(word) ? Number(word) : namedSize(word)));
    return { name, shape, dtype, node: graph.input(name, dtype, shape) };
  });
  const outputs = Object.entries(
    build(b, Object.fromEntries(inputs.map(({ name, node }) => [name, node]))),
  ).map(([name, node]) => ({ name, shape: node.shape, elements: [node] }));
  const program = {
    source: { name: 'test', text: '' },
    graph,
    inputs,
    outputs,
    wrt,
    derivatives: [] as Derivative[],
    diagnostics: [],
  };
  verify(program);
  return program;
}

/** The text of the module of a program, through loops. */
export function emitted(program: Program, precision: 'f64' | 'f32' = 'f64'): string {
  const expanded = expand(program);
  verify(expanded, 'expand');
  return emitModule(expanded, { format: 'esm', header: 'test', precision }).code;
}

type Inputs = Readonly<Record<string, unknown>>;

/** Compares `value` of the emitted module with the evaluator; returns the text. */
export async function checkLoops(program: Program, inputs: Inputs): Promise<string> {
  const code = emitted(program);
  const module = await load(code);
  const value = (module as { value: (inputs: Inputs) => unknown }).value(inputs);
  const expected = evaluate(program, inputs as never).outputs;
  const names = Object.keys(expected);
  for (const name of names) {
    const actual = names.length === 1 ? value : (value as Record<string, unknown>)[name];
    const own = expected[name];
    if (typeof own === 'number') expectClose([actual as number], [own], code);
    else expectClose(actual as Float64Array, own, code);
  }
  return code;
}

export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, code = ''): void {
  expect(actual.length, code).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [x, y] = [actual[i], expected[i]];
    const isClose = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-12 * Math.max(1, Math.abs(y));
    if (!isClose) expect.fail(`element ${i} is ${x}, not ${y}\n${code}`);
  }
}
