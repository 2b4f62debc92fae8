/** A dataset seen as a source of other episodes: some of them, without some of their numbers, with others added. */
import type { Embodiment, Step } from "@orrery/core";
import {
  isSkip,
  lerobotFormat,
  type EpisodeSource,
  type Feature,
  type Skip,
  type SourceEpisode,
} from "@orrery/data";

/** Parts of a step beside its pictures. */
export type StepPart = "state" | "action" | "reward" | "done" | "success";

export interface ViewOptions {
  /** All where left out. */
  readonly episodes?: readonly number[];
  /** What is not passed on. */
  readonly without?: readonly StepPart[];
  /** Of what is written; the dataset's own where left out. */
  readonly embodiment?: Embodiment;
  /** Columns to add, by row; called once per episode. A row that lacks one leaves it absent. */
  readonly add?: (episode: number) => Promise<AddedColumns | Skip>;
}

export interface AddedColumns {
  readonly features: readonly Feature[];
  readonly at: (row: number) => Readonly<Record<string, ArrayLike<number>>>;
  /** Labels of the episode's provenance. */
  readonly labels: Readonly<Record<string, string | number | boolean>>;
}

/** A LeRobot dataset at `path` through a view; import the result to write it. Videos are copied, not encoded again. */
export async function openView(path: string, options: ViewOptions): Promise<EpisodeSource> {
  const source = await lerobotFormat.open(path, {});
  return new View(source, options);
}

class View implements EpisodeSource {
  readonly format = "lerobot";
  readonly #source: EpisodeSource;
  readonly #options: ViewOptions;
  readonly #wanted: ReadonlySet<number> | null;

  constructor(source: EpisodeSource, options: ViewOptions) {
    this.#source = source;
    this.#options = options;
    this.#wanted = options.episodes === undefined ? null : new Set(options.episodes);
  }

  async describe(): ReturnType<EpisodeSource["describe"]> {
    const summary = await this.#source.describe();
    if (this.#wanted === null) return summary;
    const { notes, skipped } = summary;
    return { episodes: this.#wanted.size, notes, skipped };
  }

  async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
    for await (const item of this.#source.episodes()) {
      if (isSkip(item)) {
        yield item;
        continue;
      }
      const index = indexOf(item.id);
      if (this.#wanted !== null && !this.#wanted.has(index)) continue;
      yield await this.#view(item, index);
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  async #view(item: SourceEpisode, index: number): Promise<SourceEpisode | Skip> {
    const { without = [], embodiment = item.embodiment, add } = this.#options;
    const added = await add?.(index);
    if (added !== undefined && "reason" in added) return added;
    const change = async function* (steps: AsyncIterable<Step>): AsyncGenerator<Step> {
      let row = 0;
      for await (const step of steps) {
        const kept = { ...step } as { -readonly [K in keyof Step]: Step[K] };
        for (const part of without) delete kept[part];
        yield { ...kept, extra: { ...step.extra, ...added?.at(row) } };
        row++;
      }
    };
    const { encoded, features = [], success: _hidden, provenance, ...rest } = item;
    return {
      ...rest,
      ...(item.success === undefined || without.includes("success") ? {} : { success: item.success }),
      embodiment,
      provenance: { ...provenance, labels: { ...provenance.labels, ...added?.labels } },
      features: [...features, ...(added?.features ?? [])],
      steps: () => change(item.steps()),
      ...(encoded === undefined
        ? {}
        : { encoded: { videos: encoded.videos, steps: () => change(encoded.steps()) } }),
    };
  }
}

/** "episode_000012" is episode 12 of the dataset. */
function indexOf(id: string): number {
  return Number(id.replace(/^\D+/, ""));
}
