// The bound functions of a formula that takes loops: `valueAndGrad(theta, g)` over flat arrays, written straight into
// those of the caller, with a workspace that `bind` allocates and all functions share.

import { liveNodes } from '../ir/live.ts';
import { type Size, sizeText } from '../ir/size.ts';
import { destructure } from './arguments.ts';
import {
  argumentChecks,
  clears,
  listOf,
  mirrors,
  mirrorsOfCells,
  type Parameters,
  parametersOf,
} from './around.ts';
import type { BindRequest } from './bind.ts';
import { type Context, sizeIn, WIDTH } from './context.ts';
import type { Draft, LoopStats, Task } from './drafts.ts';
import { type Entry, factorsIn } from './entries.ts';
import { type EmittedFunction, functionText } from './functions.ts';
import { Handout } from './handout.ts';
import { constantTexts, Leaves } from './leaves.ts';
import { gramText } from './loops/gram.ts';
import { PANELS, type Panel, panelLengths } from './loops/panel.ts';
import { LoopPrinter } from './loops/print.ts';
import { productText } from './loops/product.ts';
import { identifiersIn, type Piece, split } from './loops/split.ts';
import { isLeaf } from './loops/stored.ts';
import { packText } from './loops/tile.ts';
import type { ArrayTarget, MemoryLimit, MemoryReport, Packing } from './memory-plan.ts';
import { Names } from './names.ts';
import { compressText } from './pattern.ts';
import { PatternWriter } from './pattern-writer.ts';
import { wrap } from './text.ts';
import { type PlannedFunction, type WorkspaceArray, workspaceOf } from './workspace.ts';

/** An array that `bind` allocates; its length is an integer or a text of named sizes. */
export interface WorkArray {
  readonly name: string;
  readonly length: number | string;
}

/** For statistics: what became of all functions, and what they work in together. */
export interface LoopReport {
  readonly functions: Readonly<Record<string, LoopStats>>;
  readonly workspace: readonly WorkArray[];
  /** What a limit on the workspace has cost. */
  readonly memory?: MemoryReport;
}

export interface LoopModule {
  readonly methods: readonly EmittedFunction[];
  /** The statements of `bind` that allocate what they work in. */
  readonly allocations: readonly string[];
  /** The patterns that `bind` works out, and the locals that hold them. */
  readonly patterns: ReadonlyMap<string, string>;
  /** Constants and kernels. */
  readonly sections: readonly string[];
  /** Patterns that are worked out when the module is loaded. */
  readonly last: readonly (readonly string[])[];
  readonly report: LoopReport;
  readonly held?: BindRequest['held'];
  /** The special functions that functions in WebAssembly call. */
  readonly imports?: readonly string[];
}

/** The bound forms of those `entries` that have one; what they work in is within `limit`, if there is one. */
export function loopFunctions(
  context: Context,
  entries: readonly Entry[],
  prefix: string,
  limit?: MemoryLimit,
): LoopModule {
  const writer = new LoopWriter(context, entries);
  const methods = writer.methods(
    entries.filter(({ bound }) => bound.length > 0),
    limit,
  );
  const last = writer.patterns.atLoad(prefix);
  return {
    methods: methods.map(method => writer.withWorkspace(method)),
    allocations: writer.allocations(),
    sections: writer.sections(), // with what the others use
    last,
    patterns: writer.patterns.bound,
    report: writer.report(),
  };
}

/** Columns of a line in a function of the object that `bind` returns. */
const METHOD_WIDTH = WIDTH - 6;

/** The array that kernels pack operands into: doubles in both precisions, since numbers are widened once. */
const PACKING: Packing = {
  panels: PANELS,
  bytesOf: (panel, drafts, sizeOf) =>
    8 * Math.max(0, ...drafts.flatMap(draft => packedLengths(panel, draft).map(sizeOf))),
};

function packedLengths(panel: Panel, { products, squares }: Draft): Size[] {
  return panelLengths(
    panel,
    products.map(({ inner }) => inner),
    squares,
  );
}

/** A function that has its parameters. */
interface Started {
  readonly entry: Entry;
  readonly parameters: Parameters;
  readonly task: Task;
}

class LoopWriter {
  readonly #stats: Record<string, LoopStats> = {};
  readonly #context: Context;
  readonly #leaves: Leaves;
  #arrays: readonly WorkspaceArray[] = [];
  /** Functions that allocate for themselves, when they are called first. */
  readonly #late: ReadonlySet<string>;
  #panel = PANELS[0];
  /** What kernels need of the panel, by text. */
  readonly #packed = new Map<string, Size>();
  #memory: MemoryReport | undefined;
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

  methods(entries: readonly Entry[], limit: MemoryLimit | undefined): EmittedFunction[] {
    const { array, scope } = this.#context;
    const started = entries.map(entry => this.#start(entry));
    const target: ArrayTarget = {
      elementBytes: array === 'Float32Array' ? 4 : 8,
      packing: PACKING,
      isLate: name => this.#late.has(name),
    };
    const workspace = workspaceOf(
      started.map(({ task }) => task),
      target,
      scope,
      limit,
    );
    this.#arrays = workspace.arrays;
    this.#panel = workspace.panel;
    this.#memory = workspace.memory;
    return started.map((each, k) => this.#method(each, workspace.functions[k]));
  }

  #start(entry: Entry): Started {
    const { name, bound, extra } = entry;
    const context = this.#context;
    const scope = new Names(context.scope);
    const parameters = parametersOf(entry, scope);
    const { graph } = context.program;
    const task: Task = {
      name,
      handout: new Handout(graph, bound, parameters.arrays, block => this.patterns.placesOf(block)),
      scope,
      leaf: node => this.#leaves.of(node, extra, parameters),
      nameOf: node => graph.names.get(node),
      own: context.own,
      hasBlocks: this.#hasBlocks,
      isInPlace: true,
      isRounded: false,
    };
    return { entry, parameters, task };
  }

  #method(
    { entry, parameters, task: { name, handout } }: Started,
    planned: PlannedFunction,
  ): EmittedFunction {
    const context = this.#context;
    const { arrays } = parameters;
    const scope = planned.draft.names;
    const { pieces, cells, result } = this.#printed(planned);
    this.#stats[name] = planned.draft.stats;
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
  #printed({ draft, arrayName, lengthOf }: PlannedFunction): {
    readonly pieces: readonly Piece[];
    readonly cells: readonly string[];
    readonly result: string | undefined;
  } {
    const context = this.#context;
    const { top, names, result, mirrored, products, squares } = draft;
    for (const length of packedLengths(this.#panel, draft)) this.#packed.set(sizeText(length), length);
    if (products.length > 0) context.use('product');
    if (squares.length > 0) context.use('gram');
    if (products.length > 0 || squares.length > 0) context.use('panel');
    const printer = new LoopPrinter({
      names,
      sizeName: context.sizeName,
      position: () => context.use('position'),
      width: METHOD_WIDTH,
      arrayName,
      lengthOf,
      isSingle: context.array === 'Float32Array',
    });
    return {
      pieces: printer.pieces(top),
      cells: mirrorsOfCells(context, names, mirrored),
      result: result && printer.value(result),
    };
  }

  /** The statements of `bind` that allocate what the methods work in. */
  allocations(): string[] {
    const { own, array } = this.#context;
    const lines = this.#arrays.map(each =>
      this.#isLate(each)
        ? `let ${each.name};`
        : `const ${each.name} = new ${array}(${this.#size(each.length)});`,
    );
    lines.unshift(...this.patterns.atBind());
    const panel = this.#panelLength(size => this.#size(size), 'Math.max');
    if (panel !== undefined) lines.push(`const ${own.panel} = new Float64Array(${panel});`);
    if (this.#slots > 0) lines.push(`const ${own.memory} = new Float64Array(${this.#slots});`);
    return lines;
  }

  /**
   * A function with what it allocates for itself: where the Hessian is handed out as factors, what the dense one takes may be
   * more than there is, and is not taken from those who never ask for it.
   */
  withWorkspace(method: EmittedFunction): EmittedFunction {
    const { array } = this.#context;
    const own = this.#arrays.filter(each => this.#isLate(each) && each.users.has(method.name));
    const lines = own.map(({ name, length }) => `${name} ??= new ${array}(${this.#size(length)});`);
    return { ...method, lines: [...lines, ...method.lines] };
  }

  /** True for an array that only functions use which allocate for themselves. */
  #isLate({ users }: WorkspaceArray): boolean {
    return [...users].every(name => this.#late.has(name));
  }

  report(): LoopReport {
    const { own } = this.#context;
    const workspace: WorkArray[] = this.#arrays.map(({ name, length }) => {
      return { name, length: typeof length === 'number' ? length : sizeText(length) };
    });
    const panel = this.#panelLength(sizeText, 'max');
    if (panel !== undefined) workspace.push({ name: own.panel, length: panel });
    if (this.#slots > 0) workspace.push({ name: own.memory, length: this.#slots });
    return { functions: this.#stats, workspace, ...(this.#memory && { memory: this.#memory }) };
  }

  /** The length of what matrix products pack their operands into, if there are any. */
  #panelLength(text: (size: Size) => string, max: string): string | undefined {
    const all = [...this.#packed.values()];
    const numbers = all.filter(length => typeof length === 'number');
    const lengths = all.filter(length => typeof length !== 'number').map(text);
    if (numbers.length > 0) lengths.push(String(Math.max(...numbers)));
    if (lengths.length === 0) return undefined;
    return lengths.length === 1 ? lengths[0] : `${max}(${lengths.join(', ')})`;
  }

  sections(): string[] {
    const { own, used } = this.#context;
    return [
      ...constantTexts(this.#context, this.#leaves),
      ...this.patterns.sections(),
      ...(used.has('product') ? [productText(own, this.#panel)] : []),
      ...(used.has('gram') ? [gramText(own, this.#panel)] : []),
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
