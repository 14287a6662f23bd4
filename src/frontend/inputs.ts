// The inputs of a formula: those it declares, in order, and then those it merely uses. Options may fix an input to a
// constant or give it another shape.

import { type Diagnostic, type Span, suggest } from '../errors.ts';
import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Input } from '../ir/program.ts';
import { SCALAR } from '../ir/shape.ts';
import type { Diagnostics } from './diagnostics.ts';
import { type Directives, isShapeText } from './directives.ts';
import { CONSTANTS } from './functions.ts';

export interface InputOptions {
  /** Fixes inputs to constants. */
  readonly define?: Readonly<Record<string, number>>;
  /** Shapes that override the declarations. */
  readonly shapes?: Readonly<Record<string, string>>;
  readonly wrt?: readonly string[];
}

export class Inputs {
  readonly #b: Builder;
  readonly #directives: Directives;
  readonly #diagnostics: Diagnostics;
  readonly #define: ReadonlyMap<string, number>;
  readonly #shapes: ReadonlyMap<string, string>;
  readonly #inputs = new Map<string, Input>();
  /** Inputs, inputs fixed by `define`, sizes; `undefined` for an input whose declaration is an error. */
  readonly #values = new Map<string, Node | undefined>();

  constructor(b: Builder, directives: Directives, options: InputOptions, diagnostics: Diagnostics) {
    this.#b = b;
    this.#directives = directives;
    this.#diagnostics = diagnostics;
    this.#define = new Map(Object.entries(options.define ?? {}));
    this.#shapes = new Map(Object.entries(options.shapes ?? {}));
    for (const { name, span, value } of directives.sizes.values()) {
      this.#warnOfConstant(name, span);
      b.graph.at(span);
      this.#values.set(name, b.constant(this.#define.get(name) ?? value));
    }
    for (const { name, span } of directives.inputs.values()) {
      this.#warnOfConstant(name, span);
      this.#add(name, span);
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
      ['shape', this.#shapes],
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

  #add(name: string, span: Span): Node | undefined {
    const declaration = this.#directives.inputs.get(name);
    const node = this.#make(name, span, declaration?.int ?? false);
    this.#values.set(name, node);
    if (node === undefined || node.op !== 'input') return node;
    this.#inputs.set(name, {
      name,
      shape: SCALAR,
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
    const fixed = this.#define.get(name);
    if (fixed !== undefined) {
      if (!int || Number.isInteger(fixed)) return this.#b.constant(fixed);
      this.#diagnostics.error('not-an-integer', `--define ${name}: an int input cannot be ${fixed}`, span);
      return undefined;
    }
    const shape = this.#shapes.get(name) ?? this.#directives.inputs.get(name)?.shape ?? 'scalar';
    if (!isShapeText(shape)) {
      this.#diagnostics.error('directive-syntax', `--shape ${name}: \`${shape}\` is not a shape`, span, {
        hints: ['a shape is `scalar`, or sizes such as `n` or `n x 20`'],
      });
      return undefined;
    }
    if (shape.trim() === 'scalar') return this.#b.graph.input(name, int ? 'int' : 'real');
    this.#diagnostics.error(
      'not-scalar',
      `\`${name}\` is ${shape}, and this version compiles formulas of scalar inputs`,
      span,
      { hints: [`make each element an input of its own: ${name}1, ${name}2, ${name}3`] },
    );
    return undefined;
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

export function warnOfShadowing(name: string, span: Span, diagnostics: Diagnostics): void {
  diagnostics.warning(
    'shadowed-constant',
    `\`${name}\` is no longer the constant ${CONSTANTS.get(name)}`,
    span,
    {
      hints: ['give it another name if the constant is meant anywhere'],
    },
  );
}
