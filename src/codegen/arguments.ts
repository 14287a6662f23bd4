// How numbers come in: records of inputs taken apart and checked, and the second argument of the functions that have one.

import type { InputNode } from '../ir/graph.ts';
import type { Input } from '../ir/program.ts';
import type { Extra } from './entries.ts';
import { numberText } from './forms.ts';
import type { Context } from './functions.ts';
import { member, type Names, property, quote } from './names.ts';
import { object } from './results.ts';
import { fill, layout, type Tree } from './text.ts';

/** `const { x, y: y_ = 1 } = source;` */
export function destructure(
  inputs: readonly Pick<Input, 'name' | 'default'>[],
  locals: ReadonlyMap<string, string>,
  source: string,
  width: number,
): string[] {
  if (inputs.length === 0) return [`${source};`];
  return layout('const ', patternOf(inputs, locals), ` = ${source};`, width);
}

/** Statements that throw a TypeError unless `inputs`, in their locals, are numbers. */
export function inputChecks({ locals, own }: Context, inputs: readonly Input[]): string[] {
  return inputs.map(({ name, dtype }) => {
    return `${dtype === 'int' ? own.integer : own.number}(${quote(name)}, ${locals.get(name)});`;
  });
}

/** `{ x, y: y_ = 1 }` */
export function patternOf(
  inputs: readonly Pick<Input, 'name' | 'default'>[],
  locals: ReadonlyMap<string, string>,
): Tree {
  const items = inputs.map(({ name, default: value }) => {
    const text = property(name, locals.get(name)!);
    return { prefix: '', tree: value === undefined ? text : `${text} = ${numberText(value)}` };
  });
  return object(items);
}

/** `const a = ..., b = ...;` */
export function constants(parts: readonly string[], width: number): string[] {
  return parts.length === 0
    ? []
    : fill(parts, width - 8).map((line, k, { length }) => {
        return `${k === 0 ? 'const ' : '  '}${line}${k === length - 1 ? ';' : ''}`;
      });
}

/** The second argument of a function and the locals that its elements are read into. */
export interface Aside {
  readonly extra: Extra;
  readonly parameter: string;
  readonly nodes: readonly (InputNode | undefined)[];
  readonly placesOf: Places;
  /** By name of the input node. */
  readonly locals: ReadonlyMap<string, string>;
}

/** The places of those input nodes that are in a list, ascending. */
export type Places = (used: Iterable<InputNode>) => number[];

/** Places in `nodes`. Costs what is used, not what there is: each of many chunks reads a few of many inputs. */
export function placesIn(nodes: readonly (InputNode | undefined)[]): Places {
  const placeOf = new Map(nodes.map((node, place) => [node, place]));
  return used => {
    const places: number[] = [];
    for (const node of used) {
      const place = placeOf.get(node);
      if (place !== undefined) places.push(place);
    }
    return places.sort((a, b) => a - b);
  };
}

export function asideOf(scope: Names, extra: Extra, wanted: string, form: 'record' | 'array'): Aside {
  const parameter = scope.take(wanted);
  const locals = new Map<string, string>();
  for (const { name, nodes, isScalar } of extra.parts) {
    for (const [k, node] of nodes.entries()) {
      if (node === undefined) continue;
      const local = `${extra.boundParameter}_${name}${isScalar ? '' : k + 1}`;
      const isWhole = form === 'record' && extra.isBare && isScalar; // the parameter itself is the number
      locals.set(node.attrs.name, isWhole ? parameter : scope.take(local));
    }
  }
  const nodes = extra.parts.flatMap(part => part.nodes);
  return { extra, parameter, nodes, placesOf: placesIn(nodes), locals };
}

/** `v.x`: where each element of an aside stands in its record. */
export function pathsOf({ extra, parameter }: Aside): string[] {
  return extra.parts.flatMap(({ name, nodes, isScalar }) => {
    const part = extra.isBare ? parameter : member(parameter, name);
    return isScalar ? [part] : nodes.map((_, k) => `${part}[${k}]`);
  });
}

/** `v_x = v.x`: the elements of an aside that are in use, from its record. */
export function readsByName(aside: Aside, used: ReadonlySet<InputNode>): string[] {
  const paths = pathsOf(aside);
  return readsFrom(aside, at => paths[at], used);
}

/** `v_x = v[0]`: the same from a flat array. */
export function readsByPosition(aside: Aside, used: ReadonlySet<InputNode>): string[] {
  return readsFrom(aside, at => `${aside.parameter}[${at}]`, used);
}

function readsFrom(
  { nodes, placesOf, locals }: Aside,
  pathAt: (at: number) => string,
  used: ReadonlySet<InputNode>,
): string[] {
  return placesOf(used).flatMap(at => {
    const local = locals.get(nodes[at]!.attrs.name)!;
    const path = pathAt(at);
    return local === path ? [] : [`${local} = ${path}`];
  });
}

/** Statements that throw unless each part of an aside is a number or has the right length. */
export function checksOf(own: Context['own'], { extra, parameter }: Aside): string[] {
  return extra.parts.map(({ name, nodes, isScalar }) => {
    const path = extra.isBare ? parameter : member(parameter, name);
    const text = extra.isBare ? extra.parameter : `${extra.parameter}.${name}`;
    if (isScalar) return `${own.number}(${quote(text)}, ${path});`;
    return lengthTest(own, text, path, nodes.length, '?.');
  });
}

/**
 * A test of the length of an array, in place: through a function it costs 1 to 2 ns more, and 1 ns more without `| 0`,
 * because the length of a typed array is no small integer to V8. `access` is `.`, or `?.` for an array that may be
 * missing from a record.
 */
export function lengthTest(
  own: Context['own'],
  text: string,
  array: string,
  length: number,
  access: '.' | '?.' = '.',
): string {
  return `if ((${array}${access}length | 0) !== ${length}) ${own.length}(${quote(text)}, ${array}, ${length});`;
}

/**
 * A test that an array to be filled has room. A longer one is as good, and reading its last element costs a quarter of
 * what reading its length does.
 */
export function roomTest(own: Context['own'], text: string, array: string, length: number): string[] {
  return length === 0
    ? []
    : [`if (${array}[${length - 1}] === undefined) ${own.length}(${quote(text)}, ${array}, ${length});`];
}
