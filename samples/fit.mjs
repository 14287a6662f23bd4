// Fits two models of the NIST Statistical Reference Datasets from both of their starts by Levenberg-Marquardt with the
// generated derivatives, and compares with the certified parameters:
//   npm run build && node samples/fit.mjs

import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';
import { solve } from './solve.mjs';

const read = name => readFileSync(new URL(name, import.meta.url), 'utf8');

for (const name of ['misra1a', 'rat43']) {
  const data = JSON.parse(read(`data/${name}.json`));
  const { code } = compile(read(`${name}.expr`), { wrt: data.parameters });
  const { bind } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  data.starts.forEach((start, i) => {
    const { theta, iterations } = leastSquares(bind, data, start);
    const digits = Math.min(...theta.map((v, j) => agreement(v, data.certified[j])));
    console.log(`${name}, start ${i + 1}: ${iterations} iterations, ${digits.toFixed(1)} digits agree`);
    theta.forEach((v, j) => {
      console.log(
        `  ${data.parameters[j]} = ${v.toPrecision(11)}  certified ${data.certified[j].toPrecision(11)}`,
      );
    });
  });
}

/** Least squares over the observations; `bind` is that of a module whose value is one residual. */
function leastSquares(bind, { x, y }, start) {
  const n = start.length;
  const residual = bind({ x: x[0], y: y[0] });
  const g = new Float64Array(n);

  /** The sum of squares at theta; adds up J'J and J'r when they are asked for. */
  function sumOfSquares(theta, normal, gradient) {
    normal?.fill(0);
    gradient?.fill(0);
    let sum = 0;
    for (let i = 0; i < x.length; i++) {
      residual.inputs.x = x[i];
      residual.inputs.y = y[i];
      const r = normal ? residual.valueAndGrad(theta, g) : residual.value(theta);
      sum += r * r;
      if (!normal) continue;
      for (let a = 0; a < n; a++) {
        gradient[a] += g[a] * r;
        for (let b = 0; b < n; b++) normal[a * n + b] += g[a] * g[b];
      }
    }
    return sum;
  }

  const theta = Float64Array.from(start);
  const trial = new Float64Array(n);
  const normal = new Float64Array(n * n);
  const gradient = new Float64Array(n);
  let damping = 1e-3;
  let sum = sumOfSquares(theta, normal, gradient);
  let iterations = 0;
  while (iterations < 1000) {
    iterations++;
    const step = solve(normal, gradient, damping);
    for (let a = 0; a < n; a++) trial[a] = theta[a] - step[a];
    const next = sumOfSquares(trial);
    // at the bottom the sum is flat to rounding, while the steps still gain digits
    if (!(next <= sum * (1 + 1e-13))) {
      if (damping > 1e12) break;
      damping *= 10;
      continue;
    }
    const moved = Math.max(...step.map((s, a) => Math.abs(s / trial[a])));
    theta.set(trial);
    sum = sumOfSquares(theta, normal, gradient);
    damping /= 10;
    if (moved < 1e-11) break;
  }
  return { theta: Array.from(theta), iterations };
}

/** Decimal digits on which two numbers agree, NIST's log relative error, at most the 11 that are certified. */
function agreement(value, certified) {
  return Math.min(11, -Math.log10(Math.abs(value - certified) / Math.abs(certified)));
}
