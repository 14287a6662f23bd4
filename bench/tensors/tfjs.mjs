// The same work in TensorFlow.js, whose functions run as they are called, on its cpu and its wasm backend. f32 only.

import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { threadId } from 'node:worker_threads';
import { rolldown } from 'rolldown';
import { selections } from './data.mjs';

const require = createRequire(new URL('../package.json', import.meta.url));
const tf = require('@tensorflow/tfjs-core');
await registerGradients();
tf.env().set('PROD', true);

const KINDS = {
  logistic: ({ n, d }) => ({
    shapes: { X: [n, d], y: [n], w: [d, 1], b: [] },
    loss({ w, b }, { X, y, lambda }) {
      const z = tf.add(tf.reshape(tf.matMul(X, w), [n]), b);
      const loss = tf.mean(tf.sub(tf.softplus(z), tf.mul(y, z)));
      return tf.add(loss, tf.mul(squares(w), lambda / 2));
    },
  }),

  mlp: ({ n, layers }) => {
    const shapes = { X: [n, layers[0]], Y: [n, layers.at(-1)] };
    for (let i = 1; i < layers.length; i++) {
      shapes[`W${i}`] = [layers[i - 1], layers[i]];
      shapes[`b${i}`] = [layers[i]];
    }
    return {
      shapes,
      loss(parameters, { X, Y, lambda }) {
        let h = X;
        const penalties = [];
        for (let i = 1; i < layers.length; i++) {
          const W = parameters[`W${i}`];
          penalties.push(squares(W));
          h = tf.add(tf.matMul(h, W), parameters[`b${i}`]);
          if (i < layers.length - 1) h = tf.relu(h);
        }
        const likelihood = tf.sum(tf.mul(Y, tf.logSoftmax(h)));
        return tf.sub(tf.mul(tf.addN(penalties), lambda / 2), tf.div(likelihood, n));
      },
    };
  },

  factorization: ({ n, m, k }) => ({
    shapes: { A: [n, m], U: [n, k], V: [m, k] },
    loss({ U, V }, { A, lambda }) {
      const R = tf.sub(A, tf.matMul(U, V, false, true));
      return tf.add(squares(R), tf.mul(tf.add(squares(U), squares(V)), lambda));
    },
  }),

  layers: ({ d }) => ({
    shapes: { W: [d, d], h: [d, 1] },
    loss({ W }, { h }) {
      let out = h;
      for (let i = 0; i < 10; i++) out = tf.tanh(tf.matMul(W, out));
      return tf.sum(out);
    },
  }),

  gmm: ({ n, d, k }) => {
    const triangle = (d * (d - 1)) / 2;
    return {
      shapes: {
        X: [n, d],
        below: [triangle, d * d],
        diagonal: [d, d * d],
        alpha: [k],
        mu: [k, d],
        q: [k, d],
        l: [k, triangle],
      },
      data: ({ X, place }) => ({ X, ...selections(place, d) }),
      loss({ alpha, mu, q, l }, { X, below, diagonal }) {
        const e = tf.exp(q);
        const prior = tf.div(tf.add(squares(e), squares(l)), 2);
        const Q = tf.add(tf.matMul(l, below), tf.matMul(e, diagonal));
        const Qx = tf.reshape(tf.matMul(X, tf.reshape(Q, [k * d, d]), false, true), [n, k, d]);
        const Qmu = tf.sum(tf.mul(tf.reshape(Q, [k, d, d]), tf.reshape(mu, [k, 1, d])), 2);
        const distance = tf.sum(tf.square(tf.sub(Qx, Qmu)), 2);
        const logs = tf.sub(tf.add(alpha, tf.sum(q, 1)), tf.div(distance, 2));
        const constant = tf.add(tf.logSumExp(alpha), (d / 2) * Math.log(2 * Math.PI));
        return tf.add(tf.sub(tf.sum(tf.logSumExp(logs, 1)), tf.mul(constant, n)), prior);
      },
    };
  },

  lstm: ({ d, steps }) => ({
    shapes: {
      x: [steps, d],
      h1: [d],
      c1: [d],
      h2: [d],
      c2: [d],
      w1: [4, d],
      b1: [4, d],
      w2: [4, d],
      b2: [4, d],
      e: [3, d],
    },
    loss(parameters, { x, ...state }) {
      const [W1, B1, W2, B2, E] = ['w1', 'b1', 'w2', 'b2', 'e'].map(name => tf.unstack(parameters[name]));
      const characters = tf.unstack(x);
      let { h1, c1, h2, c2 } = state;
      const likelihoods = [];
      for (let t = 0; t < steps - 1; t++) {
        [h1, c1] = cell(tf.mul(characters[t], E[0]), h1, c1, W1, B1);
        [h2, c2] = cell(h1, h2, c2, W2, B2);
        const z = tf.add(tf.mul(h2, E[1]), E[2]);
        const y = characters[t + 1];
        const log = tf.log(tf.add(tf.sum(tf.exp(z)), 2));
        likelihoods.push(tf.sub(tf.sum(tf.mul(y, z)), tf.mul(tf.sum(y), log)));
      }
      return tf.mul(tf.addN(likelihoods), -1 / ((steps - 1) * d));
    },
  }),

  product: ({ n, m, k }) => ({
    shapes: { A: [n, k], B: [k, m] },
    loss: ({ A, B }) => tf.sum(tf.tanh(tf.matMul(A, B))),
  }),
};

const BACKENDS = {
  async cpu() {
    require('@tensorflow/tfjs-backend-cpu');
    // or else it advises to install the bindings to native code
    tf.env().set('IS_NODE', false);
    await tf.setBackend('cpu');
  },
  async wasm() {
    const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(
      fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)),
    );
    await tf.setBackend('wasm');
  },
};

/**
 * A function of parameters put in place before, on the backend: it gives the value and leaves the gradient in
 * JavaScript.
 */
export async function prepare({ kind, sizes }, inputs, wrt, { backend }) {
  if (tf.getBackend() !== backend) await BACKENDS[backend]();
  const { shapes, loss, data = all => all } = KINDS[kind](sizes);
  const fixed = {};
  for (const [name, value] of Object.entries(data(inputs))) {
    if (!wrt.includes(name)) fixed[name] = typeof value === 'number' ? value : put(value, shapes[name]);
  }
  const f = tf.valueAndGrads((...parameters) => {
    return loss(Object.fromEntries(wrt.map((name, i) => [name, parameters[i]])), fixed);
  });
  let gradient = [];
  return {
    point(theta) {
      let start = 0;
      return wrt.map(name => {
        const length = shapes[name].reduce((product, size) => product * size, 1);
        start += length;
        return put(theta.slice(start - length, start), shapes[name]);
      });
    },
    run(parameters) {
      return tf.tidy(() => {
        const { value, grads } = f(parameters);
        gradient = grads.map(grad => grad.dataSync());
        return value.dataSync()[0];
      });
    },
    gradient: () => gradient.flatMap(part => [...part]),
  };
}

function put(values, shape) {
  return tf.tensor(Float32Array.from(values), shape, 'float32');
}

function squares(x) {
  return tf.sum(tf.square(x));
}

function cell(v, h, c, w, b) {
  const gate = (x, i) => tf.add(tf.mul(x, w[i]), b[i]);
  const added = tf.mul(tf.sigmoid(gate(h, 1)), tf.tanh(gate(h, 3)));
  const next = tf.add(tf.mul(tf.sigmoid(gate(v, 0)), c), added);
  return [tf.mul(tf.sigmoid(gate(v, 2)), tf.tanh(next)), next];
}

/**
 * tfjs-core for Node comes without its gradients, and their modules are written for bundlers. They register
 * themselves with every copy of tfjs-core in the thread.
 */
async function registerGradients() {
  const input = require.resolve('@tensorflow/tfjs-core/dist/register_all_gradients.js');
  const file = fileURLToPath(
    new URL(`../node_modules/.gradients-${process.pid}-${threadId}.mjs`, import.meta.url),
  );
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  try {
    await bundle.write({ file, format: 'esm' });
    await import(pathToFileURL(file).href);
  } finally {
    rmSync(file, { force: true });
  }
}
