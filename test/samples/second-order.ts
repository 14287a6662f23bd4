// Published problems with known second derivatives: for each the formula, random inputs, value and gradient as plain
// loops, and the Hessian in closed form. None of it uses the compiler.

import { generator } from '../differences.ts';

export type Matrix = readonly (readonly number[])[];
export type Arrays = Readonly<Record<string, Float64Array>>;

export interface Problem {
  readonly name: string;
  readonly text: string;
  /** Sizes by name; a shape is a list of these names. */
  readonly sizes: (n: number) => Readonly<Record<string, number>>;
  readonly shapes: Readonly<Record<string, readonly string[]>>;
  readonly wrt: readonly string[];
  /** Elements that are not just any number between -1 and 1. */
  readonly given?: Readonly<Record<string, (x: number, index: number, n: number) => number>>;
  /** The gradient by the inputs of `wrt`, one after the other. */
  readonly valueAndGradient: (inputs: Arrays, n: number) => { value: number; gradient: number[] };
  readonly hessian: (inputs: Arrays, n: number) => Matrix;
}

const LAYERS = 10;
const RANK = 3;

/** The cases of Laue, Mitterreiter, Giesen, Computing higher order derivatives of matrix and tensor expressions (2018). */
export const PROBLEMS: readonly Problem[] = [
  {
    name: 'logistic regression, labels -1 and 1',
    text: `# @input X: m x n
# @input y: m
# @input w: n
# @wrt w
sum(log(exp(-y .* (X * w)) + 1))`,
    sizes: n => ({ n, m: 2 * n + 1 }),
    shapes: { X: ['m', 'n'], y: ['m'], w: ['n'] },
    wrt: ['w'],
    given: { y: x => (x < 0 ? -1 : 1) },
    valueAndGradient({ X, y, w }, n) {
      const gradient = new Array<number>(n).fill(0);
      let value = 0;
      for (const [row, label] of rows(X!, n).map((row, i) => [row, y![i]!] as const)) {
        const margin = label * dot(row, w!);
        value += Math.log1p(Math.exp(-margin));
        row.forEach((x, j) => {
          gradient[j]! -= (label * x) / (1 + Math.exp(margin));
        });
      }
      return { value, gradient };
    },
    // X' diag(p (1 - p)) X
    hessian: ({ X, w }, n) =>
      square(n, (j, k) =>
        rows(X!, n).reduce((sum, row) => sum + (row[j]! * row[k]!) / (2 + 2 * Math.cosh(dot(row, w!))), 0),
      ),
  },
  {
    name: 'factorisation of a matrix with unknown entries',
    text: `# @input T: n x m
# @input M: n x m -- 1 where an entry is known
# @input U: n x k
# @input V: m x k
# @wrt U, V
sum(M .* (T - U * V').^2)`,
    sizes: n => ({ n, m: n + 1, k: RANK }),
    shapes: { T: ['n', 'm'], M: ['n', 'm'], U: ['n', 'k'], V: ['m', 'k'] },
    wrt: ['U', 'V'],
    given: { M: x => (x < -0.4 ? 0 : 1) },
    valueAndGradient({ M, U, V, T }, n) {
      const [u, v] = [rows(U!, RANK), rows(V!, RANK)];
      const gradient = new Array<number>((n + v.length) * RANK).fill(0);
      let value = 0;
      u.forEach((ui, i) => {
        v.forEach((vj, j) => {
          const known = M![i * v.length + j]!;
          const r = T![i * v.length + j]! - dot(ui, vj);
          value += known * r * r;
          for (let a = 0; a < RANK; a++) {
            gradient[i * RANK + a]! -= 2 * known * r * vj[a]!;
            gradient[(n + j) * RANK + a]! -= 2 * known * r * ui[a]!;
          }
        });
      });
      return { value, gradient };
    },
    // blocks of a row of U with itself, of a row of V with itself, and of one with the other; all else is zero
    hessian({ M, U, V, T }, n) {
      const [u, v] = [rows(U!, RANK), rows(V!, RANK)];
      const known = (i: number, j: number) => M![i * v.length + j]!;
      const mixed = (i: number, a: number, j: number, b: number) =>
        2 * known(i, j) * (v[j]![a]! * u[i]![b]! - (a === b ? T![i * v.length + j]! - dot(u[i]!, v[j]!) : 0));
      return square((n + v.length) * RANK, (p, q) => {
        const [r, a, s, b] = [Math.floor(p / RANK), p % RANK, Math.floor(q / RANK), q % RANK];
        if (r < n && s < n) return r === s ? 2 * sum(v, (vj, j) => known(r, j) * vj[a]! * vj[b]!) : 0;
        if (r >= n && s >= n) return r === s ? 2 * sum(u, (ui, i) => known(i, r - n) * ui[a]! * ui[b]!) : 0;
        return r < n ? mixed(r, a, s - n, b) : mixed(s, b, r - n, a);
      });
    },
  },
  {
    name: 'ten layers with relu and softmax cross-entropy, by the weights of the first',
    text: [
      ...Array.from({ length: LAYERS }, (_, l) => `# @input W${l + 1}: n x n`),
      '# @input x: n',
      '# @input y: n -- label, one-hot',
      '# @wrt W1',
      'h = x',
      ...Array.from({ length: LAYERS - 1 }, (_, l) => `h = relu(W${l + 1} * h)`),
      `z = W${LAYERS} * h`,
      'logsumexp(z) - dot(y, z)',
    ].join('\n'),
    sizes: n => ({ n }),
    shapes: {
      ...Object.fromEntries(Array.from({ length: LAYERS }, (_, l) => [`W${l + 1}`, ['n', 'n']])),
      x: ['n'],
      y: ['n'],
    },
    wrt: ['W1'],
    given: {
      // mostly positive, so that some units of each layer are on
      ...Object.fromEntries(
        Array.from({ length: LAYERS }, (_, l) => [
          `W${l + 1}`,
          (x: number, _: number, n: number) => (2 * x + 1) / n,
        ]),
      ),
      x: x => x + 0.6,
      y: (_, i) => (i === 0 ? 1 : 0),
    },
    valueAndGradient(inputs, n) {
      const { x, y } = inputs;
      const { logits, slope } = reluNetwork(inputs, n);
      const most = Math.max(...logits);
      const total = sum(logits, z => Math.exp(z - most));
      const value = most + Math.log(total) - dot(y!, logits);
      const adjoint = logits.map((z, c) => Math.exp(z - most) / total - y![c]!);
      const before = adjoint.map((_, i) => sum(adjoint, (g, c) => g * slope[c]![i]!));
      return { value, gradient: before.flatMap(g => Array.from(x!, xa => g * xa)) };
    },
    // the logits are linear in W1 as long as no unit turns: B' (diag(p) - p p') B, times x x'
    hessian(inputs, n) {
      const { logits, slope } = reluNetwork(inputs, n);
      const total = sum(logits, Math.exp);
      const p = logits.map(z => Math.exp(z) / total);
      const inner = square(n, (i, j) => {
        const mean = (k: number) => sum(p, (pc, c) => pc * slope[c]![k]!);
        return sum(p, (pc, c) => pc * slope[c]![i]! * slope[c]![j]!) - mean(i) * mean(j);
      });
      const at = (k: number) => inputs.x![k % n]!;
      return square(n * n, (p, q) => inner[Math.floor(p / n)]![Math.floor(q / n)]! * at(p) * at(q));
    },
  },
  {
    name: 'ten layers with tanh that share their weights',
    text: `# @input W: n x n
# @input h: n
# @wrt W
${'h = tanh(W * h)\n'.repeat(LAYERS)}sum(h)`,
    sizes: n => ({ n }),
    shapes: { W: ['n', 'n'], h: ['n'] },
    wrt: ['W'],
    given: { W: x => 1.5 * x },
    valueAndGradient({ W, h }, n) {
      const { kept, delta } = sharedLayers(W!, h!, n);
      const gradient = Array.from({ length: n * n }, (_, p) =>
        sum(delta, (d, l) => d[Math.floor(p / n)]! * kept[l]![p % n]!),
      );
      return { value: sum(kept[LAYERS]!, x => x), gradient };
    },
    // with T = dh/dW of what goes into a layer and Z = dz/dW of W h: the sum over the layers of Z' diag(tanh'' times the
    // adjoint) Z, and of delta[i] T[a, (j, b)] with its transpose
    hessian({ W, h }, n) {
      const { kept, delta } = sharedLayers(W!, h!, n);
      const w = rows(W!, n);
      const H = square(n * n, () => 0).map(row => [...row]);
      let T: Matrix = Array.from({ length: n }, () => new Array<number>(n * n).fill(0));
      for (let l = 0; l < LAYERS; l++) {
        const Z = w.map((row, k) =>
          Array.from({ length: n * n }, (_, q) => {
            return sum(row, (x, c) => x * T[c]![q]!) + (Math.floor(q / n) === k ? kept[l]![q % n]! : 0);
          }),
        );
        for (let p = 0; p < n * n; p++) {
          const [i, a] = [Math.floor(p / n), p % n];
          for (let q = 0; q < n * n; q++) {
            const [j, b] = [Math.floor(q / n), q % n];
            H[p]![q]! +=
              sum(Z, (z, k) => -2 * kept[l + 1]![k]! * delta[l]![k]! * z[p]! * z[q]!) +
              delta[l]![i]! * T[a]![q]! +
              delta[l]![j]! * T[b]![p]!;
          }
        }
        T = Z.map((row, k) => row.map(z => (1 - kept[l + 1]![k]! ** 2) * z));
      }
      return H;
    },
  },
];

/** Logits, and their slope by what goes into the first relu. */
function reluNetwork(inputs: Arrays, n: number): { logits: number[]; slope: Matrix } {
  let h = Array.from(inputs.x!);
  let slope: Matrix = square(n, (i, j) => (i === j ? 1 : 0));
  for (let l = 1; l <= LAYERS; l++) {
    const w = rows(inputs[`W${l}`]!, n);
    h = w.map(row => dot(row, h));
    if (l > 1) slope = w.map(row => slope.map((_, j) => sum(row, (x, c) => x * slope[c]![j]!)));
    if (l === LAYERS) break;
    slope = slope.map((row, i) => row.map(s => (h[i]! > 0 ? s : 0)));
    h = h.map(x => Math.max(x, 0));
  }
  return { logits: h, slope };
}

/** What goes into each layer and at last comes out, and the adjoint of each W h. */
function sharedLayers(W: Float64Array, h: Float64Array, n: number): { kept: number[][]; delta: number[][] } {
  const w = rows(W, n);
  const kept = [Array.from(h)];
  for (let l = 0; l < LAYERS; l++) kept.push(w.map(row => Math.tanh(dot(row, kept[l]!))));
  const delta: number[][] = [];
  let adjoint = new Array<number>(n).fill(1);
  for (let l = LAYERS - 1; l >= 0; l--) {
    delta[l] = adjoint.map((g, k) => g * (1 - kept[l + 1]![k]! ** 2));
    adjoint = adjoint.map((_, c) => sum(delta[l]!, (d, k) => d * w[k]![c]!));
  }
  return { kept, delta };
}

/** Random inputs of a problem of size n. */
export function inputsOf(
  { sizes, shapes, given }: Problem,
  n: number,
  seed: number,
): Record<string, Float64Array> {
  const random = generator(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * sizes(n)[size]!, 1);
      const element = given?.[name] ?? ((x: number) => x);
      return [name, Float64Array.from({ length }, (_, i) => element(2 * random() - 1, i, n))];
    }),
  );
}

function rows(flat: Float64Array, length: number): number[][] {
  return Array.from({ length: flat.length / length }, (_, i) =>
    Array.from(flat.subarray(i * length, (i + 1) * length)),
  );
}

function square(n: number, element: (i: number, j: number) => number): Matrix {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => element(i, j)));
}

function sum<T>(all: readonly T[], term: (x: T, index: number) => number): number {
  return all.reduce((total, x, i) => total + term(x, i), 0);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return sum(Array.from(a), (x, i) => x * b[i]!);
}
