// Programs for tests: a small real one, and random ones made with the raw constructors, so that they hold everything a
// graph may hold (odd constants, masks, orders, names, spans, tensors, dead nodes).

import fc from 'fast-check';
import { builder } from '../../src/ir/build.ts';
import { Graph, type InputNode, type Node } from '../../src/ir/graph.ts';
import { OPS, type OpName } from '../../src/ir/ops.ts';
import type { Derivative, Program } from '../../src/ir/program.ts';
import { SCALAR } from '../../src/ir/shape.ts';

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
  fc.constantFrom('z', 'theta_1', 'α', 'as', 'return', 'sparse', '__proto__', 'a b', '"', '%0', '#', 'é\n'),
  fc.string({ minLength: 1, unit: 'binary' }),
);
const names = words.filter(name => name !== '' && !name.includes('.'));
const pick = fc.nat(1_000_000);
const OPERATIONS = (Object.keys(OPS) as OpName[]).filter(op => op !== 'input' && op !== 'const');

/** One more node: which operation or constant, which operands (by rank among those that fit), order, span, name. */
const steps = fc.record({
  op: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...OPERATIONS) }, { weight: 1, arbitrary: constants }),
  operands: fc.array(pick, { minLength: 3, maxLength: 5 }),
  order: fc.nat(4),
  span: spans,
  name: fc.option(names, { nil: undefined }),
});

/** A random program. Every operation occurs; its inputs are declared; its derivatives are arbitrary nodes. */
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
    form: fc.constantFrom('dense', 'sparse'),
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
  const { arity, attr }: { arity: number | 'variadic'; attr?: string } = OPS[op];
  const takesMasks = op === 'and' || op === 'or' || op === 'not' || op === 'real';
  const count = arity === 'variadic' ? picks.length : arity;
  const inputs = picks.slice(0, count).map((k, i) => {
    const among = takesMasks || (op === 'select' && i === 0) ? masks : numbers;
    return among.length === 0 ? graph.constant(k % 2) : among[k % among.length];
  });
  return graph.intern(op, inputs, attr === 'order' ? { order } : undefined);
}
