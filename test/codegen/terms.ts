// Programs whose derivatives are sums of terms, made by hand, and what they must compute: the terms are scattered into a
// full matrix by plain loops over what the reference evaluator says of their values and indices.

import { expect } from 'vitest';
import { emitModule, type MetaSparse } from '../../src/codegen/module.ts';
import { bindArguments } from '../../src/ir/arguments.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { tensorEvaluator } from '../../src/ir/evaluate.ts';
import type { Node } from '../../src/ir/graph.ts';
import { type Derivative, type Program, rootsOf, termsOnly } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { evaluateSize } from '../../src/ir/size.ts';
import type { Coordinate, Term } from '../../src/ir/terms.ts';
import { expand } from '../../src/rewrite/expand.ts';
import { type EmittedExports, load } from '../load.ts';
import { type Declarations, programOf } from './tensors.ts';

export type Terms = Readonly<Record<string, readonly Term[]>>;
export type Nodes = Readonly<Record<string, Node>>;

export interface Made {
  readonly inputs: Declarations;
  readonly wrt: readonly string[];
  readonly output: (b: Builder, x: Nodes) => Node;
  readonly kind: 'hessian' | 'jacobian';
  readonly terms: (b: Builder, x: Nodes) => Terms;
  /** Blocks that are known as values only. */
  readonly values?: (b: Builder, x: Nodes) => Nodes;
}

/** A program with one output, `f`, and one derivative. */
export function withTerms(
  { inputs, wrt, output, kind, terms, values }: Made,
  form: 'dense' | 'sparse',
): Program {
  const program = programOf(inputs, (b, x) => ({ f: output(b, x) }), wrt);
  const b = builder(program.graph);
  const x = Object.fromEntries(program.inputs.map(({ name, node }) => [name, node]));
  const derivative: Derivative = {
    kind,
    form,
    values: new Map(Object.entries(values?.(b, x) ?? {})),
    inputs: [],
    terms: new Map(Object.entries(terms(b, x))),
  };
  return { ...program, derivatives: [derivative] };
}

export function moduleOf(program: Program, precision: 'f64' | 'f32' = 'f64') {
  return emitModule(expand(termsOnly(program)), { format: 'esm', header: 'test', precision });
}

/** Along an axis of the value from `start` on, every `step`. */
export function along(axis: number, start: Coordinate['start'] = 0, step = 1): Coordinate {
  return { axis, start, step };
}

/** At one place. */
export function at(start: Coordinate['start']): Coordinate {
  return { axis: undefined, start, step: 1 };
}

/** Where an index says. */
export function looked(index: Node, axis?: number): Coordinate {
  return { axis, start: 0, step: 1, index };
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly elements: Float64Array;
  /** Whether some term has an element there. */
  readonly isThere: Uint8Array;
}

/** The whole matrix of the derivative of `program` at `inputs`. */
export function scattered(program: Program, inputs: Readonly<Record<string, unknown>>): Matrix {
  const [{ kind, terms = new Map<string, readonly Term[]>(), values }] = program.derivatives;
  const { tensors, sizes } = bindArguments(program.inputs, inputs as never);
  const lengthsOf = (shape: Shape) => shape.map(size => evaluateSize(size, sizes));
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  const place = (names: readonly { readonly name: string; readonly shape: Shape }[]) => {
    let offset = 0;
    const map = new Map<string, { readonly offset: number; readonly lengths: readonly number[] }>();
    for (const { name, shape } of names) {
      const lengths = lengthsOf(shape);
      map.set(name, { offset, lengths });
      offset += count(lengths);
    }
    return { map, total: offset };
  };
  const variables = program.wrt.map(name => program.inputs.find(input => input.name === name)!);
  const columns = place(variables);
  const rows = kind === 'hessian' ? columns : place(program.outputs);
  const elements = new Float64Array(rows.total * columns.total);
  const isThere = new Uint8Array(elements.length);
  const nodes = [...new Set(rootsOf(program))];
  const results = tensorEvaluator(nodes)(tensors, sizes);
  const resultOf = (node: Node) => results[nodes.indexOf(node)];
  const add = (i: number, j: number, value: number) => {
    elements[i * columns.total + j] += value;
    isThere[i * columns.total + j] = 1;
  };
  const whole = (node: Node): Term => {
    return { value: node, coordinates: node.shape.map((_, axis) => along(axis)) };
  };
  const blocks = [
    ...terms,
    ...Array.from(values, ([path, node]) => [path, [whole(node)]] as const).filter(
      ([path]) => !terms.has(path),
    ),
  ];
  for (const [path, list] of blocks) {
    const [u, v] = path.split('.');
    const [row, column] = [rows.map.get(u)!, columns.map.get(v)!];
    const lengths = [...row.lengths, ...column.lengths];
    for (const { value, coordinates } of list) {
      const { shape, elements: numbers } = resultOf(value);
      for (let k = 0; k < numbers.length; k++) {
        const index: number[] = [];
        for (let axis = shape.length - 1, rest = k; axis >= 0; axis--) {
          index.unshift(rest % shape[axis]);
          rest = Math.floor(rest / shape[axis]);
        }
        const position = coordinates.map(({ axis, start, step, index: node }) => {
          const own = axis === undefined ? 0 : index[axis];
          return node === undefined
            ? evaluateSize(start, sizes) + step * own
            : (resultOf(node).elements[own] as number) - 1;
        });
        const flat = (from: number, to: number) =>
          position.slice(from, to).reduce((sum, each, axis) => sum * lengths[from + axis] + each, 0);
        const [i, j] = [
          row.offset + flat(0, row.lengths.length),
          column.offset + flat(row.lengths.length, lengths.length),
        ];
        add(i, j, numbers[k] as number);
        if (kind === 'hessian' && u !== v) add(j, i, numbers[k] as number);
      }
    }
  }
  return { rows: rows.total, columns: columns.total, elements, isThere };
}

type Inputs = Readonly<Record<string, unknown>>;

/** Compares the dense and the sparse module of a derivative with the terms scattered by loops; returns the sparse one. */
export async function checkTerms(
  made: Made,
  inputs: Inputs,
  precision: 'f64' | 'f32' = 'f64',
): Promise<EmittedExports> {
  const dense = withTerms(made, 'dense');
  const matrix = scattered(dense, inputs);
  const name = made.kind;
  const array = precision === 'f32' ? Float32Array : Float64Array;
  const tolerance = precision === 'f32' ? 1e-5 : 1e-12;
  const compare = (actual: ArrayLike<number>, code: string) => {
    expect(actual.length, code).toBe(matrix.elements.length);
    for (const [k, expected] of matrix.elements.entries()) {
      const difference = Math.abs(actual[k] - expected);
      if (difference <= tolerance * Math.max(1, Math.abs(expected)) || Object.is(actual[k], expected))
        continue;
      expect.fail(`element ${k} is ${actual[k]}, not ${expected}\n${code}`);
    }
  };

  const { code } = moduleOf(dense, precision);
  const f = (await load(code)).bind(inputs);
  const theta = f.pack(inputs);
  const full = new array(matrix.elements.length).fill(Number.NaN);
  f[name](theta, full);
  compare(full, code);
  const again = new array(full.length).fill(7);
  f[name](theta, again);
  expect(again).toEqual(full);

  const sparse = moduleOf(withTerms(made, 'sparse'), precision);
  const module = await load(sparse.code);
  const s = module.bind(inputs);
  const pattern = module[`${name}Pattern`] ?? s[`${name}Pattern`];
  expect(pattern, sparse.code).toEqual(patternOf(matrix));
  const values = new array(pattern.rowIndex.length).fill(Number.NaN);
  s[name](theta, values);
  const spread = new Float64Array(matrix.elements.length);
  for (let j = 0; j < matrix.columns; j++) {
    for (let k = pattern.colPointer[j]; k < pattern.colPointer[j + 1]; k++) {
      spread[pattern.rowIndex[k] * matrix.columns + j] = values[k];
    }
  }
  compare(spread, sparse.code);
  expect(module[name](inputs)).toEqual({ values, ...pattern });
  const { form, nonzeros } = sparse.meta[name] as MetaSparse;
  expect(form).toBe('sparse');
  if (typeof nonzeros === 'number') expect(nonzeros).toBe(values.length);
  return module;
}

/** The pattern of what is there, column by column. */
function patternOf({ rows, columns, isThere }: Matrix) {
  const rowIndex: number[] = [];
  const colPointer = [0];
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) if (isThere[i * columns + j]) rowIndex.push(i);
    colPointer.push(rowIndex.length);
  }
  return { rowIndex: Int32Array.from(rowIndex), colPointer: Int32Array.from(colPointer) };
}
