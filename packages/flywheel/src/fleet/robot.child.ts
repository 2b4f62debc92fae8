/**
 * A robot of the fleet: a process with a world and a model of its own. It lives through one episode per order and
 * records every row of it, whatever comes of it.
 */
import { TAKEN_OVER_BY, TAKEOVER_ROW, type Provenance } from "@orrery/core";
import { answerOrders } from "@orrery/core/node";
import { EpisodeRecorder } from "@orrery/data";
import { loadPolicyModule, stageKeeper } from "@orrery/eval/control";
import { liveThrough } from "./episode.ts";
import type { FleetAnswer, FleetOrder, FleetOutcome, RobotSetup } from "./messages.ts";

/** Nobody films a fleet; an arena wants to know all the same. */
const FILM_SIZE_PX = 64;

answerOrders(async (setup: RobotSetup) => {
  const policies = await loadPolicyModule(setup.policyModule);
  const stageFor = stageKeeper(policies);
  const { takeover } = setup;

  return async (order: FleetOrder): Promise<FleetAnswer> => {
    const { arena, policy } = await stageFor({
      policy: setup.policy,
      task: order.task,
      split: setup.split,
      strength: 1,
      isEndless: true,
      filmSizePx: FILM_SIZE_PX,
      ...(setup.episodeSec === null ? {} : { timeLimitSec: setup.episodeSec }),
      ...(takeover === null ? {} : { extraSec: takeover.sec }),
    });
    const { embodiment } = arena.world;
    const helper =
      takeover === null
        ? null
        : {
            policy: await policies.openPolicyFor(takeover.policy, arena.world),
            steps: Math.round(takeover.sec * embodiment.controlRateHz),
          };
    const recorder = new EpisodeRecorder({
      folder: setup.recordingFolder,
      embodiment,
      fps: embodiment.controlRateHz,
    });
    try {
      const { outcome, task } = await liveThrough({
        arena,
        policy,
        helper,
        seed: order.seed,
        minRows: setup.minRows,
        sink: (step) => recorder.add(step),
      });
      if (outcome.steps === 0) {
        recorder.abort();
        return { recorded: null, outcome, embodiment };
      }
      const recorded = recorder.finish({
        ...(task === "" ? {} : { task }),
        success: outcome.success || outcome.takeover?.success === true,
        provenance: provenanceOf(setup, order, outcome),
      });
      return { recorded, outcome, embodiment };
    } catch (error) {
      recorder.abort();
      throw error;
    } finally {
      await helper?.policy.close();
    }
  };
});

function provenanceOf(
  { operator, split, round, takeover: helper }: RobotSetup,
  { task, seed, index }: FleetOrder,
  { failure, surprise, takeover }: FleetOutcome,
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
      ...(helper === null || takeover === undefined
        ? {}
        : { [TAKEOVER_ROW]: takeover.row, [TAKEN_OVER_BY]: helper.policy }),
    },
  };
}
