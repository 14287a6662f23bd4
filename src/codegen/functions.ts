// The text of one emitted function of scalars: arguments checked, inputs read once, the body, the result. The record form
// has the formula in its body while the module is small; in a large module it goes through the bound form, so that a
// long text is there once. A body too large for the optimiser is split into functions of the module, called in turn.

import type { Input } from '../ir/program.ts';
import type { Size } from '../ir/size.ts';
import {
  asideChecks,
  asideOf,
  constants,
  destructure,
  lengthTest,
  type Read,
  readsByName,
  readsByPosition,
  readsOf,
  roomTest,
  type Selection,
  selectionOf,
} from './arguments.ts';
import { type Context, WIDTH } from './context.ts';
import type { Entry } from './entries.ts';
import { BodyPrinter, type PrintedSink } from './js.ts';
import { Names } from './names.ts';
import type { Block } from './parts.ts';
import { type Elements, type ElementsOf, elementsOf, resultOf, returnOf, storesOf } from './results.ts';
import { indexOf, type Leaf, type Scalars } from './scalars.ts';
import { schedule } from './schedule.ts';

/** What functions of scalars need besides. */
export interface ScalarContext extends Context {
  readonly scalars: Scalars;
  readonly elementsOf: ElementsOf;
  /** The local that holds a leaf of the inputs. */
  readonly localOf: (leaf: Leaf) => string | undefined;
  /** The inputs of the formula that are used, and among them those in theta and the others. */
  readonly inputs: Selection<Input>;
  readonly variables: Selection<Input & { readonly offset: Size }>;
  readonly held: Selection<Input>;
}

/** The context of a module of scalars. */
export function scalarContext(context: Context, scalars: Scalars): ScalarContext {
  const { program, wrt, data, scope, locals } = context;
  const read = <T extends Input>(inputs: readonly T[]): Read<T>[] =>
    readsOf(inputs, ({ node }) => scalars.leavesOf(node));
  const all = read(program.inputs);
  const names = new Map(
    all
      .filter(({ leaf }) => leaf.op === 'element')
      .map(({ leaf, of: { name, shape }, position }) => {
        return [
          leaf,
          scope.take([name, ...indexOf(position, shape as readonly number[])].join('_')),
        ] as const;
      }),
  );
  const elements = new Map<Block, Elements>();
  return {
    ...context,
    scalars,
    elementsOf: block => {
      const known = elements.get(block) ?? elementsOf(block, scalars);
      elements.set(block, known);
      return known;
    },
    localOf: leaf => (leaf.op === 'input' ? locals.get(leaf.attrs.name) : names.get(leaf)),
    inputs: selectionOf(all),
    variables: selectionOf(read(wrt.items)),
    held: selectionOf(read(data)),
  };
}

export interface EmittedFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  /** What stands between the braces. */
  readonly lines: readonly string[];
  /** The texts of functions of the module that the body calls in turn; none if it is in one piece. */
  readonly chunks: readonly string[];
  /** Elements of `memory` that the chunks need. */
  readonly slots: number;
  readonly operations: number;
}

/** `grad({ x, y })` with the formula in its body. */
export function recordFunction(context: ScalarContext, { name, result, extra }: Entry): EmittedFunction {
  const { own, use, program, locals, array } = context;
  const width = WIDTH - 2;
  const scope = new Names(context.scope);
  const aside = extra && asideOf(scope, context.scalars, extra, extra.parameter, 'record');
  return printFunction(context, {
    name,
    scope,
    width,
    parameters: recordParameters(context, aside),
    passed: [],
    checks: [],
    sinks: [resultOf(result, context.elementsOf, array, width)],
    reads: used => {
      const reads = context.inputs(used);
      const source = program.inputs.length > 0 ? `${use('check')}(${own.inputs})` : undefined;
      return [
        ...(source === undefined ? [] : destructure(holders(reads), locals, source, width)),
        ...constants(elementReads(context, reads), width),
        ...(aside ? [...asideChecks(context, aside), ...constants(readsByName(aside, used), width)] : []),
      ];
    },
    local: leaf => (context.localOf(leaf) ?? aside?.localOf(leaf))!,
  });
}

type ArrayParameter = readonly [text: string, name: string, length: number];

/** `valueAndGrad(theta, g)` of a bound formula, whose data is a local of `bind`. */
export function boundFunction(context: ScalarContext, { name, bound, extra }: Entry): EmittedFunction {
  const { own, wrt, data, locals } = context;
  const width = WIDTH - 6;
  const scope = new Names(context.scope);
  const theta = scope.take('theta');
  const aside = extra && asideOf(scope, context.scalars, extra, extra.boundParameter, 'array');
  const read: ArrayParameter[] = [['theta', theta, wrt.length as number]];
  const filled: ArrayParameter[] = [];
  if (aside) read.push([aside.extra.boundParameter, aside.parameter, aside.extra.length as number]);
  const sinks: PrintedSink[] = [];
  for (const block of bound) {
    if (block.parameter === undefined) continue;
    const out = scope.take(block.parameter);
    filled.push([block.parameter, out, block.length as number]);
    for (const store of storesOf(context.elementsOf(block), out)) sinks.push(store);
  }
  for (const block of bound) {
    if (block.parameter === undefined) sinks.push(returnOf(context.elementsOf(block)));
  }
  return printFunction(context, {
    name,
    scope,
    width,
    parameters: [...read, ...filled].map(([, array]) => array),
    passed: data.length > 0 ? [own.inputs] : [],
    checks: [
      ...read.map(([text, array, length]) => lengthTest(context, text, array, String(length))),
      ...filled.flatMap(array => roomTest(context, ...array)),
    ],
    sinks,
    reads: used => {
      const at = context.variables(used).map(({ leaf, of: { offset }, position }) => {
        return `${context.localOf(leaf)} = ${theta}[${(offset as number) + position}]`;
      });
      const held = context.held(used);
      return [
        ...constants(at, width),
        ...(held.length > 0 ? destructure(withoutDefaults(holders(held)), locals, own.inputs, width) : []),
        ...constants(elementReads(context, held), width),
        ...(aside ? constants(readsByPosition(aside, used), width) : []),
      ];
    },
    local: leaf => (context.localOf(leaf) ?? aside?.localOf(leaf))!,
  });
}

/** The inputs that the reads go to, each once. */
function holders(reads: readonly Read<Input>[]): Input[] {
  return [...new Set(reads.map(read => read.of))];
}

/** What `bind` holds has its defaults already. */
function withoutDefaults(inputs: readonly Input[]): Input[] {
  return inputs.map(({ default: _, ...input }) => input);
}

/** `x_1 = x[0]`: the elements of tensors in their locals. */
function elementReads({ locals, localOf }: ScalarContext, reads: readonly Read<Input>[]): string[] {
  return reads
    .filter(({ leaf }) => leaf.op === 'element')
    .map(({ leaf, of: { name }, position }) => `${localOf(leaf)} = ${locals.get(name)}[${position}]`);
}

/** The inputs, if there are any, and what comes after them. */
export function recordParameters(
  { own, program }: Context,
  aside: { readonly parameter: string } | undefined,
): string[] {
  if (aside) return [own.inputs, aside.parameter];
  return program.inputs.length > 0 ? [own.inputs] : [];
}

/** What a function is printed from. */
interface Request {
  readonly name: string;
  readonly scope: Names;
  readonly width: number;
  readonly parameters: readonly string[];
  /** Locals of the place where the function stands that a chunk has to be handed. */
  readonly passed: readonly string[];
  readonly checks: readonly string[];
  readonly sinks: readonly PrintedSink[];
  /** The statements that put the inputs in `used` into locals. */
  readonly reads: (used: readonly Leaf[]) => string[];
  readonly local: (leaf: Leaf) => string;
}

function printFunction(context: Context, request: Request): EmittedFunction {
  const { name, scope, width, parameters, passed, checks, sinks, reads, local } = request;
  const { program, own } = context;
  const plan = schedule(program.graph, sinks);
  const isWhole = plan.bounds.length === 2;
  const printer = new BodyPrinter({
    graph: program.graph,
    sinks,
    schedule: plan,
    local,
    memory: own.memory,
    width: isWhole ? width : WIDTH - 2,
  });
  const bodyOf = (chunk: number): string[] => {
    const { lines, inputs, loads } = printer.chunk(chunk, new Names(scope));
    return [...reads(inputs), ...constants(loads, width), ...lines];
  };
  const { operations, slots } = plan;
  if (isWhole) return { name, parameters, lines: [...checks, ...bodyOf(0)], chunks: [], slots, operations };

  const all = [...parameters, ...passed];
  const chunks: string[] = [];
  const calls: string[] = [];
  for (let chunk = 0; chunk + 1 < plan.bounds.length; chunk++) {
    const chunkName = context.scope.take(`${name}${chunk + 1}`);
    chunks.push(functionText(chunkName, all, bodyOf(chunk)));
    calls.push(`${chunkName}(${all.join(', ')});`);
  }
  const last = calls.pop()!;
  const lines = [...checks, ...calls, `return ${last}`];
  return { name, parameters, lines, chunks, slots, operations };
}

/** A function of the module, as one string: a large module has millions of lines. */
export function functionText(
  name: string,
  parameters: readonly string[],
  lines: readonly string[],
  prefix = '',
): string {
  return `${prefix}function ${name}(${parameters.join(', ')}) {\n  ${lines.join('\n  ')}\n}`;
}
