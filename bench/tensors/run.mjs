// Value and gradient of tensor formulas: emitted modules against loops written by hand, jax-js and TensorFlow.js, in
// one run, in turns.
//   node bench/tensors/run.mjs [--quick] [--only T1a,T5] [--precision f64]
// The libraries are optional: npm ci --prefix bench installs them.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, table } from '../harness.mjs';
import { generate, offsets, pack, twoPoints } from './data.mjs';
import { startLibraries } from './library.mjs';
import { ratio, takeTurns, timed } from './measure.mjs';
import { compileTime, dataOf, emit, load, workspace } from './ours.mjs';
import { workloads } from './workloads.mjs';

const PRECISIONS = { f64: Float64Array, f32: Float32Array };

// the products have two hand-written versions
const HANDS = { 'i-k-j by hand': 'product', 'i-j-k by hand': 'product-naive' };

// jax-js has exp, log and tanh of single precision in float64 too
const TOLERANCE = {
  ours: { f64: 1e-9, f32: 1e-3 },
  library: { f64: 1e-5, f32: 1e-3 },
};

/** @param {{ quick: boolean, only?: readonly string[], precisions?: readonly string[] }} options */
export async function tensorTables(options) {
  const libraries = installedLibraries();
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
  const notes = [];
  const variants = [];
  let expected;

  const add = (name, tolerance, value, g, slice) => {
    expected ??= { value, g };
    const error = difference(value, g, expected, offsets(inputs, wrt));
    if (error <= tolerance) variants.push({ name, slice });
    else notes.push(`${id} ${precision} ${name}: wrong, off by ${error.toExponential(1)}`);
  };
  const addFunction = (name, tolerance, f) => {
    const g = new Floats(theta.length);
    const value = f(theta, g);
    add(
      name,
      tolerance,
      value,
      g.slice(),
      timed(i => f(points[i & 1], g)),
    );
  };
  const attempt = async (name, f) => {
    try {
      await f();
    } catch (error) {
      notes.push(`${id} ${precision} ${name}: ${/^.*/.exec(error.message)[0]}`);
    }
  };

  for (const [name, file] of Object.entries(products ? HANDS : { hand: kind })) {
    const f = await hand(file, `${id}-${precision}`, inputs, sizes, Floats);
    addFunction(name, Infinity, f);
  }
  const facts = {};
  await attempt('emitted', async () => {
    const code = await emit(workload.formula, precision);
    const bound = (await load(code))(dataOf(inputs, wrt, sizes));
    if (bound.size !== theta.length) throw new Error(`size is ${bound.size}, not ${theta.length}`);
    addFunction('emitted', TOLERANCE.ours[precision], bound.valueAndGrad);
    facts.compileMs = compileTime(workload.formula, precision, options.quick ? 1 : 3);
    facts.workspace = await workspace(code, kind, sizes, Floats);
    if (workload.streams)
      facts.workspaceOf2n = await workspace(code, kind, { ...sizes, n: 2 * sizes.n }, Floats);
    if (facts.workspace.perCall > 0)
      notes.push(`${id} ${precision}: a call allocates ${facts.workspace.perCall} bytes`);
  });
  for (const library of libraries) {
    if (workload.alone || !library.precisions.includes(precision)) continue;
    await attempt(library.name, async () => {
      const { value, g } = await library.prepare(id, precision);
      add(library.name, TOLERANCE.library[precision], value, g, library.slice);
    });
  }

  const timings = await takeTurns(
    variants.map(({ slice }) => slice),
    options,
  );
  const times = Object.fromEntries(variants.map(({ name }, i) => [name, timings[i]]));
  return { times, notes, ...facts };
}

/** A copy of the module for each type of arrays and each work, as V8 keeps what it learnt with the text. */
async function hand(file, copy, inputs, sizes, Floats) {
  const { make } = await import(`./hand/${file}.mjs?${copy}`);
  return make(inputs, sizes, Floats);
}

/** The largest error, relative to the value or to the largest derivative by the same input. */
function difference(value, g, expected, ends) {
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

function installedLibraries() {
  if (existsSync(new URL('../node_modules', import.meta.url))) return startLibraries();
  console.error('without jax-js and TensorFlow.js: npm ci --prefix bench installs them');
  return [];
}

/** Times of the libraries are milliseconds where there is nothing to compare with. */
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

function against(times, name) {
  if (times[name] === undefined) return '';
  if (times.emitted === undefined) return `(${milliseconds(times[name])} ms)`;
  const factor = ratio(times[name], times.emitted);
  return factor < 10 ? factor.toFixed(2) : factor.toFixed(0);
}

function milliseconds(times) {
  return times === undefined ? '' : median(times).toPrecision(3);
}

function kilobytes(workspace) {
  return workspace === undefined ? '' : (workspace.bytes / 1e3).toFixed(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      precision: { type: 'string' },
    },
  });
  const { quick, only, precision } = values;
  const report = await tensorTables({
    quick,
    ...(only && { only: only.split(',') }),
    ...(precision && { precisions: precision.split(',') }),
  });
  console.log(report);
}
