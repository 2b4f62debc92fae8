/** A trial process: its own MuJoCo, its own libtorch with one thread, one trial per order. */
import { join } from "node:path";
import type { Policy } from "@orrery/core";
import { answerOrders } from "@orrery/core/node";
import { writeMp4 } from "@orrery/data";
import { openArena, type Arena } from "./arena.ts";
import type { TrialAnswer, TrialOrder, TrialSetup } from "./messages.ts";
import { loadPolicyModule } from "./policy-module.ts";
import { runTrial, type TrialKey } from "./trial.ts";

/** What the last order needed; the next one mostly needs the same. */
interface Stage {
  readonly cell: string;
  readonly arena: Arena;
  readonly policy: Policy;
}

answerOrders(async (setup: TrialSetup) => {
  const { describePolicy, openPolicyFor } = await loadPolicyModule(setup.policyModule);
  let stage: Stage | null = null;

  const stageFor = async ({ policy, task, split }: TrialKey): Promise<Stage> => {
    const cell = `${policy}\n${task}\n${split}`;
    if (stage?.cell === cell) return stage;
    await stage?.policy.close();
    await stage?.arena.world.close();
    stage = null;
    const arena = await openArena({
      task,
      split,
      embodiment: describePolicy(policy).embodiment,
      strength: setup.strength,
      filmSizePx: setup.filmSizePx,
      ...(setup.timeLimitSec === null ? {} : { timeLimitSec: setup.timeLimitSec }),
    });
    stage = { cell, arena, policy: await openPolicyFor(policy, arena.world) };
    return stage;
  };

  return async ({ key, seed, film: wanted }: TrialOrder): Promise<TrialAnswer> => {
    const { arena, policy } = await stageFor(key);
    const { outcome, film } = await runTrial(arena, policy, seed, wanted.success || wanted.failure);
    let video: string | null = null;
    if (outcome.success ? wanted.success : wanted.failure) {
      video = `${slug(key)}-${outcome.success ? "success" : "failure"}.mp4`;
      writeMp4(join(setup.videos, video), film, { fps: arena.world.embodiment.controlRateHz });
    }
    return { outcome, video };
  };
});

function slug({ policy, task, split, trial }: TrialKey): string {
  return `${policy}-${task}-${split}-${trial}`.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^_+/, "");
}
