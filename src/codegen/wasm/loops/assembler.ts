// Functions over tensors as WebAssembly: the second printer of the loop IR, beside loops/print.ts. Single numbers are f64 in
// both precisions; what is loaded is widened, what is stored is rounded. Vectors hold numbers of the module's precision.

import type { Size } from '../../../ir/size.ts';
import type { Block, Value } from '../../loops/values.ts';
import type { Code } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
import { Frame } from './frame.ts';
import { inLanes } from './in-lanes.ts';
import { type FunctionOptions, Statements } from './statements.ts';

export interface AssemblerOptions extends FunctionOptions {
  /** The array of the workspace that a buffer of the function has become; any other name stays. */
  readonly arrayName: (array: string) => string;
  /** True for an array of the workspace, which holds nothing between calls. */
  readonly isBuffer: (array: string) => boolean;
  /** A further array of so many numbers of the module's precision; returns its name in the memory. */
  readonly scratch: (length: Size) => string;
}

/** Writes further instructions of a function. */
export type Instructions = (code: Code) => void;

/** Writes functions over tensors. */
export class LoopAssembler {
  readonly #environment: WasmEnvironment;
  readonly #options: AssemblerOptions;

  constructor(environment: WasmEnvironment, options: AssemblerOptions) {
    this.#environment = environment;
    this.#options = options;
  }

  /**
   * A function without parameters that runs the statements of `top` between what `before` and `after` write, and returns
   * `result` if there is one.
   */
  function(
    top: Block,
    result: Value | undefined,
    around: { readonly before?: Instructions; readonly after?: Instructions } = {},
  ): Code {
    const code = this.#environment.encoder.function([], result === undefined ? [] : ['f64']);
    const frame = new Frame(code, this.#environment, this.#options.arrayName);
    const statements: Statements = new Statements(
      frame,
      top,
      this.#options,
      inLanes(frame, top, result, this.#options, () => statements),
    );
    around.before?.(code);
    for (const statement of top.statements) statements.write(statement);
    around.after?.(code);
    if (result !== undefined) statements.values.number(result);
    return code;
  }
}
