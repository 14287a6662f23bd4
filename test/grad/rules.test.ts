// Every row of the calculus against extrapolated differences of the operation's numeric meaning, forward mode against
// reverse mode, order two, and a mutation check: a flipped sign in any row is noticed, and the operation named.

import { describe, expect, it } from 'vitest';
import { masked } from '../../src/grad/flow.ts';
import { pushforward } from '../../src/grad/forward.ts';
import { pullback } from '../../src/grad/reverse.ts';
import { type Contribution, calculus, type Partial, type Rule, type Rules } from '../../src/grad/rules.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluator } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { factsOf, type OpName } from '../../src/ir/ops.ts';
import { difference, generator } from '../differences.ts';
import { DOMAINS, type Domain } from '../domains.ts';

const OPERATIONS = (Object.keys(DOMAINS) as (keyof typeof DOMAINS)[]).filter(op => DOMAINS[op] !== null);
const POINTS = 12;

interface Case {
  readonly op: OpName;
  readonly order: number | undefined;
  readonly domain: Domain;
}

const CASES: Case[] = OPERATIONS.flatMap(op => {
  const domain = DOMAINS[op]!;
  return (domain.orders ?? [undefined]).map(order => ({ op, order, domain }));
});

/** out = op(x0, x1, ...) on a graph of its own. */
function formula({ op, order, domain }: Case): { b: Builder; inputs: Node[]; out: Node } {
  const b = builder(new Graph());
  const inputs = domain.ranges.map((_, i) => b.graph.input(`x${i}`));
  return { b, inputs, out: b.make(op, inputs, order === undefined ? undefined : { order }) };
}

function points({ domain }: Case): number[][] {
  const random = generator(domain.ranges.length * 7919 + 17);
  return Array.from({ length: POINTS }, () =>
    domain.ranges.map(([low, high]) => low + (high - low) * random()),
  );
}

/** Values of nodes at a point; null counts as 0. */
function valuesAt(nodes: readonly (Node | null)[], x: readonly number[], b: Builder): number[] {
  const at = evaluator(nodes.map(node => node ?? b.constant(0)));
  return [...at(new Map(x.map((value, i) => [`x${i}`, value])))];
}

/** Which inputs may have a derivative: a select is not differentiated by its condition. */
function differentiable({ op, domain }: Case): number[] {
  return domain.ranges.map((_, i) => i).filter(i => !(op === 'select' && i === 0));
}

function meaning({ op, order }: Case, x: readonly number[]): number {
  const { evaluate } = factsOf(op);
  return order === undefined ? evaluate(...x) : evaluate(...x, order);
}

function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  if (!(error <= tolerance))
    throw new Error(`${what}: ${actual} instead of ${expected}, relative error ${error}`);
}

/** First derivatives by reverse mode under `rules`, against differences of the operation itself. */
function checkFirst(each: Case, rulesOf: (b: Builder) => Rules): void {
  const { b, inputs, out } = formula(each);
  const adjoints = pullback(b, rulesOf(b))([{ node: out, adjoint: b.constant(1) }], () => true);
  for (const x of points(each)) {
    const gradient = valuesAt(
      inputs.map(input => adjoints.get(input) ?? null),
      x,
      b,
    );
    for (const i of differentiable(each)) {
      const expected = difference(xi => meaning(each, x.with(i, xi)), x[i], 0.03);
      expectClose(
        gradient[i],
        expected,
        each.domain.tolerance ?? 1e-8,
        `${each.op}, input ${i} at ${x.join(', ')}`,
      );
    }
  }
}

/** Second derivatives: the derivative of the derivative, against differences of the derivative. */
function checkSecond(each: Case): void {
  const { b, inputs, out } = formula(each);
  const pull = pullback(b, calculus(b));
  const one = b.constant(1);
  const adjoints = pull([{ node: out, adjoint: one }], () => true);
  for (const i of differentiable(each)) {
    const first = adjoints.get(inputs[i]);
    if (first === undefined) continue;
    const second = pull([{ node: first, adjoint: one }], () => true);
    const at = evaluator([first]);
    for (const x of points(each)) {
      const row = valuesAt(
        inputs.map(input => second.get(input) ?? null),
        x,
        b,
      );
      for (const j of differentiable(each)) {
        const slope = (xj: number) => at(new Map(x.with(j, xj).map((value, k) => [`x${k}`, value])))[0];
        const tolerance = 100 * (each.domain.tolerance ?? 1e-9);
        expectClose(
          row[j],
          difference(slope, x[j], 0.03),
          tolerance,
          `${each.op}, inputs ${i} and ${j} at ${x.join(', ')}`,
        );
      }
    }
  }
}

const titled = (each: Case) =>
  [each.order === undefined ? each.op : `${each.op} ${each.order}`, each] as const;

describe('a row of the calculus', () => {
  it.each(CASES.map(titled))('%s: first derivative', (_, each) => checkFirst(each, calculus));
  it.each(CASES.map(titled))('%s: second derivative', (_, each) => checkSecond(each));

  it.each(CASES.map(titled))('%s: forward mode agrees with reverse mode', (_, each) => {
    const { b, inputs, out } = formula(each);
    const rules = calculus(b);
    const adjoints = pullback(b, rules)([{ node: out, adjoint: b.constant(1) }], () => true);
    const seed = { value: b.constant(1), guard: null };
    const tangents = inputs.map(input => {
      const [flow] = pushforward(b, rules)(new Map([[input, seed]]), [out]);
      return flow && masked(b, flow);
    });
    for (const x of points(each)) {
      const reverse = valuesAt(
        inputs.map(input => adjoints.get(input) ?? null),
        x,
        b,
      );
      expect(valuesAt(tangents, x, b)).toEqual(reverse);
    }
  });
});

describe('a flipped sign is noticed', () => {
  const flippedRule = (b: Builder, rule: Rule, index: number): Rule => {
    const flip = (contribution: Contribution): Contribution => {
      if (contribution === null) return null;
      return 'mask' in contribution
        ? { mask: contribution.mask, value: b.neg(contribution.value) }
        : b.neg(contribution);
    };
    if (rule.kind === 'variadic') {
      return { kind: 'variadic', partial: (g, x, out, i) => flip(rule.partial(g, x, out, i)) };
    }
    if (rule.kind !== 'elementwise') return rule;
    const partial = rule.partials[index];
    const flipped: Partial | null = partial && ((g, x, out) => flip(partial(g, x, out)));
    return { kind: 'elementwise', partials: rule.partials.with(index, flipped) };
  };

  const rows = CASES.flatMap(each => {
    const { b } = formula(each);
    const rule = calculus(b)[each.op];
    if (rule.kind !== 'variadic' && rule.kind !== 'elementwise') return [];
    const count = rule.kind === 'variadic' ? 1 : rule.partials.length;
    return Array.from({ length: count }, (_, i) => i)
      .filter(i => rule.kind === 'variadic' || rule.partials[i] !== null)
      .map(i => [`${each.op}${each.order ?? ''}, partial ${i}`, each, i] as const);
  });

  it.each(rows)('%s', (_, each, index) => {
    const mutated = (b: Builder): Rules => {
      const rules = calculus(b);
      return { ...rules, [each.op]: flippedRule(b, rules[each.op], index) };
    };
    // A select shows each branch at a condition of its own.
    const seen =
      each.op === 'select' && index === 2
        ? { ...each, domain: { ranges: [[0, 0], ...each.domain.ranges.slice(1)] as Domain['ranges'] } }
        : each;
    expect(() => checkFirst(seen, mutated)).toThrow(each.op);
  });
});
