// Every row of the calculus that is not elementwise, and the elementwise ones with operands that broadcast: against
// extrapolated differences along random directions of the reference evaluator, forward mode against reverse mode, order
// two, the blocks of the Jacobian, and a mutation check: a flipped sign in any row is noticed, and the operation named.

import { describe, expect, it } from 'vitest';
import { blockOf } from '../../src/grad/blocks.ts';
import { type Flow, masked } from '../../src/grad/flow.ts';
import { pushforward } from '../../src/grad/forward.ts';
import { repeated } from '../../src/grad/maps.ts';
import { pullback } from '../../src/grad/reverse.ts';
import { type Contribution, calculus, type Rule, type Rules } from '../../src/grad/rules.ts';
import { structuredPushforward } from '../../src/grad/structured.ts';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import type { OpName } from '../../src/ir/ops.ts';
import { nodesOfTerms } from '../../src/ir/terms.ts';
import { difference, generator } from '../differences.ts';
import { DOMAINS, type Domain, SAMPLES, type Sample } from '../domains.ts';
import { scattered } from '../terms.ts';
import { countIn, dot, type Formula, formulaOf, type Point, valuesAt } from './tensors.ts';

const POINTS = 3;

interface Case {
  readonly op: OpName;
  readonly title: string;
  readonly shapes: readonly (readonly number[])[];
  readonly build: (b: Builder, ...x: Node[]) => Node;
  /** The range of each input. */
  readonly ranges: Domain['ranges'];
  readonly tolerance: number;
  /** Which inputs have a derivative. */
  readonly active: readonly number[];
}

const CASES: Case[] = [
  ...Object.entries(SAMPLES).flatMap(([op, samples]) =>
    (samples ?? []).map(each => sampled(op as OpName, each)),
  ),
  ...Object.entries(DOMAINS).flatMap(([op, domain]) =>
    domain === null ? [] : broadcast(op as OpName, domain),
  ),
];

function sampled(op: OpName, { shapes, attrs, index }: Sample): Case {
  const build = (b: Builder, ...x: Node[]) =>
    b.graph.intern(op, index === undefined ? x : [...x, b.array(index.values, index.shape)], attrs);
  const title = `${op} ${shapes.map(shape => `[${shape}]`).join(' ')} ${JSON.stringify(attrs ?? {})}`;
  const ranges = shapes.map(() => [-3, 3] as const);
  return { op, title, shapes, build, ranges, tolerance: 1e-8, active: [...shapes.keys()] };
}

/** The operation over shapes that broadcast. */
function broadcast(op: OpName, { ranges, orders, tolerance = 1e-8 }: Domain): Case[] {
  const combinations =
    ranges.length === 1
      ? [[[2, 3]]]
      : [
          [[2, 3], [3], []],
          [[], [3], [2, 1]],
          [[3], [2, 1], [2, 3]],
        ];
  return combinations.map(shapes => {
    const own = shapes.slice(0, ranges.length);
    return {
      op,
      title: `${op} ${own.map(shape => `[${shape}]`).join(' ')}`,
      shapes: own,
      build: (b, ...x) => b.graph.intern(op, x, orders && { order: orders[0] }),
      ranges,
      tolerance,
      active: [...own.keys()].filter(i => !(op === 'select' && i === 0)),
    };
  });
}

/** Elements that keep a distance from each other: no ties, and none within a step of a difference. */
function pointsOf({ shapes, ranges }: Case): Point[] {
  const random = generator(shapes.length * 7919 + 17);
  return Array.from({ length: POINTS }, () => {
    const point: Record<string, number[]> = {};
    for (const [i, shape] of shapes.entries()) {
      const [low, high] = ranges[i];
      const count = countIn(shape);
      const order = Array.from({ length: count }, (_, k) => k).sort(() => random() - 0.5);
      point[`x${i}`] = order.map(k => low + ((high - low) * (k + 0.35 + 0.3 * random())) / count);
    }
    return point;
  });
}

function directionOf(shape: readonly number[], seed: number): number[] {
  const random = generator(seed);
  return Array.from({ length: countIn(shape) }, () => random() - 0.5);
}

class Check {
  readonly #case: Case;
  readonly #formula: Formula;
  readonly #shapes: Record<string, readonly number[]>;
  readonly #rules: Rules;

  constructor(each: Case, rulesOf: (b: Builder) => Rules = calculus) {
    this.#case = each;
    this.#formula = formulaOf(each.shapes, each.build);
    this.#shapes = Object.fromEntries(each.shapes.map((shape, i) => [`x${i}`, shape]));
    this.#rules = rulesOf(this.#formula.b);
  }

  /** Adjoints of the active inputs for the sum of `node` weighted by `c`. */
  #pull(node: Node, c: readonly number[]): Node[] {
    const { b, inputs } = this.#formula;
    const adjoint = this.#array(c, node.shape as readonly number[]);
    const adjoints = pullback(b, this.#rules)([{ node, adjoint }], () => true);
    return this.#case.active.map(i => adjoints.get(inputs[i]) ?? b.broadcast(0, inputs[i].shape));
  }

  #array(elements: readonly number[], shape: readonly number[]): Node {
    return this.#formula.b.array(elements, shape);
  }

  #values(nodes: readonly Node[], point: Point): number[][] {
    return valuesAt(nodes, point, this.#shapes);
  }

  /** The weighted sum `c . node` along the line point + s direction. */
  #slope(node: Node, c: readonly number[], point: Point, i: number, direction: readonly number[]): number {
    const along = (s: number) => {
      const moved = { ...point, [`x${i}`]: point[`x${i}`].map((value, k) => value + s * direction[k]) };
      return dot(c, this.#values([node], moved)[0]);
    };
    return difference(along, 0, 0.03);
  }

  #expectClose(actual: number, expected: number, tolerance: number, what: string): void {
    const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
    if (!(error <= tolerance)) {
      throw new Error(
        `${this.#case.title}, ${what}: ${actual} instead of ${expected}, relative error ${error}`,
      );
    }
  }

  /** Reverse mode against differences of the operation itself. */
  first(): void {
    const { out } = this.#formula;
    const c = directionOf(out.shape as readonly number[], 3);
    const adjoints = this.#pull(out, c);
    for (const [k, { shape }] of adjoints.entries()) {
      expect(shape).toEqual(this.#case.shapes[this.#case.active[k]]);
    }
    for (const point of pointsOf(this.#case)) {
      const gradients = this.#values(adjoints, point);
      for (const [k, i] of this.#case.active.entries()) {
        const direction = directionOf(this.#case.shapes[i], 5 + i);
        const expected = this.#slope(out, c, point, i, direction);
        this.#expectClose(dot(gradients[k], direction), expected, this.#case.tolerance, `input ${i}`);
      }
    }
  }

  /** Forward mode against reverse mode. */
  forward(): void {
    const { b, inputs, out } = this.#formula;
    const c = directionOf(out.shape as readonly number[], 3);
    const adjoints = this.#pull(out, c);
    for (const [k, i] of this.#case.active.entries()) {
      const direction = directionOf(this.#case.shapes[i], 5 + i);
      const seed: Flow = { value: this.#array(direction, this.#case.shapes[i]), guard: null };
      const [flow] = pushforward(b, this.#rules)(new Map([[inputs[i], seed]]), [out]);
      const tangent = flow === null ? b.broadcast(0, out.shape) : repeated(b, masked(b, flow), out.shape);
      expect(tangent.shape).toEqual(out.shape);
      for (const point of pointsOf(this.#case)) {
        const [pushed, pulled] = this.#values([tangent, adjoints[k]], point);
        this.#expectClose(dot(c, pushed), dot(pulled, direction), 1e-12, `forward mode, input ${i}`);
      }
    }
  }

  /** Order two: reverse over reverse against differences of the first derivative. */
  second(): void {
    const { out } = this.#formula;
    const adjoints = this.#pull(out, directionOf(out.shape as readonly number[], 3));
    for (const [k, first] of adjoints.entries()) {
      const c = directionOf(first.shape as readonly number[], 7 + k);
      const seconds = this.#pull(first, c);
      for (const point of pointsOf(this.#case)) {
        const rows = this.#values(seconds, point);
        for (const [l, j] of this.#case.active.entries()) {
          const direction = directionOf(this.#case.shapes[j], 11 + j);
          const expected = this.#slope(first, c, point, j, direction);
          const what = `inputs ${this.#case.active[k]} and ${j}`;
          this.#expectClose(dot(rows[l], direction), expected, 100 * this.#case.tolerance, what);
        }
      }
    }
  }

  /** Blocks by identity seeds: of the operation against reverse mode, of its adjoint against reverse over reverse. */
  blocks(): void {
    const { inputs, out } = this.#formula;
    const adjoints = this.#pull(out, directionOf(out.shape as readonly number[], 3));
    for (const i of this.#case.active) {
      for (const node of [out, ...adjoints]) this.#block(node, inputs[i], this.#case.active.indexOf(i));
    }
  }

  #block(node: Node, input: Node, k: number): void {
    const { b } = this.#formula;
    const [tangent] = structuredPushforward(b, this.#rules, () => true)(input, [node]);
    const { value: block, terms } = blockOf(b, tangent, node, input) ?? {
      value: b.broadcast(0, [...node.shape, ...input.shape]),
      terms: [],
    };
    expect(block.shape).toEqual([...node.shape, ...input.shape]);
    const [p, m] = [countIn(input.shape), countIn(node.shape)];
    const c = directionOf(node.shape as readonly number[], 13);
    const adjoint = this.#pull(node, c)[k];
    for (const point of pointsOf(this.#case)) {
      const [entries, expected, ...parts] = this.#values([block, adjoint, ...nodesOfTerms(terms)], point);
      const sum = scattered(terms, parts, block.shape as readonly number[]);
      for (const [at, entry] of entries.entries()) {
        this.#expectClose(sum[at], entry, 1e-12, `terms of the block of ${node.op}, element ${at}`);
      }
      for (let column = 0; column < p; column++) {
        const ownColumn = Array.from({ length: m }, (_, row) => entries[row * p + column]);
        this.#expectClose(
          dot(c, ownColumn),
          expected[column],
          1e-11,
          `block of ${node.op}, column ${column}`,
        );
      }
    }
  }
}

const titled = (each: Case) => [each.title, each] as const;

describe('a row of the calculus over tensors', () => {
  it.each(CASES.map(titled))('%s: first derivative', (_, each) => new Check(each).first());
  it.each(CASES.map(titled))('%s: forward mode agrees with reverse mode', (_, each) =>
    new Check(each).forward(),
  );
  it.each(CASES.map(titled))('%s: second derivative', (_, each) => new Check(each).second());
  it.each(CASES.map(titled))('%s: blocks', (_, each) => new Check(each).blocks());
});

describe('a flipped sign is noticed', () => {
  const flip = (b: Builder, contribution: Contribution): Contribution => {
    if (contribution === null) return null;
    return 'mask' in contribution
      ? { mask: contribution.mask, value: b.neg(contribution.value) }
      : b.neg(contribution);
  };
  /** The rules with one sign of the row flipped, in each of the ways there are. */
  const MUTATIONS: Readonly<Record<string, (b: Builder, rule: Rule) => Rule>> = {
    pull: (b, rule) =>
      rule.kind === 'linear' ? { ...rule, pull: (g, out, i) => flip(b, rule.pull(g, out, i)) } : rule,
    push: (b, rule) =>
      rule.kind === 'linear' && rule.push
        ? { ...rule, push: (t, out, i, lead) => b.neg(rule.push!(t, out, i, lead)) }
        : rule,
    product: (b, rule) =>
      rule.kind === 'bilinear' ? { ...rule, product: (text, x, y) => b.neg(rule.product(text, x, y)) } : rule,
    weights: (b, rule) => {
      if (rule.kind !== 'weighted') return rule;
      const partial: typeof rule.partial = (g, x, out, axes) => flip(b, rule.partial(g, x, out, axes));
      return { ...rule, partial };
    },
    scan: (b, rule) => {
      if (rule.kind !== 'scan') return rule;
      const partial: typeof rule.partial = (g, x, scan) => flip(b, rule.partial(g, x, scan));
      return { ...rule, partial };
    },
  };

  const rows = Object.entries(SAMPLES).flatMap(([op, samples]) => {
    if (samples === null) return [];
    const { b } = formulaOf([], builder => builder.constant(0));
    const rule = calculus(b)[op as OpName];
    return Object.entries(MUTATIONS)
      .filter(([, mutate]) => mutate(b, rule) !== rule)
      .map(([kind, mutate]) => [`${op}, ${kind}`, sampled(op as OpName, samples[0]), mutate] as const);
  });

  it.each(rows)('%s', (_, each, mutate) => {
    const mutated = (b: Builder): Rules => {
      const rules = calculus(b);
      return { ...rules, [each.op]: mutate(b, rules[each.op]) };
    };
    expect(() => {
      new Check(each, mutated).first();
      new Check(each, mutated).forward();
      new Check(each, mutated).blocks();
    }).toThrow(each.op);
  });

  it('every row that has a derivative is among them', () => {
    const { b } = formulaOf([], builder => builder.constant(0));
    const kinds = Object.keys(SAMPLES).filter(op => calculus(b)[op as OpName].kind !== 'constant');
    expect(new Set(rows.map(([, each]) => each.op))).toEqual(new Set(kinds));
  });
});
