// Formulas as large as they come: the work grows with their size and not faster, what comes out runs and is right, and
// what cannot be run is refused. Growth is told by counts of operations where it can; times only guard against hanging.

import { describe, expect, test } from 'vitest';
import { wrap } from '../../src/codegen/text.ts';
import { type SymgradError, suggest } from '../../src/errors.ts';
import { compile } from '../../src/index.ts';
import { emitted } from '../emitted.ts';

/** `line(0)`, `line(1)`, ... joined. */
function list(count: number, line: (i: number) => string, separator = ','): string {
  return Array.from({ length: count }, (_, i) => line(i)).join(separator);
}

function codesOf(text: string): readonly string[] {
  try {
    compile(text);
    return [];
  } catch (error) {
    return (error as SymgradError).diagnostics.map(({ code }) => code);
  }
}

function milliseconds(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Far above what linear work takes, far below what quadratic work does. */
const HANGS = 20_000;

describe('operations of many values', () => {
  test.each(['max', 'min', 'hypot', 'logsumexp'])('%s: the gradient costs a constant per value', name => {
    const operations = (count: number) =>
      compile(`${name}(${list(count, i => `x + ${i}`)})`).stats.operations.valueAndGrad;
    const [small, large] = [operations(250), operations(500)];
    expect(large / small).toBeLessThan(2.1);
  });

  test('ties among many share evenly', async () => {
    const { valueAndGrad } = await emitted(`max(${'x,'.repeat(2999)}y)`);
    const { grad } = valueAndGrad({ x: 1, y: 1 });
    expect(grad.y).toBe(1 / 3000);
    expect(grad.x).toBeCloseTo(2999 / 3000, 12);
    expect(valueAndGrad({ x: 1, y: 2 })).toEqual({ value: 2, grad: { x: 0, y: 1 } });
  });

  test('10,000 values are one call; more are refused', async () => {
    const { value } = await emitted(`hypot(${'x,'.repeat(9_999)}x)`, { wrt: [] });
    expect(value({ x: 3 })).toBeCloseTo(300, 10);
    for (const name of ['max', 'min', 'hypot', 'logsumexp']) {
      expect(codesOf(`${name}(${'x,'.repeat(10_000)}x)`)).toEqual(['too-large']);
    }
    // An array of so many is a tensor, which has no such limit.
    const norm = await emitted(`hypot([${'x,'.repeat(10_000)}x])`, { wrt: [] });
    expect(norm.value({ x: 3 })).toBeCloseTo(3 * Math.sqrt(10_001), 10);
    expect(compile(`sum(${'x,'.repeat(10_000)}x)`).stats.operations.value).toBeGreaterThan(1);
  });
});

describe('chains', () => {
  test('a power of a power of ...', () => {
    const tower = (count: number) => `a0 = x\n${list(count, i => `a${i + 1} = x^a${i}`, '\n')}`;
    const operations = (count: number) => compile(tower(count)).stats.operations.valueAndGrad;
    expect(operations(2000) / operations(1000)).toBeLessThan(2.1);
    expect(milliseconds(() => compile(tower(6000)))).toBeLessThan(HANGS);
  });

  test.each([
    ['selections', 'a# = b# > # ? sin(b#) : b# * y'],
    ['maxima', 'a# = max(b#, y * #)'],
    ['clamps', 'a# = clamp(b# * y, -#, x)'],
    ['kinks', 'a# = abs(b# - #)'],
    ['powers with guards', 'a# = b# > y * # ? b#^y : sin(y)'],
  ])('guards of %s do not pile up', (_, line) => {
    const chain = (count: number) =>
      `b1 = x\n${list(count, i => line.replaceAll('b#', i === 0 ? 'b1' : `a${i}`).replaceAll('#', `${i + 1}`), '\n')}`;
    const operations = (count: number) => compile(chain(count)).stats.operations.valueAndGrad;
    expect(operations(600) / operations(300)).toBeLessThan(2.1);
  });
});

describe('many inputs and outputs', () => {
  test('70,000 inputs: the module loads, and its derivatives are right', async () => {
    const count = 70_000;
    const { bind } = await emitted(
      list(count, i => `x${i}`, '+'),
      { hessian: 'sparse' },
    );
    const f = bind();
    const theta = new Float64Array(count).fill(0.5);
    const g = new Float64Array(count);
    expect(f.valueAndGrad(theta, g)).toBe(count / 2);
    expect(g.every(each => each === 1)).toBe(true);
    expect(f.pack(f.unpack(theta))).toEqual(theta);
  });

  test('70,000 outputs and a sparse pattern of as many entries', async () => {
    const count = 70_000;
    const text = `[${list(count, i => `x * ${i}`)}]`;
    const { value, jacobian } = await emitted(text, { jacobian: 'sparse' });
    expect(value({ x: 2 })[count - 1]).toBe(2 * (count - 1));
    const { values, rowIndex } = jacobian({ x: 2 });
    expect(values[count - 2]).toBe(count - 1);
    expect(rowIndex[count - 2]).toBe(count - 1);
  });

  test('20,000 inputs that are declared, read by many parts of a function', () => {
    const declared = list(20_000, i => `# @input x${i}: scalar = ${i} -- doc ${i}`, '\n');
    expect(milliseconds(() => compile(`${declared}\n${list(20_000, i => `sin(x${i})`, '+')}`))).toBeLessThan(
      HANGS,
    );
  });
});

describe('much that is wrong', () => {
  test('unknown outputs are not compared with every name', () => {
    const names = list(20_000, i => `a${i}`);
    const text = `# @output ${names}\n${list(20_000, i => `b${i} = x * ${i}`, '\n')}`;
    expect(milliseconds(() => expect(codesOf(text).length).toBe(50))).toBeLessThan(HANGS);
  });

  test('names too long to be mistyped are not compared', () => {
    expect(milliseconds(() => suggest('a'.repeat(1e6), [`${'a'.repeat(1e6)}b`]))).toBeLessThan(100);
  });
});

test('a line of 5 MB is wrapped in linear time', () => {
  const line = list(500_000, i => `a[${i % 100}] = `, '');
  const lines: string[] = [];
  expect(milliseconds(() => lines.push(...wrap(`${line}1;`, 100)))).toBeLessThan(HANGS);
  expect(lines.join(' ').replaceAll(/\s+/g, '')).toBe(`${line}1;`.replaceAll(/\s+/g, ''));
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
});
