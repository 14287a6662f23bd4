// Formulas with arrays on the command line: what shapes the module is obeyed and recorded, what cannot be is refused, and
// the graph comes out in every form.

import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { workplace } from './command.ts';

const REGRESSION = `# Least squares with a penalty.
# @input X: n x d
# @input y: n
# @input w: d
# @input lambda: scalar = 0.5
# @wrt w
r = X * w - y
mean(r .^ 2) + lambda * dot(w, w)
`;

const load = (path: string, file: string) => import(/* @vite-ignore */ pathToFileURL(`${path}/${file}`).href);

describe('the module', () => {
  test('is written, declared, and runs', async () => {
    const { symgrad, path, read, list } = workplace({ 'f.expr': REGRESSION });
    const { code, stdout, stderr } = symgrad('f.expr', '--hessian', '-o', 'f.mjs', '--dts');
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(list()).toEqual(['f.d.mts', 'f.expr', 'f.mjs']);
    expect(read('f.d.mts')).toContain('/** n x d. */ X: Tensor;');
    const { valueAndGrad } = await load(path, 'f.mjs');
    const at = { X: [[1, 2]], y: [3], w: [1, 0] };
    expect(valueAndGrad(at)).toEqual({ value: 4 + 0.5, grad: { w: Float64Array.of(-4 + 1, -8) } });
  });

  test('what shapes it stands in its first line', async () => {
    const { symgrad, path, read } = workplace({ 'f.expr': REGRESSION });
    const words = '--shape X=4x2 --shape y=4 --shape w=2 --define lambda=2 --precision f32 --unroll 10 -O1';
    const { code } = symgrad('f.expr', ...words.split(' '), '-o', 'f.mjs');
    expect(code).toBe(0);
    const [first] = read('f.mjs').split('\n');
    expect(first).toContain(
      ' f.expr --wrt w --define lambda=2 --shape X=4x2 --shape y=4 --shape w=2 --precision f32 --unroll 10 -O1.',
    );
    const { meta, grad } = await load(path, 'f.mjs');
    expect(meta.inputs.map(({ shape }: { shape: unknown }) => shape)).toEqual([[4, 2], [4], [2]]);
    expect(meta.sizes).toEqual([]);
    const at = { X: [1, 0, 0, 1, 1, 1, 0, 0], y: [0, 0, 0, 0], w: [1, 1] };
    expect(grad(at).w).toEqual(Float32Array.of(1.5 + 4, 1.5 + 4));
  });

  test('small tensors are written out as far as --unroll says', () => {
    const { symgrad } = workplace({ 'f.expr': '# @input x: 30\nsum(exp(x))\n' });
    expect(symgrad('f.expr').stdout).not.toContain('for (let i');
    expect(symgrad('f.expr', '--unroll', '0').stdout).toContain('for (let i');
    expect(symgrad('f.expr', '--unroll', '20').stdout).toContain('for (let i');
    expect(symgrad('f.expr', '--unroll', '1000').stdout).toBe(
      symgrad('f.expr').stdout.replace('. Do not', ' --unroll 1000. Do not'),
    );
  });

  test('formats, and several files at once', () => {
    const { symgrad, list, read } = workplace({ 'f.expr': REGRESSION, 'g.expr': '# @input x: n\nsum(x)\n' });
    expect(symgrad('f.expr', 'g.expr', '-o', 'out', '-f', 'iife', '--name', 'model', '--dts').code).toBe(0);
    expect(list('out')).toEqual(['f.d.ts', 'f.js', 'g.d.ts', 'g.js']);
    expect(read('out/g.js')).toContain('var model = (() => {');
  });
});

describe('sparse matrices', () => {
  test('of tensors whose lengths are open have their pattern from bind', async () => {
    const { symgrad, path, read } = workplace({
      'f.expr': '# @input x: n\nsum((x[2:end] - x[1:end-1]) .^ 3)',
    });
    expect(symgrad('f.expr', '--hessian=sparse', '-o', 'f.mjs', '--dts', '--check=3').code).toBe(0);
    const { bind, hessian } = await load(path, 'f.mjs');
    const pattern = {
      rowIndex: Int32Array.of(0, 1, 0, 1, 2, 1, 2),
      colPointer: Int32Array.of(0, 2, 5, 7),
    };
    expect(bind({ n: 3 }).hessianPattern).toEqual(pattern);
    expect(hessian({ x: [0, 1, 3] })).toEqual({
      values: Float64Array.of(6, -6, -6, 18, -12, -12, 12),
      ...pattern,
    });
    expect(read('f.d.mts')).toContain('  readonly hessianPattern: { readonly rowIndex: Int32Array;');
  });

  test('whose pattern would move with the variables are refused, and nothing is written', () => {
    const text = '# @input A: n x 3\n# @input w: 3 x n\nsum(A[argmax(w, 2), :] .^ 3)\n';
    const { symgrad, list } = workplace({ 'f.expr': text });
    const { code, stdout, stderr } = symgrad('f.expr', '--hessian=sparse', '-o', 'f.mjs');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(
      'error[sparse-tensors]: which elements of the Hessian are zero depends on the values of w\n',
    );
    expect(stderr).toContain('= hint: leave out `=sparse`');
    expect(list()).toEqual(['f.expr']);
    expect(symgrad('f.expr', '--hessian=sparse', '--wrt', 'A').code).toBe(0);
  });

  test('with fixed lengths have a pattern for all values of the variables', async () => {
    const { symgrad, path } = workplace({ 'f.expr': '# @input x: 3\nx[argmax(x)] * x\n' });
    expect(symgrad('f.expr', '--jacobian=sparse', '--unroll', '0', '-o', 'f.mjs').stderr).toBe('');
    const { jacobian } = await load(path, 'f.mjs');
    const { values, rowIndex } = jacobian({ x: [1, 2, 5] });
    expect(values).toEqual(Float64Array.of(5, 0, 0, 0, 5, 0, 1, 2, 10));
    expect(rowIndex).toEqual(Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2));
  });

  test('of small ones with fixed lengths are there', async () => {
    const { symgrad, path } = workplace({ 'f.expr': REGRESSION });
    const shapes = ['--shape', 'X=3x2', '--shape', 'y=3', '--shape', 'w=2'];
    expect(symgrad('f.expr', '--hessian=sparse', ...shapes, '-o', 'f.mjs').stderr).toBe('');
    const { hessian } = await load(path, 'f.mjs');
    const { values } = hessian({ X: [3, 0, 0, 3, 0, 0], y: [0, 0, 0], w: [1, 1] });
    expect(values).toEqual(Float64Array.of(7, 0, 0, 7));
  });

  test('Jacobians too', () => {
    const { symgrad } = workplace({ 'f.expr': '# @input x: n\nx .^ 2\n' });
    expect(symgrad('f.expr', '--jacobian=sparse').stdout).toContain(
      "jacobian: { form: 'sparse', nonzeros: 'n' }",
    );
    expect(symgrad('f.expr', '--jacobian=sparse', '--shape', 'x=3').stdout).toContain('jacobianPattern');
  });

  test('--stats tells their nonzeros, their colours and what they are made from', () => {
    const merged = '# @input A: 30 x 40\ny = reshape(exp(A), [1200])\ny[2:1200] .* y[1:1199]\n';
    const { symgrad } = workplace({ 'f.expr': '# @input x: 500\nx .^ 2\n', 'g.expr': merged });
    const table = (file: string) => {
      const { stderr } = symgrad(file, '--jacobian=sparse', '--stats');
      return stderr.split('\n').map(line => line.split(/ +/).join(' '));
    };
    expect(table('f.expr')).toContain('jacobian 500 1 columns terms');
    expect(table('g.expr')).toContain('jacobian 2398 2 columns colours');
  });
});

describe('everything else', () => {
  test.each(['ir', 'dot', 'tex', 'json'])('--emit %s', kind => {
    const { symgrad } = workplace({ 'f.expr': REGRESSION });
    const { code, stdout, stderr } = symgrad('f.expr', '--hessian', '--emit', kind);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.length).toBeGreaterThan(100);
    if (kind === 'json') expect(JSON.parse(stdout)).toMatchObject({ wrt: ['w'] });
  });

  test('what --emit ir prints compiles again', () => {
    const { symgrad, symgradWith } = workplace({ 'f.expr': REGRESSION });
    const ir = symgrad('f.expr', '--emit', 'ir').stdout;
    const { code, stdout } = symgradWith({ input: ir }, '-');
    expect(code).toBe(0);
    expect(stdout).toContain('export function grad(inputs)');
  });

  test('--stats tells what became loops', () => {
    const { symgrad } = workplace({
      'f.expr': '# @input A: n x n\n# @input B: n x n\n# @wrt A\nsum(tanh(A * B))\n',
    });
    const { code, stderr } = symgrad('f.expr', '--stats', '-o', 'f.mjs');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^function +units +loops +unmerged +products$/m);
    expect(stderr).toMatch(/^valueAndGrad +\d+ +\d+ +\d+ +2$/m);
    expect(stderr).toMatch(/^workspace +elements$/m);
    expect(stderr).toMatch(/ n\*n$/m);
    expect(symgrad('f.expr', '--stats', '--shape', 'A=2x2', '--shape', 'B=2x2').stderr).not.toContain(
      'merged',
    );
  });

  test('--check runs the module at small sizes', () => {
    const { symgrad } = workplace({ 'f.expr': REGRESSION });
    for (const words of [
      ['--hvp'],
      ['--precision', 'f32'],
      ['--shape', 'w=3', '--shape', 'X=nx3'],
      ['-f', 'cjs'],
    ]) {
      const { code, stderr } = symgrad('f.expr', '--check=4', ...words);
      expect([code, words, stderr]).toEqual([0, words, stderr]);
      expect(stderr).toMatch(/^checked at 4 points$/m);
      expect(stderr).toMatch(/^grad +differences +4 .* ok$/m);
      expect(stderr).toMatch(/^value +mathjs +\d .* ok$/m);
    }
  });

  test('mistakes of shape have a place', () => {
    const { symgrad } = workplace({ 'f.expr': '# @input A: n x 3\n# @input v: 4\nsum(A * v)\n' });
    const { code, stdout, stderr } = symgrad('f.expr');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('--> f.expr:3:5');
    expect(symgrad('f.expr', '--shape', 'A=n x').code).toBe(1);
    expect(symgrad('f.expr', '--shape', 'B=3').code).toBe(1);
  });
});
