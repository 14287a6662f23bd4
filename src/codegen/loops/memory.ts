// What becomes of the buffers of a function once its statements are known: stores that nobody reads are taken out, and for
// the others it is told when they live. Who lives when decides what may share memory (sharing.ts).

import type { Size } from '../../ir/size.ts';
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

/** When a function uses a buffer: from its statement `first` to its statement `last`. */
export interface Lifetime {
  readonly name: string;
  /** Elements. */
  readonly length: Size;
  readonly first: number;
  readonly last: number;
}

/**
 * The lifetimes of the buffers that a function uses, in the order in which they begin: a buffer lives from the first
 * statement of `top` that mentions it to the last, or to the `result` that the function returns.
 */
export function lifetimesOf(
  top: Block,
  buffers: ReadonlyMap<string, Size>,
  result: Value | undefined,
): Lifetime[] {
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
  return Array.from(first, ([name, begin]) => {
    return { name, length: buffers.get(name)!, first: begin, last: last.get(name)! };
  });
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
