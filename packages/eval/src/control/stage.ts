/** Where a process acts: an arena and the policy in it, kept until another is asked for. */
import type { Policy } from "@orrery/core";
import { openArena, type Arena, type ArenaOptions } from "./arena.ts";
import type { PolicyModule } from "./policy-module.ts";

export interface Stage {
  readonly arena: Arena;
  readonly policy: Policy;
}

/** `policy` is its spec; the world is built to what the policy was made for. */
export type StageRequest = Omit<ArenaOptions, "embodiment"> & { readonly policy: string };

/**
 * A function that gives the stage of a request. One order mostly needs what the last one did, so the last stage is kept,
 * and closed before another is set up.
 * @throws {UsageError} what `openArena` and the policy's own opening throw
 */
export function stageKeeper({
  describePolicy,
  openPolicyFor,
}: PolicyModule): (request: StageRequest) => Promise<Stage> {
  let kept: (Stage & { readonly key: string }) | null = null;
  return async (request) => {
    const key = JSON.stringify(request);
    if (kept?.key === key) return kept;
    await kept?.policy.close();
    await kept?.arena.world.close();
    kept = null;
    const { policy: spec, ...where } = request;
    const arena = await openArena({ ...where, embodiment: describePolicy(spec).embodiment });
    kept = { key, arena, policy: await openPolicyFor(spec, arena.world) };
    return kept;
  };
}
