// A bundle adjustment problem of any size, the same for the same seed: cameras on a ring around a box of points, all
// looking at its middle. A point is seen by neighbouring cameras; observations are sorted by point, as in the data sets of
// Agarwal, Snavely, Seitz and Szeliski, Bundle adjustment in the large (2010). The default has the size of one of them.

import { normal, uniform } from './random.mjs';

const DISTANCE = 10;
const PIXEL_NOISE = 0.5;

/**
 * The data of bundle-adjustment-problem.expr (indices are 1-based), the cameras and points it was made with, and others
 * near them to start from. A camera sees a point at most once, so a point cannot have more observations than there are
 * cameras.
 */
export function bundleProblem({ cameras = 49, points = 7776, observations = 31843, seed = 1 } = {}) {
  const random = uniform(seed);
  const noise = normal(random);
  const truth = {
    cameras: Float64Array.from(Array.from({ length: cameras }, (_, i) => onRing(i / cameras, noise)).flat()),
    points: Float64Array.from({ length: 3 * points }, () => 4 * random() - 2),
  };

  const camera = new Int32Array(observations);
  const point = new Int32Array(observations);
  const seen = new Float64Array(2 * observations);
  for (let p = 0, i = 0; p < points; p++) {
    const end = Math.floor(((p + 1) * observations) / points);
    const first = Math.floor(cameras * random());
    const seeing = Array.from({ length: end - i }, (_, k) => (first + k) % cameras).sort((a, b) => a - b);
    for (const c of seeing) {
      camera[i] = c + 1;
      point[i] = p + 1;
      const at = project(
        truth.cameras.subarray(11 * c, 11 * c + 11),
        truth.points.subarray(3 * p, 3 * p + 3),
      );
      seen.set([at[0] + PIXEL_NOISE * noise(), at[1] + PIXEL_NOISE * noise()], 2 * i);
      i++;
    }
  }
  const weights = Float64Array.from({ length: observations }, () => 0.5 + 0.5 * random());
  const start = {
    cameras: truth.cameras.map((x, i) => x + SPREAD[i % 11] * noise()),
    points: truth.points.map(x => x + 0.05 * noise()),
  };
  return { camera, point, seen, weights, truth, start };
}

/** How far the start is from the truth: rotation, centre, focal length, principal point, distortion. */
const SPREAD = [0.005, 0.005, 0.005, 0.05, 0.05, 0.05, 5, 1, 1, 0.001, 0.0001];

/** A camera at a part of a turn, nearly level, that looks at the middle. @param {number} part @param {() => number} noise */
function onRing(part, noise) {
  const angle = 2 * Math.PI * part - Math.PI;
  const r = [0.05 * noise(), angle + 0.02 * noise(), 0.05 * noise()];
  const back = rotated(
    r.map(x => -x),
    [0, 0, -DISTANCE],
  );
  const centre = back.map(x => x + 0.1 * noise());
  return [...r, ...centre, 500 + 10 * noise(), 2 * noise(), 2 * noise(), 0.02 * noise(), 0.002 * noise()];
}

/** Where the camera sees the point. @param {Float64Array} camera @param {Float64Array} point */
function project(camera, point) {
  const [r1, r2, r3, c1, c2, c3, f, u, v, k1, k2] = camera;
  const [x1, x2, x3] = point;
  const [y1, y2, y3] = rotated([r1, r2, r3], [x1 - c1, x2 - c2, x3 - c3]);
  const [a, b] = [y1 / y3, y2 / y3];
  const s = a * a + b * b;
  const d = 1 + k1 * s + k2 * s * s;
  return [a * d * f + u, b * d * f + v];
}

/** Rodrigues: r is the angle times the unit axis. @param {readonly number[]} r @param {readonly number[]} x */
function rotated(r, x) {
  const angle = Math.hypot(...r);
  const [n1, n2, n3] = r.map(component => component / angle);
  const [x1, x2, x3] = x;
  const cross = [n2 * x3 - n3 * x2, n3 * x1 - n1 * x3, n1 * x2 - n2 * x1];
  const along = (n1 * x1 + n2 * x2 + n3 * x3) * (1 - Math.cos(angle));
  return [n1, n2, n3].map((n, i) => x[i] * Math.cos(angle) + cross[i] * Math.sin(angle) + n * along);
}
