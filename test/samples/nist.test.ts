// At the certified parameters of NIST StRD the residuals have the certified sum of squares and standard deviations, and
// their gradient vanishes; a fit with the generated derivatives ends there from both starts.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Decimal, type Formula, hessian, jacobian, values } from './decimal.ts';
import { expectClose, flatHessian, load, pick, type ScalarModule } from './load.ts';

interface Dataset {
  readonly parameters: readonly string[];
  readonly starts: readonly (readonly number[])[];
  readonly certified: readonly number[];
  readonly standardDeviation: readonly number[];
  readonly residualSumOfSquares: number;
  readonly residualStandardDeviation: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

function dataset(name: string): Dataset {
  return JSON.parse(readFileSync(new URL(`../../samples/data/${name}.json`, import.meta.url), 'utf8'));
}

const residuals: Readonly<Record<string, (x: number, y: number) => Formula>> = {
  misra1a:
    (x, y) =>
    ([b1, b2]) => [b1!.times(b2!.times(-x).exp().minus(1)).plus(y)],
  rat43: (x, y) => theta => {
    const [b1, b2, b3, b4] = theta as [Decimal, Decimal, Decimal, Decimal];
    return [
      b1
        .div(b2.minus(b3.times(x)).exp().plus(1).ln().div(b4).exp())
        .neg()
        .plus(y),
    ];
  },
};

describe.each(['misra1a', 'rat43'])('%s', name => {
  const data = dataset(name);
  const names = data.parameters;
  const module: Promise<ScalarModule> = load(name, { hessian: true });
  const inputs = (b: readonly number[], i: number) => ({
    ...Object.fromEntries(names.map((p, j) => [p, b[j]!])),
    x: data.x[i]!,
    y: data.y[i]!,
  });

  test('residual, gradient and Hessian of every observation against 60-digit differences', async () => {
    const { valueAndGrad, hessian: secondOrder } = await module;
    for (const b of [data.certified, ...data.starts])
      for (const i of data.x.keys()) {
        const formula = residuals[name]!(data.x[i]!, data.y[i]!);
        const got = valueAndGrad(inputs(b, i));
        expectClose([got.value], values(formula, b), 1e-12, data.y[i]!);
        expectClose(pick(got.grad, names), jacobian(formula, b), 1e-12, 1e-6);
        expectClose(flatHessian(secondOrder(inputs(b, i)), names), hessian(formula, b), 1e-11, 1e-6);
      }
  });

  test('the certified sum of squares, zero gradient and standard deviations', async () => {
    const { valueAndGrad } = await module;
    const rows = data.x.map((_, i) => valueAndGrad(inputs(data.certified, i)));
    const sum = rows.reduce((s, row) => s + row.value ** 2, 0);
    expectClose([sum], [data.residualSumOfSquares], 1e-9);
    const n = names.length;
    const J = rows.map(row => pick(row.grad, names));
    const normal = names.map((_, a) => names.map((_, c) => J.reduce((s, r) => s + r[a]! * r[c]!, 0)));
    const gradient = names.map((_, a) => J.reduce((s, r, i) => s + r[a]! * rows[i]!.value, 0));
    const variance = sum / (data.x.length - n);
    expectClose([Math.sqrt(variance)], [data.residualStandardDeviation], 1e-9);
    // certified to 11 digits: the gradient is zero as far as these go
    gradient.forEach((g, a) => {
      const size = Math.sqrt(normal[a]![a]! * sum);
      expect(Math.abs(g) / size).toBeLessThan(1e-8);
    });
    const deviations = inverseDiagonal(normal).map(v => Math.sqrt(v * variance));
    expectClose(deviations, data.standardDeviation, 1e-7);
  });
});

/** Diagonal of the inverse of a small matrix, by Gauss-Jordan elimination. */
function inverseDiagonal(matrix: readonly (readonly number[])[]): number[] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < n; k++) {
    const pivot = rows[k]!.map(v => v / rows[k]![k]!);
    for (let i = 0; i < n; i++) {
      const factor = rows[i]![k]!;
      rows[i] = i === k ? pivot : rows[i]!.map((v, j) => v - factor * pivot[j]!);
    }
  }
  return rows.map((row, i) => row[n + i]!);
}
