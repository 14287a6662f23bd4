// A WebAssembly module in its binary form (specification, section 5.5): one memory and any globals and functions are
// imported, functions are exported, numbers may stand in the memory from the start. Invariant: only functions that an
// export reaches are written, so kernels may be added before it is known who calls them.

import { Bytes } from './bytes.ts';
import { Code, type FunctionRef, type GlobalRef } from './code.ts';
import { TYPES, type ValueType } from './opcodes.ts';

/** The name of the module that all imports are from. */
export const IMPORTS = 'env';

interface Imported extends FunctionRef {
  readonly name: string;
}

export class WasmEncoder {
  readonly #functions: Code[] = [];
  readonly #imports = new Map<string, Imported>();
  readonly #globals = new Map<string, GlobalRef>();
  readonly #exports = new Map<string, Code>();
  readonly #data: { readonly offset: number; readonly bytes: Uint8Array }[] = [];

  /** A function; its instructions are written into what is returned, before the module is encoded. */
  function(params: readonly ValueType[], results: readonly ValueType[]): Code {
    const code = new Code(params, results);
    this.#functions.push(code);
    return code;
  }

  /** A function under a name; it is called by that. */
  export(name: string, code: Code): void {
    this.#exports.set(name, code);
  }

  /** An imported function, the same for the same name. */
  importFunction(name: string, params: readonly ValueType[], results: readonly ValueType[]): FunctionRef {
    const known = this.#imports.get(name);
    if (known !== undefined) return known;
    const imported = { name, params, results };
    this.#imports.set(name, imported);
    return imported;
  }

  /** An imported constant, the same for the same name. */
  global(name: string, type: ValueType): GlobalRef {
    const known = this.#globals.get(name);
    if (known !== undefined) return known;
    const global = { index: this.#globals.size, type };
    this.#globals.set(name, global);
    return global;
  }

  /** The names of the imported globals. */
  globalNames(): readonly string[] {
    return [...this.#globals.keys()];
  }

  /** Bytes that the memory holds from the start. */
  data(offset: number, bytes: Uint8Array): void {
    this.#data.push({ offset, bytes });
  }

  /** The module, and the names of the functions that it imports. */
  encode(): { readonly bytes: Uint8Array; readonly imports: readonly string[] } {
    const reached = new Set<FunctionRef>(this.#exports.values());
    for (const each of reached)
      if (each instanceof Code) for (const callee of each.callees()) reached.add(callee);
    const imports = [...this.#imports.values()].filter(each => reached.has(each));
    const functions = this.#functions.filter(each => reached.has(each));
    const numbers = new Map<FunctionRef, number>([...imports, ...functions].map((each, at) => [each, at]));
    const indexOf = (ref: FunctionRef): number => numbers.get(ref)!; // all that is called is reached

    const types = new Map<string, number>();
    for (const each of [...imports, ...functions]) {
      const key = typeKey(each);
      if (!types.has(key)) types.set(key, types.size);
    }
    const typeOf = (ref: FunctionRef): number => types.get(typeKey(ref))!; // collected above

    const module = new Bytes(1024);
    module.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    const section = (id: number, items: readonly ((out: Bytes) => void)[]): void => {
      if (items.length === 0) return;
      const content = new Bytes(1024);
      content.unsigned(items.length);
      for (const write of items) write(content);
      module.byte(id);
      module.unsigned(content.length);
      module.append(content.written);
    };
    section(
      1,
      [...types.keys()].map(key => out => {
        out.byte(0x60);
        for (const list of key.split('>')) {
          const names = list === '' ? [] : (list.split(',') as ValueType[]); // made by typeKey
          out.unsigned(names.length);
          for (const type of names) out.byte(TYPES[type]);
        }
      }),
    );
    section(2, [
      ...imports.map(each => (out: Bytes) => {
        out.name(IMPORTS);
        out.name(each.name);
        out.byte(0x00);
        out.unsigned(typeOf(each));
      }),
      (out: Bytes) => {
        out.name(IMPORTS);
        out.name('memory');
        out.append([0x02, 0x00]);
        out.unsigned(0);
      },
      ...Array.from(this.#globals, ([name, { type }]) => (out: Bytes) => {
        out.name(IMPORTS);
        out.name(name);
        out.append([0x03, TYPES[type], 0x00]);
      }),
    ]);
    section(
      3,
      functions.map(each => out => out.unsigned(typeOf(each))),
    );
    section(
      7,
      Array.from(this.#exports, ([name, code]) => out => {
        out.name(name);
        out.byte(0x00);
        out.unsigned(indexOf(code));
      }),
    );
    section(
      10,
      functions.map(each => out => each.encode(out, indexOf)),
    );
    section(
      11,
      this.#data.map(({ offset, bytes }) => out => {
        out.append([0x00, 0x41]);
        out.signed(offset);
        out.byte(0x0b);
        out.unsigned(bytes.length);
        out.append(bytes);
      }),
    );
    return { bytes: module.written.slice(), imports: imports.map(({ name }) => name) };
  }
}

function typeKey({ params, results }: FunctionRef): string {
  return `${params.join()}>${results.join()}`;
}
