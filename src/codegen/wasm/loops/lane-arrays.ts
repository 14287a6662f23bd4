// Arrays with an element for each lane, side by side: what is private to an iteration of a loop in lanes, and what is read from
// where it lies apart, once for all that ask for it (packs.ts).

import { multiplySizes, type Size } from '../../../ir/size.ts';
import { LoopVariable, variableIndex } from '../../loops/space.ts';
import { Block, type Value } from '../../loops/values.ts';
import type { Lanes } from './lanes.ts';
import type { Pack } from './packs.ts';
import type { Element } from './places.ts';
import type { Scratch } from './scratch.ts';
import { VECTOR } from './spread.ts';
import type { Statements } from './statements.ts';
import type { VectorValues } from './vector-values.ts';

interface Taken {
  readonly name: string;
  readonly length: Size;
}

export class LaneArrays {
  readonly #loop: Lanes;
  readonly #scratch: Scratch;
  /** How many numbers an element has. */
  readonly #each: number;
  readonly #privates = new Map<string, Taken>();
  /** By key. */
  readonly #packs = new Map<string, Taken & { readonly pack: Pack }>();
  readonly #packOf = new Map<Element, Pack>();

  /** `each` is the number of lanes of all copies together. */
  constructor(loop: Lanes, scratch: Scratch, lengthOf: (buffer: string) => Size, each: number) {
    this.#loop = loop;
    this.#scratch = scratch;
    this.#each = each;
    for (const [array, use] of loop.arrays) {
      if (use === 'private') this.#privates.set(array, this.#take(lengthOf(array)));
    }
    for (const [value, pack] of loop.packs) {
      const { expression } = value;
      if (expression.kind === 'load') this.#packOf.set(expression, pack);
      if (!this.#packs.has(pack.key)) this.#packs.set(pack.key, { pack, ...this.#take(pack.variable.size) });
    }
  }

  release(): void {
    for (const { name, length } of [...this.#privates.values(), ...this.#packs.values()])
      this.#scratch.release(name, length);
  }

  /** Where an element stands that has one for each lane; undefined for any other. */
  sideBySide(element: Element): Element | undefined {
    const own = this.#privates.get(element.array);
    if (own !== undefined) return { ...element, array: own.name };
    const pack = this.#packOf.get(element);
    if (pack === undefined) return undefined;
    const { name } = this.#packs.get(pack.key)!; // taken above
    return { array: name, place: variableIndex<Value>(pack.variable), base: undefined };
  }

  /** The array that holds what is private to an iteration of an array. */
  privateOf(array: string): string | undefined {
    return this.#privates.get(array)?.name;
  }

  /** Reads what lies apart, once for all iterations of inner loops. */
  fillPacks(statements: Statements, values: VectorValues): void {
    for (const { pack, name } of this.#packs.values()) {
      const { array, place, base } = pack.element;
      const variable = new LoopVariable(pack.variable.size);
      const terms = new Map(
        [...place.terms].map(([each, c]) => [each === pack.variable ? variable : each, c]),
      );
      const body = new Block(this.#loop.loop.body, variable);
      statements.loop({ kind: 'loop', variable, reverse: false, from: 0, body }, () => {
        for (let copy = 0; copy < values.copies; copy++) {
          const to = { array: name, place: variableIndex<Value>(variable), base: undefined };
          const offset = statements.values.places.address(to, 0, VECTOR * values.copies);
          values.memory.load({ array, place: { ...place, terms }, base }, copy);
          statements.code.memory('v128.store', offset + VECTOR * copy);
        }
      });
    }
  }

  #take(length: Size): Taken {
    const all = multiplySizes(length, this.#each);
    return { name: this.#scratch.take(all), length: all };
  }
}
