/**
 * A robot of the fleet: a process with a world and a model of its own. It lives through one episode per order and
 * records every row of it, whatever comes of it.
 */
import type { Policy, Provenance } from "@orrery/core";
import { answerOrders } from "@orrery/core/node";
import { EpisodeRecorder } from "@orrery/data";
import { loadPolicyModule, openArena, type Arena } from "@orrery/eval/control";
import { liveThrough } from "./episode.ts";
import type { FleetAnswer, FleetOrder, FleetOutcome, RobotSetup } from "./messages.ts";

/** Nobody films a fleet; an arena wants to know all the same. */
const FILM_SIZE_PX = 64;

/** What the last order needed; the next one often needs the same. */
interface Stage {
  readonly task: string;
  readonly arena: Arena;
  readonly policy: Policy;
}

answerOrders(async (setup: RobotSetup) => {
  const { describePolicy, openPolicyFor } = await loadPolicyModule(setup.policyModule);
  let stage: Stage | null = null;

  const stageFor = async (task: string): Promise<Stage> => {
    if (stage?.task === task) return stage;
    await stage?.policy.close();
    await stage?.arena.world.close();
    stage = null;
    const arena = await openArena({
      task,
      split: setup.split,
      embodiment: describePolicy(setup.policy).embodiment,
      strength: 1,
      isEndless: true,
      filmSizePx: FILM_SIZE_PX,
      ...(setup.episodeSec === null ? {} : { timeLimitSec: setup.episodeSec }),
    });
    stage = { task, arena, policy: await openPolicyFor(setup.policy, arena.world) };
    return stage;
  };

  return async (order: FleetOrder): Promise<FleetAnswer> => {
    const { arena, policy } = await stageFor(order.task);
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
