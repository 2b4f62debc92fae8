/**
 * Policies by what they are called: `random`, `hold`, `expert`, or the folder of a run, whose own files say whether it
 * is a model to plan in or a network that imitates.
 */
import { UsageError, type Embodiment, type Policy, type World } from "@orrery/core";
import { openPolicy as openImitation } from "../imitation/open-policy.ts";
import { checkFits } from "./fits.ts";
import { expertFor } from "./expert.ts";
import { HoldPolicy } from "./hold.ts";
import { openPlanner } from "./model-planner.ts";
import { RandomPolicy } from "./random.ts";
import { readRun } from "./run.ts";
import { parsePolicySpec, type PolicySpec } from "./spec.ts";

/** What must be known of a policy before there is a world for it. */
export interface PolicyDescription {
  /** What it was made for; null where it acts in any body. */
  readonly embodiment: Embodiment | null;
  /** Changes whenever its weights do; "" where it has none. */
  readonly fingerprint: string;
}

/** Policies that need no run. */
const SCRIPTED: Readonly<Record<string, (world: World) => Policy>> = {
  random: ({ embodiment }) => new RandomPolicy(embodiment),
  hold: ({ embodiment }) => new HoldPolicy(embodiment),
  expert: expertFor,
};

/**
 * @throws {UsageError} if the text names neither a policy nor a run
 * @throws {DataError} if the run is damaged
 */
export function describePolicy(text: string): PolicyDescription {
  const { name, options } = parsePolicySpec(text);
  if (Object.hasOwn(SCRIPTED, name)) {
    refuseOptions(name, options);
    return { embodiment: null, fingerprint: "" };
  }
  const { embodiment, fingerprint } = readRun(name);
  return { embodiment, fingerprint };
}

/**
 * Makes a policy for the world it will act in; `close` frees what it loaded.
 * @throws {UsageError} if it is unknown, made for another body, or its options are wrong
 */
export async function openPolicyFor(text: string, world: World): Promise<Policy> {
  const spec = parsePolicySpec(text);
  const scripted = SCRIPTED[spec.name];
  if (scripted !== undefined) {
    refuseOptions(spec.name, spec.options);
    return scripted(world);
  }
  const run = readRun(spec.name);
  checkFits(spec.name, run.embodiment, world.embodiment);
  if (run.kind === "policy") return openImitation(run.folder, imitationOptions(spec));
  if (run.kind === "world-model") return openPlanner(run, spec);
  throw new UsageError(
    `policy ${spec.name}: the run must be a world model or a policy, its config.json says "${run.kind}".`,
  );
}

function refuseOptions(name: string, options: PolicySpec["options"]): void {
  const given = Object.keys(options);
  if (given.length > 0) throw new UsageError(`policy ${name}: it takes no options, got ${given.join(", ")}.`);
}

function imitationOptions({ name, options }: PolicySpec): { execute?: number } {
  const { execute, ...rest } = options;
  const unknown = Object.keys(rest);
  if (unknown.length > 0) {
    throw new UsageError(`policy ${name}: unknown option ${unknown.join(", ")}, known: execute.`);
  }
  return execute === undefined ? {} : { execute: Number(execute) };
}
