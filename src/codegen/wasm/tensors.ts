// The functions of a formula that takes loops, in WebAssembly: the counterpart of codegen/tensors.ts, which writes the same
// statements as JavaScript. Patterns of sparse matrices are worked out in JavaScript in both.

import { liveNodes } from '../../ir/live.ts';
import { type Size, sizeText } from '../../ir/size.ts';
import type { Context, Precision } from '../context.ts';
import type { Draft, LoopStats, Task } from '../drafts.ts';
import type { Entry } from '../entries.ts';
import type { EmittedFunction } from '../functions.ts';
import { Handout } from '../handout.ts';
import { constantTexts, Leaves } from '../leaves.ts';
import { PANELS } from '../loops/panel.ts';
import { isLeaf } from '../loops/stored.ts';
import type { MemoryLimit, Packing } from '../memory-plan.ts';
import { compressText } from '../pattern.ts';
import { PatternWriter } from '../pattern-writer.ts';
import type { LoopModule, WorkArray } from '../tensors.ts';
import { type PlannedFunction, workspaceOf } from '../workspace.ts';
import { WasmEncoder } from './encoder.ts';
import { ELEMENT_BYTES, WasmEnvironment } from './environment.ts';
import { instanceTexts } from './instance.ts';
import { Kernels } from './kernels.ts';
import { LoopAssembler } from './loops/assembler.ts';
import { isEssential, type MemoryMap } from './memory-map.ts';
import { gramPanel } from './products/gram.ts';
import { productPanel } from './products/product.ts';
import { type WasmMethod, WasmShell } from './shell.ts';

export function wasmLoopFunctions(
  context: Context,
  entries: readonly Entry[],
  precision: Precision,
  prefix: string,
  limit?: MemoryLimit,
): LoopModule {
  const environment = new WasmEnvironment(new WasmEncoder(), precision);
  const jsLeaves = new Leaves(context, (name, isScalar) => {
    const local = context.locals.get(name)!; // each input has one
    return isScalar ? local : { name: local, offset: 0, strides: [] };
  });
  const patterns = new PatternWriter(context, entries, node => jsLeaves.of(node));
  const shell = new WasmShell(context, environment, patterns);
  const kernels = new Kernels(environment, context.own);
  const stats: Record<string, LoopStats> = {};
  const hasBlocks = entries.some(entry => entry.hasBlocks);
  const constants = new Map<string, readonly number[]>();
  const scratch = new Scratch(shell.memory, () => context.scope.take('lanes'));

  const start = (entry: Entry): Started => {
    const own = shell.method(entry);
    const leaves = new Leaves(context, name => shell.dataOf(name, own));
    const { graph } = context.program;
    const task: Task = {
      name: entry.name,
      handout: new Handout(graph, entry.bound, own.held.arrays, block =>
        shell.places(patterns.placesOf(block)),
      ),
      scope: own.scope,
      leaf: node => leaves.of(node, entry.extra, own.held),
      nameOf: node => graph.names.get(node),
      own: context.own,
      hasBlocks,
      isInPlace: false, // fewer loops would run in lanes
      isRounded: precision === 'f32', // lanes compute in single precision
    };
    return { entry, own, leaves, task };
  };
  const method = (
    { entry, own, leaves, task }: Started,
    { draft, arrayName }: PlannedFunction,
  ): EmittedFunction => {
    const { top, result, buffers, mirrored } = draft;
    stats[entry.name] = draft.stats;
    for (const { inner, sides } of draft.products) kernels.product(inner, sides);
    for (const rows of draft.squares) kernels.gram(rows);
    for (const [name, values] of leaves.constants) constants.set(name, values);
    const code = new LoopAssembler(environment, {
      arrayName,
      lengthOf: name => buffers.get(name)!,
      isBuffer: name => buffers.has(name),
      scratch: scratch.of(entry.name),
      kernel: name => kernels.of(name),
    }).function(top, result);
    environment.encoder.export(entry.name, code);
    return shell.text(entry, own, {
      cells: mirrored,
      isReturned: result !== undefined,
      operations: liveNodes(task.handout.all).filter(node => !isLeaf(node)).length,
    });
  };
  const started = entries.filter(({ bound }) => bound.length > 0).map(start);
  const workspace = workspaceOf(
    started.map(({ task }) => task),
    {
      elementBytes: ELEMENT_BYTES[precision],
      packing: packingOf(precision),
      isLate: name => !isEssential(name),
    },
    context.scope,
    limit,
  );
  const written = started.map((each, k) => method(each, workspace.functions[k]));
  for (const [name, values] of constants) shell.memory.addConstants(name, values);
  for (const { name, length, users } of workspace.arrays) shell.memory.add(name, length, { users });
  kernels.addPanel(shell.memory);
  const methods = written.map(each => shell.guarded(each));
  const last = patterns.atLoad(prefix);
  const allocations = [...patterns.atBind(), ...shell.allocations()];
  const instance = instanceTexts(context, environment, shell.memory.constants());
  return {
    methods,
    allocations,
    held: { members: shell.members(), ending: f => shell.ending(f) },
    sections: [
      ...constantTexts(context, jsLeaves),
      ...patterns.sections(),
      ...(context.used.has('compress') ? [compressText(context.own.compress)] : []),
      ...instance.sections,
    ],
    last: [...last, [instance.binary]],
    imports: instance.special,
    patterns: patterns.bound,
    report: {
      functions: stats,
      workspace: shell.memory.workspace().map(
        ({ name, length }): WorkArray => ({
          name,
          length: typeof length === 'number' || typeof length === 'string' ? length : sizeText(length),
        }),
      ),
      ...(workspace.memory && { memory: workspace.memory }),
    },
  };
}

/** A function that has its parameters. */
interface Started {
  readonly entry: Entry;
  readonly own: WasmMethod;
  readonly leaves: Leaves;
  readonly task: Task;
}

/** Kernels have one panel here, whose length does not grow with the sizes. */
function packingOf(precision: Precision): Packing {
  const lengths = ({ products, squares }: Draft): number[] => [
    ...products.map(({ inner, sides: [rows, columns] }) => productPanel(precision, rows, columns, inner)),
    ...squares.map(rows => gramPanel(precision, rows)),
  ];
  return {
    panels: PANELS.slice(0, 1),
    bytesOf: (_, drafts) => ELEMENT_BYTES[precision] * Math.max(0, ...drafts.flatMap(lengths)),
  };
}

/** Arrays that functions work in besides, shared by length: no two functions run at the same time. */
class Scratch {
  readonly #memory: MemoryMap;
  readonly #name: () => string;
  readonly #arrays = new Map<string, string>();

  constructor(memory: MemoryMap, name: () => string) {
    this.#memory = memory;
    this.#name = name;
  }

  /** Gives arrays of so many numbers to one function, each once. */
  of(user: string): (length: Size) => string {
    const taken = new Map<string, number>();
    return length => {
      const text = sizeText(length);
      const count = (taken.get(text) ?? 0) + 1;
      taken.set(text, count);
      const key = `${text} ${count}`;
      const array = this.#arrays.get(key) ?? this.#memory.add(this.#name(), length);
      this.#arrays.set(key, array);
      this.#memory.use(array, user);
      return array;
    };
  }
}
