// Calls of the kernels for matrix products (product.ts, gram.ts): where the first element of each matrix stands, and the distances
// between neighbours in its two directions. Views of an array are such matrices too.

import type { Node } from '../../ir/graph.ts';
import type { Size } from '../../ir/size.ts';
import type { Elements, Environment } from './elements.ts';
import type { Access } from './reads.ts';
import { type Index, isView, LoopVariable, throughView, variableIndex } from './space.ts';
import type { GramUnit, ProductUnit } from './units.ts';
import type { ArrayRef, Statement } from './values.ts';
import { placeIn } from './writer.ts';

/** The call that fills the array of a product. */
export function productCall(
  { node, product }: ProductUnit,
  elements: Elements,
  stored: ReadonlySet<Node>,
  { product: kernelFor, nameOf }: Environment,
): Statement {
  const { rows, columns, inner } = product;
  const letters = { i: new LoopVariable(rows), j: new LoopVariable(columns), k: new LoopVariable(inner) };
  const { i, j, k } = letters;
  const indexOf = (own: readonly (keyof typeof letters)[]) =>
    own.map((letter): Index<undefined> => variableIndex(letters[letter]));
  const [a, b] = node.inputs;
  const kernel = kernelFor(inner);
  return {
    kind: 'call',
    name: kernel.name,
    comment: commentOf(node, product, nameOf),
    arguments: [
      rows,
      columns,
      inner,
      ...source({ node: a, index: indexOf(product.a) }, [i, k], elements, stored),
      ...source({ node: b, index: indexOf(product.b) }, [k, j], elements, stored),
      ...strided(elements.arrayOf(node), indexOf(product.c), [i, j]),
      kernel.panel,
    ],
  };
}

/** The call that fills the array of a symmetric product. */
export function gramCall(
  { node, gram: { i, k, factor, weight } }: GramUnit,
  elements: Elements,
  stored: ReadonlySet<Node>,
  { gram: kernelFor }: Environment,
): Statement {
  const kernel = kernelFor(i.size);
  const array = elements.arrayOf(node);
  return {
    kind: 'call',
    name: kernel.name,
    comment: '',
    arguments: [
      i.size,
      k.size,
      ...source(factor, [i, k], elements, stored),
      ...(weight === undefined ? ['null', 0, 0] : source(weight, [k], elements, stored)),
      array.name,
      array.offset,
      ...array.strides,
      kernel.panel,
    ],
  };
}

/** Where a kernel finds an operand, through its views: array, place of the first element, distances. */
function source(
  { node, index }: Access,
  directions: readonly LoopVariable[],
  elements: Elements,
  stored: ReadonlySet<Node>,
): (string | Size)[] {
  let [at, where] = [node, index];
  for (; isView(at) && !stored.has(at); [at] = at.inputs) where = throughView(at, where);
  return strided(elements.sourceOf(at), where, directions);
}

/** Array, place of the first element, and the distances between neighbours in the directions of variables. */
function strided(
  array: ArrayRef,
  index: readonly Index<undefined>[],
  directions: readonly LoopVariable[],
): (string | Size)[] {
  const { constant, terms } = placeIn(array, index);
  return [array.name, constant, ...directions.map((variable): Size => terms.get(variable) ?? 0)];
}

/** `H = X * W1`, if all three have names. */
function commentOf(
  node: ProductUnit['node'],
  { a, b }: ProductUnit['product'],
  nameOf: Environment['nameOf'],
): string {
  const matrices = [node, ...node.inputs].map(each => (each.op === 'permute' ? each.inputs[0] : each));
  const names = matrices.map(each => nameOf(each) ?? (each.op === 'input' ? each.attrs.name : ''));
  if (names.includes('')) return '';
  const left = node.inputs[0].op === 'permute' || a[0] === 'k' ? "'" : '';
  const right = b[0] === 'j' ? "'" : '';
  return `${names[0]} = ${names[1]}${left} * ${names[2]}${right}`;
}
