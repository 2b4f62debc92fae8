/**
 * From what a camera, a body and a person give to what a network takes. A frozen backbone may take its time, so the work
 * is split: `prepare` waits for it and gives plain arrays, `toPercept` makes tensors of them inside the caller's scope.
 *
 * Shapes: B streams, V cameras, H W pixels, M tokens per picture, N = V M, F feature width, L tokens of a text.
 */
import type { Clip } from "@orrery/core";
import { fromTyped, type Tensor } from "@orrery/torch";
import type { TextFeatures } from "./nets/language.ts";
import type { FeatureWidths, Percept } from "./nets/policy-net.ts";

export interface Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** uint8 [count, height, width, 3] */
  readonly data: Uint8Array;
}

/** A pretrained network that is used as it is. Arrays it gives are the caller's own. */
export interface Backbone {
  readonly widths: FeatureWidths;
  /** Features [count, M, F] of pictures of any size, which it brings to its own. */
  see(pictures: Pictures): Promise<Float32Array>;
  /** Features of one text, float [L, F]. Only where `widths.text` is not null. */
  read(text: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** B instants: pictures, bodies and instructions. */
export type Instant = Pick<Clip, "B" | "V" | "H" | "W" | "P" | "frames" | "state" | "stateMask"> & {
  /** One per stream. */
  readonly texts: readonly string[];
};

export interface Prepared {
  readonly instant: Instant;
  /** Features of all pictures, [B, N, F]; null where the network reads pixels. */
  readonly features: Float32Array | null;
  /** Features of each text; null where the network reads words. */
  readonly textFeatures: readonly Float32Array[] | null;
}

/** Lets the backbone look and read, where there is one. */
export async function prepare(instant: Instant, backbone: Backbone | null): Promise<Prepared> {
  if (backbone === null) return { instant, features: null, textFeatures: null };
  const { B, V, H, W, frames, texts } = instant;
  const features = await backbone.see({ count: B * V, height: H, width: W, data: frames });
  if (backbone.widths.text === null) return { instant, features, textFeatures: null };
  const textFeatures: Float32Array[] = [];
  for (const text of texts) textFeatures.push(await backbone.read(text));
  return { instant, features, textFeatures };
}

/** The same as tensors, to be called inside a scope. */
export function toPercept(
  { instant, features, textFeatures }: Prepared,
  { widths, device }: { readonly widths: FeatureWidths | null; readonly device: string },
): Percept {
  const { B, V, H, W, P, frames, state, stateMask, texts } = instant;
  const seen =
    features === null || widths === null
      ? fromTyped(frames, [B, V, H, W, 3], { device })
      : fromTyped(features, [B, features.length / (B * widths.vision), widths.vision], { device });
  return {
    seen,
    state: fromTyped(state, [B, P], { device }),
    hasState: fromTyped(stateMask, [B, 1], { device }).bool(),
    asked: textFeatures === null || widths?.text == null ? texts : padded(textFeatures, widths.text, device),
  };
}

/** Texts of different lengths side by side. */
function padded(texts: readonly Float32Array[], width: number, device: string): TextFeatures {
  const B = texts.length;
  const L = Math.max(1, ...texts.map(({ length }) => length / width));
  const tokens = new Float32Array(B * L * width);
  const isToken = new Uint8Array(B * L);
  for (const [b, text] of texts.entries()) {
    tokens.set(text, b * L * width);
    isToken.fill(1, b * L, b * L + text.length / width);
  }
  const mask: Tensor = fromTyped(isToken, [B, L], { device }).bool();
  return { tokens: fromTyped(tokens, [B, L, width], { device }), isToken: mask };
}
