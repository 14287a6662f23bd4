// Compressed sparse columns: the pattern of a matrix, and where in its values each of the elements stands that were listed.
// `compress` is here twice: for patterns that are known when the module is made, and as the text of the helper for those
// that are worked out when it is loaded or bound.

/** The elements of column j are `colPointer[j]` to `colPointer[j + 1]` (exclusive) of `rowIndex`, rows ascending. */
export interface Pattern {
  /** The constant of the module that holds the pattern. */
  readonly name: string;
  /** The number of rows. */
  readonly height: number;
  readonly rowIndex: ArrayLike<number>;
  readonly colPointer: ArrayLike<number>;
}

/** A pattern, and for each element of the list that it was made from its place among the values. */
export interface Compressed extends Pick<Pattern, 'rowIndex' | 'colPointer'> {
  readonly places: readonly number[];
}

/** The pattern of elements at `rows` and `columns` of a matrix of so many columns; equal positions are one. */
export function compress(rows: readonly number[], columns: readonly number[], width: number): Compressed {
  const order = [...rows.keys()].sort((p, q) => columns[p] - columns[q] || rows[p] - rows[q]);
  const rowIndex: number[] = [];
  const colPointer = new Array<number>(width + 1).fill(0);
  const places = new Array<number>(rows.length);
  for (const [k, at] of order.entries()) {
    const before = order[k - 1];
    if (k === 0 || columns[before] !== columns[at] || rows[before] !== rows[at]) {
      rowIndex.push(rows[at]);
      colPointer[columns[at] + 1]++;
    }
    places[at] = rowIndex.length - 1;
  }
  for (let j = 0; j < width; j++) colPointer[j + 1] += colPointer[j];
  return { rowIndex, colPointer, places };
}

/** The helper of a module that does the same. Two counting sorts: its time is that of the list and the matrix sides. */
export function compressText(name: string): string {
  return `/**
 * The pattern of elements at rows[k] and columns[k] of a height x width matrix, in compressed sparse columns, and the place
 * of each among its values. Elements at equal positions share one.
 */
function ${name}(rows, columns, height, width) {
  const count = rows.length;
  // By rows first, then by columns without disturbing rows.
  const next = new Int32Array(Math.max(height, width) + 1);
  const byRow = new Int32Array(count);
  for (let k = 0; k < count; k++) next[rows[k] + 1]++;
  for (let i = 0; i < height; i++) next[i + 1] += next[i];
  for (let k = 0; k < count; k++) byRow[next[rows[k]]++] = k;
  const order = new Int32Array(count);
  next.fill(0);
  for (let k = 0; k < count; k++) next[columns[k] + 1]++;
  for (let j = 0; j < width; j++) next[j + 1] += next[j];
  for (let k = 0; k < count; k++) order[next[columns[byRow[k]]]++] = byRow[k];

  const rowIndex = new Int32Array(count);
  const colPointer = new Int32Array(width + 1);
  const places = new Int32Array(count);
  let last = -1;
  for (let k = 0; k < count; k++) {
    const at = order[k];
    const j = columns[at];
    if (k === 0 || j !== columns[order[k - 1]] || rows[at] !== rowIndex[last]) {
      rowIndex[++last] = rows[at];
      colPointer[j + 1]++;
    }
    places[at] = last;
  }
  for (let j = 0; j < width; j++) colPointer[j + 1] += colPointer[j];
  return { pattern: { rowIndex: rowIndex.slice(0, last + 1), colPointer }, places };
}`;
}
