// The formulas of some samples, typed again for 60-digit arithmetic.

import { Decimal, type Formula } from './decimal.ts';

const one = new Decimal(1);
const pi = Decimal.acos(-1);

/** Series of erf, for arguments of moderate size. */
export function erf(x: InstanceType<typeof Decimal>): InstanceType<typeof Decimal> {
  const minusSquare = x.times(x).neg();
  let term = x;
  let sum = x;
  for (let n = 1; term.abs().gt('1e-58'); n++) {
    term = term.times(minusSquare).div(n);
    sum = sum.plus(term.div(2 * n + 1));
  }
  return sum.times(2).div(pi.sqrt());
}

/** [S, K, r, q, sigma, T] */
export const blackScholes: Formula = ([S, K, r, q, sigma, T]) => {
  const sd = sigma!.times(T!.sqrt());
  const forward = S!.times(r!.minus(q!).times(T!).exp());
  const d1 = forward.div(K!).ln().div(sd).plus(sd.div(2));
  const d2 = d1.minus(sd);
  const N = (z: InstanceType<typeof Decimal>) => one.plus(erf(z.div(new Decimal(2).sqrt()))).div(2);
  return [
    forward
      .times(N(d1))
      .minus(K!.times(N(d2)))
      .times(r!.times(T!).neg().exp()),
  ];
};

/** [r1 r2 r3 c1 c2 c3 f u v k1 k2 x1 x2 x3 w], data m. Rotation as a matrix, I + sin K + (1 - cos) K^2. */
export function reprojection(m: readonly number[]): Formula {
  return theta => {
    const [r1, r2, r3, c1, c2, c3, f, u, v, k1, k2, x1, x2, x3, w] = theta as Required<typeof theta>;
    const angle = r1!.pow(2).plus(r2!.pow(2)).plus(r3!.pow(2)).sqrt();
    const [a, b, c] = [r1!.div(angle), r2!.div(angle), r3!.div(angle)];
    const zero = new Decimal(0);
    const K = [
      [zero, c.neg(), b],
      [c, zero, a.neg()],
      [b.neg(), a, zero],
    ];
    const p = [x1!.minus(c1!), x2!.minus(c2!), x3!.minus(c3!)];
    const times = (q: readonly (typeof one)[]) =>
      K.map(row => row.reduce((s, k, j) => s.plus(k.times(q[j]!)), zero));
    const Kp = times(p);
    const KKp = times(Kp);
    const y = p.map((pi, i) =>
      pi.plus(Kp[i]!.times(angle.sin())).plus(KKp[i]!.times(one.minus(angle.cos()))),
    );
    const X = y[0]!.div(y[2]!);
    const Y = y[1]!.div(y[2]!);
    const s = X.times(X).plus(Y.times(Y));
    const d = one.plus(k1!.times(s)).plus(k2!.times(s).times(s));
    return [
      w!.times(f!.times(d).times(X).plus(u!).minus(m[0]!)),
      w!.times(f!.times(d).times(Y).plus(v!).minus(m[1]!)),
    ];
  };
}
