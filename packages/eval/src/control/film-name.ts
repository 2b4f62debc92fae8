/** What the film of a trial is called. */
import { createHash } from "node:crypto";
import type { TrialKey } from "./trial.ts";

/** File systems allow 255 bytes, and planners have many options. */
const LONGEST_POLICY = 80;

/** Policies that differ have films of different names, and a name fits into a folder however many options it has. */
export function filmName({ policy, task, split, trial }: TrialKey, success: boolean): string {
  const hash = createHash("sha256").update(policy).digest("hex").slice(0, 8);
  const short = policy.length > LONGEST_POLICY ? `${policy.slice(0, LONGEST_POLICY)}-${hash}` : policy;
  const name = `${short}-${task}-${split}-${trial}`.replace(/[^A-Za-z0-9._-]+/g, "_").replace(/^_+/, "");
  return `${name}-${success ? "success" : "failure"}.mp4`;
}
