// Random tensors under optimisation: the values stay, nothing gets dearer, and every graph is valid.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builder } from '../../src/ir/build.ts';
import { tensorEvaluator } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { liveNodes } from '../../src/ir/live.ts';
import type { OpName } from '../../src/ir/ops.ts';
import { printIr } from '../../src/ir/print.ts';
import { type Program, rootsOf } from '../../src/ir/program.ts';
import { verify } from '../../src/ir/verify.ts';
import { rebuilt } from '../../src/rewrite/engine.ts';
import { normalise, optimise } from '../../src/rewrite/passes.ts';
import { appendStep } from '../ir/tensor-steps.ts';
import { inputsOf, SHAPES, SIZES, valuesAt, workOf } from './tensors.ts';

/** Operations that rules are about, the more frequent the more there are. */
const OPERATIONS: readonly OpName[] = [
  ...(['mul', 'mul', 'mul', 'add', 'sub', 'div', 'neg', 'exp', 'log', 'sqrt', 'sigmoid', 'tanh'] as const),
  ...([
    'contract',
    'contract',
    'contract',
    'reduceSum',
    'reduceSum',
    'reduceSum',
    'norm',
    'reduceMax',
  ] as const),
  ...(['reduceLogsumexp', 'permute', 'permute', 'reshape', 'reshape', 'slice', 'slice', 'gather'] as const),
  ...(['broadcast', 'broadcast', 'diagonal', 'element', 'concat', 'pow', 'select', 'lt', 'cumsum'] as const),
];

const CONSTANTS = [2, 3, 0.5, 1];

/** What a random program is made by, small enough to be shown. */
const plans = fc.record({
  steps: fc.array(
    fc.tuple(fc.constantFrom(...OPERATIONS), fc.array(fc.nat(99), { minLength: 6, maxLength: 6 })),
    { minLength: 3, maxLength: 25 },
  ),
  roots: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }),
});

type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never;

/**
 * The program of a plan as builders make it; undefined if lengths that are not the same would have to be equal, or if
 * something has no elements.
 */
function programOf({ steps, roots }: Plan): Program | undefined {
  const graph = new Graph();
  const inputs = inputsOf(graph);
  for (const value of CONSTANTS) graph.constant(value);
  for (const [op, picks] of steps) {
    let drawn = 0;
    const draw = (limit: number) => picks[drawn++ % picks.length] % Math.max(limit, 1);
    appendStep(graph, op, draw, [SHAPES.x[0], SHAPES.z[0], 1, 4]);
  }
  if (graph.constraints.size > 0 || graph.nodes.some(node => node.shape.includes(0))) return undefined;
  const numbers = graph.nodes.filter(node => node.dtype !== 'bool');
  const program: Program = {
    source: { name: 'random', text: '' },
    graph,
    inputs: Object.entries(inputs).map(([name, node]) => ({
      name,
      shape: node.shape,
      dtype: node.dtype,
      node: node as Program['inputs'][number]['node'],
    })),
    outputs: roots.map((back, i) => {
      const node = numbers[Math.max(numbers.length - 1 - back, 0)];
      return { name: `f${i}`, shape: node.shape, elements: [node] };
    }),
    wrt: [],
    derivatives: [],
    diagnostics: [],
  };
  return rebuilt(program, builder(new Graph()));
}

/** The elements of `roots`, or undefined if their lengths do not fit. */
function elementsAt(roots: readonly Node[], seed: number): number[][] | undefined {
  const tensors = Object.entries(valuesAt(seed, true)).map(([name, value]) => {
    const shape = SHAPES[name as keyof typeof SHAPES].map(size =>
      typeof size === 'number' ? size : SIZES.get(size.text)!,
    );
    return [name, { shape, elements: typeof value === 'number' ? [value] : value }] as const;
  });
  try {
    const results = tensorEvaluator(roots)(new Map(tensors), SIZES);
    return results.map(({ elements }) => Array.from(elements));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Numbers that rounding cannot have blown up: results of sums that cancel are not compared. */
function isModerate(program: Program, seed: number): boolean {
  const nodes = liveNodes(rootsOf(program));
  const values = elementsAt(nodes, seed);
  const isFine = (x: number) => x === 0 || (Math.abs(x) < 1e6 && Math.abs(x) > 1e-6);
  return values?.every(elements => elements.every(isFine)) ?? false;
}

const rootsIn = (program: Program) => program.outputs.map(output => output.elements[0]);

describe('random tensors', () => {
  it('keep their values when normalised and optimised', () => {
    let compared = 0;
    fc.assert(
      fc.property(plans, plan => {
        const program = programOf(plan);
        if (program === undefined || !isModerate(program, 1)) return;
        const wanted = elementsAt(rootsIn(program), 1)!;
        const normal = normalise(program).program;
        verify(normal, 'normalise');
        for (const each of [normal, optimise(program, 1), optimise(program, 2), optimise(normal, 2)]) {
          verify(each, 'optimise');
          const actual = elementsAt(rootsIn(each), 1)!;
          for (const [k, elements] of wanted.entries()) {
            expect(actual[k].length, printIr(each)).toBe(elements.length);
            const scale = Math.max(1, ...elements.map(Math.abs));
            for (const [i, value] of elements.entries()) {
              const isClose = Math.abs(actual[k][i] - value) <= 1e-8 * scale;
              if (!isClose)
                throw new Error(`${actual[k][i]} for ${value}\n${printIr(program)}\n${printIr(each)}`);
              compared++;
            }
          }
        }
      }),
      { seed: 11, numRuns: 3000 },
    );
    expect(compared).toBeGreaterThan(100_000);
  });

  it('are never dearer when optimised', () => {
    fc.assert(
      fc.property(plans, plan => {
        // Laws about signs move a sign to where it may be absorbed, whoever else needs it: that may cost one.
        const program = programOf({ ...plan, steps: plan.steps.filter(([op]) => op !== 'neg') });
        if (program === undefined) return;
        for (const level of [1, 2] as const) {
          const optimised = optimise(program, level);
          const [before, after] = [program, optimised].map(each => workOf(rootsOf(each)));
          if (after > before)
            throw new Error(
              `${before} -> ${after} at -O${level}\n${printIr(program)}\n${printIr(optimised)}`,
            );
        }
      }),
      { seed: 12, numRuns: 3000 },
    );
  });
});
