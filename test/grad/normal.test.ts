// The products of Gauss-Newton, J'J and J'r, against the Jacobian by differences, multiplied in plain loops; and its terms
// against the dense blocks.

import { describe, expect, it } from 'vitest';
import { differentiator } from '../../src/grad/derivatives.ts';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import type { Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { evaluateSize, namedSize } from '../../src/ir/size.ts';
import { nodesOfTerms } from '../../src/ir/terms.ts';
import { normalise } from '../../src/rewrite/passes.ts';
import { difference, generator } from '../differences.ts';
import { scattered } from '../terms.ts';
import { countIn, formulaOf, programOf, valuesAt } from './tensors.ts';

const SIZES: Readonly<Record<string, number>> = { n: 5, m: 4, k: 3 };
const [n, m, k] = ['n', 'm', 'k'].map(namedSize);

interface Example {
  readonly shapes: readonly Shape[];
  readonly wrt: readonly string[];
  readonly build: (b: Builder, ...x: Node[]) => Node | readonly Node[];
}

const slice = (b: Builder, x: Node, start: number, length: Shape[number], step = 1) =>
  b.slice(x, { axis: 0, start, step, length });
const rows = (b: Builder, x: Node, index: readonly number[]) =>
  b.gather(x, b.array(index, [index.length]), 0);

// biome-ignore format: one formula a paragraph
const EXAMPLES: Readonly<Record<string, Example>> = {
  'sinusoids': { shapes: [[n], [n], [k], [k]], wrt: ['x2', 'x3'], build: (b, t, y, a, w) =>
    b.sub(b.contract('j,ij->i', a, b.sin(b.mul(b.expand(t, [1]), w))), y) },
  'two numbers': { shapes: [[n], [n], [], []], wrt: ['x2', 'x3'], build: (b, t, y, p, q) =>
    b.sub(b.mul(p, b.exp(b.mul(q, t))), y) },
  'data and a prior': { shapes: [[n, m], [n], [m]], wrt: ['x2'], build: (b, X, y, w) =>
    b.concat(0, [b.sub(b.contract('ij,j->i', X, w), y), b.mul(0.5, w)]) },
  'factorisation': { shapes: [[n, m], [n, k], [m, k]], wrt: ['x1', 'x2'], build: (b, A, U, V) =>
    b.sub(A, b.contract('ik,jk->ij', U, V)) },
  'neighbours': { shapes: [[7]], wrt: ['x0'], build: (b, x) =>
    b.sub(slice(b, x, 1, 6), b.sin(slice(b, x, 0, 6))) },
  'neighbours and squares': { shapes: [[7]], wrt: ['x0'], build: (b, x) =>
    b.concat(0, [b.sub(slice(b, x, 1, 6), b.sin(slice(b, x, 0, 6))), b.mul(x, x), slice(b, x, 6, 4, -2)]) },
  'padded': { shapes: [[4]], wrt: ['x0'], build: (b, x) =>
    b.add(b.pad(b.exp(x), { axis: 0, start: 1, step: 2, length: 9 }), b.pad(b.sin(x), { axis: 0, start: 2, step: 1, length: 9 })) },
  'parts that overlap': { shapes: [[6]], wrt: ['x0'], build: (b, x) =>
    b.add(b.pad(b.exp(x), { axis: 0, start: 1, step: 1, length: 9 }), b.pad(b.sin(x), { axis: 0, start: 2, step: 1, length: 9 })) },
  'observations': { shapes: [[4, 2], [3, 2]], wrt: ['x0', 'x1'], build: (b, cameras, points) =>
    b.sin(b.mul(rows(b, cameras, [1, 4, 1, 2, 4]), rows(b, points, [2, 2, 3, 1, 2]))) },
  'one row twice': { shapes: [[4]], wrt: ['x0'], build: (b, x) =>
    b.mul(rows(b, x, [1, 2, 3, 3]), rows(b, x, [2, 2, 1, 3])) },
  'scattered': { shapes: [[4]], wrt: ['x0'], build: (b, x) =>
    b.scatterAdd(b.mul(x, rows(b, x, [2, 2, 1, 3])), b.array([2, 1, 2, 3], [4]), 0, 3) },
  'selections': { shapes: [[n], []], wrt: ['x0', 'x1'], build: (b, x, s) =>
    b.select(b.lt(x, s), b.mul(x, s), b.relu(x)) },
  'diagonal': { shapes: [[3, 3]], wrt: ['x0'], build: (b, A) => b.diagonal(b.contract('ij,jk->ik', A, A)) },
  'cumulative': { shapes: [[m]], wrt: ['x0'], build: (b, x) =>
    b.cumsum(b.exp(x), { axis: 0, exclusive: false, reverse: false }) },
  'several residuals': { shapes: [[n], []], wrt: ['x0', 'x1'], build: (b, x, s) =>
    [b.mul(x, s), b.reduceSum(b.mul(x, x)), b.sub(s, 1)] },
  'numbers only': { shapes: [[], []], wrt: ['x0', 'x1'], build: (b, x, y) =>
    [b.sub(y, b.mul(x, x)), b.sub(1, x), b.mul(3, y)] },
};

const lengthsOf = (shape: Shape) => shape.map(size => evaluateSize(size, new Map(Object.entries(SIZES))));

describe('Gauss-Newton', () => {
  it.each(Object.entries(EXAMPLES))('%s', (_, { shapes, wrt, build }) => {
    let residuals: readonly Node[] = [];
    const formula = formulaOf(shapes, (b, ...x) => {
      residuals = [build(b, ...x)].flat();
      return residuals[0];
    });
    const outputs = residuals.map((node, i) => ({ name: `r${i}`, shape: node.shape, elements: [node] }));
    const original: Program = { ...programOf(formula), outputs, wrt };
    const { program, b } = normalise(original);
    const { values, terms } = differentiator(b, program).gaussNewton('dense');
    const random = generator(3);
    const lengths = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, lengthsOf(shape)]));
    const point = Object.fromEntries(
      Object.entries(lengths).map(([name, shape]) => [
        name,
        Array.from({ length: countIn(shape) }, () => 1.6 * random() - 0.6),
      ]),
    );
    const at = (nodes: readonly Node[], where = point) => valuesAt(nodes, where, lengths, SIZES);

    const r = at(residuals).flat();
    const columns = wrt.map(name =>
      point[name].map((_, j) =>
        r.map((__, i) => {
          const moved = (s: number) => ({ ...point, [name]: point[name].with(j, point[name][j] + s) });
          return difference(s => at(residuals, moved(s)).flat()[i], 0, 0.02);
        }),
      ),
    );
    const inner = (u: readonly number[], v: readonly number[]) =>
      u.reduce((sum, each, i) => sum + each * v[i], 0);
    expectClose(at([values.get('')!])[0], [inner(r, r) / 2]);
    for (const [i, x] of wrt.entries()) {
      const gradient = values.get(x);
      expectClose(
        gradient ? at([gradient])[0] : columns[i].map(() => 0),
        columns[i].map(column => inner(column, r)),
      );
      for (const [j, y] of [...wrt.entries()].slice(i)) {
        const expected = columns[i].flatMap(u => columns[j].map(v => inner(u, v)));
        const block = values.get(`${x}.${y}`);
        expectClose(block ? at([block])[0] : expected.map(() => 0), expected);
        const parts = terms?.get(`${x}.${y}`);
        if (parts === undefined) continue;
        const whole = scattered(parts, at(nodesOfTerms(parts)), [...lengths[x], ...lengths[y]], SIZES);
        expectClose(whole, expected);
      }
    }
  });
});

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  for (const [i, value] of actual.entries()) {
    if (!(Math.abs(value - expected[i]) <= 1e-8 * scale)) expect(actual).toEqual(expected);
  }
}
