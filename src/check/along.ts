// Matrices with more columns than can be looked at: the sum of all columns along a direction, for which one difference
// is enough.

import type { Evidence, Expected } from './expected.ts';
import type { Quantity } from './probes.ts';

/** Where not all columns can be looked at: their sum along the direction, which the vector products are known for. */
export function alongDirections(
  quantity: Quantity,
  actual: ArrayLike<number>,
  { layout, call, columns, accuracy }: Evidence,
  expected: (quantity: Quantity) => Expected | undefined,
): readonly (readonly [ArrayLike<number>, Expected])[] {
  const product = ALONG[quantity];
  if (product === undefined || layout.wrt.length <= columns) return [];
  const known = expected(product);
  if (known === undefined) return [];
  const width = layout.wrt.length;
  const rows = quantity === 'vjp' ? 1 : actual.length / width;
  const weights = quantity === 'vjp' ? call.cotangent : undefined;
  const sums = new Float64Array(rows);
  const noises = new Float64Array(rows);
  for (let k = 0; k < actual.length; k++) {
    const term = actual[k] * call.direction[k % width];
    sums[Math.floor(k / width)] += term;
    noises[Math.floor(k / width)] += accuracy.epsilon * Math.abs(term);
  }
  const numbers = weights === undefined ? known.numbers : [weightedSum(known, weights)];
  const widened = numbers.map((entry, i) => entry && { ...entry, error: entry.error + noises[i] });
  return [[sums, { ...known, source: `${known.source} along a direction`, numbers: widened }]];
}

/** Which product with the direction tells the sum of the columns. */
const ALONG: Readonly<Partial<Record<Quantity, Quantity>>> = { jacobian: 'jvp', hessian: 'hvp', vjp: 'jvp' };

function weightedSum({ numbers }: Expected, weights: Float64Array) {
  let [value, error] = [0, 0];
  for (const [i, weight] of weights.entries()) {
    value += weight * (numbers[i]?.value ?? Number.NaN);
    error += Math.abs(weight) * (numbers[i]?.error ?? Number.POSITIVE_INFINITY);
  }
  return { value, error };
}
