// Sums of products with named indices.

import { indicesOf, type MathValue, nested, offset, product, type Tensor, tensor } from './arrays.ts';
import { sum } from './lists.ts';

/**
 * `einsum('ij,jk->ik', A, B)`: an index that is not in the result is summed. Without `->` the result has the indices
 * that occur once, in alphabetical order, as in NumPy.
 */
export function einsum(text: string, ...values: MathValue[]): unknown {
  const [left, right] = text.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  const operands = values.map(tensor);
  const sizes = sizesOf(terms, operands);
  const sizeOf = (name: string) => sizes.get(name) as number; // asked of the names in `sizes` only
  const kept = right === undefined ? singles(left, [...sizes.keys()]) : [...right];
  if (!kept.every(name => sizes.has(name))) throw new TypeError(`einsum: no array has all of '${right}'`);
  const summed = [...sizes.keys()].filter(name => !kept.includes(name));
  const strides = operands.map((x, k) => [...kept, ...summed].map(name => strideOf(name, terms[k], x.shape)));
  const element = (index: readonly number[]) =>
    product(operands.map(({ data }, k) => data[offset(index, strides[k])]));
  const shape = kept.map(sizeOf);
  const inner = indicesOf(summed.map(sizeOf));
  const data = indicesOf(shape).map(outer => sum(inner.map(index => element([...outer, ...index]))));
  return nested({ shape, data });
}

function sizesOf(terms: readonly string[], operands: readonly Tensor[]): ReadonlyMap<string, number> {
  if (terms.length !== operands.length) throw new TypeError(`einsum: ${terms.length} arrays were expected`);
  const sizes = new Map<string, number>();
  for (const [k, { shape }] of operands.entries()) {
    if (terms[k].length !== shape.length)
      throw new RangeError(`einsum: '${terms[k]}' is not of rank ${shape.length}`);
    for (const [axis, size] of shape.entries()) {
      const name = terms[k][axis];
      if ((sizes.get(name) ?? size) !== size) throw new RangeError(`einsum: '${name}' has several lengths`);
      sizes.set(name, size);
    }
  }
  return sizes;
}

/** The names that occur once, sorted. */
function singles(text: string, names: readonly string[]): string[] {
  return names.filter(name => text.split(name).length === 2).sort();
}

/** How far apart neighbours along the index `name` are, which may occur several times in a term (a diagonal). */
function strideOf(name: string, term: string, shape: readonly number[]): number {
  return sum(shape.map((_, axis) => (term[axis] === name ? product(shape.slice(axis + 1)) : 0)));
}
