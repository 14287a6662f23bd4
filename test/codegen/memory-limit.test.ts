// Limits on the workspace: what modules allocate, counted in their text, and what they compute, against the same formulas
// without a limit; for some also against closed forms.

import { describe, expect, test } from 'vitest';
import { type Compilation, type CompileOptions, compile, SymgradError } from '../../src/index.ts';
import { type EmittedExports, load } from '../load.ts';
import { isWasm } from '../target.ts';

type Sizes = Readonly<Record<string, number>>;

/**
 * Bytes of what `bind` allocates to work in: what its text says, for these sizes. In WebAssembly that is a part of one memory,
 * and statistics tell the parts.
 */
function allocated({ code, stats }: Compilation, sizes: Sizes, elementBytes = 8): number {
  const evaluate = (length: number | string) =>
    new Function(...Object.keys(sizes), `const { max } = Math; return ${length};`)(...Object.values(sizes));
  if (isWasm)
    return stats.loops!.workspace.reduce((sum, { length }) => sum + elementBytes * evaluate(length), 0);
  const bind = code.slice(code.indexOf('export function bind'));
  const lines = bind.matchAll(/^ {2}const \w+ = new Float(32|64)Array\((.*)\);$/gm);
  return [...lines].reduce((sum, [, bits, length]) => sum + (Number(bits) / 8) * evaluate(length), 0);
}

/** Numbers between -1 and 1 without a pattern. */
function ramp(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed) ** 3);
}

/** Values of all inputs of a module. */
function inputsFor({ meta }: EmittedExports, sizes: Sizes): Record<string, number | Float64Array> {
  return Object.fromEntries(
    meta.inputs.map(({ name, shape }: { name: string; shape: (number | string)[] }, k: number) => {
      const length = shape.reduce((product: number, size) => product * (sizes[size] ?? Number(size)), 1);
      return [name, shape.length === 0 ? 0.3 : ramp(length, k + 1)];
    }),
  );
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return ArrayBuffer.isView(value)
    ? Array.from(value as Float64Array)
    : Object.values(value as object).flatMap(numbersIn);
}

interface Case {
  readonly text: string;
  readonly options: CompileOptions & { readonly memory: number };
  readonly sizes: Sizes;
}

/** Checks that a module within the limit computes what one without does; gives what it has allocated, and what the other has. */
async function check({
  text,
  options,
  sizes,
}: Case): Promise<{ bytes: number; before: number; within: Compilation }> {
  const { memory: _, at: __, ...free } = options;
  const without = compile(text, { unroll: 0, ...free });
  const within = compile(text, { unroll: 0, ...options });
  const [first, second] = await Promise.all([load(without.code), load(within.code)]);
  const inputs = inputsFor(first, sizes);
  const names = ['value', 'valueAndGrad', 'hessian', 'gaussNewton'].filter(name => name in first);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const [expected, actual] = [first, second].map(module => numbersIn(module[name](inputs)));
    const largest = Math.max(...expected.map(Math.abs));
    const tolerance = (free.precision === 'f32' ? 1e-5 : 1e-12) * largest;
    expect(actual.length).toBe(expected.length);
    for (const [k, x] of actual.entries()) expect(Math.abs(x - expected[k])).toBeLessThanOrEqual(tolerance);
  }
  const elementBytes = free.precision === 'f32' ? 4 : 8;
  const bytes = allocated(within, sizes, elementBytes);
  expect(bytes).toBeLessThanOrEqual(options.memory);
  // Rows of lanes that WebAssembly works in besides are few, and known only when it is written.
  if (!isWasm) expect(within.stats.loops!.memory!.after).toBe(bytes);
  return { bytes, before: allocated(without, sizes, elementBytes), within };
}

const MLP = `# @input X: n x 20
# @input Y: n x 10
# @input V: 20 x 16
# @input b: 16
# @input W: 16 x 10
# @wrt V, b, W
H = relu(X * V + b)
-sum(Y .* logsoftmax(H * W)) / n + 0.1 * sum(V.^2)`;

const NORMALISED = `# @input X: n x 12
# @input V: 12 x 9
# @input w: 9
# @input y: n
# @wrt V, w
Z = X * V
centred = Z - mean(Z, 1)
H = tanh(centred ./ sqrt(mean(centred.^2, 1) + 1e-3))
sum((H * w - y).^2)`;

const ATTENTION = `# @input X: n x 8
# @input Q: 8 x 8
# @input K: 8 x 8
# @input V: 8 x 9
# @wrt Q, K, V
S = (X * Q) * (X * K)'
sum((softmax(S) * (X * V)).^2)`;

const CHAIN = `# @input u: n
# @wrt u
step(x) = sin(x + cumsum(x) / 100)
a = step(u)
b = step(a)
c = step(b)
d = step(c)
f = step(d)
g = step(f)
h = step(g)
sum(step(h).^2)`;

describe('the workspace of a loss over samples does not grow with them', () => {
  test.each([1, 3, 128, 129, 300])('a perceptron, %i samples', async n => {
    const { bytes, within } = await check({ text: MLP, options: { memory: 65536 }, sizes: { n } });
    expect(allocated(within, { n: 1e6 })).toBe(bytes);
  });

  test('a perceptron of single precision, in less memory', async () => {
    await check({ text: MLP, options: { memory: 8192, precision: 'f32' }, sizes: { n: 200 } });
  });

  test('where all samples are needed for each, they are computed once for each pass', async () => {
    const { bytes, within } = await check({
      text: NORMALISED,
      options: { memory: 40_000 },
      sizes: { n: 300 },
    });
    expect(allocated(within, { n: 1e6 })).toBe(bytes);
  });

  test('rows of a fixed number', async () => {
    const text = `# @dim n = 200\n${MLP}`;
    const { before } = await check({ text, options: { memory: 30_000 }, sizes: {} });
    expect(before).toBeGreaterThan(60_000);
  });

  test('a Hessian and the matrix of Gauss and Newton', async () => {
    const text = `# @input X: n x 9\n# @input y: n\n# @input w: 9\n# @wrt w\n`;
    const hessian = { hessian: true, memory: 30_000 } as const;
    await check({
      text: `${text}sum(log(1 + exp(X * w)) - y .* (X * w))`,
      options: hessian,
      sizes: { n: 150 },
    });
    const normal = { gaussNewton: true, memory: 30_000 } as const;
    await check({ text: `${text}tanh(X * w) - y`, options: normal, sizes: { n: 150 } });
  });
});

describe('a limit for known sizes', () => {
  test('attention of all to all comes row by row', async () => {
    const n = 200;
    const options = { memory: 2e5, at: { n } };
    const { before } = await check({ text: ATTENTION, options, sizes: { n } });
    expect(before).toBeGreaterThan(8 * n * n);
    expect(
      compile(ATTENTION, options).stats.loops!.workspace.some(({ length }) => /n\*n/.test(`${length}`)),
    ).toBe(false);
  });

  test('steps of a chain are computed twice', async () => {
    const n = 1000;
    const { before } = await check({ text: CHAIN, options: { memory: 5e4, at: { n } }, sizes: { n } });
    expect(before).toBeGreaterThan(7e4);
  });

  test('what it costs is counted', () => {
    const { functions, before, after } = compile(CHAIN, { memory: 5e4, at: { n: 1000 } }).stats.loops!
      .memory!;
    expect(before).toBeGreaterThan(5e4);
    expect(after).toBeLessThanOrEqual(5e4);
    expect(functions.valueAndGrad.extra).toBeGreaterThan(0);
    expect(functions.valueAndGrad.extra).toBeLessThan(100);
  });
});

test('a limit that is met anyway changes nothing', () => {
  const options = { unroll: 0, name: 'f.expr' } as const;
  const body = ({ code }: { readonly code: string }) => code.slice(code.indexOf('\n'));
  const within = compile(MLP, { ...options, memory: 1e9, at: { n: 100 } });
  expect(body(within)).toBe(body(compile(MLP, options)));
  expect(within.stats.loops!.memory!.functions.valueAndGrad.extra).toBe(0);
});

describe('what cannot be', () => {
  const failure = (text: string, options: CompileOptions): SymgradError => {
    try {
      compile(text, { unroll: 0, ...options });
    } catch (error) {
      if (error instanceof SymgradError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  test('says what it would take, and names what is stored', () => {
    const { diagnostics } = failure(MLP, { memory: 1000, at: { n: 64 } });
    const [{ code, message, span, label }] = diagnostics;
    expect(code).toBe('memory-limit');
    expect(message).toMatch(/^the functions need [\d.]+ KiB to work in, more than the limit of 1000 bytes$/);
    expect(MLP.slice(span!.start, span!.end)).toMatch(/X \* V|H \* W|relu/);
    expect(label).toMatch(/^[\d*n]+ numbers of 8 bytes are stored$/);
  });

  test('asks for sizes that decide it', () => {
    const { message, hints } = failure('# @input u: n\n# @wrt u\nsum(exp(cumsum(sin(u))))', { memory: 1e6 });
    expect(message).toBe(
      'the functions need memory that grows with n to work in, more than the limit of 977 KiB',
    );
    expect(hints[0]).toContain('--at n=1000');
  });

  test('sizes that there are not', () => {
    expect(failure(MLP, { memory: 1e6, at: { k: 3 } }).code).toBe('unknown-size');
    expect(failure(MLP, { memory: 1e6, at: { n: 1.5 } }).code).toBe('invalid-option');
    expect(failure(MLP, { memory: Number.NaN }).code).toBe('invalid-option');
  });
});
