/** Running a trained model without asking which family it is of. */
import { Dreamer } from "./dreamer.ts";
import type { DrawingImagination } from "./imagination.ts";
import { JepaImagination } from "./jepa/imagination.ts";
import { JepaModel } from "./jepa/model.ts";
import type { AnyModel } from "./release.ts";

export interface ImaginationOptions {
  /** Runs matrix products in bfloat16; see precision.ts. */
  readonly usesBfloat16?: boolean;
  /** Of the generative family: sampling steps per frame; the configuration's where left out. */
  readonly sampleSteps?: number;
}

/**
 * A model ready to be run; it borrows the model, which must outlive it.
 * @param seed of the noise that the generative family dreams from; the other draws none
 */
export function openImagination(
  model: AnyModel,
  seed: number,
  options: ImaginationOptions = {},
): DrawingImagination {
  // A planner hands a state back only to the model it came from, so the state's type need not be known to it.
  if (model instanceof JepaModel) return new JepaImagination(model, options) as unknown as DrawingImagination;
  return new Dreamer(model, seed, options) as unknown as DrawingImagination;
}
