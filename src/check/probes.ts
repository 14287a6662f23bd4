// Every way to obtain numbers from an emitted module, the record form and the bound form alike, with the results read
// into flat lists of one order (layout.ts). A number that is missing reads as NaN.

import { type HigherKind, isHigherKind, orderOf } from '../ir/program.ts';
import type { Point } from './domain.ts';
import { type Structure, writtenOut } from './factors.ts';
import { flatten, type Layout, nested, type Part, type Parts, unflatten } from './layout.ts';
import type { Exports } from './load.ts';

/** What is measured; the gradient is a Jacobian of one row. The last three are those of Gauss-Newton: r'r / 2, J'r, J'J. */
export type Quantity =
  | 'value'
  | 'jacobian'
  | 'hessian'
  | HigherKind
  | 'hvp'
  | 'jvp'
  | 'vjp'
  | 'cost'
  | 'normalGradient'
  | 'normalMatrix';

export type Measured = Readonly<Partial<Record<Quantity, ArrayLike<number>>>>;

/** The arguments of one round of calls. */
export interface Call {
  readonly point: Point;
  readonly layout: Layout;
  /** For `hvp` and `jvp`: one number for each element of the inputs in wrt. */
  readonly direction: Float64Array;
  /** For `vjp`: one number for each element of the outputs. */
  readonly cotangent: Float64Array;
}

/** One function of the module. */
export interface Probe {
  readonly name: string;
  readonly measure: (call: Call) => Measured;
}

export type ArrayType = Float64ArrayConstructor | Float32ArrayConstructor;

/** The functions that `module` exports, then those of what its `bind` returns; its arrays are of type `array`. */
export function probesOf(module: Exports, array: ArrayType = Float64Array): Probe[] {
  const higher = Object.keys(module).filter(isHigherKind);
  const recordForms = [...Object.entries(RECORD_FORMS), ...higher.map(recordForm)];
  const records = recordForms.flatMap(([name, measure]): Probe[] => {
    const f = module[name];
    return isCallable(f) ? [{ name, measure: call => measure(f, new RecordCall(call, array)) }] : [];
  });
  const { bind } = module;
  records.push(...factorProbes(module, array));
  if (!isCallable(bind)) return records;
  const boundForms = [...Object.entries(BOUND_FORMS), ...higher.map(boundForm)];
  const bound = boundForms.flatMap(([name, measure]): Probe[] => {
    if (!isCallable(module[name])) return [];
    const constant = patternOf(module, name);
    const measureBound = (call: Call): Measured => {
      const f = bind(dataOf(call));
      const own = at(f, name);
      const pattern = constant ?? patternOf(f, name);
      return isCallable(own) ? measure(own, new BoundCall(call, array, pattern)) : {};
    };
    return [{ name: `bind().${name}`, measure: measureBound }];
  });
  return [...records, ...bound];
}

/** Those that hand out the Hessian as factors. */
function factorProbes({ meta, hessianFactors, bind }: Exports, array: ArrayType): Probe[] {
  const structure = at(meta, 'hessian') as Structure | undefined;
  if (structure?.form !== 'structured' || !isCallable(hessianFactors)) return [];
  const measured = ({ layout, point }: Call, factors: unknown): Measured => {
    const hessian = writtenOut(structure, factors, layout.wrt, point.sizes);
    return hessian === undefined ? {} : { hessian };
  };
  const record: Probe = {
    name: 'hessianFactors',
    measure: call => measured(call, hessianFactors(inputsOf(call.point, call.layout))),
  };
  if (!isCallable(bind)) return [record];
  const measure = (call: Call): Measured => {
    const f = bind(dataOf(call));
    const [fill, unpack] = [at(f, 'hessianFactors'), at(f, 'unpackFactors')];
    if (!isCallable(fill) || !isCallable(unpack)) return {};
    const F = new array(number(at(f, 'factorsSize'))).fill(Number.NaN);
    fill(new array(flatten(call.layout.wrt, call.point)), F);
    return measured(call, unpack(F));
  };
  return [record, { name: 'bind().hessianFactors', measure }];
}

type Callable = (...args: readonly unknown[]) => unknown;

/** A round of calls of functions over records. */
class RecordCall {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly direction: Readonly<Record<string, unknown>>;
  readonly cotangent: unknown;
  readonly #layout: Layout;
  readonly #array: ArrayType;

  constructor({ point, layout, direction, cotangent }: Call, array: ArrayType) {
    this.#layout = layout;
    this.#array = array;
    this.inputs = inputsOf(point, layout);
    this.direction = recordOf(direction, layout.wrt);
    const parts = recordOf(cotangent, layout.outputs);
    const [{ name }] = layout.outputs.items;
    this.cotangent = layout.outputs.items.length === 1 ? parts[name] : parts;
  }

  /** The elements of the outputs. */
  values(result: unknown): Float64Array {
    const { items, length } = this.#layout.outputs;
    const flat = new Float64Array(length).fill(Number.NaN);
    for (const part of items) this.#read(items.length === 1 ? result : at(result, part.name), part, flat);
    return flat;
  }

  /** One number for each element of the inputs in wrt. */
  vector(result: unknown): Float64Array {
    const { items, length } = this.#layout.wrt;
    const flat = new Float64Array(length).fill(Number.NaN);
    for (const part of items) this.#read(at(result, part.name), part, flat);
    return flat;
  }

  jacobian(result: unknown): Float64Array {
    const { outputs } = this.#layout;
    return this.#matrix(
      outputs.items.length === 1 ? { [outputs.items[0].name]: result } : result,
      outputs,
      result,
    );
  }

  hessian(result: unknown): Float64Array {
    return this.#matrix(result, this.#layout.wrt, result);
  }

  /** Records nested by name as one tensor with so many axes. */
  tensor(result: unknown, order: number): Float64Array {
    const { items, length } = this.#layout.wrt;
    const flat = new Float64Array(length ** order).fill(Number.NaN);
    const read = (value: unknown, parts: readonly Part[]): void => {
      if (parts.length < order) {
        for (const part of items) read(at(value, part.name), [...parts, part]);
        return;
      }
      const count = parts.reduce((product, part) => product * part.length, 1);
      const isScalar = parts.every(part => part.isScalar);
      const elements = this.#elements(value, count, isScalar);
      for (let k = 0; k < count; k++) {
        let [rest, place, width] = [k, 0, 1];
        for (const { offset, length: own } of parts.toReversed()) {
          place += (offset + (rest % own)) * width;
          width *= length;
          rest = Math.floor(rest / own);
        }
        flat[place] = elements[k];
      }
    };
    read(result, []);
    return flat;
  }

  /** Blocks of rows by columns as one matrix. */
  #matrix(blocks: unknown, rows: Parts, whole: unknown): Float64Array {
    const { wrt } = this.#layout;
    if (isSparse(whole)) return dense(whole, rows.length, wrt.length);
    const flat = new Float64Array(rows.length * wrt.length).fill(Number.NaN);
    for (const row of rows.items) {
      for (const column of wrt.items) {
        const block = at(at(blocks, row.name), column.name);
        const values = this.#elements(block, row.length * column.length, row.isScalar && column.isScalar);
        for (let k = 0; k < values.length; k++) {
          const j = k % column.length;
          const i = (k - j) / column.length;
          flat[(row.offset + i) * wrt.length + column.offset + j] = values[k];
        }
      }
    }
    return flat;
  }

  #read(value: unknown, { offset, length, isScalar }: Part, flat: Float64Array): void {
    flat.set(this.#elements(value, length, isScalar), offset);
  }

  /** A number, or a flat array of the right type and length; anything else is not what was promised. */
  #elements(value: unknown, length: number, isScalar: boolean): ArrayLike<number> {
    if (isScalar) return [number(value)];
    return value instanceof this.#array && value.length === length
      ? value
      : new Array(length).fill(Number.NaN);
  }
}

const RECORD_FORMS: Readonly<Record<string, (f: Callable, call: RecordCall) => Measured>> = {
  value: (f, call) => ({ value: call.values(f(call.inputs)) }),
  grad: (f, call) => ({ jacobian: call.vector(f(call.inputs)) }),
  valueAndGrad: (f, call) => {
    const both = f(call.inputs);
    return { value: call.values(at(both, 'value')), jacobian: call.vector(at(both, 'grad')) };
  },
  jacobian: (f, call) => ({ jacobian: call.jacobian(f(call.inputs)) }),
  valueAndJacobian: (f, call) => {
    const both = f(call.inputs);
    return { value: call.values(at(both, 'value')), jacobian: call.jacobian(at(both, 'jacobian')) };
  },
  hessian: (f, call) => ({ hessian: call.hessian(f(call.inputs)) }),
  valueGradAndHessian: (f, call) => {
    const all = f(call.inputs);
    const value = call.values(at(all, 'value'));
    return { value, jacobian: call.vector(at(all, 'grad')), hessian: call.hessian(at(all, 'hessian')) };
  },
  gaussNewton: (f, call) => {
    const all = f(call.inputs);
    return {
      cost: [number(at(all, 'cost'))],
      normalGradient: call.vector(at(all, 'gradient')),
      normalMatrix: call.hessian(at(all, 'matrix')),
    };
  },
  hvp: (f, call) => ({ hvp: call.vector(f(call.inputs, call.direction)) }),
  jvp: (f, call) => {
    const both = f(call.inputs, call.direction);
    return { value: call.values(at(both, 'value')), jvp: call.values(at(both, 'tangent')) };
  },
  vjp: (f, call) => {
    const both = f(call.inputs, call.cotangent);
    return { value: call.values(at(both, 'value')), vjp: call.vector(at(both, 'grad')) };
  },
};

function recordForm(kind: HigherKind): [string, (f: Callable, call: RecordCall) => Measured] {
  return [kind, (f, call) => ({ [kind]: call.tensor(f(call.inputs), orderOf(kind)) })];
}

function boundForm(kind: HigherKind): [string, (f: Callable, call: BoundCall) => Measured] {
  return [kind, (f, call) => ({ [kind]: call.filled(call.columns ** orderOf(kind), T => f(call.theta, T)) })];
}

/** A round of calls of bound functions, which take and fill flat arrays. */
class BoundCall {
  readonly theta: ArrayLike<number>;
  readonly direction: ArrayLike<number>;
  readonly cotangent: ArrayLike<number>;
  readonly isNumber: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly #array: ArrayType;
  /** Where the values of a sparse matrix belong. */
  readonly #pattern: Pattern | undefined;

  constructor({ point, layout, direction, cotangent }: Call, array: ArrayType, pattern: Pattern | undefined) {
    this.theta = new array(flatten(layout.wrt, point));
    this.direction = new array(direction);
    this.cotangent = new array(cotangent);
    this.isNumber = layout.isNumber;
    this.rows = layout.outputs.length;
    this.columns = layout.wrt.length;
    this.#array = array;
    this.#pattern = pattern;
  }

  /** An array to fill. */
  array(length: number): Float64Array | Float32Array {
    return new this.#array(length).fill(Number.NaN);
  }

  filled(length: number, fill: (array: ArrayLike<number>) => unknown): ArrayLike<number> {
    const array = this.array(length);
    fill(array);
    return array;
  }

  matrix(rows: number, fill: (array: ArrayLike<number>) => unknown): ArrayLike<number> {
    const { columns } = this;
    if (this.#pattern === undefined) return this.filled(rows * columns, fill);
    const values = this.filled(this.#pattern.rowIndex.length, fill);
    return dense({ ...this.#pattern, values }, rows, columns);
  }
}

const BOUND_FORMS: Readonly<Record<string, (f: Callable, call: BoundCall) => Measured>> = {
  value: (f, call) =>
    call.isNumber
      ? { value: [number(f(call.theta))] }
      : { value: call.filled(call.rows, y => f(call.theta, y)) },
  valueAndGrad: (f, call) => {
    let value = Number.NaN;
    const jacobian = call.filled(call.columns, g => {
      value = number(f(call.theta, g));
    });
    return { value: [value], jacobian };
  },
  jacobian: (f, call) => ({ jacobian: call.matrix(call.rows, J => f(call.theta, J)) }),
  valueAndJacobian: (f, call) => {
    let value: ArrayLike<number> = [];
    const jacobian = call.matrix(call.rows, J => {
      if (call.isNumber) value = [number(f(call.theta, J))];
      else value = call.filled(call.rows, y => f(call.theta, y, J));
    });
    return { value, jacobian };
  },
  hessian: (f, call) => ({ hessian: call.matrix(call.columns, H => f(call.theta, H)) }),
  valueGradAndHessian: (f, call) => {
    const g = call.array(call.columns);
    let value = Number.NaN;
    const hessian = call.matrix(call.columns, H => {
      value = number(f(call.theta, g, H));
    });
    return { value: [value], jacobian: g, hessian };
  },
  gaussNewton: (f, call) => {
    const normalGradient = call.array(call.columns);
    let cost = Number.NaN;
    const normalMatrix = call.matrix(call.columns, A => {
      cost = number(f(call.theta, normalGradient, A));
    });
    return { cost: [cost], normalGradient, normalMatrix };
  },
  hvp: (f, call) => ({ hvp: call.filled(call.columns, out => f(call.theta, call.direction, out)) }),
  jvp: (f, call) => ({ jvp: call.filled(call.rows, out => f(call.theta, call.direction, out)) }),
  vjp: (f, call) => ({ vjp: call.filled(call.columns, out => f(call.theta, call.cotangent, out)) }),
};

// Arguments.

/** All inputs: tensors as nested lists, which tell their lengths; where something is empty, with the sizes by name. */
function inputsOf(point: Point, { inputs }: Layout): Record<string, unknown> {
  const isEmpty = inputs.items.some(({ length }) => length === 0);
  const entries = inputs.items.map(({ name, shape }) => {
    const value = point.get(name)!;
    return [name, typeof value === 'number' || isEmpty ? value : nested(value, shape)] as const;
  });
  return Object.fromEntries([...(isEmpty ? point.sizes : []), ...entries]);
}

/** What `bind` takes: flat arrays, and the sizes by name. */
function dataOf({ point, layout }: Call): Record<string, unknown> {
  const isVariable = new Set(layout.wrt.items.map(({ name }) => name));
  return Object.fromEntries([...point.sizes, ...[...point].filter(([name]) => !isVariable.has(name))]);
}

function recordOf(flat: Float64Array, parts: Parts): Record<string, unknown> {
  return Object.fromEntries(unflatten(parts, flat));
}

// Results.

/** The places of compressed columns. */
interface Pattern {
  readonly rowIndex: ArrayLike<number>;
  readonly colPointer: ArrayLike<number>;
}

interface Sparse extends Pattern {
  readonly values: ArrayLike<number>;
}

function isSparse(result: unknown): result is Sparse {
  return at(result, 'colPointer') instanceof Int32Array;
}

/** Where the values of the matrix that a bound form fills belong, if it is sparse: `holder` is the module, or what `bind` returns. */
function patternOf(holder: unknown, name: string): Pattern | undefined {
  const kind = ['hessian', 'jacobian', 'gaussNewton'].find(each =>
    name.toLowerCase().endsWith(each.toLowerCase()),
  );
  const pattern = at(holder, `${kind}Pattern`);
  return at(pattern, 'colPointer') instanceof Int32Array ? (pattern as Pattern) : undefined;
}

function dense({ values, rowIndex, colPointer }: Sparse, rows: number, columns: number): Float64Array {
  const full = new Float64Array(rows * columns);
  for (let j = 0; j < columns; j++) {
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) full[rowIndex[k] * columns + j] = values[k];
  }
  return full;
}

function at(record: unknown, key: string): unknown {
  return typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[key] : undefined;
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}
