// Random graphs over every operation: what is emitted computes what the evaluator computes, in each form and size.

import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/ir/program.ts';
import { isWasm } from '../target.ts';
import { emit, importText, reference } from './programs.ts';
import { ALL, ARITHMETIC, POINTS, randomProgram } from './random-programs.ts';

async function check(program: Program): Promise<void> {
  const { code } = emit(program);
  const f = await importText(code);
  const [grad, hessian] = program.derivatives;
  const nodes = [program.outputs[0].elements[0], ...grad.values.values(), ...hessian.values.values()];
  for (const point of POINTS) {
    const [value, gx, gy, gw, xx, xy, yy, zw] = reference(nodes, point);
    const { k, ...theta } = point;
    const bound = f.bind({ k });
    const [g, H] = [new Float64Array(4).fill(9), new Float64Array(16).fill(9)];
    const both = f.valueAndGrad(point);
    close([f.value(point), bound.value(bound.pack(theta)), both.value], [value, value, value], code);
    close([bound.valueAndGrad(bound.pack(theta), g), ...g], [value, gx, gy, 0, gw], code);
    close([...Object.values(both.grad), ...Object.values(f.grad(point))] as number[], [...g, ...g], code);
    bound.hessian(bound.pack(theta), H);
    const table = Object.values(f.hessian(point)) as object[];
    close([...H], [xx, xy, 0, 0, xy, yy, 0, 0, 0, 0, 0, zw, 0, 0, zw, 0], code);
    close(
      table.flatMap(row => Object.values(row)),
      [...H],
      code,
    );
  }
}

/** Graphs of thousands of operations magnify the last bits in which elementary functions of targets differ. */
const TOLERANCE = isWasm ? 1e-7 : 1e-10;

/** Equal but for the last digits; infinities and NaN are the same ones. */
function close(actual: readonly number[], expected: readonly number[], code: string): void {
  const isClose = actual.every((a, i) => {
    const e = expected[i];
    return Object.is(a, e) || a === e || Math.abs(a - e) <= TOLERANCE * Math.abs(e) || Math.abs(e) > 1e100;
  });
  expect(isClose, `${actual} is not ${expected} in\n${code}`).toBe(true);
}

describe('random graphs', () => {
  it('of all operations', async () => {
    for (let seed = 1; seed <= 60; seed++) await check(randomProgram(seed, 20 + seed, ALL, 5));
  });

  it('of selections', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      await check(randomProgram(seed, 25 + seed, [...ARITHMETIC, 'lt', 'and', 'not', 'real'], 30));
    }
  });

  it('of 300 to 3,000 operations', async () => {
    for (const size of [500, 2000, 5000]) await check(randomProgram(size, size, ARITHMETIC, 3));
  });

  it('in chunks', async () => {
    for (const size of [15_000, 60_000]) {
      const program = randomProgram(size, size, [...ARITHMETIC, 'lt', 'and'], 3);
      if (!isWasm) expect(emit(program).code).toContain('memory');
      await check(program);
    }
  });
});
