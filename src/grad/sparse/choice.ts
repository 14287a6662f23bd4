// Terms or a compressed matrix? Terms are what a formula says of its derivative as a whole: they are exact where elements
// are moved along axes, and full where they are not (axes merged by a reshape, running products, vectors written out).
// Compressed is better then, if it is a small part of what the terms hold. Where terms are few in the first place there is
// nothing to win, and the pattern is not looked for. Where the places of terms depend on what is differentiated by, they have no
// pattern at all, while a compressed matrix has one that holds for every value.

import type { Node } from '../../ir/graph.ts';
import { liveNodes } from '../../ir/live.ts';
import { type Derivative, inputsByRole, type Program } from '../../ir/program.ts';
import { elementsIn, isStatic, type Shape } from '../../ir/shape.ts';
import type { Entry } from '../matrix.ts';
import type { Limits } from './compressed.ts';

/** Terms with so many elements for each row and column are as sparse as a matrix is wanted. */
const FEW = 3;

/** Of the elements of the terms at most this part may be nonzero. */
const CLEARLY_FEWER = 0.5;

/** Operations and visits of a look at the pattern: about a tenth of a second. */
const MOST_WORK = 3e6;

/** Nonzeros of which a module may list the places. */
const MOST_NONZEROS = 50_000;

/** A position is exact in single precision. */
const MOST_ELEMENTS = 2 ** 24;

/**
 * What a compressed matrix may take to be preferred to `entries`, which may be the upper triangle of a symmetric one;
 * undefined if they are to be kept in any case.
 */
export function limitsOf(
  program: Program,
  entries: readonly Entry[],
  form: Derivative['form'],
  isTriangle: boolean,
): Limits | undefined {
  if (form !== 'sparse') return undefined;
  const { variables } = inputsByRole(program);
  const sides = [...program.outputs, ...variables];
  const all = entries.flatMap(({ terms, value, row, column }) => {
    const own = terms?.map(term => term.value) ?? [value];
    return isTriangle && row !== column ? [...own, ...own] : own;
  });
  if (![...sides, ...all].every(({ shape }) => isStatic(shape))) return undefined;
  if (all.every(({ shape }) => shape.length === 0)) return undefined;
  const count = (of: readonly { readonly shape: Shape }[]) =>
    of.reduce((sum, { shape }) => sum + (elementsIn(shape) as number), 0);
  if (isMoving(program, entries)) {
    return { work: MOST_WORK, nonzeros: MOST_NONZEROS, elements: MOST_ELEMENTS };
  }
  const elements = count(all);
  if (elements <= FEW * count(sides)) return undefined;
  return {
    work: MOST_WORK,
    nonzeros: Math.min(CLEARLY_FEWER * elements, MOST_NONZEROS),
    elements: Math.min(2 * elements, MOST_ELEMENTS),
  };
}

/** True if the place of some term depends on what is differentiated by. */
function isMoving({ inputs, wrt }: Program, entries: readonly Entry[]): boolean {
  const variables = new Set(inputs.flatMap(({ name, node }) => (wrt.includes(name) ? [node as Node] : [])));
  const indices = entries
    .flatMap(({ terms }) => terms ?? [])
    .flatMap(({ coordinates }) => coordinates.flatMap(({ index }) => index ?? []));
  return liveNodes(indices).some(node => variables.has(node));
}
