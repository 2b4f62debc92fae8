/** The kitchen as an arena: the goal is the task's instruction, success the task's own judgement. */
import { UsageError, type Embodiment } from "@orrery/core";
import {
  ACTION_SPACES,
  BODIES,
  makeKitchenWorld,
  taskNamed,
  type KitchenOptions,
  type KitchenWorld,
} from "@orrery/sim";
import type { Arena, ArenaOptions, Info } from "./arena.ts";

export async function openKitchenArena(options: ArenaOptions): Promise<Arena> {
  const { task, split, strength, embodiment, body, isEndless = false, filmSizePx, extraSec = 0 } = options;
  const { timeLimitSec = taskNamed(task).timeLimitSec } = options;
  const world = await worldFor(embodiment, {
    task,
    split,
    strength,
    endless: isEndless,
    ...(body === undefined ? {} : { body }),
    timeLimitSec: timeLimitSec + extraSec,
  });
  const camera = { name: world.spec.cameras[0]?.name ?? "head", width: filmSizePx, height: filmSizePx };
  return {
    world,
    maxSteps: world.maxSteps,
    async begin(seed) {
      const observation = await world.reset(seed);
      return { observation, goal: { kind: "text", text: world.instruction } };
    },
    picture: () => world.picture(camera),
    failureOf,
  };
}

/** Builds the kitchen with the body, cameras and action space that a policy was made for. */
async function worldFor(embodiment: Embodiment | null, options: KitchenOptions): Promise<KitchenWorld> {
  // A policy that needs no pictures gets none: drawing them would be most of the work.
  if (embodiment === null) return makeKitchenWorld({ ...options, cameras: [] });
  const { name: body, cameras, action } = embodiment;
  const bodies = Object.keys(BODIES);
  if (!bodies.includes(body)) {
    throw new UsageError(
      `eval control: the task ${options.task} is for the bodies ${bodies.join(", ")}, but the policy was trained for ` +
        `"${body}". Choose a task of that body, or train on recordings of the kitchen.`,
    );
  }
  for (const actionSpace of ACTION_SPACES) {
    const world = await makeKitchenWorld({ ...options, body, cameras, actionSpace });
    if (sameNames(world.embodiment.action, action)) return world;
    await world.close();
  }
  throw new UsageError(
    `eval control: the policy's actions (${action.map(({ name }) => name).join(", ")}) are of no action space of the ` +
      `body "${body}": ${ACTION_SPACES.join(", ")}. It was trained by another version or on another robot.`,
  );
}

function sameNames(a: Embodiment["action"], b: Embodiment["action"]): boolean {
  const names = (parts: Embodiment["action"]): string =>
    parts.map(({ name, width }) => `${name} ${width}`).join();
  return names(a) === names(b);
}

/** Below this share of the way left a failure is a near miss; above the other there was no progress worth the name. */
const NEAR = 0.25;
const FAR = 0.9;

/** What went wrong for good, in the task's own words, or how far the trial got before time ran out. */
export function failureOf(infos: readonly Info[]): string {
  const last = infos.at(-1)?.["failure"];
  if (typeof last === "string") return last;
  const distances = infos.map(({ distanceM }) => (typeof distanceM === "number" ? distanceM : Number.NaN));
  const first = distances[0] ?? Number.NaN;
  const best = Math.min(...distances);
  if (!(first > 0) || Number.isNaN(best)) return "time ran out";
  if (best > FAR * first) return "time ran out: no progress";
  return best < NEAR * first ? "time ran out: near miss" : "time ran out: part of the way";
}
