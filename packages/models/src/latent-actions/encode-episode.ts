/** The latent actions of a whole recorded episode, and the frames that follow from them. */
import type { EpisodeFrames } from "@orrery/data";
import { fromTyped, noGrad, scope, type Tensor } from "@orrery/torch";
import { toSigned } from "../inverse/inverse-dynamics.ts";
import type { LatentActionModel } from "./latent-action-model.ts";

/** Windows at once. */
const BATCH = 64;

/** Means of the latent actions that lead from each row to the next, [T - 1, Z]. */
export function encodeEpisode(
  model: LatentActionModel,
  episode: Pick<EpisodeFrames, "length" | "frames">,
): Float32Array {
  const Z = model.config.latentWidth;
  const { length } = episode;
  const out = new Float32Array(Math.max(0, length - 1) * Z);
  for (let first = 0; first < length - 1; first += BATCH) {
    const B = Math.min(BATCH, length - 1 - first);
    noGrad(() =>
      scope(() => out.set(model.encode(windowsOf(model, episode, first, B)).mean.toFloat32(), first * Z)),
    );
  }
  return out;
}

/**
 * Mean squared error, on pixels in [0, 1], of the frame after each row when it is rebuilt with the given latent
 * actions: [T - 1].
 * @param latents [T - 1, Z]
 */
export function rebuildErrors(
  model: LatentActionModel,
  episode: Pick<EpisodeFrames, "length" | "frames">,
  latents: Float32Array,
): Float32Array {
  const Z = model.config.latentWidth;
  const { length } = episode;
  const out = new Float32Array(Math.max(0, length - 1));
  for (let first = 0; first < length - 1; first += BATCH) {
    const B = Math.min(BATCH, length - 1 - first);
    noGrad(() =>
      scope(() => {
        const window = windowsOf(model, episode, first, B);
        const T = window.size(1);
        const latent = fromTyped(latents.slice(first * Z, (first + B) * Z), [B, Z]);
        const drawn = model.decode(window.select(1, T - 2), latent).clamp(-1, 1);
        const error = drawn.sub(toSigned(window.select(1, T - 1))).square(); // of [-1, 1]: four times that of [0, 1]
        out.set(error.flatten(1).mean(1).div(4).toFloat32(), first);
      }),
    );
  }
  return out;
}

/** Past, current and next frames of rows `first` on; before the first row the first frame stands still: [B, T, V, H, W, 3]. */
function windowsOf(
  model: LatentActionModel,
  { length, frames }: Pick<EpisodeFrames, "length" | "frames">,
  first: number,
  B: number,
): Tensor {
  const { height, width, pastFrames } = model.config;
  const V = model.facts.cameras.length;
  const T = pastFrames + 2;
  const rowBytes = V * height * width * 3;
  const window = new Uint8Array(B * T * rowBytes);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      const row = Math.min(length - 1, Math.max(0, first + b + t - pastFrames));
      window.set(frames.subarray(row * rowBytes, (row + 1) * rowBytes), (b * T + t) * rowBytes);
    }
  }
  return fromTyped(window, [B, T, V, height, width, 3]);
}
