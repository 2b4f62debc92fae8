/** Compares the dataset's stated statistics with those of its rows. */
import type { ColumnSet } from "../assemble.ts";
import { isCamera, type Feature } from "../lerobot/features.ts";
import type { FeatureStats, StatsByFeature } from "../lerobot/meta.ts";
import { mergeStats, columnStats } from "../stats.ts";
import type { Problems } from "../problems.ts";

/** Stated and counted values may differ by this share of the range: float32 sums over long recordings. */
const TOLERANCE = 1e-3;

export class StatsCheck {
  readonly #features: readonly Feature[];
  readonly #counted = new Map<string, FeatureStats>();

  constructor(features: readonly Feature[]) {
    this.#features = features;
  }

  add({ columns }: ColumnSet): void {
    for (const [name, column] of columns) {
      const own = columnStats(column);
      if (!own) continue;
      const before = this.#counted.get(name);
      this.#counted.set(name, before ? mergeStats(before, own) : own);
    }
  }

  /**
   * @param stated meta/stats.json
   * @param state `isExpected`: the format has this file (v2.1 does not); `isInterrupted`: a writer of ours was stopped
   *   before it could bring the file up to date, which the next one makes good
   */
  report(
    stated: StatsByFeature | null,
    state: { isExpected: boolean; isInterrupted: boolean },
    problems: Problems,
  ): void {
    const where = "meta/stats.json";
    if (this.#counted.size === 0 || (!stated && !state.isExpected)) return;
    if (state.isInterrupted) {
      problems.add(
        "note",
        where,
        "the statistics are older than the episodes: a recording was cut off.",
        "Nothing: the next recording corrects it.",
      );
      return;
    }
    if (!stated) {
      problems.add(
        "warning",
        where,
        "the dataset's statistics must be there, they are missing.",
        "Nothing here; other tools cannot normalise without them.",
      );
      return;
    }
    for (const feature of this.#features) this.#compare(feature, stated[feature.name], problems);
  }

  #compare(feature: Feature, own: FeatureStats | undefined, problems: Problems): void {
    const where = "meta/stats.json";
    const counted = this.#counted.get(feature.name);
    if (!own) {
      if (counted)
        problems.add(
          "note",
          where,
          `"${feature.name}" has no statistics.`,
          "Nothing here; other tools may want them.",
        );
      return;
    }
    const fault = implausible(own, feature);
    const difference = !fault && counted ? differs(own, counted) : null;
    if (fault)
      problems.add(
        "warning",
        where,
        `statistics of "${feature.name}" are not possible: ${fault}.`,
        "Compute them again.",
      );
    else if (difference)
      problems.add(
        "warning",
        where,
        `statistics of "${feature.name}" do not fit the rows: ${difference}.`,
        "Compute them again.",
      );
  }
}

function implausible({ min, max, mean, std }: FeatureStats, feature: Feature): string | null {
  const width = isCamera(feature) ? (feature.shape[2] ?? 3) : feature.width;
  if (min.length !== width) return `${min.length} values for ${width} numbers`;
  for (let i = 0; i < width; i++) {
    const [low = 0, high = 0, middle = 0, spread = 0] = [min[i], max[i], mean[i], std[i]];
    const slack = TOLERANCE * Math.max(high - low, 1e-6);
    if (low > high) return `min ${low} above max ${high}`;
    if (middle < low - slack || middle > high + slack) return `mean ${middle} outside ${low} to ${high}`;
    if (spread < 0 || spread > high - low + slack) return `std ${spread} for a range of ${high - low}`;
  }
  return null;
}

/** First number whose least, greatest or mean value differs. */
function differs(stated: FeatureStats, counted: FeatureStats): string | null {
  for (const kind of ["min", "max", "mean"] as const) {
    for (const [i, value] of counted[kind].entries()) {
      const range = Math.max((counted.max[i] ?? 0) - (counted.min[i] ?? 0), Math.abs(value), 1e-6);
      const found = stated[kind][i] ?? Number.NaN;
      if (!(Math.abs(found - value) <= TOLERANCE * range))
        return `${kind} of number ${i} is ${value}, stated ${found}`;
    }
  }
  return null;
}
