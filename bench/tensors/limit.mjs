// The programs of bench/c as one more contestant, in a process of its own: what a compiler of C and BLAS make of code that
// was written by hand for each work. Only where gcc and OpenBLAS are installed (Debian: gcc, libopenblas-dev).

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TOLERANCE } from './contest.mjs';
import { generate, pack, twoPoints } from './data.mjs';

const SOURCES = fileURLToPath(new URL('../c/', import.meta.url));
const FLAGS = '-O3 -march=native -ffast-math -fopenmp-simd'.split(' ');
const LIBRARIES = ['-lopenblas', '-lmvec', '-lm'];

/**
 * @typedef {import('./data.mjs').Floats} Floats
 * @typedef {Pick<import('./workloads.mjs').Workload, 'kind' | 'sizes'>} Work
 * @typedef {'f64' | 'f32'} Precision
 */

/**
 * The sizes a kind of work is told, in this order; `layers` are several.
 * @type {Record<string, (keyof import('./data.mjs').Sizes)[]>}
 */
const SIZES = {
  logistic: ['n', 'd'],
  mlp: ['n', 'layers'],
  factorization: ['n', 'm'],
  layers: ['d'],
  gmm: ['n', 'd', 'k'],
  product: ['n', 'm', 'k'],
};

/** As `startLibraries`: an array of one, or empty with a message if it cannot be compiled. */
export function startLimit() {
  const directory = mkdtempSync(join(tmpdir(), 'symgrad-limit-'));
  const failure = build(directory);
  if (failure !== undefined) {
    rmSync(directory, { recursive: true });
    console.error(`without C: ${failure}`);
    return [];
  }
  /** @type {Program | undefined} */
  let program;
  const start = async (/** @type {Work} */ work, /** @type {Precision} */ precision, method = 'gradient') => {
    program?.stop();
    program = new Program(directory, work, precision, method);
    return program.result();
  };
  return [
    {
      name: 'gcc',
      precisions: ['f32', 'f64'],
      kinds: Object.keys(SIZES),
      hessians: ['logistic'],
      tolerance: TOLERANCE.limit,
      /** @param {Work} work @param {Precision} precision */
      prepare: (work, precision) => start(work, precision),
      /** @param {Work} work @param {Precision} precision */
      prepareHessian: async (work, precision) => ({ H: (await start(work, precision, 'hessian')).g }),
      /** @param {number} calls */
      slice: calls => /** @type {Program} */ (program).milliseconds(calls),
      stop() {
        program?.stop();
        rmSync(directory, { recursive: true });
      },
    },
  ];
}

/** Compiles a program for each precision; the reason why not, if it fails. @param {string} directory */
function build(directory) {
  const sources = readdirSync(SOURCES).filter(name => name.endsWith('.c'));
  for (const [precision, macros] of Object.entries({ f32: ['-DSINGLE'], f64: [] })) {
    const args = [...FLAGS, ...macros, ...sources, '-o', join(directory, precision), ...LIBRARIES];
    const { status, error, stderr } = spawnSync('gcc', args, { cwd: SOURCES, encoding: 'utf8' });
    if (status !== 0) return error?.message ?? stderr.split('\n').find(line => line.includes('error'));
  }
  return undefined;
}

/** A running program that has one work in place. */
class Program {
  #child;
  #lines;
  #output;
  #Floats;

  /** @param {string} directory @param {Work} work @param {Precision} precision @param {string} method */
  constructor(directory, { kind, sizes }, precision, method) {
    this.#Floats = precision === 'f64' ? Float64Array : Float32Array;
    const { inputs, wrt } = generate(kind, sizes, this.#Floats);
    const points = twoPoints(pack(inputs, wrt, this.#Floats));
    const input = join(directory, 'input');
    this.#output = join(directory, 'output');
    writeFileSync(input, this.#flat([...dataOf(inputs, wrt), ...points]));
    const lengths = [points[0].length, ...SIZES[kind].flatMap(name => sizes[name] ?? 0)];
    this.#child = spawn(
      join(directory, precision),
      [kind, method, input, this.#output, ...lengths.map(String)],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, ...blasEnvironment() },
      },
    );
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The value, and the gradient or the Hessian, at the first point. */
  async result() {
    if ((await this.#line()) !== 'ready') throw new Error('it does not start');
    const { buffer } = Uint8Array.from(readFileSync(this.#output));
    return { value: new Float64Array(buffer, 0, 1)[0], g: new this.#Floats(buffer, 8) };
  }

  /** @param {number} calls */
  async milliseconds(calls) {
    this.#child.stdin.write(`${calls}\n`);
    return Number(await this.#line());
  }

  stop() {
    this.#child.kill();
  }

  async #line() {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`it ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
    return value;
  }

  /** @param {readonly ArrayLike<number>[]} parts */
  #flat(parts) {
    const all = new this.#Floats(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return new Uint8Array(all.buffer);
  }
}

/**
 * The inputs that are not differentiated, in the order of data.mjs; indices of arrays are known to the programs.
 * @param {import('./data.mjs').Inputs} inputs @param {readonly string[]} wrt
 * @returns {ArrayLike<number>[]}
 */
function dataOf(inputs, wrt) {
  return Object.entries(inputs)
    .filter(([name, value]) => !wrt.includes(name) && !(value instanceof Int32Array))
    .map(([, value]) => (typeof value === 'number' ? [value] : value));
}

/** One thread; and OpenBLAS runs code for older processors on those with AVX-512 that it does not know. */
function blasEnvironment() {
  const info = process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return { OPENBLAS_NUM_THREADS: '1', ...(/\bavx512f\b/.test(info) && { OPENBLAS_CORETYPE: 'SKYLAKEX' }) };
}
