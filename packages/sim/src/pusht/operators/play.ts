/**
 * Play: pushing the T about with no goal in mind, so that a model sees what pushes do. Purposeful but random, as a
 * curious person plays: mostly going up to the T and pushing it somewhere, now and then a poke, a wander, a pause.
 */
import { makeRng, type Decision, type Policy, type Rng } from "@orrery/core";
import { BOARD } from "../board.ts";
import type { PushTSimulation } from "../simulation.ts";
import type { PushTWorld } from "../world.ts";
import {
  approach,
  isOnBoard,
  pointOnBoard,
  push,
  pushPoints,
  standBeside,
  timed,
  type Target,
} from "./stroke.ts";

const POINTS = pushPoints(9);
/** How often each kind of stroke is begun. */
const CHANCES = { push: 0.65, poke: 0.15, wander: 0.15 } as const;

/** Plays in one world; it reads that world's state, so it must be the world being stepped. */
export class PushTPlay implements Policy {
  readonly name = "play";
  readonly #world: PushTWorld;
  #rng: Rng = makeRng(0, "pusht", "play");
  #queue: Target[] = [];
  #intent = "pause";

  constructor(world: PushTWorld) {
    this.#world = world;
  }

  async reset(seed: number): Promise<void> {
    this.#rng = makeRng(seed, "pusht", "play");
    this.#queue = [];
  }

  async act(): Promise<Decision> {
    if (this.#queue.length === 0) this.#queue = this.#nextStroke(this.#world.simulation);
    const [x, y] = this.#queue.shift() ?? this.#world.simulation.agent;
    const target = new Float32Array([x + this.#rng.normal(0, 0.7), y + this.#rng.normal(0, 0.7)]);
    return { actions: [target], belief: { intent: this.#intent } };
  }

  async close(): Promise<void> {
    this.#queue = [];
  }

  #nextStroke({ agent, block }: PushTSimulation): Target[] {
    const rng = this.#rng;
    const draw = rng.uniform();
    const moveSpeed = rng.uniform(12, 32);
    const reachable = POINTS.map((point) => pointOnBoard(point, block)).filter((point) =>
      isOnBoard(standBeside(point)),
    );
    if (draw < CHANCES.push + CHANCES.poke && reachable.length > 0) {
      const isPoke = draw >= CHANCES.push;
      this.#intent = isPoke ? "poke" : "push";
      const point = rng.pick(reachable);
      const depth = isPoke ? rng.uniform(2, 10) : rng.uniform(15, 120);
      const pushSpeed = rng.uniform(6, 24);
      return [...approach(agent, standBeside(point), block, moveSpeed), ...push(point, depth, pushSpeed)];
    }
    if (draw < CHANCES.push + CHANCES.poke + CHANCES.wander) {
      // Straight across the board, T or no T: it gets swept along when it is in the way.
      this.#intent = "wander";
      const goal: Target = [rng.uniform(30, BOARD - 30), rng.uniform(30, BOARD - 30)];
      return timed([agent, goal], moveSpeed);
    }
    this.#intent = "pause";
    return Array.from({ length: 2 + rng.int(7) }, () => agent);
  }
}
