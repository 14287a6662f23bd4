// From which size on WebAssembly is worth it: value and gradient of growing formulas, both targets in turns. What is
// written `n` in a title is a named size, known only when the module is bound; all others are numbers in the formula.
//   node bench/tensors/threshold.mjs [--quick] [--only vectors,gmm] [--precision f64]

import { fileURLToPath } from 'node:url';
import { table } from '../harness.mjs';
import { PRECISIONS } from './contest.mjs';
import { generate, pack, twoPoints } from './data.mjs';
import { formulaText } from './formulas.mjs';
import { least, takeTurns, timed } from './measure.mjs';
import { dataOf, load } from './ours.mjs';
import { optionsOf } from './report.mjs';

/**
 * @typedef {object} Family formulas that differ by sizes
 * @property {string} name
 * @property {(sizes: any) => string} text
 * @property {readonly import('./data.mjs').Sizes[]} sizes
 * @property {string} [kind] of the data, if it is not the name
 */

const powers = (/** @type {number} */ from, /** @type {number} */ to, factor = 2) =>
  Array.from(
    { length: Math.round(Math.log(to / from) / Math.log(factor)) + 1 },
    (_, i) => from * factor ** i,
  );

/** The text of a formula with other numbers in it. @param {string} name @param {[number, number][]} numbers */
function resized(name, numbers) {
  return formulaText(name).replaceAll(/(?<![\w.])\d+(?![\w.])/g, text => {
    return String(numbers.find(([from]) => from === Number(text))?.[1] ?? text);
  });
}

const vectors = body => () => `# @input X: n\n# @input w: n\n# @wrt w\n${body}`;

/** @type {readonly Family[]} */
const FAMILIES = [
  {
    name: 'vectors: dot(X, w)',
    kind: 'vectors',
    text: vectors('dot(X, w)'),
    sizes: named(powers(2, 8192, 4)),
  },
  {
    name: 'vectors: sum(X .* exp(w))',
    kind: 'vectors',
    text: vectors('sum(X .* exp(w))'),
    sizes: named(powers(2, 8192, 4)),
  },
  {
    name: 'vectors: Rosenbrock',
    kind: 'vectors',
    text: vectors('sum(100 * (w[2:n] - w[1:n-1] .^ 2) .^ 2 + (X[1:n-1] - w[1:n-1]) .^ 2)'),
    sizes: named(powers(2, 8192, 4)),
  },
  {
    name: 'logistic',
    text: ({ d }) => resized('logistic-1000x10', [[10, d]]),
    sizes: [2, 10, 100].flatMap(d => powers(1, d > 10 ? 256 : 4096, 4).map(n => ({ n, d }))),
  },
  {
    name: 'mlp',
    text: ({ layers: [i, h, o] }) =>
      resized('mlp-784-128-10', [
        [784, i],
        [128, h],
        [10, o],
      ]),
    sizes: [
      ...[
        [2, 4, 2],
        [4, 16, 3],
        [16, 32, 10],
      ].flatMap(layers => [1, 8, 64].map(n => ({ n, layers }))),
      { n: 1, layers: [784, 128, 10] },
    ],
  },
  {
    name: 'gmm',
    text: ({ d, k }) =>
      resized('gmm', [
        [10, d],
        [25, k],
        [45, (d * (d - 1)) / 2],
        [5, d / 2],
      ]),
    sizes: [
      [2, 2],
      [4, 4],
      [10, 25],
    ].flatMap(([d, k]) => powers(1, d > 4 ? 64 : 1024, 4).map(n => ({ n, d, k }))),
  },
  {
    name: 'factorization',
    text: () => formulaText('factorization'),
    sizes: powers(2, 128, 2).map(n => ({ n, m: n, k: 5 })),
  },
  {
    name: 'layers',
    text: ({ d }) => resized('layers-10', [[10, d]]),
    sizes: [4, 8, 10, 16, 24, 32, 50].map(d => ({ d })),
  },
  {
    name: 'product',
    text: ({ n }) => resized('product', [[256, n]]),
    sizes: powers(2, 64, 2).map(n => ({ n, m: n, k: n })),
  },
];

/** @param {readonly number[]} lengths */
function named(lengths) {
  return lengths.map(n => ({ n }));
}

/** @param {import('./report.mjs').Options} options */
export async function thresholdTable(options) {
  const rows = [
    ['formula', 'sizes', 'precision', 'js, us', 'wasm, us', 'wasm / js', 'in place / js', 'auto'],
  ];
  for (const family of FAMILIES) {
    if (options.only && !options.only.some(prefix => family.name.startsWith(prefix))) continue;
    for (const sizes of family.sizes) {
      for (const precision of options.precisions ?? Object.keys(PRECISIONS)) {
        const { js, wasm, inPlace, chosen } = await compared(family, sizes, precision, options);
        rows.push([
          family.name,
          described(sizes),
          precision,
          (1e3 * least(js)).toPrecision(3),
          (1e3 * least(wasm)).toPrecision(3),
          (least(wasm) / least(js)).toFixed(2),
          inPlace ? (least(inPlace) / least(js)).toFixed(2) : '',
          chosen,
        ]);
        console.error(rows.at(-1).join('  '));
      }
    }
  }
  return table(rows);
}

async function compared({ name, kind = name, text }, sizes, precision, options) {
  const { compile } = await import('../../dist/index.js');
  const Floats = PRECISIONS[precision];
  const { inputs, wrt } = kind === 'vectors' ? pairs(sizes.n, Floats) : generate(kind, sizes, Floats);
  const points = twoPoints(pack(inputs, wrt, Floats));
  const variants = [];
  for (const target of ['js', 'wasm']) {
    const { code } = compile(text(sizes), { target, precision });
    const { valueAndGrad, views } = (await load(code))(dataOf(inputs, wrt, sizes));
    const g = new Floats(points[0].length);
    variants.push(timed(i => valueAndGrad(points[i & 1], g)));
    if (!views) continue;
    views.theta.set(points[0]);
    variants.push(timed(() => valueAndGrad(views.theta, views.g)));
  }
  const [js, wasm, inPlace] = await takeTurns(variants, options);
  const { code } = compile(text(sizes), { target: 'auto', precision });
  return { js, wasm, inPlace, chosen: code.includes('WebAssembly') ? 'wasm' : 'js' };
}

/** As in the formula: `m` is `n` everywhere. @param {import('./data.mjs').Sizes} sizes */
function described(sizes) {
  return Object.entries(sizes)
    .filter(([name]) => name !== 'm')
    .map(([name, value]) => `${name}=${[value].flat().join('-')}`)
    .join(' ');
}

/** Two vectors. @param {number} n @param {import('./data.mjs').FloatsOf} Floats */
function pairs(n, Floats) {
  const { inputs } = generate('logistic', { n: 1, d: n }, Floats);
  return { inputs: { X: inputs.X, w: inputs.w }, wrt: ['w'] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await thresholdTable(optionsOf(process.argv.slice(2))));
}
