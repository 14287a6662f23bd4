// Random programs of tensors made node by node, with every operation there is: what their loops give as WebAssembly and as
// JavaScript.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differentiator } from '../../../src/grad/derivatives.ts';
import { builder } from '../../../src/ir/build.ts';
import { printIr } from '../../../src/ir/print.ts';
import { nodeOf, type Program } from '../../../src/ir/program.ts';
import { elementsIn } from '../../../src/ir/shape.ts';
import { expand } from '../../../src/rewrite/expand.ts';
import { normalise, optimise } from '../../../src/rewrite/passes.ts';
import { smoothPrograms, staticPrograms } from '../../ir/programs.ts';
import { Contest } from './loops.ts';

const RUNS = Number(process.env.RUNS ?? 60);

function inputsFor(program: Program, seed: number): Record<string, number | Float64Array> {
  const entries = program.inputs.map(({ name, shape, dtype }, at) => {
    const count = elementsIn(shape) as number;
    const values = Float64Array.from({ length: count }, (_, k) => {
      const x = Math.sin(seed + 1.7 * at + 0.9 * k) * 1.3;
      return dtype === 'int' ? 1 + (Math.abs(Math.round(5 * x)) % 3) : x;
    });
    return [name, shape.length === 0 ? values[0] : values] as const;
  });
  return Object.fromEntries(entries);
}

async function agree(program: Program, seed: number, tolerance: number): Promise<void> {
  try {
    await new Contest(expand(program)).agree(inputsFor(program, seed), tolerance);
  } catch (error) {
    expect.fail(`${(error as Error).stack}\n${printIr(program)}`);
  }
}

test('random programs', async () => {
  await fc.assert(
    fc.asyncProperty(staticPrograms, fc.nat(1000), async (program, seed) => {
      const isNumeric = program.outputs.every(output => {
        const node = nodeOf(output);
        return node !== undefined && node.dtype !== 'bool';
      });
      if (isNumeric) await agree({ ...program, derivatives: [], wrt: [] }, seed, 1e-12);
    }),
    { numRuns: RUNS },
  );
});

test('random programs with their gradients', async () => {
  await fc.assert(
    fc.asyncProperty(smoothPrograms, fc.nat(1000), async (program, seed) => {
      const node = nodeOf(program.outputs[0]);
      if (node === undefined || node.dtype === 'bool') return;
      const sum = builder(program.graph).reduceSum(node);
      const wrt = program.inputs.filter(({ dtype }) => dtype === 'real').map(({ name }) => name);
      const outputs = [{ name: 'sum', shape: [], elements: [sum] }];
      const normal = normalise({ ...program, outputs, wrt, derivatives: [] });
      const gradient = differentiator(normal.b, normal.program).gradient();
      await agree(optimise({ ...normal.program, derivatives: [gradient] }, 2), seed, 1e-11);
    }),
    { numRuns: RUNS },
  );
});
