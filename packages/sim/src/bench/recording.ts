/** How much of raw MuJoCo's speed is left when episodes are recorded: operator, inverse kinematics, pictures, video, disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { recordEpisodes } from "../record/record-episodes.ts";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import { BodyDriver } from "../world/body-driver.ts";
import { makeKitchenWorld, settle } from "../world/kitchen-world.ts";

export interface RecordingComparison {
  /** Control steps per second of one recording thread: head camera at 64x64 with shadows, encoded and written. */
  readonly recordingStepsPerSecond: number;
  /** The same with a thread per core. */
  readonly allCoresStepsPerSecond: number;
  readonly cores: number;
  /**
   * Control steps per second of a bare loop over the same scenes and motor targets. It makes every physics step that the
   * recording makes, the 50 in which a scene comes to rest included, and nothing else: no scene is built or compiled in it.
   */
  readonly rawStepsPerSecond: number;
  /** Recording's over the raw loop's steps per second. */
  readonly ratio: number;
  /** The same in processor time, which means something on a machine that others use too; waiting for the disk is not in it. */
  readonly cpuRatio: number;
}

interface Speed {
  readonly stepsPerSecond: number;
  readonly cpuSecPerStep: number;
}

/** Processor time of all threads of this process so far. */
function cpuSec(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const TASK = "pick";
const SEED = 0;
/**
 * Left out of every measurement: threads start with the first episode, and V8 goes on compiling for about twenty. A
 * recording worth its time is many times as long.
 */
const WARM_EPISODES = 20;

/** Alternates the two and takes the median ratio of the rounds, since a shared machine's speed drifts. */
export async function compareWithRaw({
  rounds,
  episodes,
  warm = WARM_EPISODES,
}: {
  readonly rounds: number;
  readonly episodes: number;
  readonly warm?: number;
}): Promise<RecordingComparison> {
  const cores = availableParallelism();
  const results: RecordingComparison[] = [];
  for (let round = 0; round < rounds; round++) {
    const raw = await rawSpeed(episodes, warm);
    const recording = await recordingSpeed(episodes, 1, warm);
    const allCores = await recordingSpeed(episodes * cores, cores, warm);
    results.push({
      recordingStepsPerSecond: recording.stepsPerSecond,
      allCoresStepsPerSecond: allCores.stepsPerSecond,
      cores,
      rawStepsPerSecond: raw.stepsPerSecond,
      ratio: recording.stepsPerSecond / raw.stepsPerSecond,
      cpuRatio: raw.cpuSecPerStep / recording.cpuSecPerStep,
    });
  }
  return results.toSorted((a, b) => a.ratio - b.ratio)[Math.floor(results.length / 2)]!;
}

async function recordingSpeed(episodes: number, workers: number, warm: number): Promise<Speed> {
  const numWarm = warm * workers;
  const folder = mkdtempSync(join(tmpdir(), "orrery-bench-sim-"));
  const marks: { steps: number; atMs: number; cpuSec: number }[] = [];
  try {
    await recordEpisodes({
      task: TASK,
      operator: "expert",
      episodes: episodes + numWarm,
      seed: SEED,
      to: join(folder, "set"),
      workers,
      onProgress: ({ steps }) => marks.push({ steps, atMs: performance.now(), cpuSec: cpuSec() }),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
  const from = marks[numWarm - 1]!;
  const to = marks.at(-1)!;
  const steps = to.steps - from.steps;
  return {
    stepsPerSecond: (1000 * steps) / (to.atMs - from.atMs),
    cpuSecPerStep: (to.cpuSec - from.cpuSec) / steps,
  };
}

/** The same episodes with nothing but physics: the scene comes to rest, then each control step's targets and substeps. */
async function rawSpeed(episodes: number, warm: number): Promise<Speed> {
  const world = await makeKitchenWorld({ task: TASK, cameras: [], endless: true });
  let steps = 0;
  let seconds = 0;
  let processorSec = 0;
  try {
    for (let i = 0; i < episodes + warm; i++) {
      const seed = episodeSeed(SEED, i);
      const targets: Float64Array[] = [];
      await runEpisode(world, "expert", seed, () => targets.push(world.physics.ctrl.slice()));
      await world.reset(seed);
      const { physics, command, setting, spec } = world;
      const driver = new BodyDriver(spec, physics);
      const substeps = Math.round(1 / (spec.controlRateHz * physics.constants.timestepSec));
      physics.reset();
      const startMs = performance.now();
      const startCpuSec = cpuSec();
      settle(physics, driver, command, setting.scene);
      for (const target of targets) {
        physics.ctrl.set(target);
        physics.step(substeps, true);
      }
      if (i < warm) continue;
      seconds += (performance.now() - startMs) / 1000;
      processorSec += cpuSec() - startCpuSec;
      steps += targets.length;
    }
  } finally {
    await world.close();
  }
  return { stepsPerSecond: steps / seconds, cpuSecPerStep: processorSec / steps };
}
