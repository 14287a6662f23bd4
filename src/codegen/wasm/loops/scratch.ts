// Arrays that loops work in.

import { type Size, sizeText } from '../../../ir/size.ts';

/** Arrays that are private to a loop, lent by length and given back. */
export class Scratch {
  readonly #make: (length: Size) => string;
  readonly #free = new Map<string, string[]>();

  /** `make` makes an array of so many numbers. */
  constructor(make: (length: Size) => string) {
    this.#make = make;
  }

  take(length: Size): string {
    return this.#free.get(sizeText(length))?.pop() ?? this.#make(length);
  }

  release(array: string, length: Size): void {
    const free = this.#free.get(sizeText(length));
    if (free === undefined) this.#free.set(sizeText(length), [array]);
    else free.push(array);
  }
}
