// Compressed sparse columns: the pattern of a matrix that is known when the module is made.

/** A nonzero element. */
export interface Triplet<T> {
  readonly row: number;
  readonly column: number;
  readonly value: T;
}

/** The elements of column j are `colPointer[j]` to `colPointer[j + 1]` (exclusive) of `rowIndex`, rows ascending. */
export interface Pattern {
  /** The constant of the module that holds the pattern. */
  readonly name: string;
  readonly rowIndex: readonly number[];
  readonly colPointer: readonly number[];
}

/** The pattern of `triplets` in a matrix of `columns` columns, and the values in its order. */
export function compress<T>(
  name: string,
  columns: number,
  triplets: readonly Triplet<T>[],
): { readonly pattern: Pattern; readonly values: readonly T[] } {
  const sorted = triplets.toSorted((a, b) => a.column - b.column || a.row - b.row);
  const colPointer = new Array<number>(columns + 1).fill(0);
  for (const { column } of sorted) colPointer[column + 1]++;
  for (let j = 0; j < columns; j++) colPointer[j + 1] += colPointer[j];
  return {
    pattern: { name, rowIndex: sorted.map(({ row }) => row), colPointer },
    values: sorted.map(({ value }) => value),
  };
}
