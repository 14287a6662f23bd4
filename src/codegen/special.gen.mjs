// Writes codegen/special.ts: the text of every function and constant of ir/special.js, ready to be copied into a
// module, with the names it needs. Run by `npm run generate`; test/codegen/special.test.ts says when it is due.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = new URL('../ir/special.js', import.meta.url);
const target = new URL('./special.ts', import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, generate());

/**
 * The text of codegen/special.ts.
 * @returns {string}
 */
export function generate() {
  const entries = declarations(readFileSync(source, 'utf8'));
  const names = [...entries.keys()];
  const rows = names.map(name => {
    const text = entries.get(name) ?? '';
    if (/[`\\]|\$\{/.test(text)) throw new Error(`${name}: a backtick, backslash or \${ needs escaping`);
    const code = text.replace(/\/\/.*/g, '');
    const uses = names.filter(other => other !== name && new RegExp(`(?<![.\\w])${other}\\b`).test(code));
    return `  ${name}: {\n    text: \`${text}\`,\n    uses: [${uses.map(use => `'${use}'`).join(', ')}],\n  },\n`;
  });
  return `// biome-ignore-all format: generated
// Generated from src/ir/special.js by \`npm run generate\`. Do not edit.

/** Exact source text of a special function or constant, and the others it needs. */
export const SPECIAL: Record<string, { readonly text: string; readonly uses: readonly string[] }> = {
${rows.join('')}};
`;
}

/**
 * Name and text of each exported declaration, without `export`, type comments and formatter directives.
 * @param {string} text
 * @returns {Map<string, string>}
 */
function declarations(text) {
  const bare = text.replace(/\/\*\*[\s\S]*?\*\/\n/g, '').replace(/^ *\/\/ biome-ignore.*\n/gm, '');
  const found = bare.matchAll(/^export ((?:function|const) (\w+)[\s\S]*?)(?=^export |$(?![\s\S]))/gm);
  return new Map([...found].map(([, declaration, name]) => [name ?? '', (declaration ?? '').trimEnd()]));
}
