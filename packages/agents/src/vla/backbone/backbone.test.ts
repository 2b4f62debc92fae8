/** Backbones from folders: stand-ins of a few numbers, the same one as safetensors and as ONNX. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, ShapeError, UsageError } from "@orrery/core";
import { Generator, randn, saveTensorFile, setNumThreads, type Tensor } from "@orrery/torch";
import { afterAll, expect, test } from "vitest";
import { openBackbone } from "./open.ts";
import { onnxModel, type OnnxConstant } from "./onnx.testing.ts";

setNumThreads(1);

const D = 6; // width
const p = 4; // patch; pictures of 8x8 have 4 patches
const SIDE = 8;
const M = 4;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "orrery-backbone-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const preprocessor = JSON.stringify({
  size: { height: SIDE, width: SIDE },
  image_mean: [0.5, 0.4, 0.3],
  image_std: [0.2, 0.3, 0.4],
});

/** Words "go", "red" and "blue", with a token that begins and one that ends. */
const tokenizer = JSON.stringify({
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  post_processor: null,
  decoder: null,
  model: { type: "WordLevel", vocab: { "[UNK]": 0, "[PAD]": 1, go: 2, red: 3, blue: 4 }, unk_token: "[UNK]" },
});

const words = { "tokenizer.json": tokenizer, "tokenizer_config.json": '{"unk_token": "[UNK]"}' };

const generator = new Generator(4);
const random = (...shape: number[]): Tensor => randn(shape, { generator }).mul(0.5);

/** A SigLIP-like vision tower without blocks: patches, places, a norm. */
const vision: Readonly<Record<string, Tensor>> = {
  "vision_model.embeddings.patch_embedding.weight": random(D, 3, p, p),
  "vision_model.embeddings.patch_embedding.bias": random(D),
  "vision_model.embeddings.position_embedding.weight": random(M, D),
  "vision_model.post_layernorm.weight": random(D),
  "vision_model.post_layernorm.bias": random(D),
};

/** One block of a tower, as a CLIP model names it. */
function block(prefix: string): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  const linear = (name: string, inputs: number, outputs: number): void => {
    out[`${prefix}.${name}.weight`] = random(outputs, inputs);
    out[`${prefix}.${name}.bias`] = random(outputs);
  };
  for (const name of ["q", "k", "v", "out"]) linear(`self_attn.${name}_proj`, D, D);
  linear("mlp.fc1", D, 2 * D);
  linear("mlp.fc2", 2 * D, D);
  for (const name of ["layer_norm1", "layer_norm2"]) {
    out[`${prefix}.${name}.weight`] = random(D);
    out[`${prefix}.${name}.bias`] = random(D);
  }
  return out;
}

const clip: Readonly<Record<string, Tensor>> = {
  ...vision,
  "vision_model.embeddings.class_embedding": random(D),
  "vision_model.embeddings.position_embedding.weight": random(M + 1, D),
  "vision_model.pre_layrnorm.weight": random(D),
  "vision_model.pre_layrnorm.bias": random(D),
  ...block("vision_model.encoder.layers.0"),
  "text_model.embeddings.token_embedding.weight": random(5, D),
  "text_model.embeddings.position_embedding.weight": random(3, D),
  "text_model.final_layer_norm.weight": random(D),
  "text_model.final_layer_norm.bias": random(D),
  ...block("text_model.encoder.layers.0"),
};

function safetensorsFolder(
  tensors: Readonly<Record<string, Tensor>>,
  files: Record<string, string> = {},
): string {
  const config = {
    model_type: "clip",
    vision_config: { num_attention_heads: 2 },
    text_config: { num_attention_heads: 2 },
  };
  const folder = folderWith({
    "config.json": JSON.stringify(config),
    "preprocessor_config.json": preprocessor,
    ...files,
  });
  saveTensorFile(join(folder, "model.safetensors"), new Map(Object.entries(tensors)));
  return folder;
}

const constant = (name: string, tensor: Tensor): OnnxConstant => ({
  name,
  shape: tensor.shape,
  data: tensor.contiguous().toTyped() as Float32Array,
});

/** The vision tower above as an ONNX graph. */
function visionOnnx(output = "last_hidden_state"): Uint8Array {
  const of = (name: string): Tensor => vision[`vision_model.${name}`] as Tensor;
  return onnxModel({
    inputs: [{ name: "pixel_values", type: "float32", shape: ["n", 3, SIDE, SIDE] }],
    outputs: [{ name: output, type: "float32", shape: ["n", M, D] }],
    constants: [
      constant("kernel", of("embeddings.patch_embedding.weight")),
      constant("bias", of("embeddings.patch_embedding.bias")),
      constant("places", of("embeddings.position_embedding.weight")),
      constant("gain", of("post_layernorm.weight")),
      constant("shift", of("post_layernorm.bias")),
      { name: "flat", shape: [3], data: BigInt64Array.from([0n, BigInt(D), BigInt(M)]) },
    ],
    nodes: [
      {
        op: "Conv",
        inputs: ["pixel_values", "kernel", "bias"],
        output: "grid",
        attributes: { strides: [p, p] },
      },
      { op: "Reshape", inputs: ["grid", "flat"], output: "rows" },
      { op: "Transpose", inputs: ["rows"], output: "tokens", attributes: { perm: [0, 2, 1] } },
      { op: "Add", inputs: ["tokens", "places"], output: "placed" },
      { op: "LayerNormalization", inputs: ["placed", "gain", "shift"], output },
    ],
  });
}

/** Two noisy pictures. */
const pictures = (side: number): { count: number; height: number; width: number; data: Uint8Array } => ({
  count: 2,
  height: side,
  width: side,
  data: Uint8Array.from({ length: 2 * side * side * 3 }, (_, i) => (i * 37) % 251),
});

test("the same tower gives the same features as safetensors and as ONNX", async () => {
  const fromTensors = await openBackbone(safetensorsFolder(vision));
  const fromOnnx = await openBackbone(
    folderWith({ "preprocessor_config.json": preprocessor, "onnx/vision_model.onnx": visionOnnx() }),
  );
  try {
    expect(fromTensors.widths).toEqual({ vision: D, text: null });
    expect(fromOnnx.widths).toEqual({ vision: D, text: null });
    for (const side of [SIDE, 20]) {
      const a = await fromTensors.see(pictures(side));
      const b = await fromOnnx.see(pictures(side));
      expect(a).toHaveLength(2 * M * D);
      // ONNX's norm has its own epsilon, 1e-5 beside SigLIP's 1e-6.
      for (const [i, value] of a.entries()) expect(b[i]).toBeCloseTo(value, 3);
    }
  } finally {
    await fromTensors.close();
    await fromOnnx.close();
  }
});

test("CLIP's text is causal, begins with its own places, and is cut to what the tower can read", async () => {
  const backbone = await openBackbone(safetensorsFolder(clip, words));
  try {
    expect(backbone.widths).toEqual({ vision: D, text: D });
    expect(await backbone.see(pictures(SIDE))).toHaveLength(2 * (M + 1) * D);
    const red = await backbone.read("go red");
    const blue = await backbone.read("go blue");
    expect(red).toHaveLength(2 * D);
    expect(blue.slice(0, D)).toEqual(red.slice(0, D));
    expect(blue.slice(D)).not.toEqual(red.slice(D));
    // Four words into three places: the last word stays, as the token that ends a text would.
    expect(await backbone.read("go go go red")).toEqual(await backbone.read("go go red"));
  } finally {
    await backbone.close();
  }
});

test("one block computes what a plain loop over its numbers computes", async () => {
  const backbone = await openBackbone(safetensorsFolder(clip, words));
  const found = await backbone.read("go red");
  await backbone.close();
  const expected = textByHand([2, 3]);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
});

/** The text tower of `clip` for token ids, in plain numbers. */
function textByHand(ids: readonly number[]): number[] {
  const get = (name: string): number[] => Array.from((clip[`text_model.${name}`] as Tensor).toFloat64());
  const row = (name: string, i: number): number[] => get(name).slice(i * D, (i + 1) * D);
  const norm = (x: readonly number[], name: string): number[] => {
    const mean = x.reduce((sum, v) => sum + v, 0) / D;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / D;
    const [gain, shift] = [get(`${name}.weight`), get(`${name}.bias`)];
    return x.map(
      (v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * (gain[i] as number) + (shift[i] as number),
    );
  };
  const apply = (x: readonly number[], name: string): number[] => {
    const weight = get(`${name}.weight`);
    return get(`${name}.bias`).map((b, o) =>
      x.reduce((sum, v, i) => sum + v * (weight[o * x.length + i] as number), b),
    );
  };
  const layer = "encoder.layers.0";
  const x = ids.map((id, t) =>
    row("embeddings.token_embedding.weight", id).map(
      (v, i) => v + (row("embeddings.position_embedding.weight", t)[i] as number),
    ),
  );
  const normed = x.map((v) => norm(v, `${layer}.layer_norm1`));
  const [q, k, v] = ["q", "k", "v"].map((name) =>
    normed.map((n) => apply(n, `${layer}.self_attn.${name}_proj`)),
  ) as [number[][], number[][], number[][]];
  const half = D / 2;
  return x.flatMap((input, t) => {
    const attended = [0, 1].flatMap((head) => {
      const slice = (values: readonly number[]): number[] => values.slice(head * half, (head + 1) * half);
      const dot = (a: readonly number[], b: readonly number[]): number =>
        a.reduce((sum, w, i) => sum + w * (b[i] as number), 0);
      const scores = k
        .slice(0, t + 1)
        .map((key) => Math.exp(dot(slice(q[t] as number[]), slice(key)) / Math.sqrt(half)));
      const total = scores.reduce((sum, s) => sum + s, 0);
      return Array.from({ length: half }, (_, i) =>
        scores.reduce((sum, s, u) => sum + (s / total) * (slice(v[u] as number[])[i] as number), 0),
      );
    });
    const mixed = apply(attended, `${layer}.self_attn.out_proj`).map((w, i) => w + (input[i] as number));
    const hidden = apply(norm(mixed, `${layer}.layer_norm2`), `${layer}.mlp.fc1`).map(
      (w) => w / (1 + Math.exp(-1.702 * w)),
    );
    const out = apply(hidden, `${layer}.mlp.fc2`).map((w, i) => w + (mixed[i] as number));
    return norm(out, "final_layer_norm");
  });
}

test("an ONNX text tower reads words through the folder's tokenizer", async () => {
  const table = random(5, D);
  const text = onnxModel({
    inputs: [{ name: "input_ids", type: "int64", shape: ["n", "l"] }],
    outputs: [{ name: "last_hidden_state", type: "float32", shape: ["n", "l", D] }],
    constants: [constant("table", table)],
    nodes: [{ op: "Gather", inputs: ["table", "input_ids"], output: "last_hidden_state" }],
  });
  const backbone = await openBackbone(
    folderWith({
      "preprocessor_config.json": preprocessor,
      "vision_model.onnx": visionOnnx(),
      "text_model.onnx": text,
      ...words,
    }),
  );
  try {
    expect(backbone.widths).toEqual({ vision: D, text: D });
    const rows = Array.from(table.toFloat64());
    const features = Array.from(await backbone.read("GO blue zebra"));
    const expected = [2, 4, 0].flatMap((id) => rows.slice(id * D, (id + 1) * D));
    expect(features.map((v) => v.toFixed(5))).toEqual(expected.map((v) => v.toFixed(5)));
  } finally {
    await backbone.close();
  }
});

test("what is missing or does not fit is named, with what to do", async () => {
  const refuses = async (
    folder: string,
    kind: typeof DataError | typeof UsageError | typeof ShapeError,
    text: RegExp,
  ): Promise<void> => {
    const opened = openBackbone(folder);
    await expect(opened).rejects.toThrow(text);
    await expect(opened).rejects.toBeInstanceOf(kind);
  };
  await refuses("/no/such/folder", UsageError, /must be a folder with a pretrained backbone/);
  await refuses(
    folderWith({ "config.json": "{}" }),
    UsageError,
    /vision_model\.onnx.*or model\.safetensors, it holds neither/,
  );
  await refuses(folderWith({ "vision_model.onnx": "not a network" }), DataError, /cannot be loaded as ONNX/);
  await refuses(folderWith({ "model.safetensors": "short" }), DataError, /model\.safetensors cannot be read/);
  await refuses(
    folderWith({ "vision_model.onnx": visionOnnx(), "preprocessor_config.json": '{"image_mean": 3}' }),
    DataError,
    /image_mean/,
  );
  await refuses(
    folderWith({ "vision_model.onnx": visionOnnx(), "preprocessor_config.json": '{"size": 12}' }),
    DataError,
    /does not run on pixel_values \[1, 3, 12, 12\].*preprocessor_config/s,
  );
  const flat = onnxModel({
    inputs: [{ name: "pixel_values", type: "float32", shape: ["n", 3, SIDE, SIDE] }],
    outputs: [{ name: "pooled", type: "float32", shape: ["n", 3 * SIDE * SIDE] }],
    constants: [],
    nodes: [{ op: "Flatten", inputs: ["pixel_values"], output: "pooled" }],
  });
  await refuses(
    folderWith({ "vision_model.onnx": flat, "preprocessor_config.json": preprocessor }),
    ShapeError,
    /pooled \[1, 192\]; export the model with its hidden states/,
  );

  const { "vision_model.post_layernorm.bias": _, ...lacking } = vision;
  const backbone = await openBackbone(safetensorsFolder(lacking));
  await expect((async () => backbone.see(pictures(SIDE)))()).rejects.toThrow(
    /vision_model\.post_layernorm\.bias.*is missing/,
  );
  await backbone.close();
  await refuses(
    safetensorsFolder({ "model.embed.weight": random(2) }),
    DataError,
    /patch_embedding\.weight.*Only CLIP and SigLIP/s,
  );
  const odd = { ...vision, "vision_model.embeddings.position_embedding.weight": random(5, D) };
  await refuses(safetensorsFolder(odd), ShapeError, /a square number of patches/);
  await refuses(safetensorsFolder(clip), DataError, /no tokenizer\.json/);
});
