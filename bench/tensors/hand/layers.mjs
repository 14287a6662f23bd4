// Ten layers that share W by hand: all activations are kept, the gradient of W is a sum of ten outer products.

const LAYERS = 10;

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ h: Floats }} inputs
 * @param {{ d: number }} sizes
 */
export function make({ h }, { d }) {
  const kept = Float64Array.from({ length: (LAYERS + 1) * d }, (_, i) => (i < d ? h[i] : 0));
  const adjoint = new Float64Array(d);
  const before = new Float64Array(d);

  /** @param {Floats} W @param {Floats} g */
  return function valueAndGrad(W, g) {
    for (let layer = 0; layer < LAYERS; layer++) {
      const from = layer * d;
      for (let i = 0; i < d; i++) {
        let z = 0;
        for (let j = 0; j < d; j++) z += W[i * d + j] * kept[from + j];
        kept[from + d + i] = Math.tanh(z);
      }
    }
    let value = 0;
    for (let i = 0; i < d; i++) value += kept[LAYERS * d + i];

    g.fill(0);
    adjoint.fill(1);
    for (let layer = LAYERS - 1; layer >= 0; layer--) {
      const from = layer * d;
      before.fill(0);
      for (let i = 0; i < d; i++) {
        const out = kept[from + d + i];
        const delta = adjoint[i] * (1 - out * out);
        for (let j = 0; j < d; j++) {
          g[i * d + j] += delta * kept[from + j];
          before[j] += delta * W[i * d + j];
        }
      }
      adjoint.set(before);
    }
    return value;
  };
}
