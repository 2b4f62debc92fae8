/** A policy on the features of a frozen backbone, from a folder to an action. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@orrery/core";
import { Generator, randn } from "@orrery/torch";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PolicyConfig } from "../imitation/config.ts";
import { openPolicy } from "../imitation/open-policy.ts";
import { ImitationPolicy } from "../imitation/policy.ts";
import { loadPolicyNet } from "../imitation/release.ts";
import { debugPolicy, SIDE } from "../imitation/testing.ts";
import { PostWorld, recordPosts } from "../imitation/testing-world.ts";
import { trainPolicy } from "../imitation/trainer.ts";
import { onnxModel } from "./backbone/onnx.testing.ts";
import { openBackbone } from "./backbone/open.ts";

const WIDTH = 5;
const PATCH = 8;
const TOKENS = (SIDE / PATCH) ** 2;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "orrery-backbone-policy-"));
  writeFileSync(join(folder, "vision_model.onnx"), patches());
  writeFileSync(join(folder, "preprocessor_config.json"), JSON.stringify({ size: SIDE }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Patches through a random matrix: all that a backbone must be for this. */
function patches(): Uint8Array {
  const kernel = randn([WIDTH, 3, PATCH, PATCH], { generator: new Generator(1) }).mul(0.1);
  return onnxModel({
    inputs: [{ name: "pixel_values", type: "float32", shape: ["n", 3, SIDE, SIDE] }],
    outputs: [{ name: "last_hidden_state", type: "float32", shape: ["n", TOKENS, WIDTH] }],
    constants: [
      { name: "kernel", shape: kernel.shape, data: kernel.toTyped() as Float32Array },
      { name: "flat", shape: [3], data: BigInt64Array.from([0n, BigInt(WIDTH), BigInt(TOKENS)]) },
    ],
    nodes: [
      {
        op: "Conv",
        inputs: ["pixel_values", "kernel"],
        output: "grid",
        attributes: { strides: [PATCH, PATCH] },
      },
      { op: "Reshape", inputs: ["grid", "flat"], output: "rows" },
      { op: "Transpose", inputs: ["rows"], output: "last_hidden_state", attributes: { perm: [0, 2, 1] } },
    ],
  });
}

test("trains on the features of a backbone, looks at each picture once, and acts through it", async () => {
  const dataset = await recordPosts(join(folder, "data"), { episodes: 3 });
  const base = debugPolicy();
  const config: PolicyConfig = {
    ...base,
    backbone: folder,
    training: { ...base.training, batch: 16, steps: 8 },
  };
  const backbone = await openBackbone(folder);
  let looks = 0;
  const counting = {
    ...backbone,
    see: (pictures: Parameters<typeof backbone.see>[0]): Promise<Float32Array> => {
      looks += pictures.count;
      return backbone.see(pictures);
    },
  };
  const out = join(folder, "run");
  const { frames, parameters } = await trainPolicy({
    config,
    sources: [{ dataset }],
    out,
    seed: 0,
    backbone: counting,
  });
  await backbone.close();
  expect(8 * 16).toBeGreaterThan(frames); // more draws than pictures: some are drawn again
  expect(looks).toBeLessThanOrEqual(frames);

  const policy = await openPolicy(out);
  expect(policy.facts.features).toEqual({ vision: WIDTH, text: null });
  expect(policy.parameters).toBe(parameters);
  const seen = await new PostWorld().reset(1);
  await policy.reset(1, { kind: "text", text: "go to the red post" });
  const { actions } = await policy.act(seen);
  expect(actions).toHaveLength(config.execute);
  expect(actions.flatMap((action) => [...action]).every(Number.isFinite)).toBe(true);
  await policy.close();

  const net = loadPolicyNet(out);
  expect(() => new ImitationPolicy(net)).toThrow(UsageError);
  expect(() => new ImitationPolicy(net)).toThrow(/was trained on the features of the backbone/);
  net.free();
  rmSync(join(folder, "vision_model.onnx"));
  await expect(openPolicy(out)).rejects.toThrow(/it holds neither/);
});
