// The kernels of matrix products of both targets over one memory, for products.mjs, which bundles this file; no part of the
// published package.

import { gramPanel as gramLength, gramText } from '../src/codegen/loops/gram.ts';
import { PANELS } from '../src/codegen/loops/panel.ts';
import { productText } from '../src/codegen/loops/product.ts';
import { packText, TILE } from '../src/codegen/loops/tile.ts';
import type { Code } from '../src/codegen/wasm/code.ts';
import { WasmEncoder } from '../src/codegen/wasm/encoder.ts';
import { WasmEnvironment } from '../src/codegen/wasm/environment.ts';
import { gramKernel, gramPanel } from '../src/codegen/wasm/products/gram.ts';
import { kernelParts } from '../src/codegen/wasm/products/parts.ts';
import { productKernel, productPanel } from '../src/codegen/wasm/products/product.ts';

export type Precision = 'f64' | 'f32';
export type Form = 'AB' | 'TA' | 'TB';

/** Runs a kernel so many times. */
type Run = (calls: number) => void;

const BYTES = { f64: 8, f32: 4 } as const;
const [PANEL] = PANELS; // the one of modules whose memory is not limited
type Kernel = (...args: unknown[]) => void;

/** One product, as the two targets compute it, over operands of their own. */
export function product(precision: Precision, form: Form, rows: number, inner: number, columns: number) {
  const a = form === 'TA' ? [1, rows] : [inner, 1];
  const b = form === 'TB' ? [1, inner] : [columns, 1];
  const lengths = [rows * inner, inner * columns, rows * columns];
  const sizes = [rows, columns, inner];
  const steps = [a, b, [columns, 1]];
  const given = (arrays: readonly unknown[], panel: unknown) => [
    ...sizes,
    ...steps.flatMap((each, which) => [arrays[which], 0, ...each]),
    panel,
    0,
  ];
  const { call, arrays } = instance(
    precision,
    environment => productKernel(environment, kernelParts(environment)),
    [...lengths, productPanel(precision, rows, columns, inner)],
  );
  const own = lengths.map(length => floats(precision, length));
  const text = `${packText('pack')}\n${productText({ product: 'kernel', pack: 'pack', put: 'put' }, PANEL)}`;
  return {
    flops: 2 * rows * inner * columns,
    wasm: repeated(call, given(arrays, arrays[3])),
    js: repeated(javascript(text), given(own, new Float64Array((PANEL.columns + TILE) * inner))),
  };
}

/** X' diag(w) X for a matrix of `inner` rows. */
export function gram(precision: Precision, rows: number, inner: number) {
  const lengths = [rows * inner, inner, rows * rows];
  const given = ([x, w, c]: readonly unknown[], panel: unknown) => [
    ...[rows, inner],
    ...[x, 0, 1, rows],
    ...[w, 0, 1],
    ...[c, 0, rows, 1],
    ...[panel, 0],
  ];
  const { call, arrays } = instance(
    precision,
    environment => gramKernel(environment, kernelParts(environment)),
    [...lengths, gramPanel(precision, rows)],
  );
  const own = lengths.map(length => floats(precision, length));
  const names = { gram: 'kernel', pack: 'pack', weigh: 'weigh', add: 'add' };
  return {
    flops: rows * rows * inner,
    wasm: repeated(call, given(arrays, arrays[3])),
    js: repeated(
      javascript(`${packText('pack')}\n${gramText(names, PANEL)}`),
      given(own, new Float64Array(gramLength(rows, PANEL))),
    ),
  };
}

/** A kernel in a memory with arrays of such lengths, and where they begin. */
function instance(
  precision: Precision,
  write: (environment: WasmEnvironment) => Code,
  lengths: readonly number[],
): { readonly call: Kernel; readonly arrays: readonly number[] } {
  let end = 64;
  const arrays = lengths.map(length => {
    const address = end;
    end = 64 * Math.ceil((end + length * BYTES[precision] + 16) / 64);
    return address;
  });
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536) });
  const numbers = precision === 'f64' ? new Float64Array(memory.buffer) : new Float32Array(memory.buffer);
  numbers.fill(0.5);
  const encoder = new WasmEncoder();
  encoder.export('kernel', write(new WasmEnvironment(encoder, precision)));
  const module = new WebAssembly.Module(encoder.encode().bytes);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { call: exports.kernel as Kernel, arrays }; // it is exported above
}

function floats(precision: Precision, length: number): Float64Array | Float32Array {
  return precision === 'f64' ? new Float64Array(length).fill(0.5) : new Float32Array(length).fill(0.5);
}

/** The function `kernel` of a text of its own: shared text would share what V8 knows of types. */
function javascript(text: string): Kernel {
  return new Function(`${text}\nreturn kernel;`)();
}

function repeated(kernel: Kernel, args: readonly unknown[]): Run {
  return calls => {
    for (let call = 0; call < calls; call++) kernel(...args);
  };
}
