// einsum('ij,jk->ik', A, B): sums of products of elements, with a letter for each axis. A letter that is not in the
// result is summed; twice in one operand it means the diagonal. Operands are taken together from left to right, and a
// letter is summed as soon as no later operand has it.

import type { Node } from '../ir/graph.ts';
import { type Size, sizeText } from '../ir/size.ts';
import { briefText, type Call, differ } from './mistakes.ts';
import { shapeOf } from './values.ts';

/** An operand with a letter for each of its axes. */
interface Term {
  readonly node: Node;
  readonly letters: string;
}

export function einsum(call: Call): Node {
  const { b } = call;
  const { terms: given, out } = subscriptsOf(call);
  const sizes = sizesOf(call, given);
  const terms = given.map((letters, at): Term => {
    const shape = [...letters].map(letter => sizes.get(letter)).filter(size => size !== undefined);
    const known = shape.length === letters.length ? shape : undefined;
    const node = letters === '' ? call.node(at) : call.array(at, letters.length, known);
    if (node.shape.length === letters.length) return diagonal(call, { node, letters });
    const message = `'${letters}' names ${count(letters.length, 'axis', 'axes')}, and ${briefText(node.shape)} has ${node.shape.length}`;
    throw call.mismatch(message);
  });
  const [first, ...rest] = terms;
  let product = first;
  for (const [at, term] of rest.entries()) {
    const later =
      out +
      rest
        .slice(at + 1)
        .map(({ letters }) => letters)
        .join('');
    // The last product has the axes in the order of the result.
    const isLast = at === rest.length - 1;
    const letters = (isLast ? [...out] : union(product.letters, term.letters))
      .filter(letter => later.includes(letter) && (product.letters + term.letters).includes(letter))
      .join('');
    const node = b.contract(`${product.letters},${term.letters}->${letters}`, product.node, term.node);
    product = { node, letters };
  }
  return arranged(call, product, out);
}

/** The letters of each operand and of the result, which without `->` has those that occur once, in order. */
function subscriptsOf(call: Call): { readonly terms: readonly string[]; readonly out: string } {
  const [text, ...more] = call.texts;
  const form = "write einsum('ij,jk->ik', A, B), a letter for each axis";
  if (text === undefined || more.length > 0)
    throw call.mistake('option', '`einsum` takes its subscripts as a string', form);
  const match = /^([a-zA-Z]*(?:,[a-zA-Z]*)*)(?:->([a-zA-Z]*))?$/.exec(text.replaceAll(' ', ''));
  if (match === null) throw call.mistake('option', `'${text}' are no subscripts`, form);
  const [, left, right] = match;
  const terms = left.split(',');
  if (terms.length !== call.count) {
    throw call.mistake(
      'wrong-arity',
      `'${text}' is for ${count(terms.length, 'array', 'arrays')}, not ${call.count}`,
    );
  }
  const all = terms.join('');
  const once = [...new Set(all)].filter(letter => all.split(letter).length === 2);
  const out = right ?? once.sort().join('');
  const stranger = [...out].find(letter => !all.includes(letter));
  if (stranger !== undefined)
    throw call.mistake('option', `no array has the axis '${stranger}' of the result`);
  if (new Set(out).size < out.length) throw call.mistake('option', `the result '${out}' names an axis twice`);
  return { terms, out };
}

/** The length of each letter, from the operands that are arrays. */
function sizesOf(call: Call, terms: readonly string[]): ReadonlyMap<string, Size> {
  const sizes = new Map<string, Size>();
  for (const [at, { value }] of call.operands.entries()) {
    const shape = shapeOf(value);
    if (shape.length !== terms[at].length) continue;
    for (const [axis, letter] of [...terms[at]].entries()) {
      const known = sizes.get(letter);
      if (known === undefined || typeof shape[axis] === 'number') sizes.set(letter, shape[axis]);
      if (known === undefined || !differ(known, shape[axis])) continue;
      throw call.mismatch(
        `'${letter}' is ${sizeText(known)} in one place and ${sizeText(shape[axis])} in another`,
      );
    }
  }
  return sizes;
}

/** Axes with the same letter become one: their diagonal. */
function diagonal(call: Call, term: Term): Term {
  const { b } = call;
  let { node, letters } = term;
  for (let axis = 0; axis < letters.length; axis++) {
    const other = letters.indexOf(letters[axis], axis + 1);
    if (other < 0) continue;
    const kept = [...letters].flatMap((_, at) => (at === axis || at === other ? [] : [at]));
    node = b.diagonal(b.permute(node, [...kept, axis, other]));
    letters = [...kept.map(at => letters[at]), letters[axis]].join('');
    axis = -1;
  }
  return { node, letters };
}

/** The axes that the result has, in its order. */
function arranged({ b }: Call, { node, letters }: Term, out: string): Node {
  const summed = [...letters].flatMap((letter, axis) => (out.includes(letter) ? [] : [axis]));
  const rest = [...letters].filter(letter => out.includes(letter));
  const sum = summed.length === 0 ? node : b.reduceSum(node, summed);
  return b.permute(
    sum,
    [...out].map(letter => rest.indexOf(letter)),
  );
}

function union(p: string, q: string): string[] {
  return [...new Set(p + q)];
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
