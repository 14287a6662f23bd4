// The tensor samples written again as loops over flat row-major arrays: what the formulas mean, from their sources and
// not from the formulas. Sizes are read from the lengths of the arrays.

/** Flat arrays and numbers by the names of the inputs. */
export interface Inputs {
  readonly [name: string]: Float64Array;
}

/** Values of a sample's output at inputs given by name; a scalar is an array of one. */
export type Model = (inputs: Inputs) => number[];

/** Deep Learning, equation 6.56, with biases. */
export const mlp: Model = ({ X, Y, W1, b1, W2, b2, lambda }) => {
  const [hidden, classes] = [b1!.length, b2!.length];
  const pixels = W1!.length / hidden;
  const n = X!.length / pixels;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const h = affine(X!.subarray(i * pixels, (i + 1) * pixels), W1!, b1!).map(v => (v > 0 ? v : 0));
    const z = affine(h, W2!, b2!);
    const lse = logSumExp(z);
    for (let c = 0; c < classes; c++) loss -= (Y![i * classes + c]! * (z[c]! - lse)) / n;
  }
  return [loss + lambda![0]! * (squares(W1!) + squares(W2!))];
};

export const softmaxRegression: Model = ({ X, y, W, b, lambda }) => {
  const n = y!.length;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const z = affine(X!.subarray(4 * i, 4 * i + 4), W!, b!);
    loss += (logSumExp(z) - z[y![i]! - 1]!) / n;
  }
  return [loss + (lambda![0]! / 2) * (squares(W!) + squares(b!))];
};

export const logisticRegression: Model = ({ X, y, w, b, lambda }) => {
  const [n, d] = [y!.length, w!.length];
  let loss = 0;
  for (let i = 0; i < n; i++) {
    let z = b![0]!;
    for (let j = 0; j < d; j++) z += X![i * d + j]! * w![j]!;
    const p = 1 / (1 + Math.exp(-z));
    loss -= (y![i]! * Math.log(p) + (1 - y![i]!) * Math.log(1 - p)) / n;
  }
  return [loss + (lambda![0]! / 2) * squares(w!)];
};

/** As ADBench defines it: l fills the columns of a strictly lower triangle, and the prior is added. */
export const gmm: Model = ({ alpha, mu, q, l, X, gamma, m }) => {
  const k = alpha!.length;
  const d = mu!.length / k;
  const n = X!.length / d;
  const p = (d * (d - 1)) / 2;
  let sum = -n * (d / 2) * Math.log(2 * Math.PI) - n * logSumExp(alpha!);
  for (let i = 0; i < n; i++) {
    const terms = Array.from({ length: k }, (_, c) => {
      const centred = Array.from({ length: d }, (_, j) => X![i * d + j]! - mu![c * d + j]!);
      const z = centred.map((v, j) => Math.exp(q![c * d + j]!) * v);
      let next = c * p;
      for (let column = 0; column < d; column++)
        for (let row = column + 1; row < d; row++) z[row]! += l![next++]! * centred[column]!;
      return alpha![c]! + total(q!.subarray(c * d, (c + 1) * d)) - squares(z) / 2;
    });
    sum += logSumExp(terms);
  }
  const [g, freedom] = [gamma![0]!, d + m![0]! + 1];
  let constant = freedom * d * (Math.log(g) - Math.log(2) / 2) - ((d * (d - 1)) / 4) * Math.log(Math.PI);
  for (let j = 1; j <= d; j++) constant -= logGamma(freedom / 2 + (1 - j) / 2);
  const prior = (g * g * (squares(q!.map(Math.exp)) + squares(l!))) / 2 - m![0]! * total(q!);
  return [sum + prior - k * constant];
};

export const matrixFactorisation: Model = ({ T, M, U, V, k }) => {
  const rank = k![0]!;
  const [n, m] = [U!.length / rank, V!.length / rank];
  let sum = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let r = T![i * m + j]!;
      for (let a = 0; a < rank; a++) r -= U![i * rank + a]! * V![j * rank + a]!;
      sum += M![i * m + j]! * r * r;
    }
  return [sum];
};

export const sinusoids: Model = ({ t, y, amplitude, frequency, phase }) =>
  Array.from(t!, (time, i) =>
    amplitude!.reduce(
      (sum, a, j) => sum + a * Math.sin(2 * Math.PI * frequency![j]! * time + phase![j]!),
      -y![i]!,
    ),
  );

export const lstm: Model = inputs => {
  const { x, y, h, c, a } = inputs;
  const n = x!.length;
  const m = h!.length / n;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const state = step(inputs, x![i]!, h!.subarray(i * m, (i + 1) * m), c!.subarray(i * m, (i + 1) * m));
    const z = affine(state.h, inputs.V!, a!);
    loss += (logSumExp(z) - z[y![i]! - 1]!) / n;
  }
  return [loss];
};

export const lstmUnrolled: Model = inputs => {
  const { text, h, c, a } = inputs;
  const n = text!.length / 9;
  const m = h!.length / n;
  let loss = 0;
  for (let i = 0; i < n; i++) {
    let state = { h: h!.subarray(i * m, (i + 1) * m), c: c!.subarray(i * m, (i + 1) * m) };
    for (let t = 0; t < 8; t++) {
      state = step(inputs, text![9 * i + t]!, state.h, state.c);
      const z = affine(state.h, inputs.V!, a!);
      loss += (logSumExp(z) - z[text![9 * i + t + 1]! - 1]!) / (8 * n);
    }
  }
  return [loss];
};

/** Hochreiter and Schmidhuber's cell with a forget gate, for one text. */
function step(inputs: Inputs, character: number, h: Float64Array, c: Float64Array) {
  const m = h.length;
  const gate = (name: string) =>
    affine(h, inputs[`W${name}`]!, inputs[`b${name}`]!).map(
      (v, j) => v + inputs[`U${name}`]![(character - 1) * m + j]!,
    );
  const logistic = (v: number) => 1 / (1 + Math.exp(-v));
  const [i, f, o, g] = [
    gate('i').map(logistic),
    gate('f').map(logistic),
    gate('o').map(logistic),
    gate('g').map(Math.tanh),
  ];
  const cell = c.map((v, j) => f[j]! * v + i[j]! * g[j]!);
  return { h: cell.map((v, j) => o[j]! * Math.tanh(v)), c: cell };
}

/** x'W + b. */
function affine(x: Float64Array, W: Float64Array, b: Float64Array): Float64Array {
  return b.map((v, j) => x.reduce((sum, xi, i) => sum + xi * W[i * b.length + j]!, v));
}

function logSumExp(v: ArrayLike<number>): number {
  const most = Math.max(...Array.from(v));
  return most + Math.log(Array.from(v).reduce((sum, x) => sum + Math.exp(x - most), 0));
}

function total(v: ArrayLike<number>): number {
  return Array.from(v).reduce((sum, x) => sum + x, 0);
}

function squares(v: ArrayLike<number>): number {
  return Array.from(v).reduce((sum, x) => sum + x * x, 0);
}

/** log Gamma of a multiple of 1/2, by the recurrence from 1 and 1/2. */
function logGamma(x: number): number {
  if (x === 1) return 0;
  if (x === 0.5) return Math.log(Math.PI) / 2;
  return Math.log(x - 1) + logGamma(x - 1);
}
