// Matrix products that are worth a kernel: tiles of results whose sums stay in registers (tile.ts), over rows and columns
// that are packed side by side. Plain loops reach a third of its speed.

import type { Node } from '../../ir/graph.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import type { Size } from '../../ir/size.ts';
import type { Panel } from './panel.ts';
import { eachLine, SUMS, TILE, tileText, times } from './tile.ts';

/** c[i, j] = sum over k of a[i, k] b[k, j]: for each axis of a, b and c which of i, j, k it is. */
export interface Product {
  readonly rows: Size;
  readonly columns: Size;
  readonly inner: Size;
  readonly a: readonly ('i' | 'k')[];
  readonly b: readonly ('k' | 'j')[];
  readonly c: readonly ('i' | 'j')[];
}

/** Below this length of any side plain loops are as fast, and they fuse with others. */
const SMALLEST = 8;

/** True for a contraction of two matrices to a matrix whose sides are not known to be small. */
export function isProduct(node: Extract<Node, { op: 'contract' }>): boolean {
  const { x, y, out } = subscriptsOf(node.attrs.subscripts);
  if (x.length !== 2 || y.length !== 2 || out.length !== 2) return false;
  if (![...x].some(letter => out.includes(letter)) || ![...y].some(letter => out.includes(letter)))
    return false;
  const { rows, columns, inner } = productOf(node);
  return [rows, columns, inner].every(size => typeof size !== 'number' || size >= SMALLEST);
}

export function productOf(node: Extract<Node, { op: 'contract' }>): Product {
  const { x, y, out } = subscriptsOf(node.attrs.subscripts);
  const [a, b] = node.inputs;
  const inner = [...x].find(letter => y.includes(letter))!;
  const row = [...x].findIndex(letter => letter !== inner);
  const column = [...y].findIndex(letter => letter !== inner);
  return {
    rows: a.shape[row],
    columns: b.shape[column],
    inner: a.shape[1 - row],
    a: row === 0 ? ['i', 'k'] : ['k', 'i'],
    b: column === 1 ? ['k', 'j'] : ['j', 'k'],
    c: out[0] === x[row] ? ['i', 'j'] : ['j', 'i'],
  };
}

/** What the kernel and its parts are called. */
export interface ProductNames {
  readonly product: string;
  readonly pack: string;
  readonly put: string;
}

/**
 * The kernel as functions of the module, besides the one that packs; it packs so many `columns` of b at a time. A function inside
 * of another one would be an object of every call.
 */
export function productText({ product, pack, put }: ProductNames, { columns: packed }: Panel): string {
  const puts = (p: number) => {
    const guard = p === 0 ? '' : `if (i + ${p} < rows) `;
    return `${guard}${put}(c, q${times(p, 'ci')}, cj, width, adds, ${SUMS[p].join(', ')});`;
  };
  return `/**
 * c[i, j] = sum over k of a[i, k] * b[k, j]. Each matrix is an array, the place of its first element, and the distances
 * between neighbours in its two directions. Rows of a and columns of b are packed in groups of ${TILE}; the sums of a
 * tile of ${TILE} x ${TILE} stay in registers. If it \`adds\`, c grows by that.
 */
function ${product}(rows, columns, inner, a, a0, ai, ak, b, b0, bk, bj, c, c0, ci, cj, panel, adds) {
  const left = ${packed} * inner;
  for (let from = 0; from < columns; from += ${packed}) {
    const to = Math.min(columns, from + ${packed});
    for (let j = from, p = 0; j < to; j += ${TILE}, p += ${TILE} * inner) {
      ${pack}(b, b0 + j * bj, bj, bk, columns - j, inner, panel, p);
    }
    for (let i = 0; i < rows; i += ${TILE}) {
      ${pack}(a, a0 + i * ai, ai, ak, rows - i, inner, panel, left);
      for (let j = from, y = 0; j < to; j += ${TILE}) {
${tileText('        ', 'inner')}
        const q = c0 + i * ci + j * cj;
        const width = columns - j;
${eachLine('        ', puts)}
      }
    }
  }
}

function ${put}(c, q, cj, width, adds, ${SUMS[0].map((_, q) => `s${q}`).join(', ')}) {
  c[q] = adds ? c[q] + s0 : s0;
${eachLine('  ', q => `if (width > ${q}) c[q${times(q, 'cj')}] = adds ? c[q${times(q, 'cj')}] + s${q} : s${q};`, 1)}
}`;
}
