/** What the main process and a robot say to each other. All of it is JSON. */
import type { Embodiment } from "@orrery/core";
import type { RecordedEpisode } from "@orrery/data";

/** What a robot needs before its first order. */
export interface RobotSetup {
  /** URL of a module that exports what the harness's `PolicyModule` asks for. */
  readonly policyModule: string;
  /** The policy that acts, as that module reads it. */
  readonly policy: string;
  /** Release id that stands as operator in the recordings. */
  readonly operator: string;
  readonly split: string;
  readonly round: number;
  readonly episodeSec: number | null;
  /** An episode goes on to so many rows after success or failure: a shorter one could not be learnt from. */
  readonly minRows: number;
  /** Folder that episodes are recorded into. */
  readonly recordingFolder: string;
}

/** To a robot: live through this episode. */
export interface FleetOrder {
  readonly index: number;
  readonly task: string;
  /** Of the home. */
  readonly seed: number;
}

/** What came of an episode, beside its rows. */
export interface FleetOutcome {
  readonly steps: number;
  readonly success: boolean;
  /** Sum of rewards. */
  readonly return: number;
  /** In the harness's words; null where there was success. */
  readonly failure: string | null;
  /** What the policy said when it found no action, which ended the episode. */
  readonly noDecision?: string;
  /** Mean surprise of the model that acted, in deviations of its embedding; null where the policy tells none. */
  readonly surprise: number | null;
}

/** From a robot. */
export interface FleetAnswer {
  /** null where the policy found no action to begin with. */
  readonly recorded: RecordedEpisode | null;
  readonly outcome: FleetOutcome;
  readonly embodiment: Embodiment;
}
