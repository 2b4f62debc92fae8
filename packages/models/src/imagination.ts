/**
 * What a planner may know of a world model: begin with what was seen, branch into many futures, step them on under
 * chosen actions, and read off what each would be like. The generative family (`Dreamer`) and the joint-embedding one
 * (`JepaImagination`) both fill it; code that searches or scores against this contract runs on either.
 *
 * Shapes: B streams, H imagined steps, n control steps that one imagined step covers, A action width, P state width,
 * V cameras, h w pixels, E numbers of an embedding.
 */
import { keep, noGrad, scope, stack, type Generator, type Tensor } from "@orrery/torch";
import type { Context, StreamFacts } from "./world-model.ts";

/** What a model believes of the newest moment of each stream, beside the picture. */
export interface Feeling {
  /** Proprioception in the units of the data, [B, P]. */
  readonly state: Tensor;
  /** Reward of the control step that led here, in the units of the data, [B]. */
  readonly reward: Tensor;
  /** Probability that the control step that led here was a success, [B]. */
  readonly success: Tensor;
  /**
   * How far the body is from what it will feel when the task is done, [B]: mean squared distance, in recorded
   * deviations, over the numbers of the proprioception of which words and picture tell something. 0 where none do.
   */
  readonly goalDistance: Tensor;
  /** The same over all that the task is about, each number alike and whether `goalParts` names it or not: [B]. */
  readonly toldDistance: Tensor;
  /**
   * Root mean square distance, in units of the embedding's deviation, [B]: after `observe` between what was seen and
   * what had been expected, after `step` how large the model expects that distance to be.
   */
  readonly surprise: Tensor;
}

/** Streams under way. They own tensors: call `free`. */
export interface Imagined {
  /** B */
  readonly streams: number;
  free(): void;
}

/** Futures of B streams over H imagined steps; all owned by the caller. */
export interface Rollout {
  readonly embedding: Tensor; // [B, H, E]
  readonly reward: Tensor; // [B, H]
  readonly success: Tensor; // [B, H]
  readonly goalDistance: Tensor; // [B, H]
  readonly surprise: Tensor; // [B, H]
  readonly state: Tensor; // [B, H, P]
}

export interface BeginOptions {
  /** What is to be done, in words: one text for all streams or one each. Empty where there is no task. */
  readonly task?: string | readonly string[];
  /** Parts of the state, by name, that the distance to the task's goal counts in; all where left out. */
  readonly goalParts?: readonly string[];
}

export interface ProposeOptions {
  /** Ways for each stream, C. */
  readonly copies: number;
  /** Imagined steps, H. */
  readonly horizon: number;
  /** Control steps of each, n. */
  readonly block: number;
  /** Draws the first of each stream's ways as well, which otherwise does what is expected: that has led nowhere. */
  readonly isStuck?: boolean;
}

/** What the heads of a model have learnt; asking for more gives numbers without meaning, so planners check first. */
export interface Abilities {
  /** The training data held rewards (and with them successes). */
  readonly reward: boolean;
  /** Reward and success depend on the task text; otherwise they are those of whatever tasks the data mixed. */
  readonly task: boolean;
  /** It tells from words and picture what the body will feel when the task is done. */
  readonly goal: boolean;
  /** That goal is where the body comes to rest next: there `setTask` asks what follows, with what is then seen and felt. */
  readonly stages: boolean;
  /** It proposes what people did on their way to such a goal. */
  readonly prior: boolean;
  /** `rollout` can be differentiated with respect to the actions. */
  readonly gradient: boolean;
  /** `look` gives pictures; a model without a decoder only gives the last one that it observed. */
  readonly pictures: boolean;
}

/** Mean and deviation of each number; a deviation of 0 means that it never changed. */
export interface Stats {
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

/** A model that can be run. `S` is the model's own kind of stream state and is handed back to it unopened. */
export interface Imagination<S extends Imagined = Imagined> {
  readonly facts: StreamFacts;
  readonly abilities: Abilities;
  /** Of the recorded actions, in the units of the data: what a planner draws its first samples from. */
  readonly actionStats: Stats;
  /** Of the recorded states: what makes radians and metres comparable. */
  readonly stateStats: Stats;
  /** Size of the pictures taken and given. */
  readonly size: { readonly height: number; readonly width: number };
  /** Longest block of control steps that one imagined step covers at the price of one; longer ones are made up of several. */
  readonly maxBlock: number;
  /** Rows of context that are of use; more are read and forgotten. */
  readonly contextRows: number;
  readonly device: string;

  /**
   * Takes in recorded rows, one per control step. The last row's action is not used: it belongs to the first `step`.
   * @throws {ShapeError} if cameras, action, state or pictures have another size than the model was made for
   */
  begin(context: Context, options?: BeginOptions): S;

  /** Another task for the same streams, or the same one as it looks by now. Models whose heads do not read the task take no notice. */
  setTask(state: S, task: string | readonly string[]): void;

  /**
   * Imagines one step on, in place. `action` in the units of the data: [B, A] for one control step, [B, n, A] for a
   * block of n, or null for one control step of which nothing is known.
   */
  step(state: S, action: Tensor | null): S;

  /** Takes in, in place, what really came after `action` (as in `step`): frames uint8 [B, V, h, w, 3], state [B, P]. */
  observe(state: S, action: Tensor | null, frames: Tensor, proprioception: Tensor | null): S;

  /** Streams of their own for every stream `copies` times, those of one stream adjacent: where imagined futures begin. */
  fork(state: S, copies: number): S;

  /** Streams of their own for the given ones, int64 [N]; one may come several times. */
  select(state: S, rows: Tensor): S;

  /** The newest picture, uint8 [B, V, h, w, 3]; the stream's own. */
  look(state: S): Tensor;

  /** Owned by the caller. */
  feel(state: S): Feeling;

  /** [B, E], owned by the caller: near for moments that are alike. Compare with `embedImage` of a goal. */
  embed(state: S): Tensor;

  /**
   * How much each number of an embedding says, [E], 1 on average: those that are foreseen badly are no measure of how far
   * off a goal is. All alike where left out.
   */
  readonly embeddingWeights?: Float32Array | null;

  /** Embedding [B, E] of pictures uint8 [B, V, h, w, 3] as they would be at rest; proprioception [B, P] where it is known. */
  embedImage(frames: Tensor, proprioception?: Tensor | null): Tensor;

  /**
   * Futures of the streams under actions [M B, H, n, A], each stream's M futures adjacent; `state` stays as it is.
   * Where `abilities.gradient` says so and gradients are recorded, the results can be differentiated.
   */
  rollout(state: S, actions: Tensor): Rollout;

  /**
   * Goes, in place, for another of the places where the task's goal may be: drawn from what words and picture tell, as
   * the mean of it is gone for at first. Models whose goals have no deviation lack it.
   */
  drawGoal?(state: S, generator: Generator): void;

  /**
   * Ways to the task's goal as they were taken in the recordings, imagined block by block: actions [C B, H, n, A] in the
   * units of the data, owned by the caller, each stream's C ways adjacent. The first of them is what is expected, the
   * others are drawn. Models without `abilities.prior` lack it or throw a `UsageError`.
   */
  propose?(state: S, options: ProposeOptions, generator: Generator): Tensor;
}

/** One whose pictures can be scored, beside the best that its code allows. */
export interface DrawingImagination<S extends Imagined = Imagined> extends Imagination<S> {
  /**
   * Pictures uint8 [B, T, V, h, w, 3] through the model's own code and back, as they would follow on `before`
   * [B, V, h, w, 3]: the best that any prediction drawn from that code could do.
   */
  reconstruct(frames: Tensor, before: Tensor): Tensor;
}

/** `rollout` by forking and stepping, for models without a faster way. Without gradients. */
export function rollOutBySteps<S extends Imagined>(
  model: Imagination<S>,
  state: S,
  actions: Tensor,
): Rollout {
  const [B = 0, H = 0] = actions.shape;
  const futures = model.fork(state, B / state.streams);
  const moments: (Feeling & { readonly embedding: Tensor })[] = [];
  try {
    for (let h = 0; h < H; h++) {
      moments.push(
        noGrad(() =>
          scope(() => {
            model.step(futures, actions.select(1, h));
            const felt = { ...model.feel(futures), embedding: model.embed(futures) };
            for (const tensor of Object.values(felt)) keep(tensor);
            return felt;
          }),
        ),
      );
    }
    const joined = (name: keyof Rollout): Tensor =>
      stack(
        moments.map((moment) => moment[name]),
        1,
      );
    return scope(() => ({
      embedding: joined("embedding"),
      reward: joined("reward"),
      success: joined("success"),
      goalDistance: joined("goalDistance"),
      surprise: joined("surprise"),
      state: joined("state"),
    }));
  } finally {
    futures.free();
    for (const moment of moments) for (const tensor of Object.values(moment)) tensor.free();
  }
}

/** A block of actions [B, n, A] as n single ones; one action [B, A] is a block of one. */
export function controlSteps(action: Tensor | null): (Tensor | null)[] {
  if (action === null || action.rank === 2) return [action];
  return Array.from({ length: action.size(1) }, (_, i) => action.select(1, i));
}

/** Rows of `fork`: 0, 0, .., 1, 1, .. as int64 [B copies]. */
export function forkRows(streams: number, copies: number): BigInt64Array {
  return BigInt64Array.from({ length: streams * copies }, (_, i) => BigInt(Math.floor(i / copies)));
}
