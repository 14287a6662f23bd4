// The command line without files: what it accepts, what it refuses, and in which words.

import { describe, expect, test } from 'vitest';
import { asksForJson, type CommandLine, readCommandLine, UsageError } from '../../src/cli/options.ts';

function read(...words: readonly string[]): CommandLine {
  const request = readCommandLine(words);
  if ('text' in request) throw new Error(`not a compilation: ${request.text}`);
  return request;
}

function refused(...words: readonly string[]): UsageError {
  try {
    readCommandLine(words);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`not refused: ${words.join(' ')}`);
}

describe('what is accepted', () => {
  test('defaults', () => {
    expect(read('f.expr')).toEqual({
      files: ['f.expr'],
      output: '-',
      emit: 'js',
      format: 'esm',
      dts: false,
      stats: false,
      quiet: false,
      diagnostics: 'text',
      compile: { format: 'esm', optimize: 2 },
    });
  });

  test('a limit on memory in bytes, or in powers of 1024, and sizes for which it is to hold', () => {
    const memory = (text: string) => read('--memory', text, 'f.expr').compile.memory;
    expect(['0', '65536', '64k', '10M', '1.5G'].map(memory)).toEqual([
      0,
      65536,
      65536,
      10 * 2 ** 20,
      1.5 * 2 ** 30,
    ]);
    expect(read('--memory=1M', '--at', 'n=100', '--at', 'd=3', 'f.expr').compile.at).toEqual({
      n: 100,
      d: 3,
    });
  });

  test('names to differentiate by: lists, repeated, each once', () => {
    expect(read('-w', 'x, y', '--wrt=z,x', 'f.expr').compile.wrt).toEqual(['x', 'y', 'z']);
  });

  test('a variant is given by = only, so that the next word is a file', () => {
    const { files, compile, check } = read('--hessian', '--jacobian', '--check', 'f.expr');
    expect(files).toEqual(['f.expr']);
    expect(compile).toMatchObject({ hessian: true, jacobian: true });
    expect(check).toBe(10);
    expect(read('--hessian=sparse', '--jacobian=sparse', '--check=3', 'f.expr')).toMatchObject({
      compile: { hessian: 'sparse', jacobian: 'sparse' },
      check: 3,
    });
    expect(read('--hessian=structured', 'f.expr').compile.hessian).toBe('structured');
  });

  test('an order', () => {
    expect(read('f.expr', '--order', '3').compile.order).toBe(3);
    expect(read('f.expr', '--order=8').compile.order).toBe(8);
    expect(read('f.expr').compile).not.toHaveProperty('order');
  });

  test('after -- every word is a file', () => {
    expect(read('--', '--hessian').files).toEqual(['--hessian']);
  });

  test('products', () => {
    expect(read('f.expr', '--hvp', '--jvp', '--vjp').compile).toMatchObject({
      hvp: true,
      jvp: true,
      vjp: true,
    });
  });

  test.each([['-O0'], ['-O', '0'], ['--optimize=0'], ['--optimize', '0']])('%s %s is level 0', (...words) => {
    expect(read('f.expr', ...words).compile.optimize).toBe(0);
  });

  test('constants', () => {
    expect(read('f.expr', '--define', 'a=1e-3', '--define=b=-Infinity').compile.define).toEqual({
      a: 1e-3,
      b: -Infinity,
    });
  });

  test('a name like __proto__ is a name', () => {
    const { define } = read('f.expr', '--define', '__proto__=1').compile;
    expect(Object.entries(define!)).toEqual([['__proto__', 1]]);
  });

  test.each([
    ['X=nx20', 'n x 20'],
    ['X=3x4x5', '3 x 4 x 5'],
    ['X=n', 'n'],
    ['X=scalar', 'scalar'],
    ['X=max x 20', 'max x 20'],
    ['X=n int', 'n int'],
    ['X=x', 'x'],
  ])('shape %s is %s', (text, dims) => {
    expect(read('f.expr', '--shape', text).compile.shapes).toEqual({ X: dims });
  });

  test('the format follows the extension', () => {
    expect(read('f.expr', '-o', 'f.cjs').format).toBe('cjs');
    expect(read('f.expr', '-o', 'f.js', '-f', 'cjs').format).toBe('cjs');
    expect(read('f.expr', '-o', 'f.js').format).toBe('esm');
  });

  test('targets', () => {
    expect(read('f.expr', '-t', 'js').compile).toEqual(read('f.expr').compile);
    expect(read('f.expr', '-t', 'wasm').compile.target).toBe('wasm');
    expect(read('f.expr', '--target', 'auto').compile.target).toBe('auto');
  });

  test('precision and unrolling', () => {
    expect(read('f.expr', '--precision', 'f64').compile).toEqual(read('f.expr').compile);
    expect(read('f.expr', '--precision', 'f32').compile.precision).toBe('f32');
    expect(read('f.expr', '--unroll', '1000').compile.unroll).toBe(1000);
    expect(read('f.expr', '--unroll', '0').compile.unroll).toBe(0);
  });
});

describe('what is refused', () => {
  test('limits on memory that are none', () => {
    expect(refused('--memory', '10 apples', 'f.expr').message).toContain(
      'Write it as 65536, 64k, 10M or 1.5G.',
    );
    expect(refused('--at', 'n=10', 'f.expr').code).toBe('missing-option');
    expect(refused('--memory', '1M', '--at', 'n=1.5', 'f.expr').code).toBe('invalid-argument');
  });

  test.each<[string[], string, string]>([
    [[], 'missing-argument', "missing required argument 'file'"],
    [['f.expr', '--target', 'c'], 'invalid-argument', 'Allowed choices are js, wasm, auto.'],
    [['f.expr', '--precision', 'f16'], 'invalid-argument', 'Allowed choices are f64, f32.'],
    [['f.expr', '--unroll', '-1'], 'invalid-argument', 'It must be a positive integer.'],
    [['f.expr', '--unroll', 'all'], 'invalid-argument', 'It must be a positive integer.'],
    [['f.expr', '--emit', 'jss'], 'invalid-argument', 'Allowed choices are js, ir, dot, tex, json.'],
    [['f.expr', '--format', 'umd'], 'invalid-argument', 'Allowed choices are esm, cjs, iife.'],
    [['f.expr', '--order', '0'], 'invalid-argument', 'An order is an integer from 1 to 8.'],
    [['f.expr', '--order', '9'], 'invalid-argument', 'An order is an integer from 1 to 8.'],
    [['f.expr', '--order', '1e0'], 'invalid-argument', 'An order is an integer from 1 to 8.'],
    [['f.expr', '--hessian=dens'], 'invalid-argument', 'The variant is sparse, structured, or nothing.'],
    [['f.expr', '--jacobian=structured'], 'invalid-argument', 'The variant is sparse, or nothing.'],
    [['f.expr', '--hvp=sparse'], 'unknown-option', '--hvp=sparse'],
    [['f.expr', '--wrt', 'x,,y'], 'invalid-argument', 'Names are separated by single commas: x,y.'],
    [['f.expr', '--define', 'a'], 'invalid-argument', 'Write it as lambda=0.1.'],
    [['f.expr', '--define', 'a='], 'invalid-argument', 'Write it as lambda=0.1.'],
    [['f.expr', '--define', 'a=b'], 'invalid-argument', '"b" is not a number'],
    [['f.expr', '--define', 'a=1e999'], 'invalid-argument', '"1e999" is not a number'],
    [['f.expr', '--define', 'a=1', '--define', 'a=2'], 'invalid-argument', 'a is given twice.'],
    [['f.expr', '--shape', 'X'], 'invalid-argument', 'Write it as X=nx20.'],
    [['f.expr', '-O3'], 'invalid-argument', 'Levels are 0, 1 and 2.'],
    [['f.expr', '--max-nodes', '0'], 'invalid-argument', 'It must be a positive integer.'],
    [
      ['f.expr', '--check=many'],
      'invalid-argument',
      "option '--check[=n]' argument 'many' is invalid. It must be a positive integer.",
    ],
    [['f.expr', '-f', 'iife', '--name', 'a-b'], 'invalid-argument', 'It must be a JavaScript identifier.'],
    [['f.expr', '--name', 'f'], 'conflicting-options', '--name is the global variable of --format iife'],
    [['f.expr', '--dts'], 'missing-option', '--dts writes a file beside the output'],
    [['f.expr', '--dts', '-o', 'f.ir', '-e', 'ir'], 'conflicting-options', '--emit ir writes none'],
    [['f.expr', '-f', 'esm', '-o', 'f.cjs'], 'conflicting-options', 'Node reads that extension as the other'],
    [['f.expr', '-f', 'cjs', '-o', 'f.mjs'], 'conflicting-options', 'Node reads that extension as the other'],
    [['a.expr', 'b.expr'], 'missing-option', 'several files need a directory'],
    [['-', '-', '-o', 'out'], 'repeated-input', 'stdin (-) can be read only once'],
    [[''], 'invalid-argument', 'the name of a file is empty'],
    [['f.expr', '-o', ''], 'invalid-argument', 'the name of a file is empty'],
    [['f.expr', '-o'], 'option-missing-argument', "'-o, --output <path>' argument missing"],
  ])('%j', (words, code, message) => {
    const error = refused(...words);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  test('a misspelt option has a suggestion', () => {
    expect(refused('f.expr', '--hesian').hints).toEqual(['did you mean --hessian?']);
  });
});

test('JSON is asked for even where the rest is wrong', () => {
  expect(asksForJson(['--nonsense', '--diagnostics', 'json'])).toBe(true);
  expect(asksForJson(['--diagnostics=json'])).toBe(true);
  expect(asksForJson(['json', '--diagnostics', 'text'])).toBe(false);
});
