// How numbers come in: records of inputs taken apart and checked, tensors as flat arrays, and the second argument of the
// functions that have one.

import { elementsIn, type Shape } from '../ir/shape.ts';
import { type Size, sizeText } from '../ir/size.ts';
import { type Context, sizeIn } from './context.ts';
import type { Extra, ExtraPart } from './entries.ts';
import { numberText } from './forms.ts';
import { member, type Names, property, quote } from './names.ts';
import { object } from './results.ts';
import type { Leaf, Scalars } from './scalars.ts';
import { fill, layout, type Tree } from './text.ts';

/** What a caller gives by name. */
interface Given {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype?: 'real' | 'int' | 'bool';
  readonly default?: number;
}

/** `const { x, y: y_ = 1 } = source;` */
export function destructure(
  inputs: readonly Given[],
  locals: ReadonlyMap<string, string>,
  source: string,
  width: number,
): string[] {
  if (inputs.length === 0) return [`${source};`];
  return layout('const ', patternOf(inputs, locals), ` = ${source};`, width);
}

/** `{ x, y: y_ = 1 }`; tensors get their defaults when their lengths are known. */
export function patternOf(inputs: readonly Given[], locals: ReadonlyMap<string, string>): Tree {
  const items = inputs.map(({ name, shape, default: value }) => {
    const text = property(name, locals.get(name)!);
    return {
      prefix: '',
      tree: value === undefined || shape.length > 0 ? text : `${text} = ${numberText(value)}`,
    };
  });
  return object(items);
}

/** Statements that throw a TypeError unless the scalars among `inputs`, in their locals, are numbers. */
export function scalarChecks({ locals, use }: Context, inputs: readonly Given[]): string[] {
  return inputs
    .filter(({ shape }) => shape.length === 0)
    .map(({ name, dtype }) => {
      return `${use(dtype === 'int' ? 'integer' : 'number')}(${quote(name)}, ${locals.get(name)});`;
    });
}

/**
 * The tensor that `source` holds as a flat array, called `text` in messages. One that is measured tells sizes: its length
 * has been compared with them.
 */
export function tensorFrom(
  context: Context,
  given: Given,
  source: string,
  { text = given.name, isMeasured = false }: { readonly text?: string; readonly isMeasured?: boolean } = {},
): string {
  const { shape, dtype, default: value } = given;
  const length = elementsIn(shape);
  const lengths = `[${shape.map(size => sizeIn(context, size)).join(', ')}]`;
  const type = dtype === 'int' ? 'Int32Array' : context.array;
  const symbol = typeof length === 'number' || isMeasured ? [] : [quote(`${coefficients(length)} = `)];
  const filled = value === undefined ? symbol.map(() => 'undefined') : [numberText(value)];
  return `${context.use('tensor')}(${[quote(text), source, lengths, type, ...filled, ...symbol].join(', ')})`;
}

/** `20n` for 20*n: how a length is written in messages. */
function coefficients(size: Size): string {
  return sizeText(size).replace(/(?<![\w)])(\d+)\*(?!floor\()(?=[\p{ID_Start}_$])/gu, '$1');
}

/** `const a = ..., b = ...;` */
export function constants(parts: readonly string[], width: number): string[] {
  return parts.length === 0
    ? []
    : fill(parts, width - 8).map((line, k, { length }) => {
        return `${k === 0 ? 'const ' : '  '}${line}${k === length - 1 ? ';' : ''}`;
      });
}

/** A leaf and where it is found: an element of a named value. */
export interface Read<T> {
  readonly leaf: Leaf;
  readonly of: T;
  readonly position: number;
}

/** The leaves of `values` in order. */
export function readsOf<T>(
  values: readonly T[],
  leavesOf: (value: T) => readonly (Leaf | undefined)[],
): Read<T>[] {
  const reads: Read<T>[] = [];
  for (const value of values) {
    // Most elements of a large tensor may be absent: `forEach` skips holes.
    leavesOf(value).forEach((leaf, position) => {
      if (leaf !== undefined) reads.push({ leaf, of: value, position });
    });
  }
  return reads;
}

/** Those of a list of reads whose leaves are used, in order. */
export type Selection<T> = (used: Iterable<Leaf>) => readonly Read<T>[];

/** Costs what is used, not what there is: each of many chunks reads a few of many inputs. */
export function selectionOf<T>(reads: readonly Read<T>[]): Selection<T> {
  const placeOf = new Map(reads.map(({ leaf }, place) => [leaf, place]));
  return used => {
    const places: number[] = [];
    for (const leaf of used) {
      const place = placeOf.get(leaf);
      if (place !== undefined) places.push(place);
    }
    return places.sort((a, b) => a - b).map(place => reads[place]);
  };
}

/** The second argument of a function and the locals that its elements are read into. */
export interface Aside {
  readonly extra: Extra;
  readonly parameter: string;
  readonly select: Selection<ExtraPart>;
  readonly localOf: (leaf: Leaf) => string | undefined;
  /** The locals that hold parts that are tensors, in the record form. */
  readonly arrays: ReadonlyMap<ExtraPart, string>;
}

/** The second argument of a function of scalars: a record, or a flat array. */
export function asideOf(
  scope: Names,
  scalars: Scalars,
  extra: Extra,
  wanted: string,
  form: 'record' | 'array',
): Aside {
  const parameter = scope.take(wanted);
  const reads = readsOf(extra.parts, part => leavesOf(scalars, part));
  const arrays = new Map<ExtraPart, string>();
  if (form === 'record') {
    for (const part of extra.parts) {
      if (isTensor(part)) arrays.set(part, scope.take(`${extra.boundParameter}_${part.name}`));
    }
  }
  const locals = new Map<Leaf | string, string>();
  for (const { leaf, of: part, position } of reads) {
    const isScalar = part.shape.length === 0;
    const local = `${extra.boundParameter}_${part.name}${isScalar ? '' : position + 1}`;
    const isWhole = form === 'record' && extra.isBare && isScalar; // the parameter itself is the number
    locals.set(keyOf(leaf), isWhole ? parameter : scope.take(local));
  }
  return { extra, parameter, select: selectionOf(reads), localOf: leaf => locals.get(keyOf(leaf)), arrays };
}

function keyOf(leaf: Leaf): Leaf | string {
  return leaf.op === 'input' ? leaf.attrs.name : leaf;
}

function leavesOf(scalars: Scalars, { nodes, shape }: ExtraPart): readonly (Leaf | undefined)[] {
  const [node] = nodes;
  return nodes.length === 1 && node !== undefined && shape.length > 0 ? scalars.leavesOf(node) : nodes;
}

/** True for a part that is converted before it is read; a list of scalars is read as it is. */
export function isTensor({ shape, nodes }: ExtraPart): boolean {
  return shape.length > 0 && nodes.length === 1 && nodes[0]?.shape.length !== 0;
}

/** Where a part of an aside is found in its record, and what it is called. */
export function placeOf(
  { extra, parameter }: { readonly extra: Extra; readonly parameter: string },
  { name }: ExtraPart,
): { readonly path: string; readonly text: string } {
  return extra.isBare
    ? { path: parameter, text: extra.parameter }
    : { path: member(parameter, name), text: `${extra.parameter}.${name}` };
}

/** `v_x = v.x`: the elements of an aside that are in use, from its record. */
export function readsByName(aside: Aside, used: Iterable<Leaf>): string[] {
  return aside.select(used).flatMap(({ leaf, of: part, position }) => {
    const local = aside.localOf(leaf)!;
    const { path } = placeOf(aside, part);
    if (part.shape.length === 0) return local === path ? [] : [`${local} = ${path}`];
    return [`${local} = ${aside.arrays.get(part) ?? path}[${position}]`];
  });
}

/** `v_x = v[0]`: the same from a flat array. */
export function readsByPosition(aside: Aside, used: Iterable<Leaf>): string[] {
  return aside.select(used).map(({ leaf, of: { offset }, position }) => {
    return `${aside.localOf(leaf)} = ${aside.parameter}[${(offset as number) + position}]`;
  });
}

/** Statements that throw unless each part of an aside is a number or has the right length; tensors go into their locals. */
export function asideChecks(context: Context, aside: Omit<Aside, 'select' | 'localOf'>): string[] {
  return aside.extra.parts.map(part => {
    const { path, text } = placeOf(aside, part);
    if (part.shape.length === 0) return `${context.use('number')}(${quote(text)}, ${path});`;
    const array = aside.arrays.get(part);
    if (array !== undefined) return `const ${array} = ${tensorFrom(context, part, path, { text })};`;
    return lengthTest(context, text, path, sizeIn(context, elementsIn(part.shape)), '?.');
  });
}

/**
 * A test of the length of an array, in place: through a function it costs 1 to 2 ns more, and 1 ns more without `| 0`,
 * because the length of a typed array is no small integer to V8. `access` is `.`, or `?.` for an array that may be
 * missing from a record.
 */
export function lengthTest(
  { use }: Context,
  text: string,
  array: string,
  length: string,
  access: '.' | '?.' = '.',
): string {
  const wrong = use('wrongLength');
  return `if ((${array}${access}length | 0) !== ${length}) ${wrong}(${quote(text)}, ${array}, ${length});`;
}

/**
 * A test that an array to be filled has room. A longer one is as good, and reading its last element costs a quarter of
 * what reading its length does.
 */
export function roomTest({ use }: Context, text: string, array: string, length: number): string[] {
  return length === 0
    ? []
    : [
        `if (${array}[${length - 1}] === undefined) ${use('wrongLength')}(${quote(text)}, ${array}, ${length});`,
      ];
}
