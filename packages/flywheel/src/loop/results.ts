/** What came of a flywheel, round by round. All of it is JSON: the journal keeps it. */
import type { PairedSuccess } from "@orrery/eval/control";
import type { FleetSummary } from "../fleet/run-fleet.ts";
import type { Reason } from "../select/select.ts";
import type { Standing, Verdict } from "./gate.ts";

export interface RecordedStart {
  readonly datasets: readonly string[];
  readonly episodes: number;
  readonly frames: number;
}

export interface SelectionSummary {
  readonly episodes: number;
  readonly kept: number;
  readonly keptFrames: number;
  /** Every reason, "kept" included. */
  readonly reasons: Readonly<Record<Reason, number>>;
}

export interface Trained {
  readonly name: string;
  readonly id: string;
  readonly run: string;
  readonly steps: Readonly<Record<string, number>>;
  readonly trainingSec: number;
}

export interface Judged {
  readonly champion: Standing;
  readonly candidate: Standing;
  readonly control: Standing;
  readonly verdict: Verdict;
  /** Control minus champion: what training on did by itself. */
  readonly controlBeyondChampion: PairedSuccess;
  /** Candidate minus control: what the new data did beyond the training. */
  readonly beyondControl: PairedSuccess;
}

/** Wall-clock seconds of each part of a round; a part that was stopped and resumed counts its last session. */
export interface RoundCost {
  readonly fleetSec: number;
  readonly selectSec: number;
  readonly trainSec: number;
  readonly controlSec: number;
  readonly trialsSec: number;
}

export interface RoundResult {
  readonly round: number;
  /** Name of the release that acted and that the candidate was measured against. */
  readonly champion: string;
  readonly fleet: FleetSummary;
  readonly selection: SelectionSummary;
  readonly candidate: Trained;
  readonly control: Trained;
  readonly judged: Judged;
  readonly cost: RoundCost;
}

export interface FlywheelResult {
  readonly start: RecordedStart;
  readonly base: Trained;
  readonly baseStanding: Standing;
  /** Of policies that learn nothing, on the same trials. */
  readonly references: readonly Standing[];
  readonly rounds: readonly RoundResult[];
  /** The release that is in use at the end. */
  readonly champion: Trained;
  readonly seconds: number;
}
