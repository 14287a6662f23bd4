import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emitTex } from '../../src/codegen/tex.ts';
import { texName } from '../../src/codegen/tex-names.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluator } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { liveNodes } from '../../src/ir/live.ts';
import { factsOf, isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import type { Derivative, Output, Program } from '../../src/ir/program.ts';
import { derivative, programs, sampleProgram } from '../ir/programs.ts';

type Formula = (b: Builder, x: Node, y: Node, z: Node) => Node;

function programOf(
  graph: Graph,
  outputs: readonly Output[],
  derivatives: readonly Derivative[] = [],
): Program {
  const nodes = graph.nodes
    .filter(node => node.op === 'input')
    .filter(node => !node.attrs.name.includes('.'));
  const inputs = nodes.map(node => ({ name: node.attrs.name, shape: [], dtype: node.dtype, node }));
  const wrt = inputs.map(input => input.name);
  return { source: { name: 'f.expr', text: '' }, graph, inputs, outputs, wrt, derivatives, diagnostics: [] };
}

/** The lines of the document for `f = formula(x, y, z)`. */
function linesOf(formula: Formula): string[] {
  const graph = new Graph();
  const [x, y, z] = ['x', 'y', 'z'].map(name => graph.input(name));
  const f = formula(builder(graph), x, y, z);
  return documentLines(programOf(graph, [{ name: 'f', shape: [], elements: [f] }]));
}

function documentLines(program: Program): string[] {
  const lines = emitTex(program).split('\n');
  expect([lines[0].slice(0, 2), lines[1]]).toEqual(['% ', '\\begin{align*}']);
  expect(lines.slice(-2)).toEqual(['\\end{align*}', '']);
  return lines.slice(2, -2).map(line => line.replace(/ \\\\$/, ''));
}

function check(formula: Formula, expected: string): void {
  expect(linesOf(formula)).toEqual([`f &= ${expected}`]);
}

test('a small program with its derivatives', () => {
  expect(emitTex(sampleProgram())).toBe(String.raw`% sample.expr
\begin{align*}
z &= x - 1 \\
\mathrm{value} &= z^{2} + 3 y \\
\frac{\partial \mathrm{value}}{\partial x} &= 2 z \\
\frac{\partial \mathrm{value}}{\partial y} &= 3 \\
\frac{\partial^{2} \mathrm{value}}{\partial x^{2}} &= 2
\end{align*}
`);
});

test('sums and products', () => {
  check((b, x, y, z) => b.add(x, b.add(y, z)), 'x + y + z');
  check((b, x, y, z) => b.sub(x, b.sub(y, z)), String.raw`x - \left(y - z\right)`);
  check((b, x, y, z) => b.sub(b.sub(x, y), z), 'x - y - z');
  check((b, x, y, z) => b.add(x, b.sub(b.neg(y), z)), 'x - y - z');
  check((b, x, y) => b.neg(b.add(x, y)), String.raw`-\left(x + y\right)`);
  check((b, x, y) => b.mul(b.neg(x), y), '-x y');
  check((b, x, y) => b.sub(x, b.mul(b.neg(x), y)), 'x + x y');
  check((b, x, y) => b.add(x, b.mul(-3, y)), 'x - 3 y');
  check((b, x, y, z) => b.mul(b.add(x, y), z), String.raw`\left(x + y\right) z`);
  check((b, x) => b.mul(x, 2), '2 x');
  check((b, x, y) => b.mul(x, b.mul(2, y)), '2 x y');
  check((b, x, y) => b.mul(b.mul(-3, x), b.neg(b.mul(2, y))), '6 x y');
  check((b, x) => b.mul(b.mul(0.5, x), 3), String.raw`3 \cdot 0.5 x`);
  check((b, x, y) => b.mul(x, b.pow(2, y)), String.raw`x \cdot 2^{y}`);
  check((b, x) => b.mul(x, 1.5e-7), String.raw`1.5 \cdot 10^{-7} x`);
  check((b, x) => b.add(x, 1e21), 'x + 10^{21}');
  check((b, x) => b.sub(x, Math.PI), String.raw`x - \pi`);
  check((b, x) => b.mul(x, -Infinity), String.raw`-\infty x`);
});

test('fractions and powers', () => {
  check((b, x, y) => b.div(b.neg(x), b.add(x, y)), String.raw`-\frac{x}{x + y}`);
  check((b, x, y, z) => b.mul(b.div(x, y), z), String.raw`\frac{x}{y} z`);
  check((b, x, y) => b.pow(b.div(x, y), 2), String.raw`\left(\frac{x}{y}\right)^{2}`);
  check((b, x, y, z) => b.pow(b.pow(x, y), z), String.raw`\left(x^{y}\right)^{z}`);
  check((b, x, y, z) => b.pow(x, b.pow(y, z)), 'x^{y^{z}}');
  check((b, x) => b.pow(b.neg(x), 2), String.raw`\left(-x\right)^{2}`);
  check((b, x) => b.neg(b.pow(x, 2)), '-x^{2}');
  check((b, x) => b.pow(x, -1), 'x^{-1}');
  check((b, x) => b.pow(b.sin(x), 2), String.raw`\sin^{2}\left(x\right)`);
  check((b, x) => b.pow(b.sin(x), -1), String.raw`\left(\sin\left(x\right)\right)^{-1}`);
  check((b, x) => b.pow(b.sqrt(x), 3), String.raw`\left(\sqrt{x}\right)^{3}`);
  check((b, x, y) => b.hypot(x, b.mul(2, y)), String.raw`\sqrt{x^{2} + \left(2 y\right)^{2}}`);
  check((b, x) => b.exp(b.neg(x)), 'e^{-x}');
  check((b, x) => b.cbrt(b.add(x, 1)), String.raw`\sqrt[3]{x + 1}`);
});

test('functions', () => {
  check((b, x) => b.log1p(x), String.raw`\ln\left(1 + x\right)`);
  check((b, x) => b.abs(b.sub(x, 1)), String.raw`\left|x - 1\right|`);
  check((b, x, y) => b.atan2(x, y), String.raw`\operatorname{atan2}\left(x, y\right)`);
  check((b, x, y) => b.logsumexp(x, y), String.raw`\ln\left(e^{x} + e^{y}\right)`);
  check((b, x) => b.polygamma(0, x), String.raw`\psi\left(x\right)`);
  check((b, x) => b.polygamma(2, x), String.raw`\psi^{(2)}\left(x\right)`);
  check((b, x, y) => b.xlogy(b.add(x, 1), y), String.raw`\left(x + 1\right) \ln\left(y\right)`);
  check((b, x, y, z) => b.add(b.mod(x, y), z), String.raw`\left(x \bmod y\right) + z`);
});

test('case distinctions', () => {
  check(
    (b, x, y) => b.select(b.lt(x, 0), y, b.select(b.and(b.le(x, 1), b.not(b.eq(x, y))), x, 0)),
    String.raw`\begin{cases} y & \text{if } x < 0 \\ ` +
      String.raw`x & \text{if } x \le 1 \land \lnot \left(x = y\right) \\ 0 & \text{otherwise} \end{cases}`,
  );
  expect(linesOf((b, x, y) => b.mul(2, b.select(b.lt(x, y), x, y)))).toEqual([
    String.raw`t_{1} &= \begin{cases} x & \text{if } x < y \\ y & \text{otherwise} \end{cases}`,
    'f &= 2 t_{1}',
  ]);
  check((b, x, y) => b.real(b.lt(x, y)), String.raw`\left[x < y\right]`);
});

test('what gets a line of its own: shared values unless short, long formulas', () => {
  const sum: Formula = (b, x, y, z) => b.add(x, b.add(y, b.mul(2, b.sin(z))));
  expect(linesOf((b, x, y, z) => b.div(sum(b, x, y, z), b.exp(sum(b, x, y, z))))).toEqual([
    String.raw`t_{1} &= x + y + 2 \sin\left(z\right)`,
    String.raw`f &= \frac{t_{1}}{e^{t_{1}}}`,
  ]);
  check((b, x) => b.add(b.sin(b.pow(x, 2)), b.pow(x, 2)), String.raw`\sin\left(x^{2}\right) + x^{2}`);
  const long = linesOf((b, x, y) =>
    Array.from({ length: 1000 }).reduce<Node>(node => b.add(b.mul(node, x), y), x),
  );
  expect(long.length).toBeGreaterThan(20);
  for (const line of long) expect(line.length).toBeLessThan(200);
  expect(long[1]).toMatch(/^t_\{2\} &= .*t_\{1\}/);
});

test('a graph as deep as it is long', () => {
  const lines = linesOf((b, x) => {
    let node = x;
    for (let i = 0; i < 100_000; i++) node = b.sin(node);
    return node;
  });
  expect(lines.at(-1)).toMatch(/^f &= /);
});

test('names', () => {
  const cases = {
    x: 'x',
    α: '\\alpha',
    theta_1: '\\theta_{1}',
    x1: 'x_{1}',
    x_1_2: 'x_{1,2}',
    w_out: 'w_{\\mathrm{out}}',
    rate: '\\mathrm{rate}',
    sigma_i: '\\sigma_{i}',
    x_beta: 'x_{\\beta}',
    Ω: '\\Omega',
    a2b: '\\mathrm{a2b}',
    _x: '\\mathrm{\\_x}',
    $a: '\\mathrm{\\$a}',
    'a\\b%': '\\mathrm{a\\backslash b\\%}',
    'tangent.x1': '\\mathrm{d} x_{1}',
    'cotangent.r.2': '\\bar{r_{2}}',
  };
  for (const [name, tex] of Object.entries(cases)) expect(texName(name), name).toBe(tex);
});

test('names that would look alike are told apart', () => {
  const graph = new Graph();
  const b = builder(graph);
  const [x1, x_1, t1, e] = ['x1', 'x_1', 't1', 'e'].map(name => graph.input(name));
  const first = b.mul(x1, b.sin(x_1));
  const second = b.mul(first, b.add(t1, e));
  graph.names.set(first, 'x1');
  const program = programOf(graph, [{ name: 'x1', shape: [], elements: [b.add(second, b.exp(second))] }]);
  expect(documentLines(program)).toEqual([
    String.raw`t_{2} &= x_{1} \sin\left(\mathrm{x\_1}\right)`
      .replace('{1} \\sin', '{1} \\, \\sin')
      .replace(' \\, ', ' '),
    String.raw`t_{3} &= t_{2} \left(t_{1} + \mathrm{e}\right)`,
    String.raw`\mathrm{x1} &= t_{3} + e^{t_{3}}`,
  ]);
});

test('tensors, several outputs, all derivatives', () => {
  const graph = new Graph();
  const b = builder(graph);
  const [x, y] = [graph.input('x'), graph.input('y')];
  const [dx, c] = [graph.input('tangent.x'), graph.input('cotangent.r.1')];
  const r = { name: 'r', shape: [2, 2], elements: [b.mul(x, y), x, y, b.mul(x, y)] };
  const s = { name: 's', shape: [], elements: [y] };
  const program = programOf(
    graph,
    [r, s],
    [
      derivative('jacobian', [
        ['r.1.x', y],
        ['r.4.y', x],
        ['s.y', graph.constant(1)],
      ]),
      derivative(
        'jvp',
        [
          ['r.1', b.mul(dx, y)],
          ['s', dx],
        ],
        [dx],
      ),
      derivative('vjp', [['x', b.mul(c, y)]], [c]),
    ],
  );
  expect(documentLines(program)).toEqual([
    'r_{1,1} &= x y',
    'r_{1,2} &= x',
    'r_{2,1} &= y',
    'r_{2,2} &= r_{1,1}',
    's &= y',
    String.raw`\frac{\partial r_{1,1}}{\partial x} &= y`,
    String.raw`\frac{\partial r_{2,2}}{\partial y} &= x`,
    String.raw`\frac{\partial s}{\partial y} &= 1`,
    String.raw`\mathrm{d} r_{1,1} &= \mathrm{d} x \, y`,
    String.raw`\mathrm{d} s &= \mathrm{d} x`,
    String.raw`\bar{x} &= \bar{r_{1}} y`,
  ]);
  const f = { name: 'f', shape: [], elements: [b.mul(x, y)] };
  const second = [
    derivative('grad', [['x', y]]),
    derivative('hessian', [['x.y', graph.constant(1)]]),
    derivative('hvp', [['y', dx]], [dx]),
  ];
  expect(documentLines(programOf(graph, [f], second)).slice(1)).toEqual([
    String.raw`\frac{\partial f}{\partial x} &= y`,
    String.raw`\frac{\partial f}{\partial y} &= 0`,
    String.raw`\frac{\partial^{2} f}{\partial x \, \partial y} &= 1`,
    String.raw`\mathrm{d} \frac{\partial f}{\partial y} &= \mathrm{d} x`,
  ]);
});

describe('all programs', () => {
  test('every elementwise operation has a formula', () => {
    for (const op of Object.keys(OPS) as OpName[]) {
      if (op === 'input' || op === 'const' || !isElementwise(op)) continue;
      const graph = new Graph();
      const [x, y, z] = ['x', 'y', 'z'].map(name => graph.input(name));
      const mask = graph.intern('lt', [x, y]);
      const { arity, attrs } = factsOf(op);
      const inputs = (
        op === 'select' ? [mask, x, y] : /^(and|or|not|real)$/.test(op) ? [mask, mask] : [x, y, z]
      ).slice(0, arity === 'variadic' ? 3 : arity);
      const node = graph.intern(op, inputs, attrs !== undefined ? { order: 1 } : undefined);
      const text = emitTex(programOf(graph, [{ name: 'f', shape: [], elements: [node] }]));
      expect(text, op).toMatch(/\nf &= .*x/);
      expectWellFormed(text);
    }
  });

  test('is well formed', () => {
    fc.assert(
      fc.property(programs, program => expectWellFormed(emitTex(program))),
      { seed: 5, numRuns: 200 },
    );
  });

  test('means what the graph means', () => {
    const binary = ['add', 'sub', 'mul', 'div', 'pow'] as const;
    const unary = ['neg', 'sqrt', 'sin', 'exp', 'abs', 'log1p', 'expm1', 'xlogx'] as const;
    const steps = fc.array(fc.tuple(fc.constantFrom(...binary, ...unary), fc.nat(), fc.nat()), {
      minLength: 1,
    });
    const numbers = fc.array(fc.constantFrom(-2, -1, 0.5, 2, 3, 1e-9, 1e21), { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(steps, numbers, (all, constants) => {
        const graph = new Graph();
        const b = builder(graph);
        const pool: Node[] = ['x', 'y', 'z'].map(name => graph.input(name));
        for (const value of constants) pool.push(b.constant(value));
        for (const [op, i, j] of all) {
          const operands = [pool[pool.length - 1 - (i % 4)], pool[j % pool.length]];
          pool.push(b.make(op, operands.slice(0, OPS[op].arity)));
        }
        const root = pool[pool.length - 1];
        const point = { x: 0.7, y: 1.3, z: -0.4 };
        const [wanted] = evaluator([root])(new Map(Object.entries(point)));
        // Reassociation rounds differently; only formulas that stay moderate are compared.
        const sizes = evaluator(liveNodes([root]))(new Map(Object.entries(point))).map(Math.abs);
        fc.pre(sizes.every(size => size > 1e-3 && size < 1e3));
        const program = programOf(graph, [{ name: 'f', shape: [], elements: [root] }]);
        const values = new Map<string, number>(Object.entries(point));
        for (const line of documentLines(program)) {
          const [left, right] = line.split(' &= ');
          values.set(left, read(right, values));
        }
        expect(values.get('f')).toBeCloseTo(wanted, 6);
      }),
      { seed: 6, numRuns: 1500 },
    );
  });
});

/** Braces, \left and \right, environments all close; a line has one `&=`, and no blank line stands in the environment. */
function expectWellFormed(text: string): void {
  const open: string[] = [];
  const closes: (readonly [string | undefined, string])[] = [];
  for (const [token] of text
    .replace(/^%.*\n/, '')
    .matchAll(/\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\left|\\right|\\.|[{}]/gs)) {
    if (token === '{' || token === '\\left') open.push(token);
    else if (token.startsWith('\\begin')) open.push(token.slice(6));
    else if (token === '}') closes.push([open.pop(), '{']);
    else if (token === '\\right') closes.push([open.pop(), '\\left']);
    else if (token.startsWith('\\end')) closes.push([open.pop(), token.slice(4)]);
  }
  expect(closes.filter(([opened, closed]) => opened !== closed)).toEqual([]);
  expect(open).toEqual([]);
  expect(text).not.toMatch(/\n\n/);
  const lines = text.split('\n').slice(2, -2);
  expect(lines.filter(line => line.split(' &= ').length !== 2)).toEqual([]);
}

/** The value of a formula: an independent reader of the LaTeX that the arithmetic test uses. */
function read(text: string, values: ReadonlyMap<string, number>): number {
  let at = 0;
  const see = (mark: string) => text.startsWith(mark, at);
  const take = (mark: string) => {
    const found = see(mark);
    if (found) at += mark.length;
    return found;
  };
  const need = (mark: string) => {
    if (!take(mark)) throw new Error(`expected ${mark} at ${at} of ${text}`);
  };
  const within = (open: string, close: string) => {
    need(open);
    const value = sum();
    need(close);
    return value;
  };
  const blanks = () => {
    while (take(' ')) {
      /* skip */
    }
  };
  const sum = (): number => {
    blanks();
    let value = take('-') ? -product() : product();
    for (;;) {
      blanks();
      if (take('+ ')) value += product();
      else if (take('- ')) value -= product();
      else return value;
    }
  };
  const product = (): number => {
    let value = power();
    for (;;) {
      blanks();
      take('\\cdot') || take('\\,');
      blanks();
      if (at === text.length || /^(?:\}|\\right|[+-])/.test(text.slice(at))) return value;
      value *= power();
    }
  };
  const power = (): number => {
    for (const [name, f] of [
      ['\\sin', Math.sin],
      ['\\ln', Math.log],
      ['\\exp', Math.exp],
    ] as const) {
      if (!take(name)) continue;
      const exponent = see('^') ? exponentOf() : 1;
      return f(within('\\left(', '\\right)')) ** exponent;
    }
    const base = atom();
    return see('^') ? base ** exponentOf() : base;
  };
  const exponentOf = () => {
    need('^');
    return within('{', '}');
  };
  const atom = (): number => {
    if (take('\\frac')) {
      const numerator = within('{', '}');
      return numerator / within('{', '}');
    }
    if (take('\\sqrt')) return Math.sqrt(within('{', '}'));
    if (see('\\left(')) return within('\\left(', '\\right)');
    if (see('\\left|')) return Math.abs(within('\\left|', '\\right|'));
    if (take('\\infty')) return Infinity;
    if (take('\\mathrm{NaN}')) return Number.NaN;
    const [token] = /^(?:[0-9.]+|[a-z](?:_\{[0-9]+\})?)/.exec(text.slice(at)) ?? [];
    if (token === undefined) throw new Error(`unexpected text at ${at} of ${text}`);
    at += token.length;
    return token === 'e' ? Math.E : (values.get(token) ?? Number(token));
  };
  const value = sum();
  if (at !== text.length) throw new Error(`left over at ${at} of ${text}`);
  return value;
}
