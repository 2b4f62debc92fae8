/**
 * A world that is known to the last digit, and a model of it that is right: a point on the unit square moved by its
 * action, seen as a white dot on black. What goes wrong in tests of planning with it is the planner's doing.
 */
import {
  UsageError,
  type Embodiment,
  type Image,
  type Observation,
  type Transition,
  type World,
} from "@orrery/core";
import {
  controlSteps,
  type Abilities,
  type BeginOptions,
  type Context,
  type Feeling,
  type Imagination,
  type Imagined,
  type Rollout,
  type StreamFacts,
} from "@orrery/models";
import { cat, fromTyped, full, keep, noGrad, scope, stack, tensor, zeros, type Tensor } from "@orrery/torch";

export const SIDE = 33;
const STEP = 0.1;

export const POINT: Embodiment = {
  name: "point",
  controlRateHz: 10,
  state: [{ name: "position", width: 2, unit: "1" }],
  action: [
    {
      name: "move",
      width: 2,
      unit: "1",
      kind: "continuous",
      mode: "delta",
      limits: [
        [-STEP, STEP],
        [-STEP, STEP],
      ],
    },
  ],
  cameras: [{ name: "top", width: SIDE, height: SIDE }],
};

/** Where each instruction leads. */
export const PLACES: Readonly<Record<string, readonly [number, number]>> = {
  "go to the left": [0.1, 0.5],
  "go to the right": [0.9, 0.5],
};

/** The dot's centre is on a whole pixel; 32 pixels span the square. */
export function pointImage(x: number, y: number, side = SIDE): Image {
  const data = new Uint8Array(side * side * 3);
  const at = (Math.round(y * (side - 1)) * side + Math.round(x * (side - 1))) * 3;
  data.fill(255, at, at + 3);
  return { width: side, height: side, data };
}

export class PointWorld implements World {
  readonly embodiment = POINT;
  instruction = "go to the left";
  /** Added to every move, to surprise models: a wind. */
  wind = 0;
  x = 0.5;
  y = 0.5;

  async reset(seed: number): Promise<Observation> {
    this.x = 0.3 + 0.1 * (seed % 5);
    this.y = 0.2;
    return this.#observe();
  }

  async step(action: Float32Array): Promise<Transition> {
    const clamp = (value: number): number => Math.min(1, Math.max(0, value));
    this.x = clamp(this.x + (action[0] ?? 0) + this.wind);
    this.y = clamp(this.y + (action[1] ?? 0));
    const [gx, gy] = PLACES[this.instruction] ?? [0.5, 0.5];
    const distance = Math.hypot(this.x - gx, this.y - gy);
    const success = distance < 0.05;
    return {
      observation: this.#observe(),
      reward: 1 - distance,
      terminated: success,
      truncated: false,
      success,
      info: { distance },
    };
  }

  async close(): Promise<void> {}

  #observe(): Observation {
    return { images: { top: pointImage(this.x, this.y) }, state: Float32Array.from([this.x, this.y]) };
  }
}

class PointStream implements Imagined {
  position: Tensor; // [B, 2]
  surprise: Tensor; // [B]
  target: Tensor; // [2]
  constructor(position: Tensor, surprise: Tensor, target: Tensor) {
    this.position = keep(position);
    this.surprise = keep(surprise);
    this.target = keep(target);
  }
  get streams(): number {
    return this.position.size(0);
  }
  free(): void {
    for (const owned of [this.position, this.surprise, this.target]) owned.free();
  }
}

export class PointImagination implements Imagination<PointStream> {
  readonly facts: StreamFacts = {
    cameras: ["top"],
    actionWidth: 2,
    stateWidth: 2,
    controlRateHz: 10,
    embodiment: POINT,
  };
  readonly actionStats = { mean: new Float32Array(2), std: new Float32Array([0.05, 0.05]) };
  readonly stateStats = { mean: new Float32Array([0.5, 0.5]), std: new Float32Array([0.3, 0.3]) };
  readonly abilities: Abilities;
  readonly size = { height: SIDE, width: SIDE };
  readonly maxBlock = 5;
  readonly contextRows = 1;
  readonly device = "cpu";
  rollouts = 0;
  /** Makes the futures with these numbers NaN. */
  readonly sick: readonly number[];
  /** Gives no rewards, only the distance to its goal. */
  readonly isFlat: boolean;

  constructor(options: { abilities?: Partial<Abilities>; sick?: readonly number[]; isFlat?: boolean } = {}) {
    this.abilities = {
      reward: true,
      task: true,
      goal: true,
      stages: false,
      prior: false,
      gradient: true,
      pictures: false,
      ...options.abilities,
    };
    this.sick = options.sick ?? [];
    this.isFlat = options.isFlat ?? false;
  }

  begin({ state, B, P }: Context, { task = "" }: BeginOptions = {}): PointStream {
    if (typeof task !== "string") throw new UsageError("PointImagination: one task for all streams only.");
    return new PointStream(fromTyped(state, [B, P]), zeros([B]), targetOf(task));
  }

  setTask(stream: PointStream, task: string | readonly string[]): void {
    stream.target.free();
    stream.target = keep(targetOf(String(task)));
  }

  step(stream: PointStream, action: Tensor | null): PointStream {
    scope(() => {
      for (const one of controlSteps(action)) {
        const next = keep(noGrad(() => stream.position.add(one ?? 0).clamp(0, 1)));
        stream.position.free();
        stream.position = next;
      }
    });
    return stream;
  }

  observe(stream: PointStream, action: Tensor | null, frames: Tensor, state: Tensor | null): PointStream {
    this.step(stream, action);
    scope(() => {
      const seen = state ?? positionsIn(frames);
      stream.surprise.free();
      stream.surprise = keep(stream.position.sub(seen).square().sum(1).sqrt().mul(100));
      stream.position.free();
      stream.position = keep(seen.clone());
    });
    return stream;
  }

  fork(stream: PointStream, copies: number): PointStream {
    return new PointStream(
      stream.position.repeatInterleave(copies, 0),
      stream.surprise.repeatInterleave(copies, 0),
      stream.target.clone(),
    );
  }

  select(stream: PointStream, rows: Tensor): PointStream {
    return new PointStream(
      stream.position.indexSelect(0, rows),
      stream.surprise.indexSelect(0, rows),
      stream.target.clone(),
    );
  }

  look(): Tensor {
    throw new UsageError("PointImagination: it has no pictures.");
  }

  feel(stream: PointStream): Feeling {
    return scope(() => {
      const outcome = this.#outcome(stream.position, stream.target);
      return { ...outcome, toldDistance: outcome.goalDistance.clone(), surprise: stream.surprise.clone() };
    });
  }

  embed(stream: PointStream): Tensor {
    return stream.position.clone();
  }

  embedImage(frames: Tensor): Tensor {
    return positionsIn(frames);
  }

  rollout(stream: PointStream, actions: Tensor): Rollout {
    this.rollouts++;
    return scope(() => {
      const [N = 0, H = 0, n = 0] = actions.shape;
      let position = stream.position.repeatInterleave(N / stream.streams, 0);
      const path: Tensor[] = [];
      for (let h = 0; h < H; h++) {
        for (let i = 0; i < n; i++) {
          position = position.add(actions.select(1, h).select(1, i)).clamp(0, 1);
        }
        path.push(position);
      }
      const embedding = this.#spoil(stack(path, 1)); // [N, H, 2]
      const outcome = this.#outcome(embedding, stream.target);
      // The model is unsure near the top edge.
      return { embedding, ...outcome, surprise: embedding.select(2, 1).square() };
    });
  }

  #outcome(position: Tensor, target: Tensor): Omit<Feeling, "surprise" | "toldDistance"> {
    const distance = position.sub(target).square().sum(-1).add(1e-12).sqrt();
    if (this.isFlat) {
      const nothing = distance.mul(0);
      return { state: position, reward: nothing, success: nothing, goalDistance: distance.square() };
    }
    return {
      state: position,
      reward: distance.rsub(1),
      success: distance.rsub(0.05).mul(100).sigmoid(),
      goalDistance: distance.mul(0),
    };
  }

  #spoil(positions: Tensor): Tensor {
    if (this.sick.length === 0) return positions;
    const rows = Array.from({ length: positions.size(0) }, (_, i) =>
      this.sick.includes(i) ? Number.NaN : 0,
    );
    return positions.add(tensor(rows).view([-1, 1, 1]));
  }
}

function targetOf(task: string): Tensor {
  const place = PLACES[task];
  if (place === undefined && task !== "") {
    throw new UsageError(
      `PointImagination: the task must be one of ${Object.keys(PLACES).join(", ")}, got "${task}".`,
    );
  }
  return tensor([...(place ?? [0.5, 0.5])]);
}

/** Centre of mass of pictures uint8 [B, 1, h, w, 3], [B, 2]. */
function positionsIn(frames: Tensor): Tensor {
  return scope(() => {
    const [B = 0, , h = 0, w = 0] = frames.shape;
    const weight = frames.select(4, 0).view([B, h, w]).float();
    const total = weight.sum([1, 2]).add(1e-9);
    const axis = (size: number): Tensor =>
      fromTyped(
        Float32Array.from({ length: size }, (_, i) => i / (size - 1)),
        [size],
      );
    const x = weight.sum(1).mul(axis(w)).sum(1).div(total);
    const y = weight.sum(2).mul(axis(h)).sum(1).div(total);
    return cat([x.unsqueeze(1), y.unsqueeze(1)], 1).add(full([1], 0));
  });
}
