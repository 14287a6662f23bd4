// Random formulas over tensors: what their loops give as WebAssembly and as JavaScript.

import { expect, test } from 'vitest';
import { chooser, tensorFormula, tensorInputs } from '../../tensor-formulas.ts';
import { Contest, programFor } from './loops.ts';

const RUNS = Number(process.env.RUNS ?? 40);
const FIRST = Number(process.env.SEED ?? 1);
const SIZES = [0, 1, 2, 3, 5, 7, 8, 9, 17];

async function checkSeed(seed: number): Promise<void> {
  const choose = chooser(seed);
  const isScalar = choose(3) < 2;
  const shapes = [['n'], ['m'], ['n + m'], ['n', 'm'], ['n - 1'], ['3', 'n']];
  const dims = isScalar ? [] : shapes[choose(shapes.length)];
  const formula = tensorFormula(seed, dims, 1 + choose(4));
  const precision = choose(3) === 0 ? 'f32' : 'f64';
  try {
    const options = isScalar ? { hvp: true } : { jacobian: true, jvp: true, vjp: true };
    const contest = new Contest(programFor(formula.text, options), precision);
    for (let run = 0; run < 4; run++) {
      const [n, m] = [SIZES[choose(SIZES.length)], SIZES[choose(SIZES.length)]];
      const all = tensorInputs(seed + run, n, m);
      const names = contest.program.inputs.map(({ name }) => name);
      try {
        await contest.agree(Object.fromEntries(names.map(name => [name, all[name]])));
      } catch (error) {
        if (error instanceof RangeError && (n === 0 || m === 0)) continue; // there is no first element of nothing
        throw new Error(`n = ${n}, m = ${m}: ${(error as Error).stack}\n${contest.code}`);
      }
    }
  } catch (error) {
    expect.fail(`seed ${seed}, ${precision}, ${(error as Error).stack}\n${formula.text}`);
  }
}

const GROUP = 20;

test.each(Array.from({ length: Math.ceil(RUNS / GROUP) }, (_, k) => FIRST + GROUP * k))(
  'random formulas from %i',
  async first => {
    for (let seed = first; seed < first + GROUP; seed++) await checkSeed(seed);
  },
);
