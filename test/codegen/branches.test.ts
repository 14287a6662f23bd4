// Selections: expensive sides are computed only when they are selected.

import { describe, expect, it } from 'vitest';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { isWasm } from '../target.ts';
import { emit, load, sketch } from './programs.ts';

/** x > 0 ? exp(-1/x) : 0 and its derivative: e is used in both, under the same condition. */
const bump = sketch({
  inputs: { x: {} },
  outputs: (b, x) => ({ f: b.select(b.lt(0, x('x')), exponential(b, x('x')), 0) }),
  derivatives: (b, x) => ({
    grad: { x: b.select(b.lt(0, x('x')), b.div(exponential(b, x('x')), b.mul(x('x'), x('x'))), 0) },
  }),
});

function exponential({ exp, div }: Builder, x: Node): Node {
  return exp(div(-1, x));
}

/** Both sides are worth a branch, one of them has a branch inside. */
const nested = sketch({
  inputs: { x: {}, y: {} },
  outputs: (b, x) => {
    const [r, s] = [b.sqrt(x('x')), b.log(b.neg(x('x')))];
    const inner = b.select(b.lt(x('y'), 0), b.mul(b.sin(s), b.add(b.sin(s), 1)), s);
    return { f: b.select(b.lt(0, x('x')), b.mul(r, b.add(r, 1)), b.add(inner, s)) };
  },
});

describe('branches', () => {
  it('are if statements where both sides cost something', async () => {
    if (!isWasm) {
      await expect(emit(bump).code).toMatchFileSnapshot('../golden/bump.mjs');
      await expect(emit(nested).code).toMatchFileSnapshot('../golden/nested.mjs');
    }
    const { value } = await load(nested);
    expect(value({ x: 4, y: 0 })).toBe(6);
    expect(value({ x: -1, y: 0 })).toBe(0);
    const s = Math.log(2);
    expect(value({ x: -2, y: -1 })).toBe(Math.sin(s) * (Math.sin(s) + 1) + s);
  });

  it('share the values of one condition', async () => {
    const f = await load(bump);
    expect(f.valueAndGrad({ x: 0.5 })).toEqual({ value: Math.exp(-2), grad: { x: Math.exp(-2) / 0.25 } });
    expect(f.valueAndGrad({ x: 0 })).toEqual({ value: 0, grad: { x: 0 } });
  });
});
