// Modules of sparse Jacobians and Hessians of fixed sizes, from terms or by colours: written out as matrices they are what
// central differences of the value or the gradient say, and the dense module of the same formula; the pattern is where that
// is not zero, the colours are known from the literature or by hand.

import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compile.ts';
import { printIr } from '../../src/ir/print.ts';
import { difference, generator } from '../differences.ts';
import { formulaOf, programOf } from '../grad/tensors.ts';
import { type EmittedExports, load } from '../load.ts';

interface Case {
  readonly text: string;
  readonly language?: 'expr' | 'ir';
  readonly kind: 'jacobian' | 'hessian';
  readonly from: 'terms' | 'colours';
  readonly by: 'columns' | 'rows' | 'symmetric';
  readonly colours: number;
  /** Elements of the pattern. */
  readonly nonzeros: number;
  /** How many of them are zero: terms are kept if these are less than half. Default none. */
  readonly zeros?: number;
}

const range = (count: number) => Array.from({ length: count }, (_, k) => k);
const sumOf = (terms: readonly string[]) => terms.join(' + ');

const FIVE_POINTS = '4 * U[2:9,2:9] - U[1:8,2:9] - U[3:10,2:9] - U[2:9,1:8] - U[2:9,3:10] + exp(U[2:9,2:9])';

const [jacobian, hessian] = ['jacobian', 'hessian'] as const;
const [terms, colours] = ['terms', 'colours'] as const;

// biome-ignore format: one formula a paragraph
const CASES: Readonly<Record<string, Case>> = {
  'elements': { text: '# @input x: 50\nexp(x)', kind: jacobian, from: terms, by: 'columns', colours: 1, nonzeros: 50 },
  'a tridiagonal recurrence': {
    text: '# @input x: 40\nx[2:39] .* x[1:38] - exp(x[3:40]) .* x[2:39]',
    kind: jacobian, from: terms, by: 'columns', colours: 3, nonzeros: 3 * 38,
  },
  'axes merged': {
    text: '# @input A: 8 x 9\ny = reshape(exp(A), [72])\ny[2:72] .* y[1:71]',
    kind: jacobian, from: colours, by: 'columns', colours: 2, nonzeros: 2 * 71,
  },
  'axes merged, in a Hessian': {
    text: '# @input A: 8 x 9\ny = reshape(sin(A), [72])\nsum((y[2:72] - y[1:71].^2).^2)',
    kind: hessian, from: colours, by: 'symmetric', colours: 3, nonzeros: 72 + 2 * 71,
  },
  'five points of a grid': {
    text: `# @input U: 10 x 10\n${FIVE_POINTS}`, kind: jacobian, from: terms, by: 'rows', colours: 5, nonzeros: 5 * 64,
  },
  'five points of a vector': {
    text: `# @input u: 100\nU = reshape(u, [10, 10])\nreshape(${FIVE_POINTS}, [64])`,
    kind: jacobian, from: colours, by: 'rows', colours: 5, nonzeros: 5 * 64,
  },
  'Rosenbrock': {
    text: '# @input x: 40\nsum(100 * (x[2:40] - x[1:39].^2).^2 + (1 - x[1:39]).^2)',
    kind: hessian, from: terms, by: 'symmetric', colours: 3, nonzeros: 40 + 2 * 39,
  },
  'Rosenbrock written out': {
    text: `# @input x: 40\n${sumOf(range(39).map(k => `100 * (x[${k + 2}] - x[${k + 1}]^2)^2 + (1 - x[${k + 1}])^2`))}`,
    kind: hessian, from: terms, by: 'symmetric', colours: 3, nonzeros: 40 + 2 * 39,
  },
  'an arrow': {
    text: '# @input x: 40\nx[1] * sum(x .^ 2) + sum(exp(x))', kind: hessian, from: terms, by: 'symmetric', colours: 2, nonzeros: 40 + 2 * 39,
  },
  'an arrow of merged axes': {
    text: '# @input A: 6 x 7\ny = reshape(sin(A), [42])\ny[1] * sum(y[2:42] .^ 2)',
    kind: hessian, from: colours, by: 'symmetric', colours: 2, nonzeros: 42 + 2 * 41,
  },
  'a literal of 200 elements': {
    text: `# @input x: 200\n[${range(199).map(k => `x[${k + 1}] * exp(x[${k + 2}])`).join(', ')}]`,
    kind: jacobian, from: terms, by: 'columns', colours: 2, nonzeros: 2 * 199,
  },
  'running products of columns': {
    text: printIr(programOf(formulaOf([[12, 5]], (b, A) => b.cumprod(A, { axis: 0, exclusive: false, reverse: false })))),
    language: 'ir', kind: jacobian, from: terms, by: 'columns', colours: 12, nonzeros: 5 * 12 * 12, zeros: 5 * 12 * 11 / 2,
  },
  'running products of short stretches': {
    text: printIr(programOf(formulaOf([[60]], (b, x) => {
      const rows = b.cumprod(b.reshape(x, [20, 3]), { axis: 1, exclusive: false, reverse: false });
      return b.reshape(rows, [60]);
    }))),
    language: 'ir', kind: jacobian, from: colours, by: 'columns', colours: 3, nonzeros: 20 * 6,
  },
  'sums of merged axes': {
    text: '# @input A: 20 x 6\nsum(reshape(A .^ 3, [40, 3]), 2)',
    kind: jacobian, from: colours, by: 'rows', colours: 1, nonzeros: 120,
  },
  'two inputs': {
    text: '# @input A: 5 x 8\n# @input s: scalar\ny = reshape(A .^ 3, [40])\nsum(s * y .* y) + sin(s)',
    kind: hessian, from: colours, by: 'symmetric', colours: 2, nonzeros: 40 + 2 * 40 + 1,
  },
};

type Options = { readonly precision?: 'f32' };

function sparseOf({ text, language = 'expr', kind }: Case, options: Options = {}) {
  return compile(text, { unroll: 0, language, [kind]: 'sparse', ...options });
}

/** The module of the sparse matrix, and of the dense one. */
async function modulesOf(each: Case, options: Options = {}) {
  const { text, language = 'expr', kind } = each;
  const dense = compile(text, { unroll: 0, language, [kind]: true, ...options });
  return [await load(sparseOf(each, options).code), await load(dense.code)] as const;
}

/** A point, as the flat vector of a bound module. */
function pointOf(size: number, seed = 1): Float64Array {
  const random = generator(seed);
  return Float64Array.from({ length: size }, () => 0.5 + random());
}

/** The matrix of the sparse module, written out, and whether an element is in the pattern. */
function writtenOut(module: EmittedExports, kind: Case['kind'], theta: ArrayLike<number>, rows: number) {
  const { rowIndex, colPointer } = module[`${kind}Pattern`];
  const values = new Float64Array(rowIndex.length).fill(Number.NaN); // all are assigned
  module.bind()[kind](theta, values);
  const columns = colPointer.length - 1;
  const elements = new Float64Array(rows * columns);
  const isThere = new Uint8Array(rows * columns);
  for (let j = 0; j < columns; j++) {
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) {
      elements[rowIndex[k] * columns + j] = values[k];
      isThere[rowIndex[k] * columns + j] = 1;
    }
  }
  return { elements, isThere, columns };
}

/** What is differentiated: the elements of the value, or of the gradient. */
function functionOf(module: EmittedExports, kind: Case['kind']): (theta: Float64Array) => Float64Array {
  const f = module.bind();
  const rows =
    kind === 'hessian' ? f.size : module.meta.outputs[0].shape.reduce((p: number, n: number) => p * n, 1);
  return theta => {
    const y = new Float64Array(rows);
    if (kind === 'hessian') f.valueAndGrad(theta, y);
    else f.value(theta, y);
    return y;
  };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let k = 0; k < expected.length; k++) {
    const isClose = Math.abs(actual[k] - expected[k]) <= tolerance * Math.max(1, Math.abs(expected[k]));
    if (!isClose) expect.fail(`element ${k} is ${actual[k]}, not ${expected[k]}`);
  }
}

describe.each(Object.entries(CASES))('%s', (_, each) => {
  const { kind } = each;

  test('nonzeros and colours', () => {
    const { meta, stats } = sparseOf(each);
    const { nonzeros, colours, by, from } = each;
    expect(stats.patterns).toEqual([{ matrix: kind, nonzeros, by, colours, from }]);
    expect(meta[kind]).toEqual({ form: 'sparse', nonzeros, colours });
  });

  test('is the dense matrix, in its pattern', async () => {
    const [sparse, dense] = await modulesOf(each);
    const f = dense.bind();
    const theta = pointOf(f.size);
    const rows = functionOf(sparse, kind)(theta).length;
    const { elements, isThere } = writtenOut(sparse, kind, theta, rows);
    const expected = new Float64Array(elements.length);
    f[kind](theta, expected);
    expectClose(elements, expected, 1e-12);
    const superfluous = isThere.reduce((sum, there, k) => sum + (there && expected[k] === 0 ? 1 : 0), 0);
    expect(superfluous).toBe(each.zeros ?? 0);
  });

  test('is what differences say', async () => {
    const module = await load(sparseOf(each).code);
    const theta = pointOf(module.bind().size, 2);
    const f = functionOf(module, kind);
    const rows = f(theta).length;
    const { elements, columns } = writtenOut(module, kind, theta, rows);
    for (let j = 0; j < columns; j += 7) {
      const at = (s: number) => f(theta.with(j, theta[j] + s));
      const expected = range(rows).map(i => difference(s => at(s)[i], 0, 0.02));
      expectClose(
        range(rows).map(i => elements[i * columns + j]),
        expected,
        1e-7,
      );
    }
  });
});

describe('modules of compressed matrices', () => {
  const merged = CASES['axes merged'];

  test('in single precision', async () => {
    const [single] = await modulesOf(merged, { precision: 'f32' });
    const f = single.bind();
    const theta = Float32Array.from(pointOf(f.size));
    const values = new Float32Array(2 * 71);
    f.jacobian(theta, values);
    const [exact] = await modulesOf(merged);
    const expected = new Float64Array(2 * 71);
    exact.bind().jacobian(Float64Array.from(theta), expected);
    expectClose(values, expected, 1e-5);
  });

  test('over records', async () => {
    const [module] = await modulesOf(merged);
    const A = pointOf(72);
    const { jacobian, value } = module.valueAndJacobian({ A });
    expect(value).toEqual(module.value({ A }));
    expect(jacobian).toEqual(module.jacobian({ A }));
    expect(jacobian.colPointer).toEqual(module.jacobianPattern.colPointer);
  });

  test('are the same text whenever they are made', () => {
    const make = () => compile(merged.text, { unroll: 0, jacobian: 'sparse', vjp: true, jvp: true }).code;
    expect(make()).toBe(make());
  });

  test('do not check positions that are known', () => {
    expect(sparseOf(merged).code).not.toContain('function position(');
  });

  test('small programs are written out instead', () => {
    const text = merged.text.replace('8 x 9', '2 x 4').replaceAll('72', '8').replaceAll('71', '7');
    expect(compile(text, { jacobian: 'sparse', unroll: 0 }).stats.patterns).toMatchObject([
      { from: 'colours', nonzeros: 14, colours: 2 },
    ]);
    expect(compile(text, { jacobian: 'sparse' }).stats.patterns).toMatchObject([
      { from: 'elements', nonzeros: 14, colours: 2 },
    ]);
  });

  test('an infinite element stays alone', async () => {
    const text = merged.text
      .replace('exp(A)', 'A')
      .replace('y[2:72] .* y[1:71]', 'sqrt(y[1:71]) + y[2:72] .^ 2');
    const { code, stats } = compile(text, { unroll: 0, jacobian: 'sparse' });
    expect(stats.patterns).toMatchObject([{ from: 'colours', colours: 2 }]);
    const A = pointOf(72);
    A[10] = 0;
    const { values, rowIndex, colPointer } = (await load(code)).jacobian({ A });
    const infinite = range(142).filter(k => !Number.isFinite(values[k]));
    expect(infinite.map(k => [rowIndex[k], values[k]])).toEqual([[10, Number.POSITIVE_INFINITY]]);
    expect(infinite[0]).toBe(colPointer[11] - 1); // the last of column 10: the diagonal
  });
});
