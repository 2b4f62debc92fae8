/**
 * A vision-language model exported to ONNX, run by onnxruntime: `vision_model.onnx` with pixels [n, 3, H, W] in and tokens
 * [n, M, F] out, and optionally `text_model.onnx` with `input_ids` int64 [1, L] in and tokens [1, L, F] out.
 */
import { DataError, messageOf, ShapeError } from "@orrery/core";
import { noGrad, scope } from "@orrery/torch";
// Types only: the library is loaded when a backbone in ONNX is opened, and costs nothing before.
import type * as Ort from "onnxruntime-node";
import type { Backbone, Pictures } from "../../imitation/perception.ts";
import type { BackboneFolder } from "./folder.ts";
import { toPixels } from "./pixels.ts";
import { makeWordIds, type WordIds } from "./words.ts";

type Runtime = typeof Ort;
type Session = Ort.InferenceSession;

/** Where neither a file nor the network says how large pictures are, what most are trained on. */
const USUAL_SIDE = 224;

export class OnnxBackbone implements Backbone {
  readonly widths: Backbone["widths"];
  readonly #runtime: Runtime;
  readonly #folder: BackboneFolder;
  readonly #vision: Session;
  readonly #text: Session | null;
  readonly #words: WordIds | null;
  readonly #size: { readonly height: number; readonly width: number };

  private constructor(
    parts: { runtime: Runtime; folder: BackboneFolder; vision: Session; text: Session | null },
    widths: Backbone["widths"],
    words: WordIds | null,
  ) {
    this.widths = widths;
    this.#runtime = parts.runtime;
    this.#folder = parts.folder;
    this.#vision = parts.vision;
    this.#text = parts.text;
    this.#words = words;
    this.#size = pictureSize(parts.folder, parts.vision);
  }

  /** @throws {DataError} if a network cannot be loaded, or takes or gives something else than a backbone does */
  static async open(
    folder: BackboneFolder,
    files: { vision: string; text: string | null },
  ): Promise<OnnxBackbone> {
    const runtime = await import("onnxruntime-node");
    const vision = await load(runtime, files.vision);
    const text = files.text === null ? null : await load(runtime, files.text);
    const maxTokens = folder.text.max_position_embeddings ?? 64;
    const isPadded = folder.modelType.startsWith("siglip");
    const words = text === null ? null : makeWordIds(folder, { maxTokens, isPadded });
    // One try of each says how wide features are, and that the networks run at all.
    const { height, width } = pictureSize(folder, vision);
    const blank = new runtime.Tensor("float32", new Float32Array(3 * height * width), [1, 3, height, width]);
    const seen = await run(vision, files.vision, {
      [inputName(vision, files.vision, "pixel_values")]: blank,
    });
    let textWidth: number | null = null;
    if (text !== null && words !== null) {
      textWidth = (await readWith(runtime, text, files.text ?? "", words.encode("a"))).dims[2] ?? 0;
    }
    const widths = { vision: seen.dims[2] ?? 0, text: textWidth };
    return new OnnxBackbone({ runtime, folder, vision, text }, widths, words);
  }

  async see(pictures: Pictures): Promise<Float32Array> {
    const { height, width } = this.#size;
    const pixels = noGrad(() =>
      scope(() => toPixels(pictures, this.#folder.preprocessing, this.#size).toTyped() as Float32Array),
    );
    const file = this.#folder.onnx?.vision ?? "";
    const input = new this.#runtime.Tensor("float32", pixels, [pictures.count, 3, height, width]);
    const out = await run(this.#vision, file, { [inputName(this.#vision, file, "pixel_values")]: input });
    return out.data;
  }

  async read(text: string): Promise<Float32Array> {
    if (this.#text === null || this.#words === null)
      throw new Error("internal: this backbone has no text tower");
    const file = this.#folder.onnx?.text ?? "";
    return (await readWith(this.#runtime, this.#text, file, this.#words.encode(text))).data;
  }

  async close(): Promise<void> {
    await this.#vision.release();
    await this.#text?.release();
  }
}

async function load(runtime: Runtime, file: string): Promise<Session> {
  try {
    return await runtime.InferenceSession.create(file, { executionProviders: ["cpu"] });
  } catch (cause) {
    throw new DataError(
      `openBackbone: ${file} cannot be loaded as ONNX (${messageOf(cause)}). Export it again.`,
      {
        path: file,
        cause,
      },
    );
  }
}

/** Size of the pictures: what the preprocessor's file says, or what the network's input is fixed to. */
function pictureSize(folder: BackboneFolder, vision: Session): { height: number; width: number } {
  if (folder.preprocessing.size !== null) return folder.preprocessing.size;
  const [input] = vision.inputMetadata;
  const [, , height, width] = input?.isTensor ? input.shape : [];
  return {
    height: typeof height === "number" && height > 0 ? height : USUAL_SIDE,
    width: typeof width === "number" && width > 0 ? width : USUAL_SIDE,
  };
}

/** The network's input of this name, or its only one. */
function inputName({ inputNames }: Session, file: string, wanted: string): string {
  const [only] = inputNames;
  if (inputNames.includes(wanted)) return wanted;
  if (inputNames.length === 1 && only !== undefined) return only;
  throw new DataError(
    `openBackbone: ${file} must take "${wanted}" or one input, it takes ${inputNames.join(", ")}. Export the vision or text part alone.`,
    { path: file },
  );
}

interface Tokens {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** Runs a network and picks its tokens: "last_hidden_state", or the first output of rank 3. */
async function run(session: Session, file: string, feeds: Record<string, Ort.Tensor>): Promise<Tokens> {
  let outputs: Ort.InferenceSession.OnnxValueMapType;
  try {
    outputs = await session.run(feeds);
  } catch (cause) {
    const given = Object.entries(feeds).map(([name, { dims }]) => `${name} [${dims.join(", ")}]`);
    throw new DataError(
      `openBackbone: ${file} does not run on ${given.join(", ")} (${messageOf(cause)}). Check preprocessor_config.json's size.`,
      { path: file, cause },
    );
  }
  const found = Object.entries(outputs) as [string, Ort.Tensor][];
  const byName = found.find(([name]) => name === "last_hidden_state");
  const [name, tensor] = byName ?? found.find(([, { dims }]) => dims.length === 3) ?? [];
  if (tensor === undefined || tensor.dims.length !== 3) {
    const list = found.map(([output, { dims }]) => `${output} [${dims.join(", ")}]`).join(", ");
    throw new ShapeError(
      "openBackbone",
      `an output of ${file}`,
      "[n, tokens, width]",
      tensor?.dims ?? found[0]?.[1].dims ?? [],
      `It gives ${list}; export the model with its hidden states.`,
    );
  }
  if (!(tensor.data instanceof Float32Array)) {
    throw new DataError(
      `openBackbone: ${file} must give "${name}" as float32, it is ${tensor.type}. Export it in float32.`,
      {
        path: file,
      },
    );
  }
  return { data: tensor.data, dims: tensor.dims };
}

function readWith(runtime: Runtime, text: Session, file: string, ids: readonly number[]): Promise<Tokens> {
  const shape = [1, ids.length];
  const tokens = new runtime.Tensor("int64", BigInt64Array.from(ids, BigInt), shape);
  const feeds: Record<string, Ort.Tensor> = { input_ids: tokens };
  if (text.inputNames.includes("attention_mask")) {
    feeds["attention_mask"] = new runtime.Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape);
  }
  if (!text.inputNames.includes("input_ids")) {
    const name = inputName(text, file, "input_ids");
    return run(text, file, { [name]: tokens });
  }
  return run(text, file, feeds);
}
