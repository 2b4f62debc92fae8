/**
 * What a backbone's folder holds, in the layout in which Hugging Face's exports come: `config.json`,
 * `preprocessor_config.json`, weights as `model.safetensors` or networks as `vision_model.onnx` and `text_model.onnx`
 * (also under `onnx/`), and `tokenizer.json` with `tokenizer_config.json` where text is to be read.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf, UsageError } from "@orrery/core";
import { z } from "zod";

const tower = z
  .object({
    num_attention_heads: z.int().min(1),
    hidden_act: z.enum(["gelu", "quick_gelu", "gelu_pytorch_tanh", "gelu_new"]),
    layer_norm_eps: z.number().positive(),
    max_position_embeddings: z.int().min(1),
    pad_token_id: z.int().nullable(),
  })
  .partial();

const configSchema = z.object({
  model_type: z.string().optional(),
  vision_config: tower.optional(),
  text_config: tower.optional(),
});

export type TowerConfig = z.infer<typeof tower>;

const three = z.tuple([z.number(), z.number(), z.number()]);
const sides = z.object({ height: z.int().min(1), width: z.int().min(1) });

const preprocessorSchema = z.object({
  image_mean: three.optional(),
  image_std: three.optional(),
  rescale_factor: z.number().positive().optional(),
  size: z.union([sides, z.object({ shortest_edge: z.int().min(1) }), z.int().min(1)]).optional(),
  crop_size: z.union([sides, z.int().min(1)]).optional(),
});

/** How pictures are brought to what the backbone was trained on. */
export interface Preprocessing {
  /** null where no file says it; the network's own shape then decides. */
  readonly size: { readonly height: number; readonly width: number } | null;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** From bytes to what mean and std are of. */
  readonly rescale: number;
}

export interface BackboneFolder {
  readonly path: string;
  readonly modelType: string;
  readonly vision: TowerConfig;
  readonly text: TowerConfig;
  readonly preprocessing: Preprocessing;
  readonly onnx: { readonly vision: string; readonly text: string | null } | null;
  readonly safetensors: string | null;
  /** Both tokenizer files, parsed; null where there are none. */
  readonly tokenizer: { readonly model: object; readonly config: object } | null;
}

/**
 * @throws {UsageError} if the folder or its networks are missing
 * @throws {DataError} if a file in it cannot be used
 */
export function readBackboneFolder(path: string): BackboneFolder {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new UsageError(`openBackbone: ${path} must be a folder with a pretrained backbone, there is none.`);
  }
  const onnxVision = firstOf(path, ["vision_model.onnx", "onnx/vision_model.onnx"]);
  const safetensors = firstOf(path, ["model.safetensors.index.json", "model.safetensors"]);
  if (onnxVision === null && safetensors === null) {
    throw new UsageError(
      `openBackbone: ${path} must hold vision_model.onnx (or onnx/vision_model.onnx) or model.safetensors, it holds neither. ` +
        "Put an export of a CLIP or SigLIP model there.",
    );
  }
  const config = parse(configSchema, join(path, "config.json")) ?? {};
  return {
    path,
    modelType: config.model_type ?? "",
    vision: config.vision_config ?? {},
    text: config.text_config ?? {},
    preprocessing: readPreprocessing(join(path, "preprocessor_config.json")),
    onnx:
      onnxVision === null
        ? null
        : { vision: onnxVision, text: firstOf(path, ["text_model.onnx", "onnx/text_model.onnx"]) },
    safetensors,
    tokenizer: readTokenizer(path),
  };
}

function readPreprocessing(path: string): Preprocessing {
  const found = parse(preprocessorSchema, path) ?? {};
  const { crop_size: crop, size } = found;
  return {
    size: square(crop) ?? square(size),
    mean: found.image_mean ?? [0.5, 0.5, 0.5],
    std: found.image_std ?? [0.5, 0.5, 0.5],
    rescale: found.rescale_factor ?? 1 / 255,
  };
}

type Sides = z.infer<typeof preprocessorSchema>["size"];

function square(size: Sides): { height: number; width: number } | null {
  if (size === undefined) return null;
  if (typeof size === "number") return { height: size, width: size };
  return "shortest_edge" in size ? { height: size.shortest_edge, width: size.shortest_edge } : size;
}

function readTokenizer(path: string): BackboneFolder["tokenizer"] {
  const anything = z.record(z.string(), z.unknown());
  const model = parse(anything, join(path, "tokenizer.json"));
  return model === null
    ? null
    : { model, config: parse(anything, join(path, "tokenizer_config.json")) ?? {} };
}

function firstOf(folder: string, names: readonly string[]): string | null {
  const found = names.find((name) => existsSync(join(folder, name)));
  return found === undefined ? null : join(folder, found);
}

/** A JSON file by its schema, null where there is no file. */
function parse<T>(schema: z.ZodType<T>, path: string): T | null {
  if (!existsSync(path)) return null;
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const why =
      cause instanceof z.ZodError
        ? cause.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ")
        : messageOf(cause);
    throw new DataError(`openBackbone: ${path} cannot be used (${why}). Fetch it again.`, { path, cause });
  }
}
