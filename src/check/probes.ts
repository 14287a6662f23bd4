// Every way to obtain numbers from an emitted module, the record form and the bound form alike, with the results read
// into flat lists of one order: outputs before inputs, rows before columns. A number that is missing reads as NaN.

import type { Program } from '../ir/program.ts';
import type { Exports } from './load.ts';

/** What is measured; the gradient is a Jacobian of one row. */
export type Quantity = 'value' | 'jacobian' | 'hessian' | 'hvp' | 'jvp' | 'vjp';

export type Measured = Readonly<Partial<Record<Quantity, readonly number[]>>>;

/** The arguments of one round of calls. */
export interface Call {
  readonly inputs: Readonly<Record<string, number>>;
  /** For `hvp` and `jvp`: one number for each input in wrt. */
  readonly direction: readonly number[];
  /** For `vjp`: one number for each element of the outputs. */
  readonly cotangent: readonly number[];
}

/** One function of the module. */
export interface Probe {
  readonly name: string;
  readonly measure: (call: Call) => Measured;
}

/** The names and the order of the numbers. */
export interface Layout {
  readonly wrt: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly length: number; readonly isScalar: boolean }[];
  /** The path of each element of each output; empty for a single scalar. */
  readonly rows: readonly string[];
}

export function layoutOf({ wrt, outputs }: Program): Layout {
  return {
    wrt,
    outputs: outputs.map(({ name, shape, elements }) => ({
      name,
      length: elements.length,
      isScalar: shape.length === 0,
    })),
    rows: outputs.flatMap(({ name, shape, elements }) => {
      const prefix = outputs.length > 1 ? name : '';
      return elements.map((_, k) => (shape.length === 0 ? prefix : joinPath(prefix, String(k + 1))));
    }),
  };
}

/** `r` and `x` as `r.x`; either may be empty. */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('.');
}

/** The functions that `module` exports, then those of what its `bind` returns. */
export function probesOf(module: Exports, layout: Layout): Probe[] {
  const records = Object.entries(RECORD_FORMS).flatMap(([name, measure]): Probe[] => {
    const f = module[name];
    return isCallable(f) ? [{ name, measure: call => measure(f, call, layout) }] : [];
  });
  const { bind } = module;
  if (!isCallable(bind)) return records;
  const bound = Object.entries(BOUND_FORMS).flatMap(([name, measure]): Probe[] => {
    if (!isCallable(module[name])) return [];
    const measureBound = (call: Call): Measured => {
      const data = Object.entries(call.inputs).filter(([input]) => !layout.wrt.includes(input));
      const f = at(bind(Object.fromEntries(data)), name);
      return isCallable(f) ? measure(f, call, layout, patternOf(module, name, call)) : {};
    };
    return [{ name: `bind().${name}`, measure: measureBound }];
  });
  return [...records, ...bound];
}

type Callable = (...args: readonly unknown[]) => unknown;

const RECORD_FORMS: Readonly<Record<string, (f: Callable, call: Call, layout: Layout) => Measured>> = {
  value: (f, { inputs }, layout) => ({ value: values(f(inputs), layout) }),
  grad: (f, { inputs }, layout) => ({ jacobian: vector(f(inputs), layout) }),
  valueAndGrad: (f, { inputs }, layout) => {
    const both = f(inputs);
    return { value: values(at(both, 'value'), layout), jacobian: vector(at(both, 'grad'), layout) };
  },
  jacobian: (f, { inputs }, layout) => ({ jacobian: jacobian(f(inputs), layout) }),
  valueAndJacobian: (f, { inputs }, layout) => {
    const both = f(inputs);
    return { value: values(at(both, 'value'), layout), jacobian: jacobian(at(both, 'jacobian'), layout) };
  },
  hessian: (f, { inputs }, layout) => ({ hessian: hessian(f(inputs), layout) }),
  valueGradAndHessian: (f, { inputs }, layout) => {
    const all = f(inputs);
    const value = values(at(all, 'value'), layout);
    return { value, jacobian: vector(at(all, 'grad'), layout), hessian: hessian(at(all, 'hessian'), layout) };
  },
  hvp: (f, { inputs, direction }, layout) => ({ hvp: vector(f(inputs, byInput(direction, layout)), layout) }),
  jvp: (f, { inputs, direction }, layout) => {
    const both = f(inputs, byInput(direction, layout));
    return { value: values(at(both, 'value'), layout), jvp: values(at(both, 'tangent'), layout) };
  },
  vjp: (f, { inputs, cotangent }, layout) => {
    const both = f(inputs, byOutput(cotangent, layout));
    return { value: values(at(both, 'value'), layout), vjp: vector(at(both, 'grad'), layout) };
  },
};

/** Bound forms take and fill flat arrays; `pattern` is where the values of a sparse matrix belong. */
const BOUND_FORMS: Readonly<
  Record<string, (f: Callable, call: Call, layout: Layout, pattern: Sparse | undefined) => Measured>
> = {
  value: (f, call, layout) =>
    returnsNumber(layout)
      ? { value: [number(f(theta(call, layout)))] }
      : { value: filled(layout.rows.length, y => f(theta(call, layout), y)) },
  valueAndGrad: (f, call, layout) => {
    let value = NaN;
    const jacobian = filled(layout.wrt.length, g => {
      value = number(f(theta(call, layout), g));
    });
    return { value: [value], jacobian };
  },
  jacobian: (f, call, layout, pattern) => ({
    jacobian: matrix(layout.rows.length, layout.wrt.length, pattern, J => f(theta(call, layout), J)),
  }),
  valueAndJacobian: (f, call, layout, pattern) => {
    const { rows, wrt } = layout;
    let value: readonly number[] = [];
    const jacobian = matrix(rows.length, wrt.length, pattern, J => {
      if (returnsNumber(layout)) value = [number(f(theta(call, layout), J))];
      else value = filled(rows.length, y => f(theta(call, layout), y, J));
    });
    return { value, jacobian };
  },
  hessian: (f, call, layout, pattern) => ({
    hessian: matrix(layout.wrt.length, layout.wrt.length, pattern, H => f(theta(call, layout), H)),
  }),
  valueGradAndHessian: (f, call, layout, pattern) => {
    const n = layout.wrt.length;
    const g = new Float64Array(n).fill(NaN);
    let value = NaN;
    const hessian = matrix(n, n, pattern, H => {
      value = number(f(theta(call, layout), g, H));
    });
    return { value: [value], jacobian: [...g], hessian };
  },
  hvp: (f, call, layout) => ({
    hvp: filled(layout.wrt.length, out => f(theta(call, layout), Float64Array.from(call.direction), out)),
  }),
  jvp: (f, call, layout) => ({
    jvp: filled(layout.rows.length, out => f(theta(call, layout), Float64Array.from(call.direction), out)),
  }),
  vjp: (f, call, layout) => ({
    vjp: filled(layout.wrt.length, out => f(theta(call, layout), Float64Array.from(call.cotangent), out)),
  }),
};

// Arguments.

function theta({ inputs }: Call, { wrt }: Layout): Float64Array {
  return Float64Array.from(wrt, name => inputs[name]);
}

function byInput(numbers: readonly number[], { wrt }: Layout): Record<string, number> {
  return Object.fromEntries(wrt.map((name, j) => [name, numbers[j]]));
}

/** A single output is given bare, several by name. */
function byOutput(numbers: readonly number[], { outputs }: Layout): unknown {
  let from = 0;
  const parts = outputs.map(({ name, length, isScalar }) => {
    const part = numbers.slice(from, from + length);
    from += length;
    return [name, isScalar ? part[0] : Float64Array.from(part)] as const;
  });
  return parts.length === 1 ? parts[0][1] : Object.fromEntries(parts);
}

// Results.

function returnsNumber({ outputs }: Layout): boolean {
  return outputs.length === 1 && outputs[0].isScalar;
}

/** The elements of the outputs. */
function values(result: unknown, { outputs }: Layout): number[] {
  return outputs.flatMap(({ name, length }) =>
    elements(outputs.length === 1 ? result : at(result, name), length),
  );
}

/** One number for each input in wrt. */
function vector(result: unknown, { wrt }: Layout): number[] {
  return wrt.map(name => number(at(result, name)));
}

function jacobian(result: unknown, { outputs, wrt, rows }: Layout): number[] {
  if (isSparse(result)) return dense(result, rows.length, wrt.length);
  return outputs.flatMap(({ name, length }) => {
    const block = outputs.length === 1 ? result : at(result, name);
    const columns = wrt.map(input => elements(at(block, input), length));
    return Array.from({ length: length * wrt.length }, (_, k) => {
      const j = k % wrt.length;
      return columns[j][(k - j) / wrt.length];
    });
  });
}

function hessian(result: unknown, layout: Layout): number[] {
  const { wrt } = layout;
  if (isSparse(result)) return dense(result, wrt.length, wrt.length);
  return wrt.flatMap(name => vector(at(result, name), layout));
}

function matrix(
  rows: number,
  columns: number,
  pattern: Sparse | undefined,
  fill: (array: Float64Array) => void,
) {
  if (pattern === undefined) return filled(rows * columns, fill);
  return dense({ ...pattern, values: filled(pattern.values.length, fill) }, rows, columns);
}

function filled(length: number, fill: (array: Float64Array) => void): number[] {
  const array = new Float64Array(length).fill(NaN);
  fill(array);
  return [...array];
}

/** A matrix by compressed columns. */
interface Sparse {
  readonly values: ArrayLike<number>;
  readonly rowIndex: ArrayLike<number>;
  readonly colPointer: ArrayLike<number>;
}

function isSparse(result: unknown): result is Sparse {
  return at(result, 'colPointer') instanceof Int32Array;
}

/** The pattern of the matrix that a bound form fills; the record form shows it. */
function patternOf(module: Exports, name: string, { inputs }: Call): Sparse | undefined {
  const shower = name.endsWith('essian')
    ? module.hessian
    : name.endsWith('acobian')
      ? module.jacobian
      : undefined;
  const result = isCallable(shower) ? shower(inputs) : undefined;
  return isSparse(result) ? result : undefined;
}

function dense({ values, rowIndex, colPointer }: Sparse, rows: number, columns: number): number[] {
  const full = new Array<number>(rows * columns).fill(0);
  for (let j = 0; j < columns; j++) {
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) full[rowIndex[k] * columns + j] = values[k];
  }
  return full;
}

function elements(result: unknown, length: number): number[] {
  if (!(result instanceof Float64Array)) return length === 1 ? [number(result)] : new Array(length).fill(NaN);
  return Array.from({ length }, (_, k) => result[k] ?? NaN);
}

function at(record: unknown, key: string): unknown {
  return typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[key] : undefined;
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}
