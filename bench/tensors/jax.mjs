// The same work in @jax-js/jax, compiled by its jit, on its wasm backend. A use of an array that is not the last one
// says `.ref`: jax-js counts references.

import { selections } from './data.mjs';

// what Node 20 lacks of a browser; nothing here is of half precision
globalThis.navigator ??= { userAgent: '', hardwareConcurrency: 1 };
globalThis.Float16Array ??= class Float16Array extends Uint16Array {};

const { init, defaultDevice, hessian, jit, valueAndGrad, numpy: np, nn } = await import('@jax-js/jax');
await init('wasm');
defaultDevice('wasm');

const KINDS = {
  logistic: () => ({
    shapes: ({ n, d }) => ({ X: [n, d], y: [n], w: [d], b: [] }),
    loss({ w, b }, { X, y, lambda }) {
      const z = np.matmul(X, w.ref).add(b);
      return np.mean(nn.softplus(z.ref).sub(y.mul(z))).add(squares(w).mul(lambda).mul(0.5));
    },
  }),

  mlp: () => ({
    shapes: ({ n, layers }) => {
      const shapes = { X: [n, layers[0]], Y: [n, layers.at(-1)] };
      for (let i = 1; i < layers.length; i++) {
        shapes[`W${i}`] = [layers[i - 1], layers[i]];
        shapes[`b${i}`] = [layers[i]];
      }
      return shapes;
    },
    loss(parameters, { X, Y, lambda }) {
      const depth = Object.keys(parameters).length / 2;
      const n = X.shape[0];
      let penalty = squares(parameters.W1.ref);
      let h = X;
      for (let i = 1; i <= depth; i++) {
        if (i > 1) penalty = penalty.add(squares(parameters[`W${i}`].ref));
        h = np.matmul(h, parameters[`W${i}`]).add(parameters[`b${i}`]);
        if (i < depth) h = nn.relu(h);
      }
      const likelihood = Y.mul(nn.logSoftmax(h)).sum();
      return penalty
        .mul(lambda)
        .mul(0.5)
        .sub(likelihood.mul(1 / n));
    },
  }),

  factorization: () => ({
    shapes: ({ n, m, k }) => ({ A: [n, m], U: [n, k], V: [m, k] }),
    loss({ U, V }, { A, lambda }) {
      const R = A.sub(np.matmul(U.ref, V.ref.transpose()));
      return squares(R).add(squares(U).add(squares(V)).mul(lambda));
    },
  }),

  layers: () => ({
    shapes: ({ d }) => ({ W: [d, d], h: [d] }),
    loss({ W }, { h }) {
      for (let i = 0; i < 10; i++) h = np.tanh(np.matmul(W.ref, h));
      W.dispose();
      return h.sum();
    },
  }),

  gmm: () => ({
    shapes: ({ n, d, k }) => ({
      X: [n, d],
      alpha: [k],
      mu: [k, d],
      q: [k, d],
      l: [k, (d * (d - 1)) / 2],
      place: [d, d],
    }),
    loss({ alpha, mu, q, l }, { X, below, diagonal }) {
      const [n, d] = X.shape;
      const k = mu.shape[0];
      const e = np.exp(q.ref);
      const prior = squares(e.ref).add(squares(l.ref)).mul(0.5);
      const Q = np.matmul(l, below).add(np.matmul(e, diagonal)).reshape([k, d, d]);
      const Qx = np.matmul(X, Q.ref.reshape([k * d, d]).transpose()).reshape([n, k, d]);
      const Qmu = Q.mul(mu.reshape([k, 1, d])).sum(2);
      const distance = squares(Qx.sub(Qmu), 2);
      const logs = alpha.ref.add(q.sum(1)).sub(distance.mul(0.5));
      const constant = nn.logsumexp(alpha).add((d / 2) * Math.log(2 * Math.PI));
      return nn.logsumexp(logs, 1).sum().sub(constant.mul(n)).add(prior);
    },
    data({ X, place }, { d }) {
      return { X, ...selections(place, d) };
    },
    dataShapes: ({ n, d }) => ({ X: [n, d], below: [(d * (d - 1)) / 2, d * d], diagonal: [d, d * d] }),
  }),

  lstm: () => ({
    shapes: ({ d, steps }) => ({
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
    }),
    loss({ w1, b1, w2, b2, e }, { x, h1, c1, h2, c2 }) {
      const [steps, d] = x.shape;
      const [W1, B1, W2, B2, E, x_] = [w1, b1, w2, b2, e, x].map(rows);
      let s;
      for (let t = 0; t < steps - 1; t++) {
        const v = x_[t].ref.mul(E[0].ref);
        [h1, c1] = cell(v, h1, c1, W1, B1);
        [h2, c2] = cell(h1.ref, h2, c2, W2, B2);
        const z = h2.ref.mul(E[1].ref).add(E[2].ref);
        const y = x_[t + 1].ref;
        const log = np.log(np.exp(z.ref).sum().add(2));
        const likelihood = y.ref.mul(z).sum().sub(y.sum().mul(log));
        s = s ? s.add(likelihood) : likelihood;
      }
      return s.mul(-1 / ((steps - 1) * d));
    },
  }),

  product: () => ({
    shapes: ({ n, m, k }) => ({ A: [n, k], B: [k, m] }),
    loss: ({ A, B }) => np.tanh(np.matmul(A, B)).sum(),
  }),
};

/**
 * A function of flat vectors of parameters put in place before: it gives the value and leaves the gradient in JavaScript.
 */
export function prepare(workload, inputs, wrt, { precision }) {
  const { loss, fixed, put, shape } = placed(workload, inputs, wrt, precision);
  const f = jit(valueAndGrad(loss));
  let grad;
  return {
    point(theta) {
      let start = 0;
      const parameters = {};
      for (const name of wrt) {
        const length = elementsIn(shape[name]);
        parameters[name] = put(theta.slice(start, start + length), shape[name]);
        start += length;
      }
      return parameters;
    },
    run(parameters) {
      const [value, grads] = f(counted(parameters), counted(fixed));
      grad = wrt.map(name => grads[name].dataSync());
      return value.dataSync()[0];
    },
    gradient: () => grad.flatMap(part => [...part]),
  };
}

/** The Hessian by one flat vector, which is all that `hessian` of jax-js takes. It is read back into JavaScript. */
export function prepareHessian(workload, inputs, wrt, { precision, isCompiled }) {
  const { loss, fixed, put, shape } = placed(workload, inputs, wrt, precision);
  const whole = theta => {
    let start = 0;
    const parameters = {};
    for (const name of wrt) {
      const end = start + elementsIn(shape[name]);
      parameters[name] = theta.ref.slice([start, end]).reshape(shape[name]);
      start = end;
    }
    theta.dispose();
    return loss(parameters, counted(fixed));
  };
  const f = isCompiled ? jit(hessian(whole)) : hessian(whole);
  return {
    point: theta => put(theta, [theta.length]),
    run: theta => f(theta.ref).dataSync(),
  };
}

/** The loss, what it is not differentiated by in place, and how to put the rest. */
function placed({ kind, sizes }, inputs, wrt, precision) {
  const { shapes, dataShapes, loss, data } = KINDS[kind]();
  const dtype = precision === 'f64' ? np.float64 : np.float32;
  const Floats = precision === 'f64' ? Float64Array : Float32Array;
  const shape = shapes(sizes);
  const put = (value, dims) => np.array(Floats.from(value), { dtype, shape: dims });
  const given = data ? data(inputs, sizes) : inputs;
  const givenShapes = dataShapes ? dataShapes(sizes) : shape;
  const fixed = {};
  for (const [name, value] of Object.entries(given)) {
    if (wrt.includes(name)) continue;
    fixed[name] = typeof value === 'number' ? np.array(value, { dtype }) : put(value, givenShapes[name]);
  }
  return { loss, fixed, put, shape };
}

function counted(object) {
  return Object.fromEntries(Object.entries(object).map(([name, array]) => [name, array.ref]));
}

function elementsIn(shape) {
  return shape.reduce((product, size) => product * size, 1);
}

function squares(x, axis = null) {
  return np.square(x).sum(axis);
}

function rows(matrix) {
  const all = Array.from({ length: matrix.shape[0] }, (_, i) => matrix.ref.slice(i));
  matrix.dispose();
  return all;
}

function cell(v, h, c, w, b) {
  const gate = (x, i) => x.mul(w[i].ref).add(b[i].ref);
  const added = nn.sigmoid(gate(h.ref, 1)).mul(np.tanh(gate(h, 3)));
  const next = nn.sigmoid(gate(v.ref, 0)).mul(c).add(added);
  return [nn.sigmoid(gate(v, 2)).mul(np.tanh(next.ref)), next];
}
