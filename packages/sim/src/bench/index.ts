/** `orrery bench sim`: recording beside a raw MuJoCo loop, pictures per second, and native MuJoCo where there is one. */
import { availableParallelism, cpus } from "node:os";
import { bodyNamed } from "../bodies/registry.ts";
import { buildKitchen } from "../scene/kitchen.ts";
import { DEFAULT_BODY, makeKitchenWorld } from "../world/kitchen-world.ts";
import { type FrameSpeed, frameSpeeds } from "./frames.ts";
import { type NativeComparison, compareWithNative } from "./native.ts";
import { type RecordingComparison, compareWithRaw } from "./recording.ts";

export { soakEpisodes, type MemoryMark } from "./soak-memory.ts";
export { soakSteps, type SoakPlan, type StepSoak } from "./soak-steps.ts";
export { soakStepsOnAllCores } from "./soak-threads.ts";
export type { FrameSpeed, NativeComparison, RecordingComparison };

/** The least share of raw MuJoCo's speed that recording must keep. */
export const RECORDING_BAR = 0.6;

export interface SimBench {
  readonly recording: RecordingComparison;
  readonly frames: readonly FrameSpeed[];
  readonly native: NativeComparison;
  readonly machine: string;
}

export interface SimBenchOptions {
  /** A short run that shows that everything works; its numbers are rough. */
  readonly isQuick?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** About 80 seconds on two cores, or 10 when quick. */
export async function benchSim(options: SimBenchOptions = {}): Promise<SimBench> {
  const { isQuick = false, onProgress = () => {} } = options;
  onProgress("recording beside raw MuJoCo");
  const recording = await compareWithRaw(
    isQuick ? { rounds: 1, episodes: 4, warm: 4 } : { rounds: 3, episodes: 24 },
  );
  onProgress("pictures");
  const frames = await frameSpeeds([64, 96, 128, 256], isQuick ? 0.1 : 0.4);
  onProgress("physics beside native MuJoCo");
  const native = await compareWithNative(await kitchenXml(), {
    seconds: isQuick ? 0.3 : 2,
    rounds: isQuick ? 1 : 3,
  });
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} threads, Node ${process.version}`;
  return { recording, frames, native, machine };
}

async function kitchenXml(): Promise<string> {
  const world = await makeKitchenWorld({ task: "pick", cameras: [] });
  try {
    await world.reset(1);
    return buildKitchen(world.setting.scene, bodyNamed(DEFAULT_BODY)).xml;
  } finally {
    await world.close();
  }
}
