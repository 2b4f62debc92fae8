/** A CLIP or SigLIP model from its safetensors, run by libtorch. */
import { DataError, messageOf } from "@orrery/core";
import { fromTyped, keep, loadTensors, noGrad, scope, type Tensor } from "@orrery/torch";
import type { Backbone, Pictures } from "../../imitation/perception.ts";
import type { BackboneFolder } from "./folder.ts";
import { toPixels } from "./pixels.ts";
import { TextTower, VisionTower, Weights } from "./towers.ts";
import { makeWordIds, type WordIds } from "./words.ts";

export class SafetensorsBackbone implements Backbone {
  readonly widths: Backbone["widths"];
  readonly #folder: BackboneFolder;
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly #vision: VisionTower;
  readonly #text: TextTower | null;
  readonly #words: WordIds | null;

  /** @throws {DataError} if the file cannot be read or lacks tensors */
  constructor(folder: BackboneFolder, file: string) {
    this.#folder = folder;
    this.#tensors = readTensors(file);
    try {
      this.#vision = new VisionTower(new Weights(this.#tensors, "vision_model", file), folder.vision);
      const text = new Weights(this.#tensors, "text_model", file);
      const isSiglip = !this.#tensors.has("vision_model.embeddings.class_embedding");
      this.#text = text.has("embeddings.token_embedding.weight")
        ? new TextTower(text, folder.text, isSiglip)
        : null;
      this.#words =
        this.#text === null
          ? null
          : makeWordIds(folder, { maxTokens: this.#text.maxTokens, isPadded: isSiglip });
    } catch (error) {
      this.#free();
      throw error;
    }
    this.widths = { vision: this.#vision.width, text: this.#text?.width ?? null };
  }

  see(pictures: Pictures): Promise<Float32Array> {
    const features = noGrad(() =>
      scope(() => {
        const pixels = toPixels(pictures, this.#folder.preprocessing, this.#vision.size);
        return this.#vision.forward(pixels).toTyped() as Float32Array;
      }),
    );
    return Promise.resolve(features);
  }

  read(text: string): Promise<Float32Array> {
    const tower = this.#text;
    const words = this.#words;
    if (tower === null || words === null) throw new Error("internal: this backbone has no text tower");
    const ids = BigInt64Array.from(words.encode(text), BigInt);
    const features = noGrad(() =>
      scope(() => tower.forward(fromTyped(ids, [1, ids.length])).toTyped() as Float32Array),
    );
    return Promise.resolve(features);
  }

  close(): Promise<void> {
    this.#free();
    return Promise.resolve();
  }

  #free(): void {
    for (const tensor of this.#tensors.values()) tensor.free();
  }
}

/** All tensors in float32, whatever they are stored in. */
function readTensors(file: string): ReadonlyMap<string, Tensor> {
  try {
    return scope(
      () => new Map([...loadTensors(file)].map(([name, tensor]) => [name, keep(asFloat(tensor))] as const)),
    );
  } catch (cause) {
    throw new DataError(`openBackbone: ${file} cannot be read (${messageOf(cause)}). Fetch it again.`, {
      path: file,
      cause,
    });
  }
}

function asFloat(tensor: Tensor): Tensor {
  return tensor.dtype === "float16" || tensor.dtype === "bfloat16" ? tensor.float() : tensor;
}
