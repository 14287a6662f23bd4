// What the functions of the language are called with, and how they say that they cannot be: they throw a `Mistake`, which
// the lowering reports at its place. Shapes that do not fit are shown with the operands, their shapes, and the lines
// that these come from.

import { lineAndColumn, type Span } from '../errors.ts';
import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { type Size, sizeText, subtractSizes } from '../ir/size.ts';
import type { Ast } from './ast.ts';
import type { Details } from './diagnostics.ts';
import { type Present, rankOf, shapeOf, toNode, toReal } from './values.ts';

/** Thrown for a mistake of the user while a value is built; never leaves the front end. */
export class Mistake extends Error {
  override readonly name = 'Mistake';
  readonly code: string;
  readonly span: Span;
  readonly details: Details;

  constructor(code: string, message: string, span: Span, details: Details = {}) {
    super(message);
    this.code = code;
    this.span = span;
    this.details = details;
  }
}

/** Thrown for an undeclared input that is used as an array: its shape is decided elsewhere, or it is reported. */
export class UndecidedShape extends Error {
  override readonly name = 'UndecidedShape';
}

/** A value and the text it comes from. */
export interface Operand {
  readonly value: Present;
  readonly node: Ast;
}

/** What a call can ask of the formula around it. */
export interface Surroundings {
  readonly b: Builder;
  readonly source: string;
  /** Where the name `node` was given its value: a declaration or an assignment. */
  originOf(node: Ast): Span | undefined;
  /** If `value` is an undeclared input, notes that it is an array, of this shape if that is known; true. */
  decide(value: Present, rank: number, shape: Shape | undefined, span: Span): boolean;
}

/** A call of a function of the language, or of an operator. */
export class Call {
  readonly b: Builder;
  /** The function as mathjs calls it: `multiply` for `*`. */
  readonly name: string;
  readonly span: Span;
  readonly operands: readonly Operand[];
  /** The strings among the arguments, in order. */
  readonly texts: readonly string[];
  readonly #around: Surroundings;

  constructor(
    around: Surroundings,
    name: string,
    span: Span,
    operands: readonly Operand[],
    texts: readonly string[] = [],
  ) {
    this.b = around.b;
    this.name = name;
    this.span = span;
    this.operands = operands;
    this.texts = texts;
    this.#around = around;
  }

  get count(): number {
    return this.operands.length;
  }

  rank(at: number): number {
    return rankOf(this.operands[at].value);
  }

  /** The node of an operand, masks as numbers. */
  node(at: number): Node {
    return toReal(this.b, toNode(this.b, this.operands[at].value));
  }

  nodes(): Node[] {
    return this.operands.map((_, at) => this.node(at));
  }

  /** An operand that has to be an array. `shape` is what an undeclared input in its place would have to be. */
  array(at: number, rank = 1, shape?: Shape): Node {
    if (this.rank(at) > 0) return this.node(at);
    throw this.undecided(at, rank, shape);
  }

  /** All operands as arrays. `shapeOf` is what an undeclared input in a place would have to be. */
  arrays(shapeOf: (at: number) => Shape | undefined = () => undefined): Node[] {
    const problems = this.operands.flatMap((_, at) =>
      this.rank(at) > 0 ? [] : [this.undecided(at, 1, shapeOf(at))],
    );
    // An input that is not declared is told of at the end; a number that is none is a mistake here.
    const [first] = problems;
    if (first !== undefined) throw problems.find(problem => problem instanceof Mistake) ?? first;
    return this.nodes();
  }

  /** An operand that has to be a matrix. */
  matrix(at: number): Node {
    const node = this.array(at, 2);
    if (node.shape.length === 2) return node;
    throw this.mistake('shape-mismatch', `\`${this.name}\` takes a matrix, not ${arrayText(node.shape)}`);
  }

  /** The same call with other operands. */
  over(operands: readonly Operand[]): Call {
    return new Call(this.#around, this.name, this.span, operands, this.texts);
  }

  /**
   * Why a number is no array, to be thrown: nothing, for now, if it is an undeclared input, which then is an array.
   * `shape` is what that has to be.
   */
  undecided(at: number, rank: number, shape?: Shape): Error {
    const { value, node } = this.operands[at];
    if (this.#around.decide(value, rank, shape, node.span)) return new UndecidedShape();
    return this.#notAnArray(at);
  }

  /** A mistake about the whole call. */
  mistake(code: string, message: string, ...hints: string[]): Mistake {
    return new Mistake(code, message, this.span, hints.length === 0 ? {} : { hints });
  }

  /** A mistake about one operand. */
  mistakeAt(at: number, code: string, message: string, ...hints: string[]): Mistake {
    return new Mistake(code, message, this.operands[at].node.span, hints.length === 0 ? {} : { hints });
  }

  /** Shapes that do not fit, with the arrays beside the carets. */
  mismatch(message: string, ...hints: string[]): Mistake {
    const arrays = this.operands.flatMap((_, at) => (this.rank(at) > 0 ? [this.describe(at)] : []));
    return new Mistake('shape-mismatch', message, this.span, {
      ...(arrays.length === 0 ? {} : { label: [...new Set(arrays)].join(', ') }),
      ...(hints.length === 0 ? {} : { hints }),
    });
  }

  #notAnArray(at: number): Mistake {
    const { node } = this.operands[at];
    const text = shown(this.#around.source, node.span) ?? 'the argument';
    const origin = this.#around.originOf(node);
    const message =
      this.name === 'index'
        ? `${text} is a number and has no elements`
        : `\`${this.name}\` takes an array, and ${text} is a number`;
    return new Mistake('not-an-array', message, node.span, {
      ...(origin && { related: [{ message: `\`${text}\` gets its value here`, span: origin }] }),
    });
  }

  /** `W is 128x784 (line 2)`. */
  describe(at: number): string {
    const { value, node } = this.operands[at];
    const { source } = this.#around;
    const text = shown(source, node.span) ?? (this.count === 2 ? SIDES[at] : `argument ${at + 1}`);
    const origin = this.#around.originOf(node);
    const line = origin === undefined ? '' : ` (line ${lineAndColumn(source, origin.start).line})`;
    return `${text} ${predicate(shapeOf(value))}${line}`;
  }
}

const SIDES = ['the left side', 'the right side'];

/** Longer pieces of a formula are not repeated in a message. */
const LONGEST_SHOWN = 24;

function shown(source: string, { start, end }: Span): string | undefined {
  if (end - start > LONGEST_SHOWN) return undefined;
  const text = source.slice(start, end);
  return /[\n\r#]/.test(text) ? undefined : text;
}

/** `128x784`, `10`, `a number`: an operand in a message. */
export function briefText(shape: Shape): string {
  return shape.length === 0 ? 'a number' : shape.map(factorText).join('x');
}

/** `a vector of 10`, `128x784`. */
export function arrayText(shape: Shape): string {
  if (shape.length !== 1) return briefText(shape);
  return `a vector of ${sizeText(shape[0])}`;
}

function factorText(size: Size): string {
  const text = sizeText(size);
  return text.includes(' ') ? `(${text})` : text;
}

function predicate(shape: Shape): string {
  if (shape.length !== 1) return `is ${briefText(shape)}`;
  return `has ${sizeText(shape[0])} element${shape[0] === 1 ? '' : 's'}`;
}

/** True if the two lengths differ whatever the named sizes are. */
export function differ(p: Size, q: Size): boolean {
  const difference = subtractSizes(p, q);
  return typeof difference === 'number' && difference !== 0;
}
