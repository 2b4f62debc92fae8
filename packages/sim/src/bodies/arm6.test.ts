import { expect, test } from "vitest";
import { InverseKinematics } from "../control/ik.ts";
import { Physics } from "../mujoco/physics.ts";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import { buildGhost } from "../scene/kitchen.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";
import { arm6 } from "./arm6.ts";

test("at zero the tool hangs below the end of a forearm that points forward", async () => {
  const ghost = await Physics.compile(buildGhost(arm6));
  const ik = new InverseKinematics(arm6.spec, ghost);
  const [tool] = ik.forward(new Float64Array(6));
  // Pedestal 0.78, shoulder 0.12, upper arm 0.43, then down 0.1 to the flange and 0.14 to the tool.
  const expected = [0.15 + 0.37, 0, 0.78 + 0.12 + 0.43 - 0.24];
  expected.forEach((value, i) => expect(tool!.pos[i]).toBeCloseTo(value, 9));
  ghost.close();
});

test("in joint velocities its action is that of the CR5 recordings: six velocities and a gripper", async () => {
  const world = await makeKitchenWorld({ task: "reach", body: "arm6", actionSpace: "joint-velocity" });
  const { action, cameras } = world.embodiment;
  expect(action.flatMap(({ width }) => width)).toEqual([6, 1]);
  expect(cameras.map(({ name, width }) => [name, width])).toEqual([["wrist", 64]]);
  const { images, state } = await world.reset(1);
  expect(images["wrist"]!.data.length).toBe(64 * 64 * 3);
  expect(state.length).toBe(6 + 1 + 3);
  await world.close();
});

test.each([
  ["reach", "joint-velocity"],
  ["push", "ee-delta"],
  ["pick", "joint-position"],
])("the expert's script for %s works on it unchanged, in %s", async (task, actionSpace) => {
  const world = await makeKitchenWorld({ task, body: "arm6", cameras: [], endless: true, actionSpace });
  let successes = 0;
  for (let i = 0; i < 5; i++) {
    if ((await runEpisode(world, "expert", episodeSeed(0, i), () => {})).success) successes++;
  }
  await world.close();
  expect(successes).toBe(5);
});

test("what needs two hands says so before anything is made", async () => {
  const made = makeKitchenWorld({ task: "hand-over", body: "arm6", cameras: [] });
  await expect(made).rejects.toThrow(/2 arms for hand-over, arm6 has 1/);
});

test("play leaves the missing hand alone", async () => {
  const world = await makeKitchenWorld({
    task: "push",
    body: "arm6",
    cameras: [],
    endless: true,
    timeLimitSec: 20,
  });
  const outcome = await runEpisode(world, "play", 4, ({ state }) =>
    expect(Array.from(state!).every(Number.isFinite)).toBe(true),
  );
  expect(outcome.steps).toBe(200);
  await world.close();
});
