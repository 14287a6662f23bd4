// Derivatives by tensors taken apart into those by their elements, where everything is made of scalars, and put together
// again. Elements of all inputs are numbered one after the other; of the derivatives by the same elements the one whose
// numbers ascend stands for all.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { literalOf, scalarsOf } from '../ir/literal.ts';
import { liveNodes } from '../ir/live.ts';
import { elementsIn, SCALAR } from '../ir/shape.ts';
import type { Entry } from './higher.ts';

/** The elements of all inputs, and the derivatives by them that are not zero. */
export interface Elements {
  readonly variables: readonly Node[];
  readonly entries: readonly Entry[];
}

/** The derivatives `entries` by `inputs` as derivatives by elements; undefined if a value is not made of scalars. */
export function elementsOf(
  b: Builder,
  inputs: readonly Node[],
  entries: readonly Entry[],
): Elements | undefined {
  const own: Entry[] = [];
  for (const { places, value } of entries) {
    const scalars = scalarsOf(b.graph, value, Infinity);
    if (scalars === undefined) return undefined;
    const ranges = places.map(k => rangeOf(inputs, k));
    for (const [at, scalar] of scalars.entries()) {
      const numbers = numbersAt(ranges, at);
      if (isAscending(numbers) && constantOf(scalar) !== 0) own.push({ places: numbers, value: scalar });
    }
  }
  if (!liveNodes(own.map(({ value }) => value)).every(isScalarStep)) return undefined;
  const variables = inputs.flatMap(input => {
    if (input.shape === SCALAR) return [input];
    return Array.from({ length: countOf(input) }, (_, k) => b.element(input, k));
  });
  return { variables, entries: own };
}

/** The derivatives `entries` by the elements of `inputs` as tensors, one for each combination of inputs. In order. */
export function blocksOf(b: Builder, inputs: readonly Node[], entries: readonly Entry[]): Entry[] {
  const inputOf = inputs.flatMap((input, k) => new Array<number>(countOf(input)).fill(k));
  const known = new Map(entries.map(({ places, value }) => [places.join(), value]));
  const blocks = new Map(
    entries.map(({ places }) => places.map(number => inputOf[number])).map(block => [block.join(), block]),
  );
  const zero = b.constant(0);
  return Array.from(blocks.values(), (places): Entry => {
    const ranges = places.map(k => rangeOf(inputs, k));
    const scalars = Array.from({ length: ranges.reduce((n, { length }) => n * length, 1) }, (_, at) => {
      const numbers = numbersAt(ranges, at).sort((i, j) => i - j);
      return known.get(numbers.join()) ?? zero;
    });
    const shape = places.flatMap(k => inputs[k].shape);
    return { places, value: literalOf(b, scalars, shape) };
  });
}

/** The numbers of the elements of an input. */
interface Range {
  readonly start: number;
  readonly length: number;
}

function rangeOf(inputs: readonly Node[], place: number): Range {
  const start = inputs.slice(0, place).reduce((sum, input) => sum + countOf(input), 0);
  return { start, length: countOf(inputs[place]) };
}

/** The number that each index is at a row-major position. */
function numbersAt(ranges: readonly Range[], at: number): number[] {
  let rest = at;
  const numbers = ranges.toReversed().map(({ start, length }) => {
    const index = rest % length;
    rest = (rest - index) / length;
    return start + index;
  });
  return numbers.reverse();
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, k) => k === 0 || numbers[k - 1] <= number);
}

/** True for what computes a scalar from scalars, or reads one. */
function isScalarStep({ op, shape, inputs }: Node): boolean {
  if (op === 'input') return true;
  return (
    shape === SCALAR &&
    inputs.every(input => input.shape === SCALAR || (op === 'element' && input.op === 'input'))
  );
}

/** The elements of an input of static shape. */
function countOf({ shape }: Node): number {
  return elementsIn(shape) as number;
}
