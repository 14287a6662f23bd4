// Loops in lanes, one way of running them after the other: what they give for all small sizes, so that there are fewer
// iterations than lanes, as many, and some left over, and beside NaN, infinities and zeros of both signs.

import { describe, expect, test } from 'vitest';
import { chooser } from '../../tensor-formulas.ts';
import { disassemble } from './disassemble.ts';
import { Contest, programFor } from './loops.ts';

const FORMULAS: Readonly<Record<string, string>> = {
  'elements and sums of elements': `
# @input u: n
# @input v: n
sum(tanh(u) .* v) + norm(u - v)`,
  'slices, backwards and with steps': `
# @input u: n
# @input v: n
dot(u[n:-1:1], exp(v)) + sum(u[1:2:n] .^ 2)`,
  'maxima, minima, products': `
# @input u: n
# @input v: n
max(u .* v) - min(u + v) + prod(1 + 0.1 * u)`,
  'indices as numbers': `
# @input u: n
# @input v: m
sum(u .* (1:n)) + sum(v ./ (2 * (1:m)))`,
  'selections, one of whose sides is dear': `
# @input u: n
# @input v: n
sum(where(u > 0, log(u), v)) + sum(where(v < 0.3, exp(u), sqrt(v)))`,
  'functions that have no form on vectors': `
# @input u: n
# @input v: n
sum(cbrt(u) + atan2(u, v) + erfc(v))`,
  'rows that lie apart': `
# @input A: n x 3
# @input v: n
sum(exp(A * [1, 2, 3] - v)) + sum(A[:, 2] .* v)`,
  'rows that go together': `
# @input A: n x m
# @input w: m
# @input v: n
sum(softplus(A * w) - v .* (A * w))`,
  'rows with arrays of their own': `
# @input A: n x m
# @input Y: n x m
-sum(Y .* logsoftmax(A))`,
  'conditions put together': `
# @input A: n x m
# @input w: m
# @input B: 3 x m
sum(relu(A * B' + 0.1) .^ 2) + sum(where(A > 0.2, A .* w, 0))`,
  'what inner loops ask for again and again': `
# @input A: n x m
# @input C: k x m
sum(logsumexp(-sum((reshape(A, [n, 1, m]) - C) .^ 2, 3), 2))`,
  'rows with conditions of their own': `
# @input A: n x m
# @input w: m
# @input v: n
sum(exp(0.1 * sum(where(reshape(v, [n, 1]) > 0, A .* w, A), 2))) + sum(tanh(sum(cbrt(A .* reshape(v, [n, 1])), 2)))`,
  neighbours: `
# @input u: n
sum((u[2:n] - u[1:n - 1] .^ 2) .^ 2) + sum(cumsum(u) .* u)`,
};

const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1];

/** Numbers for all inputs; one of `rare` is a special one. */
function dataFor(text: string, sizes: Readonly<Record<string, number>>, seed: number, rare: number) {
  const choose = chooser(seed);
  const inputs = [...text.matchAll(/@input (\w+): ([\w ]+)/g)].map(([, name, dims]) => {
    const lengths = dims.split(' x ').map(size => sizes[size] ?? Number(size));
    const numbers = Float64Array.from({ length: lengths.reduce((p, q) => p * q, 1) }, () =>
      rare > 0 && choose(rare) === 0 ? SPECIAL[choose(SPECIAL.length)] : choose(2000) / 1000 - 0.9995,
    );
    return [name, numbers] as const;
  });
  return Object.fromEntries(inputs);
}

describe.each(['f64', 'f32'] as const)('%s', precision => {
  test.each(Object.keys(FORMULAS))('%s', async name => {
    const text = FORMULAS[name].trim();
    const contest = new Contest(programFor(text, { hvp: name !== 'maxima, minima, products' }), precision);
    const shape = precision === 'f64' ? 'f64x2' : 'f32x4';
    expect(disassemble(contest.wasm.bytes).some(line => line.includes(`${shape}.`))).toBe(true);
    for (const n of [0, 1, 2, 3, 4, 5, 7, 8, 9, 21]) {
      for (const [m, k] of [
        [1, 2],
        [8, 4],
        [19, 9],
      ]) {
        for (const rare of [0, 6]) {
          const data = { n, m, k, ...dataFor(text, { n, m, k }, 97 * n + m, rare) };
          try {
            await contest.agree(data, precision === 'f64' ? 1e-11 : 3e-4);
          } catch (error) {
            if (n === 0 && error instanceof RangeError) continue; // there is no first element
            expect.fail(`n = ${n}, m = ${m}, one of ${rare}: ${error}\n${contest.code}`);
          }
        }
      }
    }
  });

  test.each(Object.keys(FORMULAS))('%s, of fixed sizes', async name => {
    for (const [n, m, k] of [
      [7, 5, 2],
      [50, 19, 9],
      [13, 50, 16],
    ]) {
      const dims = `# @dim n = ${n}\n# @dim m = ${m}\n# @dim k = ${k}`;
      const text = FORMULAS[name].trim();
      const used = dims.split('\n').filter(line => new RegExp(`[:x] ${line[7]}\\b`).test(text));
      const options = { unroll: 0, hvp: name !== 'maxima, minima, products' };
      const contest = new Contest(programFor(`${used.join('\n')}\n${text}`, options), precision);
      for (const rare of [0, 6]) {
        const data = dataFor(text, { n, m, k }, 31 * n + m, rare);
        try {
          await contest.agree(data, precision === 'f64' ? 1e-11 : 3e-4);
        } catch (error) {
          expect.fail(`n = ${n}, m = ${m}, one of ${rare}: ${error}\n${contest.code}`);
        }
      }
    }
  });
});
