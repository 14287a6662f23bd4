// Patterns by hand, and of random programs against the evaluator alone: where a difference of an output shows that it
// depends on an element, that is in the pattern; what is in the pattern turns NaN where the element is NaN.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differentiator } from '../../../src/grad/derivatives.ts';
import { calculus } from '../../../src/grad/rules.ts';
import { hessianPattern, jacobianPattern } from '../../../src/grad/sparse/pattern.ts';
import { type Builder, builder } from '../../../src/ir/build.ts';
import { tensorEvaluator } from '../../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../../src/ir/graph.ts';
import { liveNodes } from '../../../src/ir/live.ts';
import { printIr } from '../../../src/ir/print.ts';
import { inputsByRole, nodeOf, type Program } from '../../../src/ir/program.ts';
import { namedSize } from '../../../src/ir/size.ts';
import { normalise } from '../../../src/rewrite/passes.ts';
import { generator } from '../../differences.ts';
import { smoothPrograms } from '../../ir/programs.ts';
import { countIn, formulaOf, programOf } from '../tensors.ts';
import { denseOf, textOf } from './matrices.ts';

type Build = (b: Builder, ...x: Node[]) => Node;

/** The pattern of a formula by its real inputs, row by row. */
function jacobianText(shapes: readonly (readonly number[])[], build: Build, wrt = shapes.length): string[] {
  const { b, inputs, out } = formulaOf(shapes, build);
  return textOf(jacobianPattern(calculus(b), [out], inputs.slice(0, wrt))!);
}

function hessianText(shapes: readonly (readonly number[])[], build: Build): string[] {
  const formula = formulaOf(shapes, build);
  const program = programOf(formula);
  const gradient = differentiator(formula.b, program).gradient();
  const nodes = program.wrt.map(name => gradient.values.get(name) ?? null);
  return textOf(hessianPattern(calculus(formula.b), nodes, formula.inputs)!);
}

const along = (axis: number) => ({ axis, exclusive: false, reverse: false });
const sum = (b: Builder, x: Node) => b.reduceSum(x);
const FULL = ['xxx', 'xxx', 'xxx'];
const DIAGONAL = ['x..', '.x.', '..x'];

describe('Jacobians by hand', () => {
  it.each<[string, readonly (readonly number[])[], Build, readonly string[]]>([
    ['elementwise', [[3]], (b, x) => b.exp(b.sin(x)), DIAGONAL],
    ['two inputs', [[2], [2]], (b, x, y) => b.mul(x, y), ['x.x.', '.x.x']],
    ['a scalar beside a vector', [[3], []], (b, x, s) => b.add(x, s), ['x..x', '.x.x', '..xx']],
    ['outer product', [[2], [2]], (b, x, y) => b.contract('i,j->ij', x, y), ['x.x.', 'x..x', '.xx.', '.x.x']],
    ['matrix product', [[2, 2], [2]], (b, A, v) => b.contract('ij,j->i', A, v), ['xx..xx', '..xxxx']],
    ['cumulative sum', [[3]], (b, x) => b.cumsum(x, along(0)), ['x..', 'xx.', 'xxx']],
    [
      'cumulative sum of those after',
      [[3]],
      (b, x) => b.cumsum(x, { axis: 0, exclusive: true, reverse: true }),
      ['.xx', '..x', '...'],
    ],
    ['softmax', [[3]], (b, x) => b.exp(b.sub(x, b.reduceLogsumexp(x))), FULL],
    ['rows summed', [[2, 2]], (b, A) => b.reduceSum(A, [1]), ['xx..', '..xx']],
    ['transposed', [[2, 2]], (b, A) => b.permute(A, [1, 0]), ['x...', '..x.', '.x..', '...x']],
    [
      'axes merged',
      [[2, 2]],
      (b, A) => b.cumsum(b.reshape(A, [4]), along(0)),
      ['x...', 'xx..', 'xxx.', 'xxxx'],
    ],
    [
      'reversed',
      [[3]],
      (b, x) => b.slice(x, { axis: 0, start: 2, step: -1, length: 3 }),
      ['..x', '.x.', 'x..'],
    ],
    [
      'padding',
      [[2]],
      (b, x) => b.mul(b.pad(x, { axis: 0, start: 1, step: 2, length: 4 }), 3),
      ['..', 'x.', '..', '.x'],
    ],
    ['joined', [[1], [2]], (b, x, y) => b.concat(0, [y, x]), ['.x.', '..x', 'x..']],
    ['a literal index', [[3]], (b, x) => b.gather(x, b.array([3, 1, 3], [3]), 0), ['..x', 'x..', '..x']],
    [
      'added at a literal index',
      [[3]],
      (b, x) => b.scatterAdd(x, b.array([2, 2, 1], [3]), 0, 3),
      ['..x', 'xx.', '...'],
    ],
    [
      'a literal with zeros',
      [[3]],
      (b, x) => b.contract('ij,j->i', b.array([1, 0, 2, 0, 0, 0], [2, 3]), x),
      ['x.x', '...'],
    ],
    [
      'a mask of positions',
      [[3]],
      (b, x) => b.select(b.eq(b.iota(3), 1), b.mul(x, x), 0),
      ['...', '.x.', '...'],
    ],
    [
      'a triangle',
      [[3]],
      (b, x) => b.contract('ij,j->i', b.real(b.le(b.expand(b.iota(3), [1]), b.iota(3))), x),
      ['xxx', '.xx', '..x'],
    ],
    ['a condition', [[3], []], (b, x, s) => b.select(b.lt(s, x), b.exp(x), 0), ['x...', '.x..', '..x.']],
    ['a selection of either', [[1], [1], [1]], (b, x, y, z) => b.select(b.lt(x, 0), y, z), ['.xx']],
    [
      'floor',
      [[3]],
      (b, x) => b.add(b.floor(x), b.slice(x, { axis: 0, start: 0, step: 1, length: 1 })),
      ['x..', 'x..', 'x..'],
    ],
    ['a position', [[3]], (b, x) => b.mul(x, b.argmax(x)), DIAGONAL],
    ['a factor 0', [[2], [2]], (b, x, y) => b.add(x, b.mul(0, y)), ['x...', '.x..']],
    ['powers', [[3]], (b, x) => b.pow(x, b.array([0, 1, 2], [3])), ['...', '.x.', '..x']],
    ['0 divided', [[2]], (b, x) => b.div(b.array([0, 1], [2]), x), ['..', '.x']],
    ['the largest', [[3]], (b, x) => b.expand(b.reduceMax(x), [0]), ['xxx']],
    [
      'a sum of nothing',
      [[3]],
      (b, x) => b.expand(sum(b, b.slice(x, { axis: 0, start: 0, step: 1, length: 0 })), [0]),
      ['...'],
    ],
  ])('%s', (_, shapes, build, expected) => {
    expect(jacobianText(shapes, build)).toEqual(expected);
  });

  it('see through masks of which a part is known', () => {
    const either: Build = (b, x) => b.select(b.or(b.eq(b.iota(3), 0), b.lt(x, 0)), b.exp(x), 1);
    const both: Build = (b, x) => b.select(b.and(b.eq(b.iota(3), 0), b.lt(x, 0)), b.exp(x), 1);
    const other = (b: Builder, x: Node) => b.slice(x, { axis: 0, start: 2, step: -1, length: 3 });
    expect(jacobianText([[3]], either)).toEqual(DIAGONAL);
    expect(jacobianText([[3]], both)).toEqual(['x..', '...', '...']);
    const selected: Build = (b, x) => b.select(b.or(b.eq(b.iota(3), 0), b.lt(x, 0)), x, other(b, x));
    expect(jacobianText([[3]], selected)).toEqual(['x..', '.x.', 'x.x']);
  });

  it('see the zeros that data is padded with', () => {
    const build: Build = (b, x, t) => b.mul(x, b.pad(t, { axis: 0, start: 1, step: 1, length: 3 }));
    expect(jacobianText([[3], [1]], build, 1)).toEqual(['...', '.x.', '...']);
  });

  it('do not depend on inputs that are not differentiated', () => {
    expect(jacobianText([[3], [3]], (b, x, t) => b.mul(x, sum(b, t)), 1)).toEqual(DIAGONAL);
  });

  it('reach all elements where an index is an input', () => {
    const graph = new Graph();
    const b = builder(graph);
    const [x, k] = [graph.input('x', 'real', [2, 2]), graph.input('k', 'int', [])];
    const at = (index: Node, axis: number) =>
      textOf(jacobianPattern(calculus(b), [b.gather(x, index, axis)], [x])!);
    expect(at(k, 0)).toEqual(['x.x.', '.x.x']);
    expect(at(k, 1)).toEqual(['xx..', '..xx']);
    const mixed = b.concat(0, [b.array([2], [1]), b.expand(k, [0])]);
    expect(at(mixed, 0)).toEqual(['..x.', '...x', 'x.x.', '.x.x']);
    const added = b.scatterAdd(x, mixed, 0, 3);
    expect(textOf(jacobianPattern(calculus(b), [added], [x])!)).toEqual(
      // The first row of x arrives at 2, the second anywhere.
      ['..x.', '...x', 'x.x.', '.x.x', '..x.', '...x'],
    );
    // A position that an input decides through a comparison is no less unknown.
    const either = b.select(b.lt(b.element(x, 0), 0), 1, 2);
    expect(at(either, 0)).toEqual(['x.x.', '.x.x']);
  });

  it('have rows for every output and columns for every input, in order', () => {
    const { b, inputs, out } = formulaOf([[2], [], [2]], (b, x, s, y) => b.add(b.mul(x, s), y));
    const total = b.reduceSum(inputs[2]);
    const pattern = jacobianPattern(calculus(b), [total, out, total], [inputs[2], inputs[0]])!;
    expect(textOf(pattern)).toEqual(['xx..', 'x.x.', '.x.x', 'xx..']);
  });

  it('are not known with named sizes, or where they cost too much', () => {
    const named = formulaOf([[namedSize('n')]], (b, x) => b.exp(x));
    expect(jacobianPattern(calculus(named.b), [named.out], named.inputs)).toBeUndefined();
    const { b, inputs, out } = formulaOf([[100]], (b, x) => b.mul(x, b.reduceSum(x)));
    expect(jacobianPattern(calculus(b), [out], inputs, 300)).toBeUndefined();
    expect(jacobianPattern(calculus(b), [out], inputs, 3000)!.rowIndex.length).toBe(100 * 100);
  });

  it('cost n for a sum of n and for what is made of it', () => {
    const n = 20_000;
    const { b, inputs, out } = formulaOf([[n]], (b, x) => b.exp(b.reduceSum(b.mul(b.sin(x), x))));
    expect(jacobianPattern(calculus(b), [out], inputs, 20 * n)!.rowIndex.length).toBe(n);
  });
});

describe('Hessians by hand', () => {
  const chain: Build = (b, x) => {
    const part = (start: number) => b.slice(x, { axis: 0, start, step: 1, length: 3 });
    return sum(b, b.pow(b.sub(part(1), b.pow(part(0), 2)), 2));
  };
  it.each<[string, readonly (readonly number[])[], Build, readonly string[]]>([
    ['separable', [[3]], (b, x) => sum(b, b.exp(x)), DIAGONAL],
    ['linear', [[2]], (b, x) => sum(b, x), ['..', '..']],
    ['bilinear', [[2], [2]], (b, x, y) => b.contract('i,i->', x, y), ['..x.', '...x', 'x...', '.x..']],
    [
      'one of two inputs',
      [[2], [2]],
      (b, x, y) => b.add(sum(b, b.exp(x)), sum(b, y)),
      ['x...', '.x..', '....', '....'],
    ],
    [
      'no gradient',
      [[2], [1]],
      (b, x, y) => b.add(sum(b, b.floor(x)), sum(b, b.exp(y))),
      ['...', '...', '..x'],
    ],
    ['chain', [[4]], chain, ['xx..', 'xxx.', '.xxx', '..xx']],
    ['of the square of a sum', [[3]], (b, x) => b.pow(sum(b, x), 2), FULL],
    [
      'factorisation',
      [
        [2, 1],
        [2, 1],
      ],
      (b, U, V) => sum(b, b.pow(b.sub(b.array([1, 2, 3, 4], [2, 2]), b.contract('ik,jk->ij', U, V)), 2)),
      ['x.xx', '.xxx', 'xxx.', 'xx.x'],
    ],
    [
      'cumulative',
      [[3]],
      (b, x) => sum(b, b.sin(b.mul(b.cumsum(x, along(0)), b.array([0, 1, 0], [3])))),
      ['xx.', 'xx.', '...'],
    ],
  ])('%s', (_, shapes, build, expected) => {
    expect(hessianText(shapes, build)).toEqual(expected);
  });

  it('are zero where one of the halves shows it', () => {
    const { b, inputs } = formulaOf([[], []], (_, x) => x);
    const [x, y] = inputs;
    // Not the gradient of anything: only y shows that the two do not meet.
    expect(textOf(hessianPattern(calculus(b), [b.mul(x, y), b.sin(y)], inputs)!)).toEqual(['x.', '.x']);
  });
});

interface Setting {
  readonly nodes: readonly Node[];
  readonly wrt: readonly Node[];
  readonly program: Program;
}

/** The elements of the nodes, one after the other, with the inputs at `point`. */
function valuesAt({ nodes, program }: Setting, point: ReadonlyMap<string, readonly number[]>): number[] {
  const inputs = program.inputs.map(({ name, shape }) => {
    return [name, { shape: shape as readonly number[], elements: point.get(name)! }] as const;
  });
  const values = tensorEvaluator(nodes)(new Map(inputs), new Map());
  return values.flatMap(({ elements }) => Array.from(elements));
}

function pointOf({ inputs }: Program, seed: number): Map<string, number[]> {
  const random = generator(seed);
  return new Map(
    inputs.map(({ name, shape, dtype }) => [
      name,
      Array.from({ length: countIn(shape) }, () => (dtype === 'int' ? 1 : 2.4 * random() - 1.2)),
    ]),
  );
}

/** For every column the rows for which `isSeen` holds, of values at the point with the element there moved to each of these. */
function probed(
  setting: Setting,
  point: ReadonlyMap<string, readonly number[]>,
  moves: (x: number) => readonly number[],
  isSeen: (values: readonly number[]) => boolean,
): boolean[][] {
  const columns = setting.wrt.flatMap(node => {
    const name = node.op === 'input' ? node.attrs.name : '';
    const x = point.get(name)!;
    return x.map((value, e) => {
      const runs = moves(value).map(to => valuesAt(setting, new Map(point).set(name, x.with(e, to))));
      return valuesAt(setting, point).map((own, row) => isSeen([own, ...runs.map(run => run[row])]));
    });
  });
  const rows = columns[0]?.length ?? 0;
  return Array.from({ length: rows }, (_, i) => columns.map(column => column[i]));
}

const STEP = 1e-4;

/** A slope that two steps agree on. */
function hasSlope([, ahead, back, half, halfBack]: readonly number[]): boolean {
  const [slope, finer] = [(ahead - back) / (2 * STEP), (half - halfBack) / STEP];
  return Math.abs(slope) > 1e-5 && Math.abs(slope - finer) < 1e-3 * Math.abs(slope);
}

const wherever = (p: boolean[][], q: boolean[][]) => p.map((row, i) => row.map((is, j) => is || q[i][j]));
const counted = (matrix: readonly (readonly boolean[])[]) => matrix.flat().filter(Boolean).length;

/** Compares the pattern with what is seen at several points; returns the numbers of nonzeros of either. */
function compare(setting: Setting, matrix: boolean[][], seed: number): Probe {
  let seen = matrix.map(row => row.map(() => false));
  let nan = seen;
  for (let k = 0; k < 3; k++) {
    const point = pointOf(setting.program, seed + k);
    const near = (x: number) => [x + STEP, x - STEP, x + STEP / 2, x - STEP / 2];
    seen = wherever(seen, probed(setting, point, near, hasSlope));
    nan = wherever(
      nan,
      probed(
        setting,
        point,
        () => [Number.NaN],
        ([own, moved]) => !Object.is(own, moved) || Number.isNaN(own),
      ),
    );
  }
  const isSelecting = liveNodes(setting.nodes).some(({ op }) => op === 'select');
  for (const [i, row] of matrix.entries()) {
    for (const [j, isNonzero] of row.entries()) {
      if (seen[i][j] && !isNonzero) expect.fail(`(${i}, ${j}) is missing\n${printIr(setting.program)}`);
      if (isNonzero && !nan[i][j] && !isSelecting) {
        expect.fail(`(${i}, ${j}) is too much\n${printIr(setting.program)}`);
      }
    }
  }
  return { nonzeros: counted(matrix), seen: counted(seen) };
}

interface Probe {
  readonly nonzeros: number;
  readonly seen: number;
}

/** The Jacobian of all outputs of a random program. */
function probeJacobian(program: Program, seed: number): Probe {
  const nodes = program.outputs.flatMap(({ elements }) => elements).filter(({ dtype }) => dtype === 'real');
  const wrt = program.inputs.filter(({ dtype }) => dtype === 'real').map(({ node }) => node);
  const pattern = jacobianPattern(calculus(builder(program.graph)), nodes, wrt)!;
  return compare({ nodes, wrt, program }, denseOf(pattern), seed);
}

/** The Hessian of the sum of sines of the first output. */
function probeHessian(random: Program, seed: number): Probe {
  const node = nodeOf(random.outputs[0]);
  if (node === undefined || node.dtype !== 'real') return { nonzeros: 0, seen: 0 };
  const sine = builder(random.graph).reduceSum(builder(random.graph).sin(node));
  const outputs = [{ name: 'f', shape: [], elements: [sine] }];
  const { program, b } = normalise({ ...random, outputs, derivatives: [] });
  const wrt = inputsByRole(program).variables.map(({ node }) => node);
  const gradient = differentiator(b, program).gradient();
  const rows = program.wrt.map(name => gradient.values.get(name) ?? null);
  const matrix = denseOf(hessianPattern(calculus(b), rows, wrt)!);
  const nodes = rows.map((row, k) => row ?? b.broadcast(0, wrt[k].shape));
  return compare({ nodes, wrt, program }, matrix, seed);
}

const RUNS = Number(process.env.RUNS ?? 150);

describe.each([
  ['Jacobians', probeJacobian, 0.7],
  ['Hessians', probeHessian, 0.6],
])('%s of random programs', (_, probe, share) => {
  it('are nonzero where the pattern says, and nowhere else', () => {
    fc.assert(
      fc.property(smoothPrograms, fc.nat(1000), (program, seed) => {
        probe(program, seed);
      }),
      { numRuns: RUNS },
    );
  });

  it('show most of their patterns at a few points', () => {
    const programs = fc.sample(smoothPrograms, { seed: 1, numRuns: 100 });
    const probes = programs.map((program, seed) => probe(program, seed));
    const total = (of: (each: Probe) => number) => probes.reduce((sum, each) => sum + of(each), 0);
    expect(total(({ seen }) => seen)).toBeGreaterThan(share * total(({ nonzeros }) => nonzeros));
  });
});
