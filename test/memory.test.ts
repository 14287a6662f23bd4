// However often a module is called, the process does not grow: neither the heap nor what stands outside of it, such as
// memories of WebAssembly, of which a call makes none.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitted } from './emitted.ts';

const CALLS = 10_000;
/** What is left behind grows in each of several rounds; vitest and the compiler of the engine do so now and then. */
const ROUNDS = 4;
/** Bytes: less than one number for each call. */
const SLACK = 2 ** 16;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // what the flag exposes in new contexts

/** Bytes of the heap and outside of it that are in use. */
function bytesInUse(): number {
  // Twice, since what the first finds dead outside of the heap is given back by the next.
  collect();
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/** The memories that were made since the tests began. */
const memories: WebAssembly.Memory[] = [];
const { Memory } = WebAssembly;
beforeAll(() => {
  WebAssembly.Memory = class extends Memory {
    constructor(limits: ConstructorParameters<typeof Memory>[0]) {
      super(limits);
      memories.push(this);
    }
  };
});
afterAll(() => {
  WebAssembly.Memory = Memory;
});

/** Calls `step` in rounds, the first of which may allocate what stays. */
function expectNoGrowth(step: () => void): void {
  const round = (): void => {
    for (let call = 0; call < CALLS; call++) step();
  };
  round();
  const buffers = memories.map(({ buffer }) => buffer);
  const growths = Array.from({ length: ROUNDS }, () => {
    const before = bytesInUse();
    round();
    return bytesInUse() - before;
  });
  expect(Math.min(...growths)).toBeLessThan(SLACK);
  expect(memories.length).toBe(buffers.length);
  expect(memories.every(({ buffer }, i) => buffer === buffers[i])).toBe(true); // one that grew has another
}

const wave = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i + 1));

describe.each([
  ['scalars', '(1 - x)^2 + 100 * (y - x^2)^2 + log(1 + x^2 * y^2)', { x: -1.2, y: 1 }, {}],
  [
    'tensors',
    '# @input X: n x d\n# @input y: n\n# @input w: d\n# @wrt w\nz = X * w\nmean(softplus(z) - y .* z)',
    { w: wave(3) },
    { X: wave(24), y: wave(8) },
  ],
  [
    'products',
    '# @input X: 8 x 8\n# @input W: 8 x 8\n# @wrt W\nsum(tanh(X * W) .^ 2)',
    { W: wave(64) },
    { X: wave(64) },
  ],
])('%s', (_, formula, inputs, data) => {
  it('through bind', async () => {
    const { bind } = await emitted(formula);
    const f = bind(data);
    const [theta, g] = [f.pack(inputs), new Float64Array(f.size)];
    expectNoGrowth(() => f.valueAndGrad(theta, g));
  });

  it('through records', async () => {
    const { valueAndGrad } = await emitted(formula);
    const all = { ...inputs, ...data };
    expectNoGrowth(() => valueAndGrad(all));
  });
});

it('notices what is kept', () => {
  const kept: object[] = [];
  expect(() => expectNoGrowth(() => kept.push({}))).toThrow();
  let calls = 0;
  const second = () => ++calls === CALLS + 1 && new WebAssembly.Memory({ initial: 0 });
  expect(() => expectNoGrowth(second)).toThrow();
});
