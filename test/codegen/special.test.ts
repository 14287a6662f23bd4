// codegen/special.ts is a copy of ir/special.js: in step with it, and the same to the last bit when it runs.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generate } from '../../src/codegen/special.gen.mjs';
import { SPECIAL } from '../../src/codegen/special.ts';
import * as special from '../../src/ir/special.js';

const functions = Object.entries(special).filter(entry => typeof entry[1] === 'function') as [
  string,
  (...args: number[]) => number,
][];

test('src/codegen/special.ts is what `npm run generate` writes', () => {
  const file = readFileSync(new URL('../../src/codegen/special.ts', import.meta.url), 'utf8');
  expect(file === generate()).toBe(true);
});

test('every export of src/ir/special.js has an entry', () => {
  expect(Object.keys(SPECIAL).sort()).toEqual(Object.keys(special).sort());
});

test('the texts carry no export, no type comments, and name what they use', () => {
  for (const [name, { text, uses }] of Object.entries(SPECIAL)) {
    expect(text).toMatch(new RegExp(`^(function|const) ${name}\\b`));
    expect(text).not.toMatch(/export|\/\*|biome/);
    for (const use of uses) expect(SPECIAL).toHaveProperty(use);
  }
});

describe('the text of', () => {
  test.each(functions)('%s computes the same bits', (name, original) => {
    const copy = evaluate(name);
    for (const args of argumentLists(name, original)) {
      expect(Object.is(copy(...args), original(...args)), `${name}(${args})`).toBe(true);
    }
  });
});

/** The function from its text and the texts it uses, as a module would hold them. */
function evaluate(name: string): (...args: number[]) => number {
  const needed = new Set([name]);
  for (const each of needed) for (const use of SPECIAL[each]!.uses) needed.add(use);
  const texts = [...needed].map(each => SPECIAL[each]!.text);
  return new Function(`'use strict';\n${texts.join('\n')}\nreturn ${name};`)();
}

// biome-ignore format: grouped by size
const VALUES = [0, -0, NaN, Infinity, -Infinity, 5e-324, -1e-300, 1e-20, -3e-9, 0.1, 0.25, -0.3, 0.5, -0.5, 0.75, 0.9,
  1, -1, 1.4616, -1.7, 2, 2.5, -2.5, 3.3, -4.1, 5.5, 7, -8.2, 10, 11.7, 13, -20.5, 24, 27, 31.4, 64, -100.3, 150.7, 172,
  -700, 720, -800, 1e10, -3e17, 1e308, -1e308];

function argumentLists(name: string, f: (...args: number[]) => number): number[][] {
  if (f.length === 1) return VALUES.map(x => [x]);
  if (name === 'hypot3') return VALUES.flatMap(x => VALUES.map(y => [x, y, 1.5]));
  if (f.length === 0) return VALUES.flatMap(x => [[x], [x, 0.5], [0.5, x, 2], [1, x, -3, x]]);
  const first = ['polygamma', 'phi', 'sphericalBessel', 'cotDerivative'].includes(name)
    ? [0, 1, 2, 3, 5, 8, 13, 20]
    : VALUES;
  return first.flatMap(x => VALUES.map(y => [x, y]));
}
