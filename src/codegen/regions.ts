// The zeros of a dense matrix of cells: what no term covers is cleared first, in rectangles as large as they come, since
// rows that are cleared whole lie in one piece of memory.

import { elementsIn } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size } from '../ir/size.ts';
import type { Cell } from './cells.ts';

/** Rows of a matrix of `width` columns, from `offset` on. */
export interface Region {
  readonly offset: Size;
  readonly rows: Size;
  readonly columns: Size;
  readonly width: Size;
}

/** The rectangles that the `empty` ones among `cells` make up; cells come row by row, `across` of them side by side. */
export function regionsOf(
  cells: readonly Cell[],
  empty: ReadonlySet<Cell>,
  across: number,
  width: Size,
): Region[] {
  const regions: Region[] = [];
  /** Whole rows that are waiting for more. */
  let rows: Region | undefined;
  for (let at = 0; at < cells.length; at += across) {
    const band = cells.slice(at, at + across);
    const [{ row }] = band;
    const height = elementsIn(row.shape);
    const offset = multiplySizes(row.offset, width);
    if (band.every(cell => empty.has(cell))) {
      rows = {
        offset: rows?.offset ?? offset,
        rows: addSizes(rows?.rows ?? 0, height),
        columns: width,
        width,
      };
      continue;
    }
    if (rows !== undefined) regions.push(rows);
    rows = undefined;
    let open: Region | undefined;
    for (const cell of band) {
      const columns = elementsIn(cell.column.shape);
      if (!empty.has(cell)) {
        if (open !== undefined) regions.push(open);
        open = undefined;
      } else {
        const start: Region = open ?? {
          offset: addSizes(offset, cell.column.offset),
          rows: height,
          columns: 0,
          width,
        };
        open = { ...start, columns: addSizes(start.columns, columns) };
      }
    }
    if (open !== undefined) regions.push(open);
  }
  if (rows !== undefined) regions.push(rows);
  return regions;
}
