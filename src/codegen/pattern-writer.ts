// The patterns of sparse matrices of a module of loops. A small one that is always the same is written out; any other is
// worked out by a function of its own, when the module is loaded or, if it depends on sizes or indices, by `bind`: loops
// list the elements, a helper sorts them, and what is kept is the pattern and the place of each listed element.

import { type Context, sizeIn, WIDTH } from './context.ts';
import { type Entry, isConstantPattern, patternsOf } from './entries.ts';
import { functionText } from './functions.ts';
import type { Environment } from './loops/elements.ts';
import { fuse } from './loops/fuse.ts';
import { Lowering } from './loops/lower.ts';
import { LoopPrinter } from './loops/print.ts';
import { unitsOf } from './loops/units.ts';
import { Names, property } from './names.ts';
import type { Block } from './parts.ts';
import { typedArray } from './results.ts';
import { namedListing, type Sparsity } from './sparsity.ts';
import { layout } from './text.ts';

export class PatternWriter {
  /** The patterns that `bind` works out, and the locals that hold them. */
  readonly bound = new Map<string, string>();
  readonly #context: Context;
  readonly #leaf: Environment['leaf'];
  readonly #locals = new Map<Sparsity, { readonly pattern: string; readonly places: string }>();

  /** `leaf` is where an input or constants are found; a pattern reads no others than `bind` has. */
  constructor(context: Context, entries: readonly Entry[], leaf: Environment['leaf']) {
    this.#context = context;
    this.#leaf = leaf;
    for (const pattern of patternsOf(entries)) {
      if (!('listings' in pattern)) continue;
      const isConstant = isConstantPattern(pattern);
      const local = isConstant ? pattern.name : context.scope.take(pattern.name);
      const places = context.scope.take(pattern.name.replace('Pattern', 'Places'));
      this.#locals.set(pattern, { pattern: local, places });
      if (!isConstant) this.bound.set(pattern.name, local);
    }
  }

  /** The array with the places of the elements that were listed for a block. */
  placesOf({ sparsity }: Block): string {
    return this.#locals.get(sparsity!)!.places;
  }

  /** The length of a block, in the text of a bound function. */
  lengthOf({ length, sparsity }: Block): string {
    if (sparsity === undefined || sparsity.nonzeros !== undefined) return sizeIn(this.#context, length);
    return `${this.#locals.get(sparsity)!.pattern}.rowIndex.length`;
  }

  /** The places of patterns that are written out. */
  sections(): string[] {
    return Array.from(this.#locals).flatMap(([{ constant }, { places }]) => {
      if (constant === undefined) return [];
      const values = typedArray('Int32Array', constant.places.map(String));
      return [
        [
          '/** Where the values of terms stand among the nonzero elements. */',
          ...layout(`const ${places} = `, values, ';', WIDTH),
        ].join('\n'),
      ];
    });
  }

  /** The sections of the module that work out its other constant patterns. */
  atLoad(prefix: string): string[][] {
    return Array.from(this.#locals).flatMap(([sparsity, { pattern, places }]) => {
      if (!sparsity.isStatic || sparsity.constant !== undefined) return [];
      const { name, text } = this.#elements(sparsity, WIDTH);
      const local = this.#context.scope.take('pattern');
      return [
        [text],
        [
          `const ${local} = ${name}();`,
          `/** Where the values of terms stand among the nonzero elements. */`,
          `const ${places} = ${local}.places;`,
          '/** Where the nonzero elements are: compressed sparse columns. */',
          `${prefix}const ${pattern} = ${local}.pattern;`,
        ],
      ];
    });
  }

  /** The statements of `bind` that work out the others. */
  atBind(): string[] {
    return Array.from(this.#locals).flatMap(([sparsity, { pattern, places }]) => {
      if (sparsity.isStatic) return [];
      const { name, text } = this.#elements(sparsity, WIDTH - 2);
      const parts = `${property('pattern', pattern)}, ${property('places', places)}`;
      return [...text.split('\n'), `const { ${parts} } = ${name}();`];
    });
  }

  /** The function that lists the elements and makes a pattern of them. */
  #elements(
    { name: wanted, listings, count, height, width }: Sparsity,
    columns: number,
  ): { readonly name: string; readonly text: string } {
    const context = this.#context;
    const name = context.scope.take(wanted.replace('Pattern', 'Elements'));
    const scope = new Names(context.scope);
    const [rows, cols] = [scope.take('rows'), scope.take('columns')];
    const work = unitsOf(
      [],
      listings.map(listing => namedListing(listing, rows, cols)),
    );
    const allocations: string[] = [rows, cols].map(
      array => `const ${array} = new Int32Array(${sizeIn(context, count)});`,
    );
    const lowering = new Lowering(fuse(work, new Set()), work, {
      names: scope,
      leaf: this.#leaf,
      buffer: (buffer, length) => {
        const local = scope.take(buffer);
        allocations.push(`const ${local} = new Float64Array(${sizeIn(context, length)});`);
        return local;
      },
      results: new Map(),
      nameOf: node => context.program.graph.names.get(node),
      product: noKernel,
      gram: noKernel,
    });
    lowering.run();
    const printer = new LoopPrinter({
      names: scope,
      sizeName: context.sizeName,
      position: () => context.use('position'),
      width: columns - 2,
      arrayName: array => array,
      isSingle: false, // it works in doubles
    });
    const body = printer.pieces(lowering.top).flatMap(({ lines }) => lines);
    const sides = [height, width].map(size => sizeIn(context, size)).join(', ');
    const end = `return ${context.use('compress')}(${rows}, ${cols}, ${sides});`;
    return { name, text: functionText(name, [], [...allocations, ...body, end]) };
  }
}

function noKernel(): never {
  throw new TypeError('indices are no products of matrices');
}
