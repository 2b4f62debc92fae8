/**
 * How far off goals are told, as openings show that the words were not learnt from.
 *
 * A reader of few episodes learns them by heart: it is then a centimetre off on those, seven on others, and as sure of
 * itself as the former allow (docs/experiments.md). A planner that looks for what it was told wrongly (`redrawEvery`)
 * then looks in the wrong places, and a fleet brings nothing home that the reader did not know. So the deviations that
 * it tells are set to what it errs by where it has not learnt.
 *
 * Source: one factor for all that is told, fitted on what was held back, is how classifiers are calibrated (temperature
 * scaling, Guo et al. 2017, arXiv:1706.04599).
 *
 * Shapes: B openings, P state width.
 */
import { cat, fromTyped, noGrad, scope, type Tensor } from "@orrery/torch";
import { LOG_VARIANCE } from "./heads.ts";
import { tellGoals } from "./losses.ts";
import type { JepaModel } from "./model.ts";
import { nearestMode } from "./modes.ts";
import type { Openings } from "./openings.ts";

/** Openings looked at at once. */
const BATCH = 64;

/**
 * Makes the deviations of goals as wide as the errors on openings held back, one factor for each part of the state.
 * @returns the factors by part; none where nothing was held back
 */
export function fitDoubt(model: JepaModel, held: Openings): Record<string, number> {
  const { facts } = model;
  const { goalHead } = model.nets;
  const bias = goalHead?.deviation.layers.at(-1)?.bias;
  if (held.size === 0 || bias == null) return {};
  const { squared, told } = tellHeld(model, held);
  const factors: Record<string, number> = {};
  let at = 0;
  for (const { name, width } of facts.embodiment.state) {
    const isOwn = (_: number, i: number): boolean => {
      const number = i % facts.stateWidth;
      return number >= at && number < at + width;
    };
    const shift = shiftOf(squared.filter(isOwn), told.filter(isOwn));
    const ofModes = (): Tensor => bias.view([-1, facts.stateWidth]);
    scope(() => noGrad(() => void ofModes().narrow(1, at, width).add_(shift)));
    factors[name] = Math.exp(shift / 2);
    at += width;
  }
  return factors;
}

interface Told {
  /** Errors of the mean. */
  readonly squared: Float64Array; // [B P]
  /** Logarithms of variances, as the head says them before they are cut off. */
  readonly told: Float64Array; // [B P]
}

function tellHeld(model: JepaModel, held: Openings): Told {
  const { nets, device } = model;
  const { goalHead, reader, text } = nets;
  if (goalHead === null) throw new Error("internal: no goals are told. Please report this.");
  return scope(() =>
    noGrad(() => {
      const all = Array.from(held.batches(BATCH), ({ B, V, H, W, frames, texts, state, goal }) =>
        // Maps of thousands of pictures do not fit into memory together.
        scope(() => {
          const found = reader.forward(text.read(texts), fromTyped(frames, [B, V, H, W, 3], { device }));
          const { modes, reached } = tellGoals(model, goalHead, found, { B, state, goal });
          const { mean, logVariance } = nearestMode(modes, reached, model.countsTensor());
          return { squared: mean.sub(reached).square(), told: logVariance };
        }),
      );
      const flat = (of: (batch: (typeof all)[number]) => Tensor): Float64Array =>
        cat(all.map(of), 0).cpu().toFloat64();
      return { squared: flat((batch) => batch.squared), told: flat((batch) => batch.told) };
    }),
  );
}

/** What to add to all logarithms so that errors are one deviation in the mean; found by halving. */
function shiftOf(squared: Float64Array, told: Float64Array): number {
  // No further than to where every one of them is cut off: from beyond that learning would not bring them back.
  let low = LOG_VARIANCE.low - told.reduce((most, each) => Math.max(most, each), -Infinity);
  let high = LOG_VARIANCE.high - told.reduce((least, each) => Math.min(least, each), Infinity);
  for (let halved = 0; halved < 40; halved++) {
    const shift = (low + high) / 2;
    const deviations = squared.reduce((sum, each, i) => {
      const variance = Math.min(LOG_VARIANCE.high, Math.max(LOG_VARIANCE.low, (told[i] as number) + shift));
      return sum + each * Math.exp(-variance);
    }, 0);
    if (deviations > squared.length) low = shift;
    else high = shift;
  }
  return (low + high) / 2;
}
