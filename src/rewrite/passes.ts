// The passes over programs: normalisation, which defines the meaning and always runs, and optimisation, which preserves
// values. A pass is a function from program to program.

import type { Builder } from '../ir/build.ts';
import type { Graph } from '../ir/graph.ts';
import type { Program } from '../ir/program.ts';
import { type Firing, freshGraph, type RewriteRule, rebuilt, rewritingBuilder } from './engine.ts';
import { LINEAR } from './linear.ts';
import { share } from './share.ts';
import { SIMPLIFY } from './simplify.ts';
import { STABILISE } from './stabilise.ts';

/** Builders whose nodes are normalised as they are made: derivatives are appended through them. */
export function normalisingBuilder(graph: Graph, onFire?: (firing: Firing) => void): Builder {
  return rewritingBuilder(graph, STABILISE, onFire);
}

/** The normalised program and the builders to go on with. */
export function normalise(
  program: Program,
  onFire?: (firing: Firing) => void,
): { program: Program; b: Builder } {
  const b = normalisingBuilder(freshGraph(program), onFire);
  return { program: rebuilt(program, b), b };
}

/** The local rules of optimisation. */
const OPTIMISE: readonly RewriteRule[] = [...SIMPLIFY, ...LINEAR];

/** How often sharing is repeated: what one round factors may show the next one more to share. */
const ROUNDS = 3;
/** Graphs larger than this are surveyed once, to keep the compiler's time per operation constant and small. */
const SMALL = 20_000;

/** Level 0 changes nothing, 1 applies the local rules, 2 shares work across the graph as well. */
export function optimise(program: Program, level: 0 | 1 | 2): Program {
  if (level === 0) return program;
  const simplifying = () => rewritingBuilder(freshGraph(program), OPTIMISE);
  if (level === 1) return rebuilt(program, simplifying());
  let result = share(program, simplifying());
  for (let round = 1; round < ROUNDS && result.graph.nodes.length < SMALL; round++) {
    result = share(result, simplifying());
  }
  return result;
}
