// How a contraction is computed: by the kernel of symmetric products, by that of all others, or in plain loops that merge
// with what is around them.

import type { Node } from '../../ir/graph.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import type { Gram } from './gram.ts';
import { bestOrder } from './order.ts';
import { isProduct, type Product, productOf } from './product.ts';
import { type Symmetry, symmetryOf } from './symmetry.ts';

type Contraction = Extract<Node, { op: 'contract' }>;

export type Kernel =
  | { readonly kind: 'product'; readonly product: Product }
  | { readonly kind: 'gram'; readonly gram: Gram };

/** The kernel for a contraction; undefined if plain loops are as good. */
export function kernelOf(node: Contraction): Kernel | undefined {
  if (!isProduct(node)) return undefined;
  const symmetry = symmetryOf(node);
  if (symmetry === undefined) return { kind: 'product', product: productOf(node) };
  if (isSmallTriangle(node, symmetry)) return undefined;
  const gram = gramOf(symmetry);
  return gram === undefined ? { kind: 'product', product: productOf(node) } : { kind: 'gram', gram };
}

/** What the kernel of a product reads. */
export function kernelOperands(node: Contraction, kernel: Kernel): readonly Node[] {
  if (kernel.kind === 'product') return node.inputs;
  const { factor, weight } = kernel.gram;
  return weight === undefined ? [factor.node] : [factor.node, weight.node];
}

/** The longest side of a symmetric result whose triangle is written out: 55 sums of an array in the first-level cache. */
const LONGEST_TRIANGLE = 10;

/** True if the product is added up row by row into a triangle that is small enough to be unrolled. */
function isSmallTriangle(node: Contraction, { i, j, variables }: Symmetry): boolean {
  const { x, y, out } = subscriptsOf(node.attrs.subscripts);
  const { size } = variables.get(i)!;
  const [outermost] = bestOrder(x, y, out);
  return typeof size === 'number' && size <= LONGEST_TRIANGLE && outermost !== i && outermost !== j;
}

/** The product for the kernel of symmetric ones; undefined if it has several weights, or one that is a number. */
function gramOf({ variables, i: row, j: column, factor, weights }: Symmetry): Gram | undefined {
  if (factor === undefined || weights.length > 1) return undefined;
  const i = variables.get(row)!;
  const [, k] = [...variables].find(([letter]) => letter !== row && letter !== column)!;
  const [weight] = weights;
  if (weight !== undefined && !weight.index.some(({ terms }) => terms.has(k))) return undefined;
  return { i, k, factor, weight };
}
