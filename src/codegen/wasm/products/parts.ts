// What the kernels of matrix products have in common. Only those of a module that are called are written into it.

import type { Code } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { packKernel } from './pack.ts';
import { putKernel } from './put.ts';
import { rowsKernel } from './rows.ts';

export interface Parts {
  readonly pack: Code;
  readonly sumRows: Code;
}

export function kernelParts(environment: WasmEnvironment): Parts {
  const pack = packKernel(environment);
  return { pack, sumRows: rowsKernel(environment, pack, putKernel(environment)) };
}
