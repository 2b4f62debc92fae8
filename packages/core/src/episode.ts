/**
 * What is recorded. Alignment (LeRobot's convention): row t holds observation o[t] and the action a[t] chosen on
 * seeing it; a[t] leads to o[t+1]; reward, done and success on row t belong to that transition. The last row's
 * action leads nowhere. Video without actions is an episode whose action part is absent, never filled with zeros.
 */

/** 8-bit RGB picture, rows from the top, interleaved: data.length = height * width * 3. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export const STREAMS = ["web", "ego", "sim", "teleop", "fleet"] as const;
/** The five kinds of source the data flywheel mixes. */
export type Stream = (typeof STREAMS)[number];

/** Where an episode came from. */
export interface Provenance {
  readonly stream: Stream;
  /** Person, script ("expert", "play") or policy release that acted. */
  readonly operator?: string;
  readonly licence?: string;
  /** Name of the source and hash of its bytes, for imported episodes. */
  readonly source?: string;
  readonly sourceHash?: string;
  /** Seed of the world and operator, for simulated episodes. */
  readonly seed?: number;
  /** Anything else worth keeping, as flat JSON: why it failed, which split it belongs to. */
  readonly labels?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Label of an episode that a policy could not finish: from this row on somebody who knew how acted in its place, so that
 * the rows from there on show how it is done.
 */
export const TAKEOVER_ROW = "takeoverRow";

/** Label beside it: who took over. */
export const TAKEN_OVER_BY = "takenOverBy";

/** One row of an episode as it is recorded. Absent parts stay absent. */
export interface Step {
  readonly state?: ArrayLike<number>;
  readonly action?: ArrayLike<number>;
  readonly images: Readonly<Record<string, Image>>;
  readonly reward?: number;
  readonly done?: boolean;
  readonly success?: boolean;
  /** Seconds since the episode began; frame index over rate where absent. */
  readonly timestampSec?: number;
  /** Extra named streams: sensors, latent actions. */
  readonly extra?: Readonly<Record<string, ArrayLike<number>>>;
}

/**
 * A batch of windows, as the trainer sees it: B batch, T time, V cameras, H W pixels, A action width,
 * P state width. Arrays are dense and row-major; a mask of 1 means "really there".
 */
export interface Clip {
  readonly B: number;
  readonly T: number;
  readonly V: number;
  readonly H: number;
  readonly W: number;
  readonly A: number;
  readonly P: number;
  /** [B, T, V, H, W, 3] */
  readonly frames: Uint8Array;
  /** [B, V, H, W, 3]: the first pictures of each clip's episode, or of the part of it that is kept: nothing was done yet. */
  readonly opening: Uint8Array;
  /** [B, T, A], zero where the mask is 0. */
  readonly action: Float32Array;
  /** [B, T] */
  readonly actionMask: Uint8Array;
  /** [B, T, P] */
  readonly state: Float32Array;
  /** [B, T] */
  readonly stateMask: Uint8Array;
  /** [B, T] */
  readonly reward: Float32Array;
  /** [B, T]: 1 where the reward is recorded. */
  readonly rewardMask: Uint8Array;
  /** [B, T]: 1 where the transition ended in success. */
  readonly success: Uint8Array;
  /** [B]: index into the dataset's task texts, -1 where there is none. */
  readonly task: Int32Array;
  /** [B, 2]: episode index and first row, so that a window can be traced and cached. */
  readonly origin: Int32Array;
}
