// Random programs of tensors through the loops, against the reference evaluator: values, and gradients of smooth ones.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emitModule } from '../../src/codegen/module.ts';
import { differentiator } from '../../src/grad/derivatives.ts';
import { builder } from '../../src/ir/build.ts';
import { evaluate } from '../../src/ir/evaluate.ts';
import { printIr } from '../../src/ir/print.ts';
import { nodeOf, type Program } from '../../src/ir/program.ts';
import { elementsIn } from '../../src/ir/shape.ts';
import { verify } from '../../src/ir/verify.ts';
import { expand } from '../../src/rewrite/expand.ts';
import { normalise, optimise } from '../../src/rewrite/passes.ts';
import { smoothPrograms, staticPrograms } from '../ir/programs.ts';
import { load } from '../load.ts';

const RUNS = Number(process.env.RUNS ?? 200);

type Inputs = Record<string, number | Float64Array>;

function inputsFor(program: Program, seed: number): Inputs {
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

function isClose(x: number, y: number): boolean {
  return Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(x), Math.abs(y));
}

/** Throws unless the module gives what the evaluator gives, or both refuse an index. */
async function agree(program: Program, inputs: Inputs): Promise<void> {
  const expanded = expand(program);
  verify(expanded, 'expand');
  const { code } = emitModule(expanded, { format: 'esm', header: 'random' });
  const context = `${printIr(program)}\n${code}`;
  let expected: ReturnType<typeof evaluate>;
  try {
    expected = evaluate(program, inputs);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return; // what is computed without need may be refused or not
  }
  const module = await load(code);
  const flat = (value: unknown): number[] =>
    typeof value === 'number' ? [value] : Array.from(value as ArrayLike<number>);
  const compare = (name: string, actual: unknown, wanted: unknown) => {
    const [xs, ys] = [flat(actual), flat(wanted)];
    if (xs.length !== ys.length || !xs.every((x, k) => isClose(x, ys[k]))) {
      expect.fail(
        `${name}: ${xs.slice(0, 12)} is not ${ys.slice(0, 12)}\n${JSON.stringify(inputs)}\n${context}`,
      );
    }
  };
  let value: unknown;
  try {
    value = module.value(inputs);
  } catch (error) {
    expect.fail(`${error}\n${context}`);
  }
  const { outputs } = program;
  for (const { name } of outputs) {
    compare(
      name,
      outputs.length === 1 ? value : (value as Record<string, unknown>)[name],
      expected.outputs[name],
    );
  }
  const grad = expected.derivatives.get('grad');
  if (grad === undefined) return;
  const own = module.grad(inputs);
  for (const [name, wanted] of grad) compare(`d${name}`, own[name], wanted);
}

const plain = (program: Program): Program => ({ ...program, derivatives: [], wrt: [] });
const isNumeric = (program: Program) =>
  program.outputs.every(output => {
    const node = nodeOf(output);
    return node !== undefined && node.dtype !== 'bool';
  });

test('random programs give the values of the evaluator', async () => {
  await fc.assert(
    fc.asyncProperty(staticPrograms, fc.nat(1000), async (program, seed) => {
      if (!isNumeric(program)) return;
      await agree(plain(program), inputsFor(program, seed));
    }),
    { numRuns: RUNS },
  );
});

test('random programs give the same after normalisation and optimisation, with their gradients', async () => {
  await fc.assert(
    fc.asyncProperty(smoothPrograms, fc.nat(1000), async (program, seed) => {
      const node = nodeOf(program.outputs[0]);
      if (node === undefined || node.dtype === 'bool') return;
      const b = builder(program.graph);
      const sum = b.reduceSum(node);
      const wrt = program.inputs.filter(({ dtype }) => dtype === 'real').map(({ name }) => name);
      const scalar: Program = {
        ...program,
        outputs: [{ name: 'sum', shape: [], elements: [sum] }],
        wrt,
        derivatives: [],
      };
      const normal = normalise(scalar);
      const gradient = differentiator(normal.b, normal.program).gradient();
      const whole = { ...normal.program, derivatives: [gradient] };
      const inputs = inputsFor(program, seed);
      await agree(whole, inputs);
      await agree(optimise(whole, 2), inputs);
    }),
    { numRuns: RUNS },
  );
});
