// The JavaScript around the WebAssembly functions of a module: bound functions that bring arguments into the memory of the
// instance, call, and hand out what was computed; what `bind` makes and returns besides. Whoever passes the views over the
// memory in place of arrays of his own pays for no copy. Functions over records share one instance, so that calls leave no
// memories behind; each `bind` has its own.

import type { Input } from '../../ir/program.ts';
import { elementsIn } from '../../ir/shape.ts';
import { type Size, sizeText } from '../../ir/size.ts';
import { destructure } from '../arguments.ts';
import {
  argumentChecks,
  clears,
  listOf,
  mirrors,
  mirrorsOfCells,
  type Parameters,
  parametersOf,
} from '../around.ts';
import { type Context, WIDTH } from '../context.ts';
import type { MirroredCell } from '../drafts.ts';
import type { Entry } from '../entries.ts';
import type { EmittedFunction } from '../functions.ts';
import type { ArrayRef } from '../loops/values.ts';
import { member, Names, quote } from '../names.ts';
import type { Block } from '../parts.ts';
import type { PatternWriter } from '../pattern-writer.ts';
import { item, object } from '../results.ts';
import { layout, wrap } from '../text.ts';
import type { WasmEnvironment } from './environment.ts';
import type { InputArrays } from './leaves.ts';
import { MemoryMap } from './memory-map.ts';

/** Columns of a line in a function of the object that `bind` returns. */
const METHOD_WIDTH = WIDTH - 6;

/** A bound function while it is written: its parameters, the arrays in the memory that stand for them, the data it reads. */
export interface WasmMethod {
  readonly scope: Names;
  readonly parameters: Parameters;
  readonly held: Parameters;
  readonly used: Set<Input>;
}

/** What the functions of a module compute, as far as the text around them depends on it. */
export interface Computed {
  /** Blocks that are completed from their upper triangles after the call. */
  readonly cells: readonly MirroredCell[];
  /** Whether the function returns a number. */
  readonly isReturned: boolean;
  /** Whether it fills arrays completely: zeros and both triangles. */
  readonly isWhole?: true;
  readonly operations: number;
}

export class WasmShell {
  readonly memory: MemoryMap;
  readonly #context: Context;
  readonly #patterns: PatternWriter;
  readonly #names: Readonly<Record<'memory' | 'run' | 'at' | 'scalars', string>>;
  /** Parameters and the views that stand for them, by name and length. */
  readonly #views = new Map<string, { readonly parameter: string; readonly view: string }>();
  /** The views of tensors among the data. */
  readonly #data = new Map<Input, string>();
  readonly #scalars: readonly Input[];
  readonly #places = new Map<string, string>();

  constructor(context: Context, environment: WasmEnvironment, patterns: PatternWriter) {
    this.#context = context;
    this.#patterns = patterns;
    this.memory = new MemoryMap(context, environment);
    const { scope, data } = context;
    this.#names = {
      memory: context.own.memory,
      run: scope.take('run'),
      at: scope.take('at'),
      scalars: scope.take('scalars'),
    };
    this.#scalars = data.filter(({ shape }) => shape.length === 0);
    if (this.#scalars.length > 0) {
      this.memory.add(this.#names.scalars, this.#scalars.length, { element: 'f64', isViewed: true });
    }
    for (const input of data) {
      if (input.shape.length === 0) continue;
      const view = scope.take(`${context.locals.get(input.name)}View`);
      const element = input.dtype === 'int' ? { element: 'i32' as const } : {};
      this.memory.add(view, elementsIn(input.shape), { isViewed: true, ...element });
      this.#data.set(input, view);
    }
  }

  /** Begins a bound function. */
  method(entry: Entry): WasmMethod {
    const scope = new Names(this.#context.scope);
    const parameters = parametersOf(entry, scope);
    const { extra } = entry;
    const arrayOf = (block: Block): string => {
      const isOfPattern = block.sparsity !== undefined && block.sparsity.nonzeros === undefined;
      const length = isOfPattern ? this.#patterns.lengthOf(block) : block.length;
      return this.#view(block.parameter!, length, entry.name); // what has none is not among the arrays
    };
    return {
      scope,
      parameters,
      held: {
        theta: this.#view('theta', this.#context.wrt.length, entry.name),
        direction: extra && this.#view(extra.boundParameter, extra.length, entry.name),
        arrays: new Map(Array.from(parameters.arrays.keys(), block => [block, arrayOf(block)])),
      },
      used: new Set(),
    };
  }

  /** Notes that a function reads an input, if it is among the data. */
  notes(name: string, { used }: Pick<WasmMethod, 'used'>): void {
    const input = this.#context.data.find(each => each.name === name);
    if (input !== undefined) used.add(input);
  }

  /** The arrays in the memory that the inputs of a function stand in. */
  arraysOf({ held: { theta, direction = '' } }: WasmMethod): InputArrays {
    const data = new Map(Array.from(this.#data, ([{ name }, view]) => [name, view]));
    return { theta, scalars: this.#names.scalars, data: name => data.get(name)!, extra: direction };
  }

  /** The array in the memory that holds an input of the data. */
  dataOf(name: string, method: WasmMethod): ArrayRef {
    this.notes(name, method);
    const input = this.#context.data.find(each => each.name === name)!; // what is not in theta is data
    const view = this.#data.get(input);
    return view === undefined
      ? { name: this.#names.scalars, offset: this.#scalars.indexOf(input), strides: [] }
      : { name: view, offset: 0, strides: [] };
  }

  /** The array in the memory that holds the places of a sparse matrix, which JavaScript works out under a name. */
  places(name: string): string {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const view = this.memory.add(this.#context.scope.take(`${name}View`), `${name}.length`, {
      element: 'i32',
      isViewed: true,
    });
    this.#places.set(name, view);
    return view;
  }

  /** The text of a bound function. */
  text(
    entry: Entry,
    method: WasmMethod,
    { cells, isReturned, isWhole, operations }: Computed,
  ): EmittedFunction {
    const context = this.#context;
    const { locals, use, deciding, own } = context;
    const { scope, parameters, held } = method;
    const { theta, direction, arrays } = parameters;
    const used = [...method.used].filter(({ name }) => !deciding.has(name));
    const take = (name: string, from: string, to: string) =>
      `if (${from} !== ${to}) ${use('take')}(${quote(name)}, ${from}, ${to});`;
    const read = used.map(({ name, shape }) => ({ name, shape }));
    const value = scope.take('value');
    const call = `${this.#names.run}.${entry.name}()`;
    const after = [
      ...mirrorsOfCells(context, scope, cells),
      ...(isWhole ? [] : mirrors(context, scope, held.arrays)),
      ...Array.from(arrays, ([block, to]) => {
        const from = held.arrays.get(block)!; // one for each
        return `if (${to} !== ${from}) ${use('give')}(${from}, ${to});`;
      }),
    ];
    const lines = [
      ...argumentChecks(context, this.#patterns, entry, parameters),
      ...(read.length === 0 ? [] : destructure(read, locals, own.inputs, METHOD_WIDTH)),
      take('theta', theta, held.theta),
      ...(direction === undefined ? [] : [take(entry.extra!.boundParameter, direction, held.direction!)]),
      ...used.map(input => {
        const local = locals.get(input.name)!;
        const view = this.#data.get(input);
        return view === undefined
          ? `${this.#names.scalars}[${this.#scalars.indexOf(input)}] = ${local};`
          : take(input.name, local, view);
      }),
      ...(isWhole ? [] : clears(context, this.#patterns, scope, held.arrays)),
    ];
    if (!isReturned) lines.push(`${call};`, ...after);
    else if (after.length === 0) lines.push(`return ${call};`);
    else lines.push(`const ${value} = ${call};`, ...after, `return ${value};`);
    return {
      name: entry.name,
      parameters: listOf(parameters),
      lines: lines.flatMap(line => wrap(line, METHOD_WIDTH)),
      chunks: [],
      slots: 0,
      operations,
    };
  }

  /** A bound function that fails if its arrays do not fit into a memory; once the users of all arrays are known. */
  guarded(method: EmittedFunction): EmittedFunction {
    const doubtful = this.memory.doubtful(method.name);
    if (doubtful.length === 0) return method;
    const fits = doubtful.map(name => `${this.#names.at}[${quote(`@${name}`)}]`).join(' && ');
    const guard = `if (!(${fits})) ${this.#context.use('tooLarge')}(${quote(method.name)});`;
    return { ...method, lines: [...wrap(guard, METHOD_WIDTH), ...method.lines] };
  }

  /** The statements of `bind` that make the instance, once all functions are written. */
  allocations(): string[] {
    const { own, sizes, sizeName, data, deciding } = this.#context;
    const { shared } = own;
    const isSame = sizes.map(name => ` && ${member(`${shared}.sizes`, name)} === ${sizeName(name)}`);
    const reuse = [
      ...wrap(`if (!${own.isOwn} && ${shared} !== undefined${isSame.join('')}) {`, WIDTH - 2),
      `  return ${shared}.over(${data.length > 0 ? own.inputs : ''});`,
      '}',
    ];
    const local = ({ name }: Input): string => this.#context.locals.get(name)!; // each has one
    const isDeciding = ({ name }: Input): boolean => deciding.has(name);
    const shown = data.filter(input => !isDeciding(input));
    const held = shown.map(input => item(input.name, this.#data.get(input) ?? local(input)));
    const filled = [...this.#data.keys()].filter(input => !isDeciding(input));
    const fill = (input: Input): string => `${this.#data.get(input)}.set(${local(input)});`;
    return [
      ...(deciding.size > 0 ? [] : reuse),
      ...this.memory.allocations(this.#names),
      ...data.filter(isDeciding).map(input => {
        const at = this.#scalars.indexOf(input);
        return at < 0 ? fill(input) : `${this.#names.scalars}[${at}] = ${local(input)};`;
      }),
      ...Array.from(this.#places, ([name, view]) => `${view}.set(${name});`),
      ...(filled.length === 0
        ? []
        : [
            `if (${own.isOwn}) {`,
            ...filled.map(input => `  ${fill(input)}`),
            ...layout(`  ${own.inputs} = `, object(held), ';', WIDTH - 2),
            '}',
          ]),
    ];
  }

  /** What the object that `bind` returns has besides: lines. */
  members(): string[] {
    const views = Array.from(this.#views.values(), ({ parameter, view }) => item(parameter, view));
    return [...layout('views: ', object(views), ',', WIDTH - 4), `memory: ${this.#names.memory},`];
  }

  /** Statements after the object `f` is made. */
  ending(f: string): string[] {
    const { own, sizes, sizeName, data, deciding } = this.#context;
    if (deciding.size > 0) return [`return ${f};`];
    const list = object(sizes.map(name => item(name, sizeName(name))));
    const over = data.length > 0 ? `given => ((${own.inputs} = given), ${f})` : `() => ${f}`;
    const tree = object([item('sizes', list), item('memory', this.#names.memory), item('over', over)]);
    return [...layout(`if (!${own.isOwn}) ${own.shared} = `, tree, ';', WIDTH - 2), `return ${f};`];
  }

  #view(parameter: string, length: Size | string, user: string): string {
    const key = `${parameter} ${typeof length === 'string' ? length : sizeText(length)}`;
    const known = this.#views.get(key);
    if (known !== undefined) {
      this.memory.use(known.view, user);
      return known.view;
    }
    const view = this.#context.scope.take(`${parameter}View`);
    this.memory.add(view, length, { isViewed: true, users: [user] });
    this.#views.set(key, { parameter, view });
    return view;
  }
}
