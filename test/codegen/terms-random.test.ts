// Random sums of terms in the cells of a Hessian, dense and sparse: diagonals, shifts, reversals, repeated axes, indices and
// full blocks that overlap in every way, with values of every cost.

import { test } from 'vitest';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { namedSize, type Size, sameSize, sizeText, subtractSizes } from '../../src/ir/size.ts';
import type { Coordinate, Term } from '../../src/ir/terms.ts';
import { checkTerms, type Made, type Nodes } from './terms.ts';

/** Marsaglia's xorshift: numbers in 0 .. count - 1, the same for the same seed. */
function chooser(seed: number): (count: number) => number {
  let state = (seed * 2654435761) | 1;
  return count => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

type Choose = ReturnType<typeof chooser>;

/** A value of that shape, the product of a vector along each axis or something dearer. */
function valueWith(b: Builder, x: Nodes, shape: readonly Size[], choose: Choose): Node {
  const own = shape.map((size, axis) => {
    const whole = [x.u, x.v, x.w].find(vector => sameSize(vector.shape[0], size));
    const vector =
      whole ?? [x.u, x.v].map(each => rest(b, each)).find(each => sameSize(each.shape[0], size))!;
    return b.broadcast(
      b.reshape(
        vector,
        shape.map((_, at) => (at === axis ? size : 1)),
      ),
      shape,
    );
  });
  const product = own.reduce((sum, each) => b.mul(sum, each), b.broadcast(x.s, shape));
  switch (choose(5)) {
    case 0:
      return b.exp(product);
    case 1:
      return b.reduceSum(b.mul(b.expand(b.exp(product), [shape.length]), x.w), [shape.length]);
    case 2:
      return b.broadcast(b.constant(2), shape);
    case 3:
      return own.at(-1) ?? x.s;
    default:
      return product;
  }
}

/** A vector without its first element. */
function rest(b: Builder, vector: Node): Node {
  return b.slice(vector, { axis: 0, start: 1, step: 1, length: subtractSizes(vector.shape[0], 1) });
}

function termOf(b: Builder, x: Nodes, lengths: readonly Size[], m: Size, choose: Choose): Term {
  const shape: Size[] = [];
  const coordinates = lengths.map((size): Coordinate => {
    const axis = (length: Size, isNew: boolean): number => {
      const known = [...shape.keys()].filter(each => sameSize(shape[each], length));
      return known.length > 0 && !isNew ? known[choose(known.length)] : shape.push(length) - 1;
    };
    const isNew = choose(2) === 0;
    switch (choose(7)) {
      case 0:
        return { axis: undefined, start: 0, step: 1 };
      case 1:
        if (size === 3) return { axis: axis(m, isNew), start: 0, step: 1, index: x.k };
        return { axis: axis(subtractSizes(size, 1), isNew), start: 1, step: 1 };
      case 2:
        return { axis: axis(size, isNew), start: subtractSizes(size, 1), step: -1 };
      default:
        return { axis: axis(size, isNew), start: 0, step: 1 };
    }
  });
  const value = valueWith(b, x, shape, choose);
  if (shape.length < 2 || choose(2) === 0) return { value, coordinates };
  // The same with the axes of the value the other way round.
  const last = shape.length - 1;
  const permutation = shape.map((_, at) => last - at);
  const turned = coordinates.map(({ axis, ...at }) => ({
    ...at,
    axis: axis === undefined ? axis : last - axis,
  }));
  return { value: b.permute(value, permutation), coordinates: turned };
}

/** A Hessian by p: n x 3, q: m and s, whose terms are chosen anew whenever they are made. */
function madeOf(n: Size, m: Size, choose: () => Choose): Made {
  const [rows, length] = [sizeText(n), sizeText(m)];
  return {
    inputs: { p: `${rows} x 3`, q: length, s: 'scalar', u: rows, v: length, w: '3', k: `${length} int` },
    wrt: ['p', 'q', 's'],
    kind: 'hessian',
    output: b => b.constant(0),
    terms: (b, x) => {
      const own = choose();
      const cells: Record<string, readonly Size[]> = {
        'p.p': [n, 3, n, 3],
        'p.q': [n, 3, m],
        'p.s': [n, 3],
        'q.q': [m, m],
        's.s': [],
      };
      const terms = Object.entries(cells).flatMap(([path, lengths]) => {
        const list = Array.from({ length: own(4) }, () => termOf(b, x, lengths, m, own));
        return list.length > 0 ? [[path, list] as const] : [];
      });
      return Object.fromEntries(terms);
    },
  };
}

const RUNS = 60;

test.each(Array.from({ length: RUNS / 10 }, (_, k) => k))('random terms %i', async group => {
  for (let k = 0; k < 10; k++) {
    const seed = 10 * group + k + 1;
    const sizes = chooser(seed);
    const [n, m] = [1 + sizes(4), 1 + sizes(4)];
    const numbers = (count: number, phase: number) =>
      Float64Array.from({ length: count }, (_, at) => Math.sin(phase + 1.3 * at));
    const inputs = {
      p: numbers(3 * n, 1),
      q: numbers(m, 2),
      s: 0.7,
      u: numbers(n, 3),
      v: numbers(m, 4),
      w: numbers(3, 5),
      k: Int32Array.from({ length: m }, () => 1 + sizes(3)),
    };
    const choices = () => chooser(seed);
    const isStatic = seed % 3 === 0;
    const [rows, length] = isStatic ? [n, m] : [namedSize('n'), namedSize('m')];
    try {
      await checkTerms(madeOf(rows, length, choices), inputs);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error}`);
    }
  }
});
