// The functions of a formula of scalars, in WebAssembly: the counterpart of functions.ts, which writes them as JavaScript.

import type { InputNode } from '../../ir/graph.ts';
import type { Context, Precision } from '../context.ts';
import type { Entry } from '../entries.ts';
import type { EmittedFunction } from '../functions.ts';
import type { ModuleBody } from '../module.ts';
import { PatternWriter } from '../pattern-writer.ts';
import { elementsOf } from '../results.ts';
import type { Leaf, Scalars } from '../scalars.ts';
import { recordThroughBound } from '../through.ts';
import { WasmEncoder } from './encoder.ts';
import { WasmEnvironment } from './environment.ts';
import { instanceTexts } from './instance.ts';
import { leafPlaces } from './leaves.ts';
import { WasmShell } from './shell.ts';
import { straightFunction } from './straight.ts';

export function wasmScalarFunctions(
  context: Context,
  scalars: Scalars,
  entries: readonly Entry[],
  precision: Precision,
): ModuleBody {
  const environment = new WasmEnvironment(new WasmEncoder(), precision);
  const patterns = new PatternWriter(context, entries, () => '');
  const shell = new WasmShell(context, environment, patterns);
  const memory = context.scope.take('slots');
  let slots = 0;

  const method = (entry: Entry): EmittedFunction => {
    const own = shell.method(entry);
    const place = leafPlaces(context, shell.arraysOf(own), entry.extra);
    const noted = new Set<InputNode>();
    const placeOf = (leaf: Leaf) => {
      const input = (leaf.op === 'element' ? leaf.inputs[0] : leaf) as InputNode; // leaves are of inputs
      if (!noted.has(input)) shell.notes(input.attrs.name, own);
      noted.add(input);
      return place(leaf);
    };
    const handed = entry.bound.map(block => ({
      array: own.held.arrays.get(block),
      elements: elementsOf(block, scalars),
    }));
    const {
      code,
      slots: needed,
      operations,
    } = straightFunction(environment, {
      graph: context.program.graph,
      handed,
      placeOf,
      memory,
    });
    slots = Math.max(slots, needed);
    environment.encoder.export(entry.name, code);
    const isReturned = handed.some(({ array }) => array === undefined);
    return shell.text(entry, own, { cells: [], isReturned, operations, isWhole: true });
  };
  const methods = entries.filter(({ bound }) => bound.length > 0).map(method);
  shell.memory.add(memory, slots, { element: 'f64' });
  const allocations = shell.allocations();
  const instance = instanceTexts(context, environment, shell.memory.constants());
  return {
    methods,
    records: entries.map(entry => recordThroughBound(context, entries, entry, methods)),
    allocations,
    held: { members: shell.members(), ending: f => shell.ending(f) },
    sections: instance.sections,
    last: [[instance.binary]],
    imports: instance.special,
    patterns: new Map(),
    isShared: true,
  };
}
