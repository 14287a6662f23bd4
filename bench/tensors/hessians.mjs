// Dense Hessians of tensor formulas: emitted modules against loops written by hand for the structure that each Hessian
// has, C for one of them, and jax-js, in one run, in turns. TensorFlow.js has no Hessians.
//   node bench/tensors/hessians.mjs [--quick] [--only H1a,H3b] [--precision f64]

import { fileURLToPath } from 'node:url';
import { table } from '../harness.mjs';
import { contest, hand, PRECISIONS, TOLERANCE } from './contest.mjs';
import { generate, offsets, pack, twoPoints } from './data.mjs';
import { startLibraries } from './library.mjs';
import { startLimit } from './limit.mjs';
import { timed } from './measure.mjs';
import { dataOf, emit, load } from './ours.mjs';
import { milliseconds, optionsOf, over } from './report.mjs';
import { hessians } from './workloads.mjs';

/** @param {import('./report.mjs').Options} options */
export async function hessianTable(options) {
  const libraries = startLibraries({ hessian: true });
  const limits = startLimit();
  const names = libraries.map(({ name }) => name);
  const rows = [
    [
      'dense Hessian',
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
  const notes = [];
  try {
    for (const workload of hessians) {
      if (options.only && !options.only.includes(workload.id)) continue;
      for (const precision of options.precisions ?? Object.keys(PRECISIONS)) {
        if (workload.double && precision !== 'f64') continue;
        const result = await measured(workload, precision, { libraries, limits }, options);
        notes.push(...result.notes);
        rows.push(row(workload, precision, result.times, names));
        console.error([workload.id, ...rows.at(-1)].join('  '));
      }
    }
  } finally {
    for (const { stop } of [...libraries, ...limits]) stop();
  }
  const list = notes.map(note => `- ${note}`).join('\n');
  return list === '' ? table(rows) : `${table(rows)}\n\n${list}`;
}

/** Checks all variants against the hand-written one, then times them. */
async function measured(workload, precision, { libraries, limits }, options) {
  const { id, kind, formula, sizes } = workload;
  const Floats = PRECISIONS[precision];
  const { inputs, wrt } = generate(kind, sizes, Floats);
  const theta = pack(inputs, wrt, Floats);
  const points = twoPoints(theta);
  const ends = offsets(inputs, wrt);
  const H = new Floats(theta.length ** 2);
  const { enter, times, notes } = contest(`${id} ${precision}`, (result, expected) =>
    difference(result.H, expected.H, ends),
  );
  const entry = f => {
    H.fill(NaN);
    f(theta, H);
    return { result: { H: H.slice() }, slice: timed(i => f(points[i & 1], H)) };
  };

  await enter('hand', Infinity, async () =>
    entry(await hand(`${kind}-hessian`, `${id}-${precision}`, inputs, sizes, Floats)),
  );
  let bound;
  for (const target of ['js', 'wasm']) {
    await enter(target, TOLERANCE.ours[precision], async () => {
      const code = await emit(formula, { target, precision, hessian: true });
      bound = (await load(code))(dataOf(inputs, wrt, sizes));
      return entry(bound.hessian);
    });
  }
  if (bound?.views) await enter('in place', TOLERANCE.ours[precision], async () => inPlace(bound, theta));
  for (const limit of limits) {
    if (!limit.hessians.includes(kind)) continue;
    await enter(limit.name, limit.tolerance[precision], async () => ({
      result: await limit.prepareHessian(workload, precision),
      slice: limit.slice,
    }));
  }
  for (const library of libraries) {
    // what its jit gets wrong it may get right step by step
    for (const isCompiled of [true, false]) {
      const took = await enter(library.name, TOLERANCE.library[precision], async () => ({
        result: await library.prepareHessian(workload, precision, isCompiled),
        slice: library.slice,
      }));
      if (took && !isCompiled) notes.push(`${id} ${precision} ${library.name} is timed without jit`);
      if (took) break;
    }
  }
  return { times: await times(options), notes };
}

/** Parameters and Hessian stay in the memory of WebAssembly. */
function inPlace({ hessian, views: { theta, H } }, start) {
  theta.set(start);
  hessian(theta, H);
  return { result: { H: H.slice() }, slice: timed(() => hessian(theta, H)) };
}

/** The largest error, relative to the largest element of the same block: a block is of two inputs. */
function difference(H, expected, ends) {
  const size = ends.at(-1);
  if (H.length !== size * size) return NaN;
  let error = 0;
  for (let r = 0; r + 1 < ends.length; r++) {
    for (let c = 0; c + 1 < ends.length; c++) {
      let [largest, off] = [0, 0];
      for (let i = ends[r]; i < ends[r + 1]; i++) {
        for (let k = i * size + ends[c]; k < i * size + ends[c + 1]; k++) {
          largest = Math.max(largest, Math.abs(expected[k]));
          off = Math.max(off, Math.abs(H[k] - expected[k]));
        }
      }
      error = Math.max(error, off === 0 ? 0 : off / largest);
    }
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await hessianTable(optionsOf(process.argv.slice(2))));
}
