/**
 * A robot of the fleet: a process with a world and a model of its own. It lives through one episode per order and
 * records every row of it, whatever comes of it.
 */
import { messageOf, OrreryError, type Policy } from "@orrery/core";
import { EpisodeRecorder } from "@orrery/data";
import { openArena, type Arena, type PolicyModule } from "@orrery/eval/control";
import { liveThrough } from "./episode.ts";
import type { FleetAnswer, FleetOrder, RobotSetup } from "./messages.ts";

// Ctrl-C reaches the whole group of processes; the main one decides what becomes of the others.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(1));

const FILM_SIZE_PX = 64;

const setup = JSON.parse(process.argv[2] ?? "{}") as RobotSetup;
const { describePolicy, openPolicyFor } = (await import(setup.policyModule)) as PolicyModule;

/** What the last order needed; the next one often needs the same. */
let stage: { readonly task: string; readonly arena: Arena; readonly policy: Policy } | null = null;

async function stageFor(task: string): Promise<{ arena: Arena; policy: Policy }> {
  if (stage?.task === task) return stage;
  await stage?.policy.close();
  await stage?.arena.world.close();
  stage = null;
  const arena = await openArena({
    task,
    split: setup.split,
    embodiment: describePolicy(setup.policy).embodiment,
    strength: 1,
    filmSizePx: FILM_SIZE_PX,
    ...(setup.episodeSec === null ? {} : { timeLimitSec: setup.episodeSec }),
  });
  stage = { task, arena, policy: await openPolicyFor(setup.policy, arena.world) };
  return stage;
}

async function answer(order: FleetOrder): Promise<FleetAnswer> {
  const { arena, policy } = await stageFor(order.task);
  const { embodiment } = arena.world;
  const recorder = new EpisodeRecorder({
    folder: setup.recordingFolder,
    embodiment,
    fps: embodiment.controlRateHz,
  });
  try {
    const { outcome, task } = await liveThrough(arena, policy, order.seed, (step) => recorder.add(step));
    const { success, failure, surprise } = outcome;
    const recorded = recorder.finish({
      ...(task === "" ? {} : { task }),
      success,
      provenance: {
        stream: "fleet",
        operator: setup.operator,
        licence: "Apache-2.0",
        seed: order.seed,
        labels: {
          task: order.task,
          split: setup.split,
          round: setup.round,
          home: order.index,
          ...(failure === null ? {} : { failure }),
          ...(surprise === null ? {} : { surprise }),
        },
      },
    });
    return { kind: "episode", recorded, outcome, embodiment };
  } catch (error) {
    recorder.abort();
    throw error;
  }
}

let last: Promise<void> = Promise.resolve();
process.on("message", (order: FleetOrder) => {
  last = last.then(async () => {
    try {
      process.send?.(await answer(order));
    } catch (error) {
      const isOurs = error instanceof OrreryError;
      const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
      const message: FleetAnswer = {
        kind: "error",
        message: isOurs ? error.message : text,
        exitCode: isOurs ? error.exitCode : null,
      };
      process.send?.(message);
    }
  });
});
process.send?.({ kind: "ready" } satisfies FleetAnswer);
