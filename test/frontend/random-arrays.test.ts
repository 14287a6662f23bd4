// Random formulas of arrays: each compiles to a program that keeps all invariants, or is refused with a mistake; where
// mathjs gives a value too, it is the same one, of the same shape.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SymgradError } from '../../src/errors.ts';
import { parseFormula } from '../../src/frontend/index.ts';
import { evaluate } from '../../src/ir/evaluate.ts';
import { evaluateSize } from '../../src/ir/size.ts';
import { verify } from '../../src/ir/verify.ts';
import type { Nested } from '../conformance/cases.ts';
import { elements, evaluateInMathjs, type Flat } from '../conformance/oracle.ts';

const SIZES = { n: 3, m: 2 };
// biome-ignore format: one input a line
const INPUTS: Readonly<Record<string, readonly [dims: string, value: Nested]>> = {
  s: ['scalar', 1.5],
  v: ['3', [2, -1.5, 0.5]],
  w: ['n', [0.25, 3, -2]],
  A: ['2 x 3', [[1.5, -2, 0.5], [3, 0.25, -1]]],
  B: ['n x 2', [[2, -1], [0.5, 1.5], [-3, 0.25]]],
  S: ['m x m', [[2, -0.5], [1.5, 1]]],
  C: ['2 x 1', [[3], [-2]]],
  T: ['2 x n x m', [[[1, -2], [0.5, 3], [-1.5, 2]], [[4, 0.25], [-3, 1], [2.5, -0.5]]]],
  k: ['scalar int', 2],
  l: ['n int', [3, 1, 3]],
};

const words = (text: string) => fc.constantFrom(...text.split('|'));
const LEAVES =
  's|v|w|A|B|S|C|T|2|1|n|m|[1, 2, 3]|[s, 2]|[1,2;3,4]|[v, w]|zeros(2)|ones(n)|identity(2)|(1:n)|(0:2)|size(A)|size(B)[1]';
const INDICES =
  '[1]|[end]|[2:end]|[:]|[1, :]|[:, 2]|[:, end]|[end, 1]|[2:-1:1, :]|[[2, 1], :]|[l]|[k]|[k, l]|[1, :, 2]|[:, :, end]|' +
  '[1:1, 2]|[end-1]|[1:2:end]';
const OF_ONE =
  'sum|prod|max|min|mean|tanh|abs|relu|-|flatten|squeeze|diag|trace|norm|cumsum|softmax|logsumexp|argmax|variance|std|' +
  'size|not |logsoftmax|hypot|transpose';

/** A formula and the ones it is made of, in parentheses where it matters. */
const formula = fc.letrec<{ part: string }>(tie => ({
  part: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    words(LEAVES),
    fc
      .tuple(tie('part'), words('+|-|*|.*|./|/|<|>=|=='), tie('part'))
      .map(([x, op, y]) => `(${x} ${op} ${y})`),
    fc.tuple(tie('part'), words("'|.^2|^2|^0")).map(([x, op]) => `(${x})${op}`),
    fc.tuple(words(OF_ONE), tie('part')).map(([f, x]) => `${f}(${x})`),
    // Not max and min: mathjs cannot tell a dimension that is a literal.
    fc
      .tuple(
        words('sum|prod|mean|cumsum|softmax|logsumexp|argmax|std|row|column|diag'),
        tie('part'),
        words('1|2'),
      )
      .map(([f, x, dimension]) => `${f}(${x}, ${dimension})`),
    fc
      .tuple(words('dot|outer|kron|concat|cross|atan2|hypot'), tie('part'), tie('part'))
      .map(([f, x, y]) => `${f}(${x}, ${y})`),
    fc.tuple(tie('part'), words(INDICES)).map(([x, index]) => `(${x})${index}`),
    fc
      .tuple(tie('part'), words('[3, 2]|[-1]|[6]|[2, -1]|[n, 1]|[1, m]'))
      .map(([x, lengths]) => `reshape(${x}, ${lengths})`),
    fc.tuple(tie('part'), tie('part')).map(([x, y]) => `[${x}, ${y}]`),
    fc.tuple(tie('part'), tie('part'), tie('part')).map(([c, x, y]) => `(${c} ? ${x} : ${y})`),
    fc.tuple(tie('part'), tie('part'), tie('part')).map(([c, x, y]) => `where(${c}, ${x}, ${y})`),
    tie('part').map(x => `map(${x}, f(t) = t * t + s)`),
  ),
})).part;

test('random formulas of arrays', () => {
  let compared = 0;
  fc.assert(
    fc.property(formula, text => {
      const names = new Set(text.match(/[A-Za-z]\w*/g));
      const used = Object.entries(INPUTS).filter(([name]) => names.has(name) || name === 'B' || name === 'S');
      const file = used.map(([name, [dims]]) => `# @input ${name}: ${dims}\n`).join('') + text;
      const inputs = Object.fromEntries(used.map(([name, [, value]]) => [name, value]));
      const ours = ourValue(file, inputs);
      const theirs = ours && theirValue(file, inputs);
      if (theirs === undefined) return;
      compared++;
      expect(ours?.shape).toEqual(theirs.shape);
      for (const [i, x] of theirs.data.entries())
        expect(ours?.data[i]).toSatisfy(y => isNear(x, y as number));
    }),
    { numRuns: 2000, seed: 3 },
  );
  expect(compared).toBeGreaterThan(300);
});

/** Undefined if it is refused, or if lengths that only the inputs tell do not fit. */
function ourValue(text: string, inputs: Readonly<Record<string, Nested>>): Flat | undefined {
  try {
    const program = parseFormula(text);
    verify(program);
    const [{ name, shape }] = program.outputs;
    const flat = Object.entries(inputs).map(([key, value]) => [
      key,
      typeof value === 'number' ? value : elements(value),
    ]);
    const result = evaluate(program, { ...Object.fromEntries(flat), ...SIZES }).outputs[name];
    const lengths = shape.map(size => evaluateSize(size, new Map(Object.entries(SIZES))));
    const data = typeof result === 'number' ? [result] : Array.from(result);
    expect(data.length).toBe(lengths.reduce((p, q) => p * q, 1));
    return { shape: lengths, data };
  } catch (error) {
    if (error instanceof SymgradError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function theirValue(text: string, inputs: Readonly<Record<string, Nested>>): Flat | undefined {
  try {
    return evaluateInMathjs({ text, inputs, sizes: SIZES });
  } catch {
    return undefined;
  }
}

function isNear(x: number, y: number): boolean {
  return Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x));
}
