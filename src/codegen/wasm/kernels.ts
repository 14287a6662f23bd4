// The kernels of matrix products that the functions of a module call, each made when it is first asked for, and the array
// that they pack operands into.

import type { Size } from '../../ir/size.ts';
import type { OwnNames } from '../context.ts';
import type { Code, FunctionRef } from './code.ts';
import type { WasmEnvironment } from './environment.ts';
import type { MemoryMap } from './memory-map.ts';
import { gramKernel, gramPanel } from './products/gram.ts';
import { kernelParts, type Parts } from './products/parts.ts';
import { productKernel, productPanel } from './products/product.ts';

/** A kernel as statements name it, and the array. */
interface KernelCall {
  readonly name: string;
  readonly panel: string;
}

const KERNELS = { product: productKernel, gram: gramKernel } as const;
type KernelName = keyof typeof KERNELS;

export class Kernels {
  readonly #environment: WasmEnvironment;
  readonly #panel: string;
  readonly #made = new Map<KernelName, Code>();
  #parts: Parts | undefined;
  /** Elements of the array that are needed. */
  #length = 0;

  constructor(environment: WasmEnvironment, own: OwnNames) {
    this.#environment = environment;
    this.#panel = own.panel;
  }

  product(inner: Size, [rows, columns]: readonly Size[]): KernelCall {
    return this.#call('product', productPanel(this.#environment.precision, rows, columns, inner));
  }

  gram(rows: Size): KernelCall {
    return this.#call('gram', gramPanel(this.#environment.precision, rows));
  }

  of(name: string): FunctionRef {
    const kernel = name as KernelName; // statements have the names of `product` and `gram`
    this.#parts ??= kernelParts(this.#environment);
    const code = this.#made.get(kernel) ?? KERNELS[kernel](this.#environment, this.#parts);
    this.#made.set(kernel, code);
    return code;
  }

  /** Gives the array its place, if there are kernels. */
  addPanel(memory: MemoryMap): void {
    if (this.#length > 0) memory.add(this.#panel, this.#length);
  }

  #call(name: KernelName, length: number): KernelCall {
    this.#length = Math.max(this.#length, length);
    return { name, panel: this.#panel };
  }
}
