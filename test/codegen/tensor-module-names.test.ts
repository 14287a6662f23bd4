// Whatever inputs and sizes are called, the module means the same, parses in every format, and needs nothing but the
// language: no eval, no built-in object that may be changed.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CompileOptions, compile } from '../../src/index.ts';
import { printIr } from '../../src/ir/print.ts';
import { load } from '../emitted.ts';
import { programOf } from './tensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'symgrad-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Called {
  /** A matrix, a vector, a scalar, indices. */
  readonly inputs: readonly [A: string, x: string, s: string, k: string];
  readonly sizes: readonly [n: string, m: string];
}

const PLAIN: Called = { inputs: ['A', 'x', 's', 'k'], sizes: ['n', 'm'] };

/** The text form of s sum((A x)^2 exp(x)[k]), with A of n x n, k of m, and these names. */
function textOf({ inputs: [A, x, s, k], sizes: [n, m] }: Called): string {
  const shapes = { [A]: `${n} x ${n}`, [x]: n, [s]: 'scalar', [k]: `${m} int` };
  const program = programOf(shapes, (b, input) => {
    const z = b.contract('ij,j->i', input[A], input[x]);
    b.graph.names.set(z, 'sum');
    const chosen = b.gather(b.mul(b.mul(z, z), b.exp(input[x])), input[k], 0);
    return { value: b.mul(input[s], b.reduceSum(chosen)) };
  });
  return printIr(program);
}

const EVERYTHING: CompileOptions = { language: 'ir', hessian: true, hvp: true, jvp: true, vjp: true };

const VALUES = { A: [1, 2, 3, 4], x: [0.1, 0.2], s: 2, k: [1, 2, 2] };

/** What every function of the module gives, with the names of `called` replaced by plain ones. */
async function results(called: Called): Promise<unknown> {
  const [A, x, s, k] = called.inputs;
  const { code } = compile(textOf(called), { ...EVERYTHING, wrt: [x, s] });
  const f = await load(code);
  const record = (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries);
  const at = record([
    [A, VALUES.A],
    [x, VALUES.x],
    [s, VALUES.s],
    [k, VALUES.k],
  ]);
  const v = record([
    [x, [1, 10]],
    [s, 100],
  ]);
  const plain = (result: Record<string, unknown>): unknown[] => [result[x], result[s]];
  const rows = (result: Record<string, Record<string, unknown>>): unknown[] =>
    [result[x], result[s]].flatMap(plain);
  const bound = f.bind(
    record([
      [A, VALUES.A],
      [k, VALUES.k],
      [called.sizes[0], 2],
    ]),
  );
  const theta = bound.pack(at);
  return [
    f.value(at),
    plain(f.grad(at)),
    rows(f.hessian(at)),
    plain(f.hvp(at, v)),
    f.jvp(at, v),
    plain(f.vjp(at, 3).grad),
    plain(bound.unpack(theta)),
    bound.value(theta),
  ];
}

describe('names', () => {
  test.each<readonly [string, Called]>([
    ['loop variables', { inputs: ['i', 'j', 'k', 'l'], sizes: ['m', 'p'] }],
    ['sizes that are loop variables', { inputs: ['a', 'b', 'c', 'd'], sizes: ['i', 'j'] }],
    [
      'functions of the module',
      { inputs: ['bind', 'value', 'valueAndGrad', 'grad'], sizes: ['hessian', 'hvp'] },
    ],
    ['parameters', { inputs: ['inputs', 'theta', 'f', 'data'], sizes: ['g', 'H'] }],
    ['parameters that are sizes', { inputs: ['out', 'v', 't', 'c'], sizes: ['theta', 'f'] }],
    ['fields', { inputs: ['size', 'pack', 'unpack', 'sizes'], sizes: ['inputs', 'length'] }],
    ['helpers', { inputs: ['tensor', 'number', 'numbers', 'list'], sizes: ['sizesOf', 'bound'] }],
    ['more helpers', { inputs: ['position', 'block', 'wrongLength', 'integer'], sizes: ['check', 'panel'] }],
    ['temporaries', { inputs: ['t1', 't2', 'sum', 'at'], sizes: ['t3', 'sum_'] }],
    [
      'built-in objects',
      { inputs: ['Float64Array', 'Math', 'Int32Array', 'Object'], sizes: ['Map', 'Number'] },
    ],
    ['reserved words', { inputs: ['class', 'eval', 'let', 'arguments'], sizes: ['await', 'var'] }],
    [
      'prototypes',
      { inputs: ['__proto__', 'constructor', 'toString', 'hasOwnProperty'], sizes: ['valueOf', 'then'] },
    ],
    ['sizes that are prototypes', { inputs: ['A', 'x', 's', 'k'], sizes: ['__proto__', 'constructor'] }],
    ['letters of other alphabets', { inputs: ['Ψ', 'ξ', '×', 'δ'], sizes: ['ν', 'ñ'] }],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a name that would be code in a template
    ['what is no identifier', { inputs: ['a b', "it's", '*/', '`${x}`'], sizes: ['n', 'm'] }],
    [
      'loops over a size called like a result',
      { inputs: ['y', 'J', 'out', 'H'], sizes: ['record', 'values'] },
    ],
  ])('%s', async (_, called) => {
    expect(await results(called)).toEqual(await results(PLAIN));
  });

  test('a size and an input of one name: the input is meant', async () => {
    const text = printIr(
      programOf({ x: 'n', n: 'scalar' }, (b, { x, n }) => ({ value: b.mul(n, b.reduceSum(x)) })),
    );
    const f = await load(compile(text, { language: 'ir', wrt: ['x', 'n'] }).code);
    expect(f.grad({ x: [1, 2], n: 7 })).toEqual({ x: Float64Array.of(7, 7), n: 3 });
  });
});

describe('the text', () => {
  const called: Called = { inputs: ['class', 'f', '__proto__', 'i'], sizes: ['n', 'theta'] };
  const emit = (format: 'esm' | 'cjs' | 'iife', text = textOf(called)) =>
    compile(text, { ...EVERYTHING, wrt: ['f', '__proto__'], format });

  test('parses in every format', () => {
    const files = [
      ['f.mjs', emit('esm').code],
      ['f.cjs', emit('cjs').code],
      ['g.cjs', emit('iife').code],
    ] as const;
    for (const [name, code] of files) {
      writeFileSync(join(folder, name), code);
      execFileSync(process.execPath, ['--check', join(folder, name)]);
    }
  });

  test('is the same for the same formula', () => {
    for (const format of ['esm', 'cjs', 'iife'] as const)
      expect(emit(format)).toMatchObject({ code: emit(format).code });
  });

  test('gives the same in every format', async () => {
    const at = { class: [1, 2, 3, 4], f: [0.1, 0.2], ['__proto__']: 2, i: [1, 2] };
    const expected = (await load(emit('esm').code)).valueAndGrad(at);
    writeFileSync(join(folder, 'h.cjs'), emit('cjs').code);
    const script = `${emit('iife').code}
      const at = JSON.parse('${JSON.stringify(at)}');
      const show = f => JSON.stringify(f.valueAndGrad(at), (_, x) => (ArrayBuffer.isView(x) ? [...x] : x));
      console.log(show(symgrad) + '\\n' + show(require('./h.cjs')));`;
    writeFileSync(join(folder, 'use.cjs'), script);
    const lines = execFileSync(process.execPath, [join(folder, 'use.cjs')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    const shown = JSON.stringify(expected, (_, x) => (ArrayBuffer.isView(x) ? [...(x as Float64Array)] : x));
    expect(lines).toEqual([shown, shown]);
  });

  test.each([
    ['loops', 'n'],
    ['straight-line code', '2'],
  ])('runs where built-in objects are frozen and texts are no code: %s', (_, n) => {
    const formula = `# @input A: ${n} x 2\n# @input x: 2\n# @input k: ${n} int = 1\n# @wrt A, x\nsum((A * x) .^ 2) + x[k[1]] + norm(x)`;
    const { code } = compile(formula, { hessian: true, hvp: true, jvp: true, vjp: true });
    expect(code).not.toMatch(/\beval\b|\bFunction\b|\bimport\b|\brequire\b/);
    const script = `${FREEZE}\nconst { hessian, vjp, bind } = await import('./frozen.mjs');
      const at = { A: [[1, 2], [3, 4]], x: [1, 2], constructor: 1 };
      const f = bind({ A: at.A });
      console.log(hessian(at).x.x.length, vjp(at, 1).value === f.value(f.pack(at)));`;
    writeFileSync(join(folder, 'frozen.mjs'), code);
    writeFileSync(join(folder, 'run.mjs'), script);
    const flags = ['--disallow-code-generation-from-strings', join(folder, 'run.mjs')];
    expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toBe('4 true\n');
  });
});

const FREEZE = `
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const value = globalThis[name];
  if (typeof value !== 'function' && typeof value !== 'object' || value === null) continue;
  if (/^[A-Z]/.test(name)) {
    Object.freeze(value);
    if (value.prototype) Object.freeze(value.prototype);
  }
}
Object.freeze(Object.getPrototypeOf(Float64Array.prototype));`;
