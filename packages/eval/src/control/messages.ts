/** What the main process and its trial processes say to each other. All of it is JSON. */
import type { TrialKey, TrialOutcome } from "./trial.ts";

/** What a trial process needs before its first order. */
export interface TrialSetup {
  /** URL of a module that exports what `PolicyModule` asks for. */
  readonly policyModule: string;
  readonly strength: number;
  readonly timeLimitSec: number | null;
  readonly filmSizePx: number;
  /** Of the kitchen, for policies that act in any body. */
  readonly body: string;
  /** Folder that films are written into. */
  readonly videos: string;
}

/** To a trial process: run this trial. */
export interface TrialOrder {
  readonly key: TrialKey;
  readonly seed: number;
  /** Which outcome would be worth a film; none are still missing where both are false. */
  readonly film: { readonly success: boolean; readonly failure: boolean };
}

/** From a trial process. */
export interface TrialAnswer {
  readonly outcome: TrialOutcome;
  /** Name of the film in the folder of films; null where none was made. */
  readonly video: string | null;
}
