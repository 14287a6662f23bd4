// Finds thirty sinusoids in a thousand noisy samples of one second. The peaks of the spectrum are the start; Gauss-Newton
// steps with the generated J'J and J'r, damped as Levenberg and Marquardt do, fit all ninety parameters:
//   npm run build && node samples/gauss-newton.mjs

import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';
import { progress } from './progress.mjs';
import { normal, uniform } from './random.mjs';
import { solve } from './solve.mjs';

const SINUSOIDS = 30;
const SAMPLES = 1000;
const NOISE = 0.01;

const text = readFileSync(new URL('sinusoids.expr', import.meta.url), 'utf8');
const { code } = compile(text, { gaussNewton: true });
const { bind } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const random = uniform(1);
const noise = normal(random);
// ascending, and at least 3 Hz apart
const truth = Array.from({ length: SINUSOIDS }, (_, i) => ({
  amplitude: 0.5 + random(),
  frequency: 5 + 6 * i + 3 * random(),
  phase: 2 * Math.PI * random(),
}));
const t = Float64Array.from({ length: SAMPLES }, (_, i) => i / SAMPLES);
const y = t.map(time => truth.reduce((sum, s) => sum + sinusoid(s, time), NOISE * noise()));

const f = bind({ t, y, k: SINUSOIDS });
const start = peaks();
progress('');
const theta = f.pack({
  amplitude: start.map(s => s.amplitude),
  frequency: start.map(s => s.frequency),
  phase: start.map(s => s.phase),
});
const trial = new Float64Array(f.size);
const gradient = new Float64Array(f.size);
const matrix = new Float64Array(f.size ** 2);
const r = new Float64Array(SAMPLES);

console.log('iteration   residual (rms)   |gradient|   damping');
let damping = 1e-3;
for (let iteration = 0; ; iteration++) {
  progress(`iteration ${iteration}`);
  const cost = f.gaussNewton(theta, gradient, matrix);
  const norm = Math.hypot(...gradient);
  progress('');
  console.log(
    String(iteration).padStart(9),
    Math.sqrt((2 * cost) / SAMPLES)
      .toFixed(12)
      .padStart(16),
    norm.toExponential(3).padStart(12),
    damping.toExponential(0).padStart(9),
  );
  if (norm < 1e-7 || iteration === 50) break;

  for (;;) {
    const step = solve(matrix, gradient, damping);
    for (let i = 0; i < theta.length; i++) trial[i] = theta[i] - step[i];
    f.value(trial, r);
    // at the bottom the sum is flat to rounding, which is that of angles of hundreds of turns; the steps still gain digits
    if (squares(r) / 2 <= cost * (1 + 1e-10) || damping > 1e12) break;
    damping *= 10;
  }
  theta.set(trial);
  damping /= 10;
}

const { frequency } = f.unpack(theta);
const errors = frequency.sort().map((v, i) => Math.abs(v - truth[i].frequency));
console.log(`the noise was ${NOISE}; no frequency is off by more than ${Math.max(...errors).toFixed(5)} Hz`);

function sinusoid({ amplitude, frequency, phase }, time) {
  return amplitude * Math.sin(2 * Math.PI * frequency * time + phase);
}

/** The largest peak of the spectrum, to a quarter of a hertz; it is taken out, and so on. */
function peaks() {
  const rest = y.slice();
  return Array.from({ length: SINUSOIDS }, (_, i) => {
    progress(`spectrum: peak ${i + 1} of ${SINUSOIDS}`);
    let best = { amplitude: 0 };
    for (let frequency = 1; frequency <= 200; frequency += 0.25) {
      let [re, im] = [0, 0];
      for (let j = 0; j < SAMPLES; j++) {
        re += rest[j] * Math.cos(2 * Math.PI * frequency * t[j]);
        im += rest[j] * Math.sin(2 * Math.PI * frequency * t[j]);
      }
      const amplitude = (2 * Math.hypot(re, im)) / SAMPLES;
      if (amplitude > best.amplitude) best = { amplitude, frequency, phase: Math.atan2(re, im) };
    }
    for (let j = 0; j < SAMPLES; j++) rest[j] -= sinusoid(best, t[j]);
    return best;
  });
}

function squares(v) {
  return v.reduce((sum, x) => sum + x * x, 0);
}
