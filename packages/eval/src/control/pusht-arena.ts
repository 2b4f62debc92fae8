/** PushT as an arena: the published task, or goals as pictures. */
import { UsageError, type Embodiment } from "@orrery/core";
import { PushTPainter, PushTWorld, type PushTOptions } from "@orrery/sim";
import type { Arena, ArenaOptions, Info } from "./arena.ts";
import { PushTGoalWorld, STEP_BUDGET } from "./pusht-goal.ts";

/** Coverage above which a failure was nearly a success. */
const NEARLY = 0.8;
/** Of the published task. */
const LIMIT_STEPS = 300;

export function openPushTArena(options: ArenaOptions): Arena {
  const { task, embodiment, timeLimitSec, extraSec = 0, filmSizePx } = options;
  const ownSteps = task === "pusht-goal" ? STEP_BUDGET : LIMIT_STEPS;
  const limit = timeLimitSec === undefined ? ownSteps : Math.max(1, Math.round(10 * timeLimitSec));
  const board = { ...boardFor(embodiment), maxSteps: limit + Math.round(10 * extraSec) };
  const painter = new PushTPainter(filmSizePx);
  if (task === "pusht-goal") {
    const world = new PushTGoalWorld(board);
    return {
      world,
      maxSteps: world.maxSteps,
      async begin(seed) {
        const observation = await world.reset(seed);
        return { observation, goal: world.goal(board.imageSizePx || filmSizePx) };
      },
      picture: () => painter.draw(world.board.simulation),
      failureOf: goalFailureOf,
    };
  }
  const world = new PushTWorld(board);
  return {
    world,
    maxSteps: board.maxSteps,
    async begin(seed) {
      const observation = await world.reset(seed);
      return { observation, goal: { kind: "text", text: world.instruction } };
    },
    picture: () => painter.draw(world.simulation),
    failureOf: boardFailureOf,
  };
}

/** The board as a policy's recordings show it; by moves and without pictures where it acts in any body. */
function boardFor(embodiment: Embodiment | null): PushTOptions & { readonly imageSizePx: number } {
  if (embodiment === null) return { imageSizePx: 0, actions: "delta" };
  if (embodiment.name !== "pusht") {
    throw new UsageError(
      `eval control: PushT is for policies trained on PushT, this one was trained for the body "${embodiment.name}".`,
    );
  }
  return {
    imageSizePx: embodiment.cameras[0]?.width ?? 0,
    state: embodiment.state.length > 1 ? "full" : "agent",
    actions: embodiment.action[0]?.mode === "delta" ? "delta" : "target",
  };
}

function wasTouched(infos: readonly Info[]): boolean {
  return infos.some(({ contacts }) => Number(contacts) > 0);
}

function boardFailureOf(infos: readonly Info[]): string {
  if (!wasTouched(infos)) return "time ran out: never touched the T";
  const best = Math.max(...infos.map(({ coverage }) => Number(coverage)));
  return best > NEARLY ? "time ran out: near miss" : "time ran out: the T is elsewhere";
}

function goalFailureOf(infos: readonly Info[]): string {
  const last = infos.at(-1) ?? {};
  // The published success asks for less than 20 in all and 20 degrees.
  const isBlockThere = Number(last["block"]) < 20 && Number(last["angleRad"]) < Math.PI / 9;
  if (isBlockThere) return "time ran out: the T is there, the agent is not";
  return wasTouched(infos) ? "time ran out: the T is elsewhere" : "time ran out: never touched the T";
}
