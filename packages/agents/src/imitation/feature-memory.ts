/** Features of pictures that a frozen backbone has seen before, so that it looks at each recorded instant once. */
import type { Clip } from "@orrery/core";
import { prepare, type Backbone, type Instant, type Prepared } from "./perception.ts";

/** As much memory as the clip loader sets aside for pictures. */
const MAX_BYTES = 2 * 1024 ** 3;

export class FeatureMemory {
  readonly #backbone: Backbone | null;
  readonly #seen = new Map<string, Float32Array>();
  #bytes = 0;

  /** @param backbone null where the network reads pixels; nothing is then remembered */
  constructor(backbone: Backbone | null) {
    this.#backbone = backbone;
  }

  /** As `prepare` for a clip of single rows, with what is known already taken from memory. */
  async prepare(clip: Clip, texts: readonly string[]): Promise<Prepared> {
    const backbone = this.#backbone;
    const instant: Instant = { ...clip, texts };
    if (backbone === null) return prepare(instant, null);
    const { B, origin } = clip;
    const keys = Array.from({ length: B }, (_, b) => `${origin[2 * b]}/${origin[2 * b + 1]}`);
    const found = new Map<string, Float32Array>();
    for (const [b, key] of keys.entries()) {
      if (!found.has(key)) found.set(key, this.#seen.get(key) ?? (await this.#look(backbone, clip, b, key)));
    }
    const width = found.get(keys[0] as string)?.length ?? 0;
    const features = new Float32Array(B * width);
    for (const [b, key] of keys.entries()) features.set(found.get(key) as Float32Array, b * width);
    const textFeatures: Float32Array[] = [];
    if (backbone.widths.text !== null) for (const text of texts) textFeatures.push(await backbone.read(text));
    return { instant, features, textFeatures: backbone.widths.text === null ? null : textFeatures };
  }

  async #look(backbone: Backbone, clip: Clip, b: number, key: string): Promise<Float32Array> {
    const { V, H, W, frames } = clip;
    const bytes = V * H * W * 3;
    const data = frames.subarray(b * bytes, (b + 1) * bytes);
    const features = await backbone.see({ count: V, height: H, width: W, data });
    if (this.#bytes + features.byteLength <= MAX_BYTES) {
      this.#seen.set(key, features);
      this.#bytes += features.byteLength;
    }
    return features;
  }
}
