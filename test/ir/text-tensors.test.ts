// The text form of tensors: every attribute read and written, mistakes with their places, texts that try to take long.

import { describe, expect, test } from 'vitest';
import { SymgradError } from '../../src/errors.ts';
import type { Node } from '../../src/ir/graph.ts';
import { parseIr } from '../../src/ir/parse.ts';
import { printIr } from '../../src/ir/print.ts';
import type { Program } from '../../src/ir/program.ts';
import { sizeText } from '../../src/ir/size.ts';
import { verify } from '../../src/ir/verify.ts';

/** Checks that `text` is canonical and returns what it says. */
function roundTrip(text: string): Program {
  const program = parseIr(text);
  verify(program);
  expect(printIr(program)).toBe(text);
  return program;
}

test('types, sizes, constraints, defaults', () => {
  const { graph, inputs } = roundTrip(`program "f.expr"
  | X * w
  input X: [n, 3] "features" @1:1+1
  input w: [3] = 0.5 @1:5+1
  input k: int[m]
  input S: ["a b", 2*m*n - floor((n + 1)/2) + 4, 0]
  wrt X, w, S
  require n = 2*m @1:1+5
  require m*m = n + 1
  %0: [n, 3] = input X
  %1: [3] = input w
  %2: int[m] = input k
  %3: ["a b", 2*m*n - floor((n + 1)/2) + 4, 0] = input S
  %4: [n] = contract %0 %1 subscripts=ab,b->a as z @1:1+5
  %5: [m] = gather %4 %2 axis=0
  return f: [n] = %4 @1:1+5
  return g: [m] = %5
derivative
  %6: [n, 3] = input tangent.X
  %7: [m, n, 3] = broadcast %6
  return jacobian(%6) g.X=%7
`);
  expect(
    [...graph.constraints.values()].map(({ left, right, span }) =>
      [left, right].map(sizeText).concat(`${span?.start}`),
    ),
  ).toEqual([
    ['n', '2*m', '0'],
    ['m*m', 'n + 1', 'undefined'],
  ]);
  expect(inputs.map(({ dtype, default: value }) => value ?? dtype)).toEqual(['real', 0.5, 'int', 'real']);
  expect(inputs[3].shape.map(sizeText)).toEqual(['a b', '2*m*n - floor((n + 1)/2) + 4', '0']);
});

test('every operation that is not elementwise', () => {
  const { outputs } = roundTrip(`program "f"
  input v: [n]
  input A: [2, 3]
  %0: [n] = input v
  %1: [2, 3] = input A
  %2: [2, 2] = array [1, -0, NaN, -Infinity]
  %3: [0, 2] = array []
  %4: int = size n - 1
  %5: int[n + 1] = iota length=n + 1
  %6: [3, n] = broadcast %0
  %7: [6] = reshape %1
  %8: [3, 2] = permute %1 permutation=[1, 0]
  %9: [n - 1] = slice %0 axis=0 start=n - 1 step=-1 length=n - 1
  %10: [2*n] = pad %0 axis=0 start=1 step=2 length=2*n
  %11 = element %1 position=5
  %12: [2] = diagonal %2
  %13: [2, 5] = concat %1 %2 axis=1
  %14: [n + 1] = gather %0 %5 axis=0
  %15: [4, 3] = scatterAdd %1 %12 axis=0 length=4
  %16: [2] = reduceSum %1 axes=[1]
  %17: [3] = reduceProd %1 axes=[0]
  %18 = reduceMax %1 axes=[0, 1]
  %19: [2, 3] = reduceMin %1 axes=[]
  %20 = norm %0 axes=[0]
  %21 = reduceLogsumexp %0 axes=[0]
  %22: bool[n] = lt %0 %20
  %23: bool = any %22 axes=[0]
  %24: int = argmax %0 axes=[0]
  %25: int[3] = argmin %1 axes=[0]
  %26: [n] = cumsum %0 axis=0
  %27: [n] = cumsum %0 axis=0 exclusive
  %28: [n] = cumprod %0 axis=0 reverse as reverse
  %29: [n] = cumprod %0 axis=0 exclusive reverse as as
  %30 = contract %0 %26 subscripts=a,a->
  %31 = select %23 %30 %21
  return a: [2, 2] = %2
  return b: [0, 2] = %3
  return c = %4
  return d: [3, n] = %6
  return e: [6] = %7
  return f: [3, 2] = %8
  return g: [n - 1] = %9
  return h: [2*n] = %10
  return i: [2] = %11 %18
  return j: [2, 5] = %13
  return k: [n + 1] = %14
  return l: [4, 3] = %15
  return m: [2] = %16
  return n: [3] = %17
  return o: [2, 3] = %19
  return p: [2] = %24 %31
  return q: [3] = %25
  return r: [n] = %27
  return s: [n] = %28
  return t: [n] = %29
`);
  const node = (k: number): Node => outputs[k].elements[0];
  expect(node(0).attrs).toEqual({ shape: [2, 2], values: [1, -0, Number.NaN, -Infinity] });
  expect(node(18).attrs).toEqual({ axis: 0, exclusive: false, reverse: true });
});

test('sizes are read in any form and written in one', () => {
  const check = (written: string, canonical: string) => {
    const text = (size: string) =>
      `program "f"\n  input x: [${size}]\n  %0: [${size}] = input x\n  return f: [${size}] = %0\n`;
    expect(printIr(parseIr(text(written)))).toBe(text(canonical));
  };
  check('1+n', 'n + 1');
  check('n*2*m-n', '2*m*n - n');
  check('-2 + n + n - n*0', '2*n - 2');
  check('n - n + 3', '3');
  check('floor((2*n + m)/2)', 'floor((m)/2) + n');
  check('floor((7)/2)', '3');
  check('floor((floor((n)/2) + 1)/3)', 'floor((floor((n)/2) + 1)/3)');
  check('floor + 1', 'floor + 1');
  check('"floor"', 'floor');
  check('"\\u00d7" + α', '"×" + α');
  check('as', 'as');
  const { outputs } = parseIr(
    'program "f"\n input v: [3]\n %0: [3] = input v\n %1: [3] = slice %0 axis=-0 start=-0 step=1 length=3\n return f: [3] = %1',
  );
  expect(outputs[0].elements[0].attrs).toEqual({ axis: 0, start: 0, step: 1, length: 3 }); // not -0
});

test('what is not canonical: a constraint that follows from a node, twice', () => {
  const text =
    'program "f"\n  input v: [n]\n  input w: [m]\n  %0: [n] = input v\n  %1: [m] = input w\n  %2: [n] = add %0 %1 @1:1+0\n  return f: [n] = %2\n';
  const program = parseIr(text);
  expect(printIr(program)).toBe(text.replace('  %0', '  require n = m @1:1+0\n  %0'));
  expect(printIr(parseIr(printIr(program)))).toBe(printIr(program));
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

describe('mistakes', () => {
  const HEAD = `program "f"
  input v: [3]
  input N: [n]
  input x
  wrt v, N
  %0: [3] = input v
  %1: [n] = input N
  %2 = input x
  %3: bool[3] = lt %0 %2
`;

  /** A line after HEAD, with the place of the mistake between guillemets. */
  function check(line: string, code: string, message: string, head = HEAD): void {
    const text = `${head}  ${line}`;
    const [start, end] = [text.indexOf('«'), text.indexOf('»') - 1];
    const error = failure(text.replace('«', '').replace('»', ''));
    expect([error.code, error.message, error.span]).toEqual([code, message, { start, end }]);
    expect(error.diagnostics.length, 'no error follows from another').toBe(1);
  }
  const declaration = (line: string, code: string, message: string) =>
    check(line, code, message, 'program "f"\n  input v: [n]\n');

  test('attributes', () => {
    check('%4 = reduceSum %0«»', 'ir-syntax', 'expected the axes of reduceSum, e.g. axes=[0]');
    check('%4 = reduceSum %0 axes=«0»', 'ir-syntax', 'expected `[`');
    check('%4 = reduceSum %0 axes=[0«»', 'ir-syntax', 'expected `]`');
    check('%4 = reduceSum %0 axes=[«n»]', 'ir-syntax', 'expected a natural number');
    check('%4 = «reduceSum» %0 axes=[1]', 'ir-operands', 'there is no axis 1 of 3');
    check('%4 = «reduceSum» %0 axes=[-1]', 'ir-operands', 'there is no axis -1 of 3');
    check(
      '%4: [3] = slice %0 axis=0 start=0 step=1«»',
      'ir-syntax',
      'expected the length of slice, e.g. length=n',
    );
    check('%4: [3] = slice %0 axis=0 start=«=» step=1 length=2', 'ir-syntax', 'expected a size');
    check('%4: [3] = «slice» %0 axis=0 start=1 step=1 length=3', 'ir-operands', 'elements 1 to 3 of 3');
    check('%4 = contract %0 %0 subscripts=«a»', 'ir-syntax', 'expected subscripts, e.g. ab,bc->ac');
    check(
      '%4 = «contract» %0 %0 subscripts=b,b->',
      'ir-operands',
      'the letters of b,b-> are not named in the order of appearance',
    );
    check('%4: [3] = cumsum %0 axis=0 «inclusive»', 'ir-syntax', 'expected the end of the line');
    check('%4: [3] = cumsum %0 axis=0 reverse «exclusive»', 'ir-syntax', 'expected the end of the line');
    check('%4: [2] = «array» [1]', 'ir-operands', 'the array has 1 values, not 2');
    check('%4: [n] = «array» [1]', 'ir-operands', 'the shape of an array has named sizes');
    check('%4 = «element» %1 position=0', 'ir-operands', 'the elements of n are not counted');
    check('%4: bool = «any» %0 axes=[0]', 'ir-operands', 'input 1 of any is real; it takes a mask');
  });

  test('types and shapes', () => {
    check('%4: [2] = «exp» %0', 'ir-type', '%4 is [3], not [2]');
    check('%4: [3] = «iota» length=3', 'ir-type', '%4 is int[3], not [3]');
    check('%4: [4] = «reshape» %0', 'ir-operands', 'cannot reshape 3 to 4');
    check('%4: [2] = «broadcast» %0', 'ir-operands', 'a broadcast of 3 and 2');
    check('%4: [3] = «reshape» %3', 'ir-type', '%4 is bool[3], not [3]');
    check('%4: [-«1»] = broadcast %2', 'ir-type', 'a length is a natural number');
    check('%4: [3] = input «N»', 'ir-type', 'the input N is [n], not [3]');
    check('return f: [4] = %«0»', 'ir-type', 'f is [4], not [3]');
    check('return f = %«0»', 'ir-type', 'f is one node or a list of scalars');
    check('return f: [n] = %2 %«2»', 'ir-type', 'f has n elements, not 2');
    check('return f: [2] = %2 %«0»', 'ir-type', 'f is one node or a list of scalars');
    check('return f: [3] = %«3»', 'ir-type', 'a result is a number, not a mask');
    const head = `${HEAD}  return f: [3] = %0\nderivative\n`;
    check('return jvp f=%«2»', 'ir-type', 'f is [3], not real', head);
    check('return jacobian f.N=%«0»', 'ir-type', 'f.N is [3, n], not [3]', head);
    check('return jvp «f.1»=%2', 'ir-path', 'f.1 is no path of a jvp', head);
  });

  test('constraints', () => {
    declaration('require n = «n»', 'ir-type', 'a constraint can be true and can be false');
    declaration('require n = n + «1»', 'ir-type', 'a constraint can be true and can be false');
    declaration('require n«»', 'ir-syntax', 'expected `=`');
    declaration('require n = m\n  require m = «n»', 'ir-redefined', 'm = n twice');
    check('«require» n = m', 'ir-syntax', 'declarations come before nodes');
  });

  test('sizes', () => {
    declaration('input x: [n +«]»', 'ir-syntax', 'expected a size');
    declaration('input x: [n «n»]', 'ir-syntax', 'expected `]`');
    declaration('input x: [floor(«n/2»)]', 'ir-syntax', 'expected `(`');
    declaration('input x: [floor((n)/«0»)]', 'ir-syntax', 'a size is divided by 0');
    declaration('input x: [floor((n)/«m»)]', 'ir-syntax', 'expected a natural number');
    declaration('input x: [99999999*«99999999»]', 'ir-syntax', 'too large a number');
    declaration('input x: [«9007199254740992»]', 'ir-syntax', 'too large a number');
    declaration('input x: [«""»]', 'ir-syntax', 'expected a size');
  });
});

describe('texts that try to take long', () => {
  /** `body` after a head with an input of one axis; it fails with `code`, soon. */
  function check(body: string, code: string): void {
    const start = performance.now();
    const error = failure(`program "f"\n  input v: [n]\n  %0: [n] = input v\n${body}`);
    expect(error.code).toBe(code);
    expect(error.message.length).toBeLessThan(200);
    expect(performance.now() - start).toBeLessThan(3000);
  }
  const many = (count: number, text: (k: number) => string, separator: string) =>
    Array.from({ length: count }, (_, k) => text(k)).join(separator);
  const reshape = (shape: string) => `  %1: [${shape}] = reshape %0\n  return f: [${shape}] = %1`;

  test('in one size', () => {
    check(reshape(many(100_000, k => `n${k}`, ' + ')), 'ir-limit');
    check(reshape(many(100_000, () => 'n', '*')), 'ir-limit');
    check(reshape(many(40, () => 'n', '*')), 'ir-limit');
    check(reshape(`${'floor(('.repeat(50_000)}n${')/2)'.repeat(50_000)}`), 'ir-limit');
    check(reshape(many(100, () => '2', '*')), 'ir-syntax');
  });

  test('in products of sizes', () => {
    const sum = (axis: number) => many(30, k => `n${axis}_${k}`, ' + ');
    check(reshape(many(4, sum, ', ')), 'ir-limit');
    check(reshape(many(60, axis => `n${axis} + 1`, ', ')), 'ir-limit');
    check(reshape(many(100_000, () => '1', ', ')), 'ir-limit');
  });

  test('in many products of sizes', () => {
    const power = many(12, k => `n${'*n'.repeat(k)}`, ' + ');
    const line = (k: number) => `  %${k + 1}: [${k}, ${power}, ${power}] = reshape %0\n`;
    check(`${many(300, line, '')}  return f`, 'ir-syntax');
  });

  test('in constraints and sums of sizes', () => {
    const sum = (name: string) => many(150, k => `${name}${k}`, ' + ');
    check('', 'ir-syntax');
    const text = `program "f"\n  input v: [n]\n  require ${sum('a')} = ${sum('b')}\n  return f = %0`;
    expect(failure(text).code).toBe('ir-limit');
  });

  test('many arrays and long ones are read in linear time', () => {
    const time = (count: number): number => {
      const values = many(count, k => `${k / 8}`, ', ');
      const text = `program "f"\n  %0: [${count}] = array [${values}]\n  return f: [${count}] = %0\n`;
      const start = performance.now();
      expect(printIr(parseIr(text))).toBe(text);
      return performance.now() - start;
    };
    time(5_000);
    expect(time(200_000) / Math.max(time(25_000), 5)).toBeLessThan(40);
  });
});
