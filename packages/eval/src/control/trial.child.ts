/**
 * A trial process: its own MuJoCo, its own libtorch with one thread, one trial per order. A process and not a thread,
 * since libraries of matrix products share one pool of threads per process, and since what dies takes only itself along.
 */
import { join } from "node:path";
import { messageOf, OrreryError, type Policy } from "@orrery/core";
import { writeMp4 } from "@orrery/data";
import { openArena, type Arena } from "./arena.ts";
import type { TrialAnswer, TrialOrder, TrialSetup } from "./messages.ts";
import { loadPolicyModule } from "./policy-module.ts";
import { runTrial, type TrialKey } from "./trial.ts";

// Ctrl-C reaches the whole group of processes; the main one decides what becomes of the others.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(1));

const setup = JSON.parse(process.argv[2] ?? "{}") as TrialSetup;
const { describePolicy, openPolicyFor } = await loadPolicyModule(setup.policyModule);

/** What the last order needed; the next one mostly needs the same. */
let stage: { readonly cell: string; readonly arena: Arena; readonly policy: Policy } | null = null;

async function stageFor({ policy, task, split }: TrialKey): Promise<{ arena: Arena; policy: Policy }> {
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
}

async function answer({ key, seed, film: wanted }: TrialOrder): Promise<TrialAnswer> {
  const { arena, policy } = await stageFor(key);
  const { outcome, film } = await runTrial(arena, policy, seed, wanted.success || wanted.failure);
  let video: string | null = null;
  if (outcome.success ? wanted.success : wanted.failure) {
    video = `${slug(key)}-${outcome.success ? "success" : "failure"}.mp4`;
    writeMp4(join(setup.videos, video), film, { fps: arena.world.embodiment.controlRateHz });
  }
  return { kind: "trial", outcome, video };
}

function slug({ policy, task, split, trial }: TrialKey): string {
  return `${policy}-${task}-${split}-${trial}`.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^_+/, "");
}

function send(message: TrialAnswer): void {
  process.send?.(message);
}

let last: Promise<void> = Promise.resolve();
process.on("message", (order: TrialOrder) => {
  last = last.then(async () => {
    try {
      send(await answer(order));
    } catch (error) {
      const isOurs = error instanceof OrreryError;
      const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
      send({
        kind: "error",
        message: isOurs ? error.message : text,
        exitCode: isOurs ? error.exitCode : null,
      });
    }
  });
});
