// Emitted modules where they live: strict TypeScript users, pages with a strict content security policy.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { emitModule } from '../../src/codegen/module.ts';
import { emit, HEADER, sketch } from './programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'symgrad-'));
afterAll(() => rmSync(folder, { recursive: true }));

const program = sketch({
  inputs: { x: { doc: 'where */' }, class: {}, __proto__: {}, '×': { default: 2 }, k: { dtype: 'int' } },
  wrt: ['x', 'class', '×'],
  outputs: ({ mul, lgamma }, x) => ({ f: mul(mul(x('x'), lgamma(x('class'))), mul(x('×'), x('k'))) }),
  derivatives: ({ mul }, x) => ({
    grad: { x: mul(x('class'), x('×')) },
    hessian: { 'x.class': x('×') },
    hvp: { x: x('tangent.class') },
    vjp: { x: x('cotangent.f') },
  }),
});

const USE = `
import { bind, grad, hessian, hvp, meta, valueAndGrad, vjp, type Inputs } from './f.mjs';
const inputs: Inputs = { x: 1, class: 2, k: 3 };
const { value, grad: g } = valueAndGrad(inputs);
const sum: number = value + g.x + g['×'] + grad(inputs).class + hessian(inputs).x['×'];
const f = bind({ k: 3 });
const one: number = f.valueAndGrad(f.pack({ x: 1, class: 2 }), new Float64Array(f.size));
f.hvp([1, 2, 3], [1, 0, 0], new Float64Array(3));
const two: number = hvp(inputs, { x: 1, class: 0, '×': 0 }).x + vjp(inputs, 1).grad.x;
const name: string = meta.inputs[0].name;
// @ts-expect-error: x is missing
grad({ class: 2, k: 3 });
// @ts-expect-error: no such partial derivative
grad(inputs).k;
console.log(sum + one + two, name);
`;

describe('emitted modules', () => {
  it('have declarations that check', () => {
    const { dts, code } = emit(program);
    writeFileSync(join(folder, 'f.mjs'), code);
    writeFileSync(join(folder, 'f.d.mts'), dts);
    writeFileSync(join(folder, 'use.mts'), USE);
    const iife = emitModule(program, { format: 'iife', globalName: 'formula', header: HEADER });
    writeFileSync(join(folder, 'g.d.ts'), iife.dts);
    writeFileSync(join(folder, 'script.ts'), 'const v: number = formula.value({ x: 1, class: 2, k: 3 });');
    const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
    const options = '--noEmit --strict --target es2022 --module nodenext --types';
    const files = ['use.mts', 'g.d.ts', 'script.ts'];
    const output = tryRun(tsc, [...options.split(' '), '', ...files]);
    expect(output).toBe('');
  });

  it('need no eval', () => {
    const { code } = emit(program);
    expect(code).not.toMatch(/\beval\b|\bFunction\b|\bimport\b|\brequire\b/);
    writeFileSync(join(folder, 'run.mjs'), `${code}\nconsole.log(value({ x: 1, class: 3, k: 3 }));\n`);
    const flags = ['--disallow-code-generation-from-strings', join(folder, 'run.mjs')];
    expect(Number(tryRun(process.execPath, flags))).toBeCloseTo(6 * Math.log(2), 12);
  });
});

/** What a command prints, also when it fails. */
function tryRun(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd: folder, encoding: 'utf8' }).trim();
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
