// UR5 by hand: the geometric Jacobian, each column the joint's axis crossed with the arm from the joint to the tip.
// Joints 2, 3 and 4 turn about one direction (s1, -c1, 0), so their columns need only the plane of the arm.
// theta = [q1 ... q6], tool = [tx, ty, tz]; y gets the position, J the 3 x 6 Jacobian by rows.

const D1 = 0.089159;
const A2 = -0.425;
const A3 = -0.39225;
const D4 = 0.10915;
const D5 = 0.09465;
const D6 = 0.0823;

/** @param {Float64Array} theta @param {Float64Array} tool @param {Float64Array} y @param {Float64Array} J */
export function valueAndJacobian(theta, tool, y, J) {
  const q1 = theta[0];
  const q2 = theta[1];
  const q23 = q2 + theta[2];
  const q234 = q23 + theta[3];
  const q5 = theta[4];
  const q6 = theta[5];
  const c1 = Math.cos(q1);
  const s1 = Math.sin(q1);
  const c234 = Math.cos(q234);
  const s234 = Math.sin(q234);
  const c5 = Math.cos(q5);
  const s5 = Math.sin(q5);
  const c6 = Math.cos(q6);
  const s6 = Math.sin(q6);
  const tx = tool[0];
  const ty = tool[1];
  const x5 = c6 * tx - s6 * ty;
  const y5 = s6 * tx + c6 * ty;
  const z5 = D6 + tool[2];
  const x4 = c5 * x5 - s5 * z5;
  const y4 = s5 * x5 + c5 * z5;
  const z4 = D5 - y5;

  // in the plane of the arm: from joint 4, joint 3 and joint 2 to the tip
  const px4 = c234 * x4 + s234 * z4;
  const py4 = s234 * x4 - c234 * z4;
  const px3 = A3 * Math.cos(q23) + px4;
  const py3 = A3 * Math.sin(q23) + py4;
  const px2 = A2 * Math.cos(q2) + px3;
  const py2 = A2 * Math.sin(q2) + py3;
  const z1 = D4 + y4;
  const px = c1 * px2 + s1 * z1;
  const py = s1 * px2 - c1 * z1;
  y[0] = px;
  y[1] = py;
  y[2] = D1 + py2;

  J[0] = -py;
  J[6] = px;
  J[12] = 0;
  J[1] = -c1 * py2;
  J[7] = -s1 * py2;
  J[13] = px2;
  J[2] = -c1 * py3;
  J[8] = -s1 * py3;
  J[14] = px3;
  J[3] = -c1 * py4;
  J[9] = -s1 * py4;
  J[15] = px4;
  // joint 5 moves (x4, y4) by (-y4, x4): along the plane's c234 and s234, and along the axis (s1, -c1, 0)
  const u5 = -c234 * y4;
  J[4] = c1 * u5 + s1 * x4;
  J[10] = s1 * u5 - c1 * x4;
  J[16] = -s234 * y4;
  // joint 6 moves (x5, y5) by (-y5, x5)
  const x46 = -c5 * y5;
  const y46 = -s5 * y5;
  const u6 = c234 * x46 - s234 * x5;
  J[5] = c1 * u6 + s1 * y46;
  J[11] = s1 * u6 - c1 * y46;
  J[17] = s234 * x46 + c234 * x5;
}
