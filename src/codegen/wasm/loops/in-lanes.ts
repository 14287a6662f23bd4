// Decides about the loops of one function, and writes those that run in lanes.

import type { Block, Value } from '../../loops/values.ts';
import { VectorMath } from '../math/vector-math.ts';
import type { AssemblerOptions } from './assembler.ts';
import { Contents } from './contents.ts';
import { Costs } from './cost.ts';
import type { Frame } from './frame.ts';
import { LaneStatements } from './lane-statements.ts';
import type { AnyLoop, Lanes } from './lanes.ts';
import { Scratch } from './scratch.ts';
import { copiesOf } from './spread.ts';
import type { InLanes, Statements } from './statements.ts';
import { LANES_OF } from './vector-forms.ts';

/** In functions longer than this, in bytes, loops are written shortly: only innermost ones run in lanes. */
const LONG = 60_000;

/** How many functions of a vector are written out, in loops of more than a few iterations without others inside. */
const WRITTEN_OUT = 2;
const FEW = 64;

/** Writes the loops of a function that run in lanes; `statements` are those of the function. */
export function inLanes(
  frame: Frame,
  top: Block,
  result: Value | undefined,
  { lengthOf, isBuffer, scratch }: AssemblerOptions,
  statements: () => Statements,
): InLanes {
  const shape = frame.environment.precision === 'f64' ? 'f64x2' : 'f32x4';
  const lanes = LANES_OF[shape];
  const mentions = new Map<string, number>();
  for (const { array } of new Contents(top, result).accesses)
    mentions.set(array, (mentions.get(array) ?? 0) + 1);
  const costs = new Costs(
    top,
    {
      mentions,
      isBuffer,
      elementOf: array => frame.elementOf(array),
      precision: frame.environment.precision,
    },
    lanes,
  );
  const math = new VectorMath(frame.environment.encoder, shape);
  const pool = new Scratch(scratch);
  const room = { left: WRITTEN_OUT };
  return (loop, count, iterations) => {
    const found = costs.inLanes(loop);
    if (found === undefined) return undefined;
    const isLong = frame.code.size > LONG;
    const most = isLong ? 1 : costs.copiesOf(found);
    const isNest = found.contents.statements.some(({ kind }) => kind === 'loop');
    if (isLong && isNest) return undefined;
    const jams = (outer: Lanes, inner: AnyLoop) => costs.jam(outer, inner);
    const own = isNest || (iterations !== undefined && iterations < FEW) ? { left: 0 } : room;
    const shared = { frame, statements: statements(), math, scratch: pool, lengthOf, isBuffer };
    const copies = isNest ? [wholeCopies(most, lanes, iterations)] : copiesOf(most, lanes, iterations);
    new LaneStatements({ ...shared, jams, room: own }, found, shape).run(count, copies, iterations);
    return lanes * Math.min(...copies);
  };
}

/** How many vectors a nest takes at a time, in one loop, since its text is long: few of many are left over, if any. */
function wholeCopies(most: number, lanes: number, iterations: number | undefined): number {
  if (iterations === undefined) return most;
  const vectors = Math.floor(iterations / lanes);
  if (vectors >= 4 * most) return most;
  let copies = most;
  while (copies > 1 && vectors % copies !== 0) copies--;
  return copies;
}
