// Finds 49 cameras and 7776 points from 31843 observations: 23,867 unknowns. Steps of Levenberg and Marquardt with the
// generated sparse Jacobian; each is solved by conjugate gradients on the normal equations, which are never formed:
//   npm run build && node samples/bundle-adjustment.mjs [CAMERAS POINTS OBSERVATIONS]

import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';
import { bundleProblem } from './bundle-problem.mjs';
import { progress } from './progress.mjs';

const [cameras, points, observations] = process.argv.slice(2).map(Number);
const { camera, point, seen, weights, start, truth } = bundleProblem({ cameras, points, observations });

const text = readFileSync(new URL('bundle-adjustment-problem.expr', import.meta.url), 'utf8');
// the weights are known
const { code } = compile(text, { wrt: ['cameras', 'points'], jacobian: 'sparse' });
const { bind } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const f = bind({ camera, point, seen, weights, n: start.cameras.length / 11, p: start.points.length / 3 });
const { rowIndex, colPointer } = f.jacobianPattern;
const theta = f.pack(start);
const trial = new Float64Array(f.size);
const r = new Float64Array(2 * camera.length);
const values = new Float64Array(rowIndex.length);
console.log(`${r.length} residuals, ${f.size} unknowns, ${values.length} elements of the Jacobian`);

console.log('iteration   error in pixels (rms)   |gradient|   damping   steps of conjugate gradients');
let damping = 1e-3;
let steps = 0;
let previous = Infinity;
for (let iteration = 0; ; iteration++) {
  progress(`iteration ${iteration}`);
  f.valueAndJacobian(theta, r, values);
  const sum = dot(r, r);
  const gradient = transposedTimes(r);
  progress('');
  console.log(
    String(iteration).padStart(9),
    pixels(sum).padStart(23),
    Math.sqrt(dot(gradient, gradient)).toExponential(3).padStart(12),
    damping.toExponential(0).padStart(9),
    String(steps).padStart(30),
  );
  if (sum > 0.999 * previous) break;
  previous = sum;

  for (;;) {
    const solution = solve(gradient, damping);
    steps = solution.steps;
    for (let j = 0; j < theta.length; j++) trial[j] = theta[j] - solution.x[j];
    f.value(trial, r);
    if (dot(r, r) <= sum || damping > 1e12) break;
    damping *= 10;
  }
  theta.set(trial);
  damping /= 10;
}

f.value(f.pack(truth), r);
console.log(`the cameras and points that the data were made with: ${pixels(dot(r, r))}`);

/** The error of an observation, as a text. */
function pixels(sum) {
  return Math.sqrt(sum / dot(weights, weights)).toFixed(6);
}

/** Solves (J'J + damping D) x = g with D the diagonal of J'J, which also preconditions, to a hundredth. */
function solve(g, damping) {
  const scale = g.map((_, j) => {
    let sum = 0;
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) sum += values[k] * values[k];
    return sum * (1 + damping);
  });
  const x = new Float64Array(g.length);
  const rest = g.slice();
  let z = rest.map((v, j) => v / scale[j]);
  const direction = z.slice();
  let rho = dot(rest, z);
  const enough = 1e-4 * rho;
  let steps = 0;
  for (; rho > enough && steps < 300; steps++) {
    const image = transposedTimes(times(direction));
    for (let j = 0; j < x.length; j++) image[j] += (damping / (1 + damping)) * scale[j] * direction[j];
    const length = rho / dot(direction, image);
    for (let j = 0; j < x.length; j++) {
      x[j] += length * direction[j];
      rest[j] -= length * image[j];
    }
    z = rest.map((v, j) => v / scale[j]);
    const next = dot(rest, z);
    for (let j = 0; j < x.length; j++) direction[j] = z[j] + (next / rho) * direction[j];
    rho = next;
  }
  return { x, steps };
}

/** J x, column by column. */
function times(x) {
  const y = new Float64Array(r.length);
  for (let j = 0; j < x.length; j++)
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) y[rowIndex[k]] += values[k] * x[j];
  return y;
}

/** J' y. */
function transposedTimes(y) {
  const x = new Float64Array(f.size);
  for (let j = 0; j < x.length; j++)
    for (let k = colPointer[j]; k < colPointer[j + 1]; k++) x[j] += values[k] * y[rowIndex[k]];
  return x;
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
