/**
 * A toy world for imitation: a red post on the left and a blue one on the right, each at one of three heights, a body
 * whose place is its state, and the words that say which post to go to. The right action is known: towards the named post, at most one step long.
 */
import { makeRng, type Image, type Observation, type Transition, type World } from "@orrery/core";
import { openDataset, openDatasetWriter, type DatasetReader } from "@orrery/data";
import { MOVER, SIDE } from "./testing.ts";

type Spot = readonly [x: number, y: number];

export const STEP = 4;
/** Within this of a post's place it is reached. */
const NEAR = 4;
const MAX_STEPS = 20;
const COLOURS = { red: [230, 40, 40], blue: [40, 60, 230] } as const;

export class PostWorld implements World {
  readonly embodiment = MOVER;
  instruction = "";
  #posts: Readonly<Record<keyof typeof COLOURS, Spot>> = { red: [0, 0], blue: [0, 0] };
  #at: [number, number] = [0, 0];
  #target: keyof typeof COLOURS = "red";
  #steps = 0;

  reset(seed: number): Promise<Observation> {
    const rng = makeRng(seed, "posts");
    const height = (): number => rng.pick([7, 16, 25]);
    this.#posts = { red: [6, height()], blue: [SIDE - 7, height()] };
    this.#at = [SIDE / 2, SIDE / 2];
    this.#target = rng.chance(0.5) ? "red" : "blue";
    this.instruction = `go to the ${this.#target} post`;
    this.#steps = 0;
    return Promise.resolve(this.observation());
  }

  /** What an expert does here. */
  right(): [number, number] {
    const [tx, ty] = this.#posts[this.#target];
    const [dx, dy] = [tx - this.#at[0], ty - this.#at[1]];
    const length = Math.hypot(dx, dy);
    const scale = length > STEP ? STEP / length : 1;
    return [dx * scale, dy * scale];
  }

  step(action: Float32Array): Promise<Transition> {
    const inside = (x: number): number => Math.min(SIDE - 1, Math.max(0, x));
    this.#at = [inside(this.#at[0] + (action[0] ?? 0)), inside(this.#at[1] + (action[1] ?? 0))];
    this.#steps++;
    const [tx, ty] = this.#posts[this.#target];
    const success = Math.hypot(tx - this.#at[0], ty - this.#at[1]) < NEAR;
    return Promise.resolve({
      observation: this.observation(),
      reward: success ? 1 : 0,
      terminated: success,
      truncated: this.#steps >= MAX_STEPS,
      success,
      info: {},
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  observation(): Observation {
    const data = new Uint8Array(SIDE * SIDE * 3).fill(30);
    for (const [name, colour] of Object.entries(COLOURS)) paint(data, this.#posts[name as "red"], colour);
    return {
      images: { top: { width: SIDE, height: SIDE, data } as Image },
      state: Float32Array.from(this.#at),
    };
  }
}

/** A square of 7x7 pixels. */
function paint(data: Uint8Array, [x, y]: Spot, colour: readonly number[]): void {
  for (let row = Math.round(y) - 3; row <= Math.round(y) + 3; row++) {
    for (let column = Math.round(x) - 3; column <= Math.round(x) + 3; column++) {
      if (row < 0 || row >= SIDE || column < 0 || column >= SIDE) continue;
      data.set(colour, (row * SIDE + column) * 3);
    }
  }
}

/** Records an expert; `failures` and `plays` episodes of each other kind come after them. */
export async function recordPosts(
  folder: string,
  options: {
    readonly episodes: number;
    readonly failures?: number;
    readonly plays?: number;
    readonly seed?: number;
  },
): Promise<DatasetReader> {
  const { episodes, failures = 0, plays = 0, seed = 0 } = options;
  const world = new PostWorld();
  const writer = await openDatasetWriter(folder, { embodiment: MOVER });
  for (let i = 0; i < episodes + failures + plays; i++) {
    const isExpert = i < episodes;
    const isPlay = i >= episodes + failures;
    const rng = makeRng(seed, "wander", i);
    const recorder = writer.recorder();
    let observation = await world.reset(1000 * seed + i);
    for (let t = 0; t < MAX_STEPS; t++) {
      const action = isExpert ? world.right() : [rng.uniform(-1, 1), rng.uniform(-1, 1)];
      const before = observation;
      const { success, truncated, ...next } = await world.step(Float32Array.from(action));
      recorder.add({
        images: before.images,
        state: before.state,
        action,
        success,
        done: success || truncated,
      });
      observation = next.observation;
      if (success) break;
    }
    writer.append(
      recorder.finish({
        ...(isPlay ? {} : { task: world.instruction }),
        success: isExpert,
        provenance: { stream: "sim", operator: isPlay ? "play" : "expert" },
      }),
    );
  }
  writer.close();
  return openDataset(folder);
}
