// The bound functions of a formula that takes loops: `valueAndGrad(theta, g)` over flat arrays, written straight into
// those of the caller, with a workspace that `bind` allocates and all functions share.

import { liveNodes } from '../ir/live.ts';
import { multiplySizes, type Size, sizeText } from '../ir/size.ts';
import { destructure } from './arguments.ts';
import { argumentChecks, clears, listOf, mirrors, mirrorsOfCells, parametersOf } from './around.ts';
import type { BindRequest } from './bind.ts';
import { type Context, sizeIn, WIDTH } from './context.ts';
import { type Entry, factorsIn } from './entries.ts';
import { type EmittedFunction, functionText } from './functions.ts';
import { Handout } from './handout.ts';
import { constantTexts, Leaves } from './leaves.ts';
import type { Environment } from './loops/elements.ts';
import { gramPanel, gramText } from './loops/gram.ts';
import { LoopPrinter } from './loops/print.ts';
import { PANEL_ROWS, productText } from './loops/product.ts';
import { identifiersIn, type Piece, split } from './loops/split.ts';
import { isLeaf } from './loops/stored.ts';
import { packText } from './loops/tile.ts';
import { type LoopStats, lowerFunction } from './lowered.ts';
import { Names } from './names.ts';
import { compressText } from './pattern.ts';
import { PatternWriter } from './pattern-writer.ts';
import { wrap } from './text.ts';

/** An array that `bind` allocates; its length is an integer or a text of named sizes. */
export interface WorkArray {
  readonly name: string;
  readonly length: number | string;
}

/** For statistics: what became of all functions, and what they work in together. */
export interface LoopReport {
  readonly functions: Readonly<Record<string, LoopStats>>;
  readonly workspace: readonly WorkArray[];
}

export interface LoopModule {
  readonly methods: readonly EmittedFunction[];
  /** The statements of `bind` that allocate what they work in. */
  readonly allocations: readonly string[];
  /** The patterns that `bind` works out, and the locals that hold them. */
  readonly patterns: ReadonlyMap<string, string>;
  readonly workspace: readonly WorkArray[];
  /** Constants and kernels. */
  readonly sections: readonly string[];
  /** Patterns that are worked out when the module is loaded. */
  readonly last: readonly (readonly string[])[];
  readonly stats: Readonly<Record<string, LoopStats>>;
  readonly held?: BindRequest['held'];
  /** The special functions that functions in WebAssembly call. */
  readonly imports?: readonly string[];
}

/** The bound forms of those `entries` that have one. */
export function loopFunctions(context: Context, entries: readonly Entry[], prefix: string): LoopModule {
  const writer = new LoopWriter(context, entries);
  const methods = entries.filter(({ bound }) => bound.length > 0).map(entry => writer.method(entry));
  const last = writer.patterns.atLoad(prefix);
  return {
    methods: methods.map(method => writer.withWorkspace(method)),
    allocations: writer.allocations(),
    sections: writer.sections(), // with what the others use
    last,
    patterns: writer.patterns.bound,
    workspace: writer.workspace(),
    stats: writer.stats,
  };
}

/** Columns of a line in a function of the object that `bind` returns. */
const METHOD_WIDTH = WIDTH - 6;

class LoopWriter {
  readonly stats: Record<string, LoopStats> = {};
  readonly #context: Context;
  readonly #leaves: Leaves;
  readonly #buffers = new Map<string, { readonly length: Size }>();
  /** The functions that work in each of them. */
  readonly #users = new Map<string, Set<string>>();
  /** Functions that allocate for themselves, when they are called first. */
  readonly #late: ReadonlySet<string>;
  /** Lengths of the sums of matrix products. */
  readonly #inner = new Map<string, Size>();
  /** What the kernel of symmetric products needs of the panel. */
  #gramPanel = 0;
  #slots = 0;
  /** Whether rows come in blocks, in all functions, since they share their arrays. */
  readonly #hasBlocks: boolean;
  readonly patterns: PatternWriter;

  constructor(context: Context, entries: readonly Entry[]) {
    this.#context = context;
    this.#late = new Set(factorsIn(entries) === undefined ? [] : ['hessian', 'valueGradAndHessian']);
    this.#hasBlocks = entries.some(({ hasBlocks }) => hasBlocks);
    this.#leaves = new Leaves(context, (name, isScalar) => {
      const local = context.locals.get(name)!;
      return isScalar ? local : { name: local, offset: 0, strides: [] };
    });
    this.patterns = new PatternWriter(context, entries, node => this.#leaves.of(node));
  }

  method(entry: Entry): EmittedFunction {
    const { name, bound, extra } = entry;
    const context = this.#context;
    const scope = new Names(context.scope);
    const parameters = parametersOf(entry, scope);
    const { arrays } = parameters;
    const handout = new Handout(context.program.graph, bound, arrays, block => this.patterns.placesOf(block));
    const { pieces, cells, result } = this.#loops(entry, handout, scope, node =>
      this.#leaves.of(node, extra, parameters),
    );
    const end = [
      ...cells,
      ...mirrors(context, scope, arrays),
      ...(result === undefined ? [] : [`return ${result};`]),
    ];
    const lines = end.flatMap(line => wrap(line, METHOD_WIDTH));
    const { bodies, slots } = split([...pieces, { lines, isLoop: false }], context.own.memory);
    this.#slots = Math.max(this.#slots, slots);

    const names = listOf(parameters);
    const readBodies = bodies.map(body => [...this.#reads(body), ...body]);
    const pieceNames = bodies.length === 1 ? [] : bodies.map((_, k) => context.scope.take(`${name}${k + 1}`));
    return {
      name,
      parameters: names,
      lines: [
        ...argumentChecks(context, this.patterns, entry, parameters),
        ...clears(context, this.patterns, scope, arrays),
        ...(bodies.length === 1 ? readBodies[0] : callsOf(pieceNames, names)),
      ],
      chunks: pieceNames.map((piece, k) => functionText(piece, names, readBodies[k])),
      slots,
      operations: liveNodes(handout.all).filter(node => !isLeaf(node)).length,
    };
  }

  /** The statements that compute what is handed out, and the text of the number that is returned. */
  #loops(
    { name }: Entry,
    handout: Handout,
    scope: Names,
    leaf: Environment['leaf'],
  ): {
    readonly pieces: readonly Piece[];
    readonly cells: readonly string[];
    readonly result: string | undefined;
  } {
    const context = this.#context;
    const lowered = lowerFunction(handout, {
      names: scope,
      leaf,
      hasBlocks: this.#hasBlocks,
      nameOf: node => context.program.graph.names.get(node),
      workspace: this.#buffers,
      take: wanted => context.scope.take(wanted),
      product: inner => {
        this.#inner.set(sizeText(inner), inner);
        return { name: context.use('product'), panel: context.use('panel') };
      },
      gram: rows => {
        this.#gramPanel = Math.max(this.#gramPanel, gramPanel(rows));
        return { name: context.use('gram'), panel: context.use('panel') };
      },
    });
    const { top, result, arrayName, mirrored } = lowered;
    this.stats[name] = lowered.stats;
    for (const array of lowered.arrays)
      this.#users.set(array, (this.#users.get(array) ?? new Set()).add(name));
    const printer = new LoopPrinter({
      names: scope,
      sizeName: context.sizeName,
      position: () => context.use('position'),
      width: METHOD_WIDTH,
      arrayName,
      isSingle: context.array === 'Float32Array',
    });
    return {
      pieces: printer.pieces(top),
      cells: mirrorsOfCells(context, scope, mirrored),
      result: result && printer.value(result),
    };
  }

  /** The statements of `bind` that allocate what the methods work in. */
  allocations(): string[] {
    const { own, array } = this.#context;
    const lines = Array.from(this.#buffers, ([name, { length }]) =>
      this.#isLate(name) ? `let ${name};` : `const ${name} = new ${array}(${this.#size(length)});`,
    );
    lines.unshift(...this.patterns.atBind());
    const panel = this.#panel(size => this.#size(size), 'Math.max');
    if (panel !== undefined) lines.push(`const ${own.panel} = new Float64Array(${panel});`); // numbers are widened once
    if (this.#slots > 0) lines.push(`const ${own.memory} = new Float64Array(${this.#slots});`);
    return lines;
  }

  /**
   * A function with what it allocates for itself: where the Hessian is handed out as factors, what the dense one takes may be
   * more than there is, and is not taken from those who never ask for it.
   */
  withWorkspace(method: EmittedFunction): EmittedFunction {
    const { array } = this.#context;
    const own = Array.from(this.#buffers).filter(
      ([name]) => this.#isLate(name) && this.#users.get(name)?.has(method.name),
    );
    const lines = own.map(([name, { length }]) => `${name} ??= new ${array}(${this.#size(length)});`);
    return { ...method, lines: [...lines, ...method.lines] };
  }

  /** True for an array that only functions use which allocate for themselves. */
  #isLate(array: string): boolean {
    return [...(this.#users.get(array) ?? [''])].every(name => this.#late.has(name));
  }

  workspace(): WorkArray[] {
    const { own } = this.#context;
    const arrays: WorkArray[] = Array.from(this.#buffers, ([name, { length }]) => {
      return { name, length: typeof length === 'number' ? length : sizeText(length) };
    });
    const panel = this.#panel(sizeText, 'max');
    if (panel !== undefined) arrays.push({ name: own.panel, length: panel });
    if (this.#slots > 0) arrays.push({ name: own.memory, length: this.#slots });
    return arrays;
  }

  /** The length of what matrix products pack their operands into, if there are any. */
  #panel(text: (size: Size) => string, max: string): string | undefined {
    const lengths = Array.from(this.#inner.values(), size => text(multiplySizes(PANEL_ROWS, size)));
    if (this.#gramPanel > 0) lengths.push(String(this.#gramPanel));
    if (lengths.length === 0) return undefined;
    return lengths.length === 1 ? lengths[0] : `${max}(${lengths.join(', ')})`;
  }

  sections(): string[] {
    const { own, used } = this.#context;
    return [
      ...constantTexts(this.#context, this.#leaves),
      ...this.patterns.sections(),
      ...(used.has('product') ? [productText(own)] : []),
      ...(used.has('gram') ? [gramText(own)] : []),
      ...(used.has('product') || used.has('gram') ? [packText(own.pack)] : []),
      ...(used.has('compress') ? [compressText(own.compress)] : []),
    ];
  }

  /** The data that a body mentions, from the object that the caller may refill. */
  #reads(body: readonly string[]): string[] {
    const { data, deciding, locals, own } = this.#context;
    const names = identifiersIn(body.join('\n'));
    const used = data.filter(({ name }) => names.has(locals.get(name)!) && !deciding.has(name));
    const read = used.map(({ name, shape }) => ({ name, shape }));
    return used.length === 0 ? [] : destructure(read, locals, own.inputs, METHOD_WIDTH);
  }

  #size(size: Size): string {
    return sizeIn(this.#context, size);
  }
}

/** The pieces of a function, called in turn; the last one returns. */
function callsOf(names: readonly string[], parameters: readonly string[]): string[] {
  const calls = names.map(name => `${name}(${parameters.join(', ')});`);
  return [...calls.slice(0, -1), `return ${calls.at(-1)}`];
}
