/**
 * Every preset, built whole on libtorch's `meta` device, where tensors have shapes and no memory: the 2B model is
 * constructed and run in milliseconds, by the same code as the others.
 */
import type { Embodiment } from "@orrery/core";
import { Generator, noGrad, scope, zeros, type Tensor } from "@orrery/torch";
import { expect, test, vi } from "vitest";
import { loadConfig, tokensPerImage, type GenerativePreset } from "./config.ts";
import { JepaModel } from "./jepa/model.ts";
import { WorldModel } from "./world-model.ts";

// All that a model makes its weights and constants from, without memory behind it.
vi.mock("@orrery/torch/src/create.ts", async (importOriginal) => {
  const real = await importOriginal<typeof import("@orrery/torch/src/create.ts")>();
  const meta = { device: "meta" };
  const shapeOnly: Partial<typeof real> = {
    zeros: (shape, options) => real.zeros(shape, { ...options, ...meta }),
    ones: (shape, options) => real.ones(shape, { ...options, ...meta }),
    full: (shape, value, options) => real.full(shape, value, { ...options, ...meta }),
    fromTyped: (_, shape, options) => real.zeros(shape, { dtype: options?.dtype, ...meta }),
  };
  return { ...real, ...shapeOnly };
});
vi.mock("@orrery/torch/src/nn/init.ts", async () => {
  const create = await import("@orrery/torch/src/create.ts");
  return { truncatedNormal: (shape: readonly number[]) => create.zeros(shape) };
});
// The operators that libtorch 1.13 cannot run on `meta`, by their shapes.
vi.mock("@orrery/torch/src/generated/ops.ts", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  layerNorm: (x: Tensor) => x.clone(),
  roll: (x: Tensor) => x.clone(),
  embedding: (weight: Tensor, ids: Tensor) => weight.select(0, 0).expand([...ids.shape, weight.size(1)]),
  whereSelf: (condition: Tensor, a: Tensor, b: Tensor) => condition.float().add(a).add(b),
  _weightNormInterface: (v: Tensor, g: Tensor) => [v.clone(), g],
}));

const facts = {
  cameras: ["head", "wrist"],
  actionWidth: 7,
  stateWidth: 9,
  controlRateHz: 10,
  embodiment: {
    name: "arm",
    state: [{ name: "joint_position", width: 9, unit: "rad" }],
  } as Partial<Embodiment> as Embodiment,
};

/** Bounds in millions of parameters for tokenizer and dynamics together; README.md lists the figures. */
const bounds: Readonly<Record<GenerativePreset, readonly [number, number]>> = {
  debug: [0.1, 0.16],
  tiny: [9, 11],
  small: [18, 21],
  base: [27, 34],
  "2b": [1500, 2600],
};

test.each(Object.keys(bounds) as GenerativePreset[])(
  "%s is as large as it says, and its shapes fit from pixels to pixels",
  (name) => {
    const config = loadConfig(name);
    const model = new WorldModel(config, facts, new Generator(0));
    const millions = (model.tokenizer.numParameters() + model.dynamics.numParameters()) / 1e6;
    expect(millions).toBeGreaterThan(bounds[name]?.[0] as number);
    expect(millions).toBeLessThan(bounds[name]?.[1] as number);

    const { height, width, channels } = config.tokenizer;
    const [B, T, V] = [2, 3, facts.cameras.length];
    const N = V * tokensPerImage(config.tokenizer);
    noGrad(() =>
      scope(() => {
        const latents = model.encodeFrames(zeros([B, T, V, height, width, 3], { dtype: "uint8" }));
        expect(latents.shape).toEqual([B, T, N, channels]);
        const output = model.dynamics.forward({
          latents,
          level: zeros([B, T], { dtype: "int64" }),
          stepLog: zeros([B, T], { dtype: "int64" }),
          action: zeros([B, T, facts.actionWidth]),
          hasAction: zeros([B, T, 1], { dtype: "bool" }),
          state: zeros([B, T, facts.stateWidth]),
          hasState: zeros([B, T, 1], { dtype: "bool" }),
        });
        expect(output.latents.shape).toEqual([B, T, N, channels]);
        expect(output.stateDelta.shape).toEqual([B, T, facts.stateWidth]);
        expect(output.reward.shape).toEqual([B, T]);
        expect(model.decodeLatents(output.latents).shape).toEqual([B, T, V, height, width, 3]);
      }),
    );
  },
);

/** Bounds in millions of parameters, decoder left out. */
const jepaBounds = { "jepa-debug": [0.04, 0.09], "jepa-tiny": [2.2, 2.5], "jepa-base": [18, 24] } as const;

test.each(Object.keys(jepaBounds) as (keyof typeof jepaBounds)[])(
  "%s is as large as it says, and its shapes fit from pixels to futures",
  (name) => {
    const config = loadConfig(name);
    const model = new JepaModel(config, { ...facts, vocabulary: ["cup"] }, new Generator(0));
    const millions = model.nets.numParameters() / 1e6;
    expect(millions).toBeGreaterThan(jepaBounds[name][0]);
    expect(millions).toBeLessThan(jepaBounds[name][1]);

    const { height, width, embedding: D, maxBlock: K } = config.net;
    const [B, V] = [2, facts.cameras.length];
    const { encoder, predictor } = model.nets;
    noGrad(() =>
      scope(() => {
        const embedding = encoder.forward({
          frames: zeros([B, V, height, width, 3], { dtype: "uint8" }),
          state: zeros([B, facts.stateWidth]),
          hasState: zeros([B, 1], { dtype: "bool" }),
        });
        expect(embedding.shape).toEqual([B, D]);
        const block = model.blockOf(zeros([B, K, facts.actionWidth]), B);
        const { modulation } = predictor.blockCode(block);
        const next = predictor.forward(embedding, predictor.noPast(B), modulation);
        expect([next.embedding.shape, next.logError.shape]).toEqual([[B, D], [B]]);
        expect(model.draw(next.embedding).shape).toEqual([B, V, height, width, 3]);
      }),
    );
  },
);

test("jepa-tiny's plan of 300 futures, 5 steps and 10 rounds fits 100 ms at 300 GFLOP/s", () => {
  const { nets } = new JepaModel(loadConfig("jepa-tiny"), facts, new Generator(0));
  expect((300 * 5 * 10 * nets.predictor.flops()) / 300e9).toBeLessThan(0.1);
});
