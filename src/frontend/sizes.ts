// The named sizes of a formula: which there are, and which are fixed, by `@dim n = 32` or `--define n=32`. A size is a
// number in formulas, under its own name, and an unknown of the shapes unless it is fixed.

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
  readonly #define: ReadonlyMap<string, number>;
  readonly #diagnostics: Diagnostics;

  constructor(
    b: Builder,
    fixed: ReadonlyMap<string, SizeDeclaration>,
    define: ReadonlyMap<string, number>,
    diagnostics: Diagnostics,
  ) {
    this.#b = b;
    this.#fixed = fixed;
    this.#define = define;
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

  #sizeOf(name: string, span: Span | undefined): Size {
    const known = this.#sizes.get(name);
    if (known !== undefined) return known;
    const size = this.#fixedOf(name) ?? namedSize(name);
    this.#sizes.set(name, size);
    this.#places.set(name, span);
    return size;
  }

  #fixedOf(name: string): number | undefined {
    const value = this.#define.get(name);
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
