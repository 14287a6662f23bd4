// The inputs of a formula: those it declares, in order, and then those it merely uses. Options may fix an input to a
// constant or give it another shape. An input that is not declared is a scalar, unless a use that makes no sense for
// scalars decides its shape: then the formula is lowered again, with that known from the beginning.

import { type Diagnostic, type Span, suggest } from '../errors.ts';
import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Input } from '../ir/program.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import { nameOfSize, namesIn } from '../ir/size.ts';
import { shapeInOption } from './declared.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Directives } from './directives.ts';
import { CONSTANTS } from './functions.ts';
import { problemOf } from './limits.ts';
import { warnOfShadowing } from './scope.ts';
import { Sizes } from './sizes.ts';

export interface InputOptions {
  /** Fixes inputs and sizes to constants; all elements of an array to the same. */
  readonly define?: Readonly<Record<string, number>>;
  /** Shapes that override the declarations. */
  readonly shapes?: Readonly<Record<string, string>>;
  readonly wrt?: readonly string[];
}

/** Shapes of inputs that are not declared, from their uses. */
export type Decisions = ReadonlyMap<string, Shape>;

export class Inputs {
  /** What this lowering found out of undeclared inputs that the last did not know. */
  readonly decisions = new Map<string, Shape>();

  readonly #b: Builder;
  readonly #directives: Directives;
  readonly #diagnostics: Diagnostics;
  readonly #define: ReadonlyMap<string, number>;
  readonly #sizes: Sizes;
  /** Declared shapes, and those that options or uses give; `undefined` for one that is an error. */
  readonly #shapes = new Map<string, Shape | undefined>();
  readonly #inputs = new Map<string, Input>();
  /** Inputs, inputs fixed by `define`, sizes; `undefined` for an input whose declaration is an error. */
  readonly #values = new Map<string, Node | undefined>();
  readonly #undecided = new Map<string, { readonly rank: number; readonly span: Span }>();
  readonly #options: InputOptions;

  constructor(
    b: Builder,
    directives: Directives,
    options: InputOptions,
    decided: Decisions,
    diagnostics: Diagnostics,
  ) {
    this.#b = b;
    this.#directives = directives;
    this.#diagnostics = diagnostics;
    this.#options = options;
    this.#define = new Map(Object.entries(options.define ?? {}));
    this.#sizes = new Sizes(b, directives.sizes, this.#define, diagnostics);
    for (const [name, shape] of decided) this.#shapes.set(name, shape);
    this.#readShapes();
    this.#addSizes();
    for (const { name, span } of directives.inputs.values()) {
      this.#warnOfConstant(name, span);
      if (!this.#isSize(name, span)) this.#add(name, span);
    }
  }

  /** The inputs found so far, in order. */
  get list(): readonly Input[] {
    return [...this.#inputs.values()];
  }

  /** Reorders the inputs so that `names` come first. */
  putFirst(names: readonly string[]): void {
    const all = new Map(this.#inputs);
    this.#inputs.clear();
    for (const name of [...names, ...all.keys()]) {
      const input = all.get(name);
      if (input !== undefined) this.#inputs.set(name, input);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string): Node | undefined {
    return this.#values.get(name);
  }

  isDefined(name: string): boolean {
    return this.#define.has(name);
  }

  /** Where the input or the size `name` is declared. */
  originOf(name: string): Span | undefined {
    return this.#directives.inputs.get(name)?.span ?? this.#sizes.placeOf(name);
  }

  /**
   * Notes that `name`, if it is an input that nothing declares, is an array of `rank` dimensions, of this shape if that
   * is known; whether it is.
   */
  decide(name: string, rank: number, shape: Shape | undefined, span: Span): boolean {
    if (!this.#inputs.has(name) || this.#shapes.has(name)) return false;
    // Only numbers and names are shapes of inputs: a sum of names could not be found from a length.
    const isKnown = shape?.every(size => typeof size === 'number' || nameOfSize(size) !== undefined);
    if (shape !== undefined && isKnown) this.decisions.set(name, shape);
    else if (!this.#undecided.has(name)) this.#undecided.set(name, { rank, span });
    return true;
  }

  /** Reports the inputs that are arrays of unknown lengths. */
  checkShapes(assigned: ReadonlyMap<string, Span>): void {
    const names = 'nmkpqrstuvw'.split('').filter(name => !this.has(name) && !assigned.has(name));
    for (const [name, { rank, span }] of this.#undecided) {
      const [verb, noun] = rank === 1 ? ['is', 'length'] : ['are', 'lengths'];
      const message = `\`${name}\` is used as an array, and its ${noun} ${verb} not known`;
      this.#diagnostics.error('undeclared-shape', message, span, {
        hints: [`declare it: # @input ${name}: ${names.slice(0, rank).join(' x ')}`],
      });
    }
  }

  /** The input `name`, new unless it is known. */
  use(name: string, span: Span): Node | undefined {
    return this.#values.has(name) ? this.#values.get(name) : this.#add(name, span);
  }

  /**
   * Checks the names in the options. `assigned` are those that the formula gives values, `possible` those that may be
   * inputs although they were not met.
   */
  checkOptions(assigned: ReadonlyMap<string, Span>, possible: ReadonlySet<string>): void {
    for (const [option, names] of [
      ['define', this.#define],
      ['shape', new Map(Object.entries(this.#options.shapes ?? {}))],
    ] as const) {
      for (const name of names.keys()) {
        if (this.#values.has(name) || (possible.has(name) && !assigned.has(name))) continue;
        this.#diagnostics.error(
          'unknown-input',
          `--${option} ${name}: the formula has no input \`${name}\``,
          assigned.get(name),
          () => this.#unknown(name, assigned),
        );
      }
    }
  }

  /** The names that derivatives are taken with respect to. */
  selectWrt(
    option: readonly string[] | undefined,
    assigned: ReadonlyMap<string, Span>,
    possible: ReadonlySet<string>,
  ): readonly string[] {
    const asked = option?.map(name => ({ name, span: undefined })) ?? this.#directives.wrt;
    if (asked === undefined) return this.list.filter(({ dtype }) => dtype !== 'int').map(({ name }) => name);
    const names = new Set<string>();
    for (const { name, span } of asked) {
      const input = this.#inputs.get(name);
      if (input === undefined) {
        if (possible.has(name) && !assigned.has(name)) continue;
        if (this.#values.has(name)) {
          if (this.#sizes.has(name)) {
            this.#diagnostics.error(
              'not-differentiable',
              `\`${name}\` is a size: there is no derivative in it`,
              span,
            );
            continue;
          }
          // An option may fix what the file would differentiate; to ask for both is a contradiction.
          if (option === undefined || this.#values.get(name) === undefined) continue;
          this.#diagnostics.error(
            'unknown-input',
            `\`${name}\` is fixed, so there is no derivative in it`,
            span,
          );
          continue;
        }
        const where = option === undefined ? '@wrt' : '--wrt';
        this.#diagnostics.error(
          'unknown-input',
          `${where} ${name}: the formula has no input \`${name}\``,
          span ?? assigned.get(name),
          () => this.#unknown(name, assigned),
        );
      } else if (input.dtype === 'int') {
        this.#diagnostics.error(
          'not-differentiable',
          `\`${name}\` is an int input: there is no derivative in it`,
          span,
          {
            ...(input.span === undefined
              ? {}
              : { related: [{ message: 'declared here', span: input.span }] }),
          },
        );
      } else {
        names.add(name);
      }
    }
    return [...names];
  }

  #readShapes(): void {
    const { inputs } = this.#directives;
    const { shapes = {}, define = {} } = this.#options;
    const known = new Set([
      ...this.#directives.sizes.keys(),
      ...[...inputs.values()].flatMap(each => each.shape),
    ]);
    const given = new Map(
      Object.entries(shapes).map(([name, text]) => [name, shapeInOption(text, size => known.has(size))]),
    );
    for (const [name, shape] of given) {
      const declared = inputs.get(name);
      if (shape === undefined || declared === undefined) continue;
      // As if the option were not there: what would follow from the contradiction is no news.
      if (!this.#sizes.fix(declared.shape, shape, name, declared.span)) given.set(name, declared.shape);
    }
    for (const { name, shape, span } of inputs.values()) {
      if (!given.has(name)) this.#shapes.set(name, this.#sizes.shapeOf(shape, span));
    }
    for (const [name, shape] of given) {
      this.#shapes.set(name, shape && this.#sizes.shapeOf(shape, inputs.get(name)?.span));
    }
    this.#checkLimits();
    this.#checkCarried(new Set(Object.keys(define)));
  }

  #checkLimits(): void {
    for (const [name, shape] of this.#shapes) {
      const problem = shape && problemOf(shape);
      if (problem === undefined) continue;
      this.#diagnostics.error(problem.code, problem.message, this.originOf(name), problem.details);
      this.#shapes.set(name, undefined);
    }
  }

  /** A size is known from the lengths of the arrays that are given: fixed ones say nothing. */
  #checkCarried(fixed: ReadonlySet<string>): void {
    const namesOf = (name: string): string[] => (this.#shapes.get(name) ?? []).flatMap(namesIn);
    const given = [...this.#shapes.keys()].filter(name => !fixed.has(name));
    const carried = new Set(given.flatMap(namesOf));
    for (const name of fixed) {
      const size = namesOf(name).find(each => !carried.has(each));
      if (size === undefined) continue;
      const message = `--define ${name}: the size \`${size}\` is not known then`;
      this.#diagnostics.error('unknown-size', message, this.originOf(name), {
        hints: [`fix it too: --define ${size}=..., or --shape ${name}=...`],
      });
    }
  }

  /** The sizes, and the constants that `@dim` makes of names that no shape has. */
  #addSizes(): void {
    for (const { name, span, value } of this.#directives.sizes.values()) {
      this.#warnOfConstant(name, span);
      this.#b.graph.at(span);
      this.#values.set(name, this.#b.constant(this.#define.get(name) ?? value));
    }
    for (const name of this.#sizes.names) {
      const span = this.#sizes.placeOf(name);
      if (!this.#directives.sizes.has(name) && span !== undefined) this.#warnOfConstant(name, span);
      this.#b.graph.at(span);
      this.#values.set(name, this.#sizes.node(name));
    }
  }

  #isSize(name: string, span: Span): boolean {
    if (!this.#sizes.has(name)) return false;
    const place = this.#sizes.placeOf(name);
    this.#diagnostics.error('duplicate-name', `\`${name}\` is a size, so it is no input`, span, {
      ...(place && { related: [{ message: 'the shape that has it', span: place }] }),
      hints: ['a size is known from the lengths of the arrays; it may be used in formulas by its name'],
    });
    return true;
  }

  #add(name: string, span: Span): Node | undefined {
    const declaration = this.#directives.inputs.get(name);
    const node = this.#make(name, span, declaration?.int ?? false);
    this.#values.set(name, node);
    if (node === undefined || node.op !== 'input') return node;
    this.#inputs.set(name, {
      name,
      shape: node.shape,
      dtype: node.dtype,
      node,
      span,
      ...(declaration?.default === undefined ? {} : { default: declaration.default }),
      ...(declaration?.doc === undefined ? {} : { doc: declaration.doc }),
    });
    return node;
  }

  #make(name: string, span: Span, int: boolean): Node | undefined {
    this.#b.graph.at(span);
    const shape = this.#shapes.has(name) ? this.#shapes.get(name) : SCALAR;
    if (shape === undefined) return this.#noShape(name, span);
    const fixed = this.#define.get(name);
    if (fixed === undefined) return this.#b.graph.input(name, int ? 'int' : 'real', shape);
    if (!int || Number.isInteger(fixed)) return this.#b.broadcast(fixed, shape);
    this.#diagnostics.error('not-an-integer', `--define ${name}: an int input cannot be ${fixed}`, span);
    return undefined;
  }

  /** What is wrong with the value of an option; of a declaration it has been said. */
  #noShape(name: string, span: Span): undefined {
    const { shapes = {} } = this.#options;
    if (!Object.hasOwn(shapes, name)) return;
    const text = shapes[name];
    this.#diagnostics.error('directive-syntax', `--shape ${name}: \`${text}\` is not a shape`, span, {
      hints: ['a shape is `scalar`, or sizes such as `n` or `n x 20`'],
    });
  }

  #unknown(name: string, assigned: ReadonlyMap<string, Span>): Pick<Diagnostic, 'hints'> {
    if (assigned.has(name)) return { hints: [`\`${name}\` is assigned in the formula, it is not an input`] };
    const names = this.list.map(input => input.name);
    const meant = suggest(name, names);
    const hints = meant === undefined ? [] : [`did you mean \`${meant}\`?`];
    const shown = names.slice(0, 20).join(', ') + (names.length > 20 ? ', ...' : '');
    return {
      hints: [...hints, names.length === 0 ? 'the formula has no inputs' : `the inputs are ${shown}`],
    };
  }

  #warnOfConstant(name: string, span: Span): void {
    if (CONSTANTS.has(name)) warnOfShadowing(name, span, this.#diagnostics);
  }
}
