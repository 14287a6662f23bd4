// The command line: what may be written after `symgrad`, checked as far as it can be without looking at a file.
// Pure: takes the words, returns what they ask for or throws a UsageError. Every option is one entry of `command`.

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { isGlobalName } from '../codegen/names.ts';
import type { CompileOptions, ModuleFormat } from '../compile.ts';
import { HIGHEST_ORDER } from '../ir/program.ts';
import { VERSION } from '../version.ts';

export type Emit = 'js' | 'ir' | 'dot' | 'tex' | 'json';

/** What one command line asks for. Paths are as typed; `-` is stdin or stdout. */
export interface CommandLine {
  readonly files: readonly string[];
  readonly output: string;
  readonly emit: Emit;
  readonly format: ModuleFormat;
  readonly dts: boolean;
  readonly stats: boolean;
  readonly quiet: boolean;
  readonly diagnostics: 'text' | 'json';
  /** Absent: decided by the terminal. */
  readonly color?: boolean;
  /** Name of a pass, or `all`. */
  readonly printAfter?: string;
  /** Number of points at which the module is to be checked. */
  readonly check?: number;
  readonly maxNodes?: number;
  /** Handed to `compile` as they are. */
  readonly compile: CompileOptions;
}

/** `--help` or `--version`: a text for stdout and nothing else to do. */
export interface Answer {
  readonly text: string;
}

/** A command line that cannot be obeyed; exit code 2. `code` is stable and kebab-case. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code: string;
  readonly hints: readonly string[];

  constructor(code: string, message: string, hints: readonly string[] = []) {
    super(message);
    this.code = code;
    this.hints = hints;
  }
}

/**
 * Reads the words after `symgrad`.
 * @throws {UsageError} `unknown-option`, `invalid-argument`, `missing-argument`, `conflicting-options`, ...
 */
export function readCommandLine(words: readonly string[]): CommandLine | Answer {
  let answer = '';
  const program = command().configureOutput({ writeOut: text => (answer += text), writeErr: () => {} });
  try {
    program.parse(withExplicitValues(words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { text: answer };
    throw usageError(error);
  }
  return checked(program.args, program.opts<RawOptions>());
}

/** True if the words ask for JSON diagnostics, even when the rest of them cannot be understood. */
export function asksForJson(words: readonly string[]): boolean {
  return words.some(
    (word, i) => word === '--diagnostics=json' || (word === '--diagnostics' && words[i + 1] === 'json'),
  );
}

const EXAMPLES = `
Examples:
  symgrad f.expr --wrt x                             the module on stdout: value, grad, valueAndGrad
  symgrad f.expr --wrt x,y --hessian -o f.mjs --dts  a file with second derivatives, and its declarations
  symgrad f.expr --emit ir                           what it computes, as text`;

interface RawOptions {
  readonly wrt?: readonly string[];
  readonly jacobian?: Variant;
  readonly hessian?: Variant;
  readonly gaussNewton?: Variant;
  readonly order?: number;
  readonly hvp?: true;
  readonly jvp?: true;
  readonly vjp?: true;
  readonly output: string;
  readonly format?: ModuleFormat;
  readonly name?: string;
  readonly dts?: true;
  readonly emit: Emit;
  readonly shape?: ReadonlyMap<string, string>;
  readonly define?: ReadonlyMap<string, number>;
  readonly precision: (typeof PRECISIONS)[number];
  readonly target: (typeof TARGETS)[number];
  readonly unroll?: number;
  readonly optimize: 0 | 1 | 2;
  readonly memory?: number;
  readonly at?: ReadonlyMap<string, number>;
  readonly maxNodes?: number;
  readonly printAfter?: string;
  readonly stats?: true;
  readonly check?: number;
  readonly diagnostics: 'text' | 'json';
  readonly color?: boolean;
  readonly quiet?: true;
}

type Variant = 'dense' | 'sparse' | 'structured';

/** Options whose value is optional, and the value they have without one. */
const IMPLIED: Readonly<Record<string, string>> = {
  '--jacobian': 'dense',
  '--hessian': 'dense',
  '--gauss-newton': 'dense',
  '--check': '10',
};

/**
 * Commander lets an option with an optional value swallow the next word, so that `--hessian f.expr` would have no
 * file. Here such a value is given by `=` only: the bare form is replaced by its implied value.
 */
function withExplicitValues(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  return words.map((word, i) =>
    Object.hasOwn(IMPLIED, word) && (end < 0 || i < end) ? `${word}=${IMPLIED[word]}` : word,
  );
}

function command(): Command {
  return new Command('symgrad')
    .usage('[options] <file...>')
    .description(`Compile a formula into a JavaScript module with its exact derivatives.\n${EXAMPLES}`)
    .argument('<file...>', 'formulas (.expr, or .ir as printed by --emit ir); - reads stdin')
    .exitOverride()
    .configureHelp({ helpWidth: 110, optionTerm: option => option.flags.replace(' [', '[') })

    .optionsGroup('What is computed:')
    .option(
      '-w, --wrt <names>',
      'differentiate by these inputs: x,y; repeatable (default: @wrt, else all)',
      names,
    )
    .addOption(variant('--jacobian [=sparse]', 'add the Jacobian'))
    .addOption(variant('--hessian [=sparse|structured]', 'add the Hessian', ['sparse', 'structured']))
    .addOption(variant('--gauss-newton [=sparse]', "add J'J and J'r of residuals r with Jacobian J"))
    .option('--order <n>', 'add all derivatives up to order n: hessian, derivative3, derivative4, ...', order)
    .option('--hvp', 'add the Hessian times a vector')
    .option('--jvp', 'add the Jacobian times a vector (forward mode)')
    .option('--vjp', 'add a vector times the Jacobian (reverse mode)')
    .option('--shape <name=dims>', 'override a declaration: X=nx20; repeatable', shape)
    .option('--define <name=number>', 'fix an input or a size to a number; repeatable', define)

    .optionsGroup('What is written:')
    .option('-o, --output <path>', 'file, or directory for several inputs; - is stdout', '-')
    .addOption(
      new Option('-f, --format <format>', 'form of the module (default: esm, cjs for .cjs)').choices(FORMATS),
    )
    .option('--name <id>', 'global variable of the iife format', identifier)
    .option('--dts', 'write TypeScript declarations beside the output')
    .addOption(new Option('-e, --emit <kind>', 'the module, or its graph').choices(EMITS).default('js'))
    .addOption(
      new Option(
        '-t, --target <target>',
        'JavaScript, WebAssembly embedded in the same module, or auto: what should be faster',
      )
        .choices(TARGETS)
        .default('js'),
    )
    .addOption(
      new Option('--precision <type>', 'type of the arrays; single numbers are doubles in both')
        .choices(PRECISIONS)
        .default('f64'),
    )

    .optionsGroup('How it is compiled:')
    .option(
      '--unroll <n>',
      'write small tensors out up to n operations, 0 for none (default: 400)',
      countOrZero,
    )
    .option('-O, --optimize <level>', '0, 1 or 2; the answer is the same at every level', level, 2)
    .option(
      '--memory <bytes>',
      'limit on what bind allocates to work in: 64k, 10M, 1G; more is computed twice',
      bytes,
    )
    .option(
      '--at <name=number>',
      'the largest number of a named size for which --memory holds; repeatable',
      at,
    )
    .option(
      '--max-nodes <n>',
      'give up when a graph grows beyond this (default: 2e7, less if memory is)',
      count,
    )
    .option('--print-after <pass>', 'print the graph after a pass, or after all')
    .option('--stats', 'print passes, operations, loops and what was stabilised')
    .addOption(
      new Option('--check [=n]', 'compare the module with differences at n random points (10)').argParser(
        count,
      ),
    )

    .optionsGroup('Messages:')
    .addOption(new Option('--diagnostics <form>', 'form of errors').choices(['text', 'json']).default('text'))
    .option('--color', 'colour in messages (default: if stderr is a terminal)')
    .option('--no-color', 'no colour')
    .option('-q, --quiet', 'errors only')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help');
}

const FORMATS: readonly ModuleFormat[] = ['esm', 'cjs', 'iife'];
const PRECISIONS = ['f64', 'f32'] as const;
const TARGETS = ['js', 'wasm', 'auto'] as const;
const EMITS: readonly Emit[] = ['js', 'ir', 'dot', 'tex', 'json'];

/** What several options decide together. */
function checked(files: readonly string[], raw: RawOptions): CommandLine {
  const { output, emit } = raw;
  if (raw.dts && emit !== 'js') {
    throw new UsageError('conflicting-options', `--dts declares a module, but --emit ${emit} writes none`);
  }
  if (raw.dts && output === '-') {
    throw new UsageError('missing-option', '--dts writes a file beside the output, so it needs --output');
  }
  const format = raw.format ?? (output.endsWith('.cjs') ? 'cjs' : 'esm');
  if (emit === 'js' && output.endsWith(format === 'esm' ? '.cjs' : '.mjs') && format !== 'iife') {
    throw new UsageError(
      'conflicting-options',
      `--format ${format} cannot be written to ${output}: Node reads that extension as the other format`,
    );
  }
  if (raw.name !== undefined && format !== 'iife') {
    throw new UsageError(
      'conflicting-options',
      `--name is the global variable of --format iife, not of ${format}`,
    );
  }
  if (raw.at !== undefined && raw.memory === undefined)
    throw new UsageError(
      'missing-option',
      '--at gives the sizes for which --memory is to hold: that is missing',
    );
  if ([output, ...files].includes(''))
    throw new UsageError('invalid-argument', 'the name of a file is empty');
  if (files.filter(file => file === '-').length > 1) {
    throw new UsageError('repeated-input', 'stdin (-) can be read only once');
  }
  if (files.length > 1 && output === '-') {
    throw new UsageError('missing-option', 'several files need a directory: --output <directory>');
  }
  const compile: CompileOptions = {
    format,
    optimize: raw.optimize,
    ...(raw.wrt && { wrt: raw.wrt }),
    ...(raw.jacobian && { jacobian: raw.jacobian === 'sparse' ? 'sparse' : true }),
    ...(raw.hessian && { hessian: raw.hessian === 'dense' ? true : raw.hessian }),
    ...(raw.gaussNewton && { gaussNewton: raw.gaussNewton === 'sparse' ? 'sparse' : true }),
    ...(raw.order !== undefined && { order: raw.order }),
    ...(raw.hvp && { hvp: true }),
    ...(raw.jvp && { jvp: true }),
    ...(raw.vjp && { vjp: true }),
    ...(raw.name !== undefined && { globalName: raw.name }),
    ...(raw.define && { define: Object.fromEntries(raw.define) }),
    ...(raw.shape && { shapes: Object.fromEntries(raw.shape) }),
    ...(raw.precision === 'f32' && { precision: 'f32' }),
    ...(raw.target !== 'js' && { target: raw.target }),
    ...(raw.unroll !== undefined && { unroll: raw.unroll }),
    ...(raw.memory !== undefined && { memory: raw.memory }),
    ...(raw.at && { at: Object.fromEntries(raw.at) }),
  };
  return {
    files,
    output,
    emit,
    format,
    dts: raw.dts ?? false,
    stats: raw.stats ?? false,
    quiet: raw.quiet ?? false,
    diagnostics: raw.diagnostics,
    ...(raw.color !== undefined && { color: raw.color }),
    ...(raw.printAfter !== undefined && { printAfter: raw.printAfter }),
    ...(raw.check !== undefined && { check: raw.check }),
    ...(raw.maxNodes !== undefined && { maxNodes: raw.maxNodes }),
    compile,
  };
}

function variant(flags: string, description: string, variants: readonly Variant[] = ['sparse']): Option {
  return new Option(flags, description).argParser(text => {
    const known = (['dense', ...variants] as const).find(each => each === text);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`The variant is ${variants.join(', ')}, or nothing.`);
  });
}

function names(text: string, before: readonly string[] = []): readonly string[] {
  const more = text.split(',').map(name => name.trim());
  if (more.includes('')) throw new InvalidArgumentError('Names are separated by single commas: x,y.');
  return [...new Set([...before, ...more])];
}

function shape(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [name, dims] = pair(text, before, 'X=nx20');
  return new Map(before).set(name, spacedDims(dims));
}

/** `nx20` is `n x 20`; a text with spaces is left alone, so a size whose name has an x can be written. */
function spacedDims(dims: string): string {
  const parts = dims.split('x');
  return /\s/.test(dims) || parts.includes('') ? dims : parts.join(' x ');
}

function define(text: string, before: ReadonlyMap<string, number> = new Map()): ReadonlyMap<string, number> {
  const [name, number] = pair(text, before, 'lambda=0.1');
  const value = Number(number);
  const isNumber = Number.isFinite(value) || /^[+-]?Infinity$|^NaN$/.test(number);
  if (!isNumber) throw new InvalidArgumentError(`"${number}" is not a number of double precision.`);
  return new Map(before).set(name, value);
}

function pair(text: string, before: ReadonlyMap<string, unknown>, example: string): [string, string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0)).trim();
  const value = text.slice(equals + 1).trim();
  if (name === '' || value === '') throw new InvalidArgumentError(`Write it as ${example}.`);
  if (before.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return [name, value];
}

function level(text: string): 0 | 1 | 2 {
  if (text === '0' || text === '1' || text === '2') return Number(text) as 0 | 1 | 2;
  throw new InvalidArgumentError('Levels are 0, 1 and 2.');
}

/** As the compiler takes it. */
function order(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= 1 && value <= HIGHEST_ORDER) return value;
  throw new InvalidArgumentError(`An order is an integer from 1 to ${HIGHEST_ORDER}.`);
}

function count(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a positive integer.');
}

function countOrZero(text: string): number {
  return /^0+$/.test(text.trim()) ? 0 : count(text);
}

/** A number of bytes; k, M and G are powers of 1024. */
function bytes(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text.trim());
  if (parts === null) throw new InvalidArgumentError('Write it as 65536, 64k, 10M or 1.5G.');
  const [, number, unit] = parts;
  return Math.floor(Number(number) * 1024 ** ['', 'k', 'M', 'G'].indexOf(unit));
}

function at(text: string, before: ReadonlyMap<string, number> = new Map()): ReadonlyMap<string, number> {
  const [name, number] = pair(text, before, 'n=10000');
  return new Map(before).set(name, countOrZero(number));
}

function identifier(text: string): string {
  if (isGlobalName(text)) return text;
  throw new InvalidArgumentError('It must be a JavaScript identifier.');
}

/** `commander.unknownOption` becomes `unknown-option`, and "(Did you mean --wrt?)" a hint. */
function usageError(error: CommanderError): UsageError {
  const code = error.code.replace('commander.', '').replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  const [message = '', suggestion] = error.message
    .replace(/^error: /, '')
    .replace(' [=', '[=')
    .split('\n');
  const hint = suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?');
  return new UsageError(code, message, hint === undefined ? [] : [hint]);
}
