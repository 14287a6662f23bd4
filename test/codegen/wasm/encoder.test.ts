// Whole modules: what is reached is written, numbers of functions and globals are right, and V8 runs the result. Text is
// what a disassembler reads, values are what the instructions mean.

import { describe, expect, it } from 'vitest';
import type { Code } from '../../../src/codegen/wasm/code.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { WasmEnvironment } from '../../../src/codegen/wasm/environment.ts';
import type { ValueType } from '../../../src/codegen/wasm/opcodes.ts';
import { disassemble, instructions } from './disassemble.ts';

type Run = (...args: number[]) => number;

/** Instantiates a module with a memory of one page and what else it imports. */
function run(encoder: WasmEncoder, env: Readonly<Record<string, number | Run>> = {}) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { bytes } = encoder.encode();
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { ...env, memory },
  });
  return { memory, functions: instance.exports as Readonly<Record<string, Run>> };
}

/** A module of one exported function `f`. */
function module(
  params: readonly ValueType[],
  results: readonly ValueType[],
  write: (code: Code, encoder: WasmEncoder) => void,
): WasmEncoder {
  const encoder = new WasmEncoder();
  const code = encoder.function(params, results);
  write(code, encoder);
  encoder.export('f', code);
  return encoder;
}

describe('constants', () => {
  const integers = [0, 63, 64, 127, 128, -1, -64, -65, -128, -129, 2 ** 31 - 1, -(2 ** 31)];

  it('i32', () => {
    const lines = instructions(code => {
      for (const value of [...integers, 2 ** 31, 2 ** 32 - 1]) code.i32(value);
    });
    expect(lines).toEqual([...integers, -(2 ** 31), -1].map(value => `i32.const ${value}`));
  });

  it('i64', () => {
    const values = [...integers.map(BigInt), 2n ** 32n, -(2n ** 40n), 2n ** 63n - 1n, -(2n ** 63n)];
    const lines = instructions(code => {
      for (const value of values) code.i64(value);
    });
    expect(lines).toEqual(values.map(value => `i64.const ${value}`));
  });

  it('f64 and f32, the hard ones too', () => {
    const lines = instructions(code => {
      for (const value of [0, -0, 1.5, -2, Infinity, -Infinity, Number.NaN, 5e-324, Number.MAX_VALUE])
        code.f64(value);
      for (const value of [0, -0, 1.5, Infinity, Number.NaN, 2 ** -149, 0.1]) code.f32(value);
    });
    expect(lines).toEqual([
      'f64.const 0x0p+0',
      'f64.const -0x0p+0',
      'f64.const 0x1.8p+0',
      'f64.const -0x1p+1',
      'f64.const inf',
      'f64.const -inf',
      'f64.const nan',
      'f64.const 0x1.p-1074',
      'f64.const 0x1.fffffffffffffp+1023',
      'f32.const 0x0p+0',
      'f32.const -0x0p+0',
      'f32.const 0x1.8p+0',
      'f32.const inf',
      'f32.const nan',
      'f32.const 0x1.p-149',
      'f32.const 0x1.99999ap-4',
    ]);
  });

  it('f64, bit by bit', () => {
    const values = [Math.PI, -1e-310, 2 ** -1074, Number.MIN_VALUE * 3, 0.1, -0, 1e300, Number.EPSILON];
    for (const value of values) {
      const { functions } = run(module([], ['f64'], code => code.f64(value)));
      expect(functions.f()).toBe(value); // toBe tells -0 from 0
    }
  });

  it('vectors', () => {
    const lines = instructions(code => {
      code.splat('f32x4', 1.5);
      code.splat('f64x2', -0);
      code.splatBits('i32x4', -2n);
      code.splatBits('i64x2', 0x1234_5678_9abc_def0n);
    });
    const of = (...words: string[]) => `v128.const i32x4 ${words.map(word => `0x${word}`).join(' ')}`;
    expect(lines).toEqual([
      of('3fc00000', '3fc00000', '3fc00000', '3fc00000'),
      of('00000000', '80000000', '00000000', '80000000'),
      of('fffffffe', 'fffffffe', 'fffffffe', 'fffffffe'),
      of('9abcdef0', '12345678', '9abcdef0', '12345678'),
    ]);
  });
});

describe('locals', () => {
  it('are counted in runs of one type, after the parameters', () => {
    const encoder = module(['f64', 'i32'], [], code => {
      const types: ValueType[] = ['f64', 'f64', 'i32', 'v128', 'v128', 'v128', 'f64', 'f32', 'i64'];
      expect(types.map(type => code.local(type))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(code.locals).toBe(11);
    });
    expect(disassemble(encoder.encode().bytes)).toContain('(local f64 f64 i32 v128 v128 v128 f64 f32 i64))');
  });

  it('more than 127 of them', () => {
    const encoder = module([], ['f64'], code => {
      const locals = Array.from({ length: 300 }, () => code.local('f64'));
      for (const local of locals) {
        code.f64(local);
        code.set(local);
      }
      code.f64(0);
      for (const local of locals) {
        code.get(local);
        code.op('f64.add');
      }
    });
    expect(run(encoder).functions.f()).toBe((299 * 300) / 2);
  });

  it('that are released are used again, for their own type', () => {
    module([], [], code => {
      const [a, b] = [code.local('f64'), code.local('i32')];
      code.release(a);
      code.release(b);
      expect(code.local('i32')).toBe(b);
      expect(code.local('f64')).toBe(a);
      expect(code.local('f64')).toBe(2);
      expect(code.locals).toBe(3);
    });
  });

  it('that are teed keep their value and leave it', () => {
    const encoder = module(['f64'], ['f64'], code => {
      const square = code.local('f64');
      code.get(0);
      code.get(0);
      code.op('f64.mul');
      code.tee(square);
      code.get(square);
      code.op('f64.add');
    });
    expect(run(encoder).functions.f(3)).toBe(18);
  });
});

describe('structure', () => {
  it('is nested as it was written', () => {
    const lines = instructions(code => {
      code.block(() =>
        code.loop(() => {
          code.br(1);
          code.block(() => code.br(2));
        }),
      );
      code.i32(1);
      code.if(
        () => {
          code.i32(0);
          code.if(
            () => code.f64(1),
            () => code.f64(2),
            'f64',
          );
        },
        () => code.f64(3),
        'f64',
      );
      code.op('drop');
      code.i32(1);
      code.if(() => code.br(0));
    });
    expect(lines).toEqual(
      `block, loop, br 1, block, br 2, end, end, end,
       i32.const 1, if (result f64), i32.const 0, if (result f64), f64.const 0x1p+0, else, f64.const 0x1p+1, end,
       else, f64.const 0x1.8p+1, end, drop, i32.const 1, if, br 0, end`.split(/,\s+/),
    );
  });

  it('counts in a loop until a condition holds', () => {
    const encoder = module(['i32'], ['f64'], code => {
      const sum = code.local('f64');
      code.block(() =>
        code.loop(() => {
          code.get(0);
          code.op('i32.eqz');
          code.brIf(1);
          code.get(sum);
          code.get(0);
          code.op('f64.convert_i32_s');
          code.op('f64.add');
          code.set(sum);
          code.get(0);
          code.i32(1);
          code.op('i32.sub');
          code.set(0);
          code.br(0);
        }),
      );
      code.get(sum);
    });
    const { f } = run(encoder).functions;
    expect([f(0), f(1), f(100)]).toEqual([0, 1, 5050]);
  });

  it('takes one side of an if, of any type', () => {
    for (const type of ['i32', 'f32', 'f64'] as const) {
      const encoder = module(['i32'], [type], code => {
        code.get(0);
        code.if(
          () => code[type](7),
          () => code[type](8),
          type,
        );
      });
      const { f } = run(encoder).functions;
      expect([f(1), f(0)], type).toEqual([7, 8]);
    }
  });
});

describe('gaps', () => {
  it('are filled later and run where they were left, calls too', () => {
    const encoder = module(['f64'], ['f64'], (code, own) => {
      const [sin, cos] = [
        own.importFunction('sin', ['f64'], ['f64']),
        own.importFunction('cos', ['f64'], ['f64']),
      ];
      const before = code.gap();
      const x = code.newLocal('f64');
      code.get(x);
      code.call(sin);
      const middle = code.gap();
      code.op('f64.add');
      const empty = code.gap();
      code.into(middle, () => {
        code.get(x);
        code.into(before, () => {
          code.get(0);
          code.f64(2);
          code.op('f64.mul');
          code.set(x);
        });
        code.call(cos);
      });
      code.into(empty, () => {});
    });
    expect(run(encoder, { sin: Math.sin, cos: Math.cos }).functions.f(3)).toBe(Math.sin(6) + Math.cos(6));
    const lines = disassemble(encoder.encode().bytes);
    const from = lines.indexOf('(local f64)');
    expect(lines.slice(from + 1, from + 10)).toEqual(
      `local.get 0, f64.const 0x1p+1, f64.mul, local.set 1, local.get 1, call 0, local.get 1, call 1, f64.add)`.split(
        ', ',
      ),
    );
  });

  it('have locals that nothing else has used', () => {
    module([], [], code => {
      code.release(code.local('f64'));
      expect(code.newLocal('f64')).toBe(1);
      expect(code.local('f64')).toBe(0);
    });
  });
});

describe('functions', () => {
  it('that no export reaches are left out, and imports with them', () => {
    const encoder = new WasmEncoder();
    const [sin, cos, tan] = ['sin', 'cos', 'tan'].map(name => encoder.importFunction(name, ['f64'], ['f64']));
    const unused = encoder.function([], []);
    const unusedToo = encoder.function(['f32', 'f32'], ['f32']);
    const inner = encoder.function(['f64'], ['f64']);
    const outer = encoder.function(['f64'], ['f64']);
    unused.f64(1);
    unused.call(cos);
    unused.op('drop');
    unused.call(unused);
    unusedToo.op('unreachable');
    outer.get(0);
    outer.call(inner);
    outer.call(sin);
    inner.get(0);
    inner.call(tan);
    encoder.export('outer', outer);
    const { bytes, imports } = encoder.encode();
    expect(imports).toEqual(['sin', 'tan']);
    expect(disassemble(bytes)).toEqual([
      '(module',
      '(type (func (param f64) (result f64)))',
      '(import "env" "sin" (func (type 0)))',
      '(import "env" "tan" (func (type 0)))',
      '(import "env" "memory" (memory 0))',
      '(func (type 0) (param f64) (result f64)',
      'local.get 0',
      'call 1)',
      '(func (type 0) (param f64) (result f64)',
      'local.get 0',
      'call 2',
      'call 0)',
      '(export "outer" (func 3)))',
    ]);
    const { functions } = run(encoder, { sin: Math.sin, tan: Math.tan });
    expect(functions.outer(0.5)).toBe(Math.sin(Math.tan(0.5)));
  });

  it('call each other by the right number, however many there are', () => {
    const encoder = new WasmEncoder();
    const count = 20_000; // numbers of one, two and three bytes
    const step = encoder.importFunction('step', ['f64', 'f64'], ['f64']);
    const chain: Code[] = [];
    for (let i = 0; i < count; i++) {
      encoder.function([], []).op('unreachable'); // never reached, so the numbers are not those of the order
      chain.push(encoder.function(['f64'], ['f64']));
    }
    const jump = 1_000; // V8's stack would not hold a chain through all
    for (const [i, code] of chain.entries()) {
      code.get(0);
      code.f64(i);
      code.call(step);
      if (i + jump < count) code.call(chain[i + jump]);
    }
    for (let i = 0; i < jump; i++) encoder.export(`f${i}`, chain[i]);
    const { functions } = run(encoder, { step: (x, i) => (x * 31 + i) % 1_000_003 });
    for (const first of [0, 1, 126, 127, 128, 129, 383, jump - 1]) {
      let expected = 5;
      for (let i = first; i < count; i += jump) expected = (expected * 31 + i) % 1_000_003;
      expect(functions[`f${first}`](5)).toBe(expected);
    }
  });

  it('may be called before they are written, by themselves, and under two names', () => {
    const encoder = new WasmEncoder();
    const main = encoder.function(['i32'], ['i32']);
    const factorial = encoder.function(['i32'], ['i32']);
    main.get(0);
    main.call(factorial);
    factorial.get(0);
    factorial.if(
      () => {
        factorial.get(0);
        factorial.get(0);
        factorial.i32(1);
        factorial.op('i32.sub');
        factorial.call(factorial);
        factorial.op('i32.mul');
      },
      () => factorial.i32(1),
      'i32',
    );
    encoder.export('a', main);
    encoder.export('b', main);
    encoder.export('×λ', factorial);
    const { functions } = run(encoder);
    expect(['a', 'b', '×λ'].map(name => functions[name](5))).toEqual([120, 120, 120]);
  });

  it('of the same type share it', () => {
    const encoder = new WasmEncoder();
    for (const [name, params, results] of [
      ['a', [], []],
      ['b', ['i32', 'v128'], []],
      ['c', [], ['f64', 'i32']],
      ['d', [], []],
    ] as const) {
      const code = encoder.function(params, results);
      code.op('unreachable');
      encoder.export(name, code);
    }
    const lines = disassemble(encoder.encode().bytes);
    expect(lines.filter(line => line.startsWith('(type'))).toEqual([
      '(type (func))',
      '(type (func (param i32 v128)))',
      '(type (func (result f64 i32)))',
    ]);
    expect(lines.filter(line => line.startsWith('(func (type')).map(line => line.match(/\d+/)?.[0])).toEqual([
      '0',
      '1',
      '2',
      '0',
    ]);
  });
});

describe('imports', () => {
  it('are the same for the same name', () => {
    const encoder = new WasmEncoder();
    expect(encoder.importFunction('sin', ['f64'], ['f64'])).toBe(
      encoder.importFunction('sin', ['f64'], ['f64']),
    );
    expect(encoder.global('n', 'i32')).toBe(encoder.global('n', 'i32'));
    expect(encoder.global('x', 'f64')).toEqual({ index: 1, type: 'f64' });
    expect(encoder.globalNames()).toEqual(['n', 'x']);
  });

  it('of globals keep their order, more than 127 of them', () => {
    const names = Array.from({ length: 200 }, (_, i) => `g${i}`);
    const encoder = module(['i32'], ['i32'], (code, own) => {
      code.i32(0);
      for (const name of names) {
        code.global(own.global(name, 'i32'));
        code.op('i32.xor');
      }
    });
    const values = names.map((_, i) => Math.imul(i + 1, 0x9e37_79b1));
    const { functions } = run(encoder, Object.fromEntries(names.map((name, i) => [name, values[i]])));
    expect(functions.f(0)).toBe(values.reduce((sum, value) => sum ^ value));
  });
});

describe('memory', () => {
  it('is filled', () => {
    const encoder = module([], [], code => {
      code.i32(5);
      code.i32(7);
      code.i32(300);
      code.fill();
    });
    expect(disassemble(encoder.encode().bytes)).toContain('memory.fill)');
    const { memory, functions } = run(encoder);
    functions.f();
    const bytes = new Uint8Array(memory.buffer);
    expect([bytes[4], bytes[5], bytes[304], bytes[305]]).toEqual([0, 7, 7, 0]);
  });

  it('holds its data from the start', () => {
    const encoder = module([], ['f64'], (code, own) => {
      code.i32(8);
      code.memory('f64.load', 8);
      own.data(16, new Uint8Array(Float64Array.of(Math.E).buffer));
      own.data(65_535, Uint8Array.of(255));
    });
    const { memory, functions } = run(encoder);
    expect(functions.f()).toBe(Math.E);
    const bytes = new Uint8Array(memory.buffer);
    expect(bytes[65_535]).toBe(255);
    expect(bytes.filter(byte => byte !== 0).length).toBe(9);
  });

  it('has arrays at addresses and sizes that the instance is told', () => {
    const encoder = new WasmEncoder();
    const env = new WasmEnvironment(encoder, 'f32');
    env.declare('index', 'i32');
    expect([env.array('x').element, env.array('index').element]).toEqual(['f32', 'i32']);
    expect(env.array('x').address).toBe(env.array('x').address);
    const code = encoder.function([], ['f64']);
    code.global(env.array('x').address);
    code.memory('f32.load', 4);
    code.op('f64.promote_f32');
    code.call(env.math('exp', 1));
    code.global(env.size('n'));
    code.op('f64.convert_i32_s');
    code.op('f64.mul');
    encoder.export('f', code);
    expect(encoder.globalNames()).toEqual(['@x', '@index', '#n']);
    const { memory, functions } = run(encoder, { '@x': 32, '@index': 0, '#n': 3, exp: Math.exp });
    new Float32Array(memory.buffer, 32).set([1, 0.5]);
    expect(functions.f()).toBe(3 * Math.exp(0.5));
  });
});
