/** One training step of the dynamics model on made-up latents: what the trainer does, but for gathering the batch. */
import { makeRng, type Embodiment } from "@orrery/core";
import { Generator, randn, ones, zeros, type Tensor } from "@orrery/torch";
import { loadConfig, tokensPerImage, type GenerativePreset, type ModelConfig } from "../src/config.ts";
import { choosePrecision } from "../src/index.ts";
import { dynamicsLosses } from "../src/train/losses.ts";
import { Phase } from "../src/train/phase.ts";
import { WorldModel } from "../src/world-model.ts";

const ACTION_WIDTH = 7;
const STATE_WIDTH = 7;

export interface StepBench {
  /** One step, from losses to averages. */
  readonly run: () => void;
  /** Floating point operations of one step in the transformer's products, the backward pass counted twice. */
  readonly flops: number;
  readonly parameters: number;
  /** What step.py needs to do the same. */
  readonly peer: Readonly<Record<string, number | boolean>>;
}

/** Builds the step of a preset whose stack is as `tiny`'s: LayerNorm, GELU, as many key-value heads as queries. */
export function makeStep(preset: GenerativePreset = "tiny"): StepBench {
  const config = loadConfig(preset);
  const model = new WorldModel(config, factsOf(), new Generator(0));
  model.tokenizer.setTrainable(false);
  // Frames that see each other make the same products as a history and its noisy copy, and step.py need not know more.
  const own = {
    ...config.training.dynamics,
    givenHistoryShare: 0,
    batch: 2 * config.training.dynamics.batch,
  };
  const phase = new Phase(model.dynamics, own, undefined);
  const { batch: B, clipFrames: T } = own;
  const { numTokens: N, channels: C } = model.dynamics.shape;
  const batch = makeBatch([B, T, N, C], config.dynamics.latentStd);
  const { usesBfloat16 } = choosePrecision("cpu");
  const context = { usesBfloat16, rng: makeRng(0), generator: new Generator(1) };
  const numBootstrap = Math.floor(B * own.bootstrapShare);
  return {
    run: () => void phase.step(() => dynamicsLosses(model, batch, own, context)),
    // Forward and twice that backward for every clip; two more forward passes for those that learn large steps.
    flops: model.dynamics.flops(T) * (3 * B + 2 * numBootstrap),
    parameters: model.dynamics.numParameters(),
    peer: {
      ...peerShape(config),
      batch: B,
      frames: T,
      tokens: N,
      channels: C,
      inputs: model.dynamics.latentsIn.weight.size(1),
      std: config.dynamics.latentStd,
      bootstrap: numBootstrap,
      bfloat16: usesBfloat16,
    },
  };
}

function peerShape({ dynamics, tokenizer }: ModelConfig): Record<string, number> {
  const { stack, registers, maxSteps } = dynamics;
  const { width, depth, headWidth: head, timeEvery } = stack;
  const [action, state, tokens] = [ACTION_WIDTH, STATE_WIDTH, tokensPerImage(tokenizer)];
  return { width, depth, head, timeEvery, registers, maxSteps, action, state, tokens };
}

function factsOf(): WorldModel["facts"] {
  const embodiment: Embodiment = { name: "bench", controlRateHz: 10, state: [], action: [], cameras: [] };
  return {
    cameras: ["head"],
    actionWidth: ACTION_WIDTH,
    stateWidth: STATE_WIDTH,
    controlRateHz: embodiment.controlRateHz,
    embodiment,
  };
}

function makeBatch(
  [B, T, N, C]: readonly [number, number, number, number],
  std: number,
): Parameters<typeof dynamicsLosses>[1] {
  const known = (): Tensor => ones([B, T, 1], { dtype: "bool" });
  return {
    latents: randn([B, T, N, C]).mul(std),
    condition: {
      action: randn([B, T, ACTION_WIDTH]),
      hasAction: known(),
      state: randn([B, T, STATE_WIDTH]),
      hasState: known(),
    },
    targets: {
      stateDelta: randn([B, T, STATE_WIDTH]),
      hasStateDelta: ones([B, T]),
      reward: randn([B, T]),
      hasReward: ones([B, T]),
      success: zeros([B, T]),
    },
  };
}
