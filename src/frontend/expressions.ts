// What operators, literals, ranges and indices make of the values of their operands, and what functions make of their
// arguments: the tables of functions.ts, applied. A mistake is reported here; its value is `undefined`.

import type { Related, Span } from '../errors.ts';
import { ShapeError } from '../ir/shapes.ts';
import { applied } from './apply.ts';
import type {
  AccessorNode,
  ArrayNode,
  Ast,
  ConditionalNode,
  OperatorNode,
  RangeNode,
  RelationalNode,
} from './ast.ts';
import { conditional } from './conditional.ts';
import type { Diagnostics } from './diagnostics.ts';
import { FUNCTIONS } from './functions.ts';
import { indexed, pick } from './indexing.ts';
import { within } from './limits.ts';
import { arrayOf, constantArray, constantsIn } from './literals.ts';
import { Call, Mistake, type Operand, type Surroundings, UndecidedShape } from './mistakes.ts';
import { percentageOf } from './postorder.ts';
import { rangeOf } from './ranges.ts';
import { isNode, isScalarNode, type Present, toReal, type Value } from './values.ts';

export class Expressions {
  readonly #around: Surroundings;
  readonly #diagnostics: Diagnostics;
  /** The calls of functions of the file that are being lowered, as notes of a mistake in them. */
  readonly #sites: () => readonly Related[];

  constructor(around: Surroundings, diagnostics: Diagnostics, sites: () => readonly Related[]) {
    this.#around = around;
    this.#diagnostics = diagnostics;
    this.#sites = sites;
  }

  /** The function or operator `name`, which exists, of the values of `nodes`; their number is one it takes. */
  apply(
    name: string,
    span: Span,
    nodes: readonly Ast[],
    values: readonly Value[],
    texts: readonly string[] = [],
  ): Value {
    const facts = FUNCTIONS.get(name)!;
    if (facts.numbers !== undefined && values.every(isScalarNode)) {
      this.#hintOfMask(name, values, span);
      const { b } = this.#around;
      return facts.numbers(b, facts.masks ? values : values.map(x => toReal(b, x)));
    }
    const call = this.callOf(name, span, nodes, values, texts);
    if (call === undefined) return undefined;
    this.#hintOfMask(name, values, span);
    return this.attempt(span, () => applied(facts, call));
  }

  /** The call of `name` with these values; undefined if one of them is an error. */
  callOf(
    name: string,
    span: Span,
    nodes: readonly Ast[],
    values: readonly Value[],
    texts: readonly string[] = [],
  ): Call | undefined {
    const operands: Operand[] = [];
    for (const [at, value] of values.entries()) {
      if (value === undefined) return undefined;
      operands.push({ value, node: nodes[at] });
    }
    return new Call(this.#around, name, span, operands, texts);
  }

  /** What `build` makes; a mistake that it throws is reported, with `span` if it has no place of its own. */
  attempt<T>(span: Span, build: () => T): T | undefined {
    try {
      return build();
    } catch (error) {
      if (error instanceof UndecidedShape) return undefined;
      const mistake = error instanceof ShapeError ? shapeMistake(error, span) : error;
      if (!(mistake instanceof Mistake)) throw error;
      const related = [...(mistake.details.related ?? []), ...this.#sites()];
      this.#diagnostics.error(mistake.code, mistake.message, mistake.span, {
        ...mistake.details,
        ...(related.length > 0 && { related }),
      });
      return undefined;
    }
  }

  operator(node: OperatorNode, values: readonly Value[]): Value {
    const { fn, op, span, args } = node;
    if (!FUNCTIONS.has(fn)) {
      this.#diagnostics.error('syntax', `\`${op}\` has no meaning here`, span);
      return undefined;
    }
    const percentage = percentageOf(node);
    if (percentage === undefined) return this.apply(fn, span, args, values);
    const part = this.apply('multiply', span, percentage, values);
    return this.apply(fn, span, percentage, [values[0], part]);
  }

  /** `a < b < c` is `a < b and b < c`. */
  relational({ conditionals, params, span }: RelationalNode, values: readonly Value[]): Value {
    const pairs = conditionals.map((name, i) =>
      this.apply(name, span, params.slice(i, i + 2), values.slice(i, i + 2)),
    );
    return pairs.reduce((p, q) => this.apply('and', span, params, [p, q]));
  }

  conditional({ condition, trueExpr, falseExpr, span }: ConditionalNode, values: readonly Value[]): Value {
    const call = this.callOf('conditional', span, [condition, trueExpr, falseExpr], values);
    return call && this.attempt(span, () => conditional(call));
  }

  array(node: ArrayNode, items: readonly Value[]): Value {
    const { b } = this.#around;
    const constants = constantsIn(node);
    if (constants !== undefined) return constantArray(b, constants);
    const known = items.filter(item => item !== undefined);
    if (known.length < items.length) return undefined;
    return this.attempt(node.span, () => within(node.span, arrayOf(b, known, node.span)));
  }

  range({ start, step, end, span }: RangeNode, values: readonly Value[]): Value {
    const nodes = step === undefined ? [start, end] : [start, step, end];
    const call = this.callOf('range', span, nodes, values);
    if (call === undefined) return undefined;
    const [first, second, last = second] = call.operands;
    return this.attempt(span, () => within(span, rangeOf(call, first, last, step && second)));
  }

  accessor({ object, index, span }: AccessorNode, values: readonly Value[]): Value {
    const nodes = [object, ...index.dimensions];
    // What it is an index of comes first: where there is no array or no such dimension, `end` has no value.
    const target = this.callOf('index', span, nodes, values.slice(0, 1));
    if (target === undefined) return undefined;
    return this.attempt(span, (): Present | undefined => {
      indexed(target, index.dimensions.length);
      const call = this.callOf('index', span, nodes, values);
      return call && within(span, pick(call));
    });
  }

  #hintOfMask(name: string, values: readonly Value[], span: Span): void {
    if (name !== 'multiply' && name !== 'dotMultiply') return;
    const nodes = values.filter(isNode);
    if (nodes.every(x => x.dtype === 'bool') || !nodes.some(x => x.dtype === 'bool')) return;
    this.#diagnostics.hint(
      'mask-factor',
      'a condition as a factor is 0 or 1, and 0 times infinity is NaN',
      span,
      {
        hints: ['write where(condition, a, b), whose derivative takes the chosen side only'],
      },
    );
  }
}

/** What no function has foreseen. */
function shapeMistake({ message, hint }: ShapeError, span: Span): Mistake {
  return new Mistake('shape-mismatch', message, span, hint === undefined ? {} : { hints: [hint] });
}
