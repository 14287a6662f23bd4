// Tensors in LaTeX: what each operation looks like, typed by hand.

import { describe, expect, test } from 'vitest';
import { emitTex } from '../../src/codegen/tex.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import type { Program } from '../../src/ir/program.ts';
import { addSizes, namedSize } from '../../src/ir/size.ts';
import { derivative } from '../ir/programs.ts';

const [n, m] = [namedSize('n'), namedSize('m')];
const r = String.raw;

interface Inputs {
  /** A scalar. */
  readonly s: Node;
  /** Vectors of n, m and 3. */
  readonly x: Node;
  readonly y: Node;
  readonly v: Node;
  /** Matrices n x m, m x n, 3 x 4; a tensor n x m x 5; an index. */
  readonly A: Node;
  readonly B: Node;
  readonly C: Node;
  readonly T: Node;
  readonly k: Node;
}

function programOf(formula: (b: Builder, inputs: Inputs) => Node): Program {
  const graph = new Graph();
  const shapes = {
    s: [],
    x: [n],
    y: [m],
    v: [3],
    A: [n, m],
    B: [m, n],
    C: [3, 4],
    T: [n, m, 5],
    k: [],
  };
  const nodes = Object.entries(shapes).map(
    ([name, shape]) => [name, graph.input(name, name === 'k' ? 'int' : 'real', shape)] as const,
  );
  const f = formula(builder(graph), Object.fromEntries(nodes) as unknown as Inputs);
  return {
    source: { name: 'f.expr', text: '' },
    graph,
    inputs: nodes.map(([name, node]) => ({ name, shape: node.shape, dtype: node.dtype, node })),
    outputs: [{ name: 'f', shape: f.shape, elements: [f] }],
    wrt: ['x'],
    derivatives: [],
    diagnostics: [],
  };
}

function linesOf(program: Program): string[] {
  return emitTex(program)
    .split('\n')
    .slice(2, -2)
    .map(line => line.replace(/ \\\\$/, ''));
}

type Case = readonly [expected: string, formula: (b: Builder, inputs: Inputs) => Node];

// biome-ignore format: a table
const CASES: readonly Case[] = [
  // Elementwise.
  [r`x \odot x`, (b, { x }) => b.mul(x, x)],
  [r`s x`, (b, { s, x }) => b.mul(s, x)],
  [r`2 x \odot x`, (b, { x }) => b.mul(2, b.mul(x, x))],
  [r`A \odot y^{\top}`, (b, { A, y }) => b.mul(A, y)],
  [r`A \odot x`, (b, { A, x }) => b.mul(A, b.expand(x, [1]))],
  [r`x y^{\top}`, (b, { x, y }) => b.mul(b.expand(x, [1]), y)],
  [r`x y^{\top}`, (b, { x, y }) => b.contract('i,j->ij', x, y)],
  [r`x^{\circ 2}`, (b, { x }) => b.pow(x, 2)],
  [r`s^{2}`, (b, { s }) => b.pow(s, 2)],
  [r`\exp\left(A\right)`, (b, { A }) => b.exp(A)],
  [r`\tanh\left(A + y^{\top}\right)`, (b, { A, y }) => b.tanh(b.add(A, y))],
  [r`\sqrt{x^{\circ 2} + \left(2 x\right)^{\circ 2}}`, (b, { x }) => b.hypot(x, b.mul(2, x))],
  [r`\frac{x}{s}`, (b, { x, s }) => b.div(x, s)],

  // Products.
  [r`x^{\top} x`, (b, { x }) => b.contract('i,i->', x, x)],
  [r`A y`, (b, { A, y }) => b.contract('ij,j->i', A, y)],
  [r`A^{\top} x`, (b, { A, x }) => b.contract('ij,i->j', A, x)],
  [r`A^{\top} x`, (b, { A, x }) => b.contract('i,ij->j', x, A)],
  [r`B x`, (b, { B, x }) => b.contract('i,ji->j', x, B)],
  [r`A B`, (b, { A, B }) => b.contract('ij,jk->ik', A, B)],
  [r`B^{\top} A^{\top}`, (b, { A, B }) => b.contract('ij,jk->ki', A, B)],
  [r`A A^{\top}`, (b, { A }) => b.contract('ij,kj->ik', A, A)],
  [r`A^{\top} A`, (b, { A }) => b.contract('ij,ik->jk', A, A)],
  [r`\left(A B\right) x`, (b, { A, B, x }) => b.contract('ij,j->i', b.contract('ij,jk->ik', A, B), x)],
  [r`A^{\top} \left(x - s\right)`, (b, { A, x, s }) => b.contract('ij,i->j', A, b.sub(x, s))],
  [r`x^{\top} x + \left(A y\right)^{\top} x`,
    (b, { A, x, y }) => b.add(b.contract('i,i->', x, x), b.contract('i,i->', b.contract('ij,j->i', A, y), x))],
  [r`\sum_{ij} A_{ij} A_{ij}`, (b, { A }) => b.contract('ij,ij->', A, A)],
  [r`\left[\sum_{j} A_{ij} A_{ij}\right]_{i}`, (b, { A }) => b.contract('ij,ij->i', A, A)],
  [r`\left[\sum_{l} T_{ijl} T_{ijl}\right]_{ij}`,
    (b, { T }) => b.contract('abc,abc->ab', T, T)],

  // Reductions.
  [r`\sum_{i} x_{i}`, (b, { x }) => b.reduceSum(x)],
  [r`\sum_{i} \left(x - s\right)_{i}`, (b, { x, s }) => b.reduceSum(b.sub(x, s))],
  [r`\left[\sum_{j} A_{ij}\right]_{i}`, (b, { A }) => b.reduceSum(A, [1])],
  [r`\left(\prod_{i} x_{i}\right) s`, (b, { x, s }) => b.mul(b.reduceProd(x), s)],
  [r`\left[\max_{i} A_{ij}\right]_{j}`, (b, { A }) => b.reduceMax(A, [0])],
  [r`\min_{i} x_{i}`, (b, { x }) => b.reduceMin(x)],
  [r`\operatorname{arg\,max}_{i} x_{i}`, (b, { x }) => b.argmax(x)],
  [r`\operatorname{arg\,min}_{i} x_{i}`, (b, { x }) => b.argmin(x)],
  [r`\left[\bigvee_{i} \left(x < s\right)_{i}\right]`, (b, { x, s }) => b.real(b.any(b.lt(x, s)))],
  [r`\left\|x - s\right\|`, (b, { x, s }) => b.norm(b.sub(x, s))],
  [r`\left[\left\|A_{i \cdot }\right\|\right]_{i}`, (b, { A }) => b.norm(A, [1])],
  [r`\ln\left(\sum_{i} e^{x_{i}}\right)`, (b, { x }) => b.reduceLogsumexp(x)],
  [r`\left[\ln\left(\sum_{j} e^{A_{ij}}\right)\right]_{i}`, (b, { A }) => b.reduceLogsumexp(A, [1])],
  [r`\operatorname{cumsum}\left(x\right)`, (b, { x }) => b.cumsum(x, { axis: 0, exclusive: false, reverse: false })],
  [r`\operatorname{cumprod}_{2}^{<,\leftarrow}\left(A\right)`, (b, { A }) => b.cumprod(A, { axis: 1, exclusive: true, reverse: true })],

  // Elements moved, copied or left out.
  [r`s \mathbf{1}`, (b, { s }) => b.broadcast(s, [n])],
  [r`\mathbf{1}`, b => b.broadcast(1, [n])],
  [r`\left[y_{j}\right]_{ij}`, (b, { y }) => b.broadcast(y, [n, m])],
  [r`A^{\top}`, (b, { A }) => b.permute(A, [1, 0])],
  [r`\left[T_{lij}\right]_{ijl}`, (b, { T }) => b.permute(T, [1, 2, 0])],
  [r`\operatorname{reshape}_{m \times n}\left(A\right)`, (b, { A }) => b.reshape(A, [m, n])],
  [r`x^{\top}`, (b, { x }) => b.expand(x, [0])],
  [r`x`, (b, { x }) => b.expand(x, [1])],
  [r`A_{:,2:5}`, (b, { A }) => b.slice(A, { axis: 1, start: 1, step: 1, length: 4 })],
  [r`x_{n:-1:1}`, (b, { x }) => b.slice(x, { axis: 0, start: addSizes(n, -1), step: -1, length: n })],
  [r`x_{2}`, (b, { x }) => b.drop(b.slice(x, { axis: 0, start: 1, step: 1, length: 1 }), 0)],
  [r`\operatorname{pad}_{2:n + 1}\left(x\right)`, (b, { x }) => b.pad(x, { axis: 0, start: 1, step: 1, length: addSizes(n, 4) })],
  [r`C_{2,3}`, (b, { C }) => b.element(C, 6)],
  [r`\operatorname{diag}\left(A B\right)`, (b, { A, B }) => b.diagonal(b.contract('ij,jk->ik', A, B))],
  [r`\left(x, y\right)`, (b, { x, y }) => b.concat(0, [x, y])],
  [r`\begin{pmatrix} x^{\top} \\ \left(2 x\right)^{\top} \end{pmatrix}`, (b, { x }) => b.stack([x, b.mul(2, x)])],
  [r`\begin{pmatrix} A & x \end{pmatrix}`, (b, { A, x }) => b.concat(1, [A, b.expand(x, [1])])],
  [r`A_{k,:}`, (b, { A, k }) => b.gather(A, k, 0)],
  [r`\operatorname{scatter}_{k,:}\left(y\right)`, (b, { y, k }) => b.scatterAdd(y, k, 0, n)],

  // From nothing.
  [r`\left(1, 2, -3\right)`, b => b.array([1, 2, -3], [3])],
  [r`\left(0, 1, 2, \ldots, 9\right)`, b => b.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [10])],
  [r`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}`, b => b.array([1, 2, 3, 4], [2, 2])],
  [r`2 n + 1`, b => b.size(addSizes(addSizes(n, n), 1))],
  [r`\left(0, 1, \ldots, n - 1\right)`, b => b.iota(n)],
  [r`\left(0, 1, 2\right)`, b => b.iota(3)],
  [r`\mathbf{I}`, b => b.real(b.eye(n, n))],
];

test.each(CASES)('%s', (expected, formula) => {
  expect(linesOf(programOf(formula))).toEqual([`f &= ${expected}`]);
});

test('every tensor operation has an example', () => {
  const seen = new Set(
    CASES.flatMap(([, formula]) => programOf(formula).graph.nodes.map(node => node.op as OpName)),
  );
  expect((Object.keys(OPS) as OpName[]).filter(op => !isElementwise(op) && !seen.has(op))).toEqual([]);
});

describe('documents', () => {
  test('indices have letters that nothing else has', () => {
    const graph = new Graph();
    const b = builder(graph);
    const [i, j] = [graph.input('i', 'real', [namedSize('k')]), graph.input('j', 'real', [namedSize('k')])];
    const f = b.reduceSum(b.exp(b.mul(i, j)));
    const program: Program = {
      ...programOf(() => f),
      graph,
      inputs: [i, j].map(node => ({ name: node.attrs.name, shape: node.shape, dtype: node.dtype, node })),
    };
    expect(linesOf(program)).toEqual([r`f &= \sum_{l} \exp\left(i \odot j\right)_{l}`]);
  });

  test('a gradient and a Jacobian of tensors', () => {
    const program = programOf((b, { A, y }) => b.contract('ij,j->i', A, y));
    const { graph } = program;
    const [f] = program.outputs[0].elements;
    const g = builder(graph).mul(2, f);
    graph.names.set(g, 'g1');
    const lines = linesOf({
      ...program,
      derivatives: [derivative('grad', [['x', g]]), derivative('jacobian', [['f.y', graph.input('A')]])],
    });
    expect(lines).toEqual([
      'f &= A y',
      'g_{1} &= 2 f',
      r`\frac{\partial f}{\partial x} &= g_{1}`,
      r`\frac{\partial f}{\partial y} &= A`,
    ]);
  });
});
