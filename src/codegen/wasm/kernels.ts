// The kernels of matrix products that the functions of a module call, each made when it is first asked for, and the array
// that they pack operands into.

import type { OwnNames } from '../context.ts';
import type { Code, FunctionRef } from './code.ts';
import type { WasmEnvironment } from './environment.ts';
import type { MemoryMap } from './memory-map.ts';
import { GRAM_PANEL, gramKernel, PRODUCT_PANEL, productKernel } from './products/index.ts';

interface Kernel {
  readonly make: (environment: WasmEnvironment) => Code;
  /** Elements of the array that it packs operands into. */
  readonly panel: number;
}

const KERNELS = {
  product: { make: productKernel, panel: PRODUCT_PANEL },
  gram: { make: gramKernel, panel: GRAM_PANEL },
} as const satisfies Record<string, Kernel>;
type KernelName = keyof typeof KERNELS;

export class Kernels {
  readonly #environment: WasmEnvironment;
  readonly #panel: string;
  readonly #made = new Map<KernelName, Code>();

  constructor(environment: WasmEnvironment, own: OwnNames) {
    this.#environment = environment;
    this.#panel = own.panel;
  }

  /** A kernel as statements name it. */
  named(name: KernelName): { readonly name: string; readonly panel: string } {
    return { name, panel: this.#panel };
  }

  of(name: string): FunctionRef {
    const kernel = name as KernelName; // statements have the names that `named` gave them
    const code = this.#made.get(kernel) ?? KERNELS[kernel].make(this.#environment);
    this.#made.set(kernel, code);
    return code;
  }

  /** Gives the array its place, if there are kernels. */
  addPanel(memory: MemoryMap): void {
    const lengths = [...this.#made.keys()].map(name => KERNELS[name].panel);
    if (lengths.length > 0) memory.add(this.#panel, Math.max(...lengths));
  }
}
