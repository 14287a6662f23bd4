// mathjs itself as an oracle: it shares with us the grammar of the language and nothing else.

import type { MathNode } from 'mathjs';
import type { Program } from '../ir/program.ts';
import { scope } from '../mathjs.ts';
import type { Point } from './domain.ts';
import { layoutOf, nested } from './layout.ts';

/**
 * The elements of the outputs, or the reason why mathjs cannot say. It is not asked about empty arrays, of which it knows
 * no more than that they are empty.
 */
export type Oracle = (point: Point) => readonly number[] | string | undefined;

/** Evaluates the source text of `program` with mathjs, or undefined if mathjs is not installed. */
export async function mathjsOracle(program: Program): Promise<Oracle | undefined> {
  const math = await loadMathjs();
  if (math === undefined) return undefined;
  let statements: readonly MathNode[];
  try {
    statements = statementsOf(math.parse(program.source.text.replace(/\r/g, ' ')));
  } catch (error) {
    return () => reasonOf(error);
  }
  return point => {
    try {
      const { inputs, outputs } = layoutOf(program, point.sizes);
      if (inputs.items.some(({ length }) => length === 0)) return undefined;
      const values = new Map(
        inputs.items.map(({ name, shape }) => {
          const value = point.get(name)!;
          return [name, typeof value === 'number' ? value : nested(value, shape)] as const;
        }),
      );
      const variables = scope(Object.fromEntries(values), Object.fromEntries(point.sizes));
      let last: unknown;
      for (const statement of statements) last = statement.evaluate(variables);
      if (typeof last === 'function') last = last(...values.values());
      const results = program.outputs.map(({ name }) =>
        program.outputs.length > 1 ? variables.get(name) : last,
      );
      const numbers = results.flatMap(numbersOf);
      const isComplete = numbers.length === outputs.length;
      return isComplete ? numbers : 'its result is not a real number';
    } catch (error) {
      return reasonOf(error);
    }
  };
}

async function loadMathjs() {
  try {
    const { all, create } = await import('mathjs');
    // Comparisons are exact here; mathjs has them nearly equal, and takes no smaller tolerance than this.
    return create(all, { relTol: 1e-15, absTol: 0 });
  } catch {
    return undefined;
  }
}

function statementsOf(node: MathNode): readonly MathNode[] {
  if (node.type !== 'BlockNode') return [node];
  return (node as unknown as { blocks: { node: MathNode }[] }).blocks.map(block => block.node);
}

function numbersOf(result: unknown): number[] {
  if (typeof result === 'number') return [result];
  if (typeof result === 'boolean') return [Number(result)];
  if (Array.isArray(result)) return result.flatMap(numbersOf);
  const array = (result as { toArray?: () => unknown } | undefined)?.toArray?.();
  return array === undefined ? [] : numbersOf(array);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
