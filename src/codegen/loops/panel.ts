// The array that the kernels of matrix products pack their operands into, which all functions share. A narrower one takes less
// memory, and the rows of a product are packed again more often.

import { multiplySizes, type Size } from '../../ir/size.ts';
import { gramPanel } from './gram.ts';
import { TILE } from './tile.ts';

/** Columns that kernels pack at a time, a multiple of TILE, and the rows of a symmetric result that are summed at a time. */
export interface Panel {
  readonly columns: number;
  readonly side: number;
}

/** The widest first: what is packed stays in the second-level cache. */
export const PANELS: readonly Panel[] = [
  { columns: 21 * TILE, side: 42 * TILE },
  { columns: 10 * TILE, side: 20 * TILE },
  { columns: 4 * TILE, side: 10 * TILE },
  { columns: TILE, side: 3 * TILE },
];

/** The lengths that products need whose sums have so many terms, and symmetric products of so many rows. */
export function panelLengths(panel: Panel, sums: readonly Size[], squares: readonly Size[]): Size[] {
  return [
    ...sums.map(inner => multiplySizes(panel.columns + TILE, inner)),
    ...squares.map(rows => gramPanel(rows, panel)),
  ];
}
