import { expect, test } from "vitest";
import { makeKitchenWorld } from "@orrery/sim";
import { openArena, type ArenaOptions } from "./arena.ts";
import { failureOf } from "./kitchen-arena.ts";

const open = (more: Partial<ArenaOptions>) =>
  openArena({ task: "reach", split: "seen", embodiment: null, strength: 1, filmSizePx: 32, ...more });

test("the world is built with the cameras and the action space that a policy was made for", async () => {
  const made = await makeKitchenWorld({
    task: "reach",
    body: "arm6",
    actionSpace: "joint-velocity",
    cameras: [{ name: "wrist", width: 48, height: 40 }],
  });
  const { embodiment } = made;
  await made.close();
  const arena = await open({ embodiment });
  expect(arena.world.embodiment).toEqual(embodiment);
  const { observation, goal } = await arena.begin(1_000_000);
  expect(observation.images["wrist"]).toMatchObject({ width: 48, height: 40 });
  expect(goal).toEqual({ kind: "text", text: arena.world.instruction });
  expect(arena.picture()).toMatchObject({ width: 32, height: 32 });
  await arena.world.close();
});

test("bodies and actions of another world are refused", async () => {
  const { embodiment } = await makeKitchenWorld({ task: "reach" });
  await expect(open({ embodiment: { ...embodiment, name: "atlas" } })).rejects.toThrow(
    /the task reach is for the bodies neo, arm6, but the policy was trained for "atlas"/,
  );
  await expect(open({ embodiment: { ...embodiment, action: [] } })).rejects.toThrow(/are of no action space/);
  await expect(open({ split: "novel-smell" })).rejects.toThrow(
    /split of reach must be one of seen, novel-light/,
  );
});

test("failures are told apart by how far the trial got", () => {
  const at = (...distances: number[]) => distances.map((distanceM) => ({ distanceM }));
  expect(failureOf(at(1, 0.99, 0.95))).toBe("time ran out: no progress");
  expect(failureOf(at(1, 0.5, 0.8))).toBe("time ran out: part of the way");
  expect(failureOf(at(1, 0.1, 0.6))).toBe("time ran out: near miss");
  expect(failureOf([{ distanceM: 1 }, { distanceM: 0.5, failure: "the object fell off the table" }])).toBe(
    "the object fell off the table",
  );
  expect(failureOf([{}])).toBe("time ran out");
});
