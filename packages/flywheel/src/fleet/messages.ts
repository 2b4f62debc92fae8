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
  /** Who acts from where the policy has run out of time, and for how long; nobody where null. */
  readonly takeover: { readonly policy: string; readonly sec: number } | null;
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
  /** Of the policy alone. */
  readonly success: boolean;
  /** Sum of rewards. */
  readonly return: number;
  /** In the harness's words; null where there was success. */
  readonly failure: string | null;
  /** From which row on somebody else acted, and whether they succeeded; left out where nobody had to. */
  readonly takeover?: { readonly row: number; readonly success: boolean };
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
