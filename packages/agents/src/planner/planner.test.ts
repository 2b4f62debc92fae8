import { ConfigError, ShapeError, UsageError, type Embodiment, type Goal } from "@orrery/core";
import type { Context, ProposeOptions } from "@orrery/models";
import { liveTensorCount, tensor, type Tensor } from "@orrery/torch";
import { expect, test } from "vitest";
import { makeSearch, PlanningError, SEARCHES } from "../search/index.ts";
import { Planner, PLANNER_DEFAULTS, restingAction, type PlannerOptions } from "./index.ts";
import { PointImagination, pointImage, PointWorld, SIDE } from "./point.testing.ts";

const planner = (search: string, options: Partial<PlannerOptions> = {}, model = new PointImagination()) =>
  new Planner(() => model, makeSearch(search), options);

/** Acts until the world says success or steps run out. @returns steps taken, and where the point ended */
async function drive(policy: Planner, goal: Goal, world: PointWorld, steps: number, seed = 1) {
  let seen = await world.reset(seed);
  await policy.reset(seed, goal);
  const beliefs: Readonly<Record<string, number | string>>[] = [];
  for (let t = 1; t <= steps; t++) {
    const { actions, belief } = await policy.act(seen);
    beliefs.push(belief);
    const { observation, success } = await world.step(actions[0] ?? new Float32Array(2));
    if (success) return { t, beliefs, success, x: world.x, y: world.y };
    seen = observation;
  }
  return { t: steps, beliefs, success: false, x: world.x, y: world.y };
}

const LEFT: Goal = { kind: "text", text: "go to the left" };

test.each(SEARCHES)("%s follows a text by the reward it imagines", async (search) => {
  const world = new PointWorld();
  const { t, success } = await drive(planner(search), LEFT, world, 25);
  // 0.42 away at 0.1 a step and axis: four steps at best.
  expect(success).toBe(true);
  expect(t).toBeLessThan(search === "shooting" ? 25 : 9);
});

test("where rewards are flat, the goal that the model makes of the text leads", async () => {
  const flat = new PointImagination({ isFlat: true });
  expect((await drive(planner("icem", {}, flat), LEFT, new PointWorld(), 9)).success).toBe(true);
  const without = planner("icem", { goalWeight: 0 }, flat);
  expect((await drive(without, LEFT, new PointWorld(), 9)).success).toBe(false);
});

test.each(SEARCHES)("%s reaches the place that a picture shows", async (search) => {
  const image = pointImage(0.75, 0.75);
  const result = await drive(planner(search), { kind: "image", image }, new PointWorld(), 25);
  // Half a pixel is 0.016; what is left is the search's own trembling.
  const near = search === "shooting" ? 0.12 : 0.05;
  expect(Math.hypot(result.x - 0.75, result.y - 0.75)).toBeLessThan(near);
});

test("a state goal leaves numbers free where it is NaN", async () => {
  const state = Float32Array.from([0.8, Number.NaN]);
  const result = await drive(planner("icem"), { kind: "state", state }, new PointWorld(), 15);
  expect(Math.abs(result.x - 0.8)).toBeLessThan(0.05);
});

test("expected surprise is a cost: the way avoids where the model is unsure", async () => {
  // The goal lies in the unsure half; with a large weight the point stays out of it.
  const goal: Goal = { kind: "image", image: pointImage(0.5, 1) };
  const bold = await drive(planner("cem"), goal, new PointWorld(), 15);
  const shy = await drive(planner("cem", { surpriseWeight: 10 }), goal, new PointWorld(), 15);
  expect(bold.y).toBeGreaterThan(0.9);
  expect(shy.y).toBeLessThan(0.4);
  expect(shy.beliefs.at(-1)?.["expectedSurprise"]).toBeLessThan(0.2);
});

test("observed surprise is a stop sign: the body holds still, says so, and goes on when it passes", async () => {
  const world = new PointWorld();
  const policy = planner("icem", { stopAbove: 5 });
  let seen = await world.reset(1);
  await policy.reset(1, LEFT);
  const step = async () => {
    const decision = await policy.act(seen);
    seen = (await world.step(decision.actions[0] ?? new Float32Array(2))).observation;
    return decision;
  };
  expect((await step()).belief["stop"]).toBeUndefined();
  world.wind = 0.2; // 20 in the model's units
  expect((await step()).belief["stop"]).toBeUndefined();
  const stopped = await step();
  expect(stopped.belief["stop"]).toMatch(/surprise 20\.00 is above 5: holding still/);
  expect([...(stopped.actions[0] ?? [])]).toEqual([0, 0]);
  world.wind = 0;
  await step();
  expect((await step()).belief["stop"]).toBeUndefined();
});

test("plans are followed between searches, and the next one begins where the last left off", async () => {
  const model = new PointImagination();
  const options = { horizon: 3, block: 2, hold: 2, replanEvery: 4 };
  const { beliefs } = await drive(
    planner("cem", options, model),
    { kind: "image", image: pointImage(1, 1) },
    new PointWorld(),
    8,
  );
  expect(beliefs.map((belief) => belief["continues"] ?? 0)).toEqual([0, 1, 1, 1, 0, 1, 1, 1]);
  // Ten iterations and one look at the outcome, twice.
  expect(model.rollouts).toBe(2 * 11);
});

test("the same seed gives the same actions, and nothing is left behind", async () => {
  const run = async () => {
    const policy = planner("icem");
    const { x, y } = await drive(policy, LEFT, new PointWorld(), 3);
    await policy.close();
    return [x, y];
  };
  const first = await run();
  const before = liveTensorCount();
  expect(await run()).toEqual(first);
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
});

test("futures that are no numbers are named", async () => {
  const policy = planner("cem", {}, new PointImagination({ sick: [4, 7] }));
  const seen = await new PointWorld().reset(0);
  await policy.reset(0, LEFT);
  let caught: unknown;
  try {
    await policy.act(seen);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(PlanningError);
  expect((caught as PlanningError).samples).toEqual([4, 7]);
});

const refused = async (model: PointImagination, goal: Goal, search = "cem") => {
  const policy = planner(search, {}, model);
  await policy.reset(0, goal);
  await policy.act(await new PointWorld().reset(0));
};
const message = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => error,
  );

test("goals that a model cannot judge are refused", async () => {
  const noReward = new PointImagination({ abilities: { reward: false } });
  expect(String(await message(refused(noReward, LEFT)))).toMatch(/needs a model that has learnt rewards/);
  expect(String(await message(refused(new PointImagination(), { kind: "text", text: " " })))).toMatch(
    /must not be empty/,
  );
  expect(String(await message(refused(new PointImagination(), { kind: "text", text: "fly" })))).toMatch(
    /got "fly"/,
  );
  expect(String(await message(refused(new PointImagination(), { kind: "task", task: "reach" })))).toMatch(
    /got the task "reach"/,
  );
  const small: Goal = { kind: "image", image: pointImage(0.5, 0.5, 16) };
  const wrongSize = await message(refused(new PointImagination(), small));
  expect(wrongSize).toBeInstanceOf(ShapeError);
  expect(String(wrongSize)).toMatch(/the goal image must have shape \[33, 33, 3\].*got \[16, 16, 3\]/);
  const long: Goal = { kind: "state", state: new Float32Array(3) };
  expect(String(await message(refused(new PointImagination(), long)))).toMatch(
    /goal state must have shape \[2\], got \[3\]/,
  );
  const rigid = new PointImagination({ abilities: { gradient: false } });
  expect(String(await message(refused(rigid, LEFT, "gradient")))).toMatch(/can be differentiated/);
});

test("another body's observations are refused", async () => {
  const act = async (images: Parameters<Planner["act"]>[0]["images"], width: number) => {
    const policy = planner("cem");
    await policy.reset(0, LEFT);
    await policy.act({ images, state: new Float32Array(width) });
  };
  const top = pointImage(0.5, 0.5);
  expect(String(await message(act({ head: top }, 2)))).toMatch(
    /camera "top", but the observation has only head/,
  );
  expect(String(await message(act({ top: pointImage(0.5, 0.5, SIDE + 1) }, 2)))).toMatch(
    /picture of camera "top" must have/,
  );
  expect(String(await message(act({ top }, 7)))).toMatch(
    /state must have shape \[2\], got \[7\]. The model was trained on the body "point"/,
  );
  await expect(planner("cem").act({ images: { top }, state: new Float32Array(2) })).rejects.toThrow(
    UsageError,
  );
});

test("a binary part of the action is carried out as far as it goes, one way or the other", async () => {
  const { embodiment } = new PointImagination().facts;
  const part = embodiment.action[0];
  const binary = (name: string) =>
    new Planner(() => new PointImagination(), makeSearch("icem"), {}, { binary: [name] });
  const world = new PointWorld();
  const planner = binary(part?.name ?? "");
  const observation = await world.reset(1);
  await planner.reset(1, LEFT);
  const { actions } = await planner.act(observation);
  for (const [i, value] of [...(actions[0] ?? [])].entries()) {
    const ends = part?.limits?.[i] ?? [];
    expect(Math.min(...ends.map((end) => Math.abs(end - value)))).toBeLessThan(1e-6);
  }
  await planner.close();
  await expect(drive(binary("wheels"), LEFT, world, 1)).rejects.toThrow(
    /what is binary must be parts of an action of the body "point", got wheels/,
  );
});

test("a part of the action that is left still stays at rest, and the body must have it", async () => {
  const part = new PointImagination().facts.embodiment.action[0]?.name ?? "";
  const still = (name: string) =>
    new Planner(() => new PointImagination(), makeSearch("icem"), {}, { still: [name] });
  const world = new PointWorld();
  const [from, to] = [await world.reset(1), await drive(still(part), LEFT, world, 3)];
  expect(Math.hypot(to.x - (from.state[0] ?? 9), to.y - (from.state[1] ?? 9))).toBeLessThan(1e-6);
  await expect(drive(still("wheels"), LEFT, world, 1)).rejects.toThrow(
    /parts of an action of the body "point", got wheels/,
  );
  const towards = new Planner(() => new PointImagination(), makeSearch("icem"), {}, { towards: ["hand"] });
  await expect(drive(towards, LEFT, world, 1)).rejects.toThrow(
    /parts of the state of the body "point", got hand/,
  );
});

/** A model of which people always went upwards, and which looks for goals elsewhere when asked to. */
class Habitual extends PointImagination {
  draws = 0;

  constructor() {
    super({ abilities: { prior: true } });
  }

  propose(_stream: unknown, { copies, horizon, block }: ProposeOptions): Tensor {
    return tensor([0, 0.05]).expand([copies, horizon, block, 2]).clone();
  }

  drawGoal(): void {
    this.draws++;
  }
}

test("the nearer a plan must be to what people did, the more is done as they did it", async () => {
  const rise = async (options: Partial<PlannerOptions>): Promise<number> => {
    const world = new PointWorld();
    const { state: from } = await world.reset(1);
    const goal: Goal = { kind: "text", text: "go to the left" };
    const { y } = await drive(planner("mppi", options, new Habitual()), goal, world, 4);
    return y - (from[1] ?? 0);
  };
  const [bound, free] = [await rise({ priorWeight: 1e5 }), await rise({ proposals: 0 })];
  expect(bound).toBeCloseTo(0.2, 2); // four steps of 0.05
  expect(Math.abs(free - bound)).toBeGreaterThan(0.05);
});

test("a task that is not done in time is looked for elsewhere; a goal that is shown is where it is", async () => {
  const model = new Habitual();
  const world = new PointWorld();
  world.wind = 1; // never left of anything
  await drive(planner("cem", { redrawEvery: 3 }, model), LEFT, world, 10);
  expect(model.draws).toBe(3); // nine steps are taken in after the first
  await drive(
    planner("cem", { redrawEvery: 3 }, model),
    { kind: "image", image: pointImage(1, 1) },
    world,
    10,
  );
  expect(model.draws).toBe(3);
});

/** To the left leads first to the right: asked again there, it tells the end. */
class Staged extends PointImagination {
  asked = 0;

  constructor() {
    super({ abilities: { stages: true }, isFlat: true });
  }

  override begin(context: Context): ReturnType<PointImagination["begin"]> {
    return super.begin(context, { task: "go to the right" });
  }

  override setTask(...[stream, task]: Parameters<PointImagination["setTask"]>): void {
    this.asked++;
    super.setTask(stream, task);
  }
}

test("a goal on the way is gone for first; where it is reached, or is not to be reached, the next one is asked for", async () => {
  const model = new Staged();
  const world = new PointWorld();
  let furthest = 0;
  const step = world.step.bind(world);
  world.step = async (action) => {
    const transition = await step(action);
    furthest = Math.max(furthest, world.x);
    return transition;
  };
  expect(await drive(planner("icem", { arrival: 0.04 }, model), LEFT, world, 40)).toMatchObject({
    success: true,
  });
  expect(furthest).toBeGreaterThan(0.8);
  expect(model.asked).toBe(1);

  const blown = new Staged();
  const windy = new PointWorld();
  windy.wind = -1; // never right of anything
  await drive(planner("icem", { patience: 3, arrival: 0.05 }, blown), LEFT, windy, 10);
  expect(blown.asked).toBe(1);
});

test("options that do not fit are listed together", () => {
  expect(() => planner("cem", { horizon: 5, hold: 2 })).toThrow(/hold must divide the 5 control steps/);
  expect(() => planner("cem", { replanEvery: 9 })).toThrow(/at most the 5 control steps/);
  expect(() => planner("cem", { horizon: 0, discount: 2 })).toThrow(/horizon must be.*discount must be/);
  expect(() => planner("cem", { horizont: 1 } as Partial<PlannerOptions>)).toThrow(ConfigError);
  expect(PLANNER_DEFAULTS.stopAbove).toBe(Infinity);
});

test("resting keeps absolute numbers where the body has them", () => {
  const part = { unit: "rad", kind: "continuous" } as const;
  const body: Embodiment = {
    name: "toy",
    controlRateHz: 10,
    cameras: [],
    state: [{ name: "joints", width: 2, unit: "rad", names: ["a", "b"] }],
    action: [
      { ...part, name: "joint", width: 1, mode: "absolute", names: ["b"] },
      { ...part, name: "grip", width: 1, mode: "absolute", names: ["grip"] },
      { ...part, name: "drive", width: 1, mode: "velocity", names: ["v"] },
    ],
  };
  const mean = Float32Array.from([9, 8, 7]);
  const state = Float32Array.from([1, 2]);
  expect([...restingAction(body, state, null, mean)]).toEqual([2, 8, 0]);
  expect([...restingAction(body, state, Float32Array.from([5, 6, 4]), mean)]).toEqual([2, 6, 0]);
});
