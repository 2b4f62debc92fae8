/** Watches the embeddings of a run for collapse: rank, deviation and Gaussianity in the log, and a warning in words. */
import { cat, Generator, keep, scope, type Tensor } from "@orrery/torch";
import type { JepaConfig } from "./config.ts";
import { measureSpread, type Spread } from "./sigreg.ts";

/** Embeddings remembered, as a multiple of their width: enough for the rank of their covariance. */
const SAMPLES_PER_NUMBER = 4;
/** Below this share of the width the embedding lies on a few axes. */
const MIN_RANK_SHARE = 0.1;
const MIN_STD = 0.2;
/** Steps in which embeddings may still be spreading out. */
const GRACE_STEPS = 200;

export class CollapseWatch {
  readonly #width: number;
  readonly #options: { readonly lines: number; readonly knots: number };
  readonly #generator: Generator;
  readonly #onWarning: (text: string) => void;
  #recent: Tensor[] = [];
  #count = 0;
  #hasWarned = false;

  /** @param seed of the lines that Gaussianity is measured on; a stream of its own, so that watching changes nothing */
  constructor({ net, training }: JepaConfig, seed: number, onWarning: (text: string) => void) {
    this.#width = net.embedding;
    this.#options = { lines: training.jepa.sigRegLines, knots: training.jepa.sigRegKnots };
    this.#generator = new Generator(seed);
    this.#onWarning = onWarning;
  }

  /** Remembers embeddings [n, D] of a batch; copies them. */
  take(embedding: Tensor): void {
    this.#recent.push(keep(scope(() => embedding.cpu().clone())));
    this.#count += embedding.size(0);
    const enough = SAMPLES_PER_NUMBER * this.#width;
    while (this.#recent.length > 1 && this.#count - (this.#recent[0] as Tensor).size(0) >= enough) {
      const oldest = this.#recent.shift() as Tensor;
      this.#count -= oldest.size(0);
      oldest.free();
    }
  }

  /** Of the newest embeddings. Warns once, when what was given collapses. */
  measure(step: number): Readonly<Record<string, number>> {
    const spread = scope(() => measureSpread(cat(this.#recent, 0), this.#options, this.#generator));
    const warning = step < GRACE_STEPS ? null : collapseOf(spread, this.#width);
    if (warning !== null && !this.#hasWarned) this.#onWarning(`step ${step}: ${warning}`);
    this.#hasWarned = warning !== null;
    return { rank: spread.effectiveRank, std: spread.std, gaussianity: spread.gaussianity };
  }

  free(): void {
    for (const tensor of this.#recent) tensor.free();
    this.#recent = [];
  }
}

/** What is wrong with embeddings of `width` numbers, in words; null where nothing is. */
export function collapseOf({ effectiveRank, std }: Spread, width: number): string | null {
  const least = MIN_RANK_SHARE * width;
  const advice = "Raise training.jepa.sigRegWeight or lower the learningRate.";
  if (std < MIN_STD)
    return `the embeddings collapse: their deviation must stay above ${MIN_STD}, it is ${std.toFixed(3)}. ${advice}`;
  if (effectiveRank < least)
    return `the embeddings collapse: their effective rank must stay above ${least.toFixed(1)} of ${width}, it is ${effectiveRank.toFixed(1)}. ${advice}`;
  return null;
}
