// Loops that are left as they are to save code: those that would save little time for much text.

import type { Block } from '../../loops/values.ts';
import type { AnyLoop, Lanes } from './lanes.ts';

/** A loop that may run in lanes. */
export interface Candidate {
  readonly lanes: Lanes;
  /** What is saved each time if it does. */
  readonly saved: number;
}

interface Found {
  readonly loop: AnyLoop;
  /** All times that it runs. */
  readonly saved: number;
  /** How much text it is. */
  readonly size: number;
}

/** So much of the whole cost is given up. */
const GIVEN_UP = 0.03;

/**
 * Takes those of the `candidates` out that save least for their text, as long as that makes a function of cost `total` dearer by
 * a few hundredths at most. Loops of named sizes are not among them: they may be long. `countOf` is how many iterations a
 * loop has.
 */
export function giveUp(
  top: Block,
  candidates: Map<AnyLoop, Candidate>,
  total: number,
  countOf: (loop: AnyLoop) => number,
): void {
  let left = total * GIVEN_UP;
  const isGivenUp = ({ loop, saved }: Found): boolean => {
    if (typeof loop.variable.size !== 'number' || saved > left) return false;
    left -= saved;
    return true;
  };
  // Where an outer loop has been given up, those inside of it are next.
  for (let isDone = false; !isDone; ) {
    const found = outermost(top, candidates, countOf);
    const given = found.sort((p, q) => p.saved / p.size - q.saved / q.size).filter(isGivenUp);
    for (const { loop } of given) candidates.delete(loop);
    isDone = given.length === 0;
  }
}

/** The candidates that no other one is around. */
function outermost(
  top: Block,
  candidates: ReadonlyMap<AnyLoop, Candidate>,
  countOf: (loop: AnyLoop) => number,
): Found[] {
  const found: Found[] = [];
  const visit = ({ statements }: Block, times: number): void => {
    for (const statement of statements) {
      if (statement.kind === 'blocks') visit(statement.body, times);
      if (statement.kind !== 'loop' && statement.kind !== 'rows') continue;
      const candidate = candidates.get(statement);
      if (candidate === undefined) visit(statement.body, times * countOf(statement));
      else {
        const { values, statements: own } = candidate.lanes.contents;
        found.push({ loop: statement, saved: candidate.saved * times, size: values.size + own.length });
      }
    }
  };
  visit(top, 1);
  return found;
}
