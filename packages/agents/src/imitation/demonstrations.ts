/**
 * Which episodes are imitated, and the chunks of actions in them.
 *
 * Imitation learns what was done, so it is shown what went well: successful episodes of someone who had a task, as its
 * papers do (ACT, diffusion policy, pi0). Play has no task to name and failures are no example; both are left out, which
 * is counted and said, unless the configuration keeps them. Episodes of which nobody says how they ended are kept.
 */
import { DataError, type Clip } from "@orrery/core";
import type { ClipEpisode, DatasetReader, EpisodeInfo } from "@orrery/data";
import type { TrainingSource } from "@orrery/models";
import type { PolicyConfig } from "./config.ts";

export interface Chosen {
  readonly sources: readonly TrainingSource[];
  readonly episodes: number;
  /** Of all sources together. */
  readonly leftOut: { readonly play: number; readonly failures: number };
}

/** @throws {DataError} if nothing is left to imitate */
export function chooseDemonstrations(
  sources: readonly TrainingSource[],
  rule: PolicyConfig["demonstrations"],
): Chosen {
  const leftOut = { play: 0, failures: 0 };
  const chosen = sources.map((source) => {
    const episodes = candidates(source).filter((episode) => {
      if (isPlay(episode)) {
        if (rule.play === "leave-out") leftOut.play++;
        return rule.play === "keep";
      }
      const isKept = episode.success !== false || rule.failures === "keep";
      if (!isKept) leftOut.failures++;
      return isKept;
    });
    return { ...source, episodes: episodes.map(({ index }) => index) };
  });
  const kept = chosen.filter(({ episodes }) => episodes.length > 0);
  const episodes = kept.reduce((sum, source) => sum + source.episodes.length, 0);
  if (episodes === 0) {
    throw new DataError(
      `chooseDemonstrations: imitation needs successful episodes of a task, got ${leftOut.play} of play and ${leftOut.failures} failed ones. ` +
        `Record some with \`orrery sim record --operator expert\`, or set demonstrations.play or demonstrations.failures to "keep".`,
    );
  }
  return { sources: kept, episodes, leftOut };
}

function candidates({ dataset, episodes }: TrainingSource): EpisodeInfo[] {
  if (episodes === undefined) return [...dataset.episodes];
  const wanted = new Set(episodes);
  return dataset.episodes.filter(({ index }) => wanted.has(index));
}

function isPlay({ provenance }: EpisodeInfo): boolean {
  return provenance.operator === "play";
}

/** Instructions of the chosen episodes, of which a vocabulary is made. */
export function instructionsOf(sources: readonly TrainingSource[]): string[] {
  return sources.flatMap((source) => candidates(source).flatMap(({ tasks }) => [...tasks]));
}

/** The actions from each window's first row on; C of them, A wide. */
export interface Chunks {
  readonly actions: Float32Array; // [B, C, A], zeros where nothing is known
  readonly isKnown: Uint8Array; // [B, C]
}

/** Finds the actions that follow the rows a loader has drawn, beyond the windows themselves. */
export class ChunkReader {
  readonly #byId = new Map<number, ClipEpisode[]>();
  readonly #width: number;

  /** @param width A; narrower sources are filled up with zeros */
  constructor(episodes: readonly ClipEpisode[], width: number) {
    for (const episode of episodes) {
      this.#byId.set(episode.id, [...(this.#byId.get(episode.id) ?? []), episode]);
    }
    this.#width = width;
  }

  /** Chunks of `length` actions for each window of the clip, beginning at its first row. */
  read({ B, origin }: Pick<Clip, "B" | "origin">, length: number): Chunks {
    const A = this.#width;
    const actions = new Float32Array(B * length * A);
    const isKnown = new Uint8Array(B * length);
    for (let b = 0; b < B; b++) {
      const row = origin[2 * b + 1] as number;
      const episode = this.#find(origin[2 * b] as number, row);
      const { action, actionMask, length: rows } = episode.columns;
      if (action === null) continue;
      const own = action.length / rows;
      for (let c = 0; c < length; c++) {
        const at = row - episode.from + c;
        // What comes after an action nobody recorded isn't a continuation of what came before it.
        if (at >= rows || actionMask[at] !== 1) break;
        actions.set(action.subarray(at * own, (at + 1) * own), (b * length + c) * A);
        isKnown[b * length + c] = 1;
      }
    }
    return { actions, isKnown };
  }

  #find(id: number, row: number): ClipEpisode {
    const found = this.#byId.get(id)?.find(({ from, length }) => row >= from && row < from + length);
    if (found === undefined) throw new Error(`internal: row ${row} of episode ${id} was never in the loader`);
    return found;
  }
}

/** Whether a dataset says what is asked for; without words there is nothing to follow. */
export function hasInstructions({ tasks }: DatasetReader): boolean {
  return tasks.some((text) => text.trim() !== "");
}
