// Compressed Jacobians and Hessians: written out as matrices they are those of central differences and, for random programs,
// those of products with unit vectors, one column at a time. Emitted modules compute them too.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFormula } from '../../../src/frontend/index.ts';
import { differentiator } from '../../../src/grad/derivatives.ts';
import { pushforward } from '../../../src/grad/forward.ts';
import { pullback } from '../../../src/grad/reverse.ts';
import { calculus } from '../../../src/grad/rules.ts';
import { compression } from '../../../src/grad/sparse/compressed.ts';
import { type Builder, builder } from '../../../src/ir/build.ts';
import type { Node } from '../../../src/ir/graph.ts';
import { liveNodes } from '../../../src/ir/live.ts';
import { printIr } from '../../../src/ir/print.ts';
import { type Derivative, inputsByRole, nodeOf, type Program } from '../../../src/ir/program.ts';
import { namedSize } from '../../../src/ir/size.ts';
import type { Compressed } from '../../../src/ir/sparse.ts';
import { verify } from '../../../src/ir/verify.ts';
import { normalise, optimise } from '../../../src/rewrite/passes.ts';
import { checkLoops } from '../../codegen/tensors.ts';
import { difference, generator } from '../../differences.ts';
import { formulas } from '../../formulas.ts';
import { smoothPrograms } from '../../ir/programs.ts';
import { countIn, formulaOf, type Point, programOf, valuesAt } from '../tensors.ts';

type Shapes = readonly (readonly number[])[];
type Build = (b: Builder, ...x: Node[]) => Node;

interface Setting {
  readonly b: Builder;
  readonly program: Program;
  readonly wrt: readonly Node[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly point: Point;
}

function settingOf(plain: Program, seed = 1): Setting {
  const { program, b } = normalise(plain);
  const random = generator(seed);
  const shapes = Object.fromEntries(
    program.inputs.map(({ name, shape }) => [name, shape as readonly number[]]),
  );
  const point = Object.fromEntries(
    program.inputs.map(({ name, shape, dtype }) => [
      name,
      Array.from({ length: countIn(shape) }, () => (dtype === 'int' ? 1 : 0.2 + random())),
    ]),
  );
  return { b, program, wrt: inputsByRole(program).variables.map(({ node }) => node), shapes, point };
}

const formula = (shapes: Shapes, build: Build, wrt?: readonly string[]): Program => {
  const program = programOf(formulaOf(shapes, build));
  return { ...program, wrt: wrt ?? program.wrt };
};

function compressionOf({ b }: Setting) {
  const rules = calculus(b);
  return compression(b, rules, pullback(b, rules), pushforward(b, rules));
}

function jacobianOf(setting: Setting): Compressed {
  const { b, program, wrt } = setting;
  const outputs = program.outputs.flatMap(({ elements }) => elements);
  const cotangents = outputs.map((node, k) => b.graph.input(`cotangent.${k}`, 'real', node.shape));
  return compressionOf(setting).jacobian(outputs, wrt, cotangents)!;
}

function gradientOf({ b, program }: Setting): (Node | null)[] {
  const gradient = differentiator(b, program).gradient();
  return program.wrt.map(name => gradient.values.get(name) ?? null);
}

function hessianOf(setting: Setting): Compressed {
  return compressionOf(setting).hessian(gradientOf(setting), setting.wrt)!;
}

/** The matrix written out. */
function writtenOut({ pattern, values }: Compressed, { point, shapes }: Setting): number[][] {
  const { rows, columns, rowIndex, colPointer } = pattern;
  expect(values.shape).toEqual([rowIndex.length]);
  const [numbers] = valuesAt([values], point, shapes);
  const matrix = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (let j = 0; j < columns; j++) {
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) matrix[rowIndex[k]][j] = numbers[k];
  }
  return matrix;
}

/** The elements of the nodes by each element of wrt, by differences. */
function differences({ wrt, point, shapes }: Setting, nodes: readonly Node[]): number[][] {
  const columns = wrt.flatMap(node => {
    const name = node.op === 'input' ? node.attrs.name : '';
    return point[name].map((x, e) => {
      const at = (s: number) =>
        valuesAt(nodes, { ...point, [name]: point[name].with(e, x + s) }, shapes).flat();
      return at(0).map((_, row) => difference(s => at(s)[row], 0, 0.02));
    });
  });
  return (columns[0] ?? []).map((_, i) => columns.map(column => column[i]));
}

function expectClose(
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  what = '',
): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, row] of expected.entries()) {
    for (const [j, value] of row.entries()) {
      const isClose = Math.abs(actual[i][j] - value) <= 1e-7 * Math.max(1, Math.abs(value));
      if (!isClose) expect.fail(`(${i}, ${j}) is ${actual[i][j]}, not ${value}\n${what}`);
    }
  }
}

const sum = (b: Builder, x: Node) => b.reduceSum(x);
const scan = (axis: number) => ({ axis, exclusive: false, reverse: false });
const part = (b: Builder, x: Node, start: number, length: number) =>
  b.slice(x, { axis: 0, start, step: 1, length });
const BAND = Array.from({ length: 48 }, (_, k) =>
  [0, 1, 2].includes((k % 8) - Math.floor(k / 8)) ? k + 1 : 0,
);

// biome-ignore format: one formula a paragraph
const JACOBIANS: Readonly<Record<string, readonly [by: string, colours: number, Shapes, Build]>> = {
  'elementwise': ['columns', 1, [[6]], (b, x) => b.exp(b.sin(x))],
  'differences': ['columns', 2, [[8]], (b, x) => b.sub(part(b, x, 1, 7), b.pow(part(b, x, 0, 7), 2))],
  'cumulative sums of rows': ['columns', 3, [[4, 3]], (b, A) => b.cumsum(b.sin(A), scan(1))],
  'cumulative products of columns': ['columns', 4, [[4, 3]], (b, A) => b.cumprod(A, scan(0))],
  'axes merged': ['columns', 2, [[3, 4]], (b, A) => {
    const flat = b.reshape(b.exp(A), [12]);
    return b.mul(part(b, flat, 1, 11), part(b, flat, 0, 11));
  }],
  'a literal of bands': ['columns', 3, [[8]], (b, x) => b.sin(b.contract('ij,j->i', b.array(BAND, [6, 8]), b.mul(x, x)))],
  'a literal index': ['rows', 1, [[5], [3]], (b, x, y) => b.mul(b.gather(x, b.array([5, 1, 2], [3]), 0), b.exp(y))],
  'added at a literal index': ['rows', 1, [[4]], (b, x) => b.exp(b.scatterAdd(x, b.array([3, 3, 1, 2], [4]), 0, 5))],
  'vectors and a scalar': ['columns', 2, [[5], []], (b, x, s) => b.sin(b.mul(x, s))],
  'rows summed': ['rows', 1, [[4, 5]], (b, A) => b.reduceSum(b.mul(b.sin(A), A), [1])],
  'a full row': ['rows', 2, [[6]], (b, x) => b.concat(0, [b.expand(sum(b, b.exp(x)), [0]), b.mul(x, x)])],
  'norms of groups': ['rows', 1, [[12]], (b, x) => b.norm(b.reshape(x, [4, 3]), [1])],
  'rows of a product': ['rows', 2, [[3, 4], [3, 4]], (b, A, B) =>
    b.concat(0, [b.contract('ij,ij->i', A, b.exp(B)), b.reduceLogsumexp(A, [1])])],
  'a selection': ['columns', 1, [[6], [6]], (b, x) => b.select(b.lt(x, 0.7), b.mul(x, x), b.exp(x))],
  'dense': ['columns', 4, [[4]], (b, x) => b.exp(b.sub(x, b.reduceLogsumexp(x)))],
  'constant': ['columns', 0, [[3]], (b, x) => b.floor(x)],
};

// biome-ignore format: one formula a paragraph
const HESSIANS: Readonly<Record<string, readonly [colours: number, Shapes, Build]>> = {
  'separable': [1, [[6]], (b, x) => sum(b, b.exp(x))],
  'chain': [3, [[7]], (b, x) => sum(b, b.pow(b.sub(part(b, x, 1, 6), b.pow(part(b, x, 0, 6), 2)), 2))],
  'arrow': [2, [[6], []], (b, x, s) => sum(b, b.exp(b.mul(x, s)))],
  'groups': [3, [[12]], (b, x) => sum(b, b.norm(b.reshape(x, [4, 3]), [1]))],
  'cumulative sums of rows': [3, [[4, 3]], (b, A) => sum(b, b.sin(b.cumsum(A, scan(1))))],
  'factorisation': [5, [[4, 1], [4, 1]], (b, U, V) => sum(b, b.exp(b.contract('ik,jk->ij', U, V)))],
  'bilinear': [1, [[4], [4]], (b, x, y) => b.contract('i,i->', x, y)],
  'axes merged': [3, [[3, 4]], (b, A) => {
    const flat = b.reshape(b.exp(A), [12]);
    return sum(b, b.mul(part(b, flat, 1, 11), part(b, flat, 0, 11)));
  }],
  'a literal of bands': [5, [[8]], (b, x) => sum(b, b.pow(b.contract('ij,j->i', b.array(BAND, [6, 8]), x), 4))],
  'embedding': [4, [[5, 2], [2]], (b, E, v) => sum(b, b.tanh(b.contract('ij,j->i', b.gather(E, b.array([2, 4, 2], [3]), 0), v)))],
  'one of two inputs': [1, [[3], [3]], (b, x, y) => b.add(sum(b, b.exp(y)), sum(b, x))],
  'linear': [0, [[3]], (b, x) => sum(b, x)],
  'dense': [4, [[4]], (b, x) => b.pow(sum(b, x), 3)],
};

const named = <T>(table: Readonly<Record<string, T>>) => Object.entries(table);

describe('Jacobians by colours', () => {
  it.each(named(JACOBIANS))('%s', async (_, [by, colours, shapes, build]) => {
    const setting = settingOf(formula(shapes, build));
    const result = jacobianOf(setting);
    expect([result.by, result.colours]).toEqual([by, colours]);
    expectClose(writtenOut(result, setting), differences(setting, [setting.program.outputs[0].elements[0]]));
    await expectEmitted(setting, result);
  });

  it('of several outputs by some of the inputs', () => {
    const plain = formula([[4], [4], []], (b, x, y, s) => b.mul(b.mul(x, y), s), ['x2', 'x0']);
    const own = builder(plain.graph);
    const [x, y] = plain.inputs.map(({ node }) => node);
    const second = { name: 'g', shape: [4], elements: [own.sin(own.mul(x, y))] };
    const setting = settingOf({ ...plain, outputs: [...plain.outputs, second] });
    const nodes = setting.program.outputs.flatMap(({ elements }) => elements);
    expectClose(writtenOut(jacobianOf(setting), setting), differences(setting, nodes));
  });
});

describe('Hessians by colours', () => {
  it.each(named(HESSIANS))('%s', async (_, [colours, shapes, build]) => {
    const setting = settingOf(formula(shapes, build));
    const result = hessianOf(setting);
    expect([result.by, result.colours]).toEqual(['symmetric', colours]);
    const zeros = setting.wrt.map(({ shape }) => setting.b.broadcast(0, shape));
    const matrix = writtenOut(result, setting);
    expectClose(
      matrix,
      differences(
        setting,
        gradientOf(setting).map((node, k) => node ?? zeros[k]),
      ),
    );
    for (const [i, row] of matrix.entries()) {
      for (const [j, value] of row.entries()) expect(value).toBe(matrix[j][i]);
    }
    await expectEmitted(setting, result);
  });

  it('are not known with named sizes', () => {
    const { b, inputs, out } = formulaOf([[namedSize('n')]], (b, x) => b.mul(x, x));
    const rules = calculus(b);
    const { jacobian } = compression(b, rules, pullback(b, rules), pushforward(b, rules));
    expect(jacobian([out], inputs, [b.graph.input('cotangent', 'real', out.shape)])).toBeUndefined();
  });
});

describe('what is built', () => {
  const operations = ({ values }: Compressed) => new Set(liveNodes([values]).map(({ op }) => op));

  it('is no more than the values where these stand in order', () => {
    const [, , shapes, build] = JACOBIANS.elementwise;
    const ops = operations(jacobianOf(settingOf(formula(shapes, build))));
    expect([...ops].filter(op => op === 'gather' || op === 'iota' || op === 'concat')).toEqual([]);
  });

  it('leaves out what has no nonzeros', () => {
    const [, shapes, build] = HESSIANS['one of two inputs'];
    expect([...operations(hessianOf(settingOf(formula(shapes, build))))]).not.toContain('concat');
  });

  it('does not depend on the cotangents of rows', () => {
    const [by, , shapes, build] = JACOBIANS['rows of a product'];
    expect(by).toBe('rows');
    const { values } = jacobianOf(settingOf(formula(shapes, build)));
    const names = liveNodes([values]).flatMap(node => (node.op === 'input' ? [node.attrs.name] : []));
    expect(names).toEqual(['x0', 'x1']);
  });
});

/** The values by an emitted module, optimised and in loops, are those of the evaluator. */
async function expectEmitted({ program, point, shapes }: Setting, { values }: Compressed): Promise<void> {
  const derived = {
    ...program,
    outputs: [{ name: 'values', shape: values.shape, elements: [values] }],
    wrt: [],
  };
  verify(derived, 'compressed');
  const inputs = Object.fromEntries(
    Object.entries(point).map(([name, x]) => [name, shapes[name].length === 0 ? x[0] : Float64Array.from(x)]),
  );
  await checkLoops(optimise(derived, 2), inputs);
}

/** Rows by columns: column j is the product with the j-th unit vector, by forward mode of one tangent. */
function byUnitVectors(
  setting: Setting,
  { values, inputs }: Derivative,
  paths: readonly string[],
  rows: readonly number[],
): number[][] {
  const { point, shapes } = setting;
  const present = paths.filter(path => values.has(path));
  const nodes = present.map(path => values.get(path)!);
  const tangents = inputs.map(({ attrs, shape }) => ({
    name: attrs.name,
    shape: shape as readonly number[],
  }));
  const zeros = Object.fromEntries(
    tangents.map(({ name, shape }) => [name, new Array<number>(countIn(shape)).fill(0)]),
  );
  const allShapes = { ...shapes, ...Object.fromEntries(tangents.map(({ name, shape }) => [name, shape])) };
  const columns = tangents.flatMap(({ name }) =>
    zeros[name].map((_, e) => {
      const products = valuesAt(nodes, { ...point, ...zeros, [name]: zeros[name].with(e, 1) }, allShapes);
      return paths.flatMap((path, k) =>
        values.has(path) ? products[present.indexOf(path)] : new Array<number>(rows[k]).fill(0),
      );
    }),
  );
  const count = rows.reduce((sum, each) => sum + each, 0);
  return Array.from({ length: count }, (_, i) => columns.map(column => column[i]));
}

describe('random programs', () => {
  const RUNS = Number(process.env.RUNS ?? 150);
  const real = (program: Program) =>
    program.inputs.filter(({ dtype }) => dtype === 'real').map(({ name }) => name);
  const areFinite = (matrix: readonly (readonly number[])[]) =>
    matrix.every(row => row.every(Number.isFinite));

  const nonzeros = (matrix: readonly (readonly number[])[]) =>
    matrix.flat().filter(value => value !== 0).length;

  it('have the Jacobians that unit vectors give', () => {
    let compared = 0;
    fc.assert(
      fc.property(smoothPrograms, fc.nat(1000), (random, seed) => {
        const node = nodeOf(random.outputs[0]);
        if (node === undefined || node.dtype !== 'real') return;
        const outputs = [{ name: 'f', shape: node.shape, elements: [node] }];
        const setting = settingOf({ ...random, outputs, wrt: real(random), derivatives: [] }, seed);
        const products = differentiator(setting.b, setting.program).jvp();
        const expected = byUnitVectors(setting, products, ['f'], [countIn(node.shape)]);
        if (!areFinite(expected)) return;
        expectClose(writtenOut(jacobianOf(setting), setting), expected, printIr(setting.program));
        compared += nonzeros(expected);
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  });

  it('have the Hessians that unit vectors give', () => {
    let compared = 0;
    fc.assert(
      fc.property(smoothPrograms, fc.nat(1000), (random, seed) => {
        const node = nodeOf(random.outputs[0]);
        if (node === undefined || node.dtype !== 'real') return;
        const own = builder(random.graph);
        const outputs = [{ name: 'f', shape: [], elements: [own.reduceSum(own.sin(node))] }];
        const setting = settingOf({ ...random, outputs, wrt: real(random), derivatives: [] }, seed);
        const { wrt } = setting.program;
        const derive = differentiator(setting.b, setting.program);
        const rows = wrt.map(name => countIn(setting.shapes[name]));
        const expected = byUnitVectors(setting, derive.hvp(derive.gradient()), wrt, rows);
        if (!areFinite(expected)) return;
        expectClose(writtenOut(hessianOf(setting), setting), expected, printIr(setting.program));
        compared += nonzeros(expected);
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  });

  it('have the Jacobians of lists of scalars', () => {
    const inputs = ['x', 'y', 'z'].map(name => `# @input ${name}: scalar`).join('\n');
    let compared = 0;
    fc.assert(
      fc.property(fc.array(formulas(), { minLength: 3, maxLength: 3 }), fc.nat(1000), (texts, seed) => {
        const setting = settingOf(parseFormula(`${inputs}\n[${texts.join(', ')}]`), seed);
        const { program, b } = setting;
        const paths = program.outputs[0].elements.map((_, k) => `value.${k + 1}`);
        const expected = byUnitVectors(setting, differentiator(b, program).jvp(), paths, [1, 1, 1]);
        if (!areFinite(expected)) return;
        expectClose(writtenOut(jacobianOf(setting), setting), expected, printIr(program));
        compared += nonzeros(expected);
      }),
      { numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  });
});
