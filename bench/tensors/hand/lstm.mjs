// Two layers of the LSTM of ADBench by hand. Everything the way back needs is kept, a row of each for a character.

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ x: Floats, h1: Floats, c1: Floats, h2: Floats, c2: Floats }} inputs
 * @param {{ d: number, steps: number }} sizes
 */
export function make({ x, h1, c1, h2, c2 }, { d, steps }) {
  const last = steps - 1;
  const rows = () => new Float64Array(last * d);
  const states = (/** @type {Floats} */ first) => {
    const kept = new Float64Array(steps * d);
    kept.set(first);
    return kept;
  };
  const layer = (/** @type {Floats} */ h, /** @type {Floats} */ c) => ({
    forget: rows(),
    ingate: rows(),
    outgate: rows(),
    change: rows(),
    tanh: rows(),
    h: states(h),
    c: states(c),
    gh: new Float64Array(d),
    gc: new Float64Array(d),
  });
  const below = layer(h1, c1);
  const above = layer(h2, c2);
  const input = rows();
  const probability = rows();
  const gin = new Float64Array(d);
  const W1 = 0;
  const W2 = 8 * d;
  const E = 16 * d;

  /** @param {Floats} theta w1, b1, w2, b2, e @param {Floats} g */
  return function valueAndGrad(theta, g) {
    let value = 0;
    for (let t = 0; t < last; t++) {
      const at = t * d;
      for (let j = 0; j < d; j++) input[at + j] = x[at + j] * theta[E + j];
      forward(theta, W1, below, t, input, at);
      forward(theta, W2, above, t, below.h, at + d);
      let sum = 0;
      let ones = 0;
      for (let j = 0; j < d; j++) {
        const z = above.h[at + d + j] * theta[E + d + j] + theta[E + 2 * d + j];
        const y = x[at + d + j];
        value += y * z;
        ones += y;
        sum += probability[at + j] = Math.exp(z);
      }
      value -= ones * Math.log(sum + 2);
      for (let j = 0; j < d; j++) probability[at + j] *= ones / (sum + 2);
    }

    const scale = 1 / (last * d);
    g.fill(0);
    for (const { gh, gc } of [below, above]) {
      gh.fill(0);
      gc.fill(0);
    }
    for (let t = last - 1; t >= 0; t--) {
      const at = t * d;
      for (let j = 0; j < d; j++) {
        const gz = (probability[at + j] - x[at + d + j]) * scale;
        g[E + d + j] += gz * above.h[at + d + j];
        g[E + 2 * d + j] += gz;
        above.gh[j] += gz * theta[E + d + j];
      }
      gin.fill(0);
      backward(theta, g, W2, above, t, below.h, at + d);
      for (let j = 0; j < d; j++) below.gh[j] += gin[j];
      gin.fill(0);
      backward(theta, g, W1, below, t, input, at);
      for (let j = 0; j < d; j++) g[E + j] += gin[j] * x[at + j];
    }
    return -value * scale;
  };

  /**
   * One layer, one character: what goes in stands in `from` at `at`.
   * @param {Floats} theta
   * @param {number} w
   * @param {ReturnType<typeof layer>} layer
   * @param {number} t
   * @param {Float64Array} from
   * @param {number} at
   */
  function forward(theta, w, { forget, ingate, outgate, change, tanh, h, c }, t, from, at) {
    const b = w + 4 * d;
    for (let j = 0, p = t * d; j < d; j++, p++) {
      const v = from[at + j];
      const f = sigmoid(v * theta[w + j] + theta[b + j]);
      const i = sigmoid(h[p] * theta[w + d + j] + theta[b + d + j]);
      const o = sigmoid(v * theta[w + 2 * d + j] + theta[b + 2 * d + j]);
      const a = Math.tanh(h[p] * theta[w + 3 * d + j] + theta[b + 3 * d + j]);
      const cell = c[p] * f + i * a;
      const s = Math.tanh(cell);
      forget[p] = f;
      ingate[p] = i;
      outgate[p] = o;
      change[p] = a;
      tanh[p] = s;
      c[p + d] = cell;
      h[p + d] = o * s;
    }
  }

  /**
   * Back through it: gh and gc become the derivatives by the state before, gin that by what went in.
   * @param {Floats} theta
   * @param {Floats} g
   * @param {number} w
   * @param {ReturnType<typeof layer>} layer
   * @param {number} t
   * @param {Float64Array} from
   * @param {number} at
   */
  function backward(theta, g, w, { forget, ingate, outgate, change, tanh, h, c, gh, gc }, t, from, at) {
    const b = w + 4 * d;
    for (let j = 0, p = t * d; j < d; j++, p++) {
      const v = from[at + j];
      const f = forget[p];
      const i = ingate[p];
      const o = outgate[p];
      const a = change[p];
      const s = tanh[p];
      const go = gh[j] * s * o * (1 - o);
      const gcell = gc[j] + gh[j] * o * (1 - s * s);
      const gf = gcell * c[p] * f * (1 - f);
      const gi = gcell * a * i * (1 - i);
      const ga = gcell * i * (1 - a * a);
      g[w + j] += gf * v;
      g[b + j] += gf;
      g[w + d + j] += gi * h[p];
      g[b + d + j] += gi;
      g[w + 2 * d + j] += go * v;
      g[b + 2 * d + j] += go;
      g[w + 3 * d + j] += ga * h[p];
      g[b + 3 * d + j] += ga;
      gin[j] = gf * theta[w + j] + go * theta[w + 2 * d + j];
      gh[j] = gi * theta[w + d + j] + ga * theta[w + 3 * d + j];
      gc[j] = gcell * f;
    }
  }
}

/** @param {number} x */
function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}
