// What is said when functions need more memory than they may take: how much, and the largest of what they store, at its place
// in the source.

import type { Diagnostic } from '../errors.ts';
import { namesIn, type Size, sizeText } from '../ir/size.ts';
import type { Draft } from './drafts.ts';
import type { MemoryLimit } from './memory-plan.ts';

/** Arrays that are named. */
const MOST_NAMED = 3;

/** The lengths of what a function works in, as far as named sizes decide it. */
export function lengthsIn({ lifetimes, products }: Draft): Size[] {
  return [...lifetimes.map(({ length }) => length), ...products.map(({ inner }) => inner)];
}

/** The named sizes in lengths whose numbers are not known. */
export function openNames(lengths: readonly Size[], at: ReadonlyMap<string, number>): string[] {
  return [...new Set(lengths.flatMap(namesIn))].filter(name => !at.has(name));
}

/** The diagnostic `memory-limit`: the least that was found is `least` bytes, for these drafts. */
export function exceeded(
  drafts: readonly Draft[],
  least: number,
  elementBytes: number,
  sizeOf: (size: Size) => number,
  { bytes, at }: MemoryLimit,
): Diagnostic {
  const stored = drafts
    .flatMap(({ lifetimes, contents }) =>
      lifetimes.map(({ name, length }) => ({ length, span: contents.get(name)!.span })),
    )
    .sort((a, b) => sizeOf(b.length) - sizeOf(a.length));
  const open = openNames(drafts.flatMap(lengthsIn), at);
  const places = stored.flatMap(({ length, span }) =>
    span === undefined
      ? []
      : [{ span, message: `${sizeText(length)} numbers of ${elementBytes} bytes are stored` }],
  );
  const isFirst = ({ span }: (typeof places)[number], k: number) =>
    places.findIndex(other => other.span.start === span.start && other.span.end === span.end) === k;
  const [largest, ...related] = places.filter(isFirst).slice(0, MOST_NAMED);
  const needed = open.length === 0 ? bytesText(least) : `memory that grows with ${open.join(' and ')}`;
  return {
    severity: 'error',
    code: 'memory-limit',
    message: `the functions need ${needed} to work in, more than the limit of ${bytesText(bytes)}`,
    ...(largest && { span: largest.span, label: largest.message }),
    related,
    hints:
      open.length === 0
        ? []
        : [
            `say how large it will be: ${open.map(name => `--at ${name}=1000`).join(' ')}, or fix it by --define`,
          ],
  };
}

/** `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${Number.isInteger(value) ? value : value.toPrecision(value < 1000 ? 3 : 4)} ${units[unit]}`;
}
