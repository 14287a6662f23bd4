// Names, orders and references that mean harm: nothing leaves its comment or string, nothing is computed for hours, and
// what makes no sense is refused with a message.

import { describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../src/errors.ts';
import { compile, parseIr, printIr, type SymgradError } from '../../src/index.ts';
import { verify } from '../../src/ir/verify.ts';
import { load } from '../emitted.ts';

const ir = (...lines: string[]): string => `program "p"\n${lines.map(line => `  ${line}\n`).join('')}`;

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as SymgradError).code;
  }
}

describe('names', () => {
  const HOSTILE = ['*/ throw 1 //', ']; throw 2; //', '`; throw 3; `', '</script>', '\u2028', '\ud800'];

  test.each(HOSTILE)('%j stays inside of strings and comments', async name => {
    const quoted = JSON.stringify(name);
    const text = ir(
      `input ${quoted} "${name.replaceAll('\\', '')}"`,
      `wrt ${quoted}`,
      `%0 = input ${quoted}`,
      `%1 = sin %0 as ${quoted}`,
      '%2 = mul %1 %1',
      `return ${quoted} = %2`,
    );
    for (const format of ['esm', 'cjs', 'iife'] as const) {
      const { code, dts } = compile(text, { language: 'ir', format, name: `${name}.ir` });
      expect(code).not.toContain('</script>');
      expect(dts).not.toMatch(/[\u2028\ud800]/);
    }
    const { value } = await load(compile(text, { language: 'ir' }).code);
    expect(value({ [name]: 0.5 })).toBeCloseTo(Math.sin(0.5) ** 2, 14);
  });

  test.each(['class', 'await', 'undefined', 'Math', 'globalThis', '__proto__', 'a;b', '', '1x'])(
    'no global variable is called %j',
    globalName => {
      expect(codeOf(() => compile('x', { format: 'iife', globalName }))).toBe('invalid-name');
    },
  );

  test('a file name does not break the line of a message', () => {
    const diagnostic = {
      severity: 'error',
      code: 'c',
      message: 'a\nb\x1b[31m',
      span: { start: 0, end: 1 },
    } as const;
    const [heading, place] = formatDiagnostic(diagnostic, { name: 'f\n\x1b[0m.expr', text: 'x' }).split('\n');
    expect(heading).toBe('error[c]: a\ufffdb\ufffd[31m');
    expect(place).toBe('  --> f\ufffd\ufffd[0m.expr:1:1');
  });
});

describe('.ir', () => {
  test('orders are bounded', () => {
    for (const op of ['polygamma', 'phi', 'sphericalBessel']) {
      const text = (order: number) =>
        ir('input x', '%0 = input x', `%1 = ${op} %0 order=${order}`, 'return f = %1');
      expect(codeOf(() => parseIr(text(170)))).toBe('none');
      expect(codeOf(() => parseIr(text(171)))).toBe('ir-operands');
      expect(codeOf(() => parseIr(text(1e9)))).toBe('ir-operands');
    }
  });

  test('a node that uses itself', () => {
    expect(codeOf(() => parseIr(ir('input x', '%0 = input x', '%1 = add %1 %0', 'return f = %1')))).toBe(
      'ir-undefined',
    );
  });

  test('a program without an output', () => {
    expect(codeOf(() => parseIr(ir('input x', '%0 = input x')))).toBe('ir-syntax');
  });

  test('xor takes numbers, so that its dump can be read again', () => {
    const { program } = compile('(x > 1) xor (y > 2) ? x : y');
    verify(program);
    expect(printIr(parseIr(printIr(program)))).toBe(printIr(program));
  });
});
