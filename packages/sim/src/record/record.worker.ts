/** A recording thread: its own MuJoCo, its own world, its own encoder; one episode per order. */
import { AbortedError, namesOf, TAKEN_OVER_BY, TAKEOVER_ROW } from "@orrery/core";
import { serveOrders } from "@orrery/core/node";
import { EpisodeRecorder } from "@orrery/data";
import { TRAINING_SPLIT } from "../perturb/splits.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";
import { episodeSeed, runEpisode } from "./episode.ts";
import type { EpisodeOrder, EpisodeReport, WorkerPlan } from "./messages.ts";

await serveOrders<EpisodeOrder, EpisodeReport>(async (data, isStopped) => {
  const plan = data as WorkerPlan;
  const world = await makeKitchenWorld({ ...plan, endless: true });
  const recorder = new EpisodeRecorder({
    folder: plan.recordingFolder,
    embodiment: world.embodiment,
    fps: world.embodiment.controlRateHz,
  });

  /** Names for the columns that are neither state nor action. */
  const sensorFeatures = (world.embodiment.sensors ?? []).map((part) => ({
    name: part.name,
    dtype: "float32",
    shape: [part.width],
    width: part.width,
    names: namesOf([part]),
  }));

  async function record({ index }: EpisodeOrder): Promise<EpisodeReport> {
    const seed = episodeSeed(plan.seed, index);
    recorder.declare(sensorFeatures);
    const outcome = await runEpisode(world, plan.operator, seed, (step) => {
      if (isStopped()) throw new AbortedError("recordEpisodes: stopped within an episode.");
      recorder.add(step);
    });
    const isPlay = plan.operator === "play";
    const recorded = recorder.finish({
      // Of play as well: its rewards are this task's, and hands that go elsewhere teach a reward what the words mean.
      task: outcome.instruction,
      success: outcome.success,
      provenance: {
        stream: "sim",
        operator: plan.operator,
        licence: "Apache-2.0",
        seed,
        labels: {
          task: plan.task,
          action_space: plan.actionSpace,
          split: plan.split,
          ...(plan.split === TRAINING_SPLIT ? {} : { strength: plan.strength }),
          ...(plan.isEvaluation ? { purpose: "evaluation" } : {}),
          ...(outcome.takeoverRow === undefined
            ? {}
            : { [TAKEOVER_ROW]: outcome.takeoverRow, [TAKEN_OVER_BY]: "expert" }),
          ...(outcome.failure === undefined || isPlay ? {} : { failure: outcome.failure }),
        },
      },
    });
    return { index, recorded, outcome };
  }

  return { answer: record, close: () => recorder.abort() };
});
