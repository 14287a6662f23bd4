// How numbers are handed out: one return statement that builds a record, or stores into an array of the caller.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { lengthOf, treeOfFactors } from './factors-text.ts';
import type { PrintedSink } from './js.ts';
import { keyOf, property } from './names.ts';
import type { Block, Result } from './parts.ts';
import type { Scalars } from './scalars.ts';
import { type Item, layout, type Tree } from './text.ts';

/** The elements of a block of scalars; an absent one is identically zero. */
export type Elements = readonly (Node | undefined)[];
export type ElementsOf = (block: Block) => Elements;

/** The elements of `block`, whose values are made of scalars. */
export function elementsOf(block: Block, { of }: Scalars): Elements {
  const elements = new Array<Node | undefined>(block.length as number).fill(undefined);
  for (const { node, shape, offset, strides } of block.parts) {
    if (node === undefined) continue;
    for (const [k, value] of of(node).entries()) {
      let [at, rest] = [offset as number, k];
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const index = rest % (shape[axis] as number);
        at += index * (strides[axis] as number);
        rest = (rest - index) / (shape[axis] as number);
      }
      if (!Object.is(constantOf(value), 0)) elements[at] = value;
    }
  }
  if (block.symmetric !== undefined) symmetrise(elements, block.symmetric as number);
  return elements;
}

/**
 * Takes each element of a symmetric tensor whose indices do not ascend from the place at which two neighbouring ones are
 * exchanged that do not. That one comes before, so it is right already. The same as `symmetrise` of checks.ts.
 */
function symmetrise(elements: (Node | undefined)[], width: number): void {
  for (const at of elements.keys()) {
    for (let rest = at, stride = 1; rest >= width; rest = Math.floor(rest / width), stride *= width) {
      const descent = (Math.floor(rest / width) % width) - (rest % width);
      if (descent > 0) elements[at] = elements[at - descent * stride * (width - 1)];
    }
  }
}

/** One return statement that builds `result`, its arrays of type `array`. */
export function resultOf(
  result: Result,
  elementsOf: ElementsOf,
  array: ArrayType,
  width: number,
): PrintedSink {
  const roots: Node[] = [];
  treeOf(result, array, (block, at) => {
    const node = elementsOf(block)[at];
    if (node !== undefined) roots.push(node);
    return '';
  });
  const print = (text: (index: number) => string): string[] => {
    let next = 0;
    const tree = treeOf(result, array, (block, at) =>
      elementsOf(block)[at] === undefined ? '0' : text(next++),
    );
    return layout('return ', tree, ';', width);
  };
  return { roots, print, isLast: true };
}

export function returnOf([node]: Elements): PrintedSink {
  return node === undefined
    ? { roots: [], print: () => ['return 0;'], isLast: true }
    : { roots: [node], print: text => [`return ${text(0)};`], isLast: true };
}

/** Arrays with more zeros than this are cleared first. */
const MOST_ZERO_STORES = 16;

/** A value, undefined for zero, and where in an array it stands. */
export interface Placement {
  readonly value: Node | undefined;
  readonly places: readonly number[];
}

/** What it takes to fill an array: to clear it first if it `isCleared`, then each value to all its places. */
export function placementsOf(elements: Elements): {
  readonly isCleared: boolean;
  readonly placements: readonly Placement[];
} {
  const placesOf = new Map<Node | undefined, number[]>();
  for (const [at, node] of elements.entries()) {
    const places = placesOf.get(node);
    if (places === undefined) placesOf.set(node, [at]);
    else places.push(at);
  }
  const isCleared = (placesOf.get(undefined) ?? []).length > MOST_ZERO_STORES;
  if (isCleared) placesOf.delete(undefined);
  return { isCleared, placements: Array.from(placesOf, ([value, places]) => ({ value, places })) };
}

/** Assignments in one statement: a parser of JavaScript recurses over them. */
const MOST_TARGETS = 100;

/** One store for each value, into all its places: `H[1] = H[2] = ...`. */
export function storesOf(elements: Elements, array: string): PrintedSink[] {
  const { isCleared, placements } = placementsOf(elements);
  const stores = placements.map(({ value, places }): PrintedSink => {
    /** The value goes to the first places, and from the first of them to the others. */
    const lines = (text: string): string[] => {
      const list: string[] = [];
      for (let k = 0; k < places.length; k += MOST_TARGETS) {
        const targets = places.slice(k, k + MOST_TARGETS).map(at => `${array}[${at}] = `);
        list.push(`${targets.join('')}${k === 0 ? text : `${array}[${places[0]}]`};`);
      }
      return list;
    };
    return value === undefined
      ? { roots: [], print: () => lines('0') }
      : { roots: [value], print: text => lines(text(0)) };
  });
  return isCleared ? [{ roots: [], print: () => [`${array}.fill(0);`] }, ...stores] : stores;
}

/** The literal that `result` is, `leaf` giving the text of element `at` of a block. */
function treeOf(result: Result, array: ArrayType, leaf: (block: Block, at: number) => string): Tree {
  switch (result.kind) {
    case 'number':
      return leaf(result.block, result.at as number);
    case 'array':
      return typedArray(
        array,
        positionsOf(result).map(at => leaf(result.block, at)),
      );
    case 'strided':
      return typedArray(
        array,
        placesOf(result).map(at => leaf(result.block, at)),
      );
    case 'sparse': {
      const { block, pattern } = result;
      const values = typedArray(
        array,
        Array.from({ length: block.length as number }, (_, at) => leaf(block, at)),
      );
      return object([item('values', values), { prefix: '...', tree: pattern.name }]);
    }
    case 'factors': {
      const { block, factors } = result;
      return treeOfFactors(factors, source => {
        const places = Array.from(
          { length: lengthOf(source) as number },
          (_, k) => (source.at as number) + k,
        );
        return typedArray(
          array,
          places.map(at => leaf(block, at)),
        );
      });
    }
    case 'record':
      return object(result.fields.map(([name, field]) => item(name, treeOf(field, array, leaf))));
    default:
      return result satisfies never;
  }
}

/** Where the elements of a tensor stand in its block, whose length is known. */
function positionsOf({ at, rows, columns, width }: Extract<Result, { kind: 'array' }>): number[] {
  const length = (rows as number) * (columns as number);
  return Array.from({ length }, (_, k) => {
    const column = k % (columns as number);
    return (at as number) + ((k - column) / (columns as number)) * (width as number) + column;
  });
}

/** The same of one that is told by several indices. */
function placesOf({ at, lengths, strides }: Extract<Result, { kind: 'strided' }>): number[] {
  return lengths.reduce(
    (places: number[], length, axis) =>
      places.flatMap(place =>
        Array.from({ length: length as number }, (_, k) => place + k * (strides[axis] as number)),
      ),
    [at as number],
  );
}

export type ArrayType = 'Float64Array' | 'Float32Array' | 'Int32Array';

/** A call with more arguments would need much of the stack; JavaScript engines refuse 65,536 of them. */
const MOST_ARGUMENTS = 1000;

/** The literal of a typed array. */
export function typedArray(type: ArrayType, texts: readonly string[]): Tree {
  const items = texts.map(tree => ({ prefix: '', tree }));
  return texts.length <= MOST_ARGUMENTS
    ? { open: `${type}.of(`, items, close: ')' }
    : { open: `new ${type}([`, items, close: '])' };
}

export function object(items: readonly Item[]): Tree {
  return { open: '{', items, close: '}' };
}

/** `x: tree`, or just `x`. */
export function item(name: string, tree: Tree): Item {
  const isShort = typeof tree === 'string' && property(name, tree) === tree;
  return { prefix: isShort ? '' : `${keyOf(name)}: `, tree };
}
