// A Hessian put together from its factors: a plain loop over the indices of each term, which knows nothing but what
// `meta` says and the arrays that the module hands out. The oracle of everything that hands out factors.

export interface Described {
  readonly kind: string;
  readonly shape: readonly (number | string)[];
  readonly coordinates: readonly {
    readonly axis?: number;
    readonly start: number | string;
    readonly step: number;
    readonly index?: number;
  }[];
  readonly factors: readonly { readonly input?: string; readonly axes: readonly number[] }[];
}

export interface Given {
  readonly kind: string;
  readonly factors: readonly ArrayLike<number>[];
  readonly indices?: readonly ArrayLike<number>[];
}

export type Sizes = Readonly<Record<string, number>>;

/** A size of `meta` in numbers. */
export function sizeOf(size: number | string, sizes: Sizes): number {
  if (typeof size === 'number') return size;
  const floor = Math.floor;
  return new Function('floor', ...Object.keys(sizes), `return ${size};`)(floor, ...Object.values(sizes));
}

/** The block of `lengths` (rows, then columns), flat, that the terms make. */
export function blockOf(
  described: readonly Described[],
  given: readonly Given[],
  lengths: readonly number[],
  sizes: Sizes,
): Float64Array {
  const block = new Float64Array(lengths.reduce((product, length) => product * length, 1));
  if (described.length !== given.length) throw new Error('not as many terms as meta says');
  for (const [t, { kind, shape, coordinates, factors }] of described.entries()) {
    const { kind: own, factors: arrays, indices = [] } = given[t];
    if (own !== kind || arrays.length !== factors.length) throw new Error('a term is not what meta says');
    const extents = shape.map(size => sizeOf(size, sizes));
    for (const at of indexesOf(extents)) {
      let product = 1;
      for (const [k, { axes }] of factors.entries()) {
        const place = axes.reduce((sum, axis) => sum * extents[axis] + at[axis], 0);
        if (!(place < arrays[k].length)) throw new Error('a factor is too short');
        product *= arrays[k][place];
      }
      const place = coordinates.map(({ axis, start, step, index }) => {
        const k = axis === undefined ? 0 : at[axis];
        return index === undefined ? sizeOf(start, sizes) + step * k : indices[index][k] - 1;
      });
      place.forEach((each, axis) => {
        if (!(each >= 0 && each < lengths[axis])) throw new Error('an element is outside of its block');
      });
      block[place.reduce((sum, each, axis) => sum * lengths[axis] + each, 0)] += product;
    }
  }
  return block;
}

/** All indices of an array, in row-major order. */
function indexesOf(extents: readonly number[]): number[][] {
  return extents.reduce<number[][]>(
    (all, length) => all.flatMap(at => Array.from({ length }, (_, k) => [...at, k])),
    [[]],
  );
}

/** left' diag(weights) right, from the three factors alone: p x q, the last length being that of the sum. */
export function lowRankOf({ factors }: Given, [p, q, n]: readonly number[]): Float64Array {
  const [left, weights, right] = factors;
  return Float64Array.from({ length: p * q }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const weight = weights.length === 1 ? weights[0] : weights[k];
      sum += left[k * p + Math.floor(at / q)] * weight * right[k * q + (at % q)];
    }
    return sum;
  });
}
