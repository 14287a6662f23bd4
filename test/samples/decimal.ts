// Derivatives without calculus: formulas typed again in 60-digit arithmetic and central differences with steps so
// small that the result is right to more digits than a double has. Independent of everything in src/.

import { Decimal as DecimalJs } from 'decimal.js';

export const Decimal = DecimalJs.clone({ precision: 60, defaults: true });
export type Decimal = InstanceType<typeof DecimalJs>;
export type Formula = (x: readonly Decimal[]) => readonly Decimal[];

export function decimals(x: ArrayLike<number>): Decimal[] {
  return Array.from(x, v => new Decimal(v));
}

export function values(f: Formula, x: ArrayLike<number>): number[] {
  return f(decimals(x)).map(Number);
}

/** Row-major, outputs by inputs. */
export function jacobian(f: Formula, x: ArrayLike<number>): number[] {
  const h = new Decimal('1e-18');
  const at = decimals(x);
  const columns = at.map((_, j) => {
    const up = f(moved(at, j, h));
    const down = f(moved(at, j, h.neg()));
    return up.map((v, i) => Number(v.minus(down[i]!).div(h.times(2))));
  });
  return columns[0]!.flatMap((_, i) => columns.map(column => column[i]!));
}

/** Second derivatives of the first output, row-major. */
export function hessian(f: Formula, x: ArrayLike<number>): number[] {
  const h = new Decimal('1e-14');
  const at = decimals(x);
  const F = (i: number, di: Decimal, j: number, dj: Decimal) => f(moved(moved(at, i, di), j, dj))[0]!;
  const minus = h.neg();
  return at.flatMap((_, i) =>
    at.map((_, j) =>
      Number(
        F(i, h, j, h)
          .minus(F(i, h, j, minus))
          .minus(F(i, minus, j, h))
          .plus(F(i, minus, j, minus))
          .div(h.times(h).times(4)),
      ),
    ),
  );
}

function moved(x: readonly Decimal[], index: number, by: Decimal): Decimal[] {
  return x.map((v, i) => (i === index ? v.plus(by) : v));
}
