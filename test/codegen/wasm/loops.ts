// Runs the loops of programs as WebAssembly, in a memory laid out as simply as can be, beside the emitted JavaScript.

import { contextOf, type Precision } from '../../../src/codegen/context.ts';
import { draftOf } from '../../../src/codegen/drafts.ts';
import { type Entry, entriesOf } from '../../../src/codegen/entries.ts';
import { Handout } from '../../../src/codegen/handout.ts';
import { PANELS, panelLengths } from '../../../src/codegen/loops/panel.ts';
import { type SharedArray, Sharing } from '../../../src/codegen/loops/sharing.ts';
import { stridesOf } from '../../../src/codegen/loops/space.ts';
import type { ArrayRef } from '../../../src/codegen/loops/values.ts';
import { emitModule } from '../../../src/codegen/module.ts';
import { Names } from '../../../src/codegen/names.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { ELEMENT_BYTES, type ElementType, WasmEnvironment } from '../../../src/codegen/wasm/environment.ts';
import { LoopAssembler } from '../../../src/codegen/wasm/loops/assembler.ts';
import { type CompileOptions, compile } from '../../../src/compile.ts';
import type { Node } from '../../../src/ir/graph.ts';
import type { Program } from '../../../src/ir/program.ts';
import { elementsIn } from '../../../src/ir/shape.ts';
import { addSizes, estimateSize, evaluateSize, type Size } from '../../../src/ir/size.ts';
import { expand } from '../../../src/rewrite/expand.ts';
import { optimise } from '../../../src/rewrite/passes.ts';
import { load } from '../../load.ts';
import { imported, type Numeric } from './instantiate.ts';

/** What these tests use of WebAssembly, which the types of Node do not have. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Global: new (descriptor: { readonly value: 'i32' }, value: number) => object;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, Numeric>> };
};

type Data = Readonly<Record<string, number | ArrayLike<number>>>;
type Numbers = Float64Array | Float32Array | Int32Array;

/** The bound functions of a program as one WebAssembly module. */
export class WasmLoops {
  readonly bytes: Uint8Array;
  readonly entries: readonly Entry[];
  readonly #program: Program;
  readonly #precision: Precision;
  readonly #environment: WasmEnvironment;
  readonly #imports: readonly string[];
  readonly #lengths = new Map<string, Size>();
  readonly #constants = new Map<Node, string>();
  readonly #scalars: readonly string[];
  readonly #variables: ReturnType<typeof contextOf>['wrt'];

  constructor(program: Program, precision: Precision = 'f64') {
    const context = contextOf(program, [], precision);
    const encoder = new WasmEncoder();
    const environment = new WasmEnvironment(encoder, precision);
    this.#program = program;
    this.#precision = precision;
    this.#environment = environment;
    this.#variables = context.wrt;
    const own = (name: string) => `in:${name}`;
    const declare = (name: string, length: Size, element?: ElementType) => {
      this.#lengths.set(name, length);
      if (element !== undefined) environment.declare(name, element);
    };
    this.#scalars = context.data.filter(({ shape }) => shape.length === 0).map(({ name }) => name);
    declare('scalars', this.#scalars.length, 'f64');
    declare('theta', context.wrt.length);
    for (const { name, shape, dtype } of context.data) {
      if (shape.length > 0) declare(own(name), elementsIn(shape), dtype === 'int' ? 'i32' : undefined);
    }
    // Matrices of which one triangle is computed are completed by the printer of JavaScript.
    const isWhole = ({ bound }: Entry) =>
      bound.length > 0 && bound.every(({ symmetric, sparsity }) => !symmetric && !sparsity);
    this.entries = entriesOf(program).filter(isWhole);
    const sharing = new Sharing(estimateSize);
    const nameOf = (array: SharedArray) => `work:${sharing.arrays.indexOf(array)}`;
    let panel: Size = 0;
    for (const { name, bound, extra } of this.entries) {
      const scope = new Names(context.scope);
      const arrays = new Map(
        bound.flatMap(block => {
          if (block.parameter === undefined) return [];
          const array = `${name}:${block.parameter}`;
          declare(array, block.length);
          return [[block, array] as const];
        }),
      );
      if (extra !== undefined) declare(`${name}:extra`, extra.length);
      const handout = new Handout(program.graph, bound, arrays, () => 'none');
      const leaf = (node: Node): ArrayRef => {
        const strides = stridesOf(node.shape);
        if (node.op === 'array') {
          const known = this.#constants.get(node) ?? `constants:${this.#constants.size}`;
          this.#constants.set(node, known);
          declare(known, node.attrs.values.length);
          return { name: known, offset: 0, strides };
        }
        const variable = context.wrt.items.find(each => each.node === node);
        if (variable !== undefined) return { name: 'theta', offset: variable.offset, strides };
        const part = extra?.parts.find(({ nodes }) => nodes.includes(node as never));
        if (part !== undefined) {
          const at = node.shape.length === 0 ? part.nodes.indexOf(node as never) : 0;
          const offset = typeof part.offset === 'number' ? part.offset + at : part.offset;
          return { name: `${name}:extra`, offset, strides };
        }
        const input = (node as Extract<Node, { op: 'input' }>).attrs.name;
        return node.shape.length === 0
          ? { name: 'scalars', offset: this.#scalars.indexOf(input), strides }
          : { name: own(input), offset: 0, strides };
      };
      const draft = draftOf({
        name,
        handout,
        scope,
        leaf,
        nameOf: node => program.graph.names.get(node),
        own: { product: 'product', gram: 'gram', panel: 'panel' },
        hasBlocks: context.program.derivatives.some(({ kind }) => kind === 'gaussNewton'),
        isInPlace: false,
        isRounded: this.#precision === 'f32',
      });
      const { top, result, buffers, lifetimes, products, squares } = draft;
      const sums = products.map(({ inner }) => inner);
      for (const length of panelLengths(PANELS[0], sums, squares)) panel = addSizes(panel, length);
      const shared = sharing.assign(lifetimes);
      const assembler = new LoopAssembler(environment, {
        arrayName: array => (shared.has(array) ? nameOf(shared.get(array)!) : array),
        lengthOf: array => buffers.get(array)!,
        isBuffer: array => buffers.has(array),
        scratch: length => {
          const own = `scratch:${this.#lengths.size}`;
          declare(own, length);
          return own;
        },
        kernel: kernel =>
          encoder.importFunction(kernel, new Array(kernel === 'product' ? 17 : 15).fill('i32'), []),
      });
      encoder.export(name, assembler.function(top, result));
    }
    for (const array of sharing.arrays) declare(nameOf(array), array.length);
    declare('panel', panel, 'f64');
    const { bytes, imports } = encoder.encode();
    this.bytes = bytes;
    this.#imports = imports;
  }

  /** An instance for these inputs. */
  bind(data: Data, sizes: ReadonlyMap<string, number>): WasmInstance {
    const environment = this.#environment;
    const address = new Map<string, number>();
    let end = 1024;
    for (const [name, size] of this.#lengths) {
      const { element } = environment.array(name);
      address.set(name, end);
      end += 16 * Math.ceil((evaluateSize(size, sizes) * ELEMENT_BYTES[element] + 16) / 16);
    }
    const memory = new WebAssembly.Memory({ initial: Math.ceil(end / 65_536) });
    const arrays = new Map<string, Numbers>();
    for (const [name, size] of this.#lengths) {
      const { element } = environment.array(name);
      const type = { f64: Float64Array, f32: Float32Array, i32: Int32Array }[element];
      const array = new type(memory.buffer, address.get(name), evaluateSize(size, sizes));
      arrays.set(name, array.fill(7)); // what an earlier call may have left
    }
    const input = (name: string): ArrayLike<number> => {
      const value = data[name] ?? this.#program.inputs.find(each => each.name === name)?.default;
      return typeof value === 'number' ? [value] : value!;
    };
    for (const [at, name] of this.#scalars.entries()) arrays.get('scalars')![at] = input(name)[0];
    for (const { name, offset } of this.#variables.items)
      arrays.get('theta')!.set(input(name), evaluateSize(offset, sizes));
    for (const [name, array] of arrays) if (name.startsWith('in:')) array.set(input(name.slice(3)));
    for (const [node, name] of this.#constants)
      arrays.get(name)!.set((node as Extract<Node, { op: 'array' }>).attrs.values);
    const globals = environment.encoder.globalNames().map(name => {
      const value = name.startsWith('@') ? address.get(name.slice(1))! : sizes.get(name.slice(1))!;
      return [name, new WebAssembly.Global({ value: 'i32' }, value)] as const;
    });
    const functions = this.#imports.map(name => [name, this.#import(name, memory.buffer)] as const);
    const module = new WebAssembly.Module(this.bytes);
    const instance = new WebAssembly.Instance(module, {
      env: { memory, ...Object.fromEntries([...globals, ...functions]) },
    });
    return { arrays, exports: instance.exports };
  }

  #import(name: string, buffer: ArrayBuffer): Numeric | ((...args: number[]) => void) {
    const bytes = ELEMENT_BYTES[this.#precision];
    const all = new { f64: Float64Array, f32: Float32Array }[this.#precision](buffer);
    const view = (at: number) => all.subarray(at / bytes);
    if (name === 'outOfRange') {
      const { indexed } = this.#environment;
      return (what, index) => {
        throw new RangeError(`${indexed[what]}: index ${index} is out of range`);
      };
    }
    if (name === 'product') {
      return (rows, columns, inner, a, a0, ai, ak, b, b0, bk, bj, c, c0, ci, cj, _panel, adds) => {
        const [x, y, z] = [view(a), view(b), view(c)];
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            let sum = adds === 1 ? z[c0 + i * ci + j * cj] : 0;
            for (let k = 0; k < inner; k++) sum += x[a0 + i * ai + k * ak] * y[b0 + k * bk + j * bj];
            z[c0 + i * ci + j * cj] = sum;
          }
        }
      };
    }
    if (name === 'gram') {
      return (rows, inner, a, a0, ai, ak, w, w0, wk, c, c0, ci, cj, _panel, adds) => {
        const [x, z] = [view(a), view(c)];
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < rows; j++) {
            let sum = adds === 1 ? z[c0 + i * ci + j * cj] : 0;
            for (let k = 0; k < inner; k++) {
              sum += x[a0 + i * ai + k * ak] * (w === 0 ? 1 : view(w)[w0 + k * wk]) * x[a0 + j * ai + k * ak];
            }
            z[c0 + i * ci + j * cj] = sum;
          }
        }
      };
    }
    return imported(name);
  }
}

export interface WasmInstance {
  readonly arrays: ReadonlyMap<string, Numbers>;
  readonly exports: Readonly<Record<string, Numeric>>;
}

export class Mismatch extends Error {}

/** The program of a formula in the form that loops are made from. */
export function programFor(text: string, options: CompileOptions = {}): Program {
  const level = options.optimize ?? 2;
  return expand(optimise(compile(text, options).program, level));
}

/** A program in both languages. */
export class Contest {
  readonly program: Program;
  readonly precision: Precision;
  readonly wasm: WasmLoops;
  readonly code: string;
  readonly #module: ReturnType<typeof load>;

  constructor(program: Program, precision: Precision = 'f64') {
    this.program = program;
    this.precision = precision;
    this.code = emitModule(program, { format: 'esm', header: 'test', precision }).code;
    this.wasm = new WasmLoops(program, precision);
    this.#module = load(this.code);
  }

  /** Throws unless all functions give what those of JavaScript give. */
  async agree(data: Data, tolerance = this.precision === 'f64' ? 1e-12 : 1e-5): Promise<void> {
    const module = await this.#module;
    const type = this.precision === 'f64' ? Float64Array : Float32Array;
    const f = module.bind(data);
    const theta = f.pack(data);
    const sizes = new Map<string, number>(Object.entries(f.sizes ?? {}));
    const instance = this.wasm.bind(data, sizes);
    for (const { name, bound, extra } of this.wasm.entries) {
      const outputs = bound.filter(({ parameter }) => parameter !== undefined);
      const lengths = outputs.map(({ length }) => evaluateSize(length, sizes));
      const direction =
        extra && new type(evaluateSize(extra.length, sizes)).map((_: number, k: number) => Math.sin(k + 1));
      if (direction !== undefined) instance.arrays.get(`${name}:extra`)!.set(direction);
      const wanted = lengths.map(length => new type(length));
      let value: number | undefined;
      let error: unknown;
      try {
        value = f[name](theta, ...(direction ? [direction] : []), ...wanted);
      } catch (thrown) {
        if (!(thrown instanceof RangeError)) throw thrown;
        error = thrown;
      }
      for (let run = 0; run < 2; run++) {
        const own = outputs.map(({ parameter }) => instance.arrays.get(`${name}:${parameter}`)!);
        // What is zero everywhere is cleared by what stands around the loops.
        for (const array of own) array.fill(0);
        let result: number | undefined;
        try {
          result = instance.exports[name]();
        } catch (thrown) {
          if (error === undefined || !(thrown instanceof RangeError)) throw thrown;
          continue;
        }
        // Where something is empty, an index that nobody needs may be refused or not.
        if (error !== undefined && [...sizes.values()].includes(0)) continue;
        if (error !== undefined) throw new Mismatch(`${name} does not throw ${error}`);
        if (value !== undefined) compare(name, [result!], [value], tolerance);
        for (const [k, array] of own.entries())
          compare(`${name} ${outputs[k].parameter}`, array, wanted[k], tolerance);
      }
    }
  }
}

/** Throws unless the numbers are close, by the largest of them. */
export function compare(
  what: string,
  actual: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
): void {
  let largest = 1;
  for (let k = 0; k < wanted.length; k++)
    if (Number.isFinite(wanted[k])) largest = Math.max(largest, Math.abs(wanted[k]));
  for (let k = 0; k < wanted.length; k++) {
    const [x, y] = [actual[k], wanted[k]];
    if (Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * largest) continue;
    const start = (list: ArrayLike<number>) =>
      Array.from({ length: Math.min(20, list.length) }, (_, i) => list[i]);
    throw new Mismatch(`${what}: element ${k} is ${x}, not ${y}\n${start(actual)}\n${start(wanted)}`);
  }
}
