// What is measured. A kind names the generator of its data, the module in hand/ and the functions in jax.mjs and
// tfjs.mjs; the formula has the same sizes written in, but for the number of samples.

/**
 * @typedef {object} Workload
 * @property {string} id the name in notes/tensor-performance.md
 * @property {string} title
 * @property {string} kind
 * @property {string} formula
 * @property {import('./data.mjs').Sizes} sizes
 * @property {true} [streams] samples stream through it: its workspace must not grow with their number
 * @property {true} [alone] only where it is asked for, and without the libraries: 1,023 steps written out take minutes
 * @property {true} [products] nothing but matrix products
 * @property {true} [double] in double precision only
 * @property {boolean} [repeats] a module like another one of a different size
 */

/** @type {readonly Workload[]} */
export const workloads = [
  {
    id: 'T1a',
    title: 'logistic regression 1000x10',
    kind: 'logistic',
    formula: 'logistic-1000x10',
    sizes: { n: 1000, d: 10 },
    streams: true,
  },
  {
    id: 'T1b',
    title: 'logistic regression 10000x100',
    kind: 'logistic',
    formula: 'logistic-10000x100',
    sizes: { n: 10000, d: 100 },
    streams: true,
  },
  {
    id: 'T2a',
    title: 'MLP 784-128-10, batch 64',
    kind: 'mlp',
    formula: 'mlp-784-128-10',
    sizes: { n: 64, layers: [784, 128, 10] },
  },
  {
    id: 'T2b',
    title: 'MLP 784-512-512-10, batch 128',
    kind: 'mlp',
    formula: 'mlp-784-512-512-10',
    sizes: { n: 128, layers: [784, 512, 512, 10] },
  },
  {
    id: 'T3',
    title: 'matrix factorisation n=200 k=5',
    kind: 'factorization',
    formula: 'factorization',
    sizes: { n: 200, m: 200, k: 5 },
  },
  {
    id: 'T4a',
    title: 'ten dense layers of 10',
    kind: 'layers',
    formula: 'layers-10',
    sizes: { d: 10 },
  },
  {
    id: 'T4b',
    title: 'ten dense layers of 50',
    kind: 'layers',
    formula: 'layers-50',
    sizes: { d: 50 },
  },
  {
    id: 'T5',
    title: 'GMM n=1000 d=10 K=25',
    kind: 'gmm',
    formula: 'gmm',
    sizes: { n: 1000, d: 10, k: 25 },
    streams: true,
  },
  {
    id: 'T6',
    title: 'LSTM, 2 layers, 14 characters of 1024',
    kind: 'lstm',
    formula: 'lstm-14x1024',
    sizes: { d: 1024, steps: 14 },
  },
  {
    id: 'T6b',
    title: 'LSTM, 2 layers, 1024 characters of 14',
    kind: 'lstm',
    formula: 'lstm-1024x14',
    sizes: { d: 14, steps: 1024 },
    alone: true,
  },
  ...[64, 128, 256, 512].map(n => ({
    id: `P${n}`,
    title: `${n}x${n}`,
    kind: 'product',
    formula: `product-${n}`,
    sizes: { n, m: n, k: n },
    products: /** @type {const} */ (true),
    repeats: n !== 256,
  })),
];

/**
 * Of these the dense Hessian is measured; its hand-written module is hand/KIND-hessian.mjs. The last one leaves jax-js
 * little of the 4 GiB that it can have.
 * @type {readonly Workload[]}
 */
export const hessians = [
  {
    id: 'H1a',
    title: 'logistic regression 1000x10',
    kind: 'logistic',
    formula: 'logistic-1000x10',
    sizes: { n: 1000, d: 10 },
  },
  {
    id: 'H1b',
    title: 'logistic regression 10000x100',
    kind: 'logistic',
    formula: 'logistic-10000x100',
    sizes: { n: 10000, d: 100 },
  },
  {
    id: 'H2',
    title: 'matrix factorisation n=100 k=5',
    kind: 'factorization',
    formula: 'factorization',
    sizes: { n: 100, m: 100, k: 5 },
  },
  {
    id: 'H3a',
    title: 'ten dense layers of 10',
    kind: 'layers',
    formula: 'layers-10',
    sizes: { d: 10 },
    double: true,
  },
  {
    id: 'H3b',
    title: 'ten dense layers of 30',
    kind: 'layers',
    formula: 'layers-30',
    sizes: { d: 30 },
    double: true,
  },
  {
    id: 'H3c',
    title: 'ten dense layers of 50',
    kind: 'layers',
    formula: 'layers-50',
    sizes: { d: 50 },
    double: true,
  },
];
