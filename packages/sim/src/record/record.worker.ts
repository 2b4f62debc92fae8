/** A recording thread: its own MuJoCo, its own world, its own encoder; one episode per order. */
import { parentPort, workerData } from "node:worker_threads";
import { namesOf } from "@orrery/core";
import { EpisodeRecorder } from "@orrery/data";
import { TRAINING_SPLIT } from "../perturb/splits.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";
import { episodeSeed, runEpisode } from "./episode.ts";
import type { EpisodeOrder, EpisodeReport, WorkerPlan } from "./messages.ts";

const plan = workerData as WorkerPlan;
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
  const outcome = await runEpisode(world, plan.operator, seed, (step) => recorder.add(step));
  const isPlay = plan.operator === "play";
  const recorded = recorder.finish({
    task: isPlay ? "play" : outcome.instruction,
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
        ...(outcome.failure === undefined || isPlay ? {} : { failure: outcome.failure }),
      },
    },
  });
  return { index, recorded, outcome };
}

// Orders are queued by the port itself; one is taken at a time.
let last: Promise<unknown> = Promise.resolve();
parentPort?.on("message", (order: EpisodeOrder) => {
  last = last.then(async () => parentPort?.postMessage(await record(order)));
});
