// Functions that keep within a given memory (Goodfellow, Bengio and Courville, Deep Learning, section 6.5.6: between storing all
// and computing everything twice). From the fastest version on, what saves most bytes for an operation more is done, until the
// workspace is small enough: rows in blocks, shorter blocks, values computed again where they are read instead of stored.
// Invariant: the versions of a function compute the same values; only sums may be taken in another order.

import type { Node } from '../ir/graph.ts';
import { isElementwise } from '../ir/ops.ts';
import { type Size, sameSize } from '../ir/size.ts';
import { repeated } from './again.ts';
import { type Draft, draftOf, type Task, type Thrift, withoutThrift } from './drafts.ts';
import { BLOCK_ROWS, type Cut } from './loops/blocks.ts';
import { operationsIn } from './loops/count.ts';
import type { Panel } from './loops/panel.ts';
import { Sharing } from './loops/sharing.ts';
import { atLongestPause, behindFirstPass, repetitionsOf } from './repetitions.ts';

/** A function, and what it takes. */
export interface Version {
  readonly thrift: Thrift;
  readonly draft: Draft;
  /** Of the arrays that it works in, the panel among them. */
  readonly bytes: number;
  readonly operations: number;
}

/** What bytes and operations depend on besides the function. */
export interface Measure {
  /** The number that a size stands for. */
  readonly sizeOf: (size: Size) => number;
  readonly elementBytes: number;
  readonly panel: Panel;
  /** Bytes of what the kernels of a function pack their operands into. */
  readonly packedBytes: (draft: Draft) => number;
}

/** Rows of blocks; with fewer the other operand of a product is packed more often than it is worth. */
const ROWS = [BLOCK_ROWS, 64, 32, 16, 8, 4];

/** What saves less of all is not worth a step: something larger may be in its way. */
const LEAST_SAVED = 1e-3;

/** Units of all versions that are looked at, and of values that could be computed again so many, the largest. */
const MOST_UNITS = 5000;
const MOST_VALUES = 12;

/** The fastest version. */
export function fastest(task: Task, measure: Measure): Version {
  return versionOf(task, withoutThrift(task), measure);
}

/** A version whose workspace has at most `bytes`, made from one that has more, or the one with the least that was found. */
export function thrifty(task: Task, from: Version, bytes: number, measure: Measure): Version {
  let version = from;
  let left = Math.ceil(MOST_UNITS / version.draft.stats.units);
  const best = (thrifts: readonly Thrift[], isBetter: (version: Version) => number): Version | undefined => {
    let found: Version | undefined;
    let most = 0;
    for (const thrift of thrifts.slice(0, left)) {
      const other = versionOf(task, thrift, measure);
      const score = isBetter(other);
      if (score > most) [found, most] = [other, score];
    }
    left -= thrifts.length;
    return found;
  };
  // Blocks come first: they cost little, and what is computed again lives shortly only if it is for one block.
  const isBegun = version.bytes <= bytes || version.thrift.cut !== undefined;
  const cuts = isBegun ? [] : cutsOf(version.draft, measure.sizeOf);
  const blocked = cuts.map(cut => ({ ...version.thrift, cut }));
  if (blocked.length > 0) {
    version = best(blocked, other => worth(from, other, bytes)) ?? versionOf(task, blocked[0], measure);
  }
  while (version.bytes > bytes && left > 0) {
    const now = version;
    const next = best(stepsFrom(task, now, measure), other => worth(now, other, bytes));
    if (next === undefined) break;
    version = next;
  }
  return version;
}

/** The same with blocks of so many rows, if it has blocks. */
export function withRows(task: Task, version: Version, rows: number, measure: Measure): Version {
  const { cut } = version.thrift;
  if (cut === undefined || cut.rows === rows) return version;
  return versionOf(task, { ...version.thrift, cut: { ...cut, rows } }, measure);
}

/** The bytes that a step saves, as far as they are needed, for each operation more; 0 if it is not worth it. */
function worth(now: Version, next: Version, bytes: number): number {
  const saved = Math.min(now.bytes - next.bytes, now.bytes - bytes);
  if (saved < LEAST_SAVED * now.bytes) return 0;
  return saved / Math.max(next.operations - now.operations, 1);
}

function versionOf(task: Task, thrift: Thrift, measure: Measure): Version {
  const { sizeOf, elementBytes, panel } = measure;
  const draft = draftOf(task, thrift);
  const sharing = new Sharing(sizeOf);
  sharing.assign(draft.lifetimes);
  const elements = sharing.arrays.reduce((sum, { length }) => sum + sizeOf(length), 0);
  return {
    thrift,
    draft,
    bytes: elementBytes * elements + measure.packedBytes(draft),
    operations: operationsIn(draft.top, { sizeOf, gram: task.own.gram, packed: panel.columns }),
  };
}

/** What may be done to save memory. */
function stepsFrom(task: Task, version: Version, { sizeOf }: Measure): Thrift[] {
  const { thrift, draft } = version;
  const { cut, inline, again } = thrift;
  const steps: Thrift[] = thrift.isInPlace ? [] : [{ ...thrift, isInPlace: true }];
  if (cut !== undefined) {
    const rows = ROWS.filter(each => each < cut.rows).slice(0, 2);
    steps.push(...rows.map(each => ({ ...thrift, cut: { ...cut, rows: each } })));
    const others = draft.rowSizes.filter(size => !cut.sizes.some(each => sameSize(each, size)));
    steps.push(...others.map(size => ({ ...thrift, cut: { ...cut, sizes: [...cut.sizes, size] } })));
  }
  const values = valuesIn(draft, sizeOf);
  for (const node of values) {
    if (isElementwise(node.op) || node.op === 'pad' || node.op === 'gather')
      steps.push({ ...thrift, inline: new Set([...inline, node]) });
  }
  for (const repetition of repetitionsOf(draft, values, atLongestPause)) {
    const { again: next, images } = repeated(again, repetition, node => draft.work.stored.has(node));
    steps.push({ ...thrift, inline: new Set([...inline].flatMap(images)), again: next });
  }
  for (const node of values) {
    const everywhere = inEachPass(task, thrift, draft, node);
    if (everywhere !== undefined) steps.push(everywhere);
  }
  return steps;
}

/** Blocks of each number of rows along each size, the largest first. */
function cutsOf({ rowSizes }: Draft, sizeOf: Measure['sizeOf']): Cut[] {
  const sizes = rowSizes.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  return sizes.flatMap(size => ROWS.map(rows => ({ sizes: [size], rows })));
}

/** A value is computed again for each pass over the rows that reads it, at most so often. */
const MOST_PASSES = 8;

/** The same with copies of a value for all passes that read it; undefined if there is but one. */
function inEachPass(task: Task, thrift: Thrift, draft: Draft, node: Node): Thrift | undefined {
  let [now, of, value] = [thrift, draft, node];
  for (let pass = 1; pass < MOST_PASSES; pass++) {
    const [repetition] = repetitionsOf(of, [value], behindFirstPass);
    if (repetition === undefined) break;
    const { again, images } = repeated(now.again, repetition, each => of.work.stored.has(each));
    value = images(value).at(-1)!; // the copy
    now = { ...now, inline: new Set([...now.inline].flatMap(images)), again };
    of = draftOf(task, now);
  }
  return now === thrift ? undefined : now;
}

/** What the largest buffers hold. */
function valuesIn({ lifetimes, contents }: Draft, sizeOf: Measure['sizeOf']): Node[] {
  return lifetimes
    .toSorted((a, b) => sizeOf(b.length) - sizeOf(a.length))
    .slice(0, MOST_VALUES)
    .map(({ name }) => contents.get(name)!);
}
