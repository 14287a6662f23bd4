// The residuals and the sparse Jacobian of a bundle adjustment by hand: the straight-line code for one observation
// (bench/hand) in a loop, which reads cameras and points where they are and writes each of the 28 elements to its place
// in the compressed columns. Where the columns of a camera and of a point begin is worked out once.

/**
 * @param {{ camera: Int32Array, point: Int32Array, seen: Float64Array }} inputs
 * @param {{ n: number, p: number }} sizes cameras, points
 */
export function make({ camera, point, seen }, { n, p }) {
  const m = camera.length;
  const POINTS = 11 * n;
  const WEIGHTS = POINTS + 3 * p;
  // a column of a camera has 2 elements for each of its observations, those of u and v have 1
  const ofCamera = columns(camera, n, 0, 20);
  const ofPoint = columns(point, p, 20 * m, 6);

  return { valueAndJacobian, pattern: () => pattern(camera, point, n, p) };

  /** @param {Float64Array} theta cameras, points, weights @param {Float64Array} y @param {Float64Array} values */
  function valueAndJacobian(theta, y, values) {
    for (let i = 0; i < m; i++) {
      const fromCamera = 11 * (camera[i] - 1);
      const fromPoint = POINTS + 3 * (point[i] - 1);
      const rank = ofCamera.rank[i];
      const single = ofCamera.count[camera[i] - 1];
      const double = 2 * single;
      const atR1 = ofCamera.start[camera[i] - 1] + 2 * rank;
      const atR2 = atR1 + double;
      const atR3 = atR2 + double;
      const atC1 = atR3 + double;
      const atC2 = atC1 + double;
      const atC3 = atC2 + double;
      const atF = atC3 + double;
      const atU = atF + double - rank;
      const atV = atU + single;
      const atK1 = atV + single + rank;
      const atK2 = atK1 + double;
      const height = 2 * ofPoint.count[point[i] - 1];
      const atX1 = ofPoint.start[point[i] - 1] + 2 * ofPoint.rank[i];
      const atX2 = atX1 + height;
      const atX3 = atX2 + height;
      const atW = 26 * m + 2 * i;

      const r1 = theta[fromCamera];
      const r2 = theta[fromCamera + 1];
      const r3 = theta[fromCamera + 2];
      const f = theta[fromCamera + 6];
      const k1 = theta[fromCamera + 9];
      const k2 = theta[fromCamera + 10];
      const w = theta[WEIGHTS + i];
      const p1 = theta[fromPoint] - theta[fromCamera + 3];
      const p2 = theta[fromPoint + 1] - theta[fromCamera + 4];
      const p3 = theta[fromPoint + 2] - theta[fromCamera + 5];

      const angle = Math.sqrt(r1 * r1 + r2 * r2 + r3 * r3);
      const inverse = 1 / angle;
      const n1 = r1 * inverse;
      const n2 = r2 * inverse;
      const n3 = r3 * inverse;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const versine = 1 - cos;
      const x1 = n2 * p3 - n3 * p2;
      const x2 = n3 * p1 - n1 * p3;
      const x3 = n1 * p2 - n2 * p1;
      const along = n1 * p1 + n2 * p2 + n3 * p3;
      const g = along * versine;
      const y1 = p1 * cos + x1 * sin + n1 * g;
      const y2 = p2 * cos + x2 * sin + n2 * g;
      const y3 = p3 * cos + x3 * sin + n3 * g;

      const depth = 1 / y3;
      const a = y1 * depth;
      const b = y2 * depth;
      const s = a * a + b * b;
      const d = 1 + s * (k1 + k2 * s);
      const wf = w * f;
      const e1 = a * d * f + theta[fromCamera + 7] - seen[2 * i];
      const e2 = b * d * f + theta[fromCamera + 8] - seen[2 * i + 1];
      y[2 * i] = w * e1;
      y[2 * i + 1] = w * e2;

      // residuals by (a, b), then by the rotated point
      const ds = 2 * (k1 + 2 * k2 * s);
      const mixed = wf * a * b * ds;
      const aa = wf * (d + a * a * ds);
      const bb = wf * (d + b * b * ds);
      const h11 = aa * depth;
      const h12 = mixed * depth;
      const h22 = bb * depth;
      const h13 = -(h11 * a + h12 * b);
      const h23 = -(h12 * a + h22 * b);

      // times the rotation, for point and (negated) centre
      const sn1 = sin * n1;
      const sn2 = sin * n2;
      const sn3 = sin * n3;
      const v1 = versine * n1;
      const v2 = versine * n2;
      const R11 = cos + v1 * n1;
      const R12 = v1 * n2 - sn3;
      const R13 = v1 * n3 + sn2;
      const R21 = v1 * n2 + sn3;
      const R22 = cos + v2 * n2;
      const R23 = v2 * n3 - sn1;
      const R31 = v1 * n3 - sn2;
      const R32 = v2 * n3 + sn1;
      const R33 = cos + versine * n3 * n3;
      const j11 = h11 * R11 + h12 * R21 + h13 * R31;
      const j12 = h11 * R12 + h12 * R22 + h13 * R32;
      const j13 = h11 * R13 + h12 * R23 + h13 * R33;
      const j21 = h12 * R11 + h22 * R21 + h23 * R31;
      const j22 = h12 * R12 + h22 * R22 + h23 * R32;
      const j23 = h12 * R13 + h22 * R23 + h23 * R33;
      values[atX1] = j11;
      values[atX2] = j12;
      values[atX3] = j13;
      values[atC1] = -j11;
      values[atC2] = -j12;
      values[atC3] = -j13;
      values[atX1 + 1] = j21;
      values[atX2 + 1] = j22;
      values[atX3 + 1] = j23;
      values[atC1 + 1] = -j21;
      values[atC2 + 1] = -j22;
      values[atC3 + 1] = -j23;

      // rotation: along the axis only the angle changes (by n x y), across it only the axis, by (e_i - n n_i) / angle
      const sp = sin * inverse;
      const vp = versine * inverse;
      const t1 = n2 * y3 - n3 * y2;
      const t2 = n3 * y1 - n1 * y3;
      const t3 = n1 * y2 - n2 * y1;
      // slope by the axis, both residuals: q x h sin/angle + (h . n) p versine/angle + (n . p) h versine/angle
      const hn1 = (h11 * n1 + h12 * n2 + h13 * n3) * vp;
      const hn2 = (h12 * n1 + h22 * n2 + h23 * n3) * vp;
      const av = along * vp;
      const A1 = (p2 * h13 - p3 * h12) * sp + hn1 * p1 + av * h11;
      const A2 = (p3 * h11 - p1 * h13) * sp + hn1 * p2 + av * h12;
      const A3 = (p1 * h12 - p2 * h11) * sp + hn1 * p3 + av * h13;
      const B1 = (p2 * h23 - p3 * h22) * sp + hn2 * p1 + av * h12;
      const B2 = (p3 * h12 - p1 * h23) * sp + hn2 * p2 + av * h22;
      const B3 = (p1 * h22 - p2 * h12) * sp + hn2 * p3 + av * h23;
      const turn1 = h11 * t1 + h12 * t2 + h13 * t3 - (A1 * n1 + A2 * n2 + A3 * n3);
      const turn2 = h12 * t1 + h22 * t2 + h23 * t3 - (B1 * n1 + B2 * n2 + B3 * n3);
      values[atR1] = A1 + turn1 * n1;
      values[atR2] = A2 + turn1 * n2;
      values[atR3] = A3 + turn1 * n3;
      values[atR1 + 1] = B1 + turn2 * n1;
      values[atR2 + 1] = B2 + turn2 * n2;
      values[atR3 + 1] = B3 + turn2 * n3;

      const wa = w * a;
      const wb = w * b;
      const fs = f * s;
      const fss = fs * s;
      values[atF] = wa * d;
      values[atU] = w;
      values[atK1] = wa * fs;
      values[atK2] = wa * fss;
      values[atW] = e1;
      values[atF + 1] = wb * d;
      values[atV] = w;
      values[atK1 + 1] = wb * fs;
      values[atK2 + 1] = wb * fss;
      values[atW + 1] = e2;
    }
  }
}

/**
 * How many observations each camera or point has, the how manieth each observation is, and where the first column begins.
 * @param {Int32Array} of @param {number} length @param {number} from @param {number} elements of an observation
 */
function columns(of, length, from, elements) {
  const count = new Int32Array(length);
  const rank = of.map(which => count[which - 1]++);
  const start = new Int32Array(length);
  for (let k = 0; k < length; k++) {
    start[k] = from;
    from += elements * count[k];
  }
  return { count, rank, start };
}

/**
 * What `values` stands for, in compressed sparse columns.
 * @param {Int32Array} camera @param {Int32Array} point @param {number} n @param {number} p
 */
function pattern(camera, point, n, p) {
  /** @type {number[]} */
  const rowIndex = [];
  const colPointer = [0];
  /** @param {readonly number[]} observations @param {readonly number[]} rows */
  const column = (observations, rows) => {
    for (const i of observations) for (const row of rows) rowIndex.push(2 * i + row);
    colPointer.push(rowIndex.length);
  };
  for (const observations of grouped(camera, n))
    for (let k = 0; k < 11; k++) column(observations, k === 7 ? [0] : k === 8 ? [1] : [0, 1]);
  for (const observations of grouped(point, p)) for (let k = 0; k < 3; k++) column(observations, [0, 1]);
  for (let i = 0; i < camera.length; i++) column([i], [0, 1]);
  return { rowIndex: Int32Array.from(rowIndex), colPointer: Int32Array.from(colPointer) };
}

/** The observations of each camera or point. @param {Int32Array} of @param {number} length */
function grouped(of, length) {
  const groups = Array.from({ length }, () => /** @type {number[]} */ ([]));
  of.forEach((which, i) => {
    groups[which - 1].push(i);
  });
  return groups;
}
