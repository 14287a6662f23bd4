// Random graphs of scalar operations, whose derivatives are arbitrary nodes of them.

import { type Builder, builder } from '../../src/ir/build.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { factsOf, isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import type { Program } from '../../src/ir/program.ts';

/** A linear congruential generator (Numerical Recipes): the same graphs at every run. */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

export const ARITHMETIC: readonly OpName[] = [
  'add',
  'sub',
  'mul',
  'div',
  'neg',
  'add',
  'sub',
  'mul',
  'sin',
  'exp',
  'tanh',
];
/** Every elementwise operation. */
export const ALL = (Object.keys(OPS) as OpName[]).filter(
  op => isElementwise(op) && op !== 'const' && op !== 'input',
);

/** A program of about `size` operations whose derivatives are arbitrary nodes. */
export function randomProgram(seed: number, size: number, ops: readonly OpName[], selects: number): Program {
  const random = generator(seed);
  const graph = new Graph();
  const b: Builder = builder(graph);
  const names = ['x', 'y', 'z', 'w', 'k'];
  const inputs = names.map(name => graph.input(name));
  const reals: Node[] = [...inputs, b.constant(-3), b.constant(0.5), b.constant(-0), b.constant(2)];
  const masks: Node[] = [b.lt(inputs[0], inputs[1])];
  const real = (): Node => reals[Math.max(0, reals.length - 1 - random(random(3) === 0 ? reals.length : 12))];
  const mask = (): Node => masks[random(masks.length)];
  while (graph.nodes.length < size) {
    if (random(100) < selects) {
      reals.push(b.select(mask(), real(), real()));
      continue;
    }
    const op = ops[random(ops.length)];
    const { arity, attrs, dtype } = factsOf(op);
    const count = arity === 'variadic' ? 2 + random(3) : arity;
    const takesMasks = op === 'and' || op === 'or' || op === 'not' || op === 'real';
    const operands = Array.from({ length: count }, (_, k) =>
      takesMasks || (op === 'select' && k === 0) ? mask() : real(),
    );
    const node = b.make(op, operands, attrs?.[0] === 'order' ? { order: 1 + random(2) } : undefined);
    if (node.op === 'const') continue;
    if (random(8) === 0) graph.names.set(node, `v${random(5)}`);
    (dtype === 'bool' ? masks : reals).push(node);
  }
  const pick = (): Node => reals[reals.length - 1 - random(Math.min(40, reals.length - 9))];
  return {
    source: { name: 'random', text: '' },
    graph,
    inputs: inputs.map((node, i) => ({ name: names[i], shape: [], dtype: 'real', node })),
    outputs: [{ name: 'f', shape: [], elements: [reals[reals.length - 1]] }],
    wrt: ['x', 'y', 'z', 'w'],
    derivatives: [
      {
        kind: 'grad',
        form: 'dense',
        inputs: [],
        values: new Map(['x', 'y', 'w'].map(name => [name, pick()])),
      },
      {
        kind: 'hessian',
        form: 'dense',
        inputs: [],
        values: new Map(['x.x', 'x.y', 'y.y', 'z.w'].map(path => [path, pick()])),
      },
    ],
    diagnostics: [],
  };
}

/** Values of the inputs, `k` among them the one that is not differentiated. */
export const POINTS = [
  { x: 0.3, y: 0.7, z: 1.4, w: -0.2, k: 2.1 },
  { x: 0.9, y: -0.7, z: 0.1, w: 3.5, k: 0.6 },
];
