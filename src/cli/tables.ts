// Tables for stderr: what the compiler did, and what the check found.

import type { CheckReport, FunctionReport } from '../check.ts';
import { bytesText } from '../codegen/memory-error.ts';
import type { MemoryReport } from '../codegen/memory-plan.ts';
import type { Stats } from '../compile.ts';
import type { Source } from '../errors.ts';
import { lineStartsOf, positionOf } from '../ir/position.ts';

/** Passes with nodes and time, operations and loops by function, and what was replaced by a stable form where. */
export function statsTable(
  { passes, operations, modes, loops, patterns, stabilised }: Stats,
  { text }: Source,
): string {
  const starts = lineStartsOf(text);
  const place = (offset: number): string => {
    const { line, column } = positionOf(offset, starts);
    return `${line}:${column}`;
  };
  const sections = [
    table([
      ['pass', 'nodes', 'ms'],
      ...passes.map(({ pass, nodes, milliseconds }) => [pass, String(nodes), milliseconds.toFixed(1)]),
    ]),
    table([
      ['function', 'operations'],
      ...Object.entries(operations).map(([name, count]) => [name, String(count)]),
    ]),
    ...modeTable(modes),
    ...(loops === undefined ? [] : loopTables(loops)),
    ...(patterns === undefined ? [] : [patternTable(patterns)]),
    stabilised.length === 0
      ? 'nothing was stabilised\n'
      : table([
          ['at', 'stabilised', 'law'],
          ...stabilised.map(({ rule, law, span }) => [
            span === undefined ? '-' : place(span.start),
            rule,
            law,
          ]),
        ]),
  ];
  return `${sections.join('\n')}\n`;
}

/** For each matrix of derivatives the mode it was computed in, and the operations of each that was tried. */
function modeTable(modes: Stats['modes']): string[] {
  const rows = Object.entries(modes).map(([name, { mode, work }]) => [
    name,
    mode,
    Object.entries(work)
      .map(([each, operations]) => `${each} ${operations}`)
      .join(', ') || 'the only one tried',
  ]);
  return rows.length === 0 ? [] : [table([['derivative', 'mode', 'operations by mode'], ...rows])];
}

/**
 * What the functions store or sum up one by one, in how many loops, which have been merged from how many; and what
 * `bind` allocates for all of them.
 */
function loopTables({ functions, workspace, memory }: NonNullable<Stats['loops']>): string[] {
  const counts = Object.entries(functions).map(([name, { units, axes, loops, products }]) => [
    name,
    ...[units, loops, axes, products].map(String),
  ]);
  const arrays = workspace.map(({ name, length }) => [name, String(length)]);
  return [
    table([['function', 'units', 'loops', 'unmerged', 'products'], ...counts]),
    arrays.length === 0 ? 'no workspace\n' : table([['workspace', 'elements'], ...arrays]),
    ...(memory === undefined ? [] : [memoryTable(memory)]),
  ];
}

/** What functions work in without a limit and with it, and how many operations more that takes. */
function memoryTable({ limit, before, after, functions }: MemoryReport): string {
  const text = (bytes: number | string) => (typeof bytes === 'string' ? bytes : bytesText(bytes));
  const rows = Object.entries(functions).map(([name, each]) => [
    name,
    text(each.before),
    bytesText(each.after),
    `${each.extra.toFixed(1)} %`,
  ]);
  return table([
    [`memory, limit ${bytesText(limit)}`, 'before', 'after', 'operations more'],
    ...rows,
    ['all functions', text(before), bytesText(after), ''],
  ]);
}

/** Sparse matrices: how many products with vectors would tell all nonzeros, and what they are made from instead. */
function patternTable(patterns: NonNullable<Stats['patterns']>): string {
  const rows = patterns.map(({ matrix, nonzeros, colours, by, from }) => {
    return [matrix, nonzeros, colours, by, from].map(cell => String(cell ?? '-'));
  });
  return table([['matrix', 'nonzeros', 'colours', 'of', 'values by'], ...rows]);
}

/** One line for each function and each thing it was compared with. */
export function checkTable({ functions, points, notes }: CheckReport): string {
  const rows = functions.map(report => [
    report.name,
    report.reference,
    String(report.points),
    report.largestError.toExponential(1),
    [report.ok ? 'ok' : 'FAILED', ...skippedText(report)].join(', '),
  ]);
  const lines = [
    `checked at ${points} ${points === 1 ? 'point' : 'points'}\n`,
    rows.length > 0 ? table([['function', 'compared with', 'points', 'largest error', ''], ...rows]) : '',
    ...[...notes].map(note => `${note}\n`),
  ];
  return lines.join('');
}

function skippedText({ skipped }: FunctionReport): string[] {
  return skipped === 0 ? [] : [`${skipped} ${skipped === 1 ? 'number' : 'numbers'} skipped near a kink`];
}

/** Columns that hold only numbers are aligned to the right; the first row is the heading. */
function table(rows: readonly (readonly string[])[]): string {
  const [heading, ...body] = rows;
  const columns = heading.map((_, c) => ({
    width: Math.max(...rows.map(row => row[c].length)),
    isNumeric: body.length > 0 && body.every(row => /^[\d.e+-]+$|^Infinity$/.test(row[c])),
  }));
  return rows
    .map(row => {
      const cells = row.map((cell, c) => {
        const { width, isNumeric } = columns[c];
        return isNumeric ? cell.padStart(width) : cell.padEnd(width);
      });
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}
