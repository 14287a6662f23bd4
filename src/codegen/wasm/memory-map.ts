// The arrays in the memory of an instance, and the statements of `bind` that give each its place. Lengths may depend on
// named sizes, so places are worked out when these are known. Invariant: what stands in the module from the start, constants,
// comes first, at places that do not depend on sizes.

import type { Size } from '../../ir/size.ts';
import { type Context, sizeIn, WIDTH } from '../context.ts';
import { ADDITIVE } from '../forms.ts';
import { sizeExpression } from '../loops/size-text.ts';
import { quote } from '../names.ts';
import { object } from '../results.ts';
import { layout } from '../text.ts';
import { ELEMENT_BYTES, type ElementType, type WasmEnvironment } from './environment.ts';

/** The typed array that shows elements to JavaScript. */
const VIEWS = { f64: 'Float64Array', f32: 'Float32Array', i32: 'Int32Array' } as const;

/** The first byte that is used, and the room that is left behind an array: a vector may be loaded over its end. */
const FIRST = 64;
const SLACK = 16;

interface Placed {
  /** A size, or the text of a number of elements. */
  readonly length: Size | string;
  readonly element: ElementType;
  /** Whether JavaScript reads or fills it, through a view of that name. */
  readonly isViewed: boolean;
  /** The functions that need it; none stands for all. */
  readonly users: Set<string>;
}

/** Functions that an optimiser calls: their arrays have to fit. What a matrix takes may be more than there is. */
export function isEssential(name: string): boolean {
  return name === 'value' || name === 'valueAndGrad';
}

export interface PlaceOptions {
  readonly element?: ElementType;
  readonly isViewed?: boolean;
  readonly users?: Iterable<string>;
}

export class MemoryMap {
  readonly #context: Context;
  readonly #environment: WasmEnvironment;
  readonly #arrays = new Map<string, Placed>();
  readonly #constants = new Map<string, number>();
  #end = FIRST;

  constructor(context: Context, environment: WasmEnvironment) {
    this.#context = context;
    this.#environment = environment;
  }

  /** An array of `length` elements, of the module's precision unless told otherwise. */
  add(
    name: string,
    length: Size | string,
    { element = this.#environment.precision, isViewed = false, users = [] }: PlaceOptions = {},
  ): string {
    this.#environment.declare(name, element);
    this.#arrays.set(name, { length, element, isViewed, users: new Set(users) });
    return name;
  }

  /** Notes that a function needs an array. */
  use(name: string, user: string): void {
    this.#arrays.get(name)?.users.add(user);
  }

  /** The arrays of a function that may be too large for a memory. */
  doubtful(user: string): string[] {
    if (this.#context.sizes.length === 0) return [];
    return [...this.#arrays].flatMap(([name, placed]) =>
      placed.users.has(user) && isOptional(placed) ? [name] : [],
    );
  }

  /** Constants, which the module itself puts into the memory. */
  addConstants(name: string, values: readonly number[]): void {
    const type = this.#environment.precision;
    const bytes = new Uint8Array(values.length * ELEMENT_BYTES[type]);
    const view = new DataView(bytes.buffer);
    for (const [k, value] of values.entries()) {
      if (type === 'f64') view.setFloat64(8 * k, value, true);
      else view.setFloat32(4 * k, value, true);
    }
    this.#constants.set(name, this.#end);
    this.#environment.encoder.data(this.#end, bytes);
    this.#end = (this.#end + bytes.length + SLACK + 15) & ~15;
  }

  /** `'@constants': 64, '#n': n`: the imported numbers that sizes decide, and those that they do not. */
  constants(): string[] {
    return Array.from(this.#constants, ([name, at]) => `${quote(`@${name}`)}: ${at}`);
  }

  /** The statements that allocate the memory, `memory`, and make the instance, `run`, and the views. */
  allocations(names: { readonly memory: string; readonly run: string; readonly at: string }): string[] {
    const { use, sizeName } = this.#context;
    const { memory, run, at } = names;
    const imported = new Set(this.#environment.encoder.globalNames());
    const arrays = [...this.#arrays].filter(([name, { isViewed }]) => isViewed || imported.has(`@${name}`));
    const isDoubtful = (placed: Placed) => this.#context.sizes.length > 0 && isOptional(placed);
    const lengths = (isOf: (placed: Placed) => boolean) =>
      arrays
        .filter(([, placed]) => isOf(placed))
        .map(([name, { length, element }]) => ({
          prefix: `${quote(`@${name}`)}: `,
          tree: this.#bytes(length, ELEMENT_BYTES[element]),
        }));
    const optional = lengths(isDoubtful);
    const sized = [
      { prefix: '', tree: String(this.#end) },
      { prefix: '', tree: object(lengths(placed => !isDoubtful(placed))) },
      ...(optional.length > 0 ? [{ prefix: '', tree: object(optional) }] : []),
    ];
    const sizes = this.#context.sizes.filter(name => imported.has(`#${name}`));
    const numbers = object([
      ...sizes.map(name => ({ prefix: `${quote(`#${name}`)}: `, tree: sizeName(name) })),
      { prefix: '...', tree: at },
    ]);
    return [
      ...layout(`const ${at} = `, { open: `${use('places')}(`, items: sized, close: ')' }, ';', WIDTH - 2),
      `const ${memory} = ${use('memoryOf')}(${at}.end, ${this.#context.own.isOwn} ? undefined : ${this.#context.own.shared}?.memory);`,
      ...layout(
        `const ${run} = ${use('instance')}(${memory}, `,
        numbers,
        `, ${this.#context.own.isOwn});`,
        WIDTH - 2,
      ),
      ...arrays
        .filter(([, { isViewed }]) => isViewed)
        .map(([name, placed]) => {
          const { length, element } = placed;
          const place = `${at}[${quote(`@${name}`)}]`;
          const view = `new ${VIEWS[element]}(${memory}.buffer, ${place}, ${this.#length(length)})`;
          return `const ${name} = ${isDoubtful(placed) ? `${place} && ` : ''}${view};`;
        }),
    ];
  }

  /** For statistics: the arrays that only the functions see. */
  workspace(): { readonly name: string; readonly length: Size | string }[] {
    return [...this.#arrays]
      .filter(([, { isViewed }]) => !isViewed)
      .map(([name, { length }]) => ({ name, length }));
  }

  #length(length: Size | string): string {
    return typeof length === 'string' ? length : sizeIn(this.#context, length);
  }

  #bytes(length: Size | string, bytes: number): string {
    if (typeof length === 'number') return String(length * bytes);
    if (typeof length === 'string') return `${bytes} * ${length}`;
    const { text, level } = sizeExpression(length, this.#context.sizeName);
    return `${bytes} * ${level <= ADDITIVE ? `(${text})` : text}`;
  }
}

function isOptional({ users }: Placed): boolean {
  return users.size > 0 && ![...users].some(isEssential);
}
