// Every kind of node knows the exact text that it came from.

import { describe, expect, test } from 'vitest';
import type { Ast } from '../../src/frontend/ast.ts';
import { parseFormula } from '../../src/frontend/index.ts';
import { parseTree } from '../../src/frontend/parser.ts';

/** All nodes of a tree as `type text`, parents first. */
function spansOf(text: string): string[] {
  const result = parseTree(text);
  if (!('tree' in result)) throw new Error(JSON.stringify(result));
  const found: string[] = [];
  const visit = (node: Ast): void => {
    found.push(`${node.type} ${text.slice(node.span.start, node.span.end)}`);
    for (const value of Object.values(node)) {
      for (const child of value instanceof Map ? value.values() : Array.isArray(value) ? value : [value]) {
        const part = child?.node ?? child;
        if (typeof part?.type === 'string') visit(part as Ast);
      }
    }
  };
  visit(result.tree);
  return found;
}

function check(text: string, ...expected: string[]): void {
  test(JSON.stringify(text), () => expect(spansOf(text)).toEqual(expected));
}

describe('spans', () => {
  check('x', 'Symbol x');
  check(' 1.5e3 ', 'Constant 1.5e3');
  check('x x\nx', 'Block x x\nx', 'Operator x x', 'Symbol x', 'Symbol x', 'Symbol x');
  check('-x + y', 'Operator -x + y', 'Operator -x', 'Symbol x', 'Symbol y');
  check('not  true', 'Operator not  true', 'Constant true');
  check('x !', 'Operator x !', 'Symbol x');
  check('5 %', 'Operator 5 %', 'Constant 5', 'Constant ');
  check(
    'y + 5%',
    'Operator y + 5%',
    'Symbol y',
    'Operator y + 5%',
    'Symbol y',
    'Operator 5%',
    'Constant 5',
    'Constant ',
  );
  check('1/2 x', 'Operator 1/2 x', 'Operator 1/2', 'Constant 1', 'Constant 2', 'Symbol x');
  check(
    'x % (y % 2)',
    'Operator x % (y % 2)',
    'Symbol x',
    'Parenthesis (y % 2)',
    'Operator y % 2',
    'Symbol y',
    'Constant 2',
  );
  check('(\n x # c\n )', 'Parenthesis (\n x # c\n )', 'Symbol x');
  check('f( x,y )', 'Function f( x,y )', 'Symbol f', 'Symbol x', 'Symbol y');
  check('f( )', 'Function f( )', 'Symbol f');
  check('a<b<=c', 'Relational a<b<=c', 'Symbol a', 'Symbol b', 'Symbol c');
  check('c ? a : b', 'Conditional c ? a : b', 'Symbol c', 'Symbol a', 'Symbol b');
  check('[1, [x]]', 'Array [1, [x]]', 'Constant 1', 'Array [x]', 'Symbol x');
  check('[ ]', 'Array [ ]');
  check(
    '([1;2;])',
    'Parenthesis ([1;2;])',
    'Array [1;2;]',
    'Array [1;',
    'Constant 1',
    'Array 2;',
    'Constant 2',
  );
  check(
    'a[:, 2:]',
    'Accessor a[:, 2:]',
    'Symbol a',
    'Index [:, 2:]',
    'Range :',
    'Constant ',
    'Symbol :',
    'Range 2:',
    'Constant 2',
    'Symbol :',
  );
  check("a.b'", "Operator a.b'", 'Accessor a.b', 'Symbol a', 'Index b', 'Constant b');
  check('g("s")', 'Function g("s")', 'Symbol g', 'Constant "s"');
  check('{a: 1, "b": y}', 'Object {a: 1, "b": y}', 'Constant 1', 'Symbol y');
  check('a = # c\n b', 'Assignment a = # c\n b', 'Symbol a', 'Symbol b');
  check('a = b = 3', 'Assignment a = b = 3', 'Symbol a', 'Assignment b = 3', 'Symbol b', 'Constant 3');
  check(
    '((x))\n((x))',
    'Block ((x))\n((x))',
    'Parenthesis ((x))',
    'Parenthesis (x)',
    'Symbol x',
    'Parenthesis ((x))',
    'Parenthesis (x)',
    'Symbol x',
  );
});

test('names of a function definition', () => {
  const text = 'f(x, yy) = x*yy';
  const result = parseTree(text);
  if (!('tree' in result) || result.tree.type !== 'FunctionAssignment') throw new Error('not a definition');
  const { name, params } = result.tree;
  expect([name, ...params].map(({ span }) => text.slice(span.start, span.end))).toEqual(['f', 'x', 'yy']);
});

test('graph nodes carry the spans of the tree, inlined ones those of the function', () => {
  const text = '\uFEFFf(t) = t^2\r\nf(x) + sin(y)';
  const { graph, inputs, outputs } = parseFormula(text);
  const texts = new Map(graph.nodes.map(({ op, span }) => [op, span && text.slice(span.start, span.end)]));
  expect(texts.get('pow')).toBe('t^2');
  expect(texts.get('sin')).toBe('sin(y)');
  expect(texts.get('add')).toBe('f(x) + sin(y)');
  expect(inputs.map(({ span }) => span && text.slice(span.start, span.end))).toEqual(['x', 'y']);
  expect(outputs[0].span).toEqual({ start: 13, end: 26 });
});
