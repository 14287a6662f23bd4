// Programs for tests: a small real one, and random ones made with the raw constructors, so that they hold everything a
// graph may hold (odd constants, masks, orders, names, spans, tensors, dead nodes).

import fc from 'fast-check';
import { builder } from '../../src/ir/build.ts';
import { Graph, type InputNode, type Node } from '../../src/ir/graph.ts';
import { factsOf, isElementwise, OPS, type OpName } from '../../src/ir/ops.ts';
import { type Derivative, nodeOf, type Program } from '../../src/ir/program.ts';
import { SCALAR, type Shape, sameShape } from '../../src/ir/shape.ts';
import { addSizes, divideSize, multiplySizes, namedSize, type Size } from '../../src/ir/size.ts';
import { appendStep } from './tensor-steps.ts';

/** f = z^2 + 3 y with z = x - 1, its gradient, its Hessian. */
export function sampleProgram(): Program {
  const graph = new Graph();
  const { add, sub, mul, pow } = builder(graph);
  const [x, y] = [graph.input('x'), graph.input('y')];
  graph.at({ start: 4, end: 9 });
  const z = sub(x, 1);
  graph.names.set(z, 'z');
  graph.at({ start: 10, end: 19 });
  const f = add(pow(z, 2), mul(3, y));
  const gx = mul(2, z);
  return {
    source: { name: 'sample.expr', text: 'z = x - 1\nz^2 + 3 y' },
    graph,
    inputs: [
      { name: 'x', shape: SCALAR, dtype: 'real', node: x, span: { start: 4, end: 5 } },
      { name: 'y', shape: SCALAR, dtype: 'real', node: y, default: 0.5, doc: 'the "other" one' },
    ],
    outputs: [{ name: 'value', shape: SCALAR, elements: [f], span: { start: 10, end: 19 } }],
    wrt: ['x', 'y'],
    derivatives: [
      derivative(
        'grad',
        [
          ['x', gx],
          ['y', graph.constant(3)],
        ],
        [],
      ),
      derivative('hessian', [['x.x', graph.constant(2)]], []),
    ],
    diagnostics: [],
  };
}

export function derivative(
  kind: Derivative['kind'],
  values: readonly (readonly [string, Node])[],
  inputs: readonly InputNode[] = [],
  form: Derivative['form'] = 'dense',
): Derivative {
  return { kind, form, values: new Map(values), inputs };
}

const constants = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, Number.MIN_VALUE, 1e21, 0.1, Math.PI),
);
const spans = fc.option(fc.tuple(fc.nat(60), fc.nat(9)), { nil: undefined });
const words = fc.oneof(
  fc.constantFrom(
    'z',
    'theta_1',
    'α',
    'as',
    'return',
    'sparse',
    'structured',
    '__proto__',
    'a b',
    '"',
    '%0',
    '#',
    'é\n',
  ),
  fc.string({ minLength: 1, unit: 'binary' }),
);
const names = words.filter(name => name !== '' && !name.includes('.'));
const pick = fc.nat(1_000_000);
const ALL = (Object.keys(OPS) as OpName[]).filter(op => op !== 'input' && op !== 'const');
const SCALAR_OPERATIONS = ALL.filter(isElementwise);
const TENSOR_OPERATIONS = ALL.filter(op => !isElementwise(op));

/** One more node: which operation or constant, which operands (by rank among those that fit), order, span, name. */
const steps = fc.record({
  op: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...SCALAR_OPERATIONS) },
    { weight: 1, arbitrary: constants },
  ),
  operands: fc.array(pick, { minLength: 3, maxLength: 5 }),
  order: fc.nat(4),
  span: spans,
  name: fc.option(names, { nil: undefined }),
});

/** A random program of scalars. Every elementwise operation occurs; its inputs are declared; its derivatives are arbitrary nodes. */
export const programs: fc.Arbitrary<Program> = fc
  .record({
    source: fc.record({
      name: fc.string(),
      text: fc.oneof(fc.string(), fc.constant('a = x\n\n\n a \r\n'), words),
    }),
    inputs: fc.uniqueArray(
      fc.record(
        { name: names, isInt: fc.boolean(), default: constants, doc: fc.string(), span: spans },
        { requiredKeys: ['name', 'isInt'] },
      ),
      { selector: input => input.name, minLength: 1, maxLength: 4 },
    ),
    steps: fc.array(steps, { maxLength: 40 }),
    outputs: fc.uniqueArray(
      fc.record({
        name: names,
        count: fc.option(fc.nat(3)),
        elements: fc.array(pick, { minLength: 3 }),
        span: spans,
      }),
      { selector: output => output.name, minLength: 1, maxLength: 3 },
    ),
    values: fc.array(pick, { minLength: 8, maxLength: 8 }),
    kinds: fc.uniqueArray(fc.constantFrom('grad', 'hessian', 'jacobian', 'hvp', 'jvp')),
    form: fc.constantFrom('dense', 'sparse', 'structured'),
  })
  .map(plan => {
    const graph = new Graph();
    const spanOf = (span: [number, number] | undefined) => span && { start: span[0], end: span[0] + span[1] };
    const inputs = plan.inputs.map(({ name, isInt, span, ...rest }) => {
      graph.at(spanOf(span));
      const dtype = isInt ? ('int' as const) : ('real' as const);
      const at = spanOf(span);
      const node = graph.input(name, dtype);
      return { name, shape: SCALAR, dtype, node, ...rest, ...(at && { span: at }) };
    });
    for (const step of plan.steps) {
      graph.at(spanOf(step.span));
      const node = append(graph, step.op, step.operands, step.order);
      if (node !== undefined && step.name !== undefined && !graph.names.has(node)) {
        graph.names.set(node, step.name);
      }
    }
    const numbers = graph.nodes.filter(node => node.dtype !== 'bool');
    const outputs = plan.outputs.map(({ name, count, elements, span }) => {
      const at = spanOf(span);
      const shape = count === null ? SCALAR : [count];
      const of = elements.slice(0, count ?? 1).map(k => numbers[k % numbers.length]);
      return { name, shape, elements: of, ...(at && { span: at }) };
    });
    const wrt = inputs.filter(input => input.dtype === 'real').map(input => input.name);
    graph.at(undefined);
    const tangent = graph.input('tangent.x');
    const values = [...plan.values.map(k => numbers[k % numbers.length]), builder(graph).exp(tangent)];
    const elements = outputs.flatMap(output =>
      output.shape.length === 0 ? [output.name] : output.elements.map((_, k) => `${output.name}.${k + 1}`),
    );
    const derivatives = plan.kinds.map(kind => {
      const product = (a: string[], b: string[]) => a.flatMap(p => b.map(q => `${p}.${q}`));
      const paths = {
        grad: wrt,
        hvp: wrt,
        jvp: elements,
        hessian: product(wrt, wrt),
        jacobian: product(elements, wrt),
      }[kind];
      const entries = paths.map((path, k) => [path, values[k % values.length]] as const);
      return derivative(kind, entries, [tangent], plan.form);
    });
    return { source: plan.source, graph, inputs, outputs, wrt, derivatives, diagnostics: [] };
  });

function append(
  graph: Graph,
  op: OpName | number,
  picks: readonly number[],
  order: number,
): Node | undefined {
  if (typeof op === 'number') return graph.constant(op);
  const masks = graph.nodes.filter(node => node.dtype === 'bool');
  const numbers = graph.nodes.filter(node => node.dtype !== 'bool');
  const { arity, attrs } = factsOf(op);
  const takesMasks = op === 'and' || op === 'or' || op === 'not' || op === 'real';
  const count = arity === 'variadic' ? picks.length : arity;
  const inputs = picks.slice(0, count).map((k, i) => {
    const among = takesMasks || (op === 'select' && i === 0) ? masks : numbers;
    return among.length === 0 ? graph.constant(k % 2) : among[k % among.length];
  });
  return graph.intern(op, inputs, attrs?.[0] === 'order' ? { order } : undefined);
}

const [n, m] = [namedSize('n'), namedSize('m')];
const STATIC_SIZES: readonly Size[] = [1, 2, 3, 3, 0];
const NAMED_SIZES: readonly Size[] = [
  n,
  n,
  m,
  3,
  1,
  addSizes(multiplySizes(2, n), 1),
  addSizes(multiplySizes(multiplySizes(n, m), -1), namedSize('a b')),
  addSizes(divideSize(addSizes(n, -1), 2), namedSize('floor')),
];

/** A random program of tensors whose lengths are numbers: small, and it can be evaluated. Inputs are called a, b, c. */
export const staticPrograms: fc.Arbitrary<Program> = programsOver(STATIC_SIZES);
/** Like these, with everyday numbers and functions that are finite nearly everywhere: they can be differentiated. */
export const smoothPrograms: fc.Arbitrary<Program> = programsOver([1, 2, 3, 3], {
  constants: fc.constantFrom(0.5, 1, 2, -1, 0.3),
  operations: [
    ...(['add', 'sub', 'mul', 'add', 'mul', 'neg', 'abs', 'exp', 'sin', 'tanh', 'atan', 'sigmoid'] as const),
    ...([
      'softplus',
      'relu',
      'max',
      'min',
      'hypot',
      'logsumexp',
      'select',
      'phi',
      'sphericalBessel',
    ] as const),
  ],
});
/** A random program of tensors with named sizes. */
export const symbolicPrograms: fc.Arbitrary<Program> = programsOver(NAMED_SIZES);

interface Palette {
  readonly constants: fc.Arbitrary<number>;
  /** The elementwise ones. */
  readonly operations: readonly OpName[];
}

function programsOver(
  sizes: readonly Size[],
  palette: Palette = { constants, operations: SCALAR_OPERATIONS },
): fc.Arbitrary<Program> {
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...TENSOR_OPERATIONS) },
    { weight: 2, arbitrary: fc.constantFrom(...palette.operations) },
    { weight: 2, arbitrary: fc.constantFrom<OpName>('le', 'ne', 'select', 'and', 'or', 'not', 'any') },
    { weight: 1, arbitrary: palette.constants },
  );
  const step = fc.record({
    op: operation,
    picks: fc.array(pick, { minLength: 8, maxLength: 8 }),
    span: spans,
  });
  const shape = fc.array(fc.constantFrom(...sizes), { maxLength: 3 });
  return fc
    .record({
      shapes: fc.array(shape, { minLength: 2, maxLength: 3 }),
      isInt: fc.boolean(),
      constraint: fc.option(spans),
      steps: fc.array(step, { minLength: 5, maxLength: 40 }),
      outputs: fc.array(fc.record({ at: pick, length: fc.option(fc.nat(3)) }), {
        minLength: 1,
        maxLength: 3,
      }),
      values: fc.array(pick, { minLength: 5, maxLength: 5 }),
      kinds: fc.uniqueArray(fc.constantFrom('grad', 'hessian', 'jacobian', 'hvp', 'jvp')),
    })
    .map(({ shapes, isInt, constraint, steps, outputs, values, kinds }) => {
      const graph = new Graph();
      const at = (span: [number, number] | undefined) => span && { start: span[0], end: span[0] + span[1] };
      const inputs = shapes.map((shape, i) => {
        const [name, dtype] = ['abc'[i], i === 2 && isInt ? ('int' as const) : ('real' as const)];
        return { name, shape, dtype, node: graph.input(name, dtype, shape) };
      });
      if (constraint !== null && sizes === NAMED_SIZES) graph.require(addSizes(n, 1), m, at(constraint));
      for (const { op, picks, span } of steps) {
        let drawn = 0;
        const draw = (limit: number) => picks[drawn++ % picks.length] % Math.max(limit, 1);
        graph.at(at(span));
        if (typeof op === 'number') graph.constant(op);
        else appendStep(graph, op, draw, sizes);
      }
      graph.at(undefined);
      const numbers = graph.nodes.filter(node => node.dtype !== 'bool');
      const scalars = [...numbers.filter(node => node.shape.length === 0), graph.constant(0.5)];
      const results = outputs.map(({ at, length }, i) => {
        const node = numbers[Math.max(numbers.length - 1 - (at % 4), 0)];
        const elements = Array.from({ length: length ?? 0 }, (_, k) => scalars[(at + k) % scalars.length]);
        const isList = length !== null && at % 3 === 0;
        return isList
          ? { name: `f${i}`, shape: [elements.length], elements }
          : { name: `f${i}`, shape: node.shape, elements: [node] };
      });
      const wrt = inputs.filter(input => input.dtype === 'real');
      const tangent = graph.input('tangent.a', 'real', shapes[0]);
      const elementPaths = results.flatMap(output => {
        if (nodeOf(output) !== undefined) return [{ path: output.name, shape: output.shape }];
        return output.elements.map((_, k) => ({ path: `${output.name}.${k + 1}`, shape: SCALAR }));
      });
      const inputPaths = wrt.map(({ name, shape }) => ({ path: name, shape }));
      type Path = { readonly path: string; readonly shape: Shape };
      const product = (p: readonly Path[], q: readonly Path[]) =>
        p.flatMap(a => q.map(b => ({ path: `${a.path}.${b.path}`, shape: [...a.shape, ...b.shape] })));
      const valueAt = (shape: Shape, k: number) => {
        const fitting = numbers.filter(node => sameShape(node.shape, shape));
        if (fitting.length > 0) return fitting[values[k % values.length] % fitting.length];
        return graph.intern('broadcast', [tangent.shape.length === 0 ? tangent : graph.constant(k)], {
          shape,
        });
      };
      const derivatives = kinds.map(kind => {
        const paths = {
          grad: inputPaths,
          hvp: inputPaths,
          jvp: elementPaths,
          hessian: product(inputPaths, inputPaths),
          jacobian: product(elementPaths, inputPaths),
        }[kind];
        const entries = paths.map(({ path, shape }, k) => [path, valueAt(shape, k)] as const);
        return derivative(kind, entries, [tangent]);
      });
      const names = wrt.map(({ name }) => name);
      const source = { name: 'random.expr', text: '' };
      return { source, graph, inputs, outputs: results, wrt: names, derivatives, diagnostics: [] };
    });
}
