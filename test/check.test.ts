// The check of emitted modules: right ones pass, each kind of mistake is caught and named, and what cannot be checked
// is said to be so.

import { describe, expect, test } from 'vitest';
import { differentiate } from '../src/check/differences.ts';
import { findPoints, type Point, randomFrom } from '../src/check/domain.ts';
import { type CheckReport, checkModule } from '../src/check.ts';
import { type CompileOptions, compile } from '../src/compile.ts';
import { parseFormula } from '../src/frontend/index.ts';
import { isWasm } from './target.ts';

const EVERYTHING: CompileOptions = { jacobian: true, hessian: true, hvp: true, jvp: true, vjp: true };

/** Compiles `text`, lets `break` change the module, and checks it against the formula. */
async function check(
  text: string,
  options: CompileOptions = EVERYTHING,
  change: (code: string) => string = code => code,
  points = 5,
): Promise<CheckReport> {
  const { code, meta } = compile(text, options);
  const program = { ...parseFormula(text), wrt: meta.wrt };
  const precision = options.precision ?? 'f64';
  return checkModule(change(code), program, { mathjs: false, points, precision });
}

/** The names of the functions that failed. */
function failures({ functions }: CheckReport): string[] {
  return functions.filter(({ ok }) => !ok).map(({ name, reference }) => `${name}: ${reference}`);
}

describe('Gauss-Newton', () => {
  const checked = (change?: (code: string) => string) =>
    check('[x^2 - y, exp(x * y) - 1]', { gaussNewton: true }, change);

  test('passes', async () => {
    const report = await checked();
    expect(failures(report)).toEqual([]);
    const names = report.functions.map(({ name }) => name);
    expect(names).toContain('gaussNewton');
    expect(names).toContain('bind().gaussNewton');
  });

  test.skipIf(isWasm).each([
    ['cost', /cost: /g, 'cost: 2 * ', 'gaussNewton: the reference evaluator'],
    ['gradient', /\bg\[0\] = /g, 'g[0] = 1 + ', 'bind().gaussNewton: differences'],
    ['matrix', /\bA\[3\] = /g, 'A[3] = 1 + ', 'bind().gaussNewton: differences'],
  ])('a wrong %s is noticed', async (_, right, wrong, failure) => {
    expect(failures(await checked(code => code.replace(right, wrong)))).toEqual([failure]);
  });
});

describe('right modules pass', () => {
  test.each([
    ['polynomial', 'x^2 * y - 3 * y^3 / x'],
    ['domains', 'log(x) + acosh(y) + asin(z) + sqrt(w)'],
    ['near its default', '# @input x: scalar = 1e6\nsqrt(x - 9e5)'],
    ['cancellation', '(1 - cos(x)) / x^2 + x^2 - x^2'],
    ['kinks', 'abs(x) + max(x, y) + relu(y - 1)'],
    ['jumps', 'floor(3 * x) * y'],
    ['selections', 'x > 0 ? sqrt(x) : x^2'],
    ['special functions', 'gamma(x) + lgamma(y) + erf(x * y)'],
    ['no inputs', 'sqrt(2) + 1'],
    ['large numbers', 'exp(20 * x)'],
  ])('%s', async (_, text) => {
    const report = await check(text);
    expect(failures(report)).toEqual([]);
    expect(report).toMatchObject({ ok: true, points: 5 });
    const names = new Set(report.functions.map(({ name }) => name));
    for (const name of ['value', 'grad', 'hessian', 'jvp', 'bind().valueAndGrad', 'bind().hvp']) {
      if (text.includes('x')) expect(names).toContain(name);
    }
  });

  // Each function with cancellation, oscillation, poles, jumps, and a domain of its own: no false alarm.
  test.each(
    `sqrt cbrt exp expm1 log log1p log2 log10 sin cos tan cot sec csc asin acos atan acot asec acsc sinh cosh tanh coth
    sech csch asinh acosh atanh acoth asech acsch erf erfc gamma lgamma digamma abs sign floor ceil round fix relu
    sigmoid softplus logit square cube factorial`.split(/\s+/),
  )('every derivative of %s', async name => {
    const report = await check(`y * ${name}(x)^2 + ${name}(x * y)`);
    expect(report.functions.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.points).toBe(5);
  });

  test('several outputs, an array, sparse matrices', async () => {
    const several = '# @output a, b\na = x * y\nb = [sin(x), y^2]\n';
    const first = { jvp: true, vjp: true };
    expect(failures(await check(several, first))).toEqual([]);
    expect(failures(await check('[x * y, sin(x), 3]', first))).toEqual([]);
    expect(failures(await check('[x * y, sin(x), 3]', { jacobian: 'sparse' }))).toEqual([]);
    const sparse = await check('x * y + z^3', { hessian: 'sparse' });
    expect(failures(sparse)).toEqual([]);
    expect(sparse.functions.map(({ name }) => name)).toContain('bind().hessian');
  });

  test('a Hessian that is handed out as factors', async () => {
    const text = `# @input X: n x d\n# @input w: d\n# @wrt w\nsum(sin(X * w)) + dot(w, w)`;
    const options = { hessian: 'structured' as const };
    const { functions } = await check(text, options);
    const names = functions.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['hessianFactors', 'bind().hessianFactors']));
    expect(functions.every(({ ok }) => ok)).toBe(true);
    const wrong = await check(text, options, code =>
      code.replace('factors: [F.subarray(0', 'factors: [F.subarray(1'),
    );
    expect(failures(wrong).join()).toContain('hessianFactors');
    expect(failures(await check('x^2 * y + z', options))).toEqual([]);
  });

  test('in every format', async () => {
    for (const format of ['esm', 'cjs', 'iife'] as const) {
      const { code } = compile('x^2', { format, globalName: 'model' });
      const report = await checkModule(code, parseFormula('x^2'), {
        format,
        globalName: 'model',
        mathjs: false,
      });
      expect(report.ok).toBe(true);
    }
  });
  test('derivatives too small for differences to see are no error', async () => {
    const neuron = '1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))';
    for (const { largestError } of (await check(neuron, {}, code => code, 10)).functions)
      expect(largestError).toBeLessThan(1e-6);
  });
});

describe.runIf(isWasm)('a wrong module of WebAssembly is caught', () => {
  test.each([
    ['value', 'return run.value();', 'return 1 + run.value();', 'bind().value: the reference evaluator'],
    [
      'gradient',
      'run.valueAndGrad();',
      'run.valueAndGrad(); gView[0] += 1;',
      'bind().valueAndGrad: differences',
    ],
  ])('%s', async (_, right, wrong, failure) => {
    const report = await check('x^2 * y - 3 * y^3 / x', {}, code => code.replace(right, wrong));
    expect(failures(report)).toContain(failure);
  });
});

describe.skipIf(isWasm)('wrong modules are caught', () => {
  test.each<[string, string | RegExp, string, string[]]>([
    [
      'a wrong value',
      /(function value\(inputs\)[\s\S]*?return )/,
      '$1 1e-6 + ',
      ['value: the reference evaluator'],
    ],
    ['a wrong sign', 'grad: { x: Math.cos(x)', 'grad: { x: -Math.cos(x)', ['valueAndGrad: differences']],
    [
      'a wrong second derivative',
      /(return \{ x: \{ x: )-Math\.sin\(x\)/,
      '$1Math.sin(x)',
      ['hessian: differences of grad'],
    ],
    ['a wrong bound form', /g\[0\] = /, 'g[0] = 1 + ', ['bind().valueAndGrad: differences']],
    ['a number that is left out', /H\[0\] = .*;/, '', ['bind().hessian: differences of grad']],
  ])('%s', async (_, pattern, replacement, expected) => {
    const report = await check('sin(x)', { hessian: true }, code => {
      const changed = code.replace(pattern, replacement);
      expect(changed, code).not.toBe(code);
      return changed;
    });
    expect(report.ok).toBe(false);
    expect(failures(report)).toEqual(expected);
  });

  test('the worst number comes with its inputs and both values', async () => {
    const report = await check('x^2 + 3 * y', {}, code => code.replace(/(return \{ x: )2 \* x/, '$12.1 * x'));
    const { worst } = report.functions.find(({ ok }) => !ok)!;
    expect(worst).toMatchObject({ path: 'x', ok: false });
    expect(worst!.actual / (worst!.inputs.x as number)).toBeCloseTo(2.1, 9);
    expect(worst!.expected / (worst!.inputs.x as number)).toBeCloseTo(2, 6);
    expect(worst!.error).toBeCloseTo(0.05, 2);
  });

  test('a module that says NaN', async () => {
    expect((await check('x^2', {}, code => code.replace(/(return \{ x: )/, '$1NaN * '))).ok).toBe(false);
  });

  test('a module that throws', async () => {
    const report = await check('x^2', {}, code => code.replace('return { x: 2', 'throw 1; return { x: 2'));
    expect(report.functions.find(({ ok }) => !ok)).toMatchObject({ name: 'grad', problem: 'it throws 1' });
  });

  test('a formula that is finite nowhere', async () => {
    const report = await check('log(-1 - x^2)');
    expect(report).toMatchObject({
      ok: false,
      points: 0,
      notes: ['no point was found at which the formula is finite'],
    });
  });
});

/** Formulas over arrays: each with what might go wrong only there. */
const ARRAYS: readonly (readonly [string, string])[] = [
  ['a regression', '# @input X: n x 3\n# @input y: n\n# @wrt w\n# @input w: 3\nsum((X * w - y) .^ 2) / n'],
  ['two sizes', '# @input A: n x m\n# @input B: m x n\nC = A * B\ntrace(C .^ 3 + C * C)'],
  ['sizes that have to be equal', '# @input x: n\n# @input y: m\nsum(exp(x .* y))'],
  ['indices', '# @input v: n\n# @input k: m int\n# @input j: scalar int\nsum(exp(v[k])) * v[j]'],
  ['a vector that is long enough', '# @input v: n\nsum(v[1:7] .^ 3)'],
  ['domains', '# @input v: n\n# @input p: 2\nsum(log(v)) + sum(acosh(p .* p + 1)) + norm(v)'],
  ['kinks', '# @input v: n\nmax(v) + sum(abs(v)) + sum(relu(v - 1))'],
  ['scans', '# @input v: n\n# @input w: n\nsum(cumsum(v) .* w .^ 2)'],
  ['a default', '# @input v: 3 = 1e6\nsum(sqrt(v - 9e5))'],
  ['small and fixed', '# @input a: 3\n# @input b: 3\ndot(cross(a, b), a .^ 2)'],
  ['more columns than are looked at', '# @input W: 5 x 6\nsum(sin(W) .^ 2)'],
  ['rows of a formula that is not finite everywhere', '# @input x: n\nmean(x .^ 2) + logsumexp(x)'],
];

describe('arrays', () => {
  test.each(ARRAYS)('%s', async (_, text) => {
    const report = await check(text);
    expect(report.functions.filter(({ ok }) => !ok)).toEqual([]);
    expect(report).toMatchObject({ ok: true, points: 5 });
    expect(new Set(report.functions.map(({ name }) => name)).size).toBe(19);
    const skipped = report.functions.reduce((sum, f) => sum + f.skipped, 0);
    expect(skipped).toBeLessThan(text.includes('abs') ? 100 : 10);
  });

  test('tensor outputs, several outputs', async () => {
    const products = { jvp: true, vjp: true };
    expect(failures(await check('# @input A: n x m\n# @input v: m\nA * exp(v)', products))).toEqual([]);
    const several = '# @output p, Q\n# @input A: n x n\n# @input s: scalar\nQ = s * A * A\np = sum(Q)';
    const report = await check(several, products);
    expect(failures(report)).toEqual([]);
    expect(report.functions.map(({ name }) => name)).toContain('bind().valueAndJacobian');
  });

  test('sparse matrices of small tensors', async () => {
    expect(failures(await check('# @input x: 4\nx[1] * x[2] + x[3]^3', { hessian: 'sparse' }))).toEqual([]);
    expect(failures(await check('# @input x: 3\n[x[1] * x[2], sin(x[3])]', { jacobian: 'sparse' }))).toEqual(
      [],
    );
  });

  test.each([
    [
      'a Hessian',
      "# @input A: n x m\n# @input U: n x 2\n# @input V: m x 2\n# @wrt U, V\nsum((A - U * V') .^ 2)",
    ],
    ['of gathered elements', '# @input v: n\n# @input k: m int\n# @wrt v\nsum(exp(v[k]) .* cumsum(v)[k])'],
  ])('sparse matrices through loops: %s', async (_, text) => {
    const report = await check(text, { hessian: 'sparse', jacobian: 'sparse' });
    expect(failures(report)).toEqual([]);
    expect(report.functions.map(({ name }) => name)).toContain('bind().valueGradAndHessian');
    const wrong = (code: string) => code.replace('places[at] = last;', 'places[at] = 0;');
    expect(failures(await check(text, { hessian: 'sparse' }, wrong))).toContain(
      'hessian: differences of grad',
    );
  });

  test.each(ARRAYS.slice(0, 4))('single precision: %s', async (_, text) => {
    const report = await check(text, { ...EVERYTHING, precision: 'f32' });
    expect(report.functions.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.points).toBe(5);
    expect(report.functions.find(({ name }) => name === 'hessian')!.largestError).toBeGreaterThan(1e-9);
  });

  test('mathjs is asked, with sizes and nested arrays', async () => {
    const text = '# @input A: n x m\n# @input v: m\nsum(A * v) / n + size(A)[2]';
    const report = await checkModule(compile(text).code, parseFormula(text), { points: 8 });
    expect(report.functions.find(({ reference }) => reference === 'mathjs')).toMatchObject({ ok: true });
    expect(report.notes).toEqual([]);
  });

  test('points have small sizes of all kinds', () => {
    const { inputs } = parseFormula('# @input A: n x m\nsum(A .^ 2)');
    const points = findPoints(inputs, 60, randomFrom(1), () => true);
    const lengths = new Set(points.map(({ sizes }) => sizes.get('n')));
    for (const n of [0, 1, 2, 3, 5]) expect(lengths).toContain(n);
    for (const point of points) {
      const { sizes } = point;
      expect((point.get('A') as Float64Array).length).toBe(sizes.get('n')! * sizes.get('m')!);
    }
    expect(points.some(({ sizes }) => sizes.get('n') === sizes.get('m'))).toBe(true);
  });
});

// Every function over arrays, in loops and written out: no false alarm, and no wrong module either.
describe('functions over arrays', () => {
  const INPUTS: Readonly<Record<string, string>> = {
    v: 'n',
    w: 'n',
    u: 'm',
    A: 'n x m',
    B: 'm x k',
    S: 'n x n',
    T: '2 x n x 3',
    p: 'q int',
    s: 'scalar',
  };
  const FORMULAS = `sum(A .^ 2); mean(A .* s); prod(v); prod(A, 1) * u; max(A); sum(max(A, 1) .^ 2); min(v) * s
    std(v); sum(variance(A, 1)); norm(v); norm(v, 1); norm(A, 'fro'); dot(v, w)^2; trace(S * S); cumsum(A, 1) .^ 2
    v * A * u; A * B; A'; outer(v, u); einsum('aib,i->ab', T, v); kron(v, u); reshape(A, [size(A)[2], size(A)[1]])
    flatten(A) .^ 2; concat(A, A .^ 2, 1); diag(v) * A; diag(S); column(A, 1) .* v; v[p] .^ 2; A[p, :]; A[1, 2:end]
    v[end:-1:1]; v[1:2:end]; softmax(A, 1); logsoftmax(A); logsumexp(A, 2); log(sum(exp(v))); map(A, tanh)
    where(A > 0, A .^ 2, A); relu(A) * u; clamp(A, -1, 1); sum(v) > 0 ? sum(v .^ 2) : sum(v); T .* v[1]
    squeeze(T[1, :, :]) .^ 2; [s, s^2]; [v, w]; cross([s, 1, 2], [1, s, 3]); v ./ norm(v); hypot(v, w); atan2(v, w)
    gamma(abs(v) + 1); argmax(v) * s; v[argmax(v)]; mod(v, 2) .* w; S^3 * v; A * u + v; (A * u)' * (A * u)`;

  test.each(FORMULAS.split(/[;\n]/).map(formula => formula.trim()))('%s', async formula => {
    const words = new Set(formula.match(/\w+/g));
    const declarations = Object.entries(INPUTS).filter(([name]) => words.has(name));
    const text = [...declarations.map(([name, dims]) => `# @input ${name}: ${dims}`), formula].join('\n');
    const program = parseFormula(text);
    const isScalar = program.outputs[0].shape.length === 0;
    for (const unroll of [400, 0]) {
      const { code } = compile(text, isScalar ? { ...EVERYTHING, unroll } : { jvp: true, vjp: true, unroll });
      const report = await checkModule(code, program, { mathjs: false, points: 3 });
      expect(report.functions.filter(({ ok }) => !ok)).toEqual([]);
      expect(report.points).toBe(3);
    }
  });
});

describe('wrong modules over arrays are caught', () => {
  /** `name` of what `bind` returns, with a statement after it. */
  const spoilt = (name: string, parameters: string, statement: string) => (code: string) => {
    const bind = code.includes('function bound(') ? 'bound' : 'bind';
    return `${code.replace(`function ${bind}(`, `function right(`)}
      ${bind === 'bind' ? 'export' : ''} function ${bind}(data) {
        const f = right(data);
        const ${name} = (${parameters}) => {
          const value = f.${name}(${parameters});
          ${statement}
          return value;
        };
        return { ...f, ${name} };
      }`;
  };

  const [, text] = ARRAYS[0];
  test.each<[string, string, string, string, string[]]>([
    [
      'a wrong sign',
      'valueAndGrad',
      'theta, g',
      'g[1] = -g[1];',
      ['grad: differences', 'valueAndGrad: differences', 'bind().valueAndGrad: differences'],
    ],
    [
      'one element of a Hessian',
      'hessian',
      'theta, H',
      'H[5] *= 1.001;',
      ['hessian: differences of grad', 'bind().hessian: differences of grad'],
    ],
    [
      'a number that is left out',
      'hvp',
      'theta, v, out',
      'out[2] = NaN;',
      ['hvp: differences of grad', 'bind().hvp: differences of grad'],
    ],
    [
      'a sum in the wrong place',
      'vjp',
      'theta, c, out',
      'out[0] = out[1];',
      ['vjp: differences', 'bind().vjp: differences'],
    ],
    ['a tangent', 'jvp', 'theta, t, out', 'out[0] *= -1;', ['jvp: differences', 'bind().jvp: differences']],
  ])('%s', async (_, name, parameters, statement, expected) => {
    const report = await check(text, EVERYTHING, code => {
      const changed = spoilt(name, parameters, statement)(code);
      expect(changed).not.toBe(code);
      return changed;
    });
    // Second derivatives are held against a gradient: where that is wrong they are doubtful too.
    const found = failures(report).filter(failure => name !== 'valueAndGrad' || !failure.endsWith('of grad'));
    expect(found).toEqual(expected);
  });

  test('one of many columns, by the sum of all', async () => {
    const report = await check(
      '# @input W: 40 x 30\nsum(sin(W) .^ 2)',
      {},
      spoilt('valueAndGrad', 'theta, g', 'g[777] = -g[777];'),
      2,
    );
    expect(failures(report)).toContain('grad: differences along a direction');
  });

  test('the worst number has its place, its inputs and the sizes', async () => {
    const report = await check(
      '# @input A: n x 2\nsum(A .^ 3)',
      {},
      spoilt('valueAndGrad', 'theta, g', 'g[1] += 1;'),
    );
    const { worst } = report.functions.find(({ ok }) => !ok)!;
    expect(worst!.path).toBe('A.1.2');
    const { A, n } = worst!.inputs as { A: Float64Array; n: number };
    expect(A.length).toBe(2 * n);
    expect(worst!.actual - worst!.expected).toBeCloseTo(1, 6);
  });

  test('a result of another type or length', async () => {
    const change = (from: RegExp, to: string) => (code: string) => code.replace(from, to);
    const plain = await check(text, {}, change(/return f.unpack\(g\)/, 'return { w: [...g] }'));
    expect(failures(plain)).toEqual(['grad: differences']);
    const longer = await check(
      text,
      {},
      change(/return f.unpack\(g\)/, 'return { w: Float64Array.of(...g, 0) }'),
    );
    expect(failures(longer)).toEqual(['grad: differences']);
  });

  // Every sum that goes the other way is noticed by some function.
  test.skipIf(isWasm)('each sign', async () => {
    const formula =
      '# @input X: n x 3\n# @input y: n\n# @input w: 3\n# @wrt w\nsum(softplus(X * w) - y .* (X * w)) + dot(w, w)';
    const options = { hvp: true, jvp: true, vjp: true };
    const { code } = compile(formula, options);
    const end = code.indexOf('\n}\n', code.indexOf('function bound('));
    const places = [...code.matchAll(/ \+= (?=[^4])/g)].map(({ index }) => index).filter(at => at < end);
    expect(places.length).toBeGreaterThan(10);
    for (const at of places) {
      const report = await check(
        formula,
        options,
        text => `${text.slice(0, at)} -= ${text.slice(at + 4)}`,
        2,
      );
      if (report.ok) expect.fail(`not noticed: ${code.slice(at - 60, at + 60)}`);
    }
  });
});

describe('mathjs', () => {
  test('is asked too', async () => {
    const text = 'a = sigmoid(x)\nb = where(x > 0, a, sqrt(-x))\na * b;';
    const { code } = compile(text);
    const report = await checkModule(code, parseFormula(text), { points: 5 });
    const row = report.functions.find(({ reference }) => reference === 'mathjs');
    expect(row).toMatchObject({ name: 'value', points: 5, ok: true });
  });

  test('disagrees with another formula', async () => {
    const program = parseFormula('x^2');
    const other = { ...program, source: { ...program.source, text: 'x^3' } };
    const report = await checkModule(compile('x^2').code, other, { points: 5 });
    expect(failures(report)).toEqual(['value: mathjs']);
  });

  test('may be unable', async () => {
    const program = parseFormula('x^2');
    const other = { ...program, source: { ...program.source, text: 'x^2 + nothing' } };
    const report = await checkModule(compile('x^2').code, other, { points: 5 });
    expect(report.ok).toBe(true);
    expect(report.notes).toEqual(['not compared with mathjs: Undefined symbol nothing']);
  });
});

describe('differences', () => {
  const of = (f: (x: number) => number, x: number, h = 0.25) =>
    differentiate(t => Float64Array.of(f(x + t)), h)[0];

  test.each<[string, (x: number) => number, number, number]>([
    ['sin', Math.sin, 1, Math.cos(1)],
    ['exp', Math.exp, 3, Math.exp(3)],
    ['a pole nearby', x => 1 / x, 0.3, -1 / 0.09],
    ['a constant', () => 7, 1, 0],
    ['an edge of the domain nearby', Math.log, 0.1, 10],
    ['a kink within the wide steps', Math.abs, 0.01, 1],
    ['jumps within the wide steps', x => Math.floor(40 * x), 0.51, 0],
    ['a wave that the wide steps do not see', x => Math.sin(800 * x), 0.3, 800 * Math.cos(240)],
  ])('%s: right, and the error is honest', (_, f, x, expected) => {
    const { value, error } = of(f, x);
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(10 * error + 1e-13);
    expect(error).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(expected)));
  });

  test.each<[string, (x: number) => number, number]>([
    ['a kink', Math.abs, 0],
    ['a kink within the narrowest step', Math.abs, 1e-5],
    ['a square root at its end', Math.sqrt, 0],
    ['a wave that no step resolves', x => Math.sin(1e6 * x), 0.3],
  ])('%s: no answer', (_, f, x) => {
    expect(of(f, x).error).toBe(Infinity);
  });
});

describe('points', () => {
  const { inputs } = parseFormula('# @input k: scalar int\nx + y + k');

  test('are the same for the same seed and differ for another', () => {
    const of = (seed: number) => findPoints(inputs, 3, randomFrom(seed), () => true);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });

  test('index inputs are positive integers', () => {
    for (const point of findPoints(inputs, 20, randomFrom(1), () => true)) {
      expect(point.get('k')).toSatisfy((k: number) => Number.isInteger(k) && k >= 1);
    }
  });

  test('are found in domains that differ by input', () => {
    const isUsable = (point: Point) =>
      (point.get('x') as number) > 1 && Math.abs(point.get('y') as number) < 1;
    expect(findPoints(inputs, 10, randomFrom(1), isUsable)).toHaveLength(10);
  });
});
