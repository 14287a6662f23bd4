// Where the functions over arrays find what they do not compute: inputs in theta, in the direction of a derivative or among
// the data, and constants, which the module holds.

import type { InputNode, Node } from '../ir/graph.ts';
import { SCALAR } from '../ir/shape.ts';
import { addSizes } from '../ir/size.ts';
import type { Parameters } from './around.ts';
import { type Context, WIDTH } from './context.ts';
import type { Extra } from './entries.ts';
import { numberText } from './forms.ts';
import { stridesOf } from './loops/space.ts';
import type { ArrayRef } from './loops/values.ts';
import { fill, indent } from './text.ts';

type ConstantNode = Extract<Node, { op: 'array' }>;

export class Leaves {
  /** The arrays of constants that are in use. */
  readonly constants = new Map<string, readonly number[]>();
  readonly #names = new Map<Node, string>();
  readonly #context: Context;
  readonly #dataOf: (name: string, isScalar: boolean) => ArrayRef | string;

  /** `dataOf` is where an input among the data is found: the array that holds it, its elements without gaps, or a local. */
  constructor(context: Context, dataOf: (name: string, isScalar: boolean) => ArrayRef | string) {
    this.#context = context;
    this.#dataOf = dataOf;
  }

  /** The array that holds a leaf, or the local that is one. */
  of(
    node: InputNode | ConstantNode,
    extra?: Extra,
    { theta, direction }: Pick<Parameters, 'theta' | 'direction'> = { theta: '', direction: undefined },
  ): ArrayRef | string {
    const strides = stridesOf(node.shape);
    if (node.op === 'array') return { name: this.#constant(node), offset: 0, strides };
    const variable = this.#context.wrt.items.find(each => each.node === node);
    if (variable !== undefined) return { name: theta, offset: variable.offset, strides };
    const part = extra?.parts.find(({ nodes }) => nodes.includes(node));
    if (part !== undefined) {
      const offset = node.shape === SCALAR ? addSizes(part.offset, part.nodes.indexOf(node)) : part.offset;
      return { name: direction!, offset, strides };
    }
    const held = this.#dataOf(node.attrs.name, node.shape === SCALAR);
    return typeof held === 'string' ? held : { ...held, strides };
  }

  #constant(node: ConstantNode): string {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    const { scope, program } = this.#context;
    const name = scope.take(program.graph.names.get(node) ?? 'constants');
    this.#names.set(node, name);
    this.constants.set(name, node.attrs.values);
    return name;
  }
}

/** The declarations of the constants, in JavaScript. */
export function constantTexts({ array }: Context, { constants }: Leaves): string[] {
  return Array.from(constants, ([name, values]) => {
    const lines = fill(values.map(numberText), WIDTH - 2);
    return lines.length === 1
      ? `const ${name} = new ${array}([${lines[0]}]);`
      : [`const ${name} = new ${array}([`, ...indent(lines), ']);'].join('\n');
  });
}
