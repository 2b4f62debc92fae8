/** What recording threads and the main thread say to each other. */
import type { RecordedEpisode } from "@orrery/data";
import type { CameraSize } from "../bodies/body.ts";
import type { OperatorName } from "../operators/operator.ts";
import type { EpisodeOutcome } from "./episode.ts";

/** Everything a thread needs to record any episode of the recording. */
export interface WorkerPlan {
  readonly task: string;
  readonly body: string;
  readonly operator: OperatorName;
  readonly actionSpace: string;
  readonly cameras: readonly CameraSize[];
  readonly shadows: boolean;
  readonly timeLimitSec: number;
  readonly seed: number;
  readonly split: string;
  readonly strength: number;
  readonly isEvaluation: boolean;
  readonly recordingFolder: string;
}

/** To a thread: record this episode. */
export interface EpisodeOrder {
  readonly index: number;
}

/** From a thread. */
export interface EpisodeReport {
  readonly index: number;
  readonly recorded: RecordedEpisode;
  readonly outcome: EpisodeOutcome;
}
