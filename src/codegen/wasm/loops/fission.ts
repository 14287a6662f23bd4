// The body of a loop in parts that have nothing to do with each other: each may have a loop of its own. That is worth it where
// one body would need more vectors at a time than there are registers. Invariants: what a part reads is computed in it or
// outside of the loop, and what it changes no other part reads or changes.

import { type Block, partsOf, type Statement, type Value } from '../../loops/values.ts';
import { Contents } from './contents.ts';

/** Of registers for vectors there are 16; some are needed for what is computed. */
const REGISTERS = 12;

/** Longer bodies are left as they are. */
const LONGEST = 200;

/**
 * The statements of an innermost loop in parts, in their order; one part if they fit the registers. `isVector` tells which
 * values from outside take one register for each of `copies`.
 */
export function fissionOf(body: Block, copies: number, isVector: (value: Value) => boolean): Statement[][] {
  const { statements } = body;
  if (statements.length > LONGEST) return [statements];
  const contents = new Contents(body);
  if (!statements.every(({ kind }) => kind === 'define' || kind === 'assign' || kind === 'store'))
    return [statements];
  const outside = new Set<Value>();
  for (const value of contents.values) {
    for (const part of partsOf(value)) if (!part.block.isWithin(body) && isVector(part)) outside.add(part);
  }
  const changed = new Set(contents.assignments.map(({ name }) => name));
  if (copies * (outside.size + changed.size) <= REGISTERS) return [statements];

  const group = new Map<unknown, object>();
  const parts = new Map<object, Statement[]>();
  /** Joins the groups of all that a statement has in common with others. */
  const join = (keys: readonly unknown[]): object => {
    const found = new Set(keys.flatMap(key => group.get(key) ?? []));
    const [first = {}, ...others] = found;
    for (const [key, own] of group) if (others.includes(own)) group.set(key, first);
    for (const key of keys) group.set(key, first);
    return first;
  };
  const stored = new Set(contents.accesses.flatMap(({ array, combine }) => (combine ? [array] : [])));
  for (const statement of statements) join(keysOf(statement, body, stored));
  for (const statement of statements) {
    const own = group.get(statement)!; // joined above
    const known = parts.get(own);
    if (known === undefined) parts.set(own, [statement]);
    else known.push(statement);
  }
  return [...parts.values()];
}

/** What a statement has in common with others of its part. */
function keysOf(statement: Statement, body: Block, stored: ReadonlySet<string>): unknown[] {
  const keys: unknown[] = [statement];
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value) || !value.block.isWithin(body)) return;
    seen.add(value);
    // An index is computed in each part.
    if (value.expression.kind !== 'integer') keys.push(value);
    const { expression } = value;
    if (expression.kind === 'load' && stored.has(expression.array)) keys.push(expression.array);
    if (expression.kind === 'local') keys.push(expression.name);
    for (const part of partsOf(value)) visit(part);
  };
  if (statement.kind === 'define' || statement.kind === 'assign' || statement.kind === 'store') {
    visit(statement.value);
  }
  if (statement.kind === 'assign') keys.push(statement.name);
  if (statement.kind === 'store') {
    keys.push(statement.array);
    for (const { value } of statement.place.dynamic) visit(value);
    if (statement.base !== undefined) visit(statement.base);
  }
  return keys;
}
