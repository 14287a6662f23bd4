// What a row of the tables of functions says: how many arguments a function takes, and what it builds of them.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Call } from './mistakes.ts';
import type { Present } from './values.ts';

export interface FunctionFacts {
  /** Fewest and most arguments; strings do not count. */
  readonly arity: readonly [min: number, max: number];
  /** Of numbers a number; of arrays, element by element, unless `arrays` says what they mean. */
  readonly numbers?: (b: Builder, args: readonly Node[]) => Node;
  /** If one of the arguments is an array. Throws `Mistake`. */
  readonly arrays?: (call: Call) => Present;
  /** Takes masks as they are; others get 0 or 1. */
  readonly masks?: true;
  /** A single list of numbers stands for its elements. */
  readonly collects?: true;
  /** May be called with strings, which are options. */
  readonly texts?: true;
}
