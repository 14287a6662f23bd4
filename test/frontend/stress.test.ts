// Large, deep and hostile texts compile or are refused, in time that grows with their length.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { SymgradError } from '../../src/errors.ts';
import { ParenthesisNode, SymbolNode } from '../../src/frontend/ast.ts';
import { type ParseOptions, parseFormula } from '../../src/frontend/index.ts';
import { postorder } from '../../src/frontend/postorder.ts';

function lines(count: number, line: (i: number) => string, separator = '\n'): string {
  return Array.from({ length: count }, (_, i) => line(i)).join(separator);
}

function codeOf(text: string, options?: ParseOptions): string | undefined {
  try {
    parseFormula(text, options);
    return undefined;
  } catch (error) {
    if (error instanceof SymgradError) return error.code;
    throw error;
  }
}

describe('large', () => {
  test('a sum of 100,000 terms', () => {
    const { graph } = parseFormula(lines(100_000, i => `x${i % 10}*${i}`, ' + '));
    expect(graph.nodes.length).toBeGreaterThan(250_000);
  });

  test('100,000 statements', () => {
    const { outputs } = parseFormula(`v0 = x\n${lines(100_000, i => `v${i + 1} = v${i} * y + ${i}`)}`);
    expect(outputs[0].name).toBe('v100000');
  });

  test('10 MB of comments', () => {
    const text = `${lines(200_000, i => `# a long line of comment with an @ and a # in it, number ${i}`)}\nx`;
    expect(text.length).toBeGreaterThan(1e7);
    expect(parseFormula(text).inputs.length).toBe(1);
  });

  test('20,000 mistakes are counted, not listed', () => {
    const text = lines(20_000, i => `a${i} = foo(${i})`);
    const error = (() => {
      try {
        return parseFormula(text);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect((error as SymgradError).diagnostics.length).toBe(50);
  });

  test('a syntax error at the end of a line of 1 MB', () => {
    expect(codeOf(`${'x + '.repeat(250_000)}** 3`)).toBe('syntax');
  });

  test('100,000 elements and arguments', () => {
    expect(parseFormula(`[${lines(100_000, i => `x + ${i}`, ',')}]`).outputs[0].shape).toEqual([100_000]);
    expect(parseFormula(`sum(${lines(100_000, i => `x${i}`, ',')})`).inputs.length).toBe(100_000);
    expect(parseFormula(`max(${lines(10_000, i => `x${i}`, ',')})`).inputs.length).toBe(10_000);
    expect(codeOf(`max(${lines(10_001, i => `x${i}`, ',')})`)).toBe('too-large');
  });

  test('a literal of 400 x 400 numbers is one node', () => {
    const rows = lines(400, i => lines(400, j => `${((i * 7 + j * 13) % 101) / 7 - 5}`, ','), ';');
    const start = performance.now();
    const { graph } = parseFormula(`# @input x: 400\n[${rows}] * x`);
    expect(graph.nodes.length).toBe(3);
    expect(performance.now() - start).toBeLessThan(10_000); // 0.5 s on a machine that does nothing else
  });

  test('100,000 statements about matrices, positions, elements', () => {
    const steps = lines(100_000, i => `v${i + 1} = v${i} * A + ${i}`);
    expect(parseFormula(`# @input A: 3 x 3\nv0 = A\n${steps}`).outputs[0].shape).toEqual([3, 3]);
    const sum = lines(20_000, i => `x[${(i % 100) + 1}] * ${i}`, ' + ');
    expect(parseFormula(`# @input x: 100\n${sum}`).graph.nodes.length).toBeGreaterThan(40_000);
    const elements = lines(20_000, i => `x[${(i % 100) + 1}] * ${i}`, ',');
    expect(parseFormula(`# @input x: 100\n[${elements}]`).outputs[0].shape).toEqual([20_000]);
    const rows = lines(20_000, i => `x * ${i}`, ',');
    expect(parseFormula(`# @input x: 3\n[${rows}]`).outputs[0].shape).toEqual([20_000, 3]);
  });
});

describe('deep', () => {
  test('parentheses beyond the stack', () => {
    expect(codeOf(`${'('.repeat(100_000)}x${')'.repeat(100_000)}`)).toBe('too-deep');
    expect(codeOf(`5 % ${'('.repeat(100_000)}x${')'.repeat(100_000)}`)).toBe('too-deep');
  });

  test('nothing of ours recurses: parentheses of any depth', () => {
    const place = { span: { start: 0, end: 1 }, first: 0, last: 0 };
    let tree: ParenthesisNode | SymbolNode = new SymbolNode({ ...place, text: 'x' });
    for (let i = 0; i < 1_000_000; i++) tree = new ParenthesisNode(place, tree);
    expect(postorder(tree).nodes.length).toBe(1);
  });

  test('a chain of 10,000 calls', () => {
    const text = `f0(x) = x + 1\n${lines(10_000, i => `f${i + 1}(x) = f${i}(x) * 2`)}\nf10000(y)`;
    expect(parseFormula(text).graph.nodes.length).toBeGreaterThan(10_000);
    expect(parseFormula(text.replace(/f10000\(y\)$/, 'y')).diagnostics.length).toBe(1);
  });

  test('a cycle of 10,000 functions is named in short', () => {
    const text = `f0(x) = f10000(x)\n${lines(10_000, i => `f${i + 1}(x) = f${i}(x) * 2`)}\nf10000(y)`;
    expect(codeOf(text)).toBe('recursion');
  });
});

describe('exponential', () => {
  test('calls with equal arguments are lowered once', () => {
    const text = `f0(x) = x + 1\n${lines(60, i => `f${i + 1}(x) = f${i}(x) * f${i}(x)`)}\nf60(y)`;
    expect(parseFormula(text).graph.nodes.length).toBeLessThan(100);
  });

  test('calls with different arguments reach the limit', () => {
    const text = `f0(x) = sin(x)\n${lines(60, i => `f${i + 1}(x) = f${i}(cos(x)) - f${i}(sin(x))`)}\nf60(y)`;
    expect(codeOf(text, { maxNodes: 100_000 })).toBe('too-large');
  });

  test('so does work that makes no nodes', () => {
    const text = `f0(x) = 0\n${lines(60, i => `f${i + 1}(x) = f${i}(2 x) + f${i}(3 x + 1)`)}\nf60(1)`;
    expect(codeOf(text, { maxNodes: 100_000 })).toBe('too-large');
  });

  test('lengths that are long formulas of sizes are refused', () => {
    const powers = lines(30, i => `a${i + 1} = a${i} * (n + ${i} + m * a${i})`);
    expect(codeOf(`# @input X: n x m\na0 = n + m\n${powers}\nzeros(a30)`)).toBe('length');
    const floors = lines(10_000, i => `a${i + 1} = floor(a${i} / 2) + n`);
    expect(codeOf(`# @input X: n x m\na0 = n\n${floors}\nzeros(a10000)`)).toBe('length');
    expect(codeOf(`# @input x: n\nreshape(x, [${lines(100, () => 'n + 1', ',')}])`)).toBe('array');
  });

  test('arrays that double', () => {
    const joined = lines(40, i => `x${i + 1} = concat(x${i}, x${i})`);
    expect(codeOf(`# @input x0: 1000\n${joined}\nx40`)).toBe('too-large');
    const stacked = lines(40, i => `x${i + 1} = [x${i}, x${i}]`);
    expect(codeOf(`# @input x0: 3\n${stacked}\nx40`)).toBe('array');
  });

  test('percentages share their base', () => {
    expect(parseFormula(`${'('.repeat(60)}x${' + 5%)'.repeat(60)}`).graph.nodes.length).toBeGreaterThan(120);
  });
});

test('with a larger stack, 100,000 parentheses compile', async () => {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    input: fileURLToPath(new URL('../../src/frontend/index.ts', import.meta.url)),
    platform: 'node',
  });
  const { output } = await bundle.generate({ format: 'cjs' });
  const code = `${output[0].code}
    const n = 100000;
    const { inputs } = module.exports.parseFormula('('.repeat(n) + 'x' + ')'.repeat(n));
    require('node:worker_threads').parentPort.postMessage(inputs.map(({ name }) => name));`;
  const worker = new Worker(code, { eval: true, resourceLimits: { stackSizeMb: 900 } });
  const message = await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  );
  expect(message).toEqual(['x']);
});
