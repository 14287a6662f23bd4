// The text of one emitted function: arguments checked, inputs read once, the body, the result. The record form has the
// formula in its body while the module is small; in a large module it goes through the bound form, so that a long text
// is there once. A body too large for the optimiser is split into functions of the module, called in turn.

import type { InputNode } from '../ir/graph.ts';
import type { Input, Program } from '../ir/program.ts';
import {
  type Aside,
  asideOf,
  checksOf,
  constants,
  destructure,
  lengthTest,
  placesIn,
  readsByName,
  readsByPosition,
  roomTest,
} from './arguments.ts';
import type { Entry } from './entries.ts';
import { BodyPrinter } from './js.ts';
import { Names } from './names.ts';
import { resultOf, returnOf, storesOf } from './results.ts';
import { type Sink, schedule } from './schedule.ts';

/** What the functions of a module share. */
export interface Context {
  readonly program: Program;
  /** Inputs in the order of theta, and the others. */
  readonly wrt: readonly Input[];
  readonly data: readonly Input[];
  /** The names of the module; each function opens a scope inside. */
  readonly scope: Names;
  /** The local that holds an input of the formula, the same in every function. */
  readonly locals: ReadonlyMap<string, string>;
  /** Names of the module's own: helpers, the array that carries values between chunks, the data of `bind`. */
  readonly own: { readonly [K in 'check' | 'number' | 'integer' | 'length' | 'memory' | 'inputs']: string };
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

/** Columns of a line at the top level. */
export const WIDTH = 100;

/** `grad({ x, y })` with the formula in its body. */
export function recordFunction(context: Context, { name, result, extra }: Entry): EmittedFunction {
  const { own, program, locals } = context;
  const width = WIDTH - 2;
  const scope = new Names(context.scope);
  const aside = extra && asideOf(scope, extra, extra.parameter, 'record');
  return printFunction(context, {
    name,
    scope,
    width,
    parameters: recordParameters(context, aside),
    passed: [],
    checks: [],
    sinks: [resultOf(result, width)],
    reads: used => {
      const read = program.inputs.filter(({ node }) => used.has(node));
      const source = program.inputs.length > 0 ? `${own.check}(${own.inputs})` : undefined;
      const lines = source === undefined ? [] : destructure(read, locals, source, width);
      return aside
        ? [...lines, ...checksOf(own, aside), ...constants(readsByName(aside, used), width)]
        : lines;
    },
    local: ({ attrs }) => locals.get(attrs.name) ?? aside!.locals.get(attrs.name)!,
  });
}

type ArrayParameter = readonly [text: string, name: string, length: number];

/** `valueAndGrad(theta, g)` of a bound formula, whose data is a local of `bind`. */
export function boundFunction(context: Context, { name, bound, extra }: Entry): EmittedFunction {
  const { own, wrt, data, locals } = context;
  const width = WIDTH - 6;
  const scope = new Names(context.scope);
  const theta = scope.take('theta');
  const aside = extra && asideOf(scope, extra, extra.boundParameter, 'array');
  const read: ArrayParameter[] = [['theta', theta, wrt.length]];
  const filled: ArrayParameter[] = [];
  if (aside) read.push([aside.extra.boundParameter, aside.parameter, aside.nodes.length]);
  const sinks: Sink[] = [];
  for (const block of bound) {
    if (block.parameter === undefined) continue;
    const out = scope.take(block.parameter);
    filled.push([block.parameter, out, block.elements.length]);
    for (const store of storesOf(block, out)) sinks.push(store);
  }
  for (const block of bound) if (block.parameter === undefined) sinks.push(returnOf(block));
  const inTheta = placesIn(wrt.map(({ node }) => node));
  const inData = placesIn(data.map(({ node }) => node));

  return printFunction(context, {
    name,
    scope,
    width,
    parameters: [...read, ...filled].map(([, array]) => array),
    passed: data.length > 0 ? [own.inputs] : [],
    checks: [
      ...read.map(array => lengthTest(own, ...array)),
      ...filled.flatMap(array => roomTest(own, ...array)),
    ],
    sinks,
    reads: used => {
      const at = inTheta(used).map(k => `${locals.get(wrt[k].name)} = ${theta}[${k}]`);
      const held = inData(used).map(k => ({ name: data[k].name }));
      return [
        ...constants(at, width),
        ...(held.length > 0 ? destructure(held, locals, own.inputs, width) : []),
        ...(aside ? constants(readsByPosition(aside, used), width) : []),
      ];
    },
    local: ({ attrs }) => locals.get(attrs.name) ?? aside!.locals.get(attrs.name)!,
  });
}

/** The inputs, if there are any, and what comes after them. */
export function recordParameters({ own, program }: Context, aside: Aside | undefined): string[] {
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
  readonly sinks: readonly Sink[];
  /** The statements that put the inputs in `used` into locals. */
  readonly reads: (used: ReadonlySet<InputNode>) => string[];
  readonly local: (input: InputNode) => string;
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
    return [...reads(new Set(inputs)), ...constants(loads, width), ...lines];
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
