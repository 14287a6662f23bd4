// Programs whose derivatives are sums of terms, made by hand, and what they must compute: the terms are scattered into a
// full matrix by plain loops over what the reference evaluator says of their values and indices.

import { emitModule } from '../../src/codegen/module.ts';
import { bindArguments } from '../../src/ir/arguments.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { tensorEvaluator } from '../../src/ir/evaluate.ts';
import type { Node } from '../../src/ir/graph.ts';
import { type Derivative, type Program, termsOnly } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { evaluateSize } from '../../src/ir/size.ts';
import type { Coordinate, Term } from '../../src/ir/terms.ts';
import { expand } from '../../src/rewrite/expand.ts';
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
export function withTerms({ inputs, wrt, output, kind, terms, values }: Made, form: 'dense' | 'sparse'): Program {
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
  const valueOf = (node: Node) => tensorEvaluator([node])(tensors, sizes)[0];
  const add = (i: number, j: number, value: number) => {
    elements[i * columns.total + j] += value;
    isThere[i * columns.total + j] = 1;
  };
  const whole = (node: Node): Term => {
    return { value: node, coordinates: node.shape.map((_, axis) => along(axis)) };
  };
  const blocks = [
    ...terms,
    ...Array.from(values, ([path, node]) => [path, [whole(node)]] as const).filter(([path]) => !terms.has(path)),
  ];
  for (const [path, list] of blocks) {
    const [u, v] = path.split('.');
    const [row, column] = [rows.map.get(u)!, columns.map.get(v)!];
    const lengths = [...row.lengths, ...column.lengths];
    for (const { value, coordinates } of list) {
      const { shape, elements: numbers } = valueOf(value);
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
            : (valueOf(node).elements[own] as number) - 1;
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
