// What plain mathjs needs to run a `.expr` file: `math.evaluate(text, scope(inputs, sizes))`. Functions that mathjs lacks,
// that it does not apply to arrays, or that it has wrong; and real-valued versions of those for which it leaves the real
// numbers. Shares no code with the compiler, so that it can serve as an oracle for it; and imports nothing of mathjs.
//
// What no scope can change, since operators do not consult it: `< == ...` and `%` hold within a relative tolerance
// (create mathjs with `relTol: 1e-15, absTol: 0`, the least that it takes), `^` and `.^` may give complex numbers
// (`predictable: true`), a chain `a < x < b` of arrays is not elementwise, and the product of two empty vectors throws.

import { broadcast, copied, isArray, type MathValue, nested, real, tensor } from './mathjs/arrays.ts';
import { concat } from './mathjs/concat.ts';
import { einsum } from './mathjs/einsum.ts';
import { cross, dot, norm, outer, pow, trace } from './mathjs/products.ts';
import { REAL } from './mathjs/real.ts';
import { REDUCTIONS } from './mathjs/reductions.ts';

/**
 * A scope for mathjs with the inputs, the named sizes, and the functions of symgrad. Inputs are numbers, nested arrays,
 * matrices of mathjs or, for vectors, typed arrays; they are copied.
 *
 *     math.evaluate('softplus(x) + sum(v) / n', scope({ x: 1, v: [2, 3] }, { n: 2 }))
 */
export function scope(
  inputs: Readonly<Record<string, unknown>>,
  sizes: Readonly<Record<string, number>> = {},
): Map<string, unknown> {
  return new Map<string, unknown>([
    ...Object.entries(REAL).map(([name, f]) => [name, elementwise(f)] as const),
    ...Object.entries(REDUCTIONS),
    ...Object.entries({ concat, cross, dot, einsum, map, norm, outer, pow, trace }),
    ...Object.entries(sizes),
    ...Object.entries(inputs).map(([name, value]) => [name, copied(value)] as const),
  ]);
}

/** `f` of numbers, or of the elements that correspond, as the operators of mathjs broadcast. */
function elementwise<T>(f: (...args: number[]) => T): (...args: MathValue[]) => unknown {
  return (...args) => (args.some(isArray) ? nested(broadcast(f, args.map(tensor))) : f(...args.map(real)));
}

/** `map(A, f)`, `map(A, B, f)`: `f` gets the elements only, not the index that mathjs adds for functions that take one. */
function map(...args: unknown[]): unknown {
  const f = args.at(-1) as (...values: number[]) => unknown; // mathjs has the function last
  return elementwise((...values) => real(f(...values)))(...(args.slice(0, -1) as MathValue[]));
}
