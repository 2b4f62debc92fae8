/**
 * PushT with goals as pictures, by the protocol of the planners' papers: begin at a state of a held-out trajectory, ask
 * for the picture some steps later, and count as success when agent and T are both there.
 *
 * Sources: DINO-WM (Zhou et al. 2024, arXiv:2411.04983): goals 25 steps ahead; success when the distance of agent and T
 * together is below 20 board units and the angle within 20 degrees. stable-worldmodel (arXiv:2605.21800): 50 steps to
 * get there. Departure: trajectories are the human-like operator's, on boards of held-out seeds; theirs come from recorded
 * people, replayed with noise. In 25 steps its T goes as far as the people's: 32 board units and 15 degrees in the median
 * beside 29 and 13 in the 206 recordings of lerobot/pusht. The expert's goes farther, 52 and 26.
 */
import {
  makeRng,
  UsageError,
  type Embodiment,
  type Goal,
  type Image,
  type Observation,
  type Transition,
  type World,
} from "@orrery/core";
import {
  goalDistance,
  imageGoal,
  PushTHuman,
  PushTWorld,
  sampleGoalTask,
  type ImageGoalTask,
  type PushTOptions,
  type PushTWorldSnapshot,
} from "@orrery/sim";

/** Steps from start to goal along the trajectory. */
export const STEPS_AHEAD = 25;
/** Steps allowed. */
export const STEP_BUDGET = 50;
/** Distance of agent and T together, board units, and angle, below which the goal counts as reached. */
const NEAR = 20;
const NEAR_RAD = Math.PI / 9;

export class PushTGoalWorld implements World {
  readonly instruction = "";
  readonly maxSteps: number;
  readonly #world: PushTWorld;
  readonly #stepsAhead: number;
  #task: ImageGoalTask | null = null;
  #steps = 0;

  constructor(options: PushTOptions & { readonly stepsAhead?: number; readonly maxSteps?: number }) {
    const { stepsAhead = STEPS_AHEAD, maxSteps = STEP_BUDGET, ...rest } = options;
    this.#stepsAhead = stepsAhead;
    this.maxSteps = maxSteps;
    // The standard goal does not end an episode here, and its clock does not count.
    this.#world = new PushTWorld({ ...rest, maxSteps: 1_000_000 });
  }

  get embodiment(): Embodiment {
    return this.#world.embodiment;
  }

  /** The board underneath, for pictures and for tests. */
  get board(): PushTWorld {
    return this.#world;
  }

  async reset(seed: number): Promise<Observation> {
    const trajectory = await trajectoryOf(seed, this.#stepsAhead);
    this.#task = sampleGoalTask([trajectory], this.#stepsAhead, makeRng(seed, "pusht-goal"));
    this.#steps = 0;
    return this.#world.restore(this.#task.start);
  }

  /** The goal of the present episode, as a picture of the given size. */
  goal(sizePx: number): Goal & { readonly image: Image } {
    return { ...imageGoal(this.#world, this.#current().goal, sizePx), kind: "image" };
  }

  async step(action: Float32Array): Promise<Transition> {
    const { goal } = this.#current();
    const { observation, info } = await this.#world.step(action);
    this.#steps++;
    const { agent, block, angleRad } = goalDistance(this.#world, goal);
    const distance = Math.hypot(agent, block);
    const success = distance < NEAR && angleRad < NEAR_RAD;
    return {
      observation,
      // Shaped like the kitchen's rewards: 1 when there, falling with what is left of the way.
      reward: success ? 1 : 0.9 / (1 + (distance / 100) ** 2 + angleRad ** 2),
      terminated: success,
      truncated: !success && this.#steps >= this.maxSteps,
      success,
      info: { agent, block, angleRad, contacts: Number(info["contacts"]) },
    };
  }

  async close(): Promise<void> {
    await this.#world.close();
  }

  #current(): ImageGoalTask {
    if (this.#task === null) throw new UsageError("PushTGoalWorld: call reset first, there is no goal yet.");
    return this.#task;
  }
}

/** What the operator did on the board of a seed, row by row; the next board where it was done too soon. */
async function trajectoryOf(seed: number, stepsAhead: number): Promise<PushTWorldSnapshot[]> {
  const world = new PushTWorld({ imageSizePx: 0 });
  const operator = new PushTHuman(world);
  const rows: PushTWorldSnapshot[] = [];
  for (let board = seed; rows.length <= stepsAhead; board++) {
    rows.length = 0;
    await world.reset(board);
    await operator.reset(board);
    rows.push(world.snapshot());
    for (let done = false; !done;) {
      const { actions } = await operator.act();
      const { terminated, truncated } = await world.step(actions[0] ?? new Float32Array(2));
      rows.push(world.snapshot());
      done = terminated || truncated;
    }
  }
  return rows;
}
