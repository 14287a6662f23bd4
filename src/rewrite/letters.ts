// Contractions by their letters: operands rearranged to the axes that a subscript names.

import type { Builder } from '../ir/build.ts';
import type { AttrsOf, Node } from '../ir/graph.ts';
import { type Subscripts, subscriptsOf } from '../ir/shapes.ts';

/** A tensor and the letter of each of its axes. */
export interface Lettered {
  readonly node: Node;
  readonly letters: string;
}

export type Contraction = Node & { readonly op: 'contract' };

/** The letters of a contraction. */
export function lettersOf({ attrs }: { readonly attrs: AttrsOf['contract'] }): Subscripts {
  return subscriptsOf(attrs.subscripts);
}

/** The contraction of two tensors to axes `out`, each of which one of them has. */
export function contracted(b: Builder, x: Lettered, y: Lettered, out: string): Node {
  return b.contract(`${x.letters},${y.letters}->${out}`, x.node, y.node);
}

/**
 * An operand of elementwise operations at the axes `letters` without those along which it does not vary: it is missing
 * there, or has length 1.
 */
export function varying(b: Builder, node: Node, letters: string): Lettered {
  const own = letters.slice(letters.length - node.shape.length);
  const kept = node.shape.flatMap((size, axis) => (size === 1 ? [] : [axis]));
  const shape = kept.map(axis => node.shape[axis]);
  return { node: b.reshape(node, shape), letters: kept.map(axis => own[axis]).join('') };
}

/** The tensor with its axes in the order of `target`, and axes of length 1 for the letters of that which it lacks. */
export function aligned(b: Builder, { node, letters }: Lettered, target: string): Node {
  const order = [...target].filter(letter => letters.includes(letter));
  const turned = b.permute(
    node,
    order.map(letter => letters.indexOf(letter)),
  );
  const missing = [...target].flatMap((letter, axis) => (letters.includes(letter) ? [] : [axis]));
  return b.expand(turned, missing);
}

/** True if each letter of `part` is among `whole`. */
export function areAmong(part: string, whole: string): boolean {
  return [...part].every(letter => whole.includes(letter));
}
