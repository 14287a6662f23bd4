// Buffers by lifetime: arrays of one length whose lifetimes do not overlap are one array, within a function and across
// the functions of a module, which never run at the same time.

import { type Size, sizeText } from '../../ir/size.ts';
import type { Block, Statement } from './values.ts';

/** An array of the workspace. */
export interface WorkArray {
  readonly length: Size;
}

/**
 * The array of the workspace that each buffer of a function becomes; `workspace` grows by those that are missing. A
 * buffer lives from the first statement of `top` that mentions it to the last.
 */
export function plan(
  top: Block,
  buffers: ReadonlyMap<string, Size>,
  workspace: Map<string, WorkArray>,
  take: (wanted: string) => string,
): ReadonlyMap<string, string> {
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  for (const [at, statement] of top.statements.entries()) {
    eachArray(statement, name => {
      if (!buffers.has(name)) return;
      if (!first.has(name)) first.set(name, at);
      last.set(name, at);
    });
  }
  const arrayOf = new Map<string, string>();
  /** The statement at which an array of the workspace is free again. */
  const freeAt = new Map<string, number>();
  const order = [...buffers]
    .filter(([name]) => first.has(name))
    .sort((a, b) => first.get(a[0])! - first.get(b[0])!);
  for (const [name, length] of order) {
    const begin = first.get(name)!;
    const fits = [...workspace].filter(
      ([array, own]) => sizeText(own.length) === sizeText(length) && (freeAt.get(array) ?? -1) < begin,
    );
    let array = (fits.find(([own]) => own === name) ?? fits[0])?.[0];
    if (array === undefined) {
      array = take(name);
      workspace.set(array, { length });
    }
    freeAt.set(array, last.get(name)!);
    arrayOf.set(name, array);
  }
  return arrayOf;
}

function eachArray(statement: Statement, visit: (name: string) => void): void {
  switch (statement.kind) {
    case 'define': {
      const { expression } = statement.value;
      if (expression.kind === 'load') visit(expression.array);
      return;
    }
    case 'loop':
      for (const inner of statement.body.statements) eachArray(inner, visit);
      return;
    case 'if':
      for (const inner of statement.then.statements) eachArray(inner, visit);
      for (const inner of statement.otherwise?.statements ?? []) eachArray(inner, visit);
      return;
    case 'store':
    case 'fill':
      visit(statement.array);
      return;
    case 'call':
      for (const part of statement.arguments) if (typeof part === 'string') visit(part);
      return;
    default:
  }
}
