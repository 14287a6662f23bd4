// Gradient, Jacobian, Hessian and the products of tensor programs, with fixed and with named sizes: the gradient against
// differences of the value, the others against differences of the gradient or of the value; and random programs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Differentiator, differentiator, hasScalarEntries } from '../../src/grad/derivatives.ts';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { liveNodes } from '../../src/ir/live.ts';
import { printIr } from '../../src/ir/print.ts';
import type { Derivative, Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { evaluateSize, namedSize, type Size } from '../../src/ir/size.ts';
import { nodesOfTerms } from '../../src/ir/terms.ts';
import { normalise } from '../../src/rewrite/passes.ts';
import { difference, generator } from '../differences.ts';
import { scattered } from '../terms.ts';
import { countIn, dot, formulaOf, type Point, programOf, valuesAt } from './tensors.ts';

const SIZES: Readonly<Record<string, number>> = { n: 4, m: 3, k: 2 };
const [n, m, k] = ['n', 'm', 'k'].map(namedSize);

type Build = (b: Builder, ...x: Node[]) => Node;
interface Example {
  readonly shapes: readonly Shape[];
  readonly build: Build;
  /** Inputs that are differentiated: x0, ...; default all. */
  readonly wrt?: readonly string[];
}

const sum = (b: Builder, x: Node) => b.reduceSum(x);
const squares = (b: Builder, x: Node) => b.reduceSum(b.mul(x, x));
const slice = (b: Builder, x: Node, start: Size, length: Size) =>
  b.slice(x, { axis: 0, start, step: 1, length });

// biome-ignore format: one formula a paragraph
const SCALARS: Readonly<Record<string, Example>> = {
  'logistic regression': { shapes: [[n, m], [n], [m], []], wrt: ['x2', 'x3'], build: (b, X, y, w, c) => {
    const z = b.add(b.contract('ij,j->i', X, w), c);
    return b.add(b.div(sum(b, b.sub(b.softplus(z), b.mul(y, z))), b.size(n)), b.mul(0.1, squares(b, w)));
  } },
  'softmax regression': { shapes: [[n, m], [n, k], [m, k], [k]], wrt: ['x2', 'x3'], build: (b, X, Y, W, c) => {
    const z = b.add(b.contract('ij,jk->ik', X, W), c);
    return sum(b, b.sub(b.reduceLogsumexp(z, [1]), b.reduceSum(b.mul(Y, z), [1])));
  } },
  'perceptron': { shapes: [[n, m], [m, k], [k], [k, 2], [2]], wrt: ['x1', 'x2', 'x3', 'x4'], build: (b, X, W, c, V, d) => {
    const h = b.tanh(b.add(b.contract('ij,jk->ik', X, W), c));
    return squares(b, b.sub(b.add(b.contract('ij,jk->ik', h, V), d), 0.3));
  } },
  'relu layer': { shapes: [[n, m], [m, k], [k]], wrt: ['x1', 'x2'], build: (b, X, W, c) =>
    squares(b, b.relu(b.add(b.contract('ij,jk->ik', X, W), c))) },
  'matrix factorisation': { shapes: [[n, m], [n, k], [m, k]], wrt: ['x1', 'x2'], build: (b, A, U, V) =>
    squares(b, b.sub(A, b.contract('ik,jk->ij', U, V))) },
  'mixture': { shapes: [[n, 2], [k], [k, 2], [k, 2]], wrt: ['x1', 'x2', 'x3'], build: (b, X, alpha, mu, s) => {
    const d = b.mul(b.sub(b.expand(X, [1]), mu), b.exp(s));
    const logs = b.add(b.sub(alpha, b.mul(0.5, b.reduceSum(b.mul(d, d), [2]))), b.reduceSum(s, [1]));
    return b.sub(sum(b, b.reduceLogsumexp(logs, [1])), b.mul(b.size(n), b.reduceLogsumexp(alpha)));
  } },
  'chain': { shapes: [[5]], build: (b, x) => {
    const d = b.sub(slice(b, x, 1, 4), b.pow(slice(b, x, 0, 4), 2));
    return sum(b, b.add(b.mul(10, b.mul(d, d)), b.exp(slice(b, x, 0, 4))));
  } },
  'embedding': { shapes: [[n, k], [k]], build: (b, E, v) =>
    squares(b, b.tanh(b.contract('ij,j->i', b.gather(E, b.array([2, 4, 2], [3]), 0), v))) },
  'norms and products': { shapes: [[n, m]], build: (b, x) =>
    b.add(sum(b, b.norm(x, [1])), b.mul(0.01, sum(b, b.reduceProd(x, [0])))) },
  'cumulative': { shapes: [[m]], build: (b, x) => {
    const scan = { axis: 0, exclusive: false, reverse: false };
    return sum(b, b.sin(b.add(b.cumsum(x, scan), b.cumprod(x, { ...scan, reverse: true }))));
  } },
  'trace': { shapes: [[m, m], [m, m]], build: (b, A, B) =>
    sum(b, b.diagonal(b.contract('ij,jk->ik', b.sin(A), b.contract('ij,kj->ik', B, A)))) },
  'standard deviation': { shapes: [[n]], build: (b, x) =>
    b.div(b.norm(b.sub(x, b.div(sum(b, x), b.size(n)))), b.sqrt(b.sub(b.size(n), 1))) },
  'arrangements': { shapes: [[2, 3], [3]], build: (b, A, v) => {
    const joined = b.concat(0, [b.sin(v), b.reshape(A, [6]), b.mul(v, v)]);
    const picked = b.pad(b.slice(joined, { axis: 0, start: 11, step: -2, length: 5 }), { axis: 0, start: 1, step: 2, length: 10 });
    return b.mul(squares(b, picked), b.element(b.permute(A, [1, 0]), 3));
  } },
  'scatter': { shapes: [[3], []], build: (b, x, s) =>
    sum(b, b.exp(b.mul(s, b.scatterAdd(x, b.array([2, 2, 1], [3]), 0, 3)))) },
  'selections': { shapes: [[n], []], build: (b, x, s) =>
    sum(b, b.mul(b.select(b.lt(x, s), b.mul(x, s), b.exp(x)), b.max(x, s))) },
  'scalars and data': { shapes: [[], [], [n]], wrt: ['x0', 'x1'], build: (b, p, q, t) =>
    squares(b, b.sub(b.mul(p, b.exp(b.mul(q, t))), t)) },
  'Gram matrices': { shapes: [[n, m], [n, n]], build: (b, A, S) => {
    const gram = (x: Node) => b.contract('ij,kj->ik', x, x);
    return b.add(squares(b, gram(A)), sum(b, b.mul(gram(b.sin(A)), b.mul(gram(b.permute(b.exp(S), [1, 0])), S))));
  } },
  'attention': { shapes: [[n, k], [n, k], [n, m]], build: (b, Q, K, V) => {
    const s = b.contract('ik,jk->ij', Q, K);
    const p = b.exp(b.sub(s, b.expand(b.reduceLogsumexp(s, [1]), [1])));
    return squares(b, b.contract('ij,jk->ik', p, V));
  } },
};

// biome-ignore format: one formula a paragraph
const TENSORS: Readonly<Record<string, Example>> = {
  'sinusoids': { shapes: [[n], [k], [k]], wrt: ['x1', 'x2'], build: (b, t, a, w) =>
    b.contract('j,ij->i', a, b.sin(b.mul(b.expand(t, [1]), w))) },
  'elementwise': { shapes: [[n, m]], build: (b, x) => b.exp(b.sin(x)) },
  'affine': { shapes: [[n, m], [m], [n]], build: (b, X, w, c) => b.add(b.contract('ij,j->i', X, w), c) },
  'softmax': { shapes: [[n]], build: (b, x) => b.exp(b.sub(x, b.reduceLogsumexp(x))) },
  'outer': { shapes: [[n], [m]], build: (b, x, y) => b.mul(b.expand(b.sin(x), [1]), y) },
  'differences': { shapes: [[5]], build: (b, x) => b.sub(slice(b, x, 1, 4), b.mul(slice(b, x, 0, 4), slice(b, x, 0, 4))) },
  'normalised': { shapes: [[m]], build: (b, x) => b.div(x, b.norm(x)) },
  'columns': { shapes: [[], [n]], wrt: ['x0'], build: (b, s, t) => b.sin(b.mul(s, t)) },
  'transposed': { shapes: [[n, m]], build: (b, x) => b.permute(b.mul(x, x), [1, 0]) },
};

interface Setting {
  readonly program: Program;
  readonly derive: Differentiator;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly point: Point;
  readonly out: Node;
}

const lengthsOf = (shape: Shape) => shape.map(size => evaluateSize(size, new Map(Object.entries(SIZES))));

function settingOf({ shapes, build, wrt }: Example, seed = 1): Setting {
  const plain = programOf(formulaOf(shapes, build));
  const { program, b } = normalise({ ...plain, wrt: wrt ?? plain.wrt });
  const random = generator(seed);
  const lengths = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, lengthsOf(shape)]));
  const point = Object.fromEntries(
    Object.entries(lengths).map(([name, shape]) => [
      name,
      Array.from({ length: countIn(shape) }, () => 1.6 * random() - 0.6),
    ]),
  );
  return {
    program,
    derive: differentiator(b, program),
    shapes: lengths,
    point,
    out: program.outputs[0].elements[0],
  };
}

function evaluated({ shapes }: Setting, nodes: readonly Node[], point: Point): number[][] {
  return valuesAt(nodes, point, shapes, SIZES);
}

/** Elements of a block by path; zeros if it is absent. */
function blocks(
  setting: Setting,
  derivative: Derivative,
  paths: readonly string[],
  counts: readonly number[],
  point = setting.point,
) {
  const present = paths.filter(path => derivative.values.has(path));
  const values = evaluated(
    setting,
    present.map(path => derivative.values.get(path)!),
    point,
  );
  return paths.map((path, i) => {
    const at = present.indexOf(path);
    return at < 0 ? new Array<number>(counts[i]).fill(0) : values[at];
  });
}

function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (const [i, value] of actual.entries()) {
    if (!(Math.abs(value - expected[i]) <= tolerance * scale)) expect(actual, what).toEqual(expected);
  }
}

/** d/ds of `f` at the point with the i-th element of `name` moved by s. */
function slopes(setting: Setting, f: (point: Point) => readonly number[], name: string, i: number): number[] {
  const { point } = setting;
  const moved = (s: number) => ({ ...point, [name]: point[name].with(i, point[name][i] + s) });
  const count = f(point).length;
  return Array.from({ length: count }, (_, row) => difference(s => f(moved(s))[row], 0, 0.05));
}

const examples = (table: Readonly<Record<string, Example>>) => Object.entries(table);

describe('a scalar of tensors', () => {
  it.each(examples(SCALARS))('%s: gradient', (_, example) => {
    const setting = settingOf(example);
    const { program, derive, point, shapes, out } = setting;
    const gradient = derive.gradient();
    for (const name of program.wrt) {
      const node = gradient.values.get(name)!;
      expect(lengthsOf(node.shape)).toEqual(shapes[name]);
      const [actual] = evaluated(setting, [node], point);
      const expected = point[name].map(
        (_, i) => slopes(setting, at => evaluated(setting, [out], at)[0], name, i)[0],
      );
      expectClose(actual, expected, 1e-9, name);
    }
  });

  it.each(examples(SCALARS))('%s: Hessian', (_, example) => {
    const setting = settingOf(example);
    const { program, derive, point, shapes } = setting;
    const gradient = derive.gradient();
    const hessian = derive.hessian(gradient, 'dense', 'forward over reverse');
    const other = derive.hessian(gradient, 'dense', 'reverse over reverse');
    const count = (name: string) => countIn(shapes[name]);
    const gradientAt = (name: string) => (at: Point) =>
      blocks(setting, gradient, [name], [count(name)], at)[0];
    for (const [i, x] of program.wrt.entries()) {
      for (const y of program.wrt.slice(0, i)) expect(hessian.values.has(`${x}.${y}`)).toBe(false);
      for (const y of program.wrt.slice(i)) {
        const node = hessian.values.get(`${x}.${y}`);
        if (node !== undefined) expect(lengthsOf(node.shape)).toEqual([...shapes[x], ...shapes[y]]);
        const [actual] = blocks(setting, hessian, [`${x}.${y}`], [count(x) * count(y)]);
        const columns = point[y].map((_, j) => slopes(setting, gradientAt(x), y, j));
        const expected = point[x].flatMap((_, row) => columns.map(column => column[row]));
        expectClose(actual, expected, 1e-8, `${x}.${y}`);
        expectClose(
          blocks(setting, other, [`${x}.${y}`], [count(x) * count(y)])[0],
          expected,
          1e-8,
          `${x}.${y} in reverse mode`,
        );
        const terms = hessian.terms?.get(`${x}.${y}`) ?? [];
        if (terms.length === 0) continue;
        const parts = evaluated(setting, nodesOfTerms(terms), point);
        const whole = scattered(terms, parts, [...shapes[x], ...shapes[y]], SIZES);
        expectClose(whole, expected, 1e-8, `terms of ${x}.${y}`);
      }
    }
  });

  it.each(examples(SCALARS))('%s: Hessian times a vector', (_, example) => {
    const setting = settingOf(example);
    const { program, derive, point, shapes } = setting;
    const gradient = derive.gradient();
    const hessian = derive.hessian(gradient, 'dense');
    const product = derive.hvp(gradient);
    expect(product.inputs.map(({ attrs, shape }) => [attrs.name, lengthsOf(shape)])).toEqual(
      program.wrt.map(name => [`tangent.${name}`, shapes[name]]),
    );
    const random = generator(9);
    const direction = Object.fromEntries(
      program.wrt.map(name => [name, point[name].map(() => random() - 0.5)]),
    );
    const withTangents = {
      ...setting,
      shapes: {
        ...shapes,
        ...Object.fromEntries(program.wrt.map(name => [`tangent.${name}`, shapes[name]])),
      },
    };
    const at = {
      ...point,
      ...Object.fromEntries(program.wrt.map(name => [`tangent.${name}`, direction[name]])),
    };
    for (const [i, x] of program.wrt.entries()) {
      const rows = point[x].length;
      const [actual] = blocks(withTangents, product, [x], [rows], at);
      const expected = new Array<number>(rows).fill(0);
      for (const [j, y] of program.wrt.entries()) {
        const path = i <= j ? `${x}.${y}` : `${y}.${x}`;
        const [block] = blocks(setting, hessian, [path], [rows * point[y].length]);
        for (let row = 0; row < rows; row++) {
          for (const [column, v] of direction[y].entries()) {
            const entry = i <= j ? block[row * point[y].length + column] : block[column * rows + row];
            expected[row] += entry * v;
          }
        }
      }
      expectClose(actual, expected, 1e-11, x);
    }
  });
});

describe('tensors of tensors', () => {
  it.each(examples(TENSORS))('%s: Jacobian', (_, example) => {
    const setting = settingOf(example);
    const { program, derive, point, shapes, out } = setting;
    const jacobian = derive.jacobian('dense');
    const rows = countIn(lengthsOf(out.shape));
    for (const x of program.wrt) {
      const node = jacobian.values.get(`f.${x}`)!;
      expect(lengthsOf(node.shape)).toEqual([...lengthsOf(out.shape), ...shapes[x]]);
      const [actual] = evaluated(setting, [node], point);
      const columns = point[x].map((_, j) => slopes(setting, at => evaluated(setting, [out], at)[0], x, j));
      const expected = Array.from({ length: rows }, (_, row) => columns.map(column => column[row])).flat();
      expectClose(actual, expected, 1e-9, x);
    }
  });

  it.each(examples(TENSORS))('%s: products from both sides', (_, example) => {
    const setting = settingOf(example);
    const { program, derive, point, shapes, out } = setting;
    const jacobian = derive.jacobian('dense');
    const [pushed, pulled] = [derive.jvp(), derive.vjp()];
    expect(pulled.inputs.map(({ attrs, shape }) => [attrs.name, shape])).toEqual([
      ['cotangent.f', out.shape],
    ]);
    const random = generator(9);
    const rows = countIn(lengthsOf(out.shape));
    const cotangent = Array.from({ length: rows }, () => random() - 0.5);
    const direction = Object.fromEntries(
      program.wrt.map(name => [name, point[name].map(() => random() - 0.5)]),
    );
    const given = {
      ...setting,
      shapes: {
        ...shapes,
        'cotangent.f': lengthsOf(out.shape),
        ...Object.fromEntries(program.wrt.map(name => [`tangent.${name}`, shapes[name]])),
      },
    };
    const at = {
      ...point,
      'cotangent.f': cotangent,
      ...Object.fromEntries(program.wrt.map(name => [`tangent.${name}`, direction[name]])),
    };
    const [tangent] = evaluated(given, [pushed.values.get('f')!], at);
    const sums = new Array<number>(rows).fill(0);
    for (const x of program.wrt) {
      const [block] = evaluated(setting, [jacobian.values.get(`f.${x}`)!], point);
      const [adjoint] = evaluated(given, [pulled.values.get(x)!], at);
      const columns = point[x].length;
      for (let row = 0; row < rows; row++) {
        sums[row] += dot(block.slice(row * columns, (row + 1) * columns), direction[x]);
      }
      const expected = point[x].map((_, j) =>
        dot(
          cotangent,
          cotangent.map((__, row) => block[row * columns + j]),
        ),
      );
      expectClose(adjoint, expected, 1e-12, `adjoint of ${x}`);
    }
    expectClose(tangent, sums, 1e-12, 'tangent');
  });
});

describe('structure', () => {
  const hessianOf = (example: Example, path: string) => {
    const { derive } = settingOf(example);
    const gradient = derive.gradient();
    return derive.hessian(gradient, 'dense').values.get(path)!;
  };
  const operations = (node: Node) => liveNodes([node]).map(({ op }) => op);

  it("the Hessian of a logistic regression is X' diag(s) X", () => {
    const example: Example = {
      shapes: [[n, m], [m]],
      wrt: ['x1'],
      build: (b, X, w) => b.div(sum(b, b.softplus(b.contract('ij,j->i', X, w))), b.size(n)),
    };
    const node = hessianOf(example, 'x1.x1');
    expect(node.op).toBe('contract');
    expect(operations(node)).not.toContain('iota');
    expect(operations(node)).not.toContain('permute');
    const matrices = liveNodes([node]).filter(({ shape }) => shape.length === 2);
    expect(matrices.every(({ shape }) => shape === node.shape || shape.length === 2)).toBe(true);
    expect(operations(node).filter(op => op === 'contract').length).toBe(2); // X w and the result
  });

  it('that of a sum of squares of residuals of a factorisation is block diagonal', () => {
    const node = hessianOf(SCALARS['matrix factorisation'], 'x1.x1');
    expect(node.op).toBe('select');
    expect(node.inputs[0].op).toBe('eq');
    expect(lengthsOf(node.inputs[1].shape)).toEqual([2, 1, 2]);
  });

  it('that of an elementwise sum is diagonal, and what is infinite stays on the diagonal', () => {
    const example: Example = { shapes: [[m]], build: (b, x) => sum(b, b.pow(x, 1.5)) };
    const setting = settingOf(example);
    const gradient = setting.derive.gradient();
    const node = setting.derive.hessian(gradient, 'dense').values.get('x0.x0')!;
    const [entries] = evaluated(setting, [node], { x0: [0, 1, 4] });
    expect(entries).toEqual([Infinity, 0, 0, 0, 0.75, 0, 0, 0, 0.375]);
  });

  it('the gradient of a trace of a product is a transpose', () => {
    const { derive } = settingOf({
      shapes: [
        [n, n],
        [n, n],
      ],
      build: (b, A, B) => sum(b, b.diagonal(b.contract('ij,jk->ik', A, B))),
    });
    const gradient = derive.gradient().values.get('x0')!;
    expect([gradient.op, gradient.inputs[0].op]).toEqual(['permute', 'input']);
  });

  it('a second derivative that is zero is absent', () => {
    const { derive } = settingOf({ shapes: [[n], [n]], build: (b, x, y) => b.contract('i,i->', x, y) });
    expect([...derive.hessian(derive.gradient(), 'dense').values.keys()]).toEqual(['x0.x1']);
  });

  it('a pattern can be told where everything is a scalar', () => {
    expect(hasScalarEntries(settingOf({ shapes: [[], []], build: (b, x, y) => b.mul(x, y) }).program)).toBe(
      true,
    );
    expect(hasScalarEntries(settingOf(SCALARS.chain).program)).toBe(false);
    expect(hasScalarEntries(settingOf(TENSORS.columns).program)).toBe(false);
  });
});

describe('random programs', () => {
  /** One more node: an operation, operands by number, a choice. */
  const steps = fc.array(fc.tuple(fc.nat(19), fc.nat(1000), fc.nat(1000), fc.nat(1000)), {
    minLength: 2,
    maxLength: 10,
  });
  const shapes: Shape[] = [[n, m], [m], [n], [], [m, k], [3]];

  const build =
    (plan: readonly (readonly [number, number, number, number])[]): Build =>
    (b, ...x) => {
      const nodes = [...x];
      for (const [op, i, j, choice] of plan) {
        const node = made(b, op, nodes[i % nodes.length], nodes, j, choice);
        if (node !== null) nodes.push(node);
      }
      return nodes
        .slice(x.length)
        .map(node => sum(b, b.sin(node)))
        .reduce((total, part) => b.add(total, part), sum(b, x[1]));
    };

  const made = (
    b: Builder,
    op: number,
    x: Node,
    nodes: readonly Node[],
    j: number,
    choice: number,
  ): Node | null => {
    const rank = x.shape.length;
    const axis = rank === 0 ? 0 : choice % rank;
    const y = nodes[j % nodes.length];
    const scan = { axis, exclusive: choice % 2 === 0, reverse: choice % 3 === 0 };
    const isTail = (p: Node, q: Node) => lengthsOf(p.shape).join().endsWith(lengthsOf(q.shape).join());
    const length = rank === 0 ? 0 : lengthsOf(x.shape)[axis];
    switch (op) {
      case 0:
        return b.sin(x);
      case 1:
        return b.tanh(x);
      case 2:
        return b.exp(b.mul(0.3, b.tanh(x)));
      case 3:
        return isTail(x, y) ? b.add(x, y) : null;
      case 4:
        return isTail(x, y) ? b.mul(x, y) : null;
      case 5:
        return isTail(x, y) ? b.select(b.lt(x, y), b.mul(x, 2), b.sin(y)) : null;
      case 6:
        return rank > 0 ? b.reduceSum(x, [axis]) : null;
      case 7:
        return rank > 0 ? b.reduceLogsumexp(x, [axis]) : null;
      case 8:
        return rank > 0 ? b.norm(x, [axis]) : null;
      case 9:
        return rank > 0 ? b.reduceProd(x, [axis]) : null;
      case 10:
        return rank === 2 ? b.permute(x, [1, 0]) : null;
      case 11:
        return rank > 0 ? b.cumsum(x, scan) : null;
      case 12:
        return rank > 0 ? b.cumprod(x, scan) : null;
      case 13:
        return rank > 0 && length > 1 ? b.slice(x, { axis, start: 1, step: 1, length: length - 1 }) : null;
      case 14:
        return rank > 0 && length > 0 ? b.gather(x, b.array([length, 1, length], [3]), axis) : null;
      case 15:
        return rank > 0 && rank < 3 ? b.pad(x, { axis, start: 1, step: 2, length: 2 * length + 1 }) : null;
      case 16:
        return rank < 2 ? b.broadcast(x, [2, ...x.shape]) : null;
      case 17:
        return rank === 2
          ? b.contract('ij,kj->ik', x, b.sin(x))
          : rank === 1
            ? b.contract('i,i->', x, b.exp(b.sin(x)))
            : null;
      case 18:
        return rank > 0 ? b.concat(axis, [x, b.sin(x)]) : null;
      case 19:
        return rank > 0 ? b.reduceMax(x, [axis]) : null;
      default:
        return null;
    }
  };

  it('reverse against forward, orders one and two, blocks against products', () => {
    fc.assert(
      fc.property(steps, plan => {
        const setting = settingOf(
          { shapes, build: build(plan), wrt: ['x0', 'x1', 'x2', 'x3', 'x4'] },
          plan.length,
        );
        const { program, derive, point, shapes: lengths, out } = setting;
        const gradient = derive.gradient();
        const hessian = derive.hessian(gradient, 'dense');
        const product = derive.hvp(gradient);
        const pushed = derive.jvp();
        const random = generator(5);
        const tangents = program.wrt.map(
          name => [`tangent.${name}`, point[name].map(() => random() - 0.5)] as const,
        );
        const given = {
          ...setting,
          shapes: {
            ...lengths,
            ...Object.fromEntries(program.wrt.map(name => [`tangent.${name}`, lengths[name]])),
          },
        };
        const at = { ...point, ...Object.fromEntries(tangents) };
        const counts = program.wrt.map(name => point[name].length);
        try {
          const gradients = blocks(given, gradient, program.wrt, counts, at);
          const slope = gradients.reduce((total, g, i) => total + dot(g, tangents[i][1]), 0);
          const [[tangent]] = blocks(given, pushed, ['f'], [1], at);
          expectClose([tangent], [slope], 1e-9, 'jvp');

          const moved = (s: number) =>
            Object.fromEntries(
              Object.entries(point).map(([name, values]) => {
                const direction = tangents.find(([key]) => key === `tangent.${name}`)?.[1];
                return [
                  name,
                  direction === undefined ? values : values.map((value, i) => value + s * direction[i]),
                ];
              }),
            );
          const expected = difference(s => evaluated(setting, [out], moved(s))[0][0], 0, 1e-3);
          if (Number.isFinite(expected)) expectClose([slope], [expected], 1e-5, 'slope');

          const products = blocks(given, product, program.wrt, counts, at);
          for (const [i, x] of program.wrt.entries()) {
            const expectedRow = new Array<number>(counts[i]).fill(0);
            for (const [j, y] of program.wrt.entries()) {
              const path = i <= j ? `${x}.${y}` : `${y}.${x}`;
              const [block] = blocks(setting, hessian, [path], [counts[i] * counts[j]]);
              for (let row = 0; row < counts[i]; row++) {
                for (const [column, v] of tangents[j][1].entries()) {
                  expectedRow[row] +=
                    v * (i <= j ? block[row * counts[j] + column] : block[column * counts[i] + row]);
                }
              }
            }
            expectClose(products[i], expectedRow, 1e-8, `hvp ${x}`);
          }
        } catch (error) {
          console.error(printIr(program));
          throw error;
        }
      }),
      { numRuns: 150, seed: 20261126 },
    );
  }, 60_000);
});
