// Offsets to lines and columns and back, for texts that are read by people. Every offset has a position, also one
// beyond the end of the text: it lies on the last line, so the two directions are inverse whatever the text is.

/** 1-based; the column counts UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The offset at which each line begins. Only `\n` ends a line. */
export function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The position of `offset` in the text whose lines begin at `starts`. */
export function positionOf(offset: number, starts: readonly number[]): Position {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - starts[low] + 1 };
}

/** The offset of a position, or undefined if there is no such line. */
export function offsetOf({ line, column }: Position, starts: readonly number[]): number | undefined {
  const start = starts[line - 1];
  return start === undefined ? undefined : start + column - 1;
}
