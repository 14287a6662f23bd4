// What the kernels of matrix products share: lines packed side by side, and the tiles of 3 x 3 results whose sums stay in
// registers (x86 has 16: tiles of 4 x 4 spill, and are 10 % slower in V8).

/** Rows and columns of a tile, lines that are packed together. */
export const TILE = 3;

const AT = Array.from({ length: TILE }, (_, q) => q);

/** ` + 2`, nothing for 0. */
export function plus(q: number): string {
  return q === 0 ? '' : ` + ${q}`;
}

/** ` + 2 * step`, nothing for 0. */
export function times(q: number, step: string): string {
  return q === 0 ? '' : q === 1 ? ` + ${step}` : ` + ${q} * ${step}`;
}

/** A line for each row or column of a tile. */
export function eachLine(indent: string, text: (q: number) => string, from = 0): string {
  return AT.slice(from)
    .map(q => indent + text(q))
    .join('\n');
}

/** The names of the sums of a tile, row by row. */
export const SUMS: readonly (readonly string[])[] = AT.map(p => AT.map(q => `s${p}${q}`));

/**
 * Declares the sums of a tile and adds up products of the lines that are packed at `left` and at y; `depth` is how long
 * they are. Afterwards y stands behind its lines.
 */
export function tileText(indent: string, depth: string): string {
  const zeros = SUMS.flat().map(sum => `${sum} = 0`);
  return `${indent}let ${zeros.join(', ')};
${indent}for (let x = left, end = left + ${TILE} * ${depth}; x < end; x += ${TILE}, y += ${TILE}) {
${eachLine(`${indent}  `, q => `const y${q} = panel[y${plus(q)}];`)}
${eachLine(`${indent}  `, p => `const x${p} = panel[x${plus(p)}];\n${eachLine(`${indent}  `, q => `s${p}${q} += x${p} * y${q};`)}`)}
${indent}}`;
}

/** The function that packs lines for tiles. */
export function packText(pack: string): string {
  return `/** Lines side by side, zeros for those beyond the edge. */
function ${pack}(x, x0, next, step, count, inner, panel, p) {
  if (count >= ${TILE}) {
    for (let k = 0, q = x0; k < inner; k++, q += step, p += ${TILE}) {
${eachLine('      ', q => `panel[p${plus(q)}] = x[q${times(q, 'next')}];`)}
    }
    return;
  }
  for (let k = 0, q = x0; k < inner; k++, q += step, p += ${TILE}) {
    panel[p] = x[q];
${eachLine('    ', q => `panel[p + ${q}] = count > ${q} ? x[q${times(q, 'next')}] : 0;`, 1)}
  }
}`;
}
