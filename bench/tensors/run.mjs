// Value and gradient of tensor formulas: emitted modules against loops written by hand, C, jax-js and TensorFlow.js, in
// one run, in turns.
//   node bench/tensors/run.mjs [--quick] [--only T1a,T5] [--precision f64]
// The libraries are optional, npm ci --prefix bench installs them; so are gcc and OpenBLAS.

import { fileURLToPath } from 'node:url';
import { table } from '../harness.mjs';
import { contest, hand, PRECISIONS, TOLERANCE } from './contest.mjs';
import { generate, offsets, pack, twoPoints } from './data.mjs';
import { startLibraries } from './library.mjs';
import { startLimit } from './limit.mjs';
import { least, timed } from './measure.mjs';
import { dataOf, emit, load } from './ours.mjs';
import { milliseconds, optionsOf, over } from './report.mjs';
import { workloads } from './workloads.mjs';

// the products have two hand-written versions
const HANDS = { hand: 'product', 'i-j-k by hand': 'product-naive' };

/** @param {import('./report.mjs').Options} options */
export async function tensorTables(options) {
  const libraries = startLibraries();
  const limits = startLimit();
  const names = libraries.map(({ name }) => name);
  const rows = [
    [
      'value and gradient',
      'precision',
      'js, ms',
      'wasm, ms',
      'in place, ms',
      'gcc, ms',
      'hand, ms',
      'js / wasm',
      'wasm / gcc',
      'in place / gcc',
      'js / hand',
      ...names.map(name => `${name} / wasm`),
    ],
  ];
  const products = [
    [
      'sum(tanh(A * B)) and its gradient',
      'precision',
      'js, GF/s',
      'wasm, GF/s',
      'gcc, GF/s',
      'wasm / gcc',
      ...['js', ...Object.keys(HANDS), ...names].map(name => `${name} / wasm`),
    ],
  ];
  const notes = [];
  try {
    for (const workload of workloads) {
      if (options.only ? !options.only.includes(workload.id) : workload.alone) continue;
      for (const precision of options.precisions ?? Object.keys(PRECISIONS)) {
        const others = [...limits, ...libraries].filter(other => takesPart(other, workload, precision));
        const result = await measured(workload, precision, others, options);
        notes.push(...result.notes);
        if (workload.products) products.push(productRow(workload, precision, result.times, names));
        else rows.push(row(workload, precision, result.times, names));
        console.error([workload.id, ...(workload.products ? products : rows).at(-1)].join('  '));
      }
    }
  } finally {
    for (const { stop } of [...libraries, ...limits]) stop();
  }
  const tables = [rows, products].filter(all => all.length > 1).map(table);
  return [...tables, notes.map(note => `- ${note}`).join('\n')].filter(text => text !== '').join('\n\n');
}

function takesPart({ precisions, kinds }, { kind, alone }, precision) {
  return precisions.includes(precision) && (kinds ? kinds.includes(kind) : !alone);
}

/** Checks all variants against the first hand-written one, then times them. */
async function measured(workload, precision, others, options) {
  const { id, kind, formula, sizes, products } = workload;
  const Floats = PRECISIONS[precision];
  const { inputs, wrt } = generate(kind, sizes, Floats);
  const theta = pack(inputs, wrt, Floats);
  const points = twoPoints(theta);
  const ends = offsets(inputs, wrt);
  const { enter, times, notes } = contest(`${id} ${precision}`, (result, expected) =>
    difference(result, expected, ends),
  );
  const entry = f => {
    const g = new Floats(theta.length);
    const value = f(theta, g);
    return { result: { value, g: g.slice() }, slice: timed(i => f(points[i & 1], g)) };
  };

  for (const [name, file] of Object.entries(products ? HANDS : { hand: kind })) {
    const prepare = async () => entry(await hand(file, `${id}-${precision}`, inputs, sizes, Floats));
    await enter(name, Infinity, prepare);
  }
  let views;
  for (const target of ['js', 'wasm']) {
    await enter(target, TOLERANCE.ours[precision], async () => {
      const bound = (await load(await emit(formula, { target, precision })))(dataOf(inputs, wrt, sizes));
      if (bound.size !== theta.length) throw new Error(`size is ${bound.size}, not ${theta.length}`);
      if (bound.views) views = { ...bound.views, valueAndGrad: bound.valueAndGrad };
      return entry(bound.valueAndGrad);
    });
  }
  if (views) await enter('in place', TOLERANCE.ours[precision], async () => inPlace(views, theta));
  for (const other of others) {
    await enter(other.name, (other.tolerance ?? TOLERANCE.library)[precision], async () => ({
      result: await other.prepare(workload, precision),
      slice: other.slice,
    }));
  }
  return { times: await times(options), notes };
}

/** Parameters and gradient stay in the memory of WebAssembly, as a minimiser can keep them. */
function inPlace({ theta, g, valueAndGrad }, start) {
  theta.set(start);
  const value = valueAndGrad(theta, g);
  return { result: { value, g: g.slice() }, slice: timed(() => valueAndGrad(theta, g)) };
}

/** The largest error, relative to the value or to the largest derivative by the same input. */
function difference({ value, g }, expected, ends) {
  let error = Math.abs(value - expected.value) / Math.abs(expected.value);
  for (let block = 0; block + 1 < ends.length; block++) {
    let [largest, off] = [0, 0];
    for (let i = ends[block]; i < ends[block + 1]; i++) {
      largest = Math.max(largest, Math.abs(expected.g[i]));
      off = Math.max(off, Math.abs(g[i] - expected.g[i]));
    }
    error = Math.max(error, off === 0 ? 0 : off / largest);
  }
  return error;
}

function row({ title }, precision, times, names) {
  return [
    title,
    precision,
    ...['js', 'wasm', 'in place', 'gcc', 'hand'].map(name => milliseconds(times[name])),
    over(times, 'js', 'wasm'),
    over(times, 'wasm', 'gcc'),
    over(times, 'in place', 'gcc'),
    over(times, 'js', 'hand'),
    ...names.map(name => over(times, name, 'wasm')),
  ];
}

function productRow({ title, sizes: { n, m, k } }, precision, times, names) {
  const speed = name => (times[name] ? ((3 * 2 * n * m * k) / 1e6 / least(times[name])).toFixed(1) : '');
  return [
    title,
    precision,
    ...['js', 'wasm', 'gcc'].map(speed),
    over(times, 'wasm', 'gcc'),
    ...['js', ...Object.keys(HANDS), ...names].map(name => over(times, name, 'wasm')),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await tensorTables(optionsOf(process.argv.slice(2))));
}
