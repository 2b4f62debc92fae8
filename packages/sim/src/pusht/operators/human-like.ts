/**
 * An operator that moves as the people in the published recordings do: the expert's pushes at a person's speed, with
 * smooth targets, an unsteady hand and short pauses. How fast and how unsteady is drawn once per episode.
 *
 * Set by the 206 human episodes of `lerobot/pusht`; docs/pusht.md compares lengths, speeds and pauses.
 */
import { makeRng, type Decision, type Policy, type Rng } from "@orrery/core";
import type { PushTWorld } from "../world.ts";
import { type ExpertStyle, PushTExpert } from "./expert.ts";
import type { Target } from "./stroke.ts";

/** Chance per control step of holding still for a moment, and the longest such moment in steps. */
const PAUSE_CHANCE = 0.005;
const LONGEST_PAUSE = 4;
/** Share of the way to the wanted target that the hand's target goes in a step: nobody's mouse jumps. */
const FOLLOW = 0.7;

/** Plays in one world; it reads that world's state, so it must be the world being stepped. */
export class PushTHuman implements Policy {
  readonly name = "human-like";
  readonly #world: PushTWorld;
  #expert: PushTExpert;
  #rng: Rng = makeRng(0, "pusht", "human");
  #hand: Target = [0, 0];
  #pause = 0;

  constructor(world: PushTWorld) {
    this.#world = world;
    this.#expert = new PushTExpert(world);
  }

  async reset(seed: number): Promise<void> {
    this.#rng = makeRng(seed, "pusht", "human");
    this.#expert = new PushTExpert(this.#world, drawStyle(this.#rng));
    await this.#expert.reset(seed);
    this.#hand = this.#world.simulation.agent;
    this.#pause = this.#rng.int(3); // people look before they move
  }

  async act(): Promise<Decision> {
    if (this.#pause === 0 && this.#rng.chance(PAUSE_CHANCE)) this.#pause = 1 + this.#rng.int(LONGEST_PAUSE);
    if (this.#pause > 0) {
      this.#pause--;
      return { actions: [Float32Array.from(this.#hand)], belief: { intent: "pause" } };
    }
    const { actions, belief } = await this.#expert.act();
    const [x = 0, y = 0] = actions[0] ?? this.#hand;
    const [handX, handY] = this.#hand;
    this.#hand = [handX + FOLLOW * (x - handX), handY + FOLLOW * (y - handY)];
    return { actions: [Float32Array.from(this.#hand)], belief };
  }

  async close(): Promise<void> {
    await this.#expert.close();
  }
}

function drawStyle(rng: Rng): Partial<ExpertStyle> {
  const speed = rng.uniform(0.75, 1.25);
  return { moveSpeed: 17 * speed, pushSpeed: 8 * speed, tremor: rng.uniform(0.4, 0.9) };
}
