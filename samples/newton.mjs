// Minimises Rosenbrock's function by Newton's method with the generated Hessian:
//   npm run build && node samples/newton.mjs

import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';

const text = readFileSync(new URL('rosenbrock.expr', import.meta.url), 'utf8');
const { code } = compile(text, { wrt: ['x', 'y'], hessian: true });
const { bind } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const f = bind();
const theta = f.pack({ x: -1.2, y: 1 });
const trial = new Float64Array(2);
const g = new Float64Array(2);
const H = new Float64Array(4);

console.log('iteration      value           |gradient|    x                    y');
for (let iteration = 0; ; iteration++) {
  const value = f.valueAndGrad(theta, g);
  const norm = Math.hypot(g[0], g[1]);
  console.log(
    String(iteration).padStart(9),
    value.toExponential(8).padStart(16),
    norm.toExponential(3).padStart(12),
    ...Array.from(theta, v => `  ${v.toFixed(16)}`),
  );
  if (norm < 1e-12 || iteration === 100) break;

  // the Newton step solves H step = -g; the Hessian is positive definite all along this path
  f.hessian(theta, H);
  const determinant = H[0] * H[3] - H[1] * H[2];
  const dx = (H[1] * g[1] - H[3] * g[0]) / determinant;
  const dy = (H[2] * g[0] - H[0] * g[1]) / determinant;

  // halve it until the value falls enough (Armijo)
  const slope = g[0] * dx + g[1] * dy;
  let length = 1;
  do {
    trial[0] = theta[0] + length * dx;
    trial[1] = theta[1] + length * dy;
    length /= 2;
  } while (length > 1e-10 && f.value(trial) > value + 2e-4 * length * slope);
  theta.set(trial);
}
