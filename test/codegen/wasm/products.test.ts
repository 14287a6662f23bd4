// The kernels of matrix products against plain double loops on matrices of small integers, where every order of summation
// gives the same. Around each array, and between the elements of those with gaps, stands a sentinel: no kernel may write there.

import { describe, expect, it } from 'vitest';
import type { Code } from '../../../src/codegen/wasm/code.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { WasmEnvironment } from '../../../src/codegen/wasm/environment.ts';
import { gramKernel, gramPanel } from '../../../src/codegen/wasm/products/gram.ts';
import { kernelParts } from '../../../src/codegen/wasm/products/parts.ts';
import { productKernel, productPanel } from '../../../src/codegen/wasm/products/product.ts';

type Precision = 'f64' | 'f32';
const PRECISIONS: readonly Precision[] = ['f64', 'f32'];

const SENTINEL = -77777;

/** Numbers behind the last array that are watched. */
const BEHIND = 1000;

/** A matrix in memory: where its array begins, its first element and the distances between neighbours. */
interface Matrix {
  readonly address: number;
  readonly first: number;
  readonly steps: readonly [number, number];
}

const LAYOUTS = ['rows', 'columns', 'gaps', 'backwards'] as const;
type Layout = (typeof LAYOUTS)[number] | 'upwards';

const PAIRS = LAYOUTS.flatMap(a => LAYOUTS.map(b => [a, b] as const));

/** A memory that arrays are laid out in, and a kernel that works in it. */
class Bench {
  readonly #bytes: number;
  readonly #numbers: Float64Array | Float32Array;
  readonly #kernel: (...args: number[]) => void;
  /** The numbers that the kernel may leave in any state. */
  #panel = { from: 0, to: 0 };
  #end = 2;
  #seed = 1;

  constructor(precision: Precision, kernel: (environment: WasmEnvironment) => Code) {
    this.#bytes = precision === 'f64' ? 8 : 4;
    const memory = new WebAssembly.Memory({ initial: 40 });
    this.#numbers = precision === 'f64' ? new Float64Array(memory.buffer) : new Float32Array(memory.buffer);
    const encoder = new WasmEncoder();
    encoder.export('kernel', kernel(new WasmEnvironment(encoder, precision)));
    const { bytes } = encoder.encode();
    expect(WebAssembly.validate(bytes)).toBe(true);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    this.#kernel = exports.kernel as (...args: number[]) => void; // it is exported above
  }

  /** Forgets all arrays. */
  clear(): void {
    this.#numbers.fill(SENTINEL, 0, this.#end + BEHIND);
    this.#panel = { from: 0, to: 0 };
    this.#end = 2;
  }

  /** Forgets them, and lets the next array end where the memory does, but for the 16 bytes that may be read behind it. */
  clearForLast(length: number): void {
    this.clear();
    this.#numbers.fill(SENTINEL);
    const alignment = 16 / this.#bytes;
    this.#end = this.#numbers.length - alignment * Math.ceil(length / alignment + 1);
  }

  /** Goes on at the beginning of the memory. */
  restart(): void {
    this.#end = 2;
  }

  /** Room for an array, after which 16 bytes belong to nobody. */
  array(length: number): number {
    const alignment = 16 / this.#bytes;
    const at = alignment * Math.ceil(this.#end / alignment);
    this.#end = at + length + alignment;
    this.#numbers.fill(SENTINEL, at, this.#end);
    return at * this.#bytes;
  }

  /** A matrix of random integers from -4 to 4. */
  matrix(rows: number, columns: number, layout: Layout, offset = 0): Matrix {
    const size = rows * columns;
    const place = (first: number, length: number, steps: readonly [number, number]): Matrix => {
      const matrix = { address: this.array(offset + length), first: offset + first, steps };
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) this.#numbers[this.at(matrix, i, j)] = this.integer();
      return matrix;
    };
    if (layout === 'rows') return place(0, size, [columns, 1]);
    if (layout === 'columns') return place(0, size, [1, rows]);
    if (layout === 'gaps') return place(0, 2 * rows * (columns + 1), [2 * columns + 1, 2]);
    if (layout === 'upwards') return place(Math.max(0, size - columns), size, [-columns, 1]);
    return place(Math.max(0, size - 1), size, [-columns, -1]);
  }

  at({ address, first, steps }: Matrix, i: number, j: number): number {
    return address / this.#bytes + first + i * steps[0] + j * steps[1];
  }

  read(matrix: Matrix, i: number, j = 0): number {
    return this.#numbers[this.at(matrix, i, j)];
  }

  write(matrix: Matrix, i: number, j: number, value: number): void {
    this.#numbers[this.at(matrix, i, j)] = value;
  }

  /** Says what a kernel is to write, and that it may. */
  expects(
    matrix: Matrix,
    rows: number,
    columns: number,
    value: (i: number, j: number) => number,
  ): () => void {
    const expected: [number, number][] = [];
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) expected.push([this.at(matrix, i, j), value(i, j)]);
    const before = this.#numbers.slice(0, this.#end + BEHIND);
    return () => {
      for (const [at, value] of expected) before[at] = value;
      for (let at = 0; at < before.length; at++) {
        if (at === this.#panel.from) at = this.#panel.to;
        if (Object.is(before[at], this.#numbers[at])) continue;
        throw new Error(`number ${at} is ${this.#numbers[at]}, not ${before[at]}`);
      }
    };
  }

  /** An array that the kernel may leave in any state; at first it holds nothing that may get into a result. */
  panel(length: number): number {
    expect(Number.isInteger(length)).toBe(true);
    const address = this.array(length);
    const from = address / this.#bytes;
    this.#panel = { from, to: from + length };
    this.#numbers.fill(Number.NaN, from, from + length);
    return address;
  }

  run(...args: number[]): void {
    this.#kernel(...args);
  }

  integer(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) | 0;
    return ((this.#seed >>> 16) % 9) - 4;
  }
}

function parameters({ address, first, steps }: Matrix): number[] {
  return [address, first, ...steps];
}

describe.each(PRECISIONS)('products in %s', precision => {
  const bench = new Bench(precision, environment => productKernel(environment, kernelParts(environment)));

  function check(
    [rows, columns, inner]: readonly [number, number, number],
    layouts: readonly [Layout, Layout, Layout],
    adds: boolean,
    offset = 0,
  ): void {
    bench.clear();
    const a = bench.matrix(rows, inner, layouts[0], offset);
    const b = bench.matrix(inner, columns, layouts[1], offset);
    const c = bench.matrix(rows, columns, layouts[2], offset);
    const panel = bench.panel(productPanel(precision, rows, columns, inner));
    const verify = bench.expects(c, rows, columns, (i, j) => {
      let sum = adds ? bench.read(c, i, j) : 0;
      for (let k = 0; k < inner; k++) sum += bench.read(a, i, k) * bench.read(b, k, j);
      return sum + 0;
    });
    bench.run(
      rows,
      columns,
      inner,
      ...parameters(a),
      ...parameters(b),
      ...parameters(c),
      panel,
      Number(adds),
    );
    try {
      verify();
    } catch (error) {
      throw new Error(`${rows} x ${inner} x ${columns}, ${layouts}: ${error}`);
    }
  }

  const forms = LAYOUTS.flatMap(a => LAYOUTS.flatMap(b => LAYOUTS.map(c => [a, b, c] as const)));

  it('of all sizes up to 20, in all forms', () => {
    let turn = 0;
    for (let rows = 0; rows <= 20; rows++)
      for (let columns = 0; columns <= 20; columns++)
        for (let inner = 0; inner <= 20; inner++) {
          const form = forms[turn++ % forms.length];
          check([rows, columns, inner], form, turn % 3 === 0, turn % 4);
        }
  });

  it('read nothing that begins behind an array', () => {
    for (let rows = 1; rows <= 9; rows++)
      for (let columns = 1; columns <= 9; columns++)
        for (const [a, b] of PAIRS.filter(pair => !pair.includes('gaps'))) checkLast(rows, columns, 3, a, b);
  });

  /** Lets a and b in turn be at the end of the memory: a read behind it is a trap. */
  function checkLast(
    rows: number,
    columns: number,
    inner: number,
    ...[left, right]: readonly Layout[]
  ): void {
    for (const isLeft of [true, false]) {
      bench.clearForLast(isLeft ? rows * inner : inner * columns);
      const last = isLeft ? bench.matrix(rows, inner, left) : bench.matrix(inner, columns, right);
      bench.restart();
      const other = isLeft ? bench.matrix(inner, columns, right) : bench.matrix(rows, inner, left);
      const [a, b] = isLeft ? [last, other] : [other, last];
      const c = bench.matrix(rows, columns, 'rows');
      const panel = bench.panel(productPanel(precision, rows, columns, inner));
      bench.run(rows, columns, inner, ...parameters(a), ...parameters(b), ...parameters(c), panel, 0);
    }
  }

  it('of sizes beyond blocks and tiles', () => {
    const sizes = [
      [33, 67, 300],
      [70, 35, 257],
      [1, 45, 520],
      [45, 1, 255],
      [37, 550, 13],
      [540, 40, 33],
      [32, 32, 512],
    ] as const;
    for (const [turn, size] of sizes.entries())
      for (const form of forms.filter((_, at) => at % 3 === turn % 3))
        check(size, form, turn % 2 === 0, turn % 3);
  });
});

describe.each(PRECISIONS)('symmetric products in %s', precision => {
  const bench = new Bench(precision, environment => gramKernel(environment, kernelParts(environment)));

  function check(
    rows: number,
    inner: number,
    layouts: readonly [Layout, Layout],
    weighted: boolean,
    adds: boolean,
  ): void {
    bench.clear();
    const a = bench.matrix(rows, inner, layouts[0], rows % 3);
    const w = bench.matrix(1, inner, layouts[0]);
    const c = bench.matrix(rows, rows, layouts[1], inner % 3);
    for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) bench.write(c, i, j, bench.read(c, j, i));
    const panel = bench.panel(gramPanel(precision, rows));
    const verify = bench.expects(c, rows, rows, (i, j) => {
      let sum = adds ? bench.read(c, i, j) : 0;
      for (let k = 0; k < inner; k++)
        sum += bench.read(a, i, k) * (weighted ? bench.read(w, 0, k) : 1) * bench.read(a, j, k);
      return sum + 0;
    });
    const weights = weighted ? [w.address, w.first, w.steps[1]] : [0, 0, 0];
    bench.run(rows, inner, ...parameters(a), ...weights, ...parameters(c), panel, Number(adds));
    try {
      verify();
    } catch (error) {
      throw new Error(`${rows} x ${inner}, ${layouts}, ${weighted}, ${adds}: ${error}`);
    }
  }

  it('of all sizes up to 20, in all layouts', () => {
    let turn = 0;
    for (let rows = 0; rows <= 20; rows++)
      for (let inner = 0; inner <= 20; inner++)
        for (const [layout, result] of PAIRS.slice(turn % 13, (turn % 13) + 3))
          check(rows, inner, [layout, result], turn++ % 3 !== 0, turn % 2 === 0);
  });

  it('of sizes beyond blocks and tiles', () => {
    for (const [rows, inner] of [
      [100, 300],
      [131, 129],
      [270, 40],
      [37, 260],
    ])
      for (const layout of LAYOUTS)
        check(rows, inner, [layout, 'rows'], layout !== 'gaps', layout === 'rows');
  });
});
