import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compile.ts';
import { SymgradError } from '../../src/errors.ts';
import { Graph, type Node } from '../../src/ir/graph.ts';
import { sectionsOf } from '../../src/ir/live.ts';
import { parseIr } from '../../src/ir/parse.ts';
import { printIr } from '../../src/ir/print.ts';
import type { Program } from '../../src/ir/program.ts';
import { verify } from '../../src/ir/verify.ts';
import { programs, sampleProgram, staticPrograms, symbolicPrograms } from './programs.ts';

const SAMPLE = `program "sample.expr"
  | z = x - 1
  | z^2 + 3 y
  input x @1:5+1
  input y = 0.5 "the \\"other\\" one"
  wrt x, y
  %0 = input x
  %1 = input y
  %2 = const 1 @1:5+5
  %3 = sub %0 %2 as z @1:5+5
  %4 = const 2 @2:1+9
  %5 = pow %3 %4 @2:1+9
  %6 = const 3 @2:1+9
  %7 = mul %6 %1 @2:1+9
  %8 = add %5 %7 @2:1+9
  return value = %8 @2:1+9
derivative
  %9 = mul %4 %3 @2:1+9
  return grad x=%9 y=%6
  return hessian x.x=%4
`;

test('the text of a small program', () => {
  expect(printIr(sampleProgram())).toBe(SAMPLE);
  expect(printIr(parseIr(SAMPLE))).toBe(SAMPLE);
});

test('every feature, read and written', () => {
  const text = `program "f\\n.expr"
  input x: int
  input lambda = -0 "doc"
  input "a b" = NaN
  wrt lambda, "a b"
  %0 = const -Infinity @1:1+0
  %1: int = input x
  %2 = input lambda
  %3 = input "a b" as "c\\"d"
  %4: bool = lt %1 %2
  %5: bool = not %4
  %6 = select %5 %0 %2 as as
  %7 = polygamma %6 order=2
  %8 = max %7 %6 %0 %1
  %9 = const 1e+21
  %10 = const 5e-324
  return r: [3] = %8 %9 %10
  return none: [0] =
  return s = %3
derivative
  %11 = input tangent.lambda
  %12 = mul %11 %2
  return sparse jacobian r.1.lambda=%0 "s.a b"=%9
  return jvp(%11) r.3=%12 s=%2
`;
  const program = parseIr(text);
  verify(program);
  expect(printIr(program)).toBe(text);
  expect(program.inputs.map(input => input.default)).toEqual([undefined, -0, Number.NaN]);
  expect(program.derivatives.map(derivative => derivative.form)).toEqual(['sparse', 'dense']);
});

test('what is not canonical is read too: comments, blank lines, odd numbers, missing nodes of inputs, CRLF', () => {
  const loose =
    'program # no name\r\n\r\n input x\r\n %7=const 2.50\r\n%3 = mul %7 %7 # twice\r\n return f=%3';
  expect(printIr(parseIr(loose, { name: 'loose.ir' }))).toBe(
    'program "loose.ir"\n  input x\n  %0 = const 2.5\n  %1 = mul %0 %0\n  %2 = input x\n  return f = %1\n',
  );
});

test('nothing is folded and equal lines are one node', () => {
  const text = 'program "f"\n  %0 = const 1\n  %1 = mul %0 %0\n  %2 = mul %0 %0\n  return f: [2] = %1 %2\n';
  const { graph, outputs } = parseIr(text);
  expect(graph.nodes.map(node => node.op)).toEqual(['const', 'mul']);
  expect(outputs[0].elements[0]).toBe(outputs[0].elements[1]);
});

test('the samples, after every pass', () => {
  const folder = new URL('../../samples/', import.meta.url);
  const names = readdirSync(folder).filter(name => name.endsWith('.expr'));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const onPass = (pass: string, program: Program): void => {
      verify(program, pass);
      const text = printIr(program);
      const again = parseIr(text);
      expect(printIr(again), `${name} after ${pass}`).toBe(text);
      expect(again.source).toEqual(program.source);
    };
    compile(readFileSync(new URL(name, folder), 'utf8'), { name, jvp: true, vjp: true, onPass });
  }
});

describe('random programs', () => {
  for (const [what, arbitrary] of [
    ['scalars', programs],
    ['tensors', staticPrograms],
    ['named sizes', symbolicPrograms],
  ] as const) {
    test(`parse undoes print, print undoes parse: ${what}`, () => {
      fc.assert(
        fc.property(arbitrary, program => {
          verify(program);
          const text = printIr(program);
          const again = parseIr(text);
          verify(again);
          expect(printIr(again)).toBe(text);
          expectEqualPrograms(again, program);
        }),
        { seed: 1, numRuns: 500 },
      );
    });
  }

  test('broken text is a diagnostic in the text, or a valid program', () => {
    const edits = fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(8),
        fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('%1', '\n', '=', '"', '@')),
      ),
      { minLength: 1, maxLength: 2 },
    );
    let valid = 0;
    fc.assert(
      fc.property(fc.oneof(programs, staticPrograms, symbolicPrograms), edits, (program, all) => {
        let text = printIr(program);
        for (const [at, length, insert] of all) {
          const start = at % text.length;
          text = text.slice(0, start) + insert + text.slice(start + length);
        }
        if (parsesOrComplains(text)) valid++;
      }),
      { seed: 2, numRuns: 2500 },
    );
    expect(valid).toBeGreaterThan(30);
  });

  test('any text, and any lines', () => {
    const lines = fc.array(
      fc.constantFrom(...SAMPLE.split('\n'), '%9 = exp %3', '  | ', 'return f: [2] = %1 %1'),
    );
    fc.assert(
      fc.property(fc.string(), text => void parsesOrComplains(text)),
      { seed: 3 },
    );
    fc.assert(
      fc.property(lines, some => void parsesOrComplains(`program\n${some.join('\n')}`)),
      { seed: 4, numRuns: 500 },
    );
  });
});

/** True if `text` is a program, which then is valid and round-trips. Fails on anything but a diagnostic in the text. */
function parsesOrComplains(text: string): boolean {
  let program: Program;
  try {
    program = parseIr(text);
  } catch (error) {
    if (!(error instanceof SymgradError)) throw error;
    for (const { code, span } of error.diagnostics) {
      expect(code).toMatch(/^ir-/);
      expect(0 <= span!.start && span!.start <= span!.end && span!.end <= text.length).toBe(true);
    }
    return false;
  }
  verify(program);
  const canonical = printIr(program);
  expect(printIr(parseIr(canonical))).toBe(canonical);
  return true;
}

/** Equal but for numbering, dead nodes and diagnostics. */
function expectEqualPrograms(actual: Program, expected: Program): void {
  const [as, es] = [actual, expected].map(program => {
    const { forward, derivative } = sectionsOf(program);
    return [...forward, ...derivative];
  });
  expect(as.length).toBe(es.length);
  const partner = new Map<Node, Node>();
  for (const [i, a] of as.entries()) {
    const e = es[i];
    partner.set(e, a);
    expect([a.op, a.attrs, a.dtype, a.shape, a.span]).toEqual([e.op, e.attrs, e.dtype, e.shape, e.span]);
    expect(actual.graph.names.get(a)).toBe(expected.graph.names.get(e));
    for (const [k, input] of e.inputs.entries()) expect(a.inputs[k] === partner.get(input)).toBe(true);
  }
  const plain = ({ source, inputs, outputs, wrt, derivatives }: Program, to: (node: Node) => number) => ({
    source,
    inputs: inputs.map(input => ({ ...input, node: to(input.node) })),
    outputs: outputs.map(output => ({ ...output, elements: output.elements.map(to) })),
    wrt,
    derivatives: derivatives.map(({ values, inputs: own, ...rest }) => ({
      ...rest,
      values: Array.from(values, ([path, node]) => [path, to(node)]),
      inputs: own.map(to),
    })),
  });
  expect([...actual.graph.constraints]).toEqual([...expected.graph.constraints]);
  expect(plain(actual, node => as.indexOf(node))).toEqual(plain(expected, node => es.indexOf(node)));
}

describe('mistakes', () => {
  /** `text` with the place of the mistake between guillemets. */
  function check(text: string, code: string, message: string): void {
    const start = text.indexOf('«');
    const plain = text.replace('«', '').replace('»', '');
    const end = text.indexOf('»') - 1;
    const error = failure(plain);
    expect([error.code, error.message, error.span]).toEqual([code, message, { start, end }]);
    expect(error.diagnostics.length, 'no error follows from another').toBe(1);
  }
  const HEAD = 'program "f"\n  input x\n  input k: int\n  wrt x\n  %0 = input x\n  %1: int = input k\n';

  test('syntax', () => {
    check('«»', 'ir-syntax', 'expected `program`');
    check('«z» = x^2\nz + 1', 'ir-syntax', 'expected `program`');
    check(
      'program "f"\n  «foo» %1',
      'ir-syntax',
      'expected a node, `input`, `wrt`, `require`, `return` or `derivative`',
    );
    check('program "f" «x»', 'ir-syntax', 'expected the end of the line');
    check('program «"\\q"»', 'ir-syntax', 'not a JSON string');
    check(`${HEAD}  %2 = exp %0 «foo»`, 'ir-syntax', 'expected the end of the line');
    check(`${HEAD}  %2 = const «foo»`, 'ir-syntax', 'expected a number');
    check(`${HEAD}  %2 = const 1 @1«»`, 'ir-syntax', 'expected `:`');
    check(`${HEAD}  %2 = const 1 @2:1+«1»`, 'ir-syntax', 'no place of the source');
    check(`${HEAD}  %2 = phi %0«»`, 'ir-syntax', 'expected the order of phi, e.g. order=1');
    check(`${HEAD}  %2 = phi %0 order=«99999999999999999999»`, 'ir-syntax', 'too large a number');
    check(`${HEAD}  «|» z = x`, 'ir-syntax', 'the source follows the `program` line');
    check(`${HEAD}  «input» z`, 'ir-syntax', 'declarations come before nodes');
    check(
      `program\nderivative\n  return «f» = %0`,
      'ir-syntax',
      'expected a derivative: grad, jacobian, hessian, hvp, jvp, vjp, gaussNewton',
    );
  });

  test('operations', () => {
    check(`${HEAD}  %2 = «expo» %0`, 'ir-operation', 'there is no operation expo');
    check(`${HEAD}  %2 = «exp» %0 %0\n  %3 = exp %2`, 'ir-operands', 'exp takes 1 input, not 2');
    check(`${HEAD}  %2 = «max»`, 'ir-operands', 'max takes 1 to 10000 inputs, not 0');
    check(`${HEAD}  %2: bool = «not» %0`, 'ir-operands', 'input 1 of not is real; it takes a mask');
    check(
      `${HEAD}  %2: bool = lt %0 %1\n  %3 = «exp» %2`,
      'ir-operands',
      'input 1 of exp is a mask; it takes a number',
    );
    check(
      `${HEAD}  %2 = const 2\n  %3: bool = «not» %2`,
      'ir-operands',
      'input 1 of not is a mask: 0 or 1, not 2',
    );
  });

  test('types', () => {
    check(`${HEAD}  %2 = «lt» %0 %1`, 'ir-type', '%2 is bool, not real');
    check(`${HEAD}  %2: [3] = «exp» %0`, 'ir-type', '%2 is real, not [3]');
    check(
      `${HEAD.replace('%0 =', '%0: int =').replace('= input x', '= input «x»')}`,
      'ir-type',
      'the input x is real, not int',
    );
    check('program\n  input w: bool[3«]»', 'ir-type', 'an input is real or int, not bool[3]');
    check(
      'program\n  input w: «float»',
      'ir-syntax',
      'expected a type: real, int, bool or a shape, e.g. [3]',
    );
    check(`${HEAD}  return f: [2] = %«0»`, 'ir-type', 'f has 2 elements, not 1');
    check(`${HEAD}  %2: bool = lt %0 %1\n  return f = %«2»`, 'ir-type', 'a result is a number, not a mask');
    check('program\n  input k: int\n  wrt «k»', 'ir-type', 'k is int, not differentiable');
  });

  test('names', () => {
    check(`${HEAD}  %2 = exp %«3»`, 'ir-undefined', 'there is no %3 above');
    check(`${HEAD}  %«0» = exp %1`, 'ir-redefined', 'a second %0');
    check(`${HEAD}  %2 = input «y»`, 'ir-undefined', 'the input y is not declared');
    check(`${HEAD}derivative\n  %2 = «y»`, 'ir-operation', 'there is no operation y');
    check('program\n  input x\n  input «x»', 'ir-redefined', 'a second input x');
    check('program\n  wrt «x»', 'ir-undefined', 'there is no input x above');
    check(`${HEAD}  return f = %0\n  return «f» = %1`, 'ir-redefined', 'a second output f');
  });

  test('derivatives', () => {
    const all = `${HEAD}  return f = %0\nderivative\n  %2 = input «t»\n`;
    check(all, 'ir-undefined', 'the input t is not declared');
    const head = all.replace('«t»', 't');
    check(`${head}  return hvp(%2) «k»=%0`, 'ir-path', 'k is no path of a hvp');
    check(`${head}  return hessian «x»=%0`, 'ir-path', 'x is no path of a hessian');
    check(
      `${head}  return jvp(%2 %«2»)`,
      'ir-operands',
      'an input of jvp is an input node of its own, listed once',
    );
    check(`${head}  return jvp(%2) f=%2 «f»=%2`, 'ir-redefined', 'f twice');
    check(`${head}  return grad\n  return jvp(%2)\n  return «grad»`, 'ir-redefined', 'a second grad');
  });

  test('independent mistakes are reported together, those that follow are not', () => {
    const error = failure(
      `${HEAD}  %2 = expo %0\n  %3 = exp %2\n  %4 = log %9\n  return f = %3\nderivative\n  return grad x=%4 y=%0`,
    );
    expect(error.diagnostics.map(diagnostic => diagnostic.message)).toEqual([
      'there is no operation expo',
      'there is no %9 above',
    ]);
  });

  test('a graph beyond the limit', () => {
    const text = printIr(sampleProgram());
    expect(() => parseIr(text, { maxNodes: 5 })).toThrow('more than 5 nodes');
    expect(parseIr(text, { maxNodes: 10 }).graph.nodes.length).toBe(10);
  });
});

function failure(text: string): SymgradError {
  try {
    parseIr(text);
  } catch (error) {
    if (error instanceof SymgradError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

test('the text of a large program is read in linear time', () => {
  const time = (count: number): number => {
    const graph = new Graph();
    let node: Node = graph.input('x');
    for (let i = 0; i < count; i++) node = graph.intern('add', [node, graph.constant(i)]);
    const program: Program = {
      ...sampleProgram(),
      graph,
      inputs: [{ name: 'x', shape: [], dtype: 'real', node: graph.input('x') }],
      outputs: [{ name: 'f', shape: [], elements: [node] }],
      wrt: ['x'],
      derivatives: [],
    };
    const start = performance.now();
    const text = printIr(program);
    expect(printIr(parseIr(text))).toBe(text);
    return performance.now() - start;
  };
  time(5_000);
  expect(time(32_000) / Math.max(time(4_000), 5)).toBeLessThan(40);
});
