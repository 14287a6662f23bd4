// The choice of a mode: by rows where there are few outputs, by columns where there are few inputs, and the same numbers
// either way.

import { describe, expect, it } from 'vitest';
import { differentiator } from '../../src/grad/derivatives.ts';
import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import type { Mode } from '../../src/ir/program.ts';
import type { Shape } from '../../src/ir/shape.ts';
import { nodesOfTerms } from '../../src/ir/terms.ts';
import { normalise } from '../../src/rewrite/passes.ts';
import { difference, generator } from '../differences.ts';
import { scattered } from '../terms.ts';
import { formulaOf, programOf, valuesAt } from './tensors.ts';

const N = 12;

// biome-ignore format: one formula a paragraph
const INNER: Readonly<Record<string, (b: Builder, x: Node) => Node>> = {
  'elementwise': (b, x) => b.sin(b.mul(x, x)),
  'softmax': (b, x) => b.exp(b.sub(x, b.reduceLogsumexp(x))),
  'neighbours': (b, x) => {
    const part = (start: number) => b.slice(x, { axis: 0, start, step: 1, length: N - 1 });
    return b.concat(0, [b.mul(part(0), part(1)), b.slice(x, { axis: 0, start: 3, step: 1, length: 1 })]);
  },
  'picked': (b, x) => b.sin(b.gather(x, b.array([3, 1, 2, 3, 12, 11, 5, 5, 6, 7, 8, 9], [N]), 0)),
  'selected': (b, x) => b.select(b.lt(b.sin(b.iota(N)), 0.2), b.mul(x, x), b.relu(b.add(x, 3))),
  'cumulative': (b, x) => b.cumprod(b.add(x, 1.5), { axis: 0, exclusive: false, reverse: true }),
  'scaled': (b, x) => b.div(x, b.norm(x)),
  'products': (b, x) => b.contract('ab,b->a', b.mul(b.expand(x, [1]), x), b.exp(x)),
};

/** Two outputs of twelve inputs, or twelve of two. */
function narrow(b: Builder, inner: (b: Builder, x: Node) => Node, x: Node): Node {
  const M = b.array(
    Array.from({ length: 2 * N }, (_, k) => Math.sin(3 * k)),
    [2, N],
  );
  return b.tanh(b.contract('ab,b->a', M, inner(b, x)));
}
function wide(b: Builder, inner: (b: Builder, x: Node) => Node, x: Node): Node {
  const M = b.array(
    Array.from({ length: 2 * N }, (_, k) => Math.cos(2 * k)),
    [N, 2],
  );
  return inner(b, b.contract('ab,b->a', M, b.tanh(x)));
}

const MODES: readonly Mode[] = ['forward', 'reverse'];

function check(count: number, build: (b: Builder, x: Node) => Node): void {
  for (const mode of MODES) {
    const { program, b } = normalise(programOf(formulaOf([[count]], build)));
    const { values, terms, choice } = differentiator(b, program).jacobian('dense', mode);
    expect(choice?.mode).toBe(mode);
    const random = generator(5);
    const x0 = Array.from({ length: count }, () => 1.2 * random() - 0.4);
    const at = (nodes: readonly Node[], x = x0) => valuesAt(nodes, { x0: x }, { x0: [count] });
    const [out] = program.outputs[0].elements;
    const rows = out.shape[0] as number;
    const [actual] = at([values.get('f.x0')!]);
    const list = terms!.get('f.x0')!;
    const fromTerms = scattered(list, at(nodesOfTerms(list)), [rows, count]);
    for (let k = 0; k < rows * count; k++) {
      const [row, column] = [Math.floor(k / count), k % count];
      const number = difference(s => at([out], x0.with(column, x0[column] + s))[0][row], 0, 0.02);
      const bound = 1e-8 * Math.max(1, Math.abs(number));
      expect(Math.abs(actual[k] - number), `${mode} ${row}, ${column}`).toBeLessThan(bound);
      expect(Math.abs(fromTerms[k] - number), `terms, ${mode} ${row}, ${column}`).toBeLessThan(bound);
    }
  }
}

describe('a Jacobian is the same in both modes', () => {
  it.each(Object.entries(INNER))('of few outputs: %s', (_, inner) => {
    check(N, (b, x) => narrow(b, inner, x));
  });

  it.each(Object.entries(INNER))('by few inputs: %s', (_, inner) => {
    check(2, (b, x) => wide(b, inner, x));
  });
});

describe('the mode with less work is taken', () => {
  const chosen = (shapes: readonly Shape[], build: (b: Builder, ...x: Node[]) => Node) => {
    const { program, b } = normalise({ ...programOf(formulaOf(shapes, build)), wrt: ['x0'] });
    const { mode, work } = differentiator(b, program).jacobian('dense').choice!;
    expect(Math.min(...Object.values(work))).toBe(work[mode]);
    return mode;
  };
  const layer = (b: Builder, W: Node, x: Node) => b.tanh(b.contract('ab,b->a', W, x));

  it('reverse for few outputs', () => {
    const shapes = [[30], [30, 30], [2, 30]];
    expect(chosen(shapes, (b, x, W, V) => layer(b, V, layer(b, W, layer(b, W, x))))).toBe('reverse');
  });

  it('forward for few inputs', () => {
    const shapes = [[2], [30, 30], [30, 2]];
    expect(chosen(shapes, (b, x, W, V) => layer(b, W, layer(b, W, layer(b, V, x))))).toBe('forward');
  });
});
