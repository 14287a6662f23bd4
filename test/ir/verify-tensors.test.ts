// The laws that concern tensors, each broken once, past the constructors that prevent it.

import { describe, expect, test } from 'vitest';
import { InternalError } from '../../src/errors.ts';
import { builder } from '../../src/ir/build.ts';
import { type AttrsOf, Graph, type Node } from '../../src/ir/graph.ts';
import type { OpName } from '../../src/ir/ops.ts';
import type { Derivative, Output, Program } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { addSizes, namedSize } from '../../src/ir/size.ts';
import { verify } from '../../src/ir/verify.ts';
import { derivative } from './programs.ts';

const [n, m] = [namedSize('n'), namedSize('m')];

/** Inputs x (scalar), v: 3, A: 2 x 3, N: n, M: m x m; masks of v and N; one output, sum(v). */
function sample() {
  const graph = new Graph();
  const b = builder(graph);
  const shapes: Record<string, Shape> = { x: [], v: [3], A: [2, 3], N: [n], M: [m, m] };
  const inputs = Object.entries(shapes).map(([name, shape]) => {
    const node = graph.input(name, 'real', shape);
    return { name, shape, dtype: 'real' as const, node };
  });
  const [x, v, A, N, M] = inputs.map(({ node }) => node as Node);
  const [mask, masks] = [b.lt(v, 0), b.lt(N, 0)];
  const outputs: Output[] = [{ name: 'f', shape: [], elements: [b.reduceSum(v)] }];
  const source = { name: 'f.expr', text: '' };
  const wrt = ['x', 'v', 'A', 'N'];
  const program: Program = { source, graph, inputs, outputs, wrt, derivatives: [], diagnostics: [] };
  return { program, graph, b, x, v, A, N, M, mask, masks };
}
type Sample = ReturnType<typeof sample>;

function complaint(program: Program): string {
  try {
    verify(program);
  } catch (error) {
    if (error instanceof InternalError) return error.message.split('\n')[0];
    throw error;
  }
  return '';
}

/** Appends a node past all checks. The type and the shape are those it should have, unless they are given. */
function force(
  graph: Graph,
  op: OpName,
  inputs: readonly Node[],
  attrs?: unknown,
  shape: Shape = [],
  dtype = 'real',
): Node {
  const node = {
    id: graph.nodes.length,
    op,
    inputs,
    attrs,
    shape,
    dtype,
    span: undefined,
  } as unknown as Node;
  (graph.nodes as Node[]).push(node);
  return node;
}

/** What is said of a program with one more node. */
function checkNode(expected: string, append: (s: Sample) => unknown): void {
  const s = sample();
  append(s);
  const message = complaint(s.program);
  expect(message.replace(/ at %\d+/, '')).toBe(expected === '' ? '' : expected.replace(': ', ' is broken: '));
}

test('a good program', () => {
  checkNode('', () => undefined);
});

describe('G3: attributes', () => {
  /** `op` over the operands that `of` picks, with attributes that are wrong. */
  const check = <O extends keyof AttrsOf>(
    op: O,
    of: (s: Sample) => readonly Node[],
    attrs: { readonly [K in keyof AttrsOf[O]]: unknown },
    message: string,
  ) => checkNode(`G3: ${message}`, s => force(s.graph, op, of(s), attrs));
  const [v, A] = [(s: Sample) => [s.v], (s: Sample) => [s.A]];

  test('leaves', () => {
    check('array', () => [], { shape: [2], values: [1] }, 'the array has 1 values, not 2');
    check('array', () => [], { shape: [n], values: [1] }, 'the shape of an array has named sizes');
    check('array', () => [], { shape: [-1], values: [] }, 'the shape is not a list of lengths');
    check('array', () => [], { shape: [1], values: ['1'] }, 'the values are not a list of numbers');
    check('size', () => [], { size: 0.5 }, 'the size is not an integer');
    check('iota', () => [], { length: -1 }, 'the length is not a natural number');
    checkNode('G3: array carries shape, values, not values, shape', ({ graph }) =>
      force(graph, 'array', [], { values: [], shape: [0] }),
    );
  });

  test('shapes', () => {
    check('broadcast', v, { shape: [2, 1.5] }, 'the shape is not a list of lengths');
    check('reshape', v, { shape: 3 }, 'the shape is not a list of lengths');
  });

  test('axes', () => {
    check('reduceSum', A, { axes: [2] }, 'there is no axis 2 of 2 x 3');
    check('reduceSum', A, { axes: [-1] }, 'there is no axis -1 of 2 x 3');
    check('reduceMax', A, { axes: [1, 0] }, 'the axes are not in ascending order');
    check('norm', A, { axes: [0, 0] }, 'the axes are not in ascending order');
    check('argmax', A, { axes: 0 }, 'the axes are no list');
    check('any', ({ mask }) => [mask], { axes: [1] }, 'there is no axis 1 of 3');
    check('concat', ({ v }) => [v, v], { axis: 1 }, 'there is no axis 1 of 3');
    check('gather', ({ v, x }) => [v, x], { axis: 1 }, 'there is no axis 1 of 3');
    check(
      'cumsum',
      ({ x }) => [x],
      { axis: 0, exclusive: false, reverse: false },
      'there is no axis 0 of scalar',
    );
    check(
      'cumprod',
      v,
      { axis: 0, exclusive: 0, reverse: false },
      'a flag of cumprod is neither true nor false',
    );
    check('scatterAdd', ({ A, v }) => [A, v], { axis: 2, length: 3 }, 'there is no axis 2 of 2 x 3');
    check('scatterAdd', ({ v, x }) => [v, x], { axis: 2, length: 3 }, 'there is no axis 2 of 3');
    checkNode('', ({ graph, v, x }) => graph.intern('scatterAdd', [v, x], { axis: 1, length: 3 }));
  });

  test('permutations and positions', () => {
    check('permute', A, { permutation: [0] }, '0 is no permutation of the axes of 2 x 3');
    check('permute', A, { permutation: [1, 1] }, '1,1 is no permutation of the axes of 2 x 3');
    check('permute', A, { permutation: [0, 2] }, '0,2 is no permutation of the axes of 2 x 3');
    check('element', A, { position: 6 }, 'there is no element 6 of 2 x 3');
    check('element', ({ N }) => [N], { position: 0 }, 'the elements of n are not counted');
  });

  test('slices', () => {
    const slice = (attrs: Partial<AttrsOf['slice']>, message: string) =>
      check('slice', v, { axis: 0, start: 0, step: 1, length: 1, ...attrs }, message);
    slice({ axis: 1 }, 'there is no axis 1 of 3');
    slice({ step: 0 }, 'the step is not an integer other than 0');
    slice({ start: 0.5 }, 'the start is not an integer');
    slice({ length: -1 }, 'the length is not a natural number');
    slice({ start: 1, length: 3 }, 'elements 1 to 3 of 3');
    slice({ start: 1, step: -1, length: 3 }, 'elements 1 to -1 of 3');
    check('pad', v, { axis: 0, start: 0, step: 2, length: 4 }, 'elements 0 to 4 of 4');
    checkNode('', ({ graph, v }) => graph.intern('slice', [v], { axis: 0, start: 9, step: 1, length: 0 }));
    checkNode('', ({ graph, N }) => graph.intern('slice', [N], { axis: 0, start: 9, step: 1, length: n }));
    checkNode('', ({ graph, v }) => graph.intern('pad', [v], { axis: 0, start: 4, step: -2, length: 5 }));
  });

  test('subscripts', () => {
    const contract = (subscripts: unknown, message: string) =>
      check('contract', ({ A, v }) => [A, v], { subscripts }, message);
    contract(1, 'the subscripts are no text');
    contract('ab', 'ab are no subscripts');
    contract('ab,b->a ', 'ab,b->a  are no subscripts');
    contract('aa,a->', 'a letter is repeated in aa,a->');
    contract('ab,b->aa', 'a letter is repeated in ab,b->aa');
    contract('ab,b->c', 'a letter of the result is new in ab,b->c');
    contract('ab,b->ab', 'nothing is summed in ab,b->ab');
    contract('ab,b->', 'a sum over one operand alone in ab,b->');
    contract('ij,j->i', 'the letters of ij,j->i are not named in the order of appearance');
    contract('ba,a->b', 'the letters of ba,a->b are not named in the order of appearance');
  });
});

test('G4: masks', () => {
  checkNode('G4: input 1 of reduceSum is a mask; it takes a number', ({ graph, mask }) =>
    force(graph, 'reduceSum', [mask], { axes: [0] }),
  );
  checkNode('G4: input 1 of any is real; it takes a mask', ({ graph, v }) =>
    force(graph, 'any', [v], { axes: [0] }, [], 'bool'),
  );
  checkNode('G4: input 2 of concat is a mask; it takes a number', ({ graph, v, mask }) =>
    force(graph, 'concat', [v, mask], { axis: 0 }, [6]),
  );
  checkNode('G4: input 2 of gather is a mask; it takes a number', ({ graph, v, mask }) =>
    force(graph, 'gather', [v, mask], { axis: 0 }, [3]),
  );
  checkNode('G4: input 1 of any is a mask: 0 or 1, not 2', ({ graph, b }) =>
    force(graph, 'any', [b.array([0, 1, 2], [3])], { axes: [0] }, [], 'bool'),
  );
  checkNode('G4: input 1 of not is a mask: 0 or 1, not NaN', ({ graph, b }) =>
    force(graph, 'not', [b.broadcast(Number.NaN, [3])], undefined, [3], 'bool'),
  );
  const good = ({ graph, b, mask, masks }: Sample) => {
    b.real(b.slice(mask, { axis: 0, start: 1, step: 1, length: 2 }));
    graph.intern('any', [b.broadcast(1, [n])], { axes: [0] });
    graph.intern('and', [b.array([0, 1, 1], [3]), mask]);
    graph.intern('not', [b.permute(b.reshape(b.array([0, 1, 1, 0], [4]), [2, 2]), [1, 0])]);
    b.select(b.gather(masks, 1, 0), 1, 2);
  };
  checkNode('', good);
});

test('G5: types and shapes', () => {
  const check = (message: string, append: (s: Sample) => unknown) => checkNode(`G5: ${message}`, append);
  check('it is bool, not real', ({ graph, mask }) =>
    force(graph, 'reshape', [mask], { shape: [1, 3] }, [1, 3]),
  );
  check('it is int, not real', ({ graph }) => force(graph, 'iota', [], { length: 2 }, [2]));
  check('its shape is 2, not 3', ({ graph, A }) => force(graph, 'reduceSum', [A], { axes: [1] }, [3]));
  check('its shape is n, not n + 1', ({ graph, N }) => force(graph, 'exp', [N], undefined, [addSizes(n, 1)]));
  check('its shape is 2 x 3, not 3', ({ graph, A, v }) => force(graph, 'add', [A, v], undefined, [3]));
  check('elementwise operands of 3 and 2', ({ graph, v, A }) =>
    force(graph, 'add', [v, force(graph, 'reduceSum', [A], { axes: [1] }, [2])], undefined, [3]),
  );
  check('cannot reshape 3 to 4', ({ graph, v }) => force(graph, 'reshape', [v], { shape: [4] }, [4]));
  check('a diagonal of 3', ({ graph, v }) => force(graph, 'diagonal', [v]));
  check('ab,bc->ac does not name the axes of 2 x 3 and 3', ({ graph, A, v }) =>
    force(graph, 'contract', [A, v], { subscripts: 'ab,bc->ac' }),
  );
  check('its shape is not a list of lengths', ({ graph }) => force(graph, 'input', [], { name: 'y' }, [0.5]));
  check('its shape is not a list of lengths', ({ graph }) => force(graph, 'input', [], { name: 'y' }, [-2]));
});

test('G6: equal nodes are one object', () => {
  checkNode('G6: it equals %0', ({ graph }) => force(graph, 'input', [], { name: 'x' }, [2]));
  const twice = (op: OpName, attrs: (k: number) => unknown, shape: Shape) => {
    const s = sample();
    const operands = op === 'array' ? [] : [s.v];
    for (const k of [0, 1]) force(s.graph, op, operands, attrs(k), shape);
    return complaint(s.program);
  };
  expect(twice('cumsum', () => ({ axis: 0, exclusive: true, reverse: false }), [3])).toMatch(/^G6 is broken/);
  expect(twice('cumsum', k => ({ axis: 0, exclusive: k === 0, reverse: false }), [3])).toBe('');
  expect(twice('array', () => ({ shape: [2], values: [Number.NaN, 1] }), [2])).toMatch(/^G6 is broken/);
  expect(twice('array', k => ({ shape: [1], values: [k === 0 ? 0 : -0] }), [1])).toBe('');
  expect(
    twice('array', k => (k === 0 ? { shape: [0, 2], values: [] } : { shape: [0, 2], values: [] }), [0, 2]),
  ).toMatch(/^G6 is broken/);
});

test('G8: constraints', () => {
  checkNode('G8: m = n is not a constraint', ({ graph, N, b, M }) => {
    const diagonal = b.diagonal(M);
    force(graph, 'add', [N, diagonal], undefined, [n]);
  });
  checkNode('', ({ b, N, M }) => b.add(N, b.diagonal(M)));
  checkNode('G8: n = n + 1 is decided', ({ graph }) =>
    graph.constraints.set('n = n + 1', { left: n, right: addSizes(n, 1), span: undefined }),
  );
  checkNode('G8: n = n is decided', ({ graph }) =>
    graph.constraints.set('n = n', { left: n, right: n, span: undefined }),
  );
});

test('P2: outputs are one node or a list of scalars', () => {
  const check = (message: string, change: (s: Sample) => Partial<Output>) => {
    const s = sample();
    const [output] = s.program.outputs;
    const outputs = [{ ...output, ...change(s) }];
    expect(complaint({ ...s.program, outputs })).toBe(message && `P2 is broken: the output "f" ${message}`);
  };
  check('', ({ A }) => ({ shape: [2, 3], elements: [A] }));
  check('', ({ N }) => ({ shape: [n], elements: [N] }));
  check('', ({ x }) => ({ shape: [3], elements: [x, x, x] }));
  check('', ({ x }) => ({ shape: [1], elements: [x] }));
  check('', () => ({ shape: [0], elements: [] }));
  check('is 3 x 2, its node is 2 x 3', ({ A }) => ({ shape: [3, 2], elements: [A] }));
  check('of shape scalar has 1 scalar node, not a node of 3', ({ v }) => ({ shape: [], elements: [v] }));
  check('of shape 2 has 2 scalar nodes, not 3', ({ x }) => ({ shape: [2], elements: [x, x, x] }));
  check('of shape 2 has 2 scalar nodes, not a node of 3', ({ x, v }) => ({ shape: [2], elements: [x, v] }));
  check('of shape n has one node, not 2', ({ x }) => ({ shape: [n], elements: [x, x] }));
  const s = sample();
  const outputs = [{ name: 'f', shape: [3], elements: [s.mask] }];
  expect(complaint({ ...s.program, outputs })).toMatch(/^P2 is broken at %\d+: the output "f" is a mask/);
});

test('P1: the shape of an input is that of its node', () => {
  const { program } = sample();
  const [x, v, ...rest] = program.inputs;
  const inputs = [x, { ...v, shape: [4] }, ...rest];
  expect(complaint({ ...program, inputs })).toBe('P1 is broken at %1: the input "v" has another type there');
});

test('P5: paths and the shapes of derivatives', () => {
  const check = (kind: Derivative['kind'], path: string, shape: Shape, expected = '') => {
    const { program, graph, A, x } = sample();
    const node = shape.length === 0 ? x : builder(graph).broadcast(x, shape);
    const outputs = [
      ...program.outputs,
      { name: 'g', shape: [2, 3], elements: [A] },
      { name: 'r', shape: [2], elements: [x, x] },
    ];
    const derivatives = [derivative(kind, [[path, node]])];
    const message = complaint({ ...program, outputs, derivatives }).replace(/ at %\d+/, '');
    expect(message).toBe(expected && `P5 is broken: ${JSON.stringify(path)} ${expected}`);
  };
  for (const kind of ['grad', 'hvp', 'vjp'] as const) {
    check(kind, 'x', []);
    check(kind, 'A', [2, 3]);
    check(kind, 'N', [n]);
    check(kind, 'v', [], `of a ${kind} is 3, not scalar`);
    check(kind, 'x', [1], `of a ${kind} is scalar, not 1`);
    check(kind, 'N', [m], `of a ${kind} is n, not m`);
    check(kind, 'v.1', [], `is no path of a ${kind}`);
    check(kind, 'M', [m, m], `is no path of a ${kind}`); // not in wrt
  }
  check('hessian', 'v.A', [3, 2, 3]);
  check('hessian', 'x.N', [n]);
  check('hessian', 'A.v', [3, 2, 3], 'of a hessian is 2 x 3 x 3, not 3 x 2 x 3');
  check('jvp', 'f', []);
  check('jvp', 'g', [2, 3]);
  check('jvp', 'r.2', []);
  check('jvp', 'g', [], 'of a jvp is 2 x 3, not scalar');
  check('jvp', 'g.1', [], 'is no path of a jvp');
  check('jvp', 'r', [2], 'is no path of a jvp');
  check('jacobian', 'f.v', [3]);
  check('jacobian', 'g.v', [2, 3, 3]);
  check('jacobian', 'r.1.A', [2, 3]);
  check('jacobian', 'r.3.A', [2, 3], 'is no path of a jacobian');
  check('jacobian', 'g.v', [6, 3], 'of a jacobian is 2 x 3 x 3, not 6 x 3');
});
