// Random formulas over tensors through the whole pipeline: every matrix of derivatives of the emitted module, dense and
// sparse, against the reference evaluator on dense nodes, and those against central differences of values.

import { expect, test } from 'vitest';
import { type Compilation, type CompileOptions, compile } from '../src/compile.ts';
import { evaluate, type Value } from '../src/ir/evaluate.ts';
import { type EmittedExports, load } from './load.ts';
import { chooser, type TensorFormula, tensorFormula, tensorInputs } from './tensor-formulas.ts';

const RUNS = Number(process.env.RUNS ?? 60);
const FIRST = Number(process.env.SEED ?? 1);
const SIZES = [0, 1, 2, 3, 5];

type Inputs = Record<string, Value>;
/** Row by row, of one block after the other. */
type Rows = readonly (readonly number[])[];

const flat = (value: unknown): number[] =>
  typeof value === 'number' ? [value] : Array.from(value as ArrayLike<number>);

class Mismatch extends Error {}

/** Throws unless the numbers are close, by the largest of them; what is not finite is not compared if `isEmpty`. */
function compare(
  what: string,
  actual: readonly number[],
  wanted: readonly number[],
  tolerance = 1e-9,
  isEmpty = false,
): void {
  if (actual.length !== wanted.length)
    throw new Mismatch(`${what}: ${actual.length} numbers, not ${wanted.length}`);
  const largest = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
  for (const [k, x] of actual.entries()) {
    const y = wanted[k];
    if (Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * largest) continue;
    if (isEmpty && !(Number.isFinite(x) && Number.isFinite(y))) continue;
    throw new Mismatch(
      `${what}: element ${k} is ${x}, not ${y}\n${actual.slice(0, 50)}\n${wanted.slice(0, 50)}`,
    );
  }
}

/** The blocks of an object by name of objects by name, or of one level of them, as one matrix. */
function matrixOf(blocks: (x: string, y: string) => unknown, rows: Lengths, columns: Lengths): Rows {
  return rows.flatMap(([x, p]) =>
    Array.from({ length: p }, (_, i) =>
      columns.flatMap(([y, q]) => {
        const block = blocks(x, y);
        if (block === undefined) return new Array<number>(q).fill(0);
        const all = flat(block);
        if (all.length !== p * q) throw new Mismatch(`block ${x} by ${y} has ${all.length} elements`);
        return all.slice(i * q, (i + 1) * q);
      }),
    ),
  );
}

type Lengths = readonly (readonly [string, number])[];

function transposed(rows: Rows, columns: number): Rows {
  return Array.from({ length: columns }, (_, j) => rows.map(row => row[j]));
}

interface Reference {
  readonly value: readonly number[];
  readonly grad?: readonly number[];
  readonly hessian?: Rows;
  readonly jacobian?: Rows;
}

/** What the evaluator makes of the nodes of the program. */
function reference({ program }: Compilation, inputs: Inputs, columns: Lengths): Reference {
  const { outputs, derivatives } = evaluate(program, inputs);
  const value = flat(Object.values(outputs)[0]);
  const [name] = Object.keys(outputs);
  const [grad, hessian, jacobian] = (['grad', 'hessian', 'jacobian'] as const).map(kind =>
    derivatives.get(kind),
  );
  const upper = columns.map(([x]) => x);
  return {
    value,
    ...(grad && { grad: matrixOf((_, y) => grad.get(y), [['', 1]], columns)[0] }),
    ...(hessian && {
      hessian: matrixOf(
        (x, y) => {
          if (upper.indexOf(x) <= upper.indexOf(y)) return hessian.get(`${x}.${y}`);
          const mirrored = hessian.get(`${y}.${x}`);
          if (mirrored === undefined) return undefined;
          const [p, q] = [x, y].map(each => columns.find(([name]) => name === each)![1]);
          const all = flat(mirrored);
          return transposed(
            Array.from({ length: q }, (_, i) => all.slice(i * p, (i + 1) * p)),
            p,
          ).flat();
        },
        columns,
        columns,
      ),
    }),
    ...(jacobian && {
      jacobian: matrixOf((_, y) => jacobian.get(`${name}.${y}`), [['', value.length]], columns),
    }),
  };
}

interface Sparse {
  readonly values: ArrayLike<number>;
  readonly rowIndex: ArrayLike<number>;
  readonly colPointer: ArrayLike<number>;
}

function spread({ values, rowIndex, colPointer }: Sparse, rows: number): Rows {
  const columns = colPointer.length - 1;
  const full = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (let j = 0; j < columns; j++) {
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) {
      if (k > colPointer[j] && rowIndex[k] <= rowIndex[k - 1]) throw new Mismatch('rows are not in order');
      full[rowIndex[k]][j] = values[k];
    }
  }
  return full;
}

/** Central differences of `f` by every element of the inputs in `wrt`; NaN where its sides disagree. */
function differences(f: (inputs: Inputs) => readonly number[], inputs: Inputs, wrt: readonly string[]): Rows {
  const middle = f(inputs);
  const columns = wrt.flatMap(name => {
    const value = inputs[name];
    const elements = flat(value);
    return elements.map((x, k) => {
      const at = (y: number) =>
        f({ ...inputs, [name]: typeof value === 'number' ? y : Float64Array.from(elements.with(k, y)) });
      const h = 1e-5;
      const [left, right] = [at(x - h), at(x + h)];
      return middle.map((y, i) => {
        const [before, after] = [(y - left[i]) / h, (right[i] - y) / h];
        const isSmooth = Math.abs(before - after) <= 1e-3 * Math.max(1, Math.abs(before), Math.abs(after));
        return isSmooth ? (before + after) / 2 : Number.NaN;
      });
    });
  });
  return transposed(columns, middle.length);
}

/** Compares where the differences are known. */
function compareSmooth(what: string, actual: Rows, wanted: Rows): void {
  const isKnown = (i: number, j: number) => Number.isFinite(wanted[i][j]) && Math.abs(wanted[i][j]) < 1e3;
  compare(
    what,
    actual.flatMap((row, i) => row.map((x, j) => (isKnown(i, j) ? x : 0))),
    actual.flatMap((row, i) => row.map((_, j) => (isKnown(i, j) ? wanted[i][j] : 0))),
    1e-4,
  );
}

interface Built {
  readonly compilation: Compilation;
  readonly module: EmittedExports;
}

async function built(text: string, options: CompileOptions): Promise<Built> {
  const compilation = compile(text, options);
  return { compilation, module: await load(compilation.code) };
}

/** A formula, differentiated in all ways, and compiled dense and sparse. */
interface Subject {
  readonly wrt: readonly string[];
  readonly isScalar: boolean;
  readonly dense: Built;
  readonly sparse: Built;
}

async function subjectOf(
  { text, wrt }: TensorFormula,
  isScalar: boolean,
  optimize: 0 | 1 | 2,
): Promise<Subject> {
  const kinds = isScalar ? ['hessian'] : ['jacobian', 'gaussNewton'];
  const options = (form: true | 'sparse'): CompileOptions => ({
    optimize,
    ...Object.fromEntries(kinds.map(kind => [kind, form])),
  });
  return {
    wrt,
    isScalar,
    dense: await built(text, options(true)),
    sparse: await built(text, options('sparse')),
  };
}

/** Compares all that the modules compute at one point. */
function checkAt({ wrt, isScalar, dense, sparse }: Subject, inputs: Inputs, columns: Lengths): void {
  const size = columns.reduce((sum, [, length]) => sum + length, 0);
  const wanted = reference(dense.compilation, inputs, columns);
  const [f, s] = [dense.module.bind(inputs), sparse.module.bind(inputs)];
  const theta = f.pack(inputs);
  /** What functions of `bind` fill, whatever was there before. */
  const filled = (
    what: string,
    lengths: readonly number[],
    fill: (...arrays: Float64Array[]) => void,
  ): Rows => {
    const [first, again] = [Number.NaN, 3].map(before => {
      const arrays = lengths.map(length => new Float64Array(length).fill(before));
      fill(...arrays);
      return arrays.map(array => Array.from(array));
    });
    compare(`${what} again`, again.flat(), first.flat());
    return first;
  };
  // The mean or the maximum of nothing is not finite, and what such numbers give depends on the order of operations.
  const isEmpty = flat(inputs.v).length < 2 || flat(inputs.z).length === 0;
  const check = (what: string, actual: Rows, expected: Rows) =>
    compare(what, actual.flat(), expected.flat(), 1e-9, isEmpty);
  const one = (module: EmittedExports, name: string, length: number) =>
    filled(name, [length], array => module[name](theta, array));
  const patternOf = (name: string) => sparse.module[`${name}Pattern`] ?? s[`${name}Pattern`];
  const sparseRows = (name: string, rows: number) => {
    const pattern = patternOf(name);
    const [values] = one(s, name, pattern.rowIndex.length);
    return spread({ ...pattern, values }, rows);
  };
  check('value', [flat(dense.module.value(inputs))], [wanted.value]);
  if (isScalar) {
    const blocks = dense.module.hessian(inputs);
    check('grad', [wrt.flatMap(name => flat(dense.module.grad(inputs)[name]))], [wanted.grad!]);
    check('hessian', one(f, 'hessian', size * size), wanted.hessian!);
    check(
      'hessian by blocks',
      matrixOf((x, y) => blocks[x][y], columns, columns),
      wanted.hessian!,
    );
    check('sparse hessian', sparseRows('hessian', size), wanted.hessian!);
    check('sparse hessian of a record', spread(sparse.module.hessian(inputs), size), wanted.hessian!);
    return;
  }
  const { value, jacobian } = wanted as Required<Reference>;
  check('jacobian', one(f, 'jacobian', value.length * size), jacobian);
  check('sparse jacobian', sparseRows('jacobian', value.length), jacobian);
  if (!value.every(Number.isFinite)) return; // 0 * Infinity is not computed
  const sumOver = (term: (row: readonly number[], r: number) => number) =>
    jacobian.reduce((sum, row, r) => sum + term(row, r), 0);
  const range = Array.from({ length: size }, (_, i) => i);
  const normal = range.map(i => range.map(j => sumOver(row => row[i] * row[j])));
  const gradient = range.map(i => sumOver((row, r) => row[i] * value[r]));
  const [g, matrix] = filled("J'J", [size, size * size], (g, matrix) => f.gaussNewton(theta, g, matrix));
  check("J'r", [g], [gradient]);
  check("J'J", [matrix], normal);
  const pattern = patternOf('gaussNewton');
  const [, values] = filled("sparse J'J", [size, pattern.rowIndex.length], (g, values) =>
    s.gaussNewton(theta, g, values),
  );
  check("sparse J'J", spread({ ...pattern, values }, size), normal);
}

/** Compares what the evaluator makes of the derivatives with differences of what it makes of values and gradients. */
function checkDifferences({ wrt, isScalar, dense }: Subject, inputs: Inputs, columns: Lengths): void {
  const at = (part: 'value' | 'grad') => (point: Inputs) =>
    reference(dense.compilation, point, columns)[part]!;
  const { grad, hessian, jacobian } = reference(dense.compilation, inputs, columns);
  const first = differences(at('value'), inputs, wrt);
  if (isScalar) {
    compareSmooth('grad by differences', [grad!], first);
    compareSmooth('hessian by differences', hessian!, differences(at('grad'), inputs, wrt));
  } else compareSmooth('jacobian by differences', jacobian!, first);
}

async function checkFormula(formula: TensorFormula, isScalar: boolean, seed: number): Promise<void> {
  const choose = chooser(seed + 1);
  const optimize = pick(choose, [0, 1, 2, 2] as const);
  const subject = await subjectOf(formula, isScalar, optimize);
  for (let run = 0; run < 3; run++) {
    const [n, m] = [pick(choose, SIZES), pick(choose, SIZES)];
    const all = tensorInputs(seed + run, n, m);
    const names = subject.dense.compilation.program.inputs.map(({ name }) => name);
    const inputs: Inputs = Object.fromEntries(names.map(name => [name, all[name]]));
    const columns = formula.wrt.map(name => [name, flat(inputs[name]).length] as const);
    try {
      checkAt(subject, inputs, columns);
      if (run === 0 && n > 1 && m > 0) checkDifferences(subject, inputs, columns); // nothing is empty
    } catch (error) {
      if (error instanceof RangeError && (n === 0 || m === 0)) continue; // there is no first element of nothing
      const what = error instanceof Mismatch ? error.message : (error as Error).stack;
      throw new Error(`-O${optimize}, n = ${n}, m = ${m}: ${what}`);
    }
  }
}

function pick<T>(choose: (count: number) => number, list: readonly T[]): T {
  return list[choose(list.length)];
}

async function checkSeed(seed: number): Promise<void> {
  const choose = chooser(seed);
  const isScalar = choose(3) < 2;
  const dims = isScalar ? [] : pick(choose, [['n'], ['m'], ['n + m'], ['n', 'm'], ['n - 1'], ['3', 'n']]);
  const formula = tensorFormula(seed, dims, 1 + choose(4));
  try {
    await checkFormula(formula, isScalar, seed);
  } catch (error) {
    expect.fail(`seed ${seed}, ${(error as Error).message}\n${formula.text}`);
  }
}

/** Seeds of formulas that once went wrong. */
const FOUND = [1506, 3104, 3792, 5498];

test.each(FOUND)('the formula of seed %i', checkSeed);

const GROUP = 20;

test.each(Array.from({ length: Math.ceil(RUNS / GROUP) }, (_, k) => FIRST + GROUP * k))(
  'random formulas from %i',
  async first => {
    for (let seed = first; seed < first + GROUP; seed++) await checkSeed(seed);
  },
);
