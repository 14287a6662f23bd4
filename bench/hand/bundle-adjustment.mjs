// Reprojection error by hand. Everything is linear after the projection, so the 2 x 15 Jacobian is the 2 x 3 slope of
// the residuals in the rotated point times the slope of the rotated point: the rotation itself for point and centre,
// the derivative of Rodrigues' formula for the rotation.
// theta = [r1 r2 r3, c1 c2 c3, f, u, v, k1, k2, x1 x2 x3, w], data = [m1, m2]; y gets 2 residuals, J 2 x 15 by rows.

/** @param {Float64Array} theta @param {Float64Array} data @param {Float64Array} y @param {Float64Array} J */
export function valueAndJacobian(theta, data, y, J) {
  const r1 = theta[0];
  const r2 = theta[1];
  const r3 = theta[2];
  const f = theta[6];
  const k1 = theta[9];
  const k2 = theta[10];
  const w = theta[14];
  const p1 = theta[11] - theta[3];
  const p2 = theta[12] - theta[4];
  const p3 = theta[13] - theta[5];

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
  const e1 = a * d * f + theta[7] - data[0];
  const e2 = b * d * f + theta[8] - data[1];
  y[0] = w * e1;
  y[1] = w * e2;

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
  J[11] = j11;
  J[12] = j12;
  J[13] = j13;
  J[3] = -j11;
  J[4] = -j12;
  J[5] = -j13;
  J[26] = j21;
  J[27] = j22;
  J[28] = j23;
  J[18] = -j21;
  J[19] = -j22;
  J[20] = -j23;

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
  J[0] = A1 + turn1 * n1;
  J[1] = A2 + turn1 * n2;
  J[2] = A3 + turn1 * n3;
  J[15] = B1 + turn2 * n1;
  J[16] = B2 + turn2 * n2;
  J[17] = B3 + turn2 * n3;

  const wa = w * a;
  const wb = w * b;
  const fs = f * s;
  const fss = fs * s;
  J[6] = wa * d;
  J[7] = w;
  J[8] = 0;
  J[9] = wa * fs;
  J[10] = wa * fss;
  J[14] = e1;
  J[21] = wb * d;
  J[22] = 0;
  J[23] = w;
  J[24] = wb * fs;
  J[25] = wb * fss;
  J[29] = e2;
}
