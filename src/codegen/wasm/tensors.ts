// The functions of a formula that takes loops, in WebAssembly: the counterpart of codegen/tensors.ts, which writes the same
// statements as JavaScript. Patterns of sparse matrices are worked out in JavaScript in both.

import { liveNodes } from '../../ir/live.ts';
import { type Size, sizeText } from '../../ir/size.ts';
import type { Context, Precision } from '../context.ts';
import type { Entry } from '../entries.ts';
import type { EmittedFunction } from '../functions.ts';
import { Handout } from '../handout.ts';
import { constantTexts, Leaves } from '../leaves.ts';
import type { WorkArray as Buffer } from '../loops/memory.ts';
import { isLeaf } from '../loops/stored.ts';
import { type LoopStats, lowerFunction } from '../lowered.ts';
import { compressText } from '../pattern.ts';
import { PatternWriter } from '../pattern-writer.ts';
import type { LoopModule, WorkArray } from '../tensors.ts';
import { WasmEncoder } from './encoder.ts';
import { WasmEnvironment } from './environment.ts';
import { instanceTexts } from './instance.ts';
import { Kernels } from './kernels.ts';
import { LoopAssembler } from './loops/assembler.ts';
import type { MemoryMap } from './memory-map.ts';
import { WasmShell } from './shell.ts';

export function wasmLoopFunctions(
  context: Context,
  entries: readonly Entry[],
  precision: Precision,
  prefix: string,
): LoopModule {
  const environment = new WasmEnvironment(new WasmEncoder(), precision);
  const jsLeaves = new Leaves(context, (name, isScalar) => {
    const local = context.locals.get(name)!; // each input has one
    return isScalar ? local : { name: local, offset: 0, strides: [] };
  });
  const patterns = new PatternWriter(context, entries, node => jsLeaves.of(node));
  const shell = new WasmShell(context, environment, patterns);
  const kernels = new Kernels(environment, context.own);
  const workspace = new Map<string, Buffer>();
  const stats: Record<string, LoopStats> = {};
  const hasBlocks = entries.some(entry => entry.hasBlocks);
  const constants = new Map<string, readonly number[]>();
  /** The functions that work in each array. */
  const users = new Map<string, Set<string>>();

  const scratch = new Scratch(shell.memory, () => context.scope.take('lanes'));

  const method = (entry: Entry): EmittedFunction => {
    const own = shell.method(entry);
    const leaves = new Leaves(context, name => shell.dataOf(name, own));
    const handout = new Handout(context.program.graph, entry.bound, own.held.arrays, block =>
      shell.places(patterns.placesOf(block)),
    );
    const {
      top,
      result,
      buffers,
      arrays,
      arrayName,
      mirrored,
      stats: ownStats,
    } = lowerFunction(handout, {
      names: own.scope,
      leaf: node => leaves.of(node, entry.extra, own.held),
      hasBlocks,
      nameOf: node => context.program.graph.names.get(node),
      workspace,
      take: wanted => context.scope.take(wanted),
      product: (inner, sides) => kernels.product(inner, sides),
      gram: rows => kernels.gram(rows),
    });
    stats[entry.name] = ownStats;
    for (const array of arrays) users.set(array, (users.get(array) ?? new Set()).add(entry.name));
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
      operations: liveNodes(handout.all).filter(node => !isLeaf(node)).length,
    });
  };
  const written = entries.filter(({ bound }) => bound.length > 0).map(method);
  for (const [name, values] of constants) shell.memory.addConstants(name, values);
  for (const [name, { length }] of workspace)
    shell.memory.add(name, length, { users: users.get(name) ?? [] });
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
    workspace: shell.memory.workspace().map(
      ({ name, length }): WorkArray => ({
        name,
        length: typeof length === 'number' || typeof length === 'string' ? length : sizeText(length),
      }),
    ),
    stats,
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
