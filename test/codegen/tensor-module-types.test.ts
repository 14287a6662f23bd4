// The declarations of tensor modules hold under a strict compiler, and refuse what the module would refuse.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CompileOptions, compile } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'symgrad-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A module and its declarations. */
function write(name: string, text: string, options: CompileOptions): void {
  const { code, dts } = compile(text, { ...options, name: `${name}.expr` });
  writeFileSync(join(folder, `${name}.mjs`), code);
  writeFileSync(join(folder, `${name}.d.mts`), dts);
}

const INPUTS = `# @input X: n x 2 -- the samples */
# @input k: n int
# @input w: 2 = 1
# @input class: scalar
# @input ×: 2 x 2
# @wrt w, class, ×
`;

const USE = `
import { bind, grad, hessian, hvp, jvp, meta, valueGradAndHessian, vjp, type Gradient, type Inputs, type Tensor } from './f.mjs';
import { bind as bindSeveral, jacobian, value, vjp as vjpSeveral } from './g.mjs';
import { bind as bindSparse, meta as metaSparse } from './j.mjs';
import { bind as bindSmall, grad as gradSmall, hessian as sparse } from './h.mjs';

const nested: Tensor = [[1, 2], [3, 4]];
const inputs: Inputs = { X: nested, k: [1, 2], class: 2, '×': Float32Array.of(1, 2, 3, 4) };
const g: Gradient = grad(inputs);
const w: Float64Array = g.w;
const n: number = g.class + hessian({ ...inputs, w: [1, 2], n: 2 }).class.class;
const block: Float64Array = hessian(inputs).w['×'];
const all: { value: number; grad: Gradient } = valueGradAndHessian(inputs);
const v = { w: [1, 2], class: 1, '×': [[1, 0], [0, 1]] };
const products: number = hvp(inputs, v).class + jvp(inputs, v).tangent + vjp(inputs, 1).value;

const f = bind({ X: Float64Array.of(1, 2), k: Int32Array.of(1), n: 1 });
const theta: Float64Array = f.pack({ class: 1, '×': [1, 2, 3, 4] });
const value1: number = f.valueAndGrad(theta, new Float64Array(f.size)) + f.sizes.n;
f.hvp([1, 2, 3, 4, 5, 6, 7], theta.slice(), new Float64Array(7));
f.inputs.X.set([1, 2]);
f.inputs.k[0] = 1;
const back: Gradient = f.unpack(theta);

const many: { r: Float64Array; s: number } = value(inputs);
const J: Float64Array = jacobian(inputs).r.w;
const row: Gradient = jacobian(inputs).s;
vjpSeveral(inputs, { r: [1, 2], s: 1 });
const none: void = bindSeveral({ X: nested, k: [1, 2] }).value(theta, new Float64Array(3));
const columns: Int32Array = sparse({ x: [1, 2] }).colPointer;
const single: Float32Array = gradSmall({ x: [1, 2] }).x;
const shape: readonly (number | string)[] = meta.inputs[0].shape;
bindSmall().pack({ x: single });

// @ts-expect-error: X is missing
grad({ k: [1], class: 2, '×': [] });
// @ts-expect-error: a number is no tensor
grad({ ...inputs, X: 1 });
// @ts-expect-error: a text is no tensor
grad({ ...inputs, X: [['1']] });
// @ts-expect-error: a tensor is no number
grad({ ...inputs, class: [1] });
// @ts-expect-error: k has no derivative
grad(inputs).k;
// @ts-expect-error: blocks are of doubles
const wrong: Int32Array = hessian(inputs).w.w;
// @ts-expect-error: the cotangent of one output is bare
vjp(inputs, { value: 1 });
// @ts-expect-error: the arrays are filled, not replaced
f.inputs.X = new Float64Array(2);
// @ts-expect-error: sizes are fixed
f.sizes.n = 3;
// @ts-expect-error: arrays of the caller are typed
f.valueAndGrad(theta, [1, 2]);
// @ts-expect-error: of single precision here
bindSmall().valueAndGrad(single, new Float64Array(2));
const pattern: Int32Array = bindSparse({ k: [1, 2], n: 3 }).hessianPattern.rowIndex;
const nonzeros: number | string | undefined = metaSparse.hessian.nonzeros;
// @ts-expect-error: what decides the pattern is no input of bound functions
bindSparse({ k: [1, 2], n: 3 }).inputs.k;
console.log(pattern, nonzeros, w, n, block, all, products, value1, back, many, J, row, none, columns, shape, wrong);
`;

test('a consumer compiles', () => {
  write('f', `${INPUTS}sum((X * (× * w)) .^ 2 + w[k]) * class`, {
    hessian: true,
    hvp: true,
    jvp: true,
    vjp: true,
  });
  write('g', `# @output r, s\n${INPUTS}r = X * (× * w) + w[k] * class\ns = sum(r)`, { vjp: true });
  write('h', '# @input x: 2\nx[1]^2 * x[2]', { hessian: 'sparse', precision: 'f32' });
  write('j', '# @input v: n\n# @input k: m int\n# @wrt v\nsum(exp(v[k]))', { hessian: 'sparse' });
  writeFileSync(join(folder, 'use.mts'), USE);
  const script = compile('# @input x: n\nsum(x .^ 2)', { format: 'iife', globalName: 'formula' });
  writeFileSync(join(folder, 'i.d.ts'), script.dts);
  writeFileSync(join(folder, 'script.ts'), 'const v: Float64Array = formula.grad({ x: [1, 2] }).x;');
  const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
  const options =
    '--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess false --target es2022 --module nodenext --types';
  expect(tryRun(tsc, [...options.split(' '), '', 'use.mts', 'i.d.ts', 'script.ts'])).toBe('');
  // What it says is also what happens.
  const run = `${USE.slice(0, USE.indexOf('// @ts-expect-error'))}\nconsole.log('done');`;
  writeFileSync(join(folder, 'run.mts'), run);
  tryRun(tsc, ['--target', 'es2022', '--module', 'nodenext', '--types', '', 'run.mts']);
  expect(tryRun(process.execPath, [join(folder, 'run.mjs')])).toBe('done');
});

/** What a command prints, also when it fails. */
function tryRun(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: 'utf8' }).trim();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}
