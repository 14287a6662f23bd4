// The README shows what symgrad really prints.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile, evaluate, formatDiagnostic, parse, partial, printIr, SymgradError } from '../src/index.ts';
import { emitted } from './emitted.ts';
import { itReads } from './target.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const sample = readFileSync(new URL('../samples/rosenbrock.expr', import.meta.url), 'utf8');
const options = { name: 'rosenbrock.expr', wrt: ['x', 'y'], hessian: true };

describe('the page on structure', () => {
  const page = readFileSync(new URL('../src/grad/README.md', import.meta.url), 'utf8');
  const [, formula] = page.match(/```\n(# @input X[\s\S]*?)```/)!;
  const compiled = compile(formula, { name: 'lr.expr', hessian: true });

  it('shows the graph of the logistic Hessian as it is', () => {
    const [, graph] = page.match(/```\n( {2}%12[\s\S]*?)```/)!;
    expect(printIr(compiled.program)).toContain(graph);
  });

  itReads('shows the code that comes of it', () => {
    const [, code] = page.match(/```js\n([\s\S]*?)```/)!;
    expect(compiled.code).toContain(code);
  });
});

describe('README', () => {
  itReads('shows emitted code as it is', () => {
    const { code } = compile(sample, options);
    const [shown] = readme.match(/(?<=```js\n)\/\/ @generated[\s\S]*?(?=```)/)!;
    for (const piece of shown.split(/\n\n|\/\/ \.\.\..*\n/)) expect(code).toContain(piece.trimEnd());
  });

  it('tells the numbers of its example', async () => {
    const { valueAndGrad } = await emitted(sample, options);
    expect(readme).toContain('// { value: 100, grad: { x: -400, y: 200 } }');
    expect(valueAndGrad({ x: 1, y: 2 })).toEqual({ value: 100, grad: { x: -400, y: 200 } });
  });

  it('tells the factors of a Hessian', async () => {
    const regression = readFileSync(new URL('../samples/logistic-regression.expr', import.meta.url), 'utf8');
    const { bind } = await emitted(regression, { wrt: ['w'], hessian: 'structured' });
    const f = bind({ X: new Float64Array(15).fill(0.5), y: new Float64Array(5), b: 1, n: 5, lambda: 0.25 });
    const F = new Float64Array(f.factorsSize);
    const [penalty, fit] = f.unpackFactors(F).w.w;
    f.hessianFactors(f.pack({ w: [0, 0, 0] }), F);
    expect(F.length).toBe(5 + 1);
    expect(penalty).toEqual({ kind: 'diagonal', factors: [Float64Array.of(0.25)] });
    expect(fit.kind).toBe('low-rank');
    expect([fit.factors[0], fit.factors[2]]).toEqual([f.inputs.X, f.inputs.X]);
  });

  it('tells the numbers of higher derivatives', async () => {
    const blackScholes = readFileSync(new URL('../samples/black-scholes.expr', import.meta.url), 'utf8');
    const greeks = await emitted(blackScholes, { wrt: ['S', 'sigma', 'T'], order: 3 });
    const zomma = greeks.derivative3({ S: 100, K: 100, r: 0.05, sigma: 0.2, T: 1 }).S.S.sigma;
    expect(readme).toContain(`S.S.sigma;   // records nested by name, ${zomma.toFixed(4)}\n`);
    const mixed = partial(parse('x^2 * y^3'), ['x', 'x', 'y']);
    expect(evaluate(mixed, { x: 1, y: 2 }).outputs).toEqual({ x_x_y: 24 });
    expect(readme).toContain('{ x_x_y: 24 }');
  });

  itReads('shows the loops of a formula over arrays as they are', () => {
    const [, formula, loops] = readme.match(
      /```\n(# @input X: n x d[\s\S]*?)```[\s\S]*?```js\n([\s\S]*?)```/,
    )!;
    const { code } = compile(formula, { name: 'logistic-regression.expr' });
    for (const piece of loops.split(/ *\/\/ \.\.\..*\n/)) expect(code).toContain(piece.trimEnd());
  });

  it.each([
    ['e.expr', 'a = 2 * sin x\nr = foo(a) + (b - 1\n'],
    ['mlp.expr', '# @input W: 128 x 784\n# @input x: 10\n# @input b: 128\nz = W * x\nsum(z)\n'],
  ])('shows the errors of %s as they are printed', (name, text) => {
    try {
      compile(text, { name });
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof SymgradError)) throw error;
      for (const diagnostic of error.diagnostics) {
        expect(readme).toContain(formatDiagnostic(diagnostic, { name, text }, { color: false }));
      }
    }
  });

  it('names every option of the command', () => {
    for (const flag of [
      '--jacobian',
      '--hessian',
      '--hvp',
      '--jvp',
      '--vjp',
      '--format',
      '--define',
      '--check',
      '--emit',
      '--stats',
      '--precision',
      '--shape',
      '--unroll',
      '--order',
    ]) {
      expect(readme).toContain(flag);
    }
  });
});
