// The sparse Jacobian of a bundle adjustment problem, 49 cameras, 7776 points, 31843 observations: the emitted module
// against straight-line code written by hand, in turns.
//   node bench/tensors/bundle.mjs [--quick]

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleProblem } from '../../samples/bundle-problem.mjs';
import { median, table } from '../harness.mjs';
import { contest } from './contest.mjs';
import { make } from './hand/bundle-adjustment.mjs';
import { ratio, timed } from './measure.mjs';
import { load } from './ours.mjs';
import { optionsOf } from './report.mjs';

const SIZES = { n: 49, p: 7776, m: 31843 };

/** @param {{ quick: boolean }} options */
export async function bundleTable(options) {
  const { camera, point, seen, weights, start } = bundleProblem({
    cameras: SIZES.n,
    points: SIZES.p,
    observations: SIZES.m,
  });
  const theta = Float64Array.from([...start.cameras, ...start.points, ...weights]);
  const points = [theta, theta.map(x => x * 1.001)];
  const y = new Float64Array(2 * SIZES.m);
  const { enter, times, notes } = contest('bundle adjustment', difference);
  const entry = (f, { rowIndex, colPointer }) => {
    const values = new Float64Array(rowIndex.length);
    f(theta, y.fill(NaN), values.fill(NaN));
    return {
      result: { y: y.slice(), values: values.slice(), rowIndex, colPointer },
      slice: timed(i => f(points[i & 1], y, values)),
    };
  };

  await enter('hand', Infinity, async () => {
    const { valueAndJacobian, pattern } = make({ camera, point, seen }, SIZES);
    return entry(valueAndJacobian, pattern());
  });
  const facts = { compileMs: NaN, bindMs: NaN, elements: NaN };
  await enter('emitted', 1e-9, async () => {
    const text = readFileSync(
      new URL('../../samples/bundle-adjustment-problem.expr', import.meta.url),
      'utf8',
    );
    const { compile } = await import('../../dist/index.js');
    const before = performance.now();
    const { code } = compile(text, { jacobian: 'sparse' });
    facts.compileMs = performance.now() - before;
    const bind = await load(code);
    const beforeBind = performance.now();
    const f = bind({ camera, point, seen, ...SIZES });
    facts.bindMs = performance.now() - beforeBind;
    facts.elements = f.jacobianPattern.rowIndex.length;
    return entry(f.valueAndJacobian, f.jacobianPattern);
  });

  const { hand, emitted } = await times(options);
  const ns = timing => (timing ? ((median(timing) * 1e6) / SIZES.m).toFixed(1) : '');
  const rows = [
    [
      'residuals and sparse Jacobian',
      'emitted, ns an observation',
      'hand, ns an observation',
      'emitted / hand',
      'nonzeros',
      'compile, ms',
      'bind, ms',
    ],
    [
      '49 cameras, 7776 points, 31843 observations',
      ns(emitted),
      ns(hand),
      ...(emitted
        ? [
            ratio(emitted, hand).toFixed(2),
            String(facts.elements),
            facts.compileMs.toFixed(0),
            facts.bindMs.toFixed(0),
          ]
        : ['', '', '', '']),
    ],
  ];
  console.error(rows[1].join('  '));
  return [table(rows), ...notes.map(note => `- ${note}`)].join('\n\n');
}

/** The largest error of a residual or of an element of the Jacobian, relative to the largest of the same column. */
function difference(result, expected) {
  let error = 0;
  const scale = expected.y.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  expected.y.forEach((x, i) => {
    error = larger(error, Math.abs(result.y[i] - x) / scale);
  });
  for (let j = 0; j + 1 < expected.colPointer.length; j++) {
    const [a, b] = [column(result, j), column(expected, j)];
    const largest = Math.max(...[...b.values()].map(Math.abs));
    for (const row of new Set([...a.keys(), ...b.keys()])) {
      const off = Math.abs((a.get(row) ?? 0) - (b.get(row) ?? 0));
      error = larger(error, off === 0 ? 0 : off / largest);
    }
  }
  return error;
}

/** A NaN is larger than everything. */
function larger(a, b) {
  return a >= b || Number.isNaN(a) ? a : b;
}

/** The elements of a column by row: a pattern may hold elements that happen to be zero. */
function column({ values, rowIndex, colPointer }, j) {
  const elements = new Map();
  for (let k = colPointer[j]; k < colPointer[j + 1]; k++) elements.set(rowIndex[k], values[k]);
  return elements;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await bundleTable(optionsOf(process.argv.slice(2))));
}
