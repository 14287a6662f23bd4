// Random graphs over every operation: what is emitted computes what the evaluator computes, in each form and size.

import { describe, expect, it } from 'vitest';
import { type Builder, builder } from '../../src/ir/build.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { factsOf, isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import type { Program } from '../../src/ir/program.ts';
import { emit, importText, reference } from './programs.ts';

/** A linear congruential generator (Numerical Recipes): the same graphs at every run. */
function generator(seed: number): (n: number) => number {
  let state = seed;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const ARITHMETIC: readonly OpName[] = [
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
const ALL = (Object.keys(OPS) as OpName[]).filter(
  op => isElementwise(op) && op !== 'const' && op !== 'input',
);

/** A program of about `size` operations whose derivatives are arbitrary nodes. */
function randomProgram(seed: number, size: number, ops: readonly OpName[], selects: number): Program {
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

const POINTS = [
  { x: 0.3, y: 0.7, z: 1.4, w: -0.2, k: 2.1 },
  { x: 0.9, y: -0.7, z: 0.1, w: 3.5, k: 0.6 },
];

async function check(program: Program): Promise<void> {
  const { code } = emit(program);
  const f = await importText(code);
  const [grad, hessian] = program.derivatives;
  const nodes = [program.outputs[0].elements[0], ...grad.values.values(), ...hessian.values.values()];
  for (const point of POINTS) {
    const [value, gx, gy, gw, xx, xy, yy, zw] = reference(nodes, point);
    const { k, ...theta } = point;
    const bound = f.bind({ k });
    const [g, H] = [new Float64Array(4).fill(9), new Float64Array(16).fill(9)];
    const both = f.valueAndGrad(point);
    close([f.value(point), bound.value(bound.pack(theta)), both.value], [value, value, value], code);
    close([bound.valueAndGrad(bound.pack(theta), g), ...g], [value, gx, gy, 0, gw], code);
    close([...Object.values(both.grad), ...Object.values(f.grad(point))] as number[], [...g, ...g], code);
    bound.hessian(bound.pack(theta), H);
    const table = Object.values(f.hessian(point)) as object[];
    close([...H], [xx, xy, 0, 0, xy, yy, 0, 0, 0, 0, 0, zw, 0, 0, zw, 0], code);
    close(
      table.flatMap(row => Object.values(row)),
      [...H],
      code,
    );
  }
}

/** Equal but for the last digits; infinities and NaN are the same ones. */
function close(actual: readonly number[], expected: readonly number[], code: string): void {
  const isClose = actual.every((a, i) => {
    const e = expected[i];
    return Object.is(a, e) || a === e || Math.abs(a - e) <= 1e-10 * Math.abs(e) || Math.abs(e) > 1e100;
  });
  expect(isClose, `${actual} is not ${expected} in\n${code}`).toBe(true);
}

describe('random graphs', () => {
  it('of all operations', async () => {
    for (let seed = 1; seed <= 60; seed++) await check(randomProgram(seed, 20 + seed, ALL, 5));
  });

  it('of selections', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      await check(randomProgram(seed, 25 + seed, [...ARITHMETIC, 'lt', 'and', 'not', 'real'], 30));
    }
  });

  it('of 300 to 3,000 operations', async () => {
    for (const size of [500, 2000, 5000]) await check(randomProgram(size, size, ARITHMETIC, 3));
  });

  it('in chunks', async () => {
    for (const size of [15_000, 60_000]) {
      const program = randomProgram(size, size, [...ARITHMETIC, 'lt', 'and'], 3);
      expect(emit(program).code).toContain('memory');
      await check(program);
    }
  });
});
