// Each invariant of verify.ts is broken once. The graphs are made by hand, past the constructors that prevent this.

import { expect, test } from 'vitest';
import { InternalError } from '../../src/errors.ts';
import { builder } from '../../src/ir/build.ts';
import { type Attrs, Graph, type InputNode, type Node } from '../../src/ir/graph.ts';
import type { OpName } from '../../src/ir/ops.ts';
import type { Derivative, Program } from '../../src/ir/program.ts';
import type { Term } from '../../src/ir/terms.ts';
import { verify } from '../../src/ir/verify.ts';
import { derivative, sampleProgram } from './programs.ts';

/** What `verify` says of `program`, or nothing. */
function complaint(program: Program, pass?: string): string {
  try {
    verify(program, pass);
  } catch (error) {
    if (error instanceof InternalError) return error.message;
    throw error;
  }
  return '';
}

/** Appends a node past all checks. */
function force(
  graph: Graph,
  fields: Partial<Omit<Node, 'op' | 'attrs'>> & { op: string; attrs?: unknown },
): Node {
  const node = {
    id: graph.nodes.length,
    inputs: [],
    attrs: undefined,
    shape: [],
    dtype: 'real',
    span: undefined,
    ...fields,
  } as Node;
  (graph.nodes as Node[]).push(node);
  return node;
}

/** `law` is broken by the node that `break_` appends to a good graph; `x` and `mask` are nodes to break it with. */
function checkGraph(law: string, message: string, break_: (graph: Graph, x: Node, mask: Node) => void): void {
  const program = sampleProgram();
  const { graph, inputs } = program;
  const mask = builder(graph).lt(inputs[0].node, inputs[1].node);
  break_(graph, inputs[0].node, mask);
  const [first] = complaint(program, 'gradient').split('\n');
  expect(first).toMatch(new RegExp(`^after gradient: ${law} is broken( at %\\d+)?: `));
  expect(first).toContain(message);
}

function checkProgram(law: string, message: string, change: (program: Program) => Partial<Program>): void {
  const program = sampleProgram();
  const [first] = complaint({ ...program, ...change(program) }).split('\n');
  expect(first).toMatch(new RegExp(`^${law} is broken( at %\\d+)?: `));
  expect(first).toContain(message);
}

test('a good program', () => {
  expect(complaint(sampleProgram())).toBe('');
});

test('the pass, the invariant, the node and its neighbours are shown', () => {
  const program = sampleProgram();
  const { graph } = program;
  const x = graph.nodes[0];
  force(graph, { op: 'exp', inputs: [x, x] });
  graph.intern('sin', [x]);
  expect(complaint(program, 'tidy')).toBe(
    `after tidy: G3 is broken at %10: exp takes 1 input, not 2
    %7 = mul %6 %1
    %8 = add %5 %7
    %9 = mul %4 %3
  > %10 = exp %0 %0
    %11 = sin %0`,
  );
});

test('G1: ids are positions', () => {
  checkGraph('G1', 'it stands at position 11', (graph, x) =>
    force(graph, { id: 99, op: 'exp', inputs: [x] }),
  );
});

test('G2: inputs come before, in the same graph', () => {
  checkGraph('G2', 'input 2 is a node of another graph', (graph, x) =>
    force(graph, { op: 'add', inputs: [x, new Graph().input('x')] }),
  );
  checkGraph('G2', 'input 1, %11, does not come before it', graph => {
    const inputs: Node[] = [];
    inputs.push(force(graph, { op: 'exp', inputs }));
  });
});

test('G3: arity and attributes', () => {
  checkGraph('G3', 'there is no operation expo', (graph, x) => force(graph, { op: 'expo', inputs: [x] }));
  checkGraph('G3', 'select takes 3 inputs, not 2', (graph, x, mask) =>
    force(graph, { op: 'select', inputs: [mask, x] }),
  );
  checkGraph('G3', 'max takes 1 to 10000 inputs, not 0', graph => force(graph, { op: 'max' }));
  const attrs = (op: OpName, bad: unknown, message: string, operands: number): void =>
    checkGraph('G3', message, (graph, x) =>
      force(graph, { op, inputs: Array(operands).fill(x), attrs: bad as Attrs }),
    );
  attrs('const', undefined, 'const carries value, not no attribute', 0);
  attrs('const', { value: '1' }, 'the value is not a number', 0);
  attrs('input', { name: '' }, 'the name of an input is empty', 0);
  attrs('exp', { order: 1 }, 'exp carries no attribute, not order', 1);
  attrs('phi', { order: 1, name: 'x' }, 'phi carries order, not order, name', 1);
  attrs('phi', { order: -1 }, 'the order of phi is 0 to 170, not -1', 1);
});

test('G4: masks where masks are expected, numbers elsewhere', () => {
  checkGraph('G4', 'input 2 of add is a mask; it takes a number', (graph, x, mask) =>
    force(graph, { op: 'add', inputs: [x, mask] }),
  );
  checkGraph('G4', 'input 2 of select is a mask', (graph, x, mask) =>
    force(graph, { op: 'select', inputs: [mask, mask, x] }),
  );
  checkGraph('G4', 'input 1 of select is real; it takes a mask', (graph, x) =>
    force(graph, { op: 'select', inputs: [x, x, x] }),
  );
  checkGraph('G4', 'input 2 of and is a mask: 0 or 1, not 2', (graph, _, mask) =>
    force(graph, { op: 'and', inputs: [mask, graph.constant(2)], dtype: 'bool' }),
  );
});

test('G5: the type is that of the operation', () => {
  checkGraph('G5', 'it is bool, not real', (graph, x) => force(graph, { op: 'le', inputs: [x, x] }));
  checkGraph('G5', 'it is real, not int', (graph, x) =>
    force(graph, { op: 'exp', inputs: [x], dtype: 'int' }),
  );
  checkGraph('G5', 'it is real, not bool', graph =>
    force(graph, { op: 'input', attrs: { name: 'm' }, dtype: 'bool' }),
  );
  checkGraph('G5', 'its shape is scalar, not 3', (graph, x) =>
    force(graph, { op: 'exp', inputs: [x], shape: [3] }),
  );
});

test('G6: equal nodes are one object', () => {
  checkGraph('G6', 'it equals %7', graph => force(graph, { op: 'mul', inputs: graph.nodes[7].inputs }));
  checkGraph('G6', 'it equals %7', graph =>
    force(graph, { op: 'mul', inputs: [...graph.nodes[7].inputs].reverse() }),
  );
  checkGraph('G6', 'it equals %2', graph => force(graph, { op: 'const', attrs: { value: 1 } }));
  checkGraph('G6', 'it equals %11', graph => {
    force(graph, { op: 'const', attrs: { value: Number.NaN } });
    force(graph, { op: 'const', attrs: { value: Number.NaN } });
  });
  checkGraph('G6', 'it equals %0', graph =>
    force(graph, { op: 'input', attrs: { name: 'x' }, dtype: 'int' }),
  );

  const program = sampleProgram();
  const [x, y] = program.graph.nodes;
  for (const value of [0, -0]) force(program.graph, { op: 'const', attrs: { value } });
  for (const order of [1, 2]) force(program.graph, { op: 'phi', inputs: [x], attrs: { order } });
  for (const inputs of [
    [x, y],
    [y, x],
  ])
    force(program.graph, { op: 'div', inputs });
  expect(complaint(program), 'different nodes').toBe('');
});

test('G7: spans and names', () => {
  for (const [start, end] of [
    [3, 2],
    [-1, 2],
    [0, Number.NaN],
  ]) {
    checkGraph('G7', `the span ${start}..${end} is not a range`, (graph, x) =>
      force(graph, { op: 'exp', inputs: [x], span: { start, end } }),
    );
  }
  checkGraph('G7', 'the name "z" belongs to a node of another graph', graph =>
    graph.names.set(new Graph().input('x'), 'z'),
  );
  checkGraph('G7', 'its name is empty', (graph, x) => graph.names.set(x, ''));
});

test('P1: inputs and names', () => {
  const changeInput = (fields: object) => (program: Program) => ({
    inputs: [{ ...program.inputs[0], ...fields }, ...program.inputs.slice(1)],
  });
  checkProgram(
    'P1',
    'the input "x" is a node of another graph',
    changeInput({ node: new Graph().input('x') }),
  );
  checkProgram('P1', 'the input "x" is no input node', program =>
    changeInput({ node: program.graph.nodes[3] as InputNode })(program),
  );
  checkProgram('P1', 'the input "z" has another name there', changeInput({ name: 'z' }));
  checkProgram('P1', 'the input "x" has another type there', changeInput({ dtype: 'int' }));
  checkProgram('P1', 'the input "x" has another type there', changeInput({ shape: [1] }));
  checkProgram('P1', 'two inputs are called "x"', ({ inputs }) => ({ inputs: [...inputs, inputs[0]] }));
  checkProgram('P1', 'two outputs are called "value"', ({ outputs }) => ({
    outputs: [...outputs, ...outputs],
  }));
  checkProgram('P1', '"a.b" among outputs is no name', ({ outputs }) => ({
    outputs: [{ ...outputs[0], name: 'a.b' }],
  }));
  checkProgram('P1', '"" among outputs is no name', ({ outputs }) => ({
    outputs: [{ ...outputs[0], name: '' }],
  }));
});

test('P2: outputs', () => {
  const changeOutput = (fields: (program: Program) => object) => (program: Program) => ({
    outputs: [{ ...program.outputs[0], ...fields(program) }],
  });
  checkProgram(
    'P2',
    'of shape 2 has 2 scalar nodes, not 1',
    changeOutput(() => ({ shape: [2] })),
  );
  checkProgram(
    'P2',
    'the output "value" is a node of another graph',
    changeOutput(() => ({ elements: [new Graph().input('x')] })),
  );
  checkProgram(
    'P2',
    'the output "value" is a mask, not a number',
    changeOutput(({ graph: { nodes }, graph }) => ({ elements: [graph.intern('lt', [nodes[0], nodes[1]])] })),
  );
});

test('P3: wrt', () => {
  checkProgram('P3', 'wrt names "z", which is no input', () => ({ wrt: ['z'] }));
  checkProgram('P3', 'wrt names "x" twice', () => ({ wrt: ['x', 'y', 'x'] }));
  checkProgram('P3', 'wrt names "k", which is int', ({ graph, inputs }) => ({
    inputs: [...inputs, { name: 'k', shape: [], dtype: 'int', node: graph.input('k', 'int') }],
    wrt: ['k'],
  }));
});

test('P4: derivatives', () => {
  const check = (law: string, message: string, make: (graph: Graph) => readonly Derivative[]): void =>
    checkProgram(law, message, ({ graph }) => ({ derivatives: make(graph) }));
  check('P4', 'two derivatives of kind grad', () => [derivative('grad', []), derivative('grad', [])]);
  check('P4', 'a value of grad is a node of another graph', () => [
    derivative('grad', [['x', new Graph().constant(1)]]),
  ]);
  check('P4', 'a value of grad is a mask', graph => [
    derivative('grad', [['x', graph.intern('lt', graph.nodes.slice(0, 2))]]),
  ]);
  check('P4', 'an input of jvp is a node of another graph', () => [
    derivative('jvp', [], [new Graph().input('t')]),
  ]);
  check('P4', 'it is listed as an input of jvp', graph => [
    derivative('jvp', [], [graph.nodes[2] as InputNode]),
  ]);
  check('P4', 'the name of an input of jvp is taken', graph => [derivative('jvp', [], [graph.input('x')])]);
  check('P4', 'the name of an input of jvp is taken', graph => [
    derivative('jvp', [], [graph.input('t'), graph.input('t')]),
  ]);
});

test('P5: paths', () => {
  const kinds: Partial<Record<Derivative['kind'], { good: string[]; bad: string[] }>> = {
    derivative3: { good: ['x.x.x', 'x.x.y', 'y.x.y'], bad: ['x', 'x.x', 'x.x.x.x', 'x..x', 'x.z.y', 'x.x.'] },
    derivative8: { good: ['x.x.x.x.x.x.x.y'], bad: ['x.x.x', 'x.x.x.x.x.x.x'] },
    grad: { good: ['x', 'y'], bad: ['', 'z', 'x.y', 'value', 'x.1'] },
    hvp: { good: ['x'], bad: ['x.x'] },
    vjp: { good: ['y'], bad: ['value'] },
    gaussNewton: { good: ['', 'x', 'x.y'], bad: ['z', 'value', 'x.y.x', 'x.z'] },
    hessian: { good: ['x.x', 'x.y', 'y.x'], bad: ['x', 'x.y.x', 'x.', '.x', 'x.z'] },
    jvp: { good: ['value', 'r.1', 'r.2'], bad: ['x', 'value.1', 'r', 'r.0', 'r.3', 'r.01', 'r.1.1', 'r.x'] },
    jacobian: {
      good: ['value.x', 'r.2.y'],
      bad: ['x', 'value', 'r.x', 'r.1', 'r.3.x', 'x.value', 'r.1.x.x'],
    },
  };
  for (const [kind, { good, bad }] of Object.entries(kinds) as [
    Derivative['kind'],
    NonNullable<(typeof kinds)['grad']>,
  ][]) {
    const at = (path: string): Program => {
      const program = sampleProgram();
      const [output] = program.outputs;
      const r = { name: 'r', shape: [2], elements: [output.elements[0], output.elements[0]] };
      const values = [[path, program.graph.nodes[0]]] as const;
      return { ...program, outputs: [output, r], derivatives: [derivative(kind, values)] };
    };
    for (const path of good) expect(complaint(at(path)), `${kind} ${path}`).toBe('');
    for (const path of bad) {
      expect(complaint(at(path))).toBe(`P5 is broken: ${JSON.stringify(path)} is no path of a ${kind}`);
    }
  }
});

test('P7: terms', () => {
  const b = builder(new Graph());
  const x = b.graph.input('x', 'real', [3]);
  const k = b.graph.input('k', 'int', [3]);
  const program: Program = {
    ...sampleProgram(),
    graph: b.graph,
    inputs: [x, k].map(node => ({ name: node.attrs.name, shape: node.shape, dtype: node.dtype, node })),
    outputs: [{ name: 'f', shape: [], elements: [b.reduceSum(b.mul(x, b.gather(x, k, 0)))] }],
    wrt: ['x'],
    derivatives: [],
  };
  const along = { axis: 0, start: 0, step: 1 };
  const with1 = (path: string, term: Partial<Term>) => {
    const terms = new Map([[path, [{ value: x, coordinates: [along, along], ...term }]]]);
    return complaint({ ...program, derivatives: [{ ...derivative('hessian', []), terms }] });
  };
  expect(with1('x.x', {})).toBe('');
  expect(with1('x.x', { coordinates: [{ ...along, index: k }, along] })).toBe('');
  const broken: [string, Partial<Term>, string][] = [
    ['x', {}, 'there is no path'],
    ['x.x', { value: new Graph().constant(1) }, 'a value is a node of another graph'],
    ['x.x', { coordinates: [along] }, 'a term has not one coordinate for each axis'],
    ['x.x', { value: b.mul(b.expand(x, [0]), b.expand(x, [1])) }, 'an axis of a value is in no coordinate'],
    ['x.x', { coordinates: [along, { ...along, axis: 1 }] }, 'a coordinate has no such axis'],
    ['x.x', { coordinates: [along, { ...along, step: 0 }] }, 'a step is no integer or 0'],
    [
      'x.x',
      { coordinates: [along, { ...along, index: new Graph().input('k') }] },
      'an index is a node of another graph',
    ],
    [
      'x.x',
      { coordinates: [along, { ...along, index: b.element(k, 0) }] },
      'an index is not as long as its axis',
    ],
  ];
  for (const [path, term, message] of broken) {
    expect(with1(path, term)).toContain(`P7 is broken: ${message} in ${path} of a hessian`);
  }
});

test('P8: compressed matrices', () => {
  const b = builder(new Graph());
  const x = b.graph.input('x', 'real', [3]);
  const program: Program = {
    ...sampleProgram(),
    graph: b.graph,
    inputs: [{ name: 'x', shape: x.shape, dtype: x.dtype, node: x }],
    outputs: [{ name: 'f', shape: [], elements: [b.reduceSum(x)] }],
    wrt: ['x'],
    derivatives: [],
  };
  const withMatrix = (values: Node, rowIndex: number[], colPointer = [0, 2, 3, 3]) => {
    const pattern = {
      rows: 3,
      columns: 3,
      rowIndex: Int32Array.from(rowIndex),
      colPointer: Int32Array.from(colPointer),
    };
    const compressed = { pattern, by: 'symmetric', colours: 2, values } as const;
    return complaint({ ...program, derivatives: [{ ...derivative('hessian', []), compressed }] });
  };
  expect(withMatrix(x, [0, 1, 0])).toBe('');
  const message = (what: string) => expect.stringContaining(`P8 is broken${what}`);
  expect(withMatrix(new Graph().input('x', 'real', [3]), [0, 1, 0])).toEqual(
    message(': the vector is a node of another graph'),
  );
  expect(withMatrix(x, [0, 1, 0, 1], [0, 2, 4, 4])).toEqual(message(` at %${x.id}: 4 nonzeros are 3`));
  for (const rows of [
    [1, 0, 0],
    [1, 1, 0],
    [0, 3, 0],
    [-1, 1, 0],
  ]) {
    expect(withMatrix(x, rows)).toEqual(message(` at %${x.id}: the pattern is none`));
  }
  for (const pointers of [
    [0, 2, 3],
    [1, 2, 3, 3],
    [0, 2, 1, 3],
    [0, 2, 2, 2],
  ]) {
    expect(withMatrix(x, [0, 1, 2], pointers)).toEqual(message(` at %${x.id}: the pattern is none`));
  }
});

test('P6: every input that is needed is given', () => {
  checkProgram('P6', 'it is needed but is no input of the program', program => ({
    inputs: [program.inputs[0]],
    wrt: ['x'],
    derivatives: [],
  }));
  const stranger = ({ graph }: Program) => builder(graph).exp(graph.input('t'));
  checkProgram('P6', 'it is needed but is no input of the program or of a derivative', program => ({
    derivatives: [derivative('grad', [['x', stranger(program)]])],
  }));
  const program = sampleProgram();
  const values = [['value', stranger(program)]] as const;
  const derivatives = [derivative('jvp', values, [program.graph.input('t')])];
  expect(complaint({ ...program, derivatives })).toBe('');
});
