// The bound functions of a formula that takes loops: `valueAndGrad(theta, g)` over flat arrays, written straight into
// those of the caller, with a workspace that `bind` allocates and all functions share.

import type { Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import { elementsIn, SCALAR } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize, sizeText } from '../ir/size.ts';
import { destructure, lengthTest } from './arguments.ts';
import { type Context, sizeIn, WIDTH } from './context.ts';
import { type Entry, factorsIn } from './entries.ts';
import { numberText } from './forms.ts';
import { type EmittedFunction, functionText } from './functions.ts';
import { Handout } from './handout.ts';
import { inBlocks, isBlocks } from './loops/blocks.ts';
import type { Deposit } from './loops/deposit.ts';
import type { Environment } from './loops/elements.ts';
import { fuse, isLoop, type Nest } from './loops/fuse.ts';
import { gramPanel, gramText } from './loops/gram.ts';
import { Lowering } from './loops/lower.ts';
import { dropDeadStores, plan } from './loops/memory.ts';
import { LoopPrinter } from './loops/print.ts';
import { PANEL_ROWS, productText } from './loops/product.ts';
import { sizeExpression } from './loops/size-text.ts';
import { constantIndex, stridesOf } from './loops/space.ts';
import { identifiersIn, type Piece, split } from './loops/split.ts';
import { isLeaf } from './loops/stored.ts';
import { packText } from './loops/tile.ts';
import { type Unit, unitsOf } from './loops/units.ts';
import type { ArrayRef } from './loops/values.ts';
import { Names, quote } from './names.ts';
import type { Block, Part } from './parts.ts';
import { compressText } from './pattern.ts';
import { PatternWriter } from './pattern-writer.ts';
import type { Region } from './regions.ts';
import { fill, indent, wrap } from './text.ts';

/** What became of one function. */
export interface LoopStats {
  /** Values that are stored, or summed up. */
  readonly units: number;
  /** Loops that these would take one by one, and those that there are. */
  readonly axes: number;
  readonly loops: number;
  /** Calls of the kernel for matrix products. */
  readonly products: number;
}

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
  readonly #constants = new Map<Node, string>();
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
    this.patterns = new PatternWriter(context, entries, node => this.#leaf(node, undefined, '', undefined));
  }

  method(entry: Entry): EmittedFunction {
    const { name, bound, extra } = entry;
    const context = this.#context;
    const scope = new Names(context.scope);
    const theta = scope.take('theta');
    const direction = extra && scope.take(extra.boundParameter);
    const arrays = new Map<Block, string>();
    for (const block of bound) {
      if (block.parameter !== undefined) arrays.set(block, scope.take(block.parameter));
    }
    const handout = new Handout(context.program.graph, bound, arrays, block => this.patterns.placesOf(block));
    const { pieces, mirrors, result } = this.#loops(entry, handout, scope, node =>
      this.#leaf(node, extra, theta, direction),
    );
    const end = [
      ...mirrors,
      ...this.#mirrors(scope, arrays),
      ...(result === undefined ? [] : [`return ${result};`]),
    ];
    const lines = end.flatMap(line => wrap(line, METHOD_WIDTH));
    const { bodies, slots } = split([...pieces, { lines, isLoop: false }], context.own.memory);
    this.#slots = Math.max(this.#slots, slots);

    const parameters = [theta, ...(direction === undefined ? [] : [direction]), ...arrays.values()];
    const readBodies = bodies.map(body => [...this.#reads(body), ...body]);
    const names = bodies.length === 1 ? [] : bodies.map((_, k) => context.scope.take(`${name}${k + 1}`));
    return {
      name,
      parameters,
      lines: [
        ...this.#checks(entry, theta, direction, arrays),
        ...this.#clears(scope, arrays),
        ...(bodies.length === 1 ? readBodies[0] : callsOf(names, parameters)),
      ],
      chunks: names.map((piece, k) => functionText(piece, parameters, readBodies[k])),
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
    readonly mirrors: readonly string[];
    readonly result: string | undefined;
  } {
    const context = this.#context;
    const work = unitsOf(handout.roots, handout.deposits, handout.triangles);
    const results = new Map([...handout.results, ...work.placed]);
    const kept = new Set(results.keys());
    const merged = fuse(work, kept);
    const nest = this.#hasBlocks ? inBlocks(merged, work, kept) : merged;
    this.stats[name] = statsOf(work.units, nest);

    const buffers = new Map<string, Size>();
    const lowering = new Lowering(nest, work, {
      names: scope,
      leaf,
      buffer: (wanted, length) => {
        const local = scope.take(wanted);
        buffers.set(local, length);
        return local;
      },
      results,
      nameOf: node => context.program.graph.names.get(node),
      product: inner => {
        this.#inner.set(sizeText(inner), inner);
        return { name: context.use('product'), panel: context.use('panel') };
      },
      gram: rows => {
        this.#gramPanel = Math.max(this.#gramPanel, gramPanel(rows));
        return { name: context.use('gram'), panel: context.use('panel') };
      },
    });
    lowering.run();
    for (const { node, to } of handout.copies) lowering.copy(node, to);
    for (const { node, to, index } of handout.scalars) {
      const places = index.map(at => constantIndex<never>(at));
      lowering.put(to, places, lowering.scalar(node));
    }
    const result = handout.returned && lowering.use(lowering.scalar(handout.returned));
    dropDeadStores(lowering.top, buffers, result);
    const take = (wanted: string) => context.scope.take(wanted);
    const renamed = plan(lowering.top, buffers, this.#buffers, take, result);
    for (const array of renamed.values())
      this.#users.set(array, (this.#users.get(array) ?? new Set()).add(name));
    const printer = new LoopPrinter({
      names: scope,
      sizeName: context.sizeName,
      position: () => context.use('position'),
      width: METHOD_WIDTH,
      arrayName: array => renamed.get(array) ?? array,
    });
    const mirrors = mirroredCells(work.units).flatMap(({ to, lengths, rowAxes }) => {
      const length = elementsIn(lengths.slice(0, rowAxes));
      return this.#mirror(scope, to.name, length, to.offset, to.strides[rowAxes - 1]);
    });
    return { pieces: printer.pieces(lowering.top), mirrors, result: result && printer.value(result) };
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
    const constants = Array.from(this.#constants, ([node, name]) => this.#constantText(node, name));
    return [
      ...constants,
      ...this.patterns.sections(),
      ...(used.has('product') ? [productText(own)] : []),
      ...(used.has('gram') ? [gramText(own)] : []),
      ...(used.has('product') || used.has('gram') ? [packText(own.pack)] : []),
      ...(used.has('compress') ? [compressText(own.compress)] : []),
    ];
  }

  /** The array that holds a leaf, or the local that is one. */
  #leaf(
    node: Parameters<Environment['leaf']>[0],
    extra: Entry['extra'],
    theta: string,
    direction: string | undefined,
  ): ArrayRef | string {
    const { wrt, locals } = this.#context;
    const strides = stridesOf(node.shape);
    if (node.op === 'array') return { name: this.#constant(node), offset: 0, strides };
    const { name } = node.attrs;
    const variable = wrt.items.find(each => each.node === node);
    if (variable !== undefined) return { name: theta, offset: variable.offset, strides };
    const part = extra?.parts.find(({ nodes }) => nodes.includes(node));
    if (part !== undefined) {
      const offset = node.shape === SCALAR ? addSizes(part.offset, part.nodes.indexOf(node)) : part.offset;
      return { name: direction!, offset, strides };
    }
    const local = locals.get(name)!;
    return node.shape === SCALAR ? local : { name: local, offset: 0, strides };
  }

  #constant(node: Node): string {
    const known = this.#constants.get(node);
    if (known !== undefined) return known;
    const { scope, program } = this.#context;
    const name = scope.take(program.graph.names.get(node) ?? 'constants');
    this.#constants.set(node, name);
    return name;
  }

  #constantText(node: Node, name: string): string {
    const { values } = (node as Extract<Node, { op: 'array' }>).attrs;
    const lines = fill(values.map(numberText), WIDTH - 2);
    const { array } = this.#context;
    return lines.length === 1
      ? `const ${name} = new ${array}([${lines[0]}]);`
      : [`const ${name} = new ${array}([`, ...indent(lines), ']);'].join('\n');
  }

  #checks(
    { extra }: Entry,
    theta: string,
    direction: string | undefined,
    arrays: ReadonlyMap<Block, string>,
  ): string[] {
    const context = this.#context;
    const test = (text: string, array: string, length: Size) =>
      lengthTest(context, text, array, this.#size(length), '?.');
    return [
      test('theta', theta, context.wrt.length),
      ...(extra === undefined ? [] : [test(extra.boundParameter, direction!, extra.length)]),
      ...Array.from(arrays, ([block, array]) => {
        const wrong = context.use('wrongLength');
        const length = this.patterns.lengthOf(block);
        return `if (!(${array}?.length >= ${length})) ${wrong}(${quote(block.parameter!)}, ${array}, ${length});`;
      }),
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

  /** Zeros where values are absent, or terms do not cover everything. */
  #clears(scope: Names, arrays: ReadonlyMap<Block, string>): string[] {
    return Array.from(arrays).flatMap(([block, array]) => {
      const { parts, length, zeros } = block;
      if (zeros !== undefined) return zeros.map(region => this.#clear(scope, block, region, array));
      const absent = parts.filter(({ node }) => node === undefined);
      if (absent.every(isContiguous) && absent.length < parts.length) {
        return absent.map(({ offset, shape }) => {
          const end = addSizes(offset, elementsIn(shape));
          return `${array}.fill(0, ${this.#size(offset)}, ${this.#size(end)});`;
        });
      }
      return absent.length === 0 ? [] : [`${array}.fill(0, 0, ${this.#size(length)});`];
    });
  }

  #clear(scope: Names, block: Block, { offset, rows, columns, width }: Region, array: string): string {
    const end = addSizes(offset, multiplySizes(rows, width));
    if (block.sparsity !== undefined) return `${array}.fill(0, 0, ${this.patterns.lengthOf(block)});`;
    if (rows === 1 || sameSize(columns, width)) {
      const last = rows === 1 ? addSizes(offset, columns) : end;
      return `${array}.fill(0, ${this.#size(offset)}, ${this.#size(last)});`;
    }
    const inner = new Names(scope);
    const [at, to] = [inner.take('at'), inner.take('end')];
    const sides = `let ${at} = ${this.#size(offset)}, ${to} = ${this.#size(end)}`;
    const length = sizeExpression(columns, this.#context.sizeName).text;
    return `for (${sides}; ${at} < ${to}; ${at} += ${this.#size(width)}) ${array}.fill(0, ${at}, ${at} + ${length});`;
  }

  /** Lower triangles of symmetric matrices from the upper ones. */
  #mirrors(scope: Names, arrays: ReadonlyMap<Block, string>): string[] {
    return Array.from(arrays).flatMap(([{ symmetric, order, length }, matrix]) => {
      if (symmetric === undefined || symmetric === 1) return [];
      if (order === undefined) return this.#mirror(scope, matrix, symmetric, 0, symmetric);
      return [
        `${this.#context.use('symmetrise')}(${matrix}, ${this.#size(symmetric)}, ${this.#size(length)});`,
      ];
    });
  }

  /** The lower triangle of so many rows, `width` apart, from the upper one. */
  #mirror(scope: Names, matrix: string, length: Size, offset: Size, width: Size): string[] {
    if (length === 1) return [];
    const size = this.#size(length);
    const text = this.#size(width);
    const step = /^[\w$]+$/.test(text) ? text : `(${text})`;
    const start = offset === 0 ? '' : `${this.#size(offset)} + `;
    const inner = new Names(scope);
    const [i, j] = [inner.take('i'), inner.take('j')];
    const place = (p: string, q: string) => `${matrix}[${start}${p} * ${step} + ${q}]`;
    return [
      `for (let ${i} = 1; ${i} < ${size}; ${i}++) {`,
      `  for (let ${j} = 0; ${j} < ${i}; ${j}++) ${place(i, j)} = ${place(j, i)};`,
      '}',
    ];
  }

  #size(size: Size): string {
    return sizeIn(this.#context, size);
  }
}

function isContiguous({ shape, strides }: Part): boolean {
  return stridesOf(shape).every((stride, axis) => shape[axis] === 1 || sameSize(stride, strides[axis]));
}

/** The pieces of a function, called in turn; the last one returns. */
function callsOf(names: readonly string[], parameters: readonly string[]): string[] {
  const calls = names.map(name => `${name}(${parameters.join(', ')});`);
  return [...calls.slice(0, -1), `return ${calls.at(-1)}`];
}

function statsOf(units: readonly Unit[], nest: Nest): LoopStats {
  const countLoops = (items: Nest['items']): number =>
    items.reduce((sum, item) => {
      if (isBlocks(item)) return sum + 1 + countLoops(item.members);
      return isLoop(item) ? sum + 1 + countLoops(item.items) : sum;
    }, 0);
  return {
    units: units.length,
    axes: units.reduce((sum, unit) => sum + unit.axes.length, 0),
    loops: countLoops(nest.items),
    products: units.filter(({ kind }) => kind === 'product' || kind === 'gram').length,
  };
}

/** A deposit of each cell that is to be completed from its upper triangle. */
function mirroredCells(units: readonly Unit[]): (Deposit & { readonly rowAxes: number })[] {
  const cells = new Map<string, Deposit & { readonly rowAxes: number }>();
  for (const unit of units) {
    if (unit.kind !== 'deposit' || !unit.isMirrored) continue;
    const { deposit } = unit;
    cells.set(deposit.cell, deposit as typeof deposit & { readonly rowAxes: number }); // or it would not be mirrored
  }
  return [...cells.values()];
}
