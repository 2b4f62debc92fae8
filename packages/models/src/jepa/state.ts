/**
 * Where streams of a joint-embedding model stand.
 *
 * Shapes: B streams, D numbers of an embedding, G numbers of a task, V cameras, H W pixels.
 */
import { keep, scope, type Tensor } from "@orrery/torch";
import type { Imagined } from "../imagination.ts";
import type { Past } from "./predictor.ts";

/** Everything that imagining on needs; a planner branches it into hundreds. */
export interface Moment {
  readonly embedding: Tensor; // [B, D]
  readonly past: Past;
  readonly surprise: Tensor; // [B]
  /** What is to be done, as read off the picture that the stream began with: [B, heads' width]. */
  readonly task: Tensor;
  /** What it will feel like when that is done, and how much is known of each number: normalised, [B, P] each. */
  readonly goal: GoalMark;
  /** What the body feels, normalised, [B, P]: as it was felt, and moved on from there by what is imagined. */
  readonly state: Tensor;
}

export interface GoalMark {
  readonly mean: Tensor;
  /** Of `goalPrecision`, in the numbers that the distance to the goal counts in. */
  readonly precision: Tensor;
  /** 1 for numbers of which something is known: what the policy prior is told. */
  readonly isTold: Tensor;
  /** What is gone for: the mean, or a draw from what is known. */
  readonly aim: Tensor;
}

/** What was last observed of each stream, shared by its branches. */
export interface Scene {
  readonly texts: readonly string[];
  /** Parts of the state that goals count in, by name; all where left out. */
  readonly goalParts: readonly string[] | undefined;
  readonly picture: Tensor; // uint8 [B, V, H, W, 3]
}

/** Owns its tensors: call `free`. */
export class JepaState implements Imagined {
  #moment: Moment;
  #scene: Scene;
  /** Decoded since the last step, where someone looked. */
  #drawn: Tensor | undefined;
  #isImagined = false;

  constructor(moment: Moment, scene: Scene, isImagined = false) {
    this.#moment = keepAll(moment);
    this.#scene = keepAll(scene);
    this.#isImagined = isImagined;
  }

  get streams(): number {
    return this.#moment.embedding.size(0);
  }

  get moment(): Moment {
    return this.#moment;
  }

  get scene(): Scene {
    return this.#scene;
  }

  /** The moment of the given rows, int64 [N]; owned by the caller. */
  momentOf(rows: Tensor): Moment {
    return mapTensors(this.#moment, (tensor) => tensor.indexSelect(0, rows));
  }

  /** Streams of their own for the given rows, int64 [N]. */
  select(rows: Tensor): JepaState {
    const { texts, goalParts, picture } = this.#scene;
    const scene = {
      goalParts,
      texts: Array.from(rows.toFloat64(), (row) => texts[row] ?? ""),
      picture: picture.indexSelect(0, rows),
    };
    return new JepaState(this.momentOf(rows), scene, this.#isImagined);
  }

  /** Goes on to an imagined moment, which it takes over. */
  advance(moment: Moment): void {
    const old = this.#moment;
    const kept = keepAll(moment);
    this.#moment = kept;
    freeAll(old, kept);
    this.#forgetDrawing();
    this.#isImagined = true;
  }

  /**
   * Puts what was observed in the place of what was imagined, keeping the past and the task: words are looked up in the
   * picture that a stream begins with, as in training; later the body may hide what they speak of.
   */
  correct(seen: Omit<Moment, "past" | "task" | "goal">, scene: Scene): void {
    const { past, task, goal } = this.#moment;
    this.advance({ ...seen, past, task, goal });
    freeAll(this.#scene, (this.#scene = keepAll(scene)));
    this.#isImagined = false;
  }

  /** Another task, which it takes over. */
  setTask(texts: readonly string[], { task, goal }: Pick<Moment, "task" | "goal">): void {
    const old = this.#moment;
    this.#moment = keepAll({ ...old, task, goal });
    freeAll(old, this.#moment);
    this.#scene = { ...this.#scene, texts };
  }

  /** Goes for another of the places that a goal may be, [B, P], which it takes over. */
  setAim(aim: Tensor): void {
    const old = this.#moment;
    this.#moment = keepAll({ ...old, goal: { ...old.goal, aim } });
    freeAll(old, this.#moment);
  }

  /** The newest picture, by `draw` where it is imagined; the state's own. */
  look(draw: ((embedding: Tensor) => Tensor) | undefined): Tensor {
    if (!this.#isImagined || draw === undefined) return this.#scene.picture;
    this.#drawn ??= keep(draw(this.#moment.embedding));
    return this.#drawn;
  }

  free(): void {
    freeAll(this.#moment);
    freeAll(this.#scene);
    this.#forgetDrawing();
  }

  #forgetDrawing(): void {
    this.#drawn?.free();
    this.#drawn = undefined;
  }
}

type Parts = Readonly<Record<string, unknown>>;

function tensorsOf(parts: object): Tensor[] {
  return Object.values(parts as Parts).flatMap((part) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return [];
    return "handle" in part ? [part as Tensor] : tensorsOf(part);
  });
}

function keepAll<T extends object>(parts: T): T {
  for (const tensor of tensorsOf(parts)) keep(tensor);
  return parts;
}

/** Frees what `parts` holds and `stays` does not. */
function freeAll(parts: object, stays: object = {}): void {
  const still = new Set(tensorsOf(stays));
  for (const tensor of tensorsOf(parts)) if (!still.has(tensor)) tensor.free();
}

function mapTensors(moment: Moment, fn: (tensor: Tensor) => Tensor): Moment {
  const { embedding, past, surprise, task, goal, state } = moment;
  return scope(() => ({
    embedding: fn(embedding),
    past: { embedding: fn(past.embedding), code: fn(past.code), isThere: fn(past.isThere) },
    surprise: fn(surprise),
    task: fn(task),
    goal: {
      mean: fn(goal.mean),
      precision: fn(goal.precision),
      isTold: fn(goal.isTold),
      aim: fn(goal.aim),
    },
    state: fn(state),
  }));
}
