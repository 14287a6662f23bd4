// Products that are symmetric, c = x diag(w) x': the Hessian X' diag(s) X of a regression is one. The kernel computes the
// tiles on and above the diagonal and puts each into both triangles, with x in the place of both operands, so that no
// weighted copy of x is ever stored. The sum is taken in blocks that fit a cache, so the workspace does not grow with it.

import type { Size } from '../../ir/size.ts';
import type { Panel } from './panel.ts';
import type { Access } from './reads.ts';
import type { LoopVariable } from './space.ts';
import { eachLine, plus, SUMS, TILE, tileText, times } from './tile.ts';

/** c[i, j] = sum over k of x[i, k] w[k] x[j, k]. */
export interface Gram {
  readonly i: LoopVariable;
  readonly k: LoopVariable;
  /** x[i, k]. */
  readonly factor: Access;
  /** w[k], if there are weights. */
  readonly weight: Access | undefined;
}

/** Terms of each sum that are packed at a time. */
const DEPTH = 128;

/** The length of the array that the kernel works in, for results of `rows` rows. */
export function gramPanel(rows: Size, panel: Panel): number {
  const side = typeof rows === 'number' ? Math.min(panel.side, TILE * Math.ceil(rows / TILE)) : panel.side;
  return side * side + (TILE + side) * DEPTH;
}

/** What the kernel and its parts are called. */
export interface GramNames {
  readonly gram: string;
  readonly pack: string;
  readonly weigh: string;
  readonly add: string;
}

/** The kernel as functions of the module, besides the one that packs. */
export function gramText({ gram, pack, weigh, add }: GramNames, { side: most }: Panel): string {
  return `/**
 * c[i, j] = sum over k of a[i, k] * w[k] * a[j, k], where w may be null. a and c are an array, the place of its first
 * element, and the distances between neighbours in its two directions; c is symmetric. Sums of ${most} x ${most} results
 * are taken in the panel, ${DEPTH} terms at a time, by tiles of ${TILE} x ${TILE} on and above the diagonal. If it \`adds\`, c grows
 * by that.
 */
function ${gram}(rows, inner, a, a0, ai, ak, w, w0, wk, c, c0, ci, cj, panel, adds) {
  const side = Math.min(${most}, ${TILE} * Math.ceil(rows / ${TILE}));
  const left = side * side;
  const right = left + ${TILE * DEPTH};
  for (let from = 0; from < rows; from += side) {
    const to = Math.min(rows, from + side);
    for (let top = 0; top <= from; top += side) {
      const bottom = Math.min(rows, top + side);
      panel.fill(0, 0, left);
      for (let k = 0; k < inner; k += ${DEPTH}) {
        const depth = Math.min(${DEPTH}, inner - k);
        for (let j = from, p = right; j < to; j += ${TILE}, p += ${TILE} * depth) {
          ${pack}(a, a0 + j * ai + k * ak, ai, ak, rows - j, depth, panel, p);
          if (w !== null) ${weigh}(panel, p, depth, w, w0 + k * wk, wk);
        }
        for (let i = top; i < bottom; i += ${TILE}) {
          ${pack}(a, a0 + i * ai + k * ak, ai, ak, rows - i, depth, panel, left);
          const first = Math.max(i, from);
          let y = right + (first - from) * depth;
          for (let j = first, q = (i - top) * side + first - from; j < to; j += ${TILE}, q += ${TILE}) {
${tileText('            ', 'depth')}
${eachLine('            ', p => `${add}(panel, q${times(p, 'side')}, ${SUMS[p].join(', ')});`)}
          }
        }
      }
      for (let i = top; i < bottom; i++) {
        for (let j = Math.max(i, from), q = (i - top) * side - from; j < to; j++) {
          const sum = adds ? c[c0 + i * ci + j * cj] + panel[q + j] : panel[q + j];
          c[c0 + i * ci + j * cj] = c[c0 + j * ci + i * cj] = sum;
        }
      }
    }
  }
}

/** Multiplies packed lines by weights. */
function ${weigh}(panel, p, depth, w, w0, wk) {
  for (let k = 0, q = w0; k < depth; k++, q += wk, p += ${TILE}) {
    const weight = w[q];
${eachLine('    ', q => `panel[p${plus(q)}] *= weight;`)}
  }
}

function ${add}(panel, q, ${SUMS[0].map((_, q) => `s${q}`).join(', ')}) {
${eachLine('  ', q => `panel[q${plus(q)}] += s${q};`)}
}`;
}
