// Matrix products that are worth a kernel: tiles of 4 x 4 results whose sums stay in registers, over a panel of four
// columns of the right operand that is packed once. Plain loops reach a third to a quarter of its speed.

import type { Node } from '../../ir/graph.ts';
import { subscriptsOf } from '../../ir/shapes.ts';
import type { Size } from '../../ir/size.ts';

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

/** The kernel as a function of the module called `name`; `panel` holds 4 `inner` numbers. */
export function productText(name: string): string {
  const tile = [0, 1, 2, 3];
  const each = (text: (q: number) => string) => tile.map(text).join('\n');
  return `/**
 * c[i, j] = sum over k of a[i, k] * b[k, j]. Each matrix is an array, the place of its first element, and the distances
 * between neighbours in its two directions. Tiles of 4 x 4 results stay in registers; b is read through a packed panel.
 */
function ${name}(rows, columns, inner, a, a0, ai, ak, b, b0, bk, bj, c, c0, ci, cj, panel) {
  for (let j = 0; j < columns; j += 4) {
    const width = Math.min(4, columns - j);
    for (let k = 0, p = 0, q = b0 + j * bj; k < inner; k++, p += 4, q += bk) {
      panel[p] = b[q];
      panel[p + 1] = width > 1 ? b[q + bj] : 0;
      panel[p + 2] = width > 2 ? b[q + 2 * bj] : 0;
      panel[p + 3] = width > 3 ? b[q + 3 * bj] : 0;
    }
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      let ${tile.map(p => tile.map(q => `s${p}${q} = 0`).join(', ')).join(',\n        ')};
      let p0 = a0 + i * ai;
      let p1 = p0 + ai;
      let p2 = p1 + ai;
      let p3 = p2 + ai;
      for (let k = 0, p = 0; k < inner; k++, p += 4) {
${each(q => `        const y${q} = panel[p${q === 0 ? '' : ` + ${q}`}];`)}
${each(
  p => `        const x${p} = a[p${p}];
${tile.map(q => `        s${p}${q} += x${p} * y${q};`).join('\n')}
        p${p} += ak;`,
)}
      }
      const q = c0 + i * ci + j * cj;
${each(p => `      store(c, q${p === 0 ? '' : p === 1 ? ' + ci' : ` + ${p} * ci`}, cj, width, s${p}0, s${p}1, s${p}2, s${p}3);`)}
    }
    for (; i < rows; i++) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (let k = 0, p = 0, q = a0 + i * ai; k < inner; k++, p += 4, q += ak) {
        const x = a[q];
${each(q => `        s${q} += x * panel[p${q === 0 ? '' : ` + ${q}`}];`)}
      }
      store(c, c0 + i * ci + j * cj, cj, width, s0, s1, s2, s3);
    }
  }
  function store(c, q, cj, width, s0, s1, s2, s3) {
    c[q] = s0;
    if (width > 1) c[q + cj] = s1;
    if (width > 2) c[q + 2 * cj] = s2;
    if (width > 3) c[q + 3 * cj] = s3;
  }
}`;
}
