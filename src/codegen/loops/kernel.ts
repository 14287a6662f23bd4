// Calls of the kernel for matrix products (product.ts): where the first element of each matrix stands, and the distances
// between neighbours in its two directions. Views of an array are such matrices too.

import type { Node } from '../../ir/graph.ts';
import type { Size } from '../../ir/size.ts';
import type { Elements, Environment } from './elements.ts';
import { type Index, isView, LoopVariable, throughView, variableIndex } from './space.ts';
import type { ProductUnit } from './units.ts';
import type { ArrayRef, Statement } from './values.ts';
import { placeIn } from './writer.ts';

type Letter = 'i' | 'j' | 'k';

/** The call that fills the array of a product. */
export function kernelCall(
  { node, product }: ProductUnit,
  elements: Elements,
  stored: ReadonlySet<Node>,
  { product: kernelFor, nameOf }: Environment,
): Statement {
  const { rows, columns, inner } = product;
  const letters = { i: new LoopVariable(rows), j: new LoopVariable(columns), k: new LoopVariable(inner) };
  const indexOf = (own: readonly Letter[]) =>
    own.map((letter): Index<undefined> => variableIndex(letters[letter]));

  /** Array, place of the first element, and the distances in the directions of two letters. */
  const matrix = (array: ArrayRef, index: readonly Index<undefined>[], [p, q]: readonly [Letter, Letter]) => {
    const { constant, terms } = placeIn(array, index);
    return [array.name, constant, ...[p, q].map((letter): Size => terms.get(letters[letter]) ?? 0)];
  };
  const operand = (of: Node, own: readonly Letter[], directions: readonly [Letter, Letter]) => {
    let index = indexOf(own);
    let at = of;
    for (; isView(at) && !stored.has(at); [at] = at.inputs) index = throughView(at, index);
    return matrix(elements.sourceOf(at), index, directions);
  };

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
      ...operand(a, product.a, ['i', 'k']),
      ...operand(b, product.b, ['k', 'j']),
      ...matrix(elements.arrayOf(node), indexOf(product.c), ['i', 'j']),
      kernel.panel,
    ],
  };
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
