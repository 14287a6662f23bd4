// Value and gradient of tensor formulas: emitted modules against loops written by hand, jax-js and TensorFlow.js, in
// one run, in turns.
//   node bench/tensors/run.mjs [--quick] [--only T1a,T5] [--precision f64]
// The libraries are optional: npm ci --prefix bench installs them.

import { fileURLToPath } from 'node:url';
import { median, table } from '../harness.mjs';
import { contest, hand, PRECISIONS, TOLERANCE } from './contest.mjs';
import { generate, offsets, pack, twoPoints } from './data.mjs';
import { startLibraries } from './library.mjs';
import { ratio, timed } from './measure.mjs';
import { compileTime, dataOf, emit, load, workspace } from './ours.mjs';
import { against, kilobytes, milliseconds, optionsOf } from './report.mjs';
import { workloads } from './workloads.mjs';

// the products have two hand-written versions
const HANDS = { 'i-k-j by hand': 'product', 'i-j-k by hand': 'product-naive' };

/** @param {{ quick: boolean, only?: readonly string[], precisions?: readonly string[] }} options */
export async function tensorTables(options) {
  const libraries = startLibraries();
  const names = libraries.map(({ name }) => name);
  const rows = [
    [
      'value and gradient',
      'precision',
      'emitted, ms',
      'hand, ms',
      'emitted / hand',
      ...names.map(name => `${name} / emitted`),
      'compile, ms',
      'workspace, kB',
      'for 2n, kB',
    ],
  ];
  const products = [
    [
      'sum(tanh(A * B)) and its gradient',
      'precision',
      'emitted, ms',
      'emitted, GF/s',
      ...[...Object.keys(HANDS), ...names].map(name => `${name} / emitted`),
    ],
  ];
  const notes = [];
  try {
    for (const workload of workloads) {
      if (options.only ? !options.only.includes(workload.id) : workload.alone) continue;
      for (const precision of options.precisions ?? Object.keys(PRECISIONS)) {
        const result = await measured(workload, precision, libraries, options);
        notes.push(...result.notes);
        if (workload.products) products.push(productRow(workload, precision, result, names));
        else rows.push(row(workload, precision, result, names));
        console.error([workload.id, ...(workload.products ? products : rows).at(-1)].join('  '));
      }
    }
  } finally {
    for (const { stop } of libraries) stop();
  }
  const tables = [rows, products].filter(all => all.length > 1).map(table);
  return [...tables, notes.map(note => `- ${note}`).join('\n')].filter(text => text !== '').join('\n\n');
}

/** Checks all variants against the first hand-written one, then times them. */
async function measured(workload, precision, libraries, options) {
  const { id, kind, sizes, products } = workload;
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
  const facts = {};
  await enter('emitted', TOLERANCE.ours[precision], async () => {
    const code = await emit(workload.formula, precision);
    const bound = (await load(code))(dataOf(inputs, wrt, sizes));
    if (bound.size !== theta.length) throw new Error(`size is ${bound.size}, not ${theta.length}`);
    facts.compileMs = compileTime(workload.formula, precision, options.quick ? 1 : 3);
    facts.workspace = await workspace(code, kind, sizes, Floats);
    if (workload.streams)
      facts.workspaceOf2n = await workspace(code, kind, { ...sizes, n: 2 * sizes.n }, Floats);
    if (facts.workspace.perCall > 0)
      notes.push(`${id} ${precision}: a call allocates ${facts.workspace.perCall} bytes`);
    return entry(bound.valueAndGrad);
  });
  for (const library of libraries) {
    if (workload.alone || !library.precisions.includes(precision)) continue;
    await enter(library.name, TOLERANCE.library[precision], async () => ({
      result: await library.prepare(id, precision),
      slice: library.slice,
    }));
  }
  return { times: await times(options), notes, ...facts };
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

function row({ title }, precision, { times, compileMs, workspace, workspaceOf2n }, names) {
  const { emitted, hand } = times;
  return [
    title,
    precision,
    milliseconds(emitted),
    milliseconds(hand),
    emitted ? ratio(emitted, hand).toFixed(2) : '',
    ...names.map(name => against(times, name)),
    compileMs === undefined ? '' : compileMs.toFixed(0),
    kilobytes(workspace),
    kilobytes(workspaceOf2n),
  ];
}

function productRow({ title, sizes: { n, m, k } }, precision, { times }, names) {
  const { emitted } = times;
  return [
    title,
    precision,
    milliseconds(emitted),
    emitted ? ((3 * 2 * n * m * k) / 1e6 / median(emitted)).toFixed(1) : '',
    ...[...Object.keys(HANDS), ...names].map(name => against(times, name)),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await tensorTables(optionsOf(process.argv.slice(2))));
}
