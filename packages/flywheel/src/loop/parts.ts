/** What a flywheel is given: how one records, how one trains, and who knows the policies. It runs on fakes as well. */
import type { ControlProgress } from "@orrery/eval/control";
import type { CameraSize } from "@orrery/sim";
import type { FlywheelResult } from "./results.ts";
import type { FlywheelSettings } from "./settings.ts";

/** Operators at work, before there is a model. */
export interface RecordOrder {
  readonly task: string;
  readonly operator: "expert" | "play";
  readonly episodes: number;
  readonly seed: number;
  /** As in the settings. */
  readonly body: string | null;
  readonly cameras: readonly CameraSize[] | null;
  /** Longest episode; the task's own limit where null. */
  readonly timeLimitSec: number | null;
  /** Dataset to make, or to go on with where a stopped recording left it. */
  readonly to: string;
  readonly signal?: AbortSignal;
}

/** How long: minutes, or steps of the main phase, or as many steps of each phase as another run took. */
export type TrainLength =
  | { readonly minutes: number }
  | { readonly mainSteps: number }
  | { readonly steps: Readonly<Record<string, number>> };

export interface TrainOrder {
  /** Preset. */
  readonly config: string;
  /** Run folder; where it holds a run that was stopped, that one is gone on with. */
  readonly out: string;
  /** Mixture to learn from. */
  readonly mixture: string;
  /** Finished run to begin with; null for a fresh start. */
  readonly from: string | null;
  readonly seed: number;
  readonly length: TrainLength;
  readonly signal?: AbortSignal;
}

export interface TrainFacts {
  readonly steps: Readonly<Record<string, number>>;
  /** All sessions. */
  readonly seconds: number;
}

export interface FlywheelParts {
  /** URL of the module that knows the policies, as the harness takes it. */
  readonly policyModule: string;
  /** Policies that learn nothing and are tried once, on the same trials, so that a share of successes can be read. */
  readonly references: readonly string[];
  /** Policy that stands for the operator who takes over. */
  readonly operator: string;
  /**
   * Called before anything is recorded.
   * @throws {UsageError} or {ConfigError} for a preset, a task or planner options that would fail much later
   */
  check(settings: FlywheelSettings): void;
  /** A run as that module reads it. */
  policyOf(run: string, settings: FlywheelSettings): string;
  record(order: RecordOrder): Promise<void>;
  train(order: TrainOrder): Promise<TrainFacts>;
  /** Rows that a training clip needs. */
  minFrames(config: string): number;
}

/** What is said while it runs. */
export interface FlywheelHooks {
  readonly onStage?: (stage: string) => void;
  readonly onNote?: (note: string) => void;
  readonly onFleet?: (done: number, of: number, successes: number) => void;
  readonly onTrials?: (progress: ControlProgress) => void;
  /** What there is after a round, so that it can be looked at while the next one goes on. */
  readonly onRound?: (soFar: FlywheelResult) => void;
}
