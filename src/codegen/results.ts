// How numbers are handed out: one return statement that builds a record, or stores into an array of the caller.

import type { Node } from '../ir/graph.ts';
import type { Block, Result } from './entries.ts';
import { keyOf, property } from './names.ts';
import type { Sink } from './schedule.ts';
import { type Item, layout, type Tree } from './text.ts';

/** One return statement that builds `result`. */
export function resultOf(result: Result, width: number): Sink {
  const roots: Node[] = [];
  treeOf(result, ({ elements }, at) => {
    const node = elements[at];
    if (node !== undefined) roots.push(node);
    return '';
  });
  const print = (text: (index: number) => string): string[] => {
    let next = 0;
    const tree = treeOf(result, ({ elements }, at) => (elements[at] === undefined ? '0' : text(next++)));
    return layout('return ', tree, ';', width);
  };
  return { roots, print, isLast: true };
}

export function returnOf({ elements }: Block): Sink {
  const [node] = elements;
  return node === undefined
    ? { roots: [], print: () => ['return 0;'], isLast: true }
    : { roots: [node], print: text => [`return ${text(0)};`], isLast: true };
}

/** Arrays with more zeros than this are cleared first. */
const MOST_ZERO_STORES = 16;

/** Assignments in one statement: a parser of JavaScript recurses over them. */
const MOST_TARGETS = 100;

/** One store for each value, into all its places: `H[1] = H[2] = ...`. */
export function storesOf({ elements }: Block, array: string): Sink[] {
  const placesOf = new Map<Node | undefined, number[]>();
  for (const [at, node] of elements.entries()) {
    const places = placesOf.get(node);
    if (places === undefined) placesOf.set(node, [at]);
    else places.push(at);
  }
  const sinks: Sink[] = [];
  const zeros = placesOf.get(undefined) ?? [];
  if (zeros.length > MOST_ZERO_STORES) sinks.push({ roots: [], print: () => [`${array}.fill(0);`] });
  for (const [node, places] of placesOf) {
    if (node === undefined && zeros.length > MOST_ZERO_STORES) continue;
    /** The value goes to the first places, and from the first of them to the others. */
    const stores = (value: string): string[] => {
      const lines: string[] = [];
      for (let k = 0; k < places.length; k += MOST_TARGETS) {
        const targets = places.slice(k, k + MOST_TARGETS).map(at => `${array}[${at}] = `);
        lines.push(`${targets.join('')}${k === 0 ? value : `${array}[${places[0]}]`};`);
      }
      return lines;
    };
    if (node === undefined) sinks.push({ roots: [], print: () => stores('0') });
    else sinks.push({ roots: [node], print: text => stores(text(0)) });
  }
  return sinks;
}

/** The literal that `result` is, `leaf` giving the text of element `at` of a block. */
export function treeOf(result: Result, leaf: (block: Block, at: number) => string): Tree {
  switch (result.kind) {
    case 'number':
      return leaf(result.block, result.at);
    case 'array':
      return typedArray(
        'Float64Array',
        result.at.map(at => leaf(result.block, at)),
      );
    case 'sparse': {
      const values = typedArray(
        'Float64Array',
        result.block.elements.map((_, at) => leaf(result.block, at)),
      );
      return object([item('values', values), { prefix: '...', tree: result.pattern.name }]);
    }
    case 'record':
      return object(result.fields.map(([name, field]) => item(name, treeOf(field, leaf))));
    default:
      return result satisfies never;
  }
}

/** A call with more arguments would need much of the stack; JavaScript engines refuse 65,536 of them. */
const MOST_ARGUMENTS = 1000;

/** The literal of a typed array. */
export function typedArray(type: 'Float64Array' | 'Int32Array', texts: readonly string[]): Tree {
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
