import { makeRng, widthOf } from "@orrery/core";
import { expect, test } from "vitest";
import { bodyNamed } from "../bodies/registry.ts";
import { Physics } from "../mujoco/physics.ts";
import { buildGhost } from "../scene/kitchen.ts";
import { ACTION_SPACES } from "./action-space.ts";
import { homeCommand } from "./command.ts";
import { EeDelta } from "./ee-delta.ts";
import { InverseKinematics } from "./ik.ts";
import { makeActionSpace } from "./make-action-space.ts";
import { nearest, nearestAt } from "./segments.ts";
import { limitNorm, sub } from "./vec.ts";

/** Bends are linear and cuts go to a sixteenth of a step, but neither may end below the margin. */
const ROUNDING_M = 1e-6;

async function makeIk(name: string): Promise<{ ik: InverseKinematics; ghost: Physics }> {
  const body = bodyNamed(name);
  const ghost = await Physics.compile(buildGhost(body));
  return { ik: new InverseKinematics(body.spec, ghost), ghost };
}

test("hands sent through each other and through the trunk keep their distance, and still move", async () => {
  const { spec } = bodyNamed("neo");
  const { ik, ghost } = await makeIk("neo");
  const { selfCollision } = ik;
  const rng = makeRng(1);
  let crossings = 0;
  let travelled = 0;
  for (let trial = 0; trial < 12; trial++) {
    const space = new EeDelta({ spec, ik });
    let command = homeCommand(spec);
    space.reset(command);
    // Each hand to the other side: low in front, or into the chest.
    const goals = [-1, 1].map(
      (side) => [rng.uniform(0.1, 0.5), side * rng.uniform(0.05, 0.35), rng.uniform(0.8, 1.3)] as const,
    );
    const free = command.joints.slice();
    const poses = ik.forward(free);
    ik.solve(
      free,
      poses.map(({ quat }, arm) => ({ pos: goals[arm]!, quat })),
      60,
    );
    if (selfCollision.gap(free) < 0) crossings++;
    const start = poses[0]!.pos;
    for (let step = 0; step < 40; step++) {
      const tools = ik.forward(command.joints);
      const moves = tools.flatMap(({ pos }, arm) => [
        ...limitNorm(sub(goals[arm]!, pos), spec.maxToolStepM),
        0,
        0,
        0,
      ]);
      command = space.apply(Float32Array.from([...moves, 0, 0, 0, 0, 0]), command);
      expect(selfCollision.gap(command.joints)).toBeGreaterThan(selfCollision.marginM - ROUNDING_M);
    }
    travelled += Math.abs(ik.forward(command.joints)[0]!.pos[1] - start[1]);
  }
  expect(crossings).toBeGreaterThan(6); // left alone, most of them run into something
  expect(travelled / 12).toBeGreaterThan(0.1);
  ghost.close();
});

test.each(["neo", "arm6"])(
  "%s: random full-range actions of every space keep the margin, between steps too",
  async (name) => {
    const { spec } = bodyNamed(name);
    const { ik, ghost } = await makeIk(name);
    const { selfCollision } = ik;
    for (const spaceName of ACTION_SPACES) {
      const space = makeActionSpace(spaceName, { spec, ik });
      const rng = makeRng(2, name, spaceName);
      let command = homeCommand(spec);
      space.reset(command);
      const limits = space.parts.flatMap((part) => [...(part.limits ?? [])]);
      expect(limits.length).toBe(widthOf(space.parts));
      let action = new Float32Array(limits.length);
      for (let step = 0; step < 150; step++) {
        // Held for a while, so that the arms get somewhere.
        if (step % 8 === 0) action = Float32Array.from(limits, ([low, high]) => rng.uniform(low, high));
        const next = space.apply(action, command);
        for (const share of [0.33, 0.67, 1]) {
          const between = command.joints.map((from, j) => from + share * (next.joints[j]! - from));
          const gap = selfCollision.gap(between);
          expect(gap, `${spaceName}, step ${step}`).toBeGreaterThan(selfCollision.marginM - 1e-3);
        }
        expect(selfCollision.gap(next.joints)).toBeGreaterThan(selfCollision.marginM - ROUNDING_M);
        command = next;
      }
    }
    ghost.close();
  },
);

test("a step that comes near nothing is left alone to the bit", async () => {
  const { spec } = bodyNamed("neo");
  const { ik, ghost } = await makeIk("neo");
  const { joints } = homeCommand(spec);
  const to = joints.slice();
  to[4]! += 0.1; // left shoulder forward
  const before = to.slice();
  expect(ik.selfCollision.keepApart(joints, to)).toBe(false);
  expect(to).toEqual(before);
  ghost.close();
});

test("parts that are too near already may come apart, and no nearer", async () => {
  const { spec } = bodyNamed("neo");
  const { ik, ghost } = await makeIk("neo");
  const { selfCollision } = ik;
  const roll = spec.joints.findIndex(({ name }) => name === "l_sh_roll");
  const { joints: near } = homeCommand(spec);
  near[roll] = -0.3; // upper arm into the chest
  const gap = selfCollision.gap(near);
  expect(gap).toBeLessThan(selfCollision.marginM);
  const apart = near.slice();
  apart[roll] = -0.1;
  selfCollision.keepApart(near, apart);
  expect(apart[roll]).toBeCloseTo(-0.1, 3);
  const nearer = near.slice();
  nearer[roll]! -= 0.1;
  selfCollision.keepApart(near, nearer);
  expect(selfCollision.gap(nearer)).toBeGreaterThan(gap - ROUNDING_M);
  ghost.close();
});

test("the nearest points of two segments, also where they are parallel or points", () => {
  const distance = (...ends: number[]): number => nearest(Float64Array.from(ends), 0, 6);
  // Crossing at right angles, one above the other by 2.
  expect(distance(-1, 0, 0, 1, 0, 0, 0.5, -1, 2, 0.5, 1, 2)).toBeCloseTo(2, 12);
  expect([nearestAt.s, nearestAt.t]).toEqual([0.75, 0.5]);
  // End to end, 3-4-5.
  expect(distance(0, 0, 0, 1, 0, 0, 4, 4, 0, 9, 4, 0)).toBeCloseTo(5, 12);
  expect(distance(0, 0, 0, 2, 0, 0, 1, 3, 0, 5, 3, 0)).toBeCloseTo(3, 12);
  expect(distance(1, 1, 1, 1, 1, 1, 1, 1, 4, 1, 1, 4)).toBeCloseTo(3, 12);
});
