// Random formulas for property tests: text of the language, from a seeded generator.

import fc from 'fast-check';

const UNARY = [
  '-',
  'sin',
  'cos',
  'exp',
  'tanh',
  'sqrt',
  'abs',
  'log',
  'sigmoid',
  'softplus',
  'atan',
  'square',
  'expm1',
  'erf',
];
const BINARY = [' + ', ' - ', ' * ', ' / '];
const LEAVES = ['x', 'y', 'z', '2', '0.5', '1', '3', '-1', 'pi'];

/** Formulas in x, y, z of some ten to thirty operations; values may be NaN or infinite at a given point. */
export function formulas(): fc.Arbitrary<string> {
  const leaf = fc.constantFrom(...LEAVES);
  return fc.letrec<{ formula: string }>(tie => ({
    formula: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc
        .tuple(tie('formula'), fc.constantFrom(...BINARY), tie('formula'))
        .map(([a, op, b]) => `(${a}${op}${b})`),
      fc
        .tuple(fc.constantFrom(...UNARY), tie('formula'))
        .map(([f, a]) => (f === '-' ? `(-${a})` : `${f}(${a})`)),
      fc
        .tuple(tie('formula'), fc.constantFrom('2', '3', '-2', '0.5', '1.5', 'y'))
        .map(([a, n]) => `(${a})^(${n})`),
      fc.tuple(tie('formula'), tie('formula')).map(([a, b]) => `max(${a}, ${b})`),
      fc
        .tuple(tie('formula'), tie('formula'), tie('formula'))
        .map(([a, b, c]) => `(${a} > ${b} ? ${c} : ${a})`),
    ),
  })).formula;
}
