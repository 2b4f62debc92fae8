/**
 * Which features a record holds: from TFDS' features.json where there is one, else inferred from a first record.
 *
 * Keys are the path joined by "/", as they stand in tf.train.Example: "steps/observation/image_0".
 */
import { DataError } from "@orrery/core";
import { looksLikePicture, pictureSize } from "../shared/pictures.ts";
import type { Example } from "./example.ts";

export interface FeatureSpec {
  readonly key: string;
  /** `encoded` tensors are stored as bytes or zlib and are not read. */
  readonly kind: "image" | "text" | "tensor" | "encoded" | "ragged";
  /** Shape of one step's value; for images [H, W, C], empty where the file does not say. */
  readonly shape: readonly number[];
  /** numpy name: "float32", "uint8", "bool". */
  readonly dtype: string;
}

type Json = Readonly<Record<string, unknown>>;

/** @throws {DataError} if the JSON is no TFDS feature tree */
export function parseFeatures(json: unknown, where: string): FeatureSpec[] {
  const specs: FeatureSpec[] = [];
  collect(asJson(json, where), "", 0, specs, where);
  if (!specs.some((spec) => spec.key.startsWith("steps/"))) {
    throw new DataError(`${where}: must describe a sequence "steps" of an RLDS dataset, found none.`);
  }
  return specs.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function collect(node: Json, key: string, sequences: number, out: FeatureSpec[], where: string): void {
  if (key.split("/").length > 32) throw new DataError(`${where}: its features are nested too deep.`);
  const dict = node["featuresDict"];
  const sequence = node["sequence"];
  if (dict !== undefined) {
    const features = asJson(asJson(dict, where)["features"] ?? {}, where);
    for (const [name, child] of Object.entries(features)) {
      collect(asJson(child, where), key === "" ? name : `${key}/${name}`, sequences, out, where);
    }
  } else if (sequence !== undefined) {
    // The first sequence is the episode's steps; one inside a step has a length of its own.
    collect(asJson(asJson(sequence, where)["feature"] ?? {}, where), key, sequences + 1, out, where);
  } else out.push(leaf(node, key, sequences, where));
}

function leaf(node: Json, key: string, sequences: number, where: string): FeatureSpec {
  if (sequences > 1) return { key, kind: "ragged", shape: [], dtype: "" };
  if (node["text"] !== undefined) return { key, kind: "text", shape: [], dtype: "string" };
  const image = node["image"];
  const body = asJson(image ?? node["tensor"] ?? {}, where);
  const dims = asJson(body["shape"] ?? {}, where)["dimensions"];
  const shape = Array.isArray(dims) ? dims.map(Number) : [];
  const dtype = typeof body["dtype"] === "string" ? body["dtype"] : "";
  if (image !== undefined) return { key, kind: "image", shape, dtype: dtype || "uint8" };
  if (dtype === "string" || dtype === "object") return { key, kind: "text", shape: [], dtype: "string" };
  const isEncoded = body["encoding"] !== undefined && body["encoding"] !== "none";
  return { key, kind: isEncoded ? "encoded" : "tensor", shape, dtype };
}

/** Number of steps of a record: the length of a per-step flag, else of a list of encoded values. */
export function stepCount(example: Example, where: string): number {
  for (const flag of ["steps/is_first", "steps/is_last", "steps/is_terminal"]) {
    const feature = example.get(flag);
    if (feature) return feature.values.length;
  }
  for (const [key, feature] of example) {
    if (key.startsWith("steps/") && feature.kind === "bytes") return feature.values.length;
  }
  throw new DataError(
    `${where}: the number of steps cannot be told; a record needs steps/is_first or pictures.`,
  );
}

/** Guesses features from one record: bytes that start like pictures are cameras, widths are values per step. */
export async function inferFeatures(example: Example, where: string): Promise<FeatureSpec[]> {
  const T = stepCount(example, where);
  const specs: FeatureSpec[] = [];
  for (const [key, feature] of example) {
    const perStep = key.startsWith("steps/") ? T : 1;
    if (feature.kind === "bytes") {
      const first = feature.values[0];
      if (!first || !looksLikePicture(first)) specs.push({ key, kind: "text", shape: [], dtype: "string" });
      else {
        const { width, height, depthBits } = await pictureSize(first, `${where} ${key}`);
        specs.push({
          key,
          kind: "image",
          shape: [height, width, 3],
          dtype: depthBits === 16 ? "uint16" : "uint8",
        });
      }
      continue;
    }
    const width = feature.values.length / Math.max(1, perStep);
    const isWhole = Number.isInteger(width);
    const dtype = feature.kind === "float" ? "float32" : "int64";
    specs.push({ key, kind: isWhole ? "tensor" : "ragged", shape: width === 1 ? [] : [width], dtype });
  }
  return specs.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function asJson(value: unknown, where: string): Json {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Json;
  throw new DataError(
    `${where}: must be a tree of feature objects, got ${JSON.stringify(value)?.slice(0, 80)}.`,
  );
}
