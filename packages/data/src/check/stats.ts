/** Compares the dataset's stated statistics with those of its rows. */
import type { ColumnSet } from "../assemble.ts";
import { isCamera, type Feature } from "../lerobot/features.ts";
import type { LeRobotVersion } from "../lerobot/info.ts";
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

  /** @param stated meta/stats.json, which v2.1 does not have */
  report(stated: StatsByFeature | null, version: LeRobotVersion, problems: Problems): void {
    const where = "meta/stats.json";
    if (!stated) {
      if (version !== "v2.1" && this.#counted.size > 0) {
        problems.add(
          "warning",
          where,
          "the dataset's statistics must be there, they are missing.",
          "Nothing here; other tools cannot normalise without them.",
        );
      }
      return;
    }
    for (const feature of this.#features) {
      const own = stated[feature.name];
      const counted = this.#counted.get(feature.name);
      const fault = own ? implausible(own, feature) : null;
      if (fault)
        problems.add(
          "warning",
          where,
          `statistics of "${feature.name}" are not possible: ${fault}.`,
          "Compute them again.",
        );
      else if (own && counted) {
        const difference = differs(own, counted);
        if (difference)
          problems.add(
            "warning",
            where,
            `statistics of "${feature.name}" do not fit the rows: ${difference}.`,
            "Compute them again.",
          );
      } else if (!own && counted) {
        problems.add(
          "note",
          where,
          `"${feature.name}" has no statistics.`,
          "Nothing here; other tools may want them.",
        );
      }
    }
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
