// The bound functions of a program of scalars as WebAssembly, with a memory laid out for the test.

import { contextOf, type Precision } from '../../../src/codegen/context.ts';
import { entriesOf } from '../../../src/codegen/entries.ts';
import { elementsOf } from '../../../src/codegen/results.ts';
import { scalarsIn } from '../../../src/codegen/scalars.ts';
import type { Pieces } from '../../../src/codegen/schedule.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { ELEMENT_BYTES, type ElementType, WasmEnvironment } from '../../../src/codegen/wasm/environment.ts';
import { leafPlaces } from '../../../src/codegen/wasm/leaves.ts';
import { straightFunction } from '../../../src/codegen/wasm/straight.ts';
import type { Program } from '../../../src/ir/program.ts';
import { elementsIn } from '../../../src/ir/shape.ts';
import { instantiate } from './instantiate.ts';

const VIEWS = { f64: Float64Array, f32: Float32Array, i32: Int32Array } as const;

export interface BoundOptions {
  readonly precision?: Precision;
  readonly pieces?: Pieces;
}

export interface Bound {
  /** By name: `theta`, the data, `scalars`, what is filled (`valueAndGrad.g`), second arguments (`hvp.v`). */
  readonly arrays: Readonly<Record<string, Float64Array | Float32Array | Int32Array>>;
  readonly call: (method: string) => number;
  readonly slots: number;
}

/** What is filled holds nines before. */
export function bound(program: Program, { precision = 'f64', pieces }: BoundOptions = {}): Bound {
  const scalars = scalarsIn(program);
  if (scalars === undefined) throw new RangeError('the program has loops');
  const context = contextOf(program, [], precision);
  const encoder = new WasmEncoder();
  const environment = new WasmEnvironment(encoder, precision);
  const lengths = new Map<string, number>([['theta', context.wrt.length as number]]);
  const real = context.data.filter(({ shape }) => shape.length === 0);
  lengths.set('scalars', real.length);
  environment.declare('scalars', 'f64');
  for (const { name, shape, dtype } of context.data) {
    if (shape.length > 0) lengths.set(name, elementsIn(shape) as number);
    if (dtype === 'int') environment.declare(name, 'i32');
  }
  let slots = 0;
  for (const { name, bound: blocks, extra } of entriesOf(program, scalars.of)) {
    if (blocks.length === 0) continue;
    const handed = blocks.map(block => {
      const array = block.parameter === undefined ? undefined : `${name}.${block.parameter}`;
      if (array !== undefined) lengths.set(array, block.length as number);
      return { array, elements: elementsOf(block, scalars) };
    });
    const aside = `${name}.${extra?.boundParameter}`;
    if (extra !== undefined) lengths.set(aside, extra.length as number);
    const arrays = { theta: 'theta', scalars: 'scalars', data: (data: string) => data, extra: aside };
    const made = straightFunction(environment, {
      graph: program.graph,
      handed,
      placeOf: leafPlaces(context, arrays, extra),
      memory: 'slots',
      ...(pieces && { pieces }),
    });
    encoder.export(name, made.code);
    slots = Math.max(slots, made.slots);
  }
  lengths.set('slots', slots);

  const places = new Map<string, { address: number; element: ElementType; length: number }>();
  let end = 0;
  for (const [name, length] of lengths) {
    const { element } = environment.array(name);
    places.set(name, { address: end, element, length });
    end += Math.ceil((length * ELEMENT_BYTES[element]) / 16) * 16 + 16;
  }
  const addresses = Object.fromEntries(Array.from(places, ([name, { address }]) => [name, address]));
  const { exports, buffer } = instantiate(encoder, end, addresses);
  const arrays = Object.fromEntries(
    Array.from(places, ([name, { address, element, length }]) => {
      return [name, new VIEWS[element](buffer, address, length).fill(9)];
    }),
  );
  return { arrays, call: method => exports[method](), slots };
}
