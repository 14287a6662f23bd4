// What a module and the statistics say of a sparse matrix: how many nonzeros it has, where its values come from, and how many
// products with vectors would tell them all, for those who compute it with `jvp` or `hvp` instead. Colours need a pattern
// that is known when the module is made.

import type { Program } from '../ir/program.ts';
import { sizeText } from '../ir/size.ts';
import type { Colours, Sparsity as KnownPattern } from '../ir/sparse.ts';
import { nonzerosOf } from './entries.ts';
import type { Pattern } from './pattern.ts';
import type { Sparsity } from './sparsity.ts';

/** What `meta` says of a matrix that is handed out sparse. */
export interface MetaSparse {
  readonly form: 'sparse';
  /** How many elements are not identically zero: an integer, or a text of sizes; absent if it depends on indices. */
  readonly nonzeros?: number | string;
  /** How many products with vectors it takes to know them all; absent if the pattern is not known yet, or large. */
  readonly colours?: number;
}

/** For statistics. */
export interface PatternReport extends Partial<Colours> {
  readonly matrix: string;
  readonly nonzeros?: number | string;
  /** What the values are made from: element by element, as sums of terms, or by colours. */
  readonly from: 'elements' | 'terms' | 'colours';
}

/** Undefined if it takes too long to find them. */
export type ColoursOf = (pattern: KnownPattern, kind: 'jacobian' | 'hessian') => Colours | undefined;

export function patternReport(
  { derivatives }: Program,
  pattern: Pattern | Sparsity,
  coloursOf?: ColoursOf,
): PatternReport {
  const matrix = pattern.name.replace('Pattern', '');
  const nonzeros = nonzerosOf(pattern);
  const compressed = derivatives.find(({ kind }) => kind === matrix)?.compressed;
  const known = knownPattern(pattern);
  const isDerivative = matrix === 'jacobian' || matrix === 'hessian';
  const colours =
    compressed ?? (isDerivative && known !== undefined ? coloursOf?.(known, matrix) : undefined);
  return {
    matrix,
    ...(nonzeros !== undefined && { nonzeros: typeof nonzeros === 'number' ? nonzeros : sizeText(nonzeros) }),
    ...(colours && { by: colours.by, colours: colours.colours }),
    from: compressed !== undefined ? 'colours' : 'listings' in pattern ? 'terms' : 'elements',
  };
}

function knownPattern(pattern: Pattern | Sparsity): KnownPattern | undefined {
  const known = 'listings' in pattern ? pattern.known : pattern;
  if (known === undefined) return undefined;
  return {
    rows: pattern.height as number, // a number, since the pattern is known
    columns: known.colPointer.length - 1,
    rowIndex: Int32Array.from(known.rowIndex),
    colPointer: Int32Array.from(known.colPointer),
  };
}
