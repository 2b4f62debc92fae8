/**
 * A policy module for tests. A "release" is a folder whose config.json states a skill from 0 to 1: on that share of the
 * seeds PushT's expert acts, on the others nobody does; "expert" has all skill. Files beside it make it misbehave, once each.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeRng, NoDecisionError, UsageError, type Decision, type Policy, type World } from "@orrery/core";
import type { PolicyModule } from "@orrery/eval/control";
import { PushTExpert, PushTWorld } from "@orrery/sim";

class SkilledPolicy implements Policy {
  readonly name = "skilled";
  readonly #world: PushTWorld;
  readonly #expert: PushTExpert;
  readonly #run: string;
  #isActing = false;
  #steps = 0;
  #seed = 0;

  constructor(run: string, world: PushTWorld) {
    this.#run = run;
    this.#world = world;
    this.#expert = new PushTExpert(world);
  }

  async reset(seed: number): Promise<void> {
    const skill = this.#run === "expert" ? 1 : skillOf(this.#run);
    this.#seed = seed;
    this.#steps = 0;
    this.#isActing = makeRng(seed, "skill").uniform() < skill;
    if (this.#isActing) await this.#expert.reset(seed);
  }

  async act(): Promise<Decision> {
    baffle(this.#run, this.#steps++);
    const belief = { surprise: this.#isActing ? 1 : 2 + (this.#seed % 7) };
    if (!this.#isActing) return { actions: [new Float32Array(2)], belief };
    const { actions } = await this.#expert.act();
    return { actions: actions.map((target) => this.#world.actionFor(target)), belief };
  }

  async close(): Promise<void> {}
}

function skillOf(run: string): number {
  misbehave(run);
  return (JSON.parse(readFileSync(join(run, "config.json"), "utf8")) as { skill: number }).skill;
}

/** `dies`, `hangs`: takes the file away and does so; `always-hangs` stays. */
function misbehave(run: string): void {
  const take = (name: string): boolean => {
    const isThere = existsSync(join(run, name));
    rmSync(join(run, name), { force: true });
    return isThere;
  };
  if (take("dies")) process.kill(process.pid, "SIGKILL");
  if (take("hangs") || existsSync(join(run, "always-hangs"))) for (;;);
}

/** `baffled-N`: finds no action at step N, once. */
function baffle(run: string, step: number): void {
  const sign = join(run, `baffled-${step}`);
  if (!existsSync(sign)) return;
  rmSync(sign);
  throw new NoDecisionError("all costs are NaN");
}

const module_: PolicyModule = {
  describePolicy(run) {
    const bytes = readFileSync(join(run, "model.safetensors"));
    return { embodiment: null, fingerprint: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
  },
  async openPolicyFor(run, world: World) {
    if (!(world instanceof PushTWorld)) throw new UsageError("the tests' policy is for PushT.");
    return new SkilledPolicy(run, world);
  },
};
export const { describePolicy, openPolicyFor } = module_;
