// What a tensor formula means is what its elements mean: random programs at hard points (zeros, ties, negative numbers below
// roots and logarithms), differentiated as tensors, against the same written out in scalars before it is differentiated.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pullback } from '../../src/grad/reverse.ts';
import { calculus } from '../../src/grad/rules.ts';
import type { Builder } from '../../src/ir/build.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { printIr } from '../../src/ir/print.ts';
import type { Program } from '../../src/ir/program.ts';
import { normalise, normalisingBuilder } from '../../src/rewrite/passes.ts';
import { unroll } from '../../src/rewrite/unroll.ts';
import { generator } from '../differences.ts';
import { countIn, formulaOf, type Point, programOf, valuesAt } from './tensors.ts';

const SHAPES = [[3, 2], [2], [3], []];
const VALUES = [0, 0, 1, 1, -1, 2, -2];

/** One more node of an operand x; another operand y, whose shape is the end of that of x; a choice. */
type Step = (b: Builder, x: Node, y: Node, choice: number) => Node;
const axisOf = ({ shape }: Node, choice: number) => choice % shape.length;
const lengthOf = (x: Node, choice: number) => x.shape[axisOf(x, choice)] as number;

const OF_ANY: readonly Step[] = [
  (b, x) => b.sqrt(x),
  (b, x) => b.log(x),
  (b, x) => b.relu(x),
  (b, x) => b.abs(x),
  (b, x, y) => b.add(x, y),
  (b, x, y) => b.mul(x, y),
  (b, x, y) => b.max(x, y),
  (b, x, y) => b.select(b.lt(x, y), x, b.mul(y, 2)),
  (b, x, y) => b.select(b.lt(0, x), b.sqrt(y), 0),
  (b, x) => b.broadcast(x, [2, ...x.shape]),
];
const OF_TENSORS: readonly Step[] = [
  (b, x, _, choice) => b.reduceSum(x, [axisOf(x, choice)]),
  (b, x, _, choice) => b.reduceLogsumexp(x, [axisOf(x, choice)]),
  (b, x, _, choice) => b.norm(x, [axisOf(x, choice)]),
  (b, x, _, choice) => b.reduceProd(x, [axisOf(x, choice)]),
  (b, x, _, choice) => b.reduceMax(x, [axisOf(x, choice)]),
  (b, x, _, choice) => b.reduceMin(x, [axisOf(x, choice)]),
  (b, x, _, choice) => b.cumsum(x, { axis: axisOf(x, choice), exclusive: false, reverse: choice % 3 === 0 }),
  (b, x, _, choice) => {
    const length = lengthOf(x, choice);
    return b.slice(x, {
      axis: axisOf(x, choice),
      start: length - 1,
      step: -1,
      length: Math.ceil(length / 2),
    });
  },
  (b, x, _, choice) => {
    const length = lengthOf(x, choice);
    return b.gather(x, b.array([length, 1, length], [3]), axisOf(x, choice));
  },
  (b, x, _, choice) =>
    b.pad(x, { axis: axisOf(x, choice), start: 1, step: 2, length: 2 * lengthOf(x, choice) + 1 }),
  (b, x, _, choice) => b.concat(axisOf(x, choice), [x, b.relu(x)]),
  (b, x, _, choice) => b.element(x, choice % countIn(x.shape)),
  (b, x) => b.permute(x, [...x.shape.keys()].reverse()),
  (b, x) => b.reshape(x, [countIn(x.shape)]),
];
const STEPS = [...OF_ANY, ...OF_TENSORS];

type Plan = readonly (readonly [step: number, x: number, y: number, choice: number])[];
const draw = fc.nat(1000);
const plans = fc.array(fc.tuple(fc.nat(STEPS.length - 1), draw, draw, draw), { minLength: 2, maxLength: 9 });

function built(plan: Plan): Program {
  const formula = formulaOf(SHAPES, (b, ...x) => {
    const nodes = [...x];
    const pick = (k: number, from: readonly Node[]) => from[k % from.length];
    for (const [step, i, j, choice] of plan) {
      const operand = pick(i, nodes);
      const others = nodes.filter(({ shape }) => operand.shape.join().endsWith(shape.join()));
      const isSmall = countIn(operand.shape) <= 24 && operand.shape.length < 4;
      if (!isSmall || (operand.shape.length === 0 && step >= OF_ANY.length)) continue;
      nodes.push(STEPS[step](b, operand, pick(j, others), choice));
    }
    return nodes
      .slice(x.length)
      .map(node => b.reduceSum(node))
      .reduce((total, part) => b.add(total, part), b.reduceSum(x[1]));
  });
  return normalise(programOf(formula)).program;
}

/** The gradient, input after input. */
function gradientAt({ graph, inputs, outputs }: Program, point: Point): number[] {
  const b = normalisingBuilder(graph);
  const seed = { node: outputs[0].elements[0], adjoint: b.constant(1) };
  const adjoints = pullback(b, calculus(b))([seed], () => true);
  const nodes = inputs.map(({ node }) => adjoints.get(node) ?? b.broadcast(0, node.shape));
  return valuesAt(nodes, point, Object.fromEntries(SHAPES.map((shape, i) => [`x${i}`, shape]))).flat();
}

it('tensors are differentiated as their elements are', () => {
  let finite = 0;
  const runs = 400;
  fc.assert(
    fc.property(plans, fc.nat(1_000_000), (plan, seed) => {
      const random = generator(seed);
      const point = Object.fromEntries(
        SHAPES.map((shape, i) => [
          `x${i}`,
          Array.from({ length: countIn(shape) }, () => VALUES[Math.floor(VALUES.length * random())]),
        ]),
      );
      const program = built(plan);
      const scalars = unroll(program, normalisingBuilder(new Graph()), 100_000)!;
      const text = printIr(program);
      const expected = gradientAt(scalars, point);
      const actual = gradientAt(program, point);
      if (expected.every(Number.isFinite)) finite++;
      const isSame = (value: number, k: number) =>
        Object.is(value, expected[k]) ||
        Math.abs(value - expected[k]) <= 1e-12 * Math.max(1, Math.abs(expected[k]));
      if (!actual.every(isSame)) expect(actual, `${text}\n${JSON.stringify(point)}`).toEqual(expected);
    }),
    { numRuns: runs, seed: 20261126 },
  );
  expect(finite).toBeGreaterThan(runs / 3);
}, 60_000);
