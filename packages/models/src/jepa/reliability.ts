/**
 * Which numbers of an embedding are to be trusted: how far each goes in the recordings beside how far off it is foreseen.
 * A point that wavers between two things jumps when they change places; where it is then says little of how far off a
 * goal is, and a plan that is judged by it is led astray (docs/experiments.md, "PushT by points").
 *
 * Shapes: B clips, S moments, D numbers of an embedding.
 */
import type { Clip } from "@orrery/core";
import { noGrad, scope, type Tensor } from "@orrery/torch";
import { cutMoments } from "./batch.ts";
import type { JepaLossContext } from "./losses.ts";
import { pastsOf, type JepaModel } from "./model.ts";
import type { PointsEncoder } from "./points-encoder.ts";

/** Batches of clips that it is told from. */
const BATCHES = 40;
/** Share of the mean variance below which an error is none: a thing that rests is foreseen without end. */
const LEAST_ERROR = 1e-3;

/** Sets `encoder.reliability` by the errors of the trained predictor on further clips. */
export async function fitReliability(
  model: JepaModel,
  encoder: PointsEncoder,
  next: () => Promise<Clip>,
  { rng }: Pick<JepaLossContext, "rng">,
): Promise<void> {
  const D = model.config.net.embedding;
  const sums = { value: new Float64Array(D), square: new Float64Array(D), error: new Float64Array(D) };
  for (let i = 0; i < BATCHES; i++) {
    const clip = await next();
    scope(() =>
      noGrad(() => {
        const { z, error } = foreseen(model, clip, rng);
        add(sums.value, z.mean(0));
        add(sums.square, z.square().mean(0));
        add(sums.error, error);
      }),
    );
  }
  const variance = sums.value.map((sum, d) => (sums.square[d] as number) / BATCHES - (sum / BATCHES) ** 2);
  const least = LEAST_ERROR * mean(variance);
  if (least === 0) return; // nothing moves: nothing says more than anything else
  const ratio = variance.map((each, d) => each / ((sums.error[d] as number) / BATCHES + least));
  encoder.setReliability(ratio.map((each) => each / mean(ratio)));
}

/** Embeddings of all moments, [B S, D], and the mean squared error of each number one block ahead, [D]. */
function foreseen(model: JepaModel, clip: Clip, rng: JepaLossContext["rng"]): { z: Tensor; error: Tensor } {
  const { encoder, predictor } = model.nets;
  const { sight, blocks } = cutMoments(model, clip, rng);
  const [B = 0, S = 0] = sight.frames.shape;
  const all = encoder.forward({
    frames: sight.frames.flatten(0, 1),
    state: sight.state.flatten(0, 1),
    hasState: sight.hasState.flatten(0, 1),
  });
  const z = all.unflatten(0, [B, S]);
  const { code, modulation } = predictor.blockCode(blocks);
  const known = z.narrow(1, 0, S - 1);
  const past = pastsOf(known, code, model.config.net.historyFrames - 1);
  const guess = predictor.forward(known, past, modulation).embedding;
  const error = guess
    .sub(z.narrow(1, 1, S - 1))
    .square()
    .mean([0, 1]);
  return { z: all, error };
}

function add(sum: Float64Array, values: Tensor): void {
  for (const [d, value] of values.toFloat64().entries()) sum[d] = (sum[d] as number) + value;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
