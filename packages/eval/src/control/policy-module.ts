/**
 * How the harness gets its policies: by the URL of a module. It measures policies and knows none of them, so that
 * whoever calls it decides which there are.
 */
import { OrreryError, type Embodiment, type Policy, type World } from "@orrery/core";

export interface PolicyModule {
  /** What must be known of a policy before there is a world for it. */
  readonly describePolicy: (spec: string) => {
    /** What it was made for; null where it acts in any body. */
    readonly embodiment: Embodiment | null;
    /** Changes whenever its weights do. */
    readonly fingerprint: string;
  };
  /** Makes a policy for the world it will act in; its `close` frees all. */
  readonly openPolicyFor: (spec: string, world: World) => Promise<Policy>;
}

/** @throws {OrreryError} if the module lacks either function */
export async function loadPolicyModule(url: string): Promise<PolicyModule> {
  const loaded = (await import(url)) as Partial<PolicyModule>;
  const { describePolicy, openPolicyFor } = loaded;
  if (describePolicy === undefined || openPolicyFor === undefined) {
    throw new OrreryError(
      `loadPolicyModule: ${url} must export describePolicy and openPolicyFor, got ${Object.keys(loaded).join(", ")}.`,
    );
  }
  return { describePolicy, openPolicyFor };
}
