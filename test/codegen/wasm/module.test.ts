// The module around WebAssembly functions: memory, views, instances. What the functions compute is tested elsewhere, against
// the JavaScript target.

import { describe, expect, test } from 'vitest';
import { compile } from '../../../src/index.ts';
import { type EmittedExports, emitted } from '../../emitted.ts';

const of = (...numbers: number[]) => Float64Array.of(...numbers);

/** sum((X w - y)^2) + lambda w'w, whose gradient is 2 X'(X w - y) + 2 lambda w. */
const REGRESSION = `# @input X: n x 2
# @input y: n
# @input w: 2
# @input lambda: scalar = 0.5
# @wrt w
r = X * w - y
sum(r .^ 2) + lambda * dot(w, w)`;

const DATA = { X: of(1, 2, 3, 4, 5, 6), y: of(1, 0, 2) };

function reference(X: ArrayLike<number>, y: ArrayLike<number>, w: ArrayLike<number>, lambda = 0.5) {
  let value = lambda * (w[0] * w[0] + w[1] * w[1]);
  const g = of(2 * lambda * w[0], 2 * lambda * w[1]);
  for (let i = 0; i < y.length; i++) {
    const r = X[2 * i] * w[0] + X[2 * i + 1] * w[1] - y[i];
    value += r * r;
    for (let j = 0; j < 2; j++) g[j] += 2 * r * X[2 * i + j];
  }
  return { value, g };
}

const regression = emitted(REGRESSION, { target: 'wasm', hessian: true });

/** The memories that are made while `run` does. */
function memoriesOf(run: () => void): number {
  const { Memory } = WebAssembly;
  let count = 0;
  WebAssembly.Memory = class extends Memory {
    constructor(limits: ConstructorParameters<typeof Memory>[0]) {
      super(limits);
      count++;
    }
  };
  try {
    run();
  } finally {
    WebAssembly.Memory = Memory;
  }
  return count;
}

describe('bind', () => {
  test('fills arrays of the caller, typed or not, also longer ones', async () => {
    const f = (await regression).bind(DATA);
    const expected = reference(DATA.X, DATA.y, [1, -1]);
    for (const g of [new Float64Array(2), new Float64Array(5), new Float32Array(2), [0, 0]]) {
      expect(f.valueAndGrad([1, -1], g)).toBe(expected.value);
      expect(Array.from(g).slice(0, 2)).toEqual([...expected.g]);
    }
    expect(() => f.valueAndGrad(of(1), of(0, 0))).toThrow('theta: expected 2 elements, got 1');
    expect(() => f.valueAndGrad(of(1, 2), of(0))).toThrow('g: expected 2 elements, got 1');
    expect(() => f.valueAndGrad(of(1, 2))).toThrow('missing input g');
  });

  test('computes in place in the views of its memory', async () => {
    const f = (await regression).bind(DATA);
    const { theta, g, H } = f.views;
    for (const view of [theta, g, H, f.inputs.X, f.inputs.y]) expect(view.buffer).toBe(f.memory.buffer);
    theta.set([1, -1]);
    const expected = reference(DATA.X, DATA.y, [1, -1]);
    expect(f.valueAndGrad(theta, g)).toBe(expected.value);
    expect(g).toEqual(expected.g);
    f.hessian(theta, H);
    expect(H).toEqual(of(71, 88, 88, 113));
  });

  test('holds copies of the data, which may be refilled or replaced', async () => {
    const data = { X: DATA.X.slice(), y: DATA.y.slice() };
    const f = (await regression).bind(data);
    data.X.fill(Number.NaN);
    expect(f.value([1, -1])).toBe(reference(DATA.X, DATA.y, [1, -1]).value);
    const X = of(0, 1, 2, 3, 4, 5);
    f.inputs.X.set(X);
    f.inputs.lambda = 3;
    expect(f.value([1, -1])).toBe(reference(X, DATA.y, [1, -1], 3).value);
    const y = of(7, 8, 9);
    f.inputs.y = y;
    expect(f.value([1, -1])).toBe(reference(X, y, [1, -1], 3).value);
    f.inputs.y = of(7, 8);
    expect(() => f.value([1, -1])).toThrow('y: expected 3 elements, got 2');
  });

  test('makes an instance of its own each time', async () => {
    const { bind } = await regression;
    const [f, f2] = [bind(DATA), bind({ X: of(1, 1), y: of(3) })];
    expect(f.memory).not.toBe(f2.memory);
    const first = reference(DATA.X, DATA.y, [1, -1]).value;
    expect([f.value([1, -1]), f2.value([1, -1]), f.value([1, -1])]).toEqual([first, 10, first]);
  });

  test('a memory is as large as sizes ask for; a matrix that fits none fails alone', async () => {
    const { bind } = await emitted('# @input x: n\nsum(exp(x) .* x)', {
      target: 'wasm',
      hessian: true,
      unroll: 0,
    });
    const small = bind({ n: 4 });
    expect(small.memory.buffer.byteLength).toBe(65_536);
    const large = bind({ n: 1e5 });
    const x = new Float64Array(1e5).fill(1);
    expect(large.valueAndGrad(x, x.slice()) / (1e5 * Math.E)).toBeCloseTo(1, 9);
    const H = { length: 1e10 };
    expect(() => large.hessian(x, H)).toThrow('hessian: its arrays do not fit into a WebAssembly memory');
  });
});

describe('functions over records', () => {
  test('share one memory, as long as it is large enough', async () => {
    const { valueAndGrad }: EmittedExports = await emitted(REGRESSION, { target: 'wasm' });
    const call = (rows: number) => {
      const [X, y] = [new Float64Array(2 * rows).fill(1), new Float64Array(rows).fill(2)];
      const expected = reference(X, y, [1, -1]);
      expect(valueAndGrad({ X, y, w: [1, -1] })).toEqual({ value: expected.value, grad: { w: expected.g } });
    };
    expect(memoriesOf(() => call(3))).toBe(1);
    expect(memoriesOf(() => [3, 3, 2, 100, 3].forEach(call))).toBe(0);
    expect(memoriesOf(() => call(100_000))).toBe(1);
    expect(memoriesOf(() => [3, 100_000].forEach(call))).toBe(0);
  });

  test('leave what bind returns alone', async () => {
    const { bind, value }: EmittedExports = await emitted(REGRESSION, { target: 'wasm' });
    const f = bind(DATA);
    const expected = f.value([1, -1]);
    value({ X: of(9, 9, 9, 9, 9, 9), y: of(1, 1, 1), w: [5, 5] });
    expect(f.value([1, -1])).toBe(expected);
  });

  test('pass on what an index out of range says', async () => {
    const { value }: EmittedExports = await emitted('# @input x: 20\n# @input k: scalar int\nx[k]^2', {
      target: 'wasm',
      wrt: ['x'],
    });
    const x = Float64Array.from({ length: 20 }, (_, i) => i);
    expect(value({ x, k: 3 })).toBe(4);
    expect(() => value({ x, k: 21 })).toThrow(new RangeError('k: index 21 is out of range 1..20'));
  });
});

describe('create', () => {
  test('gives all functions', async () => {
    const module = await emitted(REGRESSION, { target: 'wasm' });
    const created = await module.create();
    expect(created).toEqual({ ...module });
  });

  test('binds where nothing may be compiled at once', async () => {
    const { create } = await emitted(REGRESSION, { target: 'wasm' });
    const { Module, Instance } = WebAssembly;
    const refused = class {
      constructor() {
        throw new RangeError('not on the main thread');
      }
    };
    Object.assign(WebAssembly, { Module: refused, Instance: refused });
    try {
      const f = await create(DATA);
      const expected = reference(DATA.X, DATA.y, [1, -1]);
      expect(f.valueAndGrad([1, -1], f.views.g)).toBe(expected.value);
      expect(f.views.g).toEqual(expected.g);
    } finally {
      Object.assign(WebAssembly, { Module, Instance });
    }
  });
});

test.each(['cjs', 'iife'] as const)('format %s', format => {
  const { code } = compile(REGRESSION, { target: 'wasm', format });
  const module = { exports: {} as EmittedExports };
  const run = new Function('module', `${code}\nreturn ${format === 'cjs' ? 'module.exports' : 'symgrad'};`);
  expect(run(module).bind(DATA).value([1, -1])).toBe(reference(DATA.X, DATA.y, [1, -1]).value);
});

describe('names', () => {
  const NAMES = ['memory', 'views', 'run', 'at', 'scalars', 'theta', 'g', 'binary', 'compiled', 'instance'];
  const MORE = ['places', 'shared', 'take', 'give', 'create', 'env', 'numbers', 'isOwn', 'over', 'slots'];

  test.each([...NAMES, ...MORE, '__proto__', 'constructor', 'Math', 'what'])(
    'an input may be called %s',
    async name => {
      const text = `# @input ${name}: n\n# @input x: n\n# @wrt x\nsum(${name} .* x .^ 2)`;
      const { grad, bind }: EmittedExports = await emitted(text, { target: 'wasm' });
      const given = { x: of(1, 2), [name]: of(3, 4) };
      expect(grad(given)).toEqual({ x: of(6, 16) });
      const g = of(0, 0);
      expect(bind(given).valueAndGrad([1, 2], g)).toBe(19);
      expect(g).toEqual(of(6, 16));
    },
  );

  test.each(['memory', 'isOwn', 'env', 'outOfRange', 'length'])('a size may be called %s', async name => {
    const text = `# @input x: ${name}\nsum(sigmoid(x)) * ${name}`;
    const { value }: EmittedExports = await emitted(text, { target: 'wasm' });
    expect(value({ x: of(0, 0, 0) })).toBe(4.5);
  });
});

test('the same formula gives the same bytes', () => {
  const code = () => compile(REGRESSION, { target: 'wasm', hessian: true }).code;
  expect(code()).toBe(code());
});

test('auto takes JavaScript for few operations on numbers, else WebAssembly', () => {
  const targetOf = (text: string) =>
    compile(text, { target: 'auto' }).code.includes('WebAssembly') ? 'wasm' : 'js';
  expect(targetOf('(1 - x)^2 + 100 * (y - x^2)^2')).toBe('js');
  expect(targetOf(REGRESSION)).toBe('wasm');
  const steps = Array.from({ length: 1500 }, (_, k) => `y = x * y + ${k}`);
  expect(targetOf(['y = x', ...steps, 'y'].join('\n'))).toBe('wasm');
});
