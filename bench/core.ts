// The compiler without its parser: a random formula built through the builders, then every stage to the module. Bundled by
// compiler.mjs; no part of the published package.

import { emitModule } from '../src/codegen/module.ts';
import { differentiator } from '../src/grad/derivatives.ts';
import { builder } from '../src/ir/build.ts';
import { Graph, type Node } from '../src/ir/graph.ts';
import type { Program } from '../src/ir/program.ts';
import { SCALAR } from '../src/ir/shape.ts';
import { normalise, optimise } from '../src/rewrite/passes.ts';

const INPUTS = 16;
/** How far back an operand may reach. */
const WINDOW = 100;

/** What building, differentiating and printing a formula of so many operations took. */
export interface Run {
  readonly operations: number;
  /** Milliseconds by stage. */
  readonly stages: Readonly<Record<string, number>>;
  readonly bytes: number;
}

export function run(size: number): Run {
  const stages: Record<string, number> = {};
  const timed = <T>(stage: string, work: () => T): T => {
    const start = performance.now();
    const result = work();
    stages[stage] = performance.now() - start;
    return result;
  };
  const differentiated = (): Program => {
    const source = timed('build', () => randomProgram(size));
    const { program, b } = timed('normalise', () => normalise(source));
    return { ...program, derivatives: [timed('gradient', () => differentiator(b, program).gradient())] };
  };
  const program = differentiated();
  const optimised = timed('optimise', () => optimise(program, 2));
  const { code } = timed('emit', () => emitModule(optimised, { format: 'esm', header: 'benchmark' }));
  return { operations: size, stages, bytes: code.length };
}

/** Sums, products, quotients, sines and exponentials of recent values; the last hundred are added up. */
function randomProgram(size: number): Program {
  const random = generator(12345);
  const graph = new Graph();
  const { add, sub, mul, div, neg, sin, exp } = builder(graph);
  const inputs = Array.from({ length: INPUTS }, (_, i) => graph.input(`x${i}`));
  const values: Node[] = [...inputs];
  const recent = () => values[values.length - 1 - Math.floor(random() * Math.min(values.length, WINDOW))];
  const one = (): Node => {
    const [p, q, kind] = [recent(), recent(), random()];
    if (kind < 0.3) return add(p, q);
    if (kind < 0.55) return sub(p, q);
    if (kind < 0.8) return mul(p, q);
    if (kind < 0.85) return div(p, add(2, mul(q, q)));
    return kind < 0.95 ? sin(p) : exp(neg(mul(p, p)));
  };
  while (graph.nodes.length < size) values.push(one());
  const value = values.slice(-WINDOW).reduce((sum, term) => add(sum, term));
  return {
    source: { name: 'random', text: '' },
    graph,
    inputs: inputs.map(node => ({ name: node.attrs.name, shape: SCALAR, dtype: 'real', node })),
    outputs: [{ name: 'value', shape: SCALAR, elements: [value] }],
    wrt: inputs.map(({ attrs }) => attrs.name),
    derivatives: [],
    diagnostics: [],
  };
}

/** A linear congruential generator (Knuth, The Art of Computer Programming 2, section 3.3.4). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}
