// Encoded WebAssembly as text: the disassembler of wabt, which knows nothing of our tables, is the oracle of the encoder.

import wabt from 'wabt';
import type { Code } from '../../../src/codegen/wasm/code.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';

const tools = await wabt();

/** The module as text, a line for each field and instruction, without indentation and comments. Throws if it is not valid. */
export function disassemble(bytes: Uint8Array): string[] {
  const module = tools.readWasm(bytes, { readDebugNames: false });
  try {
    module.validate();
    return module
      .toText({ foldExprs: false, inlineExport: false })
      .split('\n')
      .map(line =>
        line
          .replace(/\(;.*?;\)|;;.*/g, '')
          .replace(/\s+/g, ' ')
          .replace(/ (?=\))/g, '')
          .trim(),
      )
      .filter(line => line !== '');
  } finally {
    module.destroy();
  }
}

/**
 * The instructions of one function. What they need stands for itself: after `unreachable` the stack holds whatever is asked
 * for, so `write` should begin each instruction with operands by it.
 */
export function instructions(write: (code: Code) => void): string[] {
  const encoder = new WasmEncoder();
  const code = encoder.function([], []);
  write(code);
  code.op('unreachable');
  encoder.export('f', code);
  const lines = disassemble(encoder.encode().bytes);
  const from = lines.findIndex(line => line.startsWith('(func (type'));
  const to = lines.findIndex(line => line.startsWith('(export'));
  return lines.slice(from + 1, to - 1); // without the last `unreachable`
}
