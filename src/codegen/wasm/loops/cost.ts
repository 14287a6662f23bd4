// Which loops run in lanes: of a nest of loops the one that makes the nest cheapest, by an estimate in units of an addition.

import { factsOf } from '../../../ir/ops.ts';
import { type Size, sameSize } from '../../../ir/size.ts';
import type { Block, Statement, Value } from '../../loops/values.ts';
import { strideOf } from './contents.ts';
import { type Candidate, giveUp } from './economy.ts';
import { mayJam } from './jam.ts';
import { type AnyLoop, type Lanes, lanesOf, type Surroundings } from './lanes.ts';
import { vectorForm } from './vector-forms.ts';

/** What a loop of a named size is taken to count: samples in an outermost loop, their features in others. */
const SAMPLES = 1000;
const FEATURES = 16;

/** What it takes to begin a loop. */
const START = 8;

/** Rows that go together. */
const ROWS = 4;

/** What it costs to wait for two stores. */
const ACROSS = 40;

/** What an access costs whose lanes lie apart, for each lane. */
const APART = 1.5;

export class Costs {
  readonly #around: Surroundings;
  readonly #lanes: number;
  readonly #inLanes = new Map<AnyLoop, Candidate>();
  readonly #known = new Map<Statement, number>();
  readonly #found = new Map<AnyLoop, Lanes | 'none'>();

  /** Decides about the loops of a function. */
  constructor(top: Block, around: Surroundings, lanes: number) {
    this.#around = around;
    this.#lanes = lanes;
    const total = this.#block(top);
    giveUp(top, this.#inLanes, total, countOf);
  }

  /** What becomes of a loop that is to run in lanes; undefined if it is not. */
  inLanes(loop: AnyLoop): Lanes | undefined {
    return this.#inLanes.get(loop)?.lanes;
  }

  /** What becomes of a loop inside of one in lanes, if it is to have its own iterations in the lanes. */
  jam(outer: Lanes, inner: AnyLoop): Lanes | undefined {
    return this.#jammed(inner, outer) < this.#inner(inner, outer) ? this.#lanesOf(inner) : undefined;
  }

  /** How many vectors a loop should take at a time: a sum waits for its last addition, so short loops take several. */
  copiesOf(lanes: Lanes): number {
    const { body } = lanes.loop;
    const inner = lanes.contents.statements.filter(statement => statement.kind === 'loop');
    if (inner.some(loop => this.jam(lanes, loop) !== undefined)) return ROWS / this.#lanes;
    if (inner.length > 0) return 2;
    const cost = this.#blockInLanes(body, lanes);
    if (lanes.sums.size === 0) return cost <= 12 ? 2 : 1;
    return cost <= 8 ? 4 : cost <= 40 ? 2 : 1;
  }

  /** One iteration after the other. */
  #block({ statements }: Block): number {
    return statements.reduce((sum, statement) => sum + this.#statement(statement), 0);
  }

  #statement(statement: Statement): number {
    switch (statement.kind) {
      case 'define':
        return statement.value.uses === 0 ? 0 : costOf(statement.value);
      case 'store':
        return statement.combine === '=' ? 1 : 3;
      case 'if': {
        const { then, otherwise } = statement;
        return 1 + this.#block(then) + (otherwise === undefined ? 0 : this.#block(otherwise));
      }
      case 'loop':
      case 'rows':
        return this.#loop(statement);
      case 'blocks':
        return this.#block(statement.body);
      default:
        return 1;
    }
  }

  /** The cost of a loop as it runs; decides how that is. */
  #loop(loop: AnyLoop): number {
    const known = this.#known.get(loop);
    if (known !== undefined) return known;
    const count = countOf(loop);
    const one = this.#block(loop.body) + 1;
    let cost = START + count * one;
    const lanes = count < this.#lanes ? undefined : this.#lanesOf(loop);
    if (lanes !== undefined) {
      const vectors = Math.floor(count / this.#lanes);
      const isNest = lanes.contents.statements.some(({ kind }) => kind === 'loop');
      const step = isNest ? this.#lanes * this.copiesOf(lanes) : this.#lanes; // or one vector at a time at last
      const rest = typeof loop.variable.size === 'number' ? count % this.#lanes : (step - 1) / 2;
      const vector = this.#blockInLanes(loop.body, lanes) + 1;
      // Several vectors at a time, one at a time, and what is left; the lanes of sums put together.
      const start = (typeof loop.variable.size === 'number' ? 2 : 3) * START;
      const inLanes = start + lanes.sums.size * (4 + 2 * this.#lanes) + vectors * vector + rest * one;
      if (inLanes < cost) {
        this.#inLanes.set(loop, { lanes, saved: cost - inLanes });
        cost = inLanes;
      }
    }
    this.#known.set(loop, cost);
    return cost;
  }

  #lanesOf(loop: AnyLoop): Lanes | undefined {
    let found = this.#found.get(loop);
    if (found === undefined) {
      found = lanesOf(loop, this.#around) ?? 'none';
      this.#found.set(loop, found);
    }
    return found === 'none' ? undefined : found;
  }

  /** As many iterations as there are lanes. */
  #blockInLanes({ statements }: Block, lanes: Lanes): number {
    return statements.reduce((sum, statement) => sum + this.#inLanesOf(statement, lanes), 0);
  }

  #inLanesOf(statement: Statement, lanes: Lanes): number {
    switch (statement.kind) {
      case 'define':
        return statement.value.uses === 0 ? 0 : this.#valueInLanes(statement.value, lanes);
      case 'store': {
        const access = statement.combine === '=' ? 1 : 3;
        const use = lanes.arrays.get(statement.array);
        if (use !== 'rows') return access;
        const stride = strideOf(statement.place, statement.base, lanes.variables);
        return access * this.#spread(stride) + (stride === 1 && isAcross(statement, lanes) ? ACROSS : 0);
      }
      case 'if': {
        const { then, otherwise } = statement;
        const sides = this.#blockInLanes(then, lanes);
        return 2 + sides + (otherwise === undefined ? 0 : this.#blockInLanes(otherwise, lanes));
      }
      case 'loop':
        return Math.min(this.#inner(statement, lanes), this.#jammed(statement, lanes));
      default:
        return 1;
    }
  }

  /** An inner loop, one iteration of it for all lanes. */
  #inner(loop: AnyLoop, lanes: Lanes): number {
    return START + countOf(loop) * (1 + this.#blockInLanes(loop.body, lanes));
  }

  /** The same with its own iterations in the lanes, for as many rows as there are lanes; infinite if it may not be so. */
  #jammed(loop: AnyLoop, outer: Lanes): number {
    const inner = this.#lanesOf(loop);
    if (inner === undefined || !mayJam(inner, outer)) return Number.POSITIVE_INFINITY;
    const count = countOf(loop);
    const vectors = Math.floor(count / this.#lanes);
    let one = 1;
    for (const statement of loop.body.statements) {
      if (statement.kind === 'define') {
        const cost = this.#valueInLanes(statement.value, inner);
        one += cost * (outer.varying.has(statement.value) ? this.#lanes : this.#lanes / ROWS);
      } else if (statement.kind === 'store' && outer.arrays.get(statement.array) === 'sums') {
        one += this.#lanes * (1 + 2 / ROWS);
      } else one += this.#lanes * (statement.kind === 'store' && statement.combine !== '=' ? 3 : 1);
    }
    const rest = (count % this.#lanes) * (1 + this.#blockInLanes(loop.body, outer));
    // Each row begins a loop of its own where there are sums, and puts their lanes together.
    const perRow = inner.sums.size === 0 ? 0 : START + 2 * this.#lanes * inner.sums.size;
    return 2 * START + this.#lanes * perRow + vectors * one + rest;
  }

  #valueInLanes(value: Value, lanes: Lanes): number {
    if (!lanes.varying.has(value)) return costOf(value);
    const { expression } = value;
    if (expression.kind === 'load') {
      if (lanes.arrays.get(expression.array) === 'private' || lanes.packs.has(value)) return 1;
      return this.#spread(strideOf(expression.place, expression.base, lanes.variables));
    }
    if (expression.kind === 'apply' && vectorForm(expression.node) === undefined)
      return this.#lanes * (costOf(value) + 3);
    return costOf(value);
  }

  /** How many accesses one in all lanes is worth. */
  #spread(stride: Size): number {
    return stride === 1 || stride === 0 || stride === -1 ? 1 : APART * this.#lanes;
  }
}

/**
 * True for a store that adds to elements of which another statement has just stored some: a vector of them is not there
 * before both stores are complete.
 */
function isAcross(statement: Extract<Statement, { kind: 'store' }>, { contents }: Lanes): boolean {
  if (statement.combine === '=') return false;
  const { array, place } = statement;
  return contents.accesses.some(
    other =>
      other.array === array &&
      other.combine !== undefined &&
      other.place !== undefined &&
      other.place !== place &&
      !sameSize(other.place.constant, place.constant),
  );
}

function countOf({ variable: { size }, body }: AnyLoop): number {
  if (typeof size === 'number') return size;
  return body.depth === 1 ? SAMPLES : FEATURES;
}

/** What it costs to compute a value from its parts. */
function costOf({ expression }: Value): number {
  switch (expression.kind) {
    case 'apply':
      return factsOf(expression.node.op).cost ?? 1;
    case 'sum':
      return expression.operands.length - 1;
    case 'choose':
      return 2;
    case 'integer':
      return 0.5;
    case 'position':
      return 6;
    case 'number':
    case 'size':
    case 'known':
    case 'local':
      return 0;
    default:
      return 1;
  }
}
