/**
 * A robot of the fleet: a process with a world and a model of its own. It lives through one episode per order and
 * records every row of it, whatever comes of it.
 */
import type { Provenance } from "@orrery/core";
import { answerOrders } from "@orrery/core/node";
import { EpisodeRecorder } from "@orrery/data";
import { loadPolicyModule, stageKeeper } from "@orrery/eval/control";
import { liveThrough } from "./episode.ts";
import type { FleetAnswer, FleetOrder, FleetOutcome, RobotSetup } from "./messages.ts";

/** Nobody films a fleet; an arena wants to know all the same. */
const FILM_SIZE_PX = 64;

answerOrders(async (setup: RobotSetup) => {
  const stageFor = stageKeeper(await loadPolicyModule(setup.policyModule));

  return async (order: FleetOrder): Promise<FleetAnswer> => {
    const { arena, policy } = await stageFor({
      policy: setup.policy,
      task: order.task,
      split: setup.split,
      strength: 1,
      isEndless: true,
      filmSizePx: FILM_SIZE_PX,
      ...(setup.episodeSec === null ? {} : { timeLimitSec: setup.episodeSec }),
    });
    const { embodiment } = arena.world;
    const recorder = new EpisodeRecorder({
      folder: setup.recordingFolder,
      embodiment,
      fps: embodiment.controlRateHz,
    });
    try {
      const { outcome, task } = await liveThrough(arena, policy, order.seed, setup.minRows, (step) =>
        recorder.add(step),
      );
      if (outcome.steps === 0) {
        recorder.abort();
        return { recorded: null, outcome, embodiment };
      }
      const recorded = recorder.finish({
        ...(task === "" ? {} : { task }),
        success: outcome.success,
        provenance: provenanceOf(setup, order, outcome),
      });
      return { recorded, outcome, embodiment };
    } catch (error) {
      recorder.abort();
      throw error;
    }
  };
});

function provenanceOf(
  { operator, split, round }: RobotSetup,
  { task, seed, index }: FleetOrder,
  { failure, surprise }: FleetOutcome,
): Provenance {
  return {
    stream: "fleet",
    operator,
    licence: "Apache-2.0",
    seed,
    labels: {
      task,
      split,
      round,
      home: index,
      ...(failure === null ? {} : { failure }),
      ...(surprise === null ? {} : { surprise }),
    },
  };
}
