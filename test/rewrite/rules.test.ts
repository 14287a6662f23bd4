// Every rewrite by name: what it makes of an example, what it must leave alone, and that a graph is never dearer after
// optimisation than before.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFormula } from '../../src/frontend/index.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluate, evaluator } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { liveNodes } from '../../src/ir/live.ts';
import { factsOf } from '../../src/ir/ops.ts';
import { rootsOf } from '../../src/ir/program.ts';
import { freshGraph, type RewriteRule, rebuilt, rewritingBuilder } from '../../src/rewrite/engine.ts';
import { LINEAR } from '../../src/rewrite/linear.ts';
import { optimise } from '../../src/rewrite/passes.ts';
import { SIMPLIFY } from '../../src/rewrite/simplify.ts';
import { STABILISE } from '../../src/rewrite/stabilise.ts';
import { formulas } from '../formulas.ts';
import {
  LINEAR_TENSORS,
  MOVED,
  SIMPLE_TENSORS,
  STABLE_TENSORS,
  UNMOVED,
  UNTOUCHED_LINEAR,
  UNTOUCHED_TENSORS,
} from './tensor-examples.ts';
import { programOf, rewriteTensors, spelled, valuesAt, workOf } from './tensors.ts';

type Make = (b: Builder, x: Node, y: Node, z: Node) => Node;

/** The formula rewritten under `rules`, the names of the rules that fired, and `expected` on the same graph. */
function rewrite(text: string, rules: readonly RewriteRule[], expected?: Make) {
  const program = parseFormula(text, {});
  const fired = new Set<string>();
  const graph = freshGraph(program);
  const [x, y, z] = ['x', 'y', 'z'].map(name => graph.input(name));
  const b = rewritingBuilder(graph, rules, ({ rule }) => fired.add(rule.name));
  const [result] = rebuilt(program, b).outputs[0].elements;
  return { result, fired, wanted: expected?.(builder(graph), x, y, z) };
}

// biome-ignore format: a table
const STABLE: readonly (readonly [rule: string, text: string, expected: Make])[] = [
  ['zero-factor', '(0 * x) * y', (b, x, y) => b.mul(0, b.mul(x, y))],
  ['zero-factor', '(0 * x) / y', (b, x, y) => b.mul(0, b.div(x, y))],
  ['power-of-e', 'e^x', (b, x) => b.exp(x)],
  ['power-half', 'x^0.5', (b, x) => b.sqrt(x)],
  ['power-half', 'x^(1/2)', (b, x) => b.sqrt(x)],
  ['power-reciprocal', 'x^-1', (b, x) => b.div(1, x)],
  ['power-of-exponentials', '(1 + exp(x))^-3', (b, x) => b.pow(b.sigmoid(b.neg(x)), 3)],
  ['square-root-of-squares', 'sqrt(x^2)', (b, x) => b.abs(x)],
  ['square-root-of-squares', 'sqrt(4 * x^2)', (b, x) => b.abs(b.mul(2, x))],
  ['square-root-of-squares', 'sqrt(x * x + y^2)', (b, x, y) => b.hypot(x, y)],
  ['square-root-of-squares', 'sqrt(x^2 + (y + z)^2 + z^4)', (b, x, y, z) => b.hypot(x, b.add(y, z), b.pow(z, 2))],
  ['cancelling-difference', 'exp(x) - 1', (b, x) => b.expm1(x)],
  ['cancelling-difference', '1 - exp(-x)', (b, x) => b.neg(b.expm1(b.neg(x)))],
  ['cancelling-difference', '2 * exp(x) - 2', (b, x) => b.mul(2, b.expm1(x))],
  ['cancelling-difference', 'sqrt(x + 1) - 1', (b, x) => b.sqrt1pm1(x)],
  ['cancelling-difference', '1 - sigmoid(x)', (b, x) => b.sigmoid(b.neg(x))],
  ['cancelling-difference', '1 - erf(x)', (b, x) => b.erfc(x)],
  ['cancelling-difference', '0.5 * (1 + erf(x))', (b, x) => b.mul(0.5, b.erfc(b.neg(x)))],
  ['log-sum-exp', 'log(1 + exp(x))', (b, x) => b.softplus(x)],
  ['log-sum-exp', 'log(exp(x) + exp(y))', (b, x, y) => b.logsumexp(x, y)],
  ['log-sum-exp', 'log(exp(x) + exp(y) + exp(z))', (b, x, y, z) => b.logsumexp(x, y, z)],
  ['log-one-plus', 'log(1 + x)', (b, x) => b.log1p(x)],
  ['log-one-plus', 'log(x + 1 + y)', (b, x, y) => b.log1p(b.add(x, y))],
  ["log-of-positive", "log(exp(x))", (_b, x) => x],
  ['log-of-positive', 'log(sigmoid(x))', (b, x) => b.neg(b.softplus(b.neg(x)))],
  ['log-of-positive', 'log(cosh(x))', (b, x) => b.logcosh(x)],
  ['log-of-positive', 'log(y * exp(x))', (b, x, y) => b.add(b.log(y), x)],
  ['log-of-positive', 'log(1 - exp(x))', (b, x) => b.log1mexp(x)],
  ['logarithm-to-base', 'log2(1 + exp(x))', (b, x) => b.mul(Math.LOG2E, b.softplus(x))],
  ['log1p', 'log1p(exp(x))', (b, x) => b.softplus(x)],
  ['log1p', 'log1p(-exp(x))', (b, x) => b.log1mexp(x)],
  ['x-log-x', 'x * log(x)', (b, x) => b.xlogx(x)],
  ['x-log-x', 'log(x) * y * x', (b, x, y) => b.mul(y, b.xlogx(x))],
  ['x-log-x', 'x * log(x / y)', (b, x, y) => b.xlogy(x, b.div(x, y))],
  ['x-log-x', '(1 + x) * log(1 + x)', (b, x) => b.xlog1py(b.add(1, x), x)],
  ['cancelled-factor', 'x / x', b => b.constant(1)],
  ['cancelled-factor', 'y * x / (2 * x)', (b, _, y) => b.mul(0.5, y)],
  ['cancelled-root', 'x / sqrt(x)', (b, x) => b.sqrt(x)],
  ['cancelled-root', 'y * sqrt(x) / x', (b, x, y) => b.div(y, b.sqrt(x))],
  ['logistic', '1 / (1 + exp(-x))', (b, x) => b.sigmoid(x)],
  ['logistic', 'exp(x) / (1 + exp(x))', (b, x) => b.sigmoid(x)],
  ['logistic', 'y / (1 + exp(x))', (b, x, y) => b.mul(y, b.sigmoid(b.neg(x)))],
  ['logistic', 'exp(x) / (exp(x) + exp(y))', (b, x, y) => b.sigmoid(b.sub(x, y))],
  ['logistic', 'exp(x) / (exp(x) + exp(y) + exp(z))', (b, x, y, z) => b.exp(b.sub(x, b.logsumexp(x, y, z)))],
  ['exponential-quotient', '1 / exp(x)', (b, x) => b.exp(b.neg(x))],
  ['exponential-quotient', 'exp(x) / exp(y)', (b, x, y) => b.exp(b.sub(x, y))],
  ['logistic', '(exp(2 * x) - 1) / (exp(2 * x) + 1)', (b, x) => b.tanh(b.div(b.mul(2, x), 2))],
  ['logistic', '(exp(x) - exp(y)) / (exp(x) + exp(y))', (b, x, y) => b.tanh(b.div(b.sub(x, y), 2))],
  ['hyperbolic-quotient', 'y / cosh(x)', (b, x, y) => b.mul(y, b.sech(x))],
  ['hyperbolic-quotient', '1 / sinh(x)^2', (b, x) => b.pow(b.csch(x), 2)],
  ['hyperbolic-quotient', 'y * sinh(x) / cosh(x)', (b, x, y) => b.mul(y, b.tanh(x))],
  ['sine-quotient', 'sin(x)^2 / x^2', (b, x) => b.pow(b.sphericalBessel(0, x), 2)],
  ['sine-quotient', 'sin(x) / x', (b, x) => b.sphericalBessel(0, x)],
  ['expm1-quotient', '(exp(x) - 1) / x', (b, x) => b.phi(1, x)],
  ['cosine-quotient', '(1 - cos(x)) / x^2', (b, x) => b.mul(0.5, b.pow(b.sphericalBessel(0, b.div(x, 2)), 2))],
];

// biome-ignore format: a table
const SIMPLE: readonly (readonly [rule: string, text: string, expected: Make])[] = [
  ['constant-factors', '2 * (3 * x)', (b, x) => b.mul(6, x)],
  ['constant-factors', '6 * (x / 3)', (b, x) => b.mul(2, x)],
  ['constant-factors', '2 * (3 / x)', (b, x) => b.div(6, x)],
  ['constant-quotients', '(6 * x) / 3', (b, x) => b.mul(2, x)],
  ['constant-quotients', '6 / (3 * x)', (b, x) => b.div(2, x)],
  ['constant-quotients', 'x / 4', (b, x) => b.mul(0.25, x)],
  ['sign-of-product', '(-x) * y', (b, x, y) => b.neg(b.mul(x, y))],
  ['sign-of-product', 'x / (-y)', (b, x, y) => b.neg(b.div(x, y))],
  ['sign-of-sum', '-(x - y)', (b, x, y) => b.sub(y, x)],
  ['sign-of-sum', '-(2 * x)', (b, x) => b.mul(-2, x)],
  ['negative-term', 'x + (-2) * y', (b, x, y) => b.sub(x, b.mul(2, y))],
  ['negative-term', 'x - (-2) * y', (b, x, y) => b.add(x, b.mul(2, y))],
  ['odd', 'sin(-x)', (b, x) => b.neg(b.sin(x))],
  ['even', 'cos(-x)', (b, x) => b.cos(x)],
  ['non-negative', 'abs(exp(x))', (b, x) => b.exp(x)],
  ['square-of-abs', 'abs(x) * abs(x)', (b, x) => b.mul(x, x)],
  ['same-condition', 'x > 0 ? (x > 0 ? y : z) : 1', (b, x, y) => b.select(b.lt(0, x), y, 1)],
  ['constant-quotients', 'x / 2.5', (b, x) => b.mul(0.4, x)],
  ['sinc', 'sin(x) / x', (b, x) => b.select(b.ne(x, 0), b.div(b.sin(x), x), 1)],
  ['exprel', '(exp(x) - 1) / x', (b, x) => b.select(b.ne(x, 0), b.div(b.expm1(x), x), 1)],
  ['small-power', 'x^2', (b, x) => b.mul(x, x)],
  ['small-power', 'x^5', (b, x) => b.mul(b.mul(b.mul(x, x), b.mul(x, x)), x)],
  ['small-power', 'x^-2', (b, x) => b.div(1, b.mul(x, x))],
  ['small-power', 'x^1.5', (b, x) => b.mul(x, b.sqrt(x))],
];

// biome-ignore format: a table
const UNTOUCHED = [
  'x / (sqrt(x) * sqrt(x))',
  'sqrt(x^2 + 1)', 'sqrt(x^2 - y^2)', 'sqrt(x^3)', 'exp(x) - 2', 'sqrt(2 + x) - 1', 'log(2 + x)', 'log(exp(x) - exp(y))',
  'log(x * y)', 'x * log(y)', 'x / y', 'y / (1 + x)', 'sin(x) / y', 'sin(x) / cos(x)', 'max(x, 0)', 'x^0.3', 'exp(x) + 1',
];

describe('stabilising rules', () => {
  it.each(STABLE)('%s: %s', (rule, text, expected) => {
    const { result, fired, wanted } = rewrite(text, STABILISE, expected);
    expect([...fired]).toContain(rule);
    expect(result).toBe(wanted);
  });

  it.each(STABLE_TENSORS)('%s: %s', (rule, _, formula, expected) => {
    const { result, fired, wanted } = rewriteTensors(formula, STABILISE, expected);
    expect([...fired]).toContain(rule);
    expect(result).toBe(wanted);
  });

  it('have an example each', () => {
    const examples = [...STABLE, ...STABLE_TENSORS].map(([rule]) => rule);
    expect(new Set(examples)).toEqual(new Set(STABILISE.map(rule => rule.name)));
  });

  it.each(UNTOUCHED)('leave %s alone', text => {
    expect([...rewrite(text, STABILISE).fired]).toEqual([]);
  });

  it.each(UNTOUCHED_TENSORS)('leave %s alone', (_, formula) => {
    expect([...rewriteTensors(formula, STABILISE).fired]).toEqual([]);
  });
});

describe('simplifying rules for tensors', () => {
  it.each(SIMPLE_TENSORS)('%s: %s', (rule, _, formula, expected) => {
    const { result, fired, wanted } = rewriteTensors(formula, SIMPLIFY, expected);
    expect([...fired]).toContain(rule);
    expect(result).toBe(wanted);
  });
});

/** The only way to write j0 and phi1 in the language. */
const QUOTIENTS = new Set(['sine-quotient', 'cancelling-difference', 'expm1-quotient']);

describe('simplifying rules', () => {
  it.each(SIMPLE)('%s: %s', (rule, text, expected) => {
    const { result, fired, wanted } = rewrite(
      text,
      [...SIMPLIFY, ...STABILISE.filter(each => QUOTIENTS.has(each.name))],
      expected,
    );
    expect([...fired]).toContain(rule);
    expect(result).toBe(wanted);
  });

  it('have an example each', () => {
    expect(new Set([...SIMPLE, ...SIMPLE_TENSORS].map(([rule]) => rule))).toEqual(
      new Set(SIMPLIFY.map(rule => rule.name)),
    );
  });

  it('are exact bit for bit where they say so', () => {
    const exact = new Set(SIMPLIFY.filter(rule => rule.exact).map(rule => rule.name));
    for (const [rule, text] of SIMPLE) {
      if (!exact.has(rule)) continue;
      const before = evaluator(parseFormula(text, {}).outputs[0].elements);
      const after = evaluator([rewrite(text, SIMPLIFY).result]);
      for (const x of [-2.3, -1, 0, 0.7, 3.1]) {
        const at = new Map([
          ['x', x],
          ['y', x * 1.7 - 0.3],
          ['z', 0.2],
        ]);
        expect(after(at)[0], `${text} at x = ${x}`).toBe(before(at)[0]);
      }
    }
  });
});

describe('rules about what is linear', () => {
  it.each(LINEAR_TENSORS)('%s: %s', (rule, _, formula, expected) => {
    const { result, fired, wanted } = rewriteTensors(formula, LINEAR, expected);
    expect([...fired]).toContain(rule);
    expect(result).toBe(wanted);
  });

  it('have an example each', () => {
    expect(new Set(LINEAR_TENSORS.map(([rule]) => rule))).toEqual(new Set(LINEAR.map(rule => rule.name)));
  });

  it.each(UNTOUCHED_LINEAR)('leave %s alone', (_, formula) => {
    expect([...rewriteTensors(formula, [...SIMPLIFY, ...LINEAR]).fired]).toEqual([]);
  });

  it('are exact bit for bit where they say so', () => {
    const exact = new Set(LINEAR.filter(rule => rule.exact).map(rule => rule.name));
    for (const [rule, text, formula] of LINEAR_TENSORS) {
      if (!exact.has(rule)) continue;
      const program = programOf(formula);
      const { result } = rewriteTensors(formula, LINEAR);
      const rewritten = { ...program, outputs: [{ name: 'f', shape: result.shape, elements: [result] }] };
      const inputs = valuesAt(3);
      expect(evaluate(rewritten, inputs).outputs, text).toEqual(evaluate(program, inputs).outputs);
    }
  });
});

describe('tensors: work moved to fewer elements', () => {
  it.each(MOVED)('%s', (_, formula, expected) => {
    const before = programOf(formula);
    const after = optimise(before, 2);
    expect(spelled(after.outputs[0].elements[0])).toBe(spelled(programOf(expected).outputs[0].elements[0]));
    expect(workOf(rootsOf(after))).toBeLessThanOrEqual(workOf(rootsOf(before)));
  });

  it.each(UNMOVED)('%s stays', (_, formula) => {
    const before = programOf(formula);
    const after = optimise(before, 2);
    expect(spelled(after.outputs[0].elements[0])).toBe(spelled(before.outputs[0].elements[0]));
  });
});

describe('tensors: both sides have one value', () => {
  const all = [...STABLE_TENSORS, ...LINEAR_TENSORS].map(([, text, ...sides]) => [text, ...sides] as const);
  it.each([...all, ...MOVED])('%s', (_, formula, expected) => {
    for (const seed of [1, 2, 3]) {
      const inputs = valuesAt(seed, true);
      const { f: left } = evaluate(programOf(formula), inputs).outputs;
      const { f: right } = evaluate(programOf(expected), inputs).outputs;
      const [p, q] = [left, right].map(value => (typeof value === 'number' ? [value] : Array.from(value)));
      expect(p.length).toBe(q.length);
      for (const [i, value] of p.entries()) {
        expect(Math.abs(value - q[i])).toBeLessThan(1e-12 * Math.max(1, Math.abs(value)));
      }
    }
  });
});

describe('optimisation', () => {
  const work = (roots: readonly Node[]) =>
    liveNodes(roots).reduce(
      (sum, node) => sum + (node.inputs.length > 0 ? (factsOf(node.op).cost ?? 1) : 0),
      0,
    );

  it('never makes a graph dearer', () => {
    fc.assert(
      fc.property(formulas(), text => {
        const program = parseFormula(text, {});
        for (const level of [1, 2] as const) {
          const optimised = optimise(program, level);
          expect(work(rootsOf(optimised))).toBeLessThanOrEqual(work(rootsOf(program)));
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  // biome-ignore format: a table
  it.each([
    ['a shared reciprocal', 'x / z + sin(y / z)', { div: 1 }],
    ['a shared exponential', 'exp(x) + exp(-x) * y', { exp: 1 }],
    ['a multiple of an exponent', 'exp(x) * y + exp(2 * x)', { exp: 1 }],
    ['a shared power', 'x^y + z * x^(y - 1)', { pow: 2, div: 1 }],
    ['a shared logarithm', 'xlogy(y, x) + log(x)', { xlogy: 0, log: 1 }],
    ['a common factor', 'x * y + x * z', { mul: 1, add: 1 }],
    ['a common denominator', '(x + 1) / z + y / z', { div: 1 }],
  ] as const)('%s', (_, text, counts) => {
    const program = optimise(parseFormula(text, {}), 2);
    for (const [op, count] of Object.entries(counts)) {
      expect(liveNodes(rootsOf(program)).filter(node => node.op === op).length, op).toBe(count);
    }
  });
});

it('a product of 50 factors has a gradient linear in 50', async () => {
  const { compile } = await import('../../src/index.ts');
  const text = Array.from({ length: 50 }, (_, i) => `x${i}`).join(' * ');
  const { stats } = compile(text);
  expect(stats.operations.valueAndGrad).toBeLessThanOrEqual(3 * 50);
});

it('a sum of 100,000 terms is matched in linear time', () => {
  const b = builder(new Graph());
  const x = b.graph.input('x');
  let sum: Node = x;
  for (let i = 0; i < 100_000; i++) sum = b.add(b.add(sum, b.mul(i + 2, x)), 1);
  const program = {
    ...parseFormula('x', {}),
    graph: b.graph,
    outputs: [{ name: 'value', shape: [], elements: [sum] }],
  };
  const start = performance.now();
  rebuilt(program, rewritingBuilder(freshGraph(program), STABILISE));
  expect(performance.now() - start).toBeLessThan(20_000); // quadratic would take minutes
});
