/** A policy's run as something that acts, with all it needs. */
import type { Decision, Goal, Observation, Policy } from "@orrery/core";
import { openBackbone } from "../vla/backbone/open.ts";
import type { PolicyFacts } from "./nets/policy-net.ts";
import type { PolicyConfig } from "./config.ts";
import { ImitationPolicy, type ImitationPolicyOptions } from "./policy.ts";
import { loadPolicyNet } from "./release.ts";

/** A policy that owns its network. */
export interface LoadedPolicy extends Policy {
  readonly config: PolicyConfig;
  readonly facts: PolicyFacts;
  /** Trained numbers. */
  readonly parameters: number;
}

/**
 * Loads a run of `trainPolicy` for use; `close` frees it.
 * @throws {UsageError} if the folder holds no policy, or its backbone is not where it was
 */
export async function openPolicy(
  folder: string,
  options: Pick<ImitationPolicyOptions, "execute" | "name"> = {},
): Promise<LoadedPolicy> {
  const net = loadPolicyNet(folder);
  const backbone = net.config.backbone === null ? undefined : await openBackbone(net.config.backbone);
  const policy = new ImitationPolicy(net, { ...options, ...(backbone === undefined ? {} : { backbone }) });
  return {
    name: policy.name,
    config: net.config,
    facts: net.facts,
    parameters: net.numParameters(),
    reset: (seed: number, goal: Goal): Promise<void> => policy.reset(seed, goal),
    act: (observation: Observation): Promise<Decision> => policy.act(observation),
    async close(): Promise<void> {
      net.free();
      await backbone?.close();
    },
  };
}
