// A multilayer perceptron by hand, sample by sample: forward, softmax, backward. Products run along the rows of the
// weights, and what relu has set to zero is skipped.

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ X: Floats, Y: Floats, lambda: number }} inputs
 * @param {{ n: number, layers: readonly number[] }} sizes
 */
export function make({ X, Y, lambda }, { n, layers }) {
  const depth = layers.length - 1;
  const classes = layers[depth];
  const activations = layers.map(width => new Float64Array(width));
  const deltas = layers.map(width => new Float64Array(width));
  const logits = activations[depth];
  const error = deltas[depth];
  const starts = [0];
  for (let i = 0; i < depth; i++) starts.push(starts[i] + (layers[i] + 1) * layers[i + 1]);

  /** @param {Floats} theta W1, b1, W2, b2, ... @param {Floats} g */
  return function valueAndGrad(theta, g) {
    let value = 0;
    for (let i = 0; i < depth; i++)
      value += penalty(theta, g, starts[i], layers[i] * layers[i + 1], starts[i + 1]);
    for (let sample = 0; sample < n; sample++) {
      const x = activations[0];
      for (let k = 0; k < x.length; k++) x[k] = X[sample * x.length + k];
      for (let i = 0; i < depth; i++) {
        forward(theta, starts[i], activations[i], activations[i + 1]);
        if (i < depth - 1) relu(activations[i + 1]);
      }
      value += crossEntropy(sample * classes);
      for (let i = depth - 1; i > 0; i--)
        backward(theta, g, starts[i], activations[i], deltas[i], deltas[i + 1]);
      first(g, x, deltas[1]);
    }
    return value;
  };

  /** The penalty on one layer's weights; its gradient is where the sums over the samples start. */
  function penalty(/** @type {Floats} */ theta, /** @type {Floats} */ g, start = 0, weights = 0, end = 0) {
    let sum = 0;
    for (let p = start; p < start + weights; p++) {
      sum += theta[p] * theta[p];
      g[p] = lambda * theta[p];
    }
    for (let p = start + weights; p < end; p++) g[p] = 0;
    return (lambda / 2) * sum;
  }

  /** error = the derivative by the logits. */
  function crossEntropy(row = 0) {
    let max = -Infinity;
    for (let j = 0; j < classes; j++) max = Math.max(max, logits[j]);
    let sum = 0;
    for (let j = 0; j < classes; j++) sum += error[j] = Math.exp(logits[j] - max);
    const log = max + Math.log(sum);
    let loss = 0;
    let labels = 0;
    for (let j = 0; j < classes; j++) {
      loss += Y[row + j] * (log - logits[j]);
      labels += Y[row + j];
    }
    for (let j = 0; j < classes; j++) error[j] = ((labels * error[j]) / sum - Y[row + j]) / n;
    return loss / n;
  }
}

/**
 * z = x W + b
 * @param {Floats} theta
 * @param {number} start
 * @param {Float64Array} x
 * @param {Float64Array} z
 */
function forward(theta, start, x, z) {
  const width = z.length;
  let p = start + x.length * width;
  for (let j = 0; j < width; j++) z[j] = theta[p++];
  p = start;
  for (let k = 0; k < x.length; k++, p += width) {
    const v = x[k];
    if (v !== 0) for (let j = 0; j < width; j++) z[j] += v * theta[p + j];
  }
}

/** @param {Float64Array} z */
function relu(z) {
  for (let j = 0; j < z.length; j++) z[j] = Math.max(z[j], 0);
}

/**
 * Adds x' delta to the gradient of W and delta to that of b; before = delta W' where x > 0.
 * @param {Floats} theta
 * @param {Floats} g
 * @param {number} start
 * @param {Float64Array} x
 * @param {Float64Array} before
 * @param {Float64Array} delta
 */
function backward(theta, g, start, x, before, delta) {
  const width = delta.length;
  let p = start;
  for (let k = 0; k < x.length; k++, p += width) {
    const v = x[k];
    let sum = 0;
    if (v > 0) {
      for (let j = 0; j < width; j++) {
        sum += delta[j] * theta[p + j];
        g[p + j] += v * delta[j];
      }
    }
    before[k] = sum;
  }
  for (let j = 0; j < width; j++) g[p + j] += delta[j];
}

/**
 * The same for the first layer, before which nothing is differentiated.
 * @param {Floats} g
 * @param {Float64Array} x
 * @param {Float64Array} delta
 */
function first(g, x, delta) {
  const width = delta.length;
  let p = 0;
  for (let k = 0; k < x.length; k++, p += width) {
    const v = x[k];
    if (v !== 0) for (let j = 0; j < width; j++) g[p + j] += v * delta[j];
  }
  for (let j = 0; j < width; j++) g[p + j] += delta[j];
}
