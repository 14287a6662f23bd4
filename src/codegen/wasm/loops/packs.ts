// Elements that lie apart for the lanes of a loop, and that inner loops ask for again and again: the features of several
// samples, which lie in different rows. They are put side by side once, before the inner loops, so that each further use
// is one load.

import { type Size, sizeText } from '../../../ir/size.ts';
import type { LoopVariable } from '../../loops/space.ts';
import type { Block, Value } from '../../loops/values.ts';
import { type Contents, strideOf } from './contents.ts';
import type { Element } from './places.ts';

/** Elements along one inner loop. */
export interface Pack {
  /** Equal for elements that are the same. */
  readonly key: string;
  readonly element: Element;
  /** What the inner loop counts. */
  readonly variable: LoopVariable;
}

/** Longer ones do not stay in the first-level cache. */
const LONGEST = 512;

/** The loads in a loop over `variables` that read what is packed, but for the arrays that the loop `changes`. */
export function packsIn(
  contents: Contents,
  variables: readonly LoopVariable[],
  changes: (array: string) => boolean,
): ReadonlyMap<Value, Pack> {
  const packs = new Map<Value, Pack>();
  for (const value of contents.values) {
    const { expression } = value;
    if (expression.kind !== 'load' || changes(expression.array)) continue;
    const pack = packOf(value, expression, variables);
    if (pack !== undefined) packs.set(value, pack);
  }
  return packs;
}

function packOf(value: Value, element: Element, variables: readonly LoopVariable[]): Pack | undefined {
  const { array, place, base } = element;
  const stride = strideOf(place, base, variables);
  if (stride === 0 || stride === 1 || stride === -1 || place.dynamic.length > 0) return undefined;
  const around = loopsAround(value.block, variables);
  if (around === undefined) return undefined;
  const own = around.filter(variable => strideOf(place, base, [variable]) !== 0);
  const [variable] = own;
  const isRepeated = around.length > own.length;
  if (own.length !== 1 || !isRepeated || isLong(variable.size)) return undefined;
  const step = place.terms.get(variable);
  if (step === undefined || !isAffine(base)) return undefined; // it is not the base that moves
  const key = [array, sizeText(place.constant), base?.id, sizeText(step), sizeText(variable.size)];
  for (const [other, coefficient] of place.terms) {
    if (other !== variable) key.push(`${variables.indexOf(other)}`, sizeText(coefficient));
    if (other !== variable && !variables.includes(other)) return undefined;
  }
  return { key: key.join(' '), element, variable };
}

function isAffine(base: Value | undefined): boolean {
  return (
    base === undefined || (base.expression.kind === 'integer' && base.expression.place.dynamic.length === 0)
  );
}

/**
 * What the loops count that are around a block, inside of the loop over `variables`. Undefined if a side of a selection is
 * around: there may be no such element where it is not chosen.
 */
function loopsAround(block: Block, variables: readonly LoopVariable[]): LoopVariable[] | undefined {
  const around: LoopVariable[] = [];
  for (let outer: Block | undefined = block; outer !== undefined; outer = outer.parent) {
    if (outer.branch !== undefined) return undefined;
    if (outer.variable === undefined) continue;
    if (variables.includes(outer.variable)) return around;
    around.push(outer.variable);
  }
  return around;
}

function isLong(size: Size): boolean {
  return typeof size === 'number' && size > LONGEST;
}
