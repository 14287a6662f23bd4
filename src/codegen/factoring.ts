// Values as sums of products of smaller arrays: X' diag(s) X is X and s, an outer product its two sides, and what a
// broadcast repeats is what it repeats. A value is taken apart where that leaves less to store; arrays that the caller has
// already, the data, count as nothing. Invariant: the value at an index is the sum, over the products and the summed axes
// of each, of the product of the factors there.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { evaluateSize, namesIn, type Size } from '../ir/size.ts';
import { isAligned } from './loops/space.ts';

/** An array along some axes of a product; undefined: the axis of the node has length 1. */
export interface Factor {
  readonly node: Node;
  readonly axes: readonly (number | undefined)[];
}

export interface Product {
  /** The lengths of the axes of the value, then of those that are summed. */
  readonly shape: Shape;
  readonly factors: readonly Factor[];
}

/** Factors that are one array when they are handed out: their product. */
type Group = readonly Factor[];

interface Expansion {
  readonly groups: readonly Group[];
  readonly summed: readonly number[];
}

/** So far down a value is taken apart: a factor may be reached on many ways. */
const DEEPEST = 8;
/** There are no more factors, and no more summands, than this. */
const MOST_FACTORS = 6;
const MOST_SUMMANDS = 8;
/** What a named size counts as. */
const TYPICAL_SIZE = 1000;

/** `value` as a sum of products; `isFree` tells the nodes that need no place. New nodes are made by `b`. */
export function productsOf(b: Builder, value: Node, isFree: (node: Node) => boolean): Product[] {
  const own: Factor = { node: value, axes: value.shape.map((size, axis) => (size === 1 ? undefined : axis)) };
  const whole = productOf(b, own, value.shape, isFree);
  const parts = summands(b, own).map(part => productOf(b, part, value.shape, isFree));
  const storage = parts.reduce((sum, part) => sum + part.storage, 0);
  return storage < whole.storage ? parts : [whole];
}

/** The summands of a factor, which may vary along fewer axes; itself if it is no sum, or a long one. */
function summands(b: Builder, factor: Factor): Factor[] {
  let parts = [signed(factor, false)];
  for (;;) {
    const at = parts.findIndex(({ node: { op } }) => op === 'add' || op === 'sub');
    if (at < 0 || parts.length >= MOST_SUMMANDS) break;
    const { node, axes, isNegative } = parts[at];
    const operands = node.inputs.map((input, k) => {
      const own = withoutShort(axes.slice(axes.length - input.shape.length), input.shape);
      return signed({ node: input, axes: own }, isNegative !== (node.op === 'sub' && k === 1));
    });
    parts = parts.toSpliced(at, 1, ...operands);
  }
  return parts.map(({ node, axes, isNegative }) => ({ node: isNegative ? b.neg(node) : node, axes }));
}

type Signed = Factor & { readonly isNegative: boolean };

/** A factor or its negative without views and signs of its own. */
function signed(factor: Factor, isNegative: boolean): Signed {
  const { node, axes } = unrepeated(factor);
  if (node.op === 'neg') return signed({ node: node.inputs[0], axes }, !isNegative);
  return { node, axes, isNegative };
}

/** A value over `shape`, which varies along the axes of `own` only, as one product, and about what it stores. */
function productOf(
  b: Builder,
  own: Factor,
  shape: Shape,
  isFree: (node: Node) => boolean,
): Product & { readonly storage: number } {
  const lengths: Size[] = [...shape];
  const whole = unrepeated(own);
  const { groups: all, summed } = expanded(own, DEEPEST);
  const groups = fewer(all);
  const isProduct = groups.filter(group => axesOf(group).length > 0).length > 1;
  const alone = storage([[whole]]);
  if (!isProduct || groups.length > MOST_FACTORS || storage(groups) >= alone) {
    return { shape, factors: [whole], storage: alone };
  }
  const place = (axis: number | undefined) =>
    axis === undefined || axis < shape.length ? axis : shape.length + summed.indexOf(axis);
  return {
    shape: [...shape, ...summed.map(axis => lengths[axis])],
    factors: groups.map(group => {
      const { node, axes } = multiplied(b, group, lengths);
      return { node, axes: axes.map(place) };
    }),
    storage: storage(groups),
  };

  /** The way to take a factor apart that leaves least to store. */
  function expanded(factor: Factor, depth: number): Expansion {
    const plain = unrepeated(factor);
    const alone: Expansion = { groups: [[plain]], summed: [] };
    const parts = depth === 0 ? undefined : partsOf(plain, depth - 1);
    if (parts === undefined) return alone;
    const groups = merged(parts.groups);
    return storage(groups) < storage(alone.groups) ? { ...parts, groups } : alone;
  }

  function partsOf({ node, axes }: Factor, depth: number): Expansion | undefined {
    switch (node.op) {
      case 'neg':
        return joined([
          { groups: [[{ node: b.constant(-1), axes: [] }]], summed: [] },
          expanded({ node: node.inputs[0], axes }, depth),
        ]);
      case 'mul':
        return joined(
          node.inputs.map(input => {
            const own = axes.slice(axes.length - input.shape.length);
            return expanded({ node: input, axes: withoutShort(own, input.shape) }, depth);
          }),
        );
      case 'contract': {
        const { x, y, out } = subscriptsOf(node.attrs.subscripts);
        const axisOf = new Map<string, number | undefined>([...out].map((letter, k) => [letter, axes[k]]));
        const summed: number[] = [];
        for (const [k, letter] of [...x].entries()) {
          if (axisOf.has(letter)) continue;
          axisOf.set(letter, lengths.length);
          summed.push(lengths.length);
          lengths.push(node.inputs[0].shape[k]);
        }
        const sides = [x, y].map((letters, side) => {
          const input = node.inputs[side];
          const own = withoutShort(
            [...letters].map(letter => axisOf.get(letter)),
            input.shape,
          );
          return expanded({ node: input, axes: own }, depth);
        });
        return joined([{ groups: [], summed }, ...sides]);
      }
      default:
        return undefined;
    }
  }

  /** Groups are put together where that needs no more storage. */
  function merged(groups: readonly Group[]): readonly Group[] {
    const next = joinings(groups).find(each => storage(each) <= storage(groups));
    return next === undefined ? groups : merged(next);
  }

  /** No more groups than people want to read, if that can be: those are put together that need least more storage. */
  function fewer(groups: readonly Group[]): readonly Group[] {
    if (groups.length <= MOST_FACTORS) return groups;
    const [least] = joinings(groups).sort((p, q) => storage(p) - storage(q));
    return least === undefined ? groups : fewer(least);
  }

  /** All ways to put two groups together. */
  function joinings(groups: readonly Group[]): Group[][] {
    const own = groups.filter(isMergeable);
    return own.flatMap((p, i) =>
      own.slice(i + 1).map(q => [...groups.filter(group => group !== p && group !== q), [...p, ...q]]),
    );
  }

  function isMergeable(group: Group): boolean {
    return group.every(({ node, axes }) => {
      const own = axes.filter(axis => axis !== undefined);
      return !isFree(node) && new Set(own).size === own.length;
    });
  }

  /** About how many numbers are stored: what occurs twice is stored once. */
  function storage(groups: readonly Group[]): number {
    const nodes = new Set<Node>();
    let sum = 0;
    for (const group of groups) {
      const [{ node }] = group;
      if (group.length === 1) {
        if (isFree(node) || nodes.has(node)) continue;
        nodes.add(node);
      }
      sum += axesOf(group).reduce((volume, axis) => volume * typical(lengths[axis]), 1);
    }
    return sum;
  }
}

/** The product of a group as one array. */
function multiplied(b: Builder, group: Group, lengths: Shape): Factor {
  if (group.length === 1) return group[0];
  const axes = axesOf(group).toSorted((p, q) => p - q);
  const aligned = group.map(factor => {
    const kept = [...factor.axes.keys()].filter(at => factor.axes[at] !== undefined);
    const order = [...kept.keys()].toSorted((p, q) => factor.axes[kept[p]]! - factor.axes[kept[q]]!);
    const plain = b.reshape(
      factor.node,
      kept.map(at => factor.node.shape[at]),
    );
    const shape = axes.map(axis => (factor.axes.includes(axis) ? lengths[axis] : 1));
    return b.reshape(b.permute(plain, order), shape);
  });
  return { node: aligned.reduce((product, each) => b.mul(product, each)), axes };
}

/** The same array without views that name axes anew or repeat elements. */
function unrepeated(factor: Factor): Factor {
  let { node, axes } = factor;
  for (;;) {
    const [x] = node.inputs;
    const own = axes;
    if (node.op === 'broadcast') {
      axes = withoutShort(own.slice(own.length - x.shape.length), x.shape);
    } else if (node.op === 'permute') {
      const { permutation } = node.attrs;
      axes = x.shape.map((_, axis) => own[permutation.indexOf(axis)]);
    } else if (node.op === 'reshape' && isAligned(x.shape, node.shape)) {
      const long = node.shape.flatMap((size, axis) => (size === 1 ? [] : [own[axis]]));
      axes = x.shape.map(size => (size === 1 ? undefined : long.shift()));
    } else return { node, axes };
    node = x;
  }
}

function withoutShort(axes: readonly (number | undefined)[], shape: Shape): (number | undefined)[] {
  return axes.map((axis, k) => (shape[k] === 1 ? undefined : axis));
}

function joined(parts: readonly Expansion[]): Expansion {
  return { groups: parts.flatMap(({ groups }) => groups), summed: parts.flatMap(({ summed }) => summed) };
}

/** All axes of a group, each once. */
function axesOf(group: Group): number[] {
  return [...new Set(group.flatMap(({ axes }) => axes.filter(axis => axis !== undefined)))];
}

function typical(size: Size): number {
  return evaluateSize(size, new Map(namesIn(size).map(name => [name, TYPICAL_SIZE])));
}
