import { afterAll, beforeAll, expect, test } from "vitest";
import { neo } from "../bodies/neo.ts";
import { Physics } from "../mujoco/physics.ts";
import { toolQuat } from "../operators/hands.ts";
import { buildGhost } from "../scene/kitchen.ts";
import { solveInPlace } from "./cholesky.ts";
import { homeCommand } from "./command.ts";
import { InverseKinematics } from "./ik.ts";
import { distance, norm, multiply, conjugate, toRotationVector } from "./vec.ts";

let ghost: Physics;
let ik: InverseKinematics;
beforeAll(async () => {
  ghost = await Physics.compile(buildGhost(neo));
  ik = new InverseKinematics(neo.spec, ghost);
});
afterAll(() => ghost.close());

test("both hands reach targets over the table, within joint limits", () => {
  const quat = toolQuat(neo.spec.toolPitchRad);
  for (const x of [0.42, 0.55, 0.68]) {
    for (const y of [0.05, 0.2, 0.35]) {
      for (const z of [0.76, 0.9, 1.05]) {
        const { joints } = homeCommand(neo.spec);
        const targets = [
          { pos: [x, y, z], quat },
          { pos: [x, -y, z], quat },
        ] as const;
        const reached = ik.solve(joints, targets, 80);
        reached.forEach((pose, a) => {
          expect(distance(pose.pos, targets[a]!.pos)).toBeLessThan(0.004);
          expect(norm(toRotationVector(multiply(pose.quat, conjugate(quat))))).toBeLessThan(0.1);
        });
        neo.spec.joints.forEach(({ range }, j) => {
          expect(joints[j]).toBeGreaterThanOrEqual(range[0]);
          expect(joints[j]).toBeLessThanOrEqual(range[1]);
        });
      }
    }
  }
});

test("a target out of reach is approached and nothing blows up", () => {
  const { joints } = homeCommand(neo.spec);
  const quat = toolQuat(0);
  const [left] = ik.solve(
    joints,
    [
      { pos: [3, 0.2, 1], quat },
      { pos: [0.4, -0.2, 1], quat },
    ],
    100,
  );
  expect(joints.every(Number.isFinite)).toBe(true);
  expect(left!.pos[0]).toBeGreaterThan(0.7);
});

test("solveInPlace solves a system with a known answer", () => {
  const A = Float64Array.from([4, 2, 0, 2, 5, 3, 0, 3, 6]);
  const b = Float64Array.from([4 * 1 + 2 * -2, 2 * 1 + 5 * -2 + 3 * 3, 3 * -2 + 6 * 3]);
  solveInPlace(A, b, 3);
  [1, -2, 3].forEach((x, i) => expect(b[i]).toBeCloseTo(x, 12));
});
