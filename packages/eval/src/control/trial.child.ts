/** A trial process: its own MuJoCo, its own libtorch with one thread, one trial per order. */
import { join } from "node:path";
import { answerOrders } from "@orrery/core/node";
import { writeMp4 } from "@orrery/data";
import { filmName } from "./film-name.ts";
import type { TrialAnswer, TrialOrder, TrialSetup } from "./messages.ts";
import { loadPolicyModule } from "./policy-module.ts";
import { stageKeeper } from "./stage.ts";
import { runTrial } from "./trial.ts";

answerOrders(async (setup: TrialSetup) => {
  const stageFor = stageKeeper(await loadPolicyModule(setup.policyModule));

  return async ({ key, seed, film: wanted }: TrialOrder): Promise<TrialAnswer> => {
    const { arena, policy } = await stageFor({
      policy: key.policy,
      task: key.task,
      split: key.split,
      strength: setup.strength,
      filmSizePx: setup.filmSizePx,
      body: setup.body,
      ...(setup.timeLimitSec === null ? {} : { timeLimitSec: setup.timeLimitSec }),
    });
    const { outcome, film } = await runTrial(arena, policy, seed, wanted.success || wanted.failure);
    let video: string | null = null;
    if (outcome.success ? wanted.success : wanted.failure) {
      video = filmName(key, outcome.success);
      writeMp4(join(setup.videos, video), film, { fps: arena.world.embodiment.controlRateHz });
    }
    return { outcome, video };
  };
});
