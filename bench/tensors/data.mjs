// Inputs for each kind of work, the same for the same sizes: flat row-major arrays by name of input.

/**
 * @typedef {Float64Array | Float32Array} Floats
 * @typedef {Float64ArrayConstructor | Float32ArrayConstructor} FloatsOf
 *
 * @typedef {object} Sizes what a kind of work needs of these
 * @property {number} [n] samples, rows
 * @property {number} [m] columns
 * @property {number} [d] features, neurons
 * @property {number} [k] rank, components
 * @property {number} [steps] length of a sequence
 * @property {readonly number[]} [layers] neurons of each layer, what goes in first
 *
 * @typedef {Record<string, Floats | Int32Array | number>} Inputs
 */

/** @type {Record<string, (sizes: Required<Sizes>) => { inputs: Inputs, wrt: string[] }>} */
const KINDS = {
  logistic({ n, d }) {
    const { normals, labels } = random(1);
    const inputs = { X: normals(n * d), y: labels(n), w: normals(d, 0.3), b: 0.2, lambda: 0.01 };
    return { inputs, wrt: ['w', 'b'] };
  },

  mlp({ n, layers }) {
    const { uniforms, normals, integer } = random(2);
    const wrt = [];
    /** @type {Inputs} */
    const inputs = { X: uniforms(n * layers[0]), lambda: 1e-4 };
    for (let i = 1; i < layers.length; i++) {
      inputs[`W${i}`] = normals(layers[i - 1] * layers[i], Math.sqrt(2 / layers[i - 1]));
      inputs[`b${i}`] = normals(layers[i], 0.1);
      wrt.push(`W${i}`, `b${i}`);
    }
    const classes = layers[layers.length - 1];
    const Y = new Float64Array(n * classes);
    for (let i = 0; i < n; i++) Y[i * classes + integer(classes)] = 1;
    return { inputs: { ...inputs, Y }, wrt };
  },

  factorization({ n, m, k }) {
    const { normals } = random(3);
    return {
      inputs: { A: normals(n * m), U: normals(n * k), V: normals(m * k), lambda: 0.1 },
      wrt: ['U', 'V'],
    };
  },

  layers({ d }) {
    const { normals } = random(4);
    return { inputs: { W: normals(d * d, 1.2 / Math.sqrt(d)), h: normals(d) }, wrt: ['W'] };
  },

  gmm({ n, d, k }) {
    const { normals, integer } = random(5);
    const mu = normals(k * d, 2);
    const X = normals(n * d);
    for (let i = 0; i < n; i++) {
      const component = integer(k);
      for (let j = 0; j < d; j++) X[i * d + j] += mu[component * d + j];
    }
    const place = new Int32Array(d * d).fill(1);
    let next = 2;
    for (let i = 0; i < d; i++) place[i * d + i] = next++;
    for (let j = 0; j < d; j++) for (let i = j + 1; i < d; i++) place[i * d + j] = next++;
    const [alpha, q, l] = [normals(k, 0.5), normals(k * d, 0.2), normals((k * d * (d - 1)) / 2, 0.2)];
    return { inputs: { alpha, mu, q, l, X, place }, wrt: ['alpha', 'mu', 'q', 'l'] };
  },

  lstm({ d, steps }) {
    const { normals, labels } = random(6);
    const state = { h1: normals(d), c1: normals(d), h2: normals(d), c2: normals(d) };
    const first = { w1: normals(4 * d), b1: normals(4 * d) };
    const second = { w2: normals(4 * d), b2: normals(4 * d) };
    const inputs = { x: labels(steps * d), ...state, ...first, ...second, e: normals(3 * d) };
    return { inputs, wrt: ['w1', 'b1', 'w2', 'b2', 'e'] };
  },

  product({ n, m, k }) {
    const { normals } = random(7);
    return { inputs: { A: normals(n * k, 1 / k), B: normals(k * m) }, wrt: ['A', 'B'] };
  },
};

/**
 * The inputs of one kind of work as arrays of one type, and the names to differentiate by.
 * @param {string} kind
 * @param {Sizes} sizes
 * @param {FloatsOf} [Floats]
 */
export function generate(kind, sizes, Floats = Float64Array) {
  const { inputs, wrt } = KINDS[kind](/** @type {Required<Sizes>} */ (sizes));
  const typed = Object.entries(inputs).map(([name, value]) => [
    name,
    value instanceof Float64Array ? Floats.from(value) : value,
  ]);
  return { inputs: /** @type {Inputs} */ (Object.fromEntries(typed)), wrt };
}

/**
 * The vector of all inputs differentiated by, one after the other.
 * @param {Inputs} inputs
 * @param {readonly string[]} wrt
 * @param {FloatsOf} Floats
 */
export function pack(inputs, wrt, Floats) {
  return Floats.from(wrt.flatMap(name => [...flat(inputs[name])]));
}

/**
 * The point and one near it, to be taken in turns: nothing can be remembered from one call to the next.
 * @param {Floats} theta
 */
export function twoPoints(theta) {
  return [theta, theta.map(x => x * 1.001)];
}

/**
 * Where each of them begins, and where the last one ends.
 * @param {Inputs} inputs
 * @param {readonly string[]} wrt
 */
export function offsets(inputs, wrt) {
  const ends = [0];
  for (const name of wrt) ends.push(ends[ends.length - 1] + flat(inputs[name]).length);
  return ends;
}

/**
 * Matrices of 0 and 1 that put the triangle and the diagonal of `gmm` in their places, for libraries that are better at
 * products than at indices.
 * @param {Int32Array} place
 * @param {number} d
 */
export function selections(place, d) {
  const below = new Float64Array(((d * (d - 1)) / 2) * d * d);
  const diagonal = new Float64Array(d * d * d);
  place.forEach((p, entry) => {
    if (p > d + 1) below[(p - d - 2) * d * d + entry] = 1;
    else if (p > 1) diagonal[(p - 2) * d * d + entry] = 1;
  });
  return { below, diagonal };
}

/** @param {Floats | Int32Array | number} value */
function flat(value) {
  return typeof value === 'number' ? [value] : value;
}

/** @param {number} seed */
function random(seed) {
  let state = seed * 0x9e3779b9;
  // mulberry32
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  /** @param {number} length @param {() => number} f */
  const fill = (length, f) => Float64Array.from({ length }, f);
  return {
    /** @param {number} below */
    integer: below => Math.floor(uniform() * below),
    /** @param {number} length */
    uniforms: length => fill(length, uniform),
    /** @param {number} length */
    labels: length => fill(length, () => (uniform() < 0.5 ? 0 : 1)),
    /** @param {number} length @param {number} [scale] */
    normals: (length, scale = 1) => fill(length, () => scale * normal()),
  };
}
