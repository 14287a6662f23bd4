// Where writing small tensors out stops to pay: two dense layers of n neurons and a chain of n points, as numbers and as
// loops. `UNROLL` in src/compile.ts comes from here: node bench/unroll.mjs

import { compile } from '../dist/index.js';
import { ratio, takeTurns, timed } from './tensors/measure.mjs';

/** @type {Record<string, (n: number) => string>} */
const FORMULAS = {
  layers: n => `# @input W: ${n} x ${n}\n# @input x: ${n}\n# @wrt W\nsum(tanh(W * tanh(W * x)))`,
  chain: n => `# @input x: ${n}\nsum(100 * (x[2:end] - x[1:end-1].^2).^2 + (1 - x[1:end-1]).^2)`,
  distances: n => `# @input X: ${n} x 3\nD = reshape(X, [${n}, 1, 3]) - X\nsum(exp(-sum(D .^ 2, 3)))`,
};

console.log('| formula | n | operations | written out / loops |\n| --- | --: | --: | --: |');
for (const [name, formula] of Object.entries(FORMULAS)) {
  for (const n of [2, 3, 4, 6, 8, 12, 16, 24, 32, 48]) {
    const variants = [];
    let operations = 0;
    for (const unroll of [20_000, 0]) {
      const { code, stats } = compile(formula(n), { unroll });
      const { bind } = await import(`data:text/javascript,${encodeURIComponent(`${code}\n// ${name} ${n}`)}`);
      const f = bind({ x: new Float64Array(n).map((_, i) => Math.sin(i)) });
      const theta = new Float64Array(f.size).map((_, i) => Math.cos(i) / 2);
      const g = new Float64Array(f.size);
      if (unroll > 0) operations = stats.operations.valueAndGrad;
      variants.push(timed(i => f.valueAndGrad(theta.fill(1 / (1 + (i % 7)), 0, 1), g)));
    }
    const [out, loops] = await takeTurns(variants, { quick: true });
    console.log(`| ${name} | ${n} | ${operations} | ${ratio(out, loops).toFixed(2)} |`);
  }
}
