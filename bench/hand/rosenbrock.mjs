// Written by hand, as one would in an inner loop: theta = [x, y] in, gradient and Hessian out, nothing allocated.

/** @param {Float64Array} theta @param {Float64Array} g */
export function valueAndGrad(theta, g) {
  const x = theta[0];
  const u = 1 - x;
  const v = theta[1] - x * x;
  g[0] = -2 * u - 400 * x * v;
  g[1] = 200 * v;
  return u * u + 100 * v * v;
}

/** @param {Float64Array} theta @param {Float64Array} g @param {Float64Array} H */
export function valueGradAndHessian(theta, g, H) {
  const x = theta[0];
  const u = 1 - x;
  const xx = x * x;
  const v = theta[1] - xx;
  g[0] = -2 * u - 400 * x * v;
  g[1] = 200 * v;
  H[0] = 2 + 800 * xx - 400 * v;
  H[1] = H[2] = -400 * x;
  H[3] = 200;
  return u * u + 100 * v * v;
}
