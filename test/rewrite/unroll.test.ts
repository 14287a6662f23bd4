import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Differentiator, differentiator } from '../../src/grad/derivatives.ts';
import { type Builder, builder } from '../../src/ir/build.ts';
import { evaluate, type Value } from '../../src/ir/evaluate.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { scalarsOf } from '../../src/ir/literal.ts';
import { liveNodes } from '../../src/ir/live.ts';
import { isElementwise } from '../../src/ir/ops.ts';
import { printIr } from '../../src/ir/print.ts';
import { type Derivative, nodeOf, type Program, rootsOf } from '../../src/ir/program.ts';
import { elementsIn, type Shape } from '../../src/ir/shape.ts';
import { namedSize } from '../../src/ir/size.ts';
import { verify } from '../../src/ir/verify.ts';
import { normalise } from '../../src/rewrite/passes.ts';
import { unroll } from '../../src/rewrite/unroll.ts';
import { smoothPrograms, staticPrograms } from '../ir/programs.ts';

const LIMIT = 5000;

/** A program with one output of what `build` makes of the inputs. */
function programOf(
  shapes: Readonly<Record<string, Shape>>,
  build: (b: Builder, inputs: Readonly<Record<string, Node>>) => Node,
): Program {
  const graph = new Graph();
  const inputs = Object.entries(shapes).map(([name, shape]) => {
    const node = graph.input(name, 'real', shape);
    return { name, shape, dtype: 'real' as const, node };
  });
  const nodes = Object.fromEntries(inputs.map(({ name, node }) => [name, node]));
  const root = build(builder(graph), nodes);
  return {
    source: { name: 'f.expr', text: '' },
    graph,
    inputs,
    outputs: [{ name: 'f', shape: root.shape, elements: [root] }],
    wrt: [],
    derivatives: [],
    diagnostics: [],
  };
}

function unrolled(program: Program, limit = LIMIT): Program | undefined {
  return unroll(program, builder(new Graph()), limit);
}

/** The lines of the unrolled program between the inputs and the end. */
function check(program: Program, ...lines: string[]): void {
  const text = printIr(unrolled(program)!);
  expect(text.split('\n').filter(line => /^ {2}(%|return)/.test(line))).toEqual(
    lines.map(line => `  ${line}`),
  );
}

test('a matrix times a vector', () => {
  check(
    programOf({ A: [2, 2], v: [2] }, (b, { A, v }) => b.contract('ij,j->i', A, v)),
    '%0: [2, 2] = input A',
    '%1 = element %0 position=0',
    '%2 = element %0 position=1',
    '%3 = element %0 position=2',
    '%4 = element %0 position=3',
    '%5: [2] = input v',
    '%6 = element %5 position=0',
    '%7 = element %5 position=1',
    '%8 = mul %1 %6',
    '%9 = mul %2 %7',
    '%10 = add %8 %9',
    '%11 = mul %3 %6',
    '%12 = mul %4 %7',
    '%13 = add %11 %12',
    '%14: [1] = broadcast %10',
    '%15: [1] = broadcast %13',
    '%16: [2] = concat %14 %15 axis=0',
    'return f: [2] = %16',
  );
});

test('reductions are one operation where there is one', () => {
  const of = (build: (b: Builder, v: Node) => Node) =>
    liveNodes(rootsOf(unrolled(programOf({ v: [3] }, (b, { v }) => build(b, v)))!))
      .filter(node => node.inputs.length > 0 && node.op !== 'element')
      .map(node => `${node.op}/${node.inputs.length}`);
  expect(of((b, v) => b.reduceMax(v))).toEqual(['max/3']);
  expect(of((b, v) => b.reduceMin(v))).toEqual(['min/3']);
  expect(of((b, v) => b.norm(v))).toEqual(['hypot/3']);
  expect(of((b, v) => b.reduceLogsumexp(v))).toEqual(['logsumexp/3']);
  expect(of((b, v) => b.reduceProd(v))).toEqual(['mul/2', 'mul/2']);
  const any = of((b, v) => b.real(b.any(b.lt(v, 0))));
  expect(any).toEqual(['lt/2', 'lt/2', 'lt/2', 'or/2', 'or/2', 'real/1']);
});

test('what does not depend on an input is a constant, and an array of constants is one', () => {
  const ones = programOf({}, b => b.reduceSum(b.array([1, 2, 3, 4, 5, 6], [2, 3]), [0]));
  check(ones, '%0: [3] = array [5, 7, 9]', 'return f: [3] = %0');
  check(
    programOf({}, b => b.cumsum(b.real(b.eye(2, 2)), { axis: 1, exclusive: true, reverse: false })),
    '%0: [2, 2] = array [0, 1, 0, 0]',
    'return f: [2, 2] = %0',
  );
  check(
    programOf({ x: [] }, (b, { x }) => b.exp(b.broadcast(x, [4]))),
    '%0 = input x',
    '%1 = exp %0',
    '%2: [4] = broadcast %1',
    'return f: [4] = %2',
  );
});

test('names go to elements', () => {
  const program = programOf({ v: [2] }, (b, { v }) => {
    const z = b.exp(v);
    b.graph.names.set(z, 'z');
    b.graph.names.set(b.expand(b.sin(z), [0]), 'y');
    return b.expand(b.sin(z), [0]);
  });
  const names = liveNodes(rootsOf(unrolled(program)!)).map(node => node.op);
  expect(names).toContain('exp');
  expect([...unrolled(program)!.graph.names.values()]).toEqual(['z_1', 'z_2', 'y_1_1', 'y_1_2']);
});

test('what cannot be unrolled', () => {
  const n = namedSize('n');
  expect(unrolled(programOf({ v: [n] }, (b, { v }) => b.reduceSum(v)))).toBe(undefined);
  expect(unrolled(programOf({ v: [3], k: [] }, (b, { v, k }) => b.gather(v, k, 0)))).toBe(undefined);
  expect(unrolled(programOf({ v: [3], k: [3] }, (b, { v, k }) => b.scatterAdd(v, k, 0, 5)))).toBe(undefined);
  const outside = programOf({ v: [3] }, (b, { v }) => b.gather(v, b.array([1, 4], [2]), 0));
  expect(unrolled(outside)).toBe(undefined);
  const inside = programOf({ v: [3] }, (b, { v }) => b.gather(v, b.array([1, 3], [2]), 0));
  expect(evaluate(unrolled(inside)!, { v: [4, 5, 6] }).outputs).toEqual({ f: Float64Array.of(4, 6) });
});

test('the limit is counted before anything is built', () => {
  const product = programOf({ X: [64, 784], W: [784, 128] }, (b, { X, W }) => b.contract('ij,jk->ik', X, W));
  const b = builder(new Graph());
  expect(unroll(product, b, 100_000)).toBe(undefined);
  expect(b.graph.nodes.length).toBe(0);
  const small = programOf({ X: [2, 3], W: [3, 2] }, (b, { X, W }) => b.contract('ij,jk->ik', X, W));
  expect(unrolled(small, 23)).toBe(undefined);
  expect(unrolled(small, 24)).toBeDefined();
  const sum = programOf({ v: [20] }, (b, { v }) =>
    b.reduceSum(b.slice(v, { axis: 0, start: 0, step: 1, length: 5 })),
  );
  expect(unrolled(sum, 19), 'an input of 20 elements').toBe(undefined);
  expect(unrolled(sum, 20)).toBeDefined();
});

test('more elements than an operation may have inputs', () => {
  const count = 25_000;
  const twice = unrolled(
    programOf({ v: [count] }, (b, { v }) => b.mul(v, 2)),
    count,
  )!;
  verify(twice);
  const v = Float64Array.from({ length: count }, (_, k) => k);
  expect(evaluate(twice, { v }).outputs.f).toEqual(v.map(x => 2 * x));
  expect(scalarsOf(twice.graph, twice.outputs[0].elements[0], count)!.length).toBe(count);
});

describe('random programs', () => {
  test('the meaning is kept bit for bit, and all is scalar', () => {
    let finite = 0;
    fc.assert(
      fc.property(staticPrograms, program => {
        const result = unrolled(program)!;
        verify(result, 'unroll');
        for (const root of rootsOf(result)) {
          const scalars = scalarsOf(result.graph, root)!;
          expect(scalars.length).toBe(elementsIn(root.shape));
          for (const node of liveNodes(scalars)) {
            expect(isElementwise(node.op) || node.op === 'element').toBe(true);
            if (node.op !== 'input') expect(node.shape).toEqual([]);
          }
        }
        const point = pointOf(program);
        const [expected, actual] = [program, result].map(each => numbersOf(each, point));
        expect(actual).toEqual(expected);
        finite += expected.filter(x => Number.isFinite(x) && x !== 0).length;
      }),
      { seed: 5, numRuns: 500 },
    );
    expect(finite).toBeGreaterThan(5000);
  });
});

describe('derivatives of random programs', () => {
  /** The normalised program with the derivatives that `derive` makes. */
  const derived = (program: Program, derive: (d: Differentiator) => readonly Derivative[]): Program => {
    const { program: normal, b } = normalise(program);
    return { ...normal, derivatives: derive(differentiator(b, normal)) };
  };

  /**
   * Scalars are differentiated by rows of their own, so the derivative of the unrolled program checks that of the tensors.
   * `outputOf` makes the output to differentiate; returns how many results were finite and not zero.
   */
  function compare(
    outputOf: (b: Builder, node: Node) => Node,
    derive: (d: Differentiator) => readonly Derivative[],
    options: { readonly seed: number; readonly numRuns: number },
  ): number {
    let telling = 0;
    fc.assert(
      fc.property(smoothPrograms, original => {
        const node = original.outputs.map(nodeOf).find(each => each?.dtype === 'real');
        fc.pre(node !== undefined);
        const output = outputOf(builder(original.graph), node);
        const outputs = [{ name: 'f', shape: output.shape, elements: [output] }];
        const program = { ...original, outputs, derivatives: [] };
        const tensors = derived(program, derive);
        const after = unrolled(tensors, 50_000)!;
        const before = derived(unrolled(program, 50_000)!, derive);
        verify(tensors);
        const point = pointOf(tensors);
        const [expected, fromTensors, fromScalars] = [tensors, after, before].map(each =>
          numbersOf({ ...each, outputs: [], derivatives: complete(each) }, point),
        );
        expectClose(fromTensors, expected);
        expectClose(fromScalars, expected);
        telling += expected.filter(x => Number.isFinite(x) && x !== 0).length;
      }),
      options,
    );
    return telling;
  }

  test('of a scalar', () => {
    const derive = (d: Differentiator) => {
      const gradient = d.gradient();
      return [gradient, d.hessian(gradient, 'dense'), d.jvp(), d.hvp(gradient)];
    };
    expect(compare((b, node) => b.reduceSum(node), derive, { seed: 6, numRuns: 100 })).toBeGreaterThan(500);
  });

  test('of a tensor', () => {
    const derive = (d: Differentiator) => [d.jacobian('dense'), d.jvp(), d.vjp()];
    expect(compare((_, node) => node, derive, { seed: 7, numRuns: 100 })).toBeGreaterThan(500);
  });

  test('one node that is met with two orders of its axes', () => {
    const program = programOf({ A: [2, 2] }, (b, { A }) => b.reduceSum(b.exp(b.contract('ab,ba->a', A, A))));
    const derive = (d: Differentiator) => {
      const gradient = d.gradient();
      return [gradient, d.hessian(gradient, 'dense')];
    };
    const point = { A: [0.1, 0.2, 0.3, 0.4] };
    const [tensors, scalars] = [program, unrolled(program)!].map(each =>
      numbersOf(derived({ ...each, wrt: ['A'] }, derive), point),
    );
    expectClose(scalars, tensors);
  });
});

/** Derivatives in which every path that `program` may have is there, zero where it was absent, in one order. */
function complete(program: Program): Derivative[] {
  const { graph, wrt, outputs } = program;
  const shapes = new Map([...program.inputs, ...outputs].map(({ name, shape }) => [name, shape]));
  const names = [...outputs.map(({ name }) => name)];
  return program.derivatives.map(derivative => {
    const { kind, values } = derivative;
    const pairs = wrt.flatMap((x, i) => wrt.slice(i).map(y => `${x}.${y}`));
    const known: Partial<Record<typeof kind, readonly string[]>> = {
      grad: wrt,
      hvp: wrt,
      vjp: wrt,
      jvp: names,
      hessian: pairs,
      gaussNewton: ['', ...wrt, ...pairs],
      jacobian: names.flatMap(f => wrt.map(x => `${f}.${x}`)),
    };
    const paths = known[kind] ?? [];
    const zero = (path: string) =>
      builder(graph).broadcast(
        0,
        path.split('.').flatMap(part => shapes.get(part) ?? []),
      );
    const entries = paths.map(path => [path, values.get(path) ?? zero(path)] as const);
    return { ...derivative, values: new Map(entries) };
  });
}

/** Equal up to rounding where both are finite. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [k, value] of expected.entries()) {
    if (!Number.isFinite(value) || !Number.isFinite(actual[k])) continue;
    const size = Math.max(Math.abs(value), Math.abs(actual[k]), 1e-6);
    expect(Math.abs(actual[k] - value) / size).toBeLessThan(1e-9);
  }
}

/** A value for every input; those of type int are positions. */
function pointOf({ inputs, derivatives }: Program): Record<string, Value> {
  const own = derivatives.flatMap(derivative => derivative.inputs);
  const all = [...inputs, ...own.map(({ attrs: { name }, shape, dtype }) => ({ name, shape, dtype }))];
  let k = 0;
  const draw = (dtype: string) => (dtype === 'int' ? (k++ % 3) + 1 : 2 * Math.sin(++k));
  const entries = all.map(({ name, shape, dtype }) => {
    const elements = Float64Array.from({ length: elementsIn(shape) as number }, () => draw(dtype));
    return [name, shape.length === 0 ? elements[0] : elements] as const;
  });
  return Object.fromEntries(entries);
}

/** All results in order; the sign of a zero is dropped. */
function numbersOf(program: Program, point: Readonly<Record<string, Value>>): number[] {
  const { outputs, derivatives } = evaluate(program, point);
  const all = [
    ...Object.values(outputs),
    ...[...derivatives.values()].flatMap(values => [...values.values()]),
  ];
  return all.flatMap(value => (typeof value === 'number' ? [value] : [...value])).map(x => x + 0);
}

describe('the scalars of a literal', () => {
  const graph = new Graph();
  const b = builder(graph);
  const [x, y] = [graph.input('x'), graph.input('y')];
  const of = (node: Node, limit?: number) => scalarsOf(graph, node, limit);

  test('what is one', () => {
    expect(of(x)).toEqual([x]);
    expect(of(b.stack([x, y, x]))).toEqual([x, y, x]);
    expect(of(b.reshape(b.stack([x, y, y, 2]), [2, 2]))).toEqual([x, y, y, b.constant(2)]);
    expect(of(b.stack([b.stack([x, y]), b.stack([y, x])]))).toEqual([x, y, y, x]);
    expect(of(b.concat(1, [b.reshape(b.stack([x, y]), [1, 2]), b.array([3, 4], [1, 2])]))).toEqual([
      x,
      y,
      b.constant(3),
      b.constant(4),
    ]);
    expect(of(b.array([1, -0, Number.NaN], [3]))).toEqual([1, -0, Number.NaN].map(b.constant));
    expect(of(b.array([], [0]))).toEqual([]);
    expect(of(b.broadcast(x, [2, 2]))).toEqual([x, x, x, x]);
  });

  test('what is none', () => {
    const v = graph.input('v', 'real', [2]);
    expect(of(v)).toBe(undefined);
    expect(of(b.concat(0, [b.stack([x, y]), v]))).toBe(undefined);
    expect(of(b.concat(1, [b.expand(b.stack([x, y]), [1]), b.expand(b.stack([y, x]), [1])]))).toBe(undefined);
    expect(of(b.broadcast(v, [2, 2]))).toBe(undefined);
    expect(of(b.broadcast(x, [namedSize('n')]))).toBe(undefined);
    expect(of(b.broadcast(x, [1000, 1000]))).toBe(undefined);
    expect(of(b.broadcast(x, [5]), 4)).toBe(undefined);
  });
});
