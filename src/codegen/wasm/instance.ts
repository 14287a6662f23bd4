// The helpers of a module whose functions are in WebAssembly: the binary in base64, compiled at the first use, and an
// instance over a memory. One large module is compiled without blocking by `create`, where a browser refuses to compile it at
// once on its main thread.

import { type Context, WIDTH } from '../context.ts';
import { quote } from '../names.ts';
import { item, object } from '../results.ts';
import { SPECIAL } from '../special.ts';
import { indent, layout } from '../text.ts';
import type { WasmEnvironment } from './environment.ts';

/** Bytes that are encoded at a time: three become four characters. */
const CHUNK = 3 * 8192;

/** The binary in base64. */
function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + CHUNK))));
  }
  return parts.join('');
}

/**
 * What makes an instance, the binary, which comes last, and the special functions that it imports; `constants` are imports that
 * are always the same.
 */
export function instanceTexts(
  context: Context,
  environment: WasmEnvironment,
  constants: readonly string[],
): { readonly sections: readonly string[]; readonly binary: string; readonly special: readonly string[] } {
  const { own, use } = context;
  const { bytes, imports } = environment.encoder.encode();
  const functions = imports.map(name => {
    if (name === 'outOfRange') {
      const what = `[${environment.indexed.map(quote).join(', ')}][what]`;
      return item(name, `(what, index, length) => ${use('position')}(${what}, index, length)`);
    }
    return { prefix: name.startsWith('Math.') ? `${quote(name)}: ` : '', tree: name };
  });
  const env = object([
    { prefix: '', tree: 'memory' },
    ...constants.map(tree => ({ prefix: '', tree })),
    ...functions,
    { prefix: '...', tree: 'numbers' },
  ]);
  const sections = [
    [
      '/**',
      ' * The functions over a memory; `numbers` are sizes and the bytes at which arrays begin. They are there at once, or when the',
      ' * promise is kept that is added to `pending`, if that is a list.',
      ' */',
      `function ${own.instance}(memory, numbers, pending) {`,
      ...indent([
        ...layout('const env = ', env, ';', WIDTH - 2),
        'const run = {};',
        'if (Array.isArray(pending)) {',
        `  const instance = WebAssembly.instantiate(${own.compiled}, { env });`,
        '  pending.push(instance.then(({ exports }) => Object.assign(run, exports)));',
        '  return run;',
        '}',
        `${own.compiled} ??= new WebAssembly.Module(${own.bytesOf}(${own.binary}));`,
        `return Object.assign(run, new WebAssembly.Instance(${own.compiled}, { env }).exports);`,
      ]),
      '}',
    ].join('\n'),
    `/** A memory of so many bytes, the one that is \`there\` if it is large enough. */
function ${own.memoryOf}(bytes, there) {
  if (there !== undefined && there.buffer.byteLength >= bytes) return there;
  if (bytes > 2 ** 32) throw new RangeError(\`arrays of \${bytes} bytes do not fit into a WebAssembly memory\`);
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
}`,
    `/**
 * The bytes at which arrays of \`lengths\` begin, one after the other with some room between, and the \`end\` of all. Of
 * \`optional\` ones those that do not fit are at 0.
 */
function ${own.places}(end, lengths, optional = {}) {
  const at = {};
  for (const [name, length] of [...Object.entries(lengths), ...Object.entries(optional)]) {
    const next = 16 * Math.ceil((end + length + 16) / 16);
    at[name] = name in optional && next > 2 ** 32 ? 0 : end;
    if (at[name] !== 0) end = next;
  }
  at.end = end;
  return at;
}`,
    ...(context.used.has('tooLarge')
      ? [
          `function ${own.tooLarge}(name) {
  throw new RangeError(\`\${name}: its arrays do not fit into a WebAssembly memory\`);
}`,
        ]
      : []),
    ...(context.used.has('take')
      ? [
          `/** Brings an array of the caller into the memory. */
function ${own.take}(name, from, to) {
  if (from.length !== to.length) ${use('wrongLength')}(name, from, to.length);
  to.set(from);
}`,
        ]
      : []),
    ...(context.used.has('give')
      ? [
          `/** Hands out what was computed, to an array that may be longer. */
function ${own.give}(from, to) {
  if (ArrayBuffer.isView(to)) to.set(from);
  else for (let i = 0; i < from.length; i++) to[i] = from[i];
}`,
        ]
      : []),
    `function ${own.bytesOf}(base64) {
  if (Uint8Array.fromBase64 !== undefined) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}`,
    `/** What functions over records run in, and the compiled binary. */
let ${own.shared}, ${own.compiled};`,
  ];
  return {
    sections,
    special: imports.filter(name => name in SPECIAL),
    binary: `/** The functions in WebAssembly. */\nconst ${own.binary} = '${base64(bytes)}';`,
  };
}

/** `create`, which compiles and binds without blocking. */
export function createText(context: Context, exported: readonly string[], prefix: string): string {
  const { own } = context;
  const all = object(exported.map(name => ({ prefix: '', tree: name })));
  return [
    '/**',
    ' * Compiles without blocking, where a browser does not do so at once on its main thread. Resolves to what `bind` returns for the',
    ' * data, or without data to all functions of the module.',
    ' */',
    `${prefix}async function create(data) {`,
    `  ${own.compiled} ??= await WebAssembly.compile(${own.bytesOf}(${own.binary}));`,
    ...indent(layout('if (data === undefined) return ', all, ';', WIDTH - 2)),
    '  const pending = [];',
    `  const f = ${own.bound}(data, pending);`,
    '  await Promise.all(pending);',
    '  return f;',
    '}',
  ].join('\n');
}
