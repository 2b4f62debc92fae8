/**
 * Shortcut forcing: the objective that teaches the dynamics to denoise in one step or in many.
 *
 * Source: Dreamer 4, Hafner et al. 2025, section 3.2, on shortcut models (Frans et al. 2024, arXiv:2410.12557) and
 * diffusion forcing (Chen et al. 2024, arXiv:2407.01392). Every frame has a signal level tau of its own on the grid
 * {0, d, .., 1 - d} of its step size d. The network predicts the clean latents (x-prediction). For the finest d the
 * target is the data; for coarser ones it is where two half steps of the network itself lead, brought to the scale
 * of the other loss by (1 - tau)^2. Frames are weighted by the ramp w(tau) = 0.9 tau + 0.1.
 * Departure: with a given history every frame is denoised after clean frames, as it is when dreaming, or after nearly
 * clean ones, so that the model forgives its own mistakes; otherwise each frame sees its predecessors at their own
 * levels, and in a share of the clips the first frames are clean and carry no loss. Measured in docs/experiments.md.
 *
 * Shapes: B batch, T time, N latent tokens, C channels. Levels are counted in units of 1 / maxSteps.
 */
import type { Rng } from "@orrery/core";
import { autocast, cat, fromTyped, noGrad, randn, scope, type Generator, type Tensor } from "@orrery/torch";
import {
  mapHint,
  type Condition,
  type Dynamics,
  type DynamicsInput,
  type DynamicsOutput,
} from "./dynamics.ts";

export interface LevelOptions {
  readonly maxSteps: number;
  /** Clips at the front of the batch that draw coarse steps too. */
  readonly numBootstrap: number;
  readonly cleanPrefixShare: number;
}

/** Signal level and step size of every frame, [B, T] in row-major order. */
export interface Levels {
  readonly level: Int32Array; // 0..maxSteps
  readonly stepLog: Int32Array; // k of d = 2^-k
  /** 1 where the frame is trained, 0 in a clean prefix. */
  readonly weight: Float32Array;
}

/** Draws levels for B clips of T frames. */
export function drawLevels(B: number, T: number, options: LevelOptions, rng: Rng): Levels {
  const { maxSteps, numBootstrap, cleanPrefixShare } = options;
  const finest = Math.log2(maxSteps);
  const level = new Int32Array(B * T);
  const stepLog = new Int32Array(B * T).fill(finest);
  const weight = new Float32Array(B * T).fill(1);
  for (let b = 0; b < B; b++) {
    const cleanFrames = rng.chance(cleanPrefixShare) ? 1 + rng.int(Math.max(1, T - 1)) : 0;
    for (let t = 0; t < T; t++) {
      const at = b * T + t;
      const k = b < numBootstrap ? rng.int(finest + 1) : finest;
      const drawn = rng.int(2 ** k) * 2 ** (finest - k);
      if (t < cleanFrames && T > 1) {
        level[at] = maxSteps;
        weight[at] = 0;
      } else {
        level[at] = drawn;
        stepLog[at] = k;
      }
    }
  }
  return { level, stepLog, weight };
}

/**
 * How far each frame of the histories of B clips is from clean, [B, T] levels: half of the clips are clean, in the others
 * each frame draws a level from the top `noiseShare` of the scale.
 */
export function drawHistory(
  B: number,
  T: number,
  maxSteps: number,
  noiseShare: number,
  rng: Rng,
): Int32Array {
  const deepest = Math.round(noiseShare * maxSteps);
  const level = new Int32Array(B * T).fill(maxSteps);
  for (let b = 0; b < B; b++) {
    if (rng.chance(0.5)) continue;
    for (let t = 0; t < T; t++) level[b * T + t] = maxSteps - rng.int(deepest + 1);
  }
  return level;
}

/** A training batch of the dynamics, normalised, without noise. */
export interface LatentBatch {
  readonly latents: Tensor; // [B, T, N, C], scaled to the configured deviation
  readonly condition: Condition;
}

export interface ShortcutResult {
  /** Scalar. */
  readonly flow: Tensor;
  readonly output: DynamicsOutput;
  /** [B, T]: which frames count, for the heads' losses. */
  readonly weight: Tensor;
}

export interface ShortcutOptions {
  readonly numBootstrap: number;
  readonly usesBfloat16: boolean;
  readonly generator: Generator;
  /** Levels [B, T] of the history that every frame is denoised after; the frames see each other where left out. */
  readonly history?: Int32Array;
}

type Network = (input: DynamicsInput) => DynamicsOutput;

/** Flow loss of one batch and the network's other outputs on it. */
export function shortcutLoss(
  dynamics: Dynamics,
  { latents, condition }: LatentBatch,
  levels: Levels,
  options: ShortcutOptions,
): ShortcutResult {
  const { maxSteps } = dynamics.config;
  const [B = 0, T = 0, N = 0, C = 0] = latents.shape;
  const { device } = latents;
  const { numBootstrap } = options;
  const level = fromTyped(levels.level, [B, T], { dtype: "int64", device });
  const stepLog = fromTyped(levels.stepLog, [B, T], { dtype: "int64", device });
  const weight = fromTyped(levels.weight, [B, T], { device });
  const tau = level.float().div(maxSteps); // [B, T]
  const signal = tau.view([B, T, 1, 1]);
  const noisy = randn([B, T, N, C], { generator: options.generator, device }).lerp(latents, signal);
  const precision = {
    enabled: options.usesBfloat16,
    device: device.startsWith("cuda") ? "cuda" : "cpu",
  } as const;

  const networkOn = networkAfter(dynamics, latents, options);
  const output = autocast(precision, () => networkOn(B)({ latents: noisy, level, stepLog, ...condition }));
  let target = latents;
  if (numBootstrap > 0) {
    const coarse = noGrad(() =>
      scope(() => {
        const rows = (x: Tensor): Tensor => x.narrow(0, 0, numBootstrap);
        const part = { noisy: rows(noisy), level: rows(level), stepLog: rows(stepLog), clean: rows(latents) };
        const half = autocast(precision, () =>
          selfTarget(maxSteps, networkOn(numBootstrap), part, mapCondition(condition, rows)),
        );
        return cat([half, latents.narrow(0, numBootstrap, B - numBootstrap)], 0);
      }),
    );
    target = coarse;
  }
  // In x-space both kinds of target have the same scale: (1 - tau)^2 |v - v*|^2 = |z - (z~ + (1 - tau) v*)|^2.
  const error = output.latents.sub(target).square().mean([2, 3]); // [B, T]
  const ramp = tau.mul(0.9).add(0.1).mul(weight);
  const flow = error.mul(ramp).sum().div(weight.sum().clampMin(1));
  return { flow, output, weight };
}

/** The network as the first clips of the batch see it: after their history, or frames that see each other. */
function networkAfter(
  dynamics: Dynamics,
  clean: Tensor,
  { history, generator }: ShortcutOptions,
): (clips: number) => Network {
  if (history === undefined) return () => (input) => dynamics.forward(input);
  const [B = 0, T = 0] = clean.shape;
  const { device } = clean;
  const level = fromTyped(history, [B, T], { dtype: "int64", device });
  const signal = level.float().div(dynamics.config.maxSteps).view([B, T, 1, 1]);
  const latents = randn(clean.shape, { generator, device }).lerp(clean, signal);
  return (clips) => (input) =>
    dynamics.forwardAfter({ latents: latents.narrow(0, 0, clips), level: level.narrow(0, 0, clips) }, input);
}

interface BootstrapPart {
  readonly noisy: Tensor;
  readonly level: Tensor;
  readonly stepLog: Tensor;
  readonly clean: Tensor;
}

/**
 * The clean latents that coarse frames should predict: two half steps of the network from the noisy ones, drawn out
 * to tau = 1. Frames that already have the finest step keep the data.
 */
function selfTarget(
  maxSteps: number,
  network: Network,
  { noisy, level, stepLog, clean }: BootstrapPart,
  condition: Condition,
): Tensor {
  const finest = Math.log2(maxSteps);
  const isCoarse = stepLog.lt(finest); // [B, T]
  const halfLog = stepLog.add(1).clampMax(finest);
  const at = (x: Tensor): Tensor => x.float().unsqueeze(-1).unsqueeze(-1); // [B, T, 1, 1]
  const halfStep = at(stepLog.add(1).float().mul(-Math.LN2).exp()); // d / 2
  const halfLevels = halfStep.view(level.shape).mul(maxSteps).round().long();
  const tau = at(level).div(maxSteps);
  const move = isCoarse.unsqueeze(-1).unsqueeze(-1).float();

  const first = network({ latents: noisy, level, stepLog: halfLog, ...condition }).latents;
  const velocity1 = first.sub(noisy).div(tau.rsub(1).clampMin(1 / maxSteps));
  const middle = noisy.add(velocity1.mul(halfStep).mul(move));
  const middleLevel = level.add(halfLevels.mul(isCoarse.long())).clampMax(maxSteps);
  const middleTau = at(middleLevel).div(maxSteps);

  const second = network({
    latents: middle,
    level: middleLevel,
    stepLog: halfLog,
    ...condition,
  }).latents;
  const velocity2 = second.sub(middle).div(middleTau.rsub(1).clampMin(1 / maxSteps));
  const bootstrapped = noisy.add(velocity1.add(velocity2).div(2).mul(tau.rsub(1)));
  return bootstrapped.mul(move).add(clean.mul(move.rsub(1)));
}

function mapCondition(condition: Condition, fn: (x: Tensor) => Tensor): Condition {
  const { before, action, hasAction, state, hasState } = condition;
  const mapped = {
    action: fn(action),
    hasAction: fn(hasAction),
    ...mapHint(condition, fn),
    state: fn(state),
    hasState: fn(hasState),
  };
  return before === undefined ? mapped : { ...mapped, before: fn(before) };
}
