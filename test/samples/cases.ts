// The tensor samples at small sizes and random inputs, as their declarations ask, and in the forms that a module, a model
// in loops and mathjs take.

import { all, create } from 'mathjs';
import { scope } from '../../src/mathjs.ts';
import { generator } from '../differences.ts';
import { sampleText } from './load.ts';
import * as models from './models.ts';

export interface Case {
  readonly name: string;
  readonly model: models.Model;
  readonly sizes: Readonly<Record<string, number>>;
  /** Whether a module must be told the sizes: they do not follow from the lengths of flat arrays one after the other. */
  readonly sized?: boolean;
  /** Other shapes than those declared, to keep them small. */
  readonly shapes?: Readonly<Record<string, string>>;
  /** Elements of inputs that are not just any number between -1 and 1. */
  readonly given?: Readonly<Record<string, (index: number, random: () => number) => number>>;
}

/** One of 1 to `most`. */
const upTo = (most: number) => (_: number, random: () => number) => 1 + Math.floor(most * random());
const bit = (_: number, random: () => number) => (random() < 0.5 ? 0 : 1);

export const CASES: readonly Case[] = [
  {
    name: 'mlp',
    model: models.mlp,
    sizes: { n: 4 },
    shapes: { X: 'n x 5', Y: 'n x 3', W1: '5 x 6', b1: '6', W2: '6 x 3', b2: '3' },
    given: { Y: index => [0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1][index]!, lambda: () => 0.01 },
  },
  {
    name: 'softmax-regression',
    model: models.softmaxRegression,
    sizes: { n: 7 },
    given: { y: upTo(3), lambda: () => 0.1 },
  },
  {
    name: 'logistic-regression',
    model: models.logisticRegression,
    sizes: { n: 6, d: 5 },
    given: { y: bit, lambda: () => 0.1 },
  },
  {
    name: 'gmm',
    model: models.gmm,
    sizes: { n: 5, k: 3, d: 4, p: 6 },
    // by columns: 2 to 5 is the diagonal, then 3, 2 and 1 entries below it
    given: {
      place: index => [2, 1, 1, 1, 6, 3, 1, 1, 7, 9, 4, 1, 8, 10, 11, 5][index]!,
      gamma: () => 1.3,
      m: () => 2,
    },
  },
  {
    name: 'matrix-factorisation',
    model: inputs => models.matrixFactorisation({ ...inputs, k: new Float64Array([2]) }),
    sizes: { n: 4, m: 3, k: 2 },
    sized: true,
    given: { M: bit },
  },
  { name: 'sinusoids', model: models.sinusoids, sizes: { m: 9, k: 4 } },
  {
    name: 'lstm',
    model: models.lstm,
    sizes: { n: 3, m: 4, v: 5 },
    given: { x: upTo(5), y: upTo(5) },
  },
  {
    name: 'lstm-unrolled',
    model: models.lstmUnrolled,
    sizes: { n: 2, m: 3, v: 4 },
    given: { text: upTo(4) },
  },
];

export interface Declared {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The inputs of a sample, read from its text, with sizes filled in. */
export function declared({ name, sizes, shapes = {} }: Case): Declared[] {
  const lines = sampleText(name).matchAll(/^# @input (\w+): ([^-=\n]+?)(?: int)?(?: [-=].*)?$/gm);
  return Array.from(lines, ([, input, dims]) => ({
    name: input!,
    shape: dims === 'scalar' ? [] : (shapes[input!] ?? dims!).split(' x ').map(d => sizes[d] ?? Number(d)),
  }));
}

/** The names after @wrt. */
export function wrtOf({ name }: Case): string[] {
  return /^# @wrt (.*)$/m.exec(sampleText(name))![1]!.split(', ');
}

export function randomInputs(sample: Case, seed: number): Record<string, Float64Array> {
  const random = generator(seed);
  return Object.fromEntries(
    declared(sample).map(({ name, shape }) => {
      const element = sample.given?.[name] ?? (() => 2 * random() - 1);
      const length = shape.reduce((product, d) => product * d, 1);
      return [name, Float64Array.from({ length }, (_, i) => element(i, random))];
    }),
  );
}

/** Numbers for scalars, flat arrays for the rest: what a module takes. */
export function forModule(sample: Case, inputs: models.Inputs): Record<string, number | Float64Array> {
  return {
    ...(sample.sized && sample.sizes),
    ...Object.fromEntries(
      declared(sample).map(({ name, shape }) => [
        name,
        shape.length === 0 ? inputs[name]![0]! : inputs[name]!,
      ]),
    ),
  };
}

type Nested = number | Nested[];

/** Numbers for scalars, nested arrays for the rest: what mathjs takes. */
export function forMathjs(sample: Case, inputs: models.Inputs): Record<string, Nested> {
  return Object.fromEntries(
    declared(sample).map(({ name, shape }) => {
      const element = Array.from(inputs[name]!).values();
      const build = (depth: number): Nested =>
        depth === shape.length
          ? element.next().value!
          : Array.from({ length: shape[depth]! }, () => build(depth + 1));
      return [name, build(0)];
    }),
  );
}

/** The sample at its sizes, and with a single row. */
export function atSizes(sample: Case): { at: Case; inputs: Record<string, Float64Array> }[] {
  const single = { ...sample, sizes: { ...sample.sizes, n: 1 } };
  return [sample, ...('n' in sample.sizes ? [single] : [])].flatMap(at =>
    [1, 2].map(seed => ({ at, inputs: randomInputs(at, seed) })),
  );
}

const math = create(all);

/** The elements of the sample's value in plain mathjs. */
export function inMathjs(sample: Case, inputs: models.Inputs): number[] {
  const value = math.evaluate(sampleText(sample.name), scope(forMathjs(sample, inputs), sample.sizes));
  // a file of several statements gives the values of all of them
  const last = value?.isResultSet === true ? value.entries.at(-1) : value;
  return [last?.isMatrix === true ? last.toArray() : last].flat(9);
}
