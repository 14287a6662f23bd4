// The functions of a module within a limit on its workspace. Functions share arrays, so each gets a budget, which becomes
// smaller until what they take together is below the limit; kernels share one panel, which may be narrow. It is an error if
// the limit cannot be met, or if it is met for some sizes only, whose numbers nobody has told.

import { SymgradError } from '../errors.ts';
import { evaluateSize, namesIn, type Size } from '../ir/size.ts';
import type { Draft, Task } from './drafts.ts';
import type { Panel } from './loops/panel.ts';
import { type SharedArray, Sharing } from './loops/sharing.ts';
import { exceeded, lengthsIn, openNames } from './memory-error.ts';
import { fastest, type Measure, thrifty, type Version, withRows } from './thrift.ts';

/** At most so many bytes for what functions work in, if named sizes have the numbers `at`, or less. */
export interface MemoryLimit {
  readonly bytes: number;
  readonly at: ReadonlyMap<string, number>;
}

/** What a limit has cost. */
export interface MemoryReport {
  readonly limit: number;
  /** Bytes of the workspace without the limit, or a text if sizes are not known, and with it. */
  readonly before: number | string;
  readonly after: number;
  /** By function: bytes without and with it, and operations more, in percent. */
  readonly functions: Readonly<Record<string, MemoryCost>>;
}

export interface MemoryCost {
  readonly before: number | string;
  readonly after: number;
  readonly extra: number;
}

/** The array that the kernels of a target pack operands into. */
export interface Packing {
  /** What it may be, the widest first. */
  readonly panels: readonly Panel[];
  /** Bytes that the kernels of these functions need. */
  readonly bytesOf: (panel: Panel, drafts: readonly Draft[], sizeOf: (size: Size) => number) => number;
}

/** What a target tells of its arrays. */
export interface ArrayTarget {
  readonly elementBytes: number;
  readonly packing: Packing;
  /** Functions whose buffers do not make the arrays of others longer. */
  readonly isLate: (name: string) => boolean;
}

/** The arrays that functions share. */
export interface Shared {
  readonly sharing: Sharing;
  /** By function, and buffer. */
  readonly arrays: readonly ReadonlyMap<string, SharedArray>[];
}

/** Arrays for all functions; what `isLate` takes comes last, and does not make those of others longer. */
export function share(
  tasks: readonly Task[],
  drafts: readonly Draft[],
  isLate: (name: string) => boolean,
  sizeOf: (size: Size) => number,
): Shared {
  const sharing = new Sharing(sizeOf);
  const arrays = new Array<ReadonlyMap<string, SharedArray>>(tasks.length);
  for (const late of [false, true]) {
    for (const [k, { name }] of tasks.entries()) {
      if (isLate(name) === late) arrays[k] = sharing.assign(drafts[k].lifetimes);
    }
    sharing.freeze();
  }
  return { sharing, arrays };
}

/** A size without a number is larger than any memory: a limit is to hold for all of them. */
const UNKNOWN = 2 ** 40;

interface Plan {
  readonly drafts: readonly Draft[];
  readonly shared: Shared;
  readonly panel: Panel;
  readonly report: MemoryReport;
}

/** All functions, and what they take together. */
interface Candidate {
  readonly versions: readonly Version[];
  readonly panel: Panel;
  readonly shared: Shared;
  readonly bytes: number;
  readonly operations: number;
}

/**
 * Drafts of all functions whose workspace is within the limit.
 * @throws {SymgradError} `memory-limit`, with the least that was found and its largest arrays.
 */
export function planned(
  tasks: readonly Task[],
  limit: MemoryLimit,
  { elementBytes, packing, isLate }: ArrayTarget,
): Plan {
  const { bytes, at } = limit;
  const sizeOf = (size: Size): number =>
    evaluateSize(size, new Map(namesIn(size).map(name => [name, at.get(name) ?? UNKNOWN])));
  const packedOf = (versions: readonly Version[], panel: Panel): number =>
    packing.bytesOf(
      panel,
      versions.map(({ draft }) => draft),
      sizeOf,
    );
  const measureOf = (panel: Panel): Measure => {
    const packedBytes = (draft: Draft) => packing.bytesOf(panel, [draft], sizeOf);
    return { sizeOf, elementBytes, panel, packedBytes };
  };
  const together = (versions: readonly Version[], panel: Panel): Candidate => {
    const drafts = versions.map(({ draft }) => draft);
    const shared = share(tasks, drafts, isLate, sizeOf);
    const elements = shared.sharing.arrays.reduce((sum, { length }) => sum + sizeOf(length), 0);
    return {
      versions,
      panel,
      shared,
      bytes: elementBytes * elements + packedOf(versions, panel),
      operations: versions.reduce((sum, { operations }) => sum + operations, 0),
    };
  };
  const withPanel = (panel: Panel): Candidate => {
    const measure = measureOf(panel);
    let versions = tasks.map(task => fastest(task, measure));
    let least: Candidate | undefined;
    let budget = bytes;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      versions = tasks.map((task, k) => thrifty(task, versions[k], budget, measure));
      let candidate = together(versions, panel);
      if (candidate.bytes > bytes) {
        // Blocks of one length share arrays.
        const rows = Math.min(
          ...versions.map(({ thrift: { cut } }) => cut?.rows ?? Number.POSITIVE_INFINITY),
        );
        const alike = together(
          versions.map((version, k) => withRows(tasks[k], version, rows, measure)),
          panel,
        );
        if (alike.bytes < candidate.bytes) candidate = alike;
      }
      if (least === undefined || candidate.bytes < least.bytes) least = candidate;
      if (candidate.bytes <= bytes || versions.some(version => version.bytes > budget)) break;
      budget *= bytes / candidate.bytes;
    }
    return least!; // there is at least one try
  };

  const [widest, ...narrower] = packing.panels;
  const start = together(
    tasks.map(task => fastest(task, measureOf(widest))),
    widest,
  );
  let best = start.bytes <= bytes ? start : withPanel(widest);
  // Where no panel would do, the narrowest tells the least that is needed.
  const isHopeless = best.bytes - packedOf(best.versions, best.panel) > bytes;
  for (const panel of isHopeless ? narrower.slice(-1) : narrower) {
    if (best.bytes <= bytes && best.operations <= CHEAP * start.operations) break;
    const other = withPanel(panel);
    const isWithin = other.bytes <= bytes;
    if (best.bytes <= bytes ? isWithin && other.operations < best.operations : other.bytes < best.bytes)
      best = other;
  }
  const drafts = best.versions.map(({ draft }) => draft);
  if (best.bytes > bytes) throw new SymgradError(exceeded(drafts, best.bytes, elementBytes, sizeOf, limit));
  const known = (before: number, lengths: readonly Size[]): MemoryReport['before'] => {
    const open = openNames(lengths, at);
    return open.length === 0 ? before : `grows with ${open.join(', ')}`;
  };
  const functions = tasks.map(({ name }, k) => {
    const [before, after] = [start.versions[k], best.versions[k]];
    const extra = 100 * (after.operations / Math.max(before.operations, 1) - 1);
    return [
      name,
      { before: known(before.bytes, lengthsIn(before.draft)), after: after.bytes, extra },
    ] as const;
  });
  return {
    drafts,
    shared: best.shared,
    panel: best.panel,
    report: {
      limit: bytes,
      before: known(
        start.bytes,
        start.versions.flatMap(({ draft }) => lengthsIn(draft)),
      ),
      after: best.bytes,
      functions: Object.fromEntries(functions),
    },
  };
}

/** A version that takes so much longer is good enough: it need not be compared with those of narrower panels. */
const CHEAP = 1.02;

/** Budgets that are tried: what functions take together is seldom much more than what one of them takes. */
const MOST_TRIES = 6;
