/** A policy module for tests: PushT's expert, a policy that stays, and ones that misbehave on purpose. */
import { existsSync, writeFileSync } from "node:fs";
import { UsageError, type Decision, type Policy, type World } from "@orrery/core";
import { PushTExpert, PushTWorld } from "@orrery/sim";
import type { PolicyModule } from "./policy-module.ts";

class Stay implements Policy {
  readonly name = "stay";
  readonly #width: number;
  constructor(world: World) {
    this.#width = world.embodiment.action.reduce((sum, { width }) => sum + width, 0);
  }
  async reset(): Promise<void> {}
  async act(): Promise<Decision> {
    return { actions: [new Float32Array(this.#width)], belief: {} };
  }
  async close(): Promise<void> {}
}

/** The expert speaks targets; the world of the harness takes moves. */
class Expert implements Policy {
  readonly name = "expert";
  readonly #world: PushTWorld;
  readonly #expert: PushTExpert;
  constructor(world: PushTWorld) {
    this.#world = world;
    this.#expert = new PushTExpert(world);
  }
  async reset(seed: number): Promise<void> {
    await this.#expert.reset(seed);
  }
  async act(): Promise<Decision> {
    const { actions } = await this.#expert.act();
    return { actions: actions.map((target) => this.#world.actionFor(target)), belief: {} };
  }
  async close(): Promise<void> {}
}

const MAKERS: Readonly<Record<string, (world: World, argument: string) => Policy>> = {
  stay: (world) => new Stay(world),
  expert: (world) => {
    if (!(world instanceof PushTWorld)) throw new UsageError("the expert is for PushT.");
    return new Expert(world);
  },
  // Kills its own process, the first time only where it is told of a file to remember that by.
  dies: (world, path) => {
    const policy = new Stay(world);
    policy.act = () => {
      if (path === "" || !existsSync(path)) {
        if (path !== "") writeFileSync(path, "");
        process.kill(process.pid, "SIGKILL");
      }
      return new Stay(world).act();
    };
    return policy;
  },
};

const module_: PolicyModule = {
  describePolicy(spec) {
    const [name = ""] = spec.split(":");
    if (!(name in MAKERS)) throw new UsageError(`no policy "${spec}"`);
    return { embodiment: null, fingerprint: process.env["TEST_FINGERPRINT"] ?? "" };
  },
  async openPolicyFor(spec, world) {
    const [name = "", argument = ""] = spec.split(":");
    const make = MAKERS[name];
    if (make === undefined) throw new UsageError(`no policy "${spec}"`);
    return make(world, argument);
  },
};
export const { describePolicy, openPolicyFor } = module_;
