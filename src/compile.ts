// The pipeline as one readable function: parse, normalise, differentiate, optimise, emit. Derivatives are appended through
// normalising builders, so the graph that is differentiated again is normalised at every level (rule R5).

import type { Precision, Target } from './codegen/context.ts';
import { emitModule, type Meta, type ModuleFormat } from './codegen/module.ts';
import { isGlobalName } from './codegen/names.ts';
import type { PatternReport } from './codegen/pattern-report.ts';
import { hasTensors, scalarsIn } from './codegen/scalars.ts';
import { fasterTarget } from './codegen/target.ts';
import type { LoopReport } from './codegen/tensors.ts';
import { checkedWrt, checkOrder, isScalar, limitOf, mistake, notScalar } from './compile/requirements.ts';
import { type Diagnostic, type Span, SymgradError } from './errors.ts';
import { parseFormula } from './frontend/index.ts';
import { type Differentiator, differentiator } from './grad/derivatives.ts';
import { coloursOf } from './grad/sparse/colouring.ts';
import { type Builder, builder, constantOf } from './ir/build.ts';
import { type Graph, GraphLimitError } from './ir/graph.ts';
import { liveNodes } from './ir/live.ts';
import { parseIr } from './ir/parse.ts';
import {
  type Derivative,
  type DerivativeKind,
  hasTerms,
  isHigherKind,
  kindOfOrder,
  type ModeChoice,
  type OrderedKind,
  orderOf,
  type Program,
  sizesOf,
  termsOnly,
  withoutTerms,
} from './ir/program.ts';
import { SIZE_LIMIT_HINT, SizeLimitError } from './ir/size.ts';
import type { Term } from './ir/terms.ts';
import { type Firing, freshGraph } from './rewrite/engine.ts';
import { expand } from './rewrite/expand.ts';
import { normalise, normalisingBuilder, optimise } from './rewrite/passes.ts';
import { unroll } from './rewrite/unroll.ts';
import { VERSION } from './version.ts';

export type { Meta, MetaInput, MetaSparse, MetaStructured, ModuleFormat } from './codegen/module.ts';

export interface CompileOptions {
  /** Name of the source in the header and in diagnostics. Default `formula.expr`. */
  readonly name?: string;
  /** `expr` is the formula language, `ir` the text form printed by `--emit ir`. Default `expr`. */
  readonly language?: 'expr' | 'ir';
  /** Inputs to differentiate with respect to. Default: the `@wrt` line, else every input that is not `int`. */
  readonly wrt?: readonly string[];
  readonly jacobian?: boolean | 'sparse';
  /** `structured` adds `hessianFactors`: the diagonals, blocks and products of low rank that the Hessian is made of. */
  readonly hessian?: boolean | 'sparse' | 'structured';
  /** J'J, J'r and r'r / 2 of the outputs r with their Jacobian J, without forming J. */
  readonly gaussNewton?: boolean | 'sparse';
  /** All derivatives up to this order, from 1 (the gradient) to 8: 2 adds the Hessian, 3 `derivative3` and so on. */
  readonly order?: number;
  readonly hvp?: boolean;
  readonly jvp?: boolean;
  readonly vjp?: boolean;
  readonly format?: ModuleFormat;
  /** Global variable of the `iife` format. Default `symgrad`. */
  readonly globalName?: string;
  /** 0 none, 1 local rules, 2 sharing across the graph (default). The answer is the same at every level. */
  readonly optimize?: 0 | 1 | 2;
  /** Fixes inputs to constants. */
  readonly define?: Readonly<Record<string, number>>;
  /** Overrides declarations: `{ X: 'n x 20' }`. */
  readonly shapes?: Readonly<Record<string, string>>;
  /** Arrays of doubles (default) or of single precision, for formulas with tensors. */
  readonly precision?: Precision;
  /**
   * The language of the functions that compute: JavaScript (default), WebAssembly embedded in the same module, or `auto`, the
   * one that is expected to be faster.
   */
  readonly target?: Target | 'auto';
  /** Scalar operations up to which small tensors of static shape are written out element by element. Default 400. */
  readonly unroll?: number;
  /**
   * Bytes that the functions of a module of loops may work in: what `bind` allocates besides the inputs. Values are computed
   * again where they would not fit.
   */
  readonly memory?: number;
  /** The numbers of named sizes for which `memory` is to hold; without it, it holds for all. */
  readonly at?: Readonly<Record<string, number>>;
  /** Limit on the size of the graph. Default 2e7. */
  readonly maxNodes?: number;
  /** Called after each pass with its name, for `--print-after`. */
  readonly onPass?: (pass: string, program: Program) => void;
}

/** What one pass did: for `--stats`. */
export interface PassStats {
  readonly pass: string;
  /** Nodes of the graph after the pass, dead ones included. */
  readonly nodes: number;
  readonly milliseconds: number;
}

/** A formula that was replaced by a stable one, and where. */
export interface Stabilised {
  readonly rule: string;
  readonly law: string;
  readonly span: Span | undefined;
}

export interface Stats {
  readonly passes: readonly PassStats[];
  readonly stabilised: readonly Stabilised[];
  /** Operations (nodes that are neither constants nor inputs) that each emitted function computes. */
  readonly operations: Readonly<Record<string, number>>;
  /** The mode in which Jacobian and Hessian were computed, and what each mode that was tried would have cost. */
  readonly modes: Readonly<Record<string, ModeChoice>>;
  /** What loops they have become; absent for straight-line code. */
  readonly loops?: LoopReport;
  /** What is known of the matrices that are handed out sparse; absent if there are none. */
  readonly patterns?: readonly PatternReport[];
}

export interface Compilation {
  readonly code: string;
  readonly dts: string;
  readonly meta: Meta;
  /** Warnings and hints; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** The program that the code was made from: after the last derivative, before optimisation. */
  readonly program: Program;
  readonly stats: Stats;
}

/**
 * Compiles a formula to a JavaScript module that computes its value and derivatives.
 *
 * One scalar output gives `value`, `grad` and `valueAndGrad`; several outputs or a tensor output give `value`, `jacobian`
 * and `valueAndJacobian`. Synchronous and pure.
 *
 * @throws SymgradError with every independent mistake in the text or the options.
 */
export function compile(text: string, options: CompileOptions = {}): Compilation {
  const { globalName = 'symgrad' } = options;
  if (!isGlobalName(globalName)) {
    throw mistake('invalid-name', `\`${globalName}\` cannot be the name of a global variable`);
  }
  const { precision = 'f64' } = options;
  if (precision !== 'f64' && precision !== 'f32') {
    throw mistake('invalid-option', `\`${String(precision)}\` is no precision`, 'there are f64 and f32');
  }
  const { target = 'js' } = options;
  if (target !== 'js' && target !== 'wasm' && target !== 'auto') {
    throw mistake('invalid-option', `\`${String(target)}\` is no target`, 'there are js, wasm and auto');
  }
  const passes: PassStats[] = [];
  const timed: Timed = (pass, run, graph) => {
    const start = performance.now();
    const program = limited(run, graph);
    passes.push({ pass, nodes: program.graph.nodes.length, milliseconds: performance.now() - start });
    options.onPass?.(pass, withoutTerms(program));
    return program;
  };

  const { program, ofSource } = differentiated(text, options, timed);
  const level = options.optimize ?? 2;
  const optimised = timed('optimise', () => arranged(program, level, options));
  const start = performance.now();
  const emitted = limited(() =>
    emitModule(optimised, {
      format: options.format ?? 'esm',
      globalName,
      precision,
      target: target === 'auto' ? fasterTarget(optimised) : target,
      coloursOf,
      ...(options.memory !== undefined && { memory: limitOf(optimised, options.memory, options.at) }),
      header: `${VERSION} from ${headerOf(program, options)}`,
    }),
  );
  passes.push({ pass: 'emit', nodes: optimised.graph.nodes.length, milliseconds: performance.now() - start });

  const byColours = new Set<string>(
    emitted.patterns.flatMap(({ matrix, from }) => (from === 'colours' ? [matrix] : [])),
  );
  return {
    code: emitted.code,
    dts: emitted.dts,
    meta: emitted.meta,
    diagnostics: [...program.diagnostics, ...zeroDerivative(program)],
    program: withoutTerms(program),
    stats: {
      passes,
      stabilised: stabilised(ofSource),
      operations: emitted.operations,
      modes: Object.fromEntries(
        program.derivatives.flatMap(({ kind, choice }) =>
          choice === undefined || byColours.has(kind) ? [] : [[kind, choice]],
        ),
      ),
      ...(emitted.loops && { loops: emitted.loops }),
      ...(emitted.patterns.length > 0 && { patterns: emitted.patterns }),
    },
  };
}

/** Scalar operations up to which a program of static shapes is written out: it would be faster up to 2,500, but large (bench/unroll.mjs). */
const UNROLL = 400;

/**
 * The optimised program in the form that code is made from: with tensors element by element while that is small, else as
 * loops, of which those of derivatives follow the terms that are known.
 */
function arranged(program: Program, level: 0 | 1 | 2, options: CompileOptions): Program {
  const isNamed = sizesOf(program).length > 0;
  // What is asked for as terms is not written out: its kinds do not depend on how small it is.
  const isStructured = program.derivatives.some(({ form }) => form === 'structured');
  if (!hasTerms(program) || !(isNamed || isStructured)) {
    const whole = optimise(withoutTerms(program), level);
    if (!hasTensors(whole)) return whole;
    const unrolled = unroll(whole, builder(freshGraph(whole)), options.unroll ?? UNROLL);
    if (unrolled !== undefined) return optimise(unrolled, level);
    if (!hasTerms(program)) return scalarsIn(whole) === undefined ? expand(whole) : whole;
  }
  const result = expand(optimise(termsOnly(program), level));
  refuseMoving(result);
  return result;
}

/** The pattern of a sparse result may depend on indices among the data, but not on what is differentiated by. */
function refuseMoving({ derivatives, inputs, wrt }: Program): void {
  const variables = inputs.filter(({ name }) => wrt.includes(name));
  for (const { form, kind, terms = new Map<string, readonly Term[]>() } of derivatives) {
    if (form !== 'sparse') continue;
    const indices = [...terms.values()]
      .flat()
      .flatMap(({ coordinates }) => coordinates.flatMap(at => at.index ?? []));
    const read = new Set(liveNodes(indices));
    const moving = variables.filter(({ node }) => read.has(node)).map(({ name }) => name);
    if (moving.length === 0) continue;
    const name = kind === 'hessian' ? 'Hessian' : 'Jacobian';
    throw mistake(
      'sparse-tensors',
      `which elements of the ${name} are zero depends on the values of ${moving.join(', ')}`,
      `leave out \`=sparse\`: the dense ${name} of tensors comes in blocks`,
    );
  }
}

/** Runs a pass and takes its time. `graph` is the one that it appends to. */
type Timed = (pass: string, run: () => Program, graph?: Graph) => Program;

/**
 * The normalised program with the derivatives asked for, and what normalisation did to the source. A function of its own,
 * so that nothing holds the parsed graph or the tables of the builders while the module is printed: of a large formula
 * they are most of the memory.
 */
function differentiated(
  text: string,
  options: CompileOptions,
  timed: Timed,
): { program: Program; ofSource: readonly Firing[] } {
  const firings: Firing[] = [];
  let program = timed('parse', () => parseProgram(text, options));
  const kinds = derivativesFor(program, options);

  let b!: Builder;
  program = timed('normalise', () => {
    const normal = normalise(program, firing => firings.push(firing));
    b = normal.b;
    return normal.program;
  });
  const ofSource = [...firings];
  let derive = differentiator(b, program);
  for (const [kind, form] of kinds) {
    // Small tensors are written out before they are differentiated so often: of the elements most are equal or zero.
    const small = isHigherKind(kind) ? writtenOut(program, options) : undefined;
    if (small !== undefined) {
      b = small.b;
      program = timed('unroll', () => small.program, b.graph);
      derive = differentiator(b, program);
    }
    const derived = () => withDerivative(program, derivativeOf(derive, kind, form, program));
    program = timed(kind, derived, b.graph);
  }
  return { program, ofSource };
}

/** The same before derivatives of the third order: their loops would be long, and mostly over zeros. */
const UNROLL_HIGHER = 2500;

/** A small program with tensors in scalars, and the builders to go on with. */
function writtenOut(program: Program, { unroll: limit = UNROLL_HIGHER }: CompileOptions) {
  if (scalarsIn(program) !== undefined) return undefined;
  const b = normalisingBuilder(freshGraph(program));
  const unrolled = limited(() => unroll(withoutTerms(program), b, limit));
  return unrolled && { program: unrolled, b };
}

/** Parses a formula, or an IR dump. */
function parseProgram(text: string, options: CompileOptions): Program {
  const { name, language = 'expr', define, shapes, maxNodes, wrt } = options;
  if (language === 'ir') {
    const program = parseIr(text, {
      ...(name !== undefined && { name }),
      ...(maxNodes !== undefined && { maxNodes }),
    });
    return wrt === undefined ? program : { ...program, wrt: checkedWrt(program, wrt) };
  }
  return parseFormula(text, {
    ...(name !== undefined && { name }),
    ...(define !== undefined && { define }),
    ...(shapes !== undefined && { shapes }),
    ...(maxNodes !== undefined && { maxNodes }),
    ...(wrt !== undefined && { wrt }),
  });
}

/** The derivatives to compute, in an order in which each finds what it starts from. */
function derivativesFor(program: Program, options: CompileOptions): [DerivativeKind, Derivative['form']][] {
  const { jacobian, gaussNewton, order, hvp, jvp, vjp } = options;
  if (order !== undefined) checkOrder(program, order);
  const hessian = options.hessian || (order !== undefined && order >= 2);
  const scalar = isScalar(program);
  if (!scalar && (hessian || hvp)) {
    throw notScalar(
      program,
      'hessian-of-several',
      hessian ? 'a Hessian needs' : 'a Hessian-vector product needs',
    );
  }
  const kinds: [DerivativeKind, Derivative['form']][] = [];
  const form = (variant: boolean | Derivative['form'] | undefined) =>
    typeof variant === 'string' ? variant : 'dense';
  if (scalar) kinds.push(['grad', 'dense']);
  if (!scalar || jacobian) kinds.push(['jacobian', form(jacobian)]);
  if (hessian) kinds.push(['hessian', form(hessian)]);
  if (gaussNewton) kinds.push(['gaussNewton', form(gaussNewton)]);
  if (hvp) kinds.push(['hvp', 'dense']);
  if (jvp) kinds.push(['jvp', 'dense']);
  if (vjp) kinds.push(['vjp', 'dense']);
  for (let k = 3; k <= (order ?? 0); k++) kinds.push([kindOfOrder(k), 'dense']);
  return kinds.filter(([kind]) => !program.derivatives.some(known => known.kind === kind));
}

/** The derivative of one kind; those of second and higher order start from the order below among `program`'s derivatives. */
export function derivativeOf(
  derive: Differentiator,
  kind: DerivativeKind,
  form: Derivative['form'],
  program: Program,
): Derivative {
  const gradient = () => lower('grad');
  const lower = (of: OrderedKind) =>
    program.derivatives.find(known => known.kind === of) ?? derivativeOf(derive, of, 'dense', program);
  switch (kind) {
    case 'grad':
      return derive.gradient();
    case 'jacobian':
      return derive.jacobian(form);
    case 'hessian':
      return derive.hessian(gradient(), form);
    case 'gaussNewton':
      return derive.gaussNewton(form);
    case 'hvp':
      return derive.hvp(gradient());
    case 'jvp':
      return derive.jvp();
    case 'vjp':
      return derive.vjp();
    default:
      return derive.higher(kind, lower(kindOfOrder(orderOf(kind) - 1)));
  }
}

function withDerivative(program: Program, derivative: Derivative): Program {
  return { ...program, derivatives: [...program.derivatives, derivative] };
}

/**
 * Runs `build`; a graph that outgrows its limit is the user's mistake, not ours, and so is a size. `graph` is the one that
 * is built, if it is known: it tells the place.
 */
export function limited<T>(build: () => T, graph?: Graph): T {
  try {
    return build();
  } catch (error) {
    const hint =
      error instanceof GraphLimitError
        ? 'raise --max-nodes if memory allows'
        : error instanceof SizeLimitError
          ? SIZE_LIMIT_HINT
          : undefined;
    if (hint === undefined) throw error;
    const { message } = error as Error;
    const span = error instanceof SizeLimitError ? graph?.place : undefined;
    throw new SymgradError({
      severity: 'error',
      code: 'too-large',
      message: `the derivatives need ${message}`,
      ...(span !== undefined && { span }),
      hints: [hint],
    });
  }
}

/** A warning if the derivatives are all zero: constant, or made of floor, sign and the like only. */
function zeroDerivative(program: Program): Diagnostic[] {
  const first = program.derivatives.find(({ kind }) => kind === 'grad' || kind === 'jacobian');
  if (first === undefined || program.wrt.length === 0) return [];
  if ([...first.values.values()].some(node => constantOf(node) !== 0)) return [];
  const message = `the derivative with respect to ${program.wrt.join(', ')} is zero everywhere`;
  const span = program.outputs[0].span;
  return [{ severity: 'warning', code: 'zero-derivative', message, ...(span !== undefined && { span }) }];
}

/** Each rule once per place. */
function stabilised(firings: readonly Firing[]): Stabilised[] {
  const seen = new Map<string, Stabilised>();
  for (const { rule, span } of firings) {
    const key = `${rule.name} ${span?.start} ${span?.end}`;
    if (!seen.has(key)) seen.set(key, { rule: rule.name, law: rule.law, span });
  }
  return [...seen.values()];
}

/** The source and the options that shaped the module, as one would type them. */
function headerOf(program: Program, options: CompileOptions): string {
  const words = [program.source.name];
  if (program.wrt.length > 0) words.push(`--wrt ${program.wrt.join(',')}`);
  for (const name of ['jacobian', 'hessian', 'gaussNewton', 'hvp', 'jvp', 'vjp'] as const) {
    const variant = options[name];
    const flag = name === 'gaussNewton' ? 'gauss-newton' : name;
    if (variant) words.push(variant === true ? `--${flag}` : `--${flag}=${variant}`);
  }
  if (options.order !== undefined) words.push(`--order ${options.order}`);
  for (const [name, value] of Object.entries(options.define ?? {})) words.push(`--define ${name}=${value}`);
  for (const [name, dims] of Object.entries(options.shapes ?? {}))
    words.push(`--shape ${shapeWord(name, dims)}`);
  if (options.precision === 'f32') words.push('--precision f32');
  if (options.target !== undefined && options.target !== 'js') words.push(`-t ${options.target}`);
  if (options.memory !== undefined) words.push(`--memory ${options.memory}`);
  for (const [name, size] of Object.entries(options.at ?? {})) words.push(`--at ${name}=${size}`);
  if (options.unroll !== undefined && options.unroll !== UNROLL) words.push(`--unroll ${options.unroll}`);
  if (options.optimize !== undefined && options.optimize !== 2) words.push(`-O${options.optimize}`);
  return words.join(' ');
}

/** `X=nx20`, or with spaces, and quotes for a shell, where the name of a size has an x. */
function shapeWord(name: string, dims: string): string {
  const sizes = dims.split(/ +x +/);
  return sizes.some(size => size.includes('x')) ? `'${name}=${dims}'` : `${name}=${sizes.join('x')}`;
}
