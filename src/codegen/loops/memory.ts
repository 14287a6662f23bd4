// Buffers by lifetime: arrays of one length whose lifetimes do not overlap are one array, within a function and across
// the functions of a module, which never run at the same time.

import { type Size, sizeText } from '../../ir/size.ts';
import { type Block, partsOf, type Statement, type Value } from './values.ts';

/**
 * Takes out of `top` the stores into buffers that neither a statement nor `result`, which the function returns, reads: what
 * an unrolled loop leaves to another one goes from variable to variable.
 */
export function dropDeadStores(
  top: Block,
  buffers: ReadonlyMap<string, unknown>,
  result: Value | undefined,
): void {
  const blocks = blocksOf(top);
  const writers = new Map<string, Statement[]>();
  const read = new Set<string>();
  const pending: Statement[] = [];
  for (const statement of blocks.flatMap(block => block.statements)) {
    if ((statement.kind === 'store' || statement.kind === 'fill') && buffers.has(statement.array)) {
      const own = writers.get(statement.array);
      if (own === undefined) writers.set(statement.array, [statement]);
      else own.push(statement);
    } else pending.push(statement);
  }
  const seen = new Set<Value>();
  if (result !== undefined) pending.push({ kind: 'return', value: result });
  for (let statement = pending.pop(); statement !== undefined; statement = pending.pop()) {
    const visit = (name: string): void => {
      if (read.has(name)) return;
      read.add(name);
      pending.push(...(writers.get(name) ?? []));
    };
    eachRead(valuesIn(statement, visit), seen, visit);
  }
  for (const block of blocks) {
    block.statements = block.statements.filter(statement => {
      if (statement.kind !== 'store' && statement.kind !== 'fill') return true;
      if (!buffers.has(statement.array) || read.has(statement.array)) return true;
      if (statement.kind === 'store') release(statement.value);
      return false;
    });
  }
}

function blocksOf(top: Block): Block[] {
  const blocks: Block[] = [top];
  for (const block of blocks) {
    for (const statement of block.statements) {
      if (hasBody(statement)) blocks.push(statement.body);
      else if (statement.kind === 'if') {
        blocks.push(statement.then);
        if (statement.otherwise !== undefined) blocks.push(statement.otherwise);
      }
    }
  }
  return blocks;
}

function hasBody(statement: Statement): statement is Extract<Statement, { readonly body: Block }> {
  return 'body' in statement;
}

/** The values that a statement uses; those of what is inside of it are not among them. */
function valuesIn(statement: Statement, visit: (name: string) => void): Value[] {
  switch (statement.kind) {
    case 'store': {
      const values = [statement.value, ...statement.place.dynamic.map(({ value }) => value)];
      return statement.base === undefined ? values : [...values, statement.base];
    }
    case 'assign':
    case 'return':
      return [statement.value];
    case 'if':
      return [statement.condition];
    case 'call':
      for (const part of statement.arguments) if (typeof part === 'string') visit(part);
      return [];
    default:
      return [];
  }
}

/** Calls `visit` for the arrays that `values` are read from, through the values that `isOpen` lets through, each once. */
function eachRead(
  values: Value[],
  seen: Set<Value>,
  visit: (name: string) => void,
  isOpen: (value: Value) => boolean = () => true,
): void {
  for (let value = values.pop(); value !== undefined; value = values.pop()) {
    if (seen.has(value) || !isOpen(value)) continue;
    seen.add(value);
    if (value.expression.kind === 'load') visit(value.expression.array);
    values.push(...partsOf(value));
  }
}

/** True for a value that has a statement of its own, where all that it is made of is read. */
function isDefined({ uses, isUsedInside }: Value): boolean {
  return uses > 1 || isUsedInside;
}

/** One use less; what is not used has no uses of its own. */
function release(value: Value): void {
  const unused = [value];
  for (let next = unused.pop(); next !== undefined; next = unused.pop()) {
    next.uses--;
    if (next.uses === 0 && 'operands' in next.expression) unused.push(...next.expression.operands);
  }
}

/** An array of the workspace. */
export interface WorkArray {
  readonly length: Size;
}

/**
 * The array of the workspace that each buffer of a function becomes; `workspace` grows by those that are missing. A
 * buffer lives from the first statement of `top` that mentions it to the last, or to the `result` that the function returns.
 */
export function plan(
  top: Block,
  buffers: ReadonlyMap<string, Size>,
  workspace: Map<string, WorkArray>,
  take: (wanted: string) => string,
  result: Value | undefined,
): ReadonlyMap<string, string> {
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  const ending: Statement[] = result === undefined ? [] : [{ kind: 'return', value: result }];
  for (const [at, statement] of [...top.statements, ...ending].entries()) {
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

/** Calls `visit` for the arrays that a statement mentions, with all that is inside of it. */
function eachArray(statement: Statement, visit: (name: string) => void): void {
  const inner = hasBody(statement) ? blocksOf(statement.body) : [];
  if (statement.kind === 'if') {
    inner.push(...blocksOf(statement.then));
    if (statement.otherwise !== undefined) inner.push(...blocksOf(statement.otherwise));
  }
  for (const each of [statement, ...inner.flatMap(block => block.statements)]) {
    if (each.kind === 'store' || each.kind === 'fill') visit(each.array);
    const values =
      each.kind === 'define' && isDefined(each.value) ? partsOf(each.value) : valuesIn(each, visit);
    if (each.kind === 'define' && each.value.expression.kind === 'load') visit(each.value.expression.array);
    eachRead(values, new Set(), visit, value => !isDefined(value));
  }
}
