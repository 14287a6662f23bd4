// WebAssembly gives what JavaScript gives, at hard points too: what is NaN, infinite, 0 or -0 is so in both, and other numbers
// agree up to rounding. Elementary functions differ by units of the last place, and sums of arrays in their order.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formulas } from '../../formulas.ts';
import type { EmittedExports } from '../../load.ts';
import { chooser, tensorFormula, tensorInputs } from '../../tensor-formulas.ts';
import { type Closeness, difference, outcome, type Twins, twins } from './twins.ts';

type Inputs = Readonly<Record<string, unknown>>;

/** Everything that a module computes at one point: its functions of records, and those of `bind` into arrays of NaN. */
function everything(module: EmittedExports, inputs: Inputs, data: Inputs, cotangent?: unknown) {
  const all = { ...inputs, ...data };
  const records = ['value', 'grad', 'valueAndGrad', 'hessian', 'jacobian', 'valueAndJacobian', 'gaussNewton'];
  const results: Record<string, unknown> = {};
  for (const name of records) if (name in module) results[name] = outcome(() => module[name](all));
  if ('hvp' in module) results.hvp = outcome(() => module.hvp(all, inputs));
  if ('jvp' in module) results.jvp = outcome(() => module.jvp(all, inputs));
  if ('vjp' in module && cotangent !== undefined) results.vjp = outcome(() => module.vjp(all, cotangent));
  results.bind = outcome(() => {
    const f = module.bind(data);
    const theta = f.pack(inputs);
    const size: number = f.size;
    const { value } = results;
    const rows = lengthOf(value);
    const array = (length: number) => theta.slice(0, 0).constructor.from({ length }, () => Number.NaN);
    const filled = (name: string, ...lengths: number[]) => {
      if (!(name in f)) return undefined;
      const arrays = lengths.map(array);
      // Twice: what the first call left must not matter.
      outcome(() => f[name](theta, ...arrays));
      return outcome(() => ({ result: f[name](theta, ...arrays), arrays: { ...arrays } }));
    };
    return {
      value: typeof value === 'number' ? outcome(() => f.value(theta)) : filled('value', rows),
      valueAndGrad: filled('valueAndGrad', size),
      hessian: filled('hessian', size * size),
      jacobian: filled('jacobian', rows * size),
      valueAndJacobian: filled('valueAndJacobian', rows, rows * size),
      gaussNewton: filled('gaussNewton', size, size * size),
    };
  });
  return results;
}

/** The numbers of a value: of one output, or of several by name. */
function lengthOf(value: unknown): number {
  if (typeof value === 'number') return 1;
  if (ArrayBuffer.isView(value)) return (value as Float64Array).length; // the only kind of several numbers
  return Object.values(Object(value)).reduce((sum: number, each) => sum + lengthOf(each), 0);
}

/** Makes some elements of the arrays special. */
function spoil(choose: (count: number) => number, inputs: Readonly<Record<string, unknown>>): void {
  const special = [0, -0, 1, NaN, Infinity, -Infinity];
  for (const array of Object.values(inputs)) {
    if (!(array instanceof Float64Array)) continue;
    for (let i = 0; i < array.length; i++) if (choose(8) === 0) array[i] = special[choose(6)];
  }
}

/** Fails where the twins differ, or where arguments are not what the module asks for. */
function expectTwins(
  { js, wasm }: Twins,
  inputs: Inputs,
  data: Inputs,
  closeness: Closeness,
  what: string,
  cotangent?: unknown,
): void {
  const [x, y] = [wasm, js].map(module => everything(module, inputs, data, cotangent));
  const found = difference(x, y, closeness);
  if (found !== undefined) expect.fail(`${found}\n${what}`);
  expect(JSON.stringify(y), what).not.toMatch(/TypeError|RangeError: \w+: expected/);
}

const HARD = [0, -0, 1, -1, 0.5, 2, -2, 1e-8, 710, -745, 1e200, -1e-200, 5e-324, Infinity, -Infinity, NaN];

const NUMBERS = { tolerance: 1e-13 };

describe('formulas of numbers', () => {
  const number = fc.oneof(fc.constantFrom(...HARD), fc.double({ min: -3, max: 3, noNaN: true }));
  const points = fc.array(fc.record({ x: number, y: number, z: number }), { minLength: 10, maxLength: 10 });

  it('random ones', async () => {
    await fc.assert(
      fc.asyncProperty(formulas(), points, async (body, list) => {
        const wrt = ['x', 'y', 'z'].filter(name => new RegExp(`\\b${name}\\b`).test(body));
        fc.pre(wrt.length > 0);
        const both = await twins(body, { wrt, hessian: true, hvp: true, jvp: true, vjp: true });
        for (const point of list)
          expectTwins(both, point, {}, NUMBERS, `${body} at ${JSON.stringify(point)}`, point.x);
      }),
      { seed: 20_261_126, numRuns: 80 },
    );
  });

  it.each([
    'x^y',
    'x^2.5 + x^-2 + x^(1/3) + x^0.5',
    'hypot(x, y)',
    'atan2(x, y)',
    'max(x, y) * min(x, z) + clamp(x, -1, 1) + relu(y)',
    'abs(x) + sign(y) + floor(z) + round(x) + ceil(y) + mod(x, 3)',
    'erf(x) + gamma(y) + lgamma(z) + digamma(x) + erfc(y)',
    'xlogy(x, y) + logit(z)',
    'sin(x) / x + (1 - cos(y)) / y^2 + (exp(z) - 1) / z',
    'softplus(x) + sigmoid(y) + log(1 + exp(z)) + log(1 - exp(x))',
    'x > 0 ? sqrt(x) : (y > 0 and z < 1 ? log(y) : z^2)',
    'x == y ? 1 : x != z ? x : y >= z ? y : z',
    'sinh(x) + cosh(y) + tanh(z) + asinh(x) + acosh(y) + atanh(z)',
    'asin(x) + acos(y) + atan(z) + tan(x) + cbrt(y) + log2(z) + log10(x) + log1p(y)',
    'log(exp(x) + exp(y) + exp(z))',
    'exp(x) / (exp(x) + exp(y) + exp(z))',
    'x^4 * y^3 / z^2 - 2 * x * y / 3',
    'prod([x, y, z]) + norm([x, y, z]) + std([x, y, z]) + logsumexp([x, y, z])',
    '[x * y, x / z, y^z]',
    '# @output p, q\np = x * y; q = sqrt(x) + z',
  ])('%s, at hard points', async body => {
    const wrt = ['x', 'y', 'z'].filter(name => new RegExp(`\\b${name}\\b`).test(body));
    const isScalar = !/^\[|@output/.test(body);
    const kinds = isScalar ? { hessian: true, hvp: true, vjp: true } : { jacobian: true, gaussNewton: true };
    const both = await twins(body, { wrt, jvp: true, ...kinds });
    for (const [i, x] of HARD.entries())
      for (const [j, y] of HARD.entries()) {
        const point = { x, y, z: HARD[(5 * i + 7 * j) % HARD.length] };
        expectTwins(both, point, {}, NUMBERS, `${body} at ${JSON.stringify(point)}`, 1.5);
      }
  });
});

describe('formulas of arrays', () => {
  const RUNS = Number(process.env.RUNS ?? 30);
  const FIRST = Number(process.env.SEED ?? 1);
  const SIZES = [0, 1, 2, 3, 4, 5, 9];

  /** Compares one formula in three sizes, in the last of which some numbers are special. */
  async function checkSeed(seed: number, precision: 'f64' | 'f32'): Promise<void> {
    const choose = chooser(seed);
    const isScalar = choose(3) < 2;
    const dims = isScalar ? [] : [['n'], ['m'], ['n', 'm'], ['n - 1'], ['3', 'n']][choose(5)];
    const { text, wrt } = tensorFormula(seed, dims, 1 + choose(4));
    const optimize = ([0, 1, 2, 2] as const)[choose(4)];
    const kinds = isScalar ? { hessian: true, hvp: true } : { jacobian: true, gaussNewton: true };
    const both = await twins(text, { optimize, precision, jvp: true, vjp: true, ...kinds });
    // In single precision infinities come of numbers that are finite in doubles.
    for (let run = 0; run < (precision === 'f64' ? 3 : 2); run++) {
      const [n, m] = [SIZES[choose(7)], SIZES[choose(7)]];
      const all = tensorInputs(seed + run, n, m);
      if (run === 2) spoil(choose, all);
      const names: string[] = both.js.meta.inputs.map(({ name }: { readonly name: string }) => name);
      const pick = (isWanted: boolean) =>
        Object.fromEntries(
          names.filter(name => wrt.includes(name) === isWanted).map(name => [name, all[name]]),
        );
      expectTwins(
        both,
        pick(true),
        { n, m, ...pick(false) },
        { tolerance: precision === 'f64' ? 1e-11 : 3e-4, floor: 1, hasOneZero: true },
        `seed ${seed}, ${precision}, -O${optimize}, n = ${n}, m = ${m}\n${text}`,
        isScalar ? 1.5 : undefined,
      );
    }
  }

  // Formulas that once went wrong.
  it.each([
    [84, 'f64'],
    [226, 'f32'],
  ] as const)('the formula of seed %i, %s', checkSeed);

  describe.each(['f64', 'f32'] as const)('random ones, %s', precision => {
    it.each(Array.from({ length: Math.ceil(RUNS / 10) }, (_, k) => FIRST + 10 * k))(
      'from %i',
      async first => {
        for (let seed = first; seed < first + 10; seed++) await checkSeed(seed, precision);
      },
    );
  });

  it.each([
    'max(outer(c, w), square(outer(c, z)))[q, :]',
    'sum(max(sin(outer(c, w)) .* outer(c, z) + 1, 2) .* square(c))',
    'max(outer(c, w), max(outer(c, w .* z), square(outer(c, z))))[q, 1:4]',
  ])('a maximum is found again in single precision: %s', async body => {
    const text = `# @input w: m\n# @input z: m\n# @input c: 3\n# @input q: n int\n# @wrt w, z, c\n${body}`;
    const both = await twins(text, { precision: 'f32', vjp: true });
    const wave = (n: number, rate: number) =>
      Float32Array.from({ length: n }, (_, i) => Math.sin(rate * (i + 1)));
    const inputs = { w: wave(9, 1), z: wave(9, 2), c: wave(3, 3) };
    expectTwins(
      both,
      inputs,
      { q: [3, 1, 2], m: 9, n: 3 },
      { tolerance: 1e-5, floor: 1, hasOneZero: true },
      body,
    );
  });

  it('index inputs that decide a pattern, which bind reads once', async () => {
    const text = `# @input x: n
# @input k: scalar int
# @input l: m int
# @input s: scalar
# @wrt x
s * exp(x[k]) * sum(x .^ 2) + sum(x[l] .^ 3)`;
    const both = await twins(text, { hessian: 'sparse' });
    const [f, wanted] = [both.wasm, both.js].map(module => {
      const k = { n: 3, k: 2, l: Int32Array.of(1, 1, 3), s: 2 };
      const bound = module.bind(k);
      k.l.fill(2);
      const H = new Float64Array(bound.hessianPattern.rowIndex.length);
      bound.hessian([1, 2, 3], H);
      return { inputs: Object.keys(bound.inputs), value: bound.value([1, 2, 3]), H };
    });
    expect(f.inputs).toEqual(wanted.inputs);
    expect(difference([f.value, f.H], [wanted.value, wanted.H], NUMBERS)).toBeUndefined();
  });

  const UNARY = `sin cos tan exp log sqrt abs sign floor ceil round tanh sinh cosh asinh acosh atanh asin acos atan sigmoid
    softplus relu square cube cbrt expm1 log1p log2 log10 erf erfc gamma lgamma digamma logit`;
  const BINARY = `x + y, x - y, x .* y, x ./ y, x .^ y, max(x, y), min(x, y), hypot(x, y), atan2(x, y), xlogy(x, y),
    where(x > y, x, y), clamp(x, -1, y), mod(x, y), x .^ 3, x .^ -2, x .^ 0.5`;
  const BODIES = [...UNARY.split(/\s+/).map(name => `${name}(x)`), ...BINARY.split(/,\s+(?![^(]*\))/)];

  /** All pairs of hard numbers, and ordinary ones of all sizes; so many that a last vector is not full. */
  const choose = chooser(20_261_126);
  const ordinary = (i: number) => {
    const [sign, part] = [choose(2) * 2 - 1, choose(1e9) / 1e9];
    return sign * [part, 10 * part, Math.exp(20 * part - 10), Math.exp(1400 * part - 700)][i % 4];
  };
  const pairs = [0, 1].map(side => [
    ...HARD.flatMap((_, i) => HARD.map((_, k) => HARD[side === 0 ? i : k])),
    ...Array.from({ length: 403 }, (_, i) => ordinary(side === 0 ? i : i + (i >> 2))),
  ]);

  it.each(['f64', 'f32'] as const)('elementwise at hard points and others, %s', async precision => {
    const isDouble = precision === 'f64';
    const closeness = isDouble
      ? { tolerance: 1e-14, floor: 2 ** -1022, isElementwise: true }
      : { tolerance: 1e-6, floor: 2 ** -126, isElementwise: true };
    // In single precision what a formula computes on its way may round or overflow: 1e-8 - 1 is -1.
    const [xs, ys] = pairs.map(each =>
      isDouble
        ? Float64Array.from(each)
        : Float32Array.from(each.slice(0, 257), x => (x === 1e-8 ? 0.25 : x)),
    );
    for (const body of BODIES) {
      const names = ['x', 'y'].filter(name => new RegExp(`\\b${name}\\b`).test(body));
      const lines = names.map(name => `# @input ${name}: n`);
      const both = await twins([...lines, body].join('\n'), { precision, vjp: true, unroll: 0 });
      const inputs = names.length === 1 ? { x: xs } : { x: xs, y: ys };
      const [actual, wanted] = [both.wasm, both.js].map(module => ({
        value: module.value(inputs),
        ...module.vjp(inputs, xs.slice().fill(1)).grad,
      }));
      const found =
        difference(actual, wanted, closeness) ??
        (isDouble
          ? difference(actual.value, wanted.value, { ...closeness, tolerance: 2 ** -50 })
          : undefined);
      if (found !== undefined) {
        const at = Number(found.match(/\[(\d+)\]/)?.[1]);
        expect.soft(`${found}, ${body} at ${xs[at]}, ${ys[at]}`).toBe('');
      }
    }
  });
});
