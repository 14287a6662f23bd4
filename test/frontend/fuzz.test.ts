// Texts made of random tokens: each compiles or is refused with a SymgradError whose places are in the text, and the
// leaves of the tree are where they say.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDiagnostic, type Span, SymgradError } from '../../src/errors.ts';
import type { Ast, ConstantNode, SymbolNode } from '../../src/frontend/ast.ts';
import { parseFormula } from '../../src/frontend/index.ts';
import { cleaned, parseTree } from '../../src/frontend/parser.ts';
import { verify } from '../../src/ir/verify.ts';

const TOKENS =
  "x y f g sin log max where sum 2 1.5 0x1F 1e 5% + - * / ^ .* ./ .^ ! ' ( ) [ ] { } , ; : ? = == < >= " +
  'and or not mod to in true NaN null end i e pi cm _000 "s" # | & ~ ?? ?. . $ × − √ \uD835\uDC31 \uD835 @ \\ \r \0';
const token = fc.constantFrom(
  ...TOKENS.split(' '),
  ' ',
  ' ',
  '\n',
  '\n',
  '# @input x: scalar\n',
  '# @wrt x, y\n',
  'f(x) = ',
  'a = ',
);
const ARRAY_TOKENS =
  "A v x n [1,2;3,4] [v, x] [1] [end] [:] [ ] , ; : ( ) A[1,:] v[2:end] + - * .* ./ / ^ ' = ? < 0 1 2 -1 1.5 sum( max( " +
  'norm( dot( size( zeros( reshape( concat( diag( einsum( "ij,j->i" map( f(t)=t*t einsum( softmax( cumsum( outer( row( ' +
  'subset( index( where( range( identity( true kron( cross( std( "biased" squeeze( f( g(x)=x[1]';
const arrayToken = fc.constantFrom(...ARRAY_TOKENS.split(' '), ' ', '\n', 'f(t) = ', 'a = ');
const arrays = fc
  .array(arrayToken, { maxLength: 20 })
  .map(tokens => `# @input A: n x 3\n# @input v: 3\n${tokens.join('')}`);
const text = fc.array(token, { maxLength: 24 }).map(tokens => tokens.join(''));
const spaced = fc.array(token, { maxLength: 24 }).map(tokens => tokens.join(' '));

test('random tokens', () => {
  fc.assert(
    fc.property(fc.oneof(text, spaced, arrays), formula => {
      for (const { span, related, ...diagnostic } of diagnosticsOf(formula)) {
        for (const place of [span, ...(related ?? []).map(note => note.span)]) checkPlace(place, formula);
        formatDiagnostic({ ...diagnostic, ...(span && { span }) }, { name: 'f', text: formula });
      }
    }),
    { numRuns: 10_000, seed: 1 },
  );
});

test('random tokens: leaves are exact', () => {
  fc.assert(
    fc.property(fc.oneof(text, spaced), formula => {
      const clean = cleaned(formula);
      const result = parseTree(clean);
      if (!('tree' in result)) return;
      for (const leaf of leavesOf(result.tree)) {
        const written = clean.slice(leaf.span.start, leaf.span.end);
        if (leaf.type === 'Constant') expect(written).toBe(leaf.text ?? written);
        else if (written !== ':') expect(written).toBe(leaf.name.text);
      }
    }),
    { numRuns: 10_000, seed: 2 },
  );
});

function leavesOf(tree: Ast): (ConstantNode | SymbolNode)[] {
  if (tree.type === 'Constant' || tree.type === 'Symbol') return [tree];
  return Object.values(tree).flatMap(value => {
    const parts: unknown[] =
      value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : [value];
    return parts.flatMap(part => {
      const { node = part } = Object(part);
      return typeof Object(node).type === 'string' ? leavesOf(node) : [];
    });
  });
}

function diagnosticsOf(formula: string) {
  try {
    const program = parseFormula(formula, { maxNodes: 10_000 });
    verify(program);
    for (const { span } of program.graph.nodes) checkPlace(span, formula);
    return program.diagnostics;
  } catch (error) {
    if (error instanceof SymgradError) return error.diagnostics;
    throw error;
  }
}

function checkPlace(span: Span | undefined, formula: string): void {
  if (span === undefined) return;
  expect(span.start).toBeGreaterThanOrEqual(0);
  expect(span.end).toBeGreaterThanOrEqual(span.start);
  expect(span.end).toBeLessThanOrEqual(formula.length + 1);
}
