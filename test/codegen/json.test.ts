import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emitJson } from '../../src/codegen/json.ts';
import { builder } from '../../src/ir/build.ts';
import { Graph } from '../../src/ir/graph.ts';
import { parseIr } from '../../src/ir/parse.ts';
import { printIr } from '../../src/ir/print.ts';
import { addSizes, namedSize } from '../../src/ir/size.ts';
import { programs, sampleProgram } from '../ir/programs.ts';

interface Data {
  readonly inputs: readonly { readonly name: string; readonly node: number }[];
  readonly outputs: readonly { readonly elements: readonly number[] }[];
  readonly derivatives: readonly { readonly values: Readonly<Record<string, number>> }[];
  readonly nodes: readonly {
    readonly id: number;
    readonly inputs: readonly number[];
    readonly section: string;
  }[];
}

test('a small program', () => {
  const data = JSON.parse(emitJson(sampleProgram()));
  expect(data.source).toEqual({ name: 'sample.expr', text: 'z = x - 1\nz^2 + 3 y' });
  expect(data.inputs).toEqual([
    { name: 'x', shape: [], dtype: 'real', node: 0, span: { start: 4, end: 5, line: 1, column: 5 } },
    { name: 'y', shape: [], dtype: 'real', node: 1, default: 0.5, doc: 'the "other" one' },
  ]);
  expect(data.wrt).toEqual(['x', 'y']);
  expect(data.outputs).toEqual([
    { name: 'value', shape: [], elements: [8], span: { start: 10, end: 19, line: 2, column: 1 } },
  ]);
  expect(data.derivatives).toEqual([
    { kind: 'grad', form: 'dense', inputs: [], values: { x: 9, y: 6 } },
    { kind: 'hessian', form: 'dense', inputs: [], values: { 'x.x': 4 } },
  ]);
  expect(data.nodes.length).toBe(10);
  expect(data.nodes[3]).toEqual({
    id: 3,
    section: 'forward',
    op: 'sub',
    inputs: [0, 2],
    attrs: null,
    shape: [],
    dtype: 'real',
    name: 'z',
    span: { start: 4, end: 9, line: 1, column: 5 },
  });
});

test('numbers that JSON lacks are strings, the others are numbers', () => {
  const values = ['NaN', 'Infinity', '-Infinity', '-0', '0', '1e-320', '1e+21'];
  const nodes = values.map((value, i) => `  %${i} = const ${value}\n`).join('');
  const text = `program\n  input x = -0\n  input y = NaN\n${nodes}  return f = %0\n  return g: [6] = %1 %2 %3 %4 %5 %6\n`;
  const data = JSON.parse(emitJson(parseIr(text)));
  const constants = data.nodes.filter((node: { op: string }) => node.op === 'const');
  expect(constants.map((node: { attrs: { value: unknown } }) => node.attrs.value)).toEqual([
    'NaN',
    'Infinity',
    '-Infinity',
    '-0',
    0,
    1e-320,
    1e21,
  ]);
  expect(data.inputs.map((input: { default: unknown }) => input.default)).toEqual(['-0', 'NaN']);
});

test('random programs: valid JSON, numbered like the text form, inputs before users', () => {
  fc.assert(
    fc.property(programs, program => {
      const data: Data = JSON.parse(emitJson(program));
      const count = data.nodes.length;
      expect(printIr(program).match(/^ {2}%\d+/gm)!.length).toBeGreaterThanOrEqual(count);
      const wrong = data.nodes.filter(
        (node, i) =>
          node.id !== i ||
          node.inputs.some(
            input => input >= i || (node.section === 'forward' && data.nodes[input].section !== 'forward'),
          ),
      );
      expect(wrong).toEqual([]);
      const roots = [
        ...data.inputs.map(input => input.node),
        ...data.outputs.flatMap(output => output.elements),
        ...data.derivatives.flatMap(derivative => Object.values(derivative.values)),
      ];
      expect(roots.filter(id => !(id >= 0 && id < count))).toEqual([]);
      expect(data.derivatives.map(derivative => Object.keys(derivative.values).length)).toEqual(
        program.derivatives.map(derivative => derivative.values.size),
      );
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('tensors: lengths as numbers or texts, attributes, constraints', () => {
  const graph = new Graph();
  const b = builder(graph);
  const [n, m] = [namedSize('n'), namedSize('m')];
  const x = graph.input('x', 'real', [addSizes(n, n)]);
  const y = graph.input('y', 'real', [m]);
  graph.at({ start: 2, end: 3 });
  const f = b.reduceSum(b.mul(b.slice(x, { axis: 0, start: n, step: 1, length: n }), y));
  const c = b.array([1, -0, Number.NaN], [3]);
  const data = JSON.parse(
    emitJson({
      ...sampleProgram(),
      source: { name: 'f', text: 'abcdefg' },
      graph,
      inputs: [x, y].map(node => ({ name: node.attrs.name, shape: node.shape, dtype: node.dtype, node })),
      outputs: [
        { name: 'f', shape: [], elements: [f] },
        { name: 'c', shape: [3], elements: [c] },
      ],
      derivatives: [],
    }),
  );
  expect(data.sizes).toEqual(['n', 'm']);
  expect(data.constraints).toEqual([
    { left: 'n', right: 'm', span: { start: 2, end: 3, line: 1, column: 3 } },
  ]);
  expect(data.inputs.map((input: { shape: unknown }) => input.shape)).toEqual([['2*n'], ['m']]);
  expect(data.outputs.map((output: { shape: unknown }) => output.shape)).toEqual([[], [3]]);
  const attrs = Object.fromEntries(
    data.nodes.map((node: { op: string; attrs: unknown }) => [node.op, node.attrs]),
  );
  expect(attrs.slice).toEqual({ axis: 0, start: 'n', step: 1, length: 'n' });
  expect(attrs.reduceSum).toEqual({ axes: [0] });
  expect(attrs.array).toEqual({ shape: [3], values: [1, '-0', 'NaN'] });
});
