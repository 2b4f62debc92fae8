/**
 * Sampling frames from the dynamics: a frame starts as noise and is denoised in a few steps while the frames before it
 * stay in a key-value cache; then it is entered into the cache once. Source: Dreamer 4, section 3.3.
 * Departure: a dreamt frame is entered as what it is, uncertain: at a level below clean, without the noise of that level
 * and so shrunk towards the mean. Entered as clean, its mistakes are taken at their word and grow from frame to frame
 * (docs/experiments.md).
 *
 * Shapes: B streams, T time, N latent tokens, C channels.
 */
import { full, type Tensor } from "@orrery/torch";
import type { DynamicsConfig } from "../config.ts";
import type { Condition, Dynamics, DynamicsInput, DynamicsOutput } from "./dynamics.ts";
import type { StackCache } from "./stack.ts";

/** Streams that go on frame by frame. */
export interface Streams {
  readonly dynamics: Dynamics;
  /** Of the frames before the next one. */
  readonly cache: StackCache;
}

/** Latents [B, T, N, C] of frames as the dynamics is to take them, and the level that it is told of them. */
export interface Known {
  readonly latents: Tensor;
  readonly level: number;
}

export interface Sample {
  /** What the first step, seeing noise only, expects: the mean of the likely frames, [B, 1, N, C]. */
  readonly guess: Tensor;
  /** One of them, [B, 1, N, C]. */
  readonly sample: Tensor;
}

/** Frames that were seen: clean. */
export function seen(latents: Tensor, { maxSteps }: DynamicsConfig): Known {
  return { latents, level: maxSteps };
}

/** Frames that were dreamt: as doubtful as the configuration says. */
export function dreamt(latents: Tensor, { maxSteps, doubt }: DynamicsConfig): Known {
  const level = maxSteps - Math.round(doubt * maxSteps);
  return { latents: latents.mul(level / maxSteps), level };
}

/** What a condition says of the frame before, [B, 1, N, C]. */
export function afterFrame({ latents, level }: Known): Pick<DynamicsInput, "before" | "levelBefore"> {
  return { before: latents, levelBefore: everywhere(latents.size(0), 1, level, latents.device) };
}

/**
 * The next frame from noise [B, 1, N, C] in `steps` steps, a power of two; the cache is left as it was.
 * @param condition what leads to that frame, `before` included
 */
export function denoise(streams: Streams, noise: Tensor, condition: Condition, steps: number): Sample {
  const { maxSteps } = streams.dynamics.config;
  let sample = noise;
  let guess = noise;
  for (let step = 0; step < steps; step++) {
    const noisy = { latents: sample, level: (step * maxSteps) / steps };
    const clean = expectFrame(streams, noisy, Math.log2(steps), condition);
    if (step === 0) guess = clean;
    // A step of 1 / steps along the velocity (clean - sample) / (1 - step / steps).
    sample = sample.lerp(clean, 1 / (steps - step));
  }
  return { guess, sample };
}

/** The clean frame [B, 1, N, C] that the network expects behind a noisy one; the cache is left as it was. */
export function expectFrame(streams: Streams, noisy: Known, stepLog: number, condition: Condition): Tensor {
  const { latents } = evaluate(streams, noisy, stepLog, condition);
  streams.cache.rewind(1);
  return latents;
}

/** Enters T frames into the cache; what the heads say of them. */
export function settle(streams: Streams, frames: Known, condition: Condition): DynamicsOutput {
  return evaluate(streams, frames, Math.log2(streams.dynamics.config.maxSteps), condition);
}

function evaluate(
  { dynamics, cache }: Streams,
  { latents, level }: Known,
  stepLog: number,
  condition: Condition,
): DynamicsOutput {
  const [B = 0, T = 0] = latents.shape;
  const levels = (value: number): Tensor => everywhere(B, T, value, latents.device);
  return dynamics.forward({ latents, level: levels(level), stepLog: levels(stepLog), ...condition }, cache);
}

/** int64 [B, T] */
function everywhere(B: number, T: number, value: number, device: string): Tensor {
  return full([B, T], value, { dtype: "int64", device });
}
