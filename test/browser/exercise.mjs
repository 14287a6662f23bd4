// What pages and Node do alike with an emitted module: every function of a scalar output, as numbers that JSON can hold.

/**
 * @param {any} module what it exports depends on the formula
 * @param {{ inputs: Record<string, unknown>, data: Record<string, unknown> }} arguments_ the inputs that are
 *   differentiated, and the others
 */
export function exercise(module, { inputs, data }) {
  const { value, grad } = module.valueAndGrad({ ...inputs, ...data });
  const bound = module.bind(data);
  const theta = bound.pack(inputs);
  const g = theta.slice();
  const again = [];
  for (let step = 0; step < 3; step++) {
    again.push(bound.valueAndGrad(theta, g), ...g);
    for (let i = 0; i < theta.length; i++) theta[i] -= 0.01 * g[i];
  }
  return { value, grad: plain(grad), alone: module.value({ ...inputs, ...data }), again };
}

/**
 * @param {unknown} value numbers, typed arrays, records of them
 * @returns {unknown}
 */
function plain(value) {
  if (typeof value === 'number') return value;
  if (ArrayBuffer.isView(value)) return Array.from(/** @type {Float64Array} */ (value));
  return Object.fromEntries(
    Object.entries(/** @type {object} */ (value)).map(([key, each]) => [key, plain(each)]),
  );
}
