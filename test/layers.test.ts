// The layers of ARCHITECTURE.md, read from the import lines: errors <- ir <- { frontend, grad, rewrite, codegen } <-
// compile <- { index, cli }. The four middle folders do not know each other, and only the front end knows mathjs.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../src', import.meta.url));

/** What each layer may import of the others; a layer is a folder of src, or a file in it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  version: [],
  ir: ['errors'],
  frontend: ['errors', 'ir'],
  grad: ['errors', 'ir'],
  rewrite: ['errors', 'ir'],
  codegen: ['errors', 'ir'],
  mathjs: [],
  compile: ['errors', 'ir', 'frontend', 'grad', 'rewrite', 'codegen', 'version'],
  transforms: ['errors', 'ir', 'grad', 'rewrite', 'compile'],
  check: ['errors', 'ir', 'frontend', 'compile', 'mathjs'],
  index: ['errors', 'ir', 'frontend', 'codegen', 'compile', 'transforms', 'version'],
  cli: ['errors', 'ir', 'codegen', 'frontend', 'compile', 'check', 'version'],
};

interface Import {
  readonly file: string;
  readonly layer: string;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const path = relative(ROOT, file);
  const text = readFileSync(file, 'utf8');
  const targets = [...text.matchAll(/(?<!\.)\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, target]) => target,
  );
  return targets.map(target => ({ file: path, layer: layerOf(path), target }));
}

function layerOf(path: string): string {
  return path.split('/')[0].replace(/\.(ts|js)$/, '');
}

/** Packages, and the one file of a package that is imported by its path. */
function isOutside(target: string): boolean {
  return !target.startsWith('.') || target.includes('/node_modules/');
}

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter(name => /\.(ts|js)$/.test(name) && !name.endsWith('.d.ts'))
  .map(name => join(ROOT, name));
const imports = files.flatMap(importsOf);

describe('layers', () => {
  it('every file belongs to a known layer', () => {
    expect(files.map(file => layerOf(relative(ROOT, file))).filter(layer => !(layer in ALLOWED))).toEqual([]);
  });

  it('no layer imports what it must not know', () => {
    const wrong = imports.filter(({ file, layer, target }) => {
      if (isOutside(target)) return false;
      const other = layerOf(normalize(join(dirname(file), target)));
      return other !== layer && !ALLOWED[layer].includes(other);
    });
    expect(wrong).toEqual([]);
  });

  it('only the front end imports the parser, only the check loads mathjs, and on demand', () => {
    const outside = imports.filter(({ target }) => isOutside(target) && !target.startsWith('node:'));
    const allowed: Readonly<Record<string, readonly string[]>> = {
      frontend: ['../../node_modules/mathjs/lib/esm/expression/parse.js'],
      check: ['mathjs'],
      cli: ['commander'],
    };
    expect(outside.filter(({ layer, target }) => !allowed[layer]?.includes(target))).toEqual([]);
  });

  it('only the command touches files, processes and the console', () => {
    const touching = files.filter(file => {
      const layer = layerOf(relative(ROOT, file));
      return layer !== 'cli' && /\bconsole\.|\bprocess\.|'node:/.test(readFileSync(file, 'utf8'));
    });
    expect(touching.map(file => relative(ROOT, file))).toEqual([]);
  });
});
