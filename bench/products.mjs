// Speed of the kernels of matrix products, in GF/s, beside that of the kernels in JavaScript and of OpenBLAS (if gcc and its
// library are installed), into bench/products.md:
//   node bench/products.mjs [--quick]
// With --quick nothing is written but to the screen.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { table } from './harness.mjs';

const quick = process.argv.includes('--quick');
const directory = mkdtempSync(join(tmpdir(), 'symgrad-bench-'));

const FORMS = { AB: 'A B', TA: "A' B", TB: "A B'" };
const SHAPES = [
  ...[4, 8, 16, 32, 64, 128, 256, 512].map(n => [n, n, n]),
  [64, 784, 128],
  [784, 64, 128],
  [64, 128, 10],
  [128, 784, 512],
  [128, 512, 512],
];

try {
  const kernels = await bundled();
  const report = `# Speed of the kernels of matrix products

GF/s (a multiplication and an addition are two), Node ${process.version}, ${cpus()[0].model}. Least times by CPU time, variants
in turns. Made by \`node bench/products.mjs\`. OpenBLAS uses vectors of 64 bytes and fused operations, WebAssembly has
vectors of 16 bytes and none.

## Products, rows x inner x columns: WebAssembly / JavaScript / OpenBLAS

${productTable(kernels)}

## X' diag(w) X: WebAssembly (JavaScript)

${otherTable(kernels)}
`;
  if (!quick) writeFileSync(new URL('products.md', import.meta.url), report);
  console.log(report);
} finally {
  rmSync(directory, { recursive: true });
}

function productTable({ product }) {
  const blas = buildBlas();
  const kinds = ['f32', 'f64'].flatMap(precision => Object.keys(FORMS).map(form => [precision, form]));
  return table([
    ['', ...kinds.map(([precision, form]) => `${precision} ${FORMS[form]}`)],
    ...SHAPES.map(shape => [
      shape.join('x'),
      ...kinds.map(([precision, form]) => {
        const { flops, wasm, js } = product(precision, form, ...shape);
        const speeds = leastTimes([wasm, js]).map(ms => rate(flops, ms));
        return [...speeds, ...(blas ? [rate(flops, blas(precision, form, shape))] : [])].join(' / ');
      }),
    ]),
  ]);
}

function otherTable({ gram }) {
  const works = {
    "X' diag(w) X, X 10000x100": precision => gram(precision, 100, 10_000),
    "X' diag(w) X, X 1000x10": precision => gram(precision, 10, 1000),
  };
  return table([
    ['', 'f32', 'ms', 'f64', 'ms'],
    ...Object.entries(works).map(([name, make]) => [
      name,
      ...['f32', 'f64'].flatMap(precision => {
        const { flops, wasm, js } = make(precision);
        const [own, other] = leastTimes(js ? [wasm, js] : [wasm]);
        return [`${rate(flops, own)}${other ? ` (${rate(flops, other)})` : ''}`, own.toPrecision(3)];
      }),
    ]),
  ]);
}

function rate(flops, milliseconds) {
  return (flops / milliseconds / 1e6).toFixed(1);
}

/** The least milliseconds a call of each. @param {readonly ((calls: number) => void)[]} variants */
function leastTimes(variants) {
  const batches = variants.map(run => {
    let calls = 1;
    for (let time = 0; time < 2; calls *= 2) time = cpuTime(() => run(calls));
    return calls;
  });
  const least = variants.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < (quick ? 5 : 25); round++)
    for (const [v, run] of variants.entries())
      least[v] = Math.min(least[v], cpuTime(() => run(batches[v])) / batches[v]);
  return least;
}

function cpuTime(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Milliseconds of a product by OpenBLAS, on one thread; undefined if it cannot be built. */
function buildBlas() {
  const source = fileURLToPath(new URL('c/kernels/gemm.c', import.meta.url));
  for (const [precision, macros] of Object.entries({ f32: ['-DSINGLE'], f64: [] })) {
    const output = join(directory, precision);
    const { status } = spawnSync('gcc', ['-O2', ...macros, source, '-o', output, '-lopenblas', '-lm']);
    if (status !== 0) return undefined;
  }
  // OpenBLAS runs code for older processors on those with AVX-512 that it does not know.
  const info = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const core = /\bavx512f\b/.test(info) && { OPENBLAS_CORETYPE: 'SKYLAKEX' };
  const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', ...core };
  return (precision, form, shape) =>
    Number(
      spawnSync(join(directory, precision), [form, ...shape.map(String)], { env, encoding: 'utf8' }).stdout,
    );
}

async function bundled() {
  const input = fileURLToPath(new URL('product-kernels.ts', import.meta.url));
  const bundle = await rolldown({ input, platform: 'node' });
  const file = join(directory, 'product-kernels.mjs');
  await bundle.write({ file, format: 'esm' });
  return import(pathToFileURL(file).href);
}
