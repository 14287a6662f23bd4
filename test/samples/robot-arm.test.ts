// The arm against a product of Denavit-Hartenberg matrices and its geometric Jacobian: each column is the joint's axis
// crossed with the arm from the joint to the tip.

import { describe, test } from 'vitest';
import { expectClose, flatJacobian, load, type TensorModule } from './load.ts';

const JOINTS = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6'] as const;

// length along z, length along x, turn about x: Universal Robots, UR5
const LINKS = [
  [0.089159, 0, Math.PI / 2],
  [0, -0.425, 0],
  [0, -0.39225, 0],
  [0.10915, 0, Math.PI / 2],
  [0.09465, 0, -Math.PI / 2],
  [0.0823, 0, 0],
] as const;

type Vector = readonly [number, number, number];
/** Columns x, y, z and the origin of a frame. */
type Frame = { readonly axes: readonly [Vector, Vector, Vector]; readonly origin: Vector };

const combine = (a: number, u: Vector, b: number, v: Vector): Vector => [
  a * u[0] + b * v[0],
  a * u[1] + b * v[1],
  a * u[2] + b * v[2],
];
const cross = (u: Vector, v: Vector): Vector => [
  u[1] * v[2] - u[2] * v[1],
  u[2] * v[0] - u[0] * v[2],
  u[0] * v[1] - u[1] * v[0],
];

function nextFrame(
  { axes: [x, y, z], origin }: Frame,
  q: number,
  [d, a, alpha]: (typeof LINKS)[number],
): Frame {
  const x2 = combine(Math.cos(q), x, Math.sin(q), y);
  const y1 = combine(-Math.sin(q), x, Math.cos(q), y);
  return {
    axes: [
      x2,
      combine(Math.cos(alpha), y1, Math.sin(alpha), z),
      combine(-Math.sin(alpha), y1, Math.cos(alpha), z),
    ],
    origin: combine(1, origin, 1, combine(d, z, a, x2)),
  };
}

function arm(q: readonly number[], tool: Vector) {
  const frames: Frame[] = [
    {
      axes: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      origin: [0, 0, 0],
    },
  ];
  for (const [i, link] of LINKS.entries()) frames.push(nextFrame(frames[i]!, q[i]!, link));
  const flange = frames[6]!;
  const [x, y, z] = flange.axes;
  const tip = combine(1, flange.origin, 1, combine(1, combine(tool[0], x, tool[1], y), tool[2], z));
  const columns = LINKS.map((_, i) => {
    const { axes, origin } = frames[i]!;
    return cross(axes[2], combine(1, tip, -1, origin));
  });
  return { tip, jacobian: [0, 1, 2].flatMap(row => columns.map(column => column[row]!)) };
}

const named = (q: readonly number[], [tx, ty, tz]: Vector) => ({
  ...Object.fromEntries(JOINTS.map((name, i) => [name, q[i]!])),
  tx,
  ty,
  tz,
});

describe('robot-arm', async () => {
  const module = await load<TensorModule>('robot-arm', { jacobian: true });

  test('zero angles: the arm stretched out, as in the data sheet', () => {
    const { tx: _x, ty: _y, tz: _z, ...joints } = named([0, 0, 0, 0, 0, 0], [0, 0, 0]);
    expectClose(module.value(joints), [-0.425 - 0.39225, -0.10915 - 0.0823, 0.089159 - 0.09465]);
  });

  test.each([
    { q: [0.1, -0.9, 1.3, -0.4, 0.7, 2.1], tool: [0, 0, 0] },
    { q: [-2.2, -1.57, 1.1, 0.2, -1.3, 0.4], tool: [0.03, -0.02, 0.11] },
    { q: [3, 0.5, -2.5, 2, 1.5, -1], tool: [0.2, 0.1, 0.05] },
  ] as const)('position and Jacobian at $q', ({ q, tool }) => {
    const expected = arm(q, tool);
    const { value, jacobian } = module.valueAndJacobian(named(q, tool));
    expectClose(value, expected.tip, 1e-13, 1);
    expectClose(flatJacobian(jacobian, JOINTS, 3), expected.jacobian, 1e-13, 1);

    const f = module.bind({ tx: tool[0], ty: tool[1], tz: tool[2] });
    const [y, J] = [new Float64Array(3), new Float64Array(18)];
    f.valueAndJacobian(Float64Array.from(q), y, J);
    expectClose(y, expected.tip, 1e-13, 1);
    expectClose(J, expected.jacobian, 1e-13, 1);
  });
});
