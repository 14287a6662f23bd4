// The named sizes of a formula: which there are, and which are fixed, by `@dim n = 32`, by `--define n=32`, or by
// `--shape X=32x2` of a declared `X: n x 2`. A size is a number in formulas, under its own name, and an unknown of the
// shapes unless it is fixed.

import type { Span } from '../errors.ts';
import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { namedSize, type Size } from '../ir/size.ts';
import type { DeclaredShape } from './declared.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { SizeDeclaration } from './directives.ts';

export class Sizes {
  readonly #b: Builder;
  readonly #sizes = new Map<string, Size>();
  /** The declaration that mentions it first. */
  readonly #places = new Map<string, Span | undefined>();
  readonly #fixed: ReadonlyMap<string, SizeDeclaration>;
  /** What options give, and which. */
  readonly #given: Map<string, { readonly value: number; readonly option: string }>;
  readonly #diagnostics: Diagnostics;

  constructor(
    b: Builder,
    fixed: ReadonlyMap<string, SizeDeclaration>,
    define: ReadonlyMap<string, number>,
    diagnostics: Diagnostics,
  ) {
    this.#b = b;
    this.#fixed = fixed;
    this.#given = new Map(
      Array.from(define, ([name, value]) => [name, { value, option: `--define ${name}` }]),
    );
    this.#diagnostics = diagnostics;
  }

  get names(): Iterable<string> {
    return this.#sizes.keys();
  }

  has(name: string): boolean {
    return this.#sizes.has(name);
  }

  /** Where the size is first mentioned. */
  placeOf(name: string): Span | undefined {
    return this.#places.get(name);
  }

  /** The size as a number of the formula. */
  node(name: string): Node {
    return this.#b.size(this.#sizes.get(name)!);
  }

  /** The shape of a declaration at `span`; its names are sizes from now on. */
  shapeOf(declared: DeclaredShape, span: Span | undefined): Shape {
    return declared.map(size => (typeof size === 'number' ? size : this.#sizeOf(size, span)));
  }

  /**
   * Fixes the names of a declaration at `span` that the option `--shape ${input}` gives lengths. To be called before any
   * shape is asked for. False if the lengths contradict each other or what other options give, which is reported.
   */
  fix(declared: DeclaredShape, given: DeclaredShape, input: string, span: Span): boolean {
    if (declared.length !== given.length) return true;
    const option = `--shape ${input}`;
    let fits = true;
    for (const [axis, name] of declared.entries()) {
      const value = given[axis];
      if (typeof name !== 'string' || typeof value !== 'number') continue;
      const before = this.#given.get(name);
      if (before === undefined) {
        this.#given.set(name, { value, option });
        this.#sizeOf(name, span);
      } else if (before.value !== value) {
        const options = before.option === option ? option : `${before.option} and ${option}`;
        const message = `${options}: the size \`${name}\` cannot be both ${before.value} and ${value}`;
        this.#diagnostics.error('shape-mismatch', message, span);
        fits = false;
      }
    }
    return fits;
  }

  #sizeOf(name: string, span: Span | undefined): Size {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const size = this.#fixedOf(name) ?? namedSize(name);
    this.#sizes.set(name, size);
    this.#places.set(name, span);
    return size;
  }

  #fixedOf(name: string): number | undefined {
    const value = this.#given.get(name)?.value;
    if (value === undefined) return this.#fixed.get(name)?.value;
    if (Number.isInteger(value) && value >= 0) return value;
    this.#diagnostics.error(
      'not-an-integer',
      `--define ${name}: \`${name}\` is a size, a whole number, not ${value}`,
      undefined,
    );
    return undefined;
  }
}
