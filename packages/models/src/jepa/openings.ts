/**
 * What words are learnt from: the first pictures of episodes in which a task was done, the words of it, and what was felt
 * when it was done. Later pictures are no teacher, since the hand on its way tells where it goes; and each episode counts
 * once, however long it is, since it has one opening.
 *
 * Shapes: B openings, V cameras, H W pixels, P state width.
 */
import { DataError, type Clip, type Rng } from "@orrery/core";
import { episodeFrames, type ClipEpisode, type ClipLoader, type DatasetReader } from "@orrery/data";
import type { Hindsight } from "./hindsight.ts";

export interface OpeningBatch extends Pick<Clip, "B" | "V" | "H" | "W"> {
  readonly frames: Uint8Array; // [B, V, H, W, 3]
  readonly texts: readonly string[]; // [B]
  readonly goal: Float32Array; // [B, P]; narrower bodies are filled up with zeros
}

interface Opening {
  readonly picture: Uint8Array; // [V, H, W, 3]
  readonly text: string;
  readonly goal: Float32Array;
}

/** Openings held in memory, half a gigabyte of 96 x 96 pixels; of more episodes evenly many are left out. */
const MOST = 20_000;

export class Openings {
  readonly #openings: readonly Opening[];
  readonly #shape: ClipLoader["shape"];

  private constructor(openings: readonly Opening[], shape: ClipLoader["shape"]) {
    this.#openings = openings;
    this.#shape = shape;
  }

  /**
   * Decodes the first pictures; episodes whose pictures cannot be decoded are left out.
   * @throws {DataError} if that leaves none
   */
  static async read(loader: ClipLoader, hindsight: Hindsight): Promise<Openings> {
    const { H: height, W: width } = loader.shape;
    const openings: Opening[] = [];
    for (const [dataset, episodes] of chosen(loader.episodes, hindsight)) {
      const byIndex = new Map(episodes.map((episode) => [episode.index, episode]));
      const spans = new Map(episodes.map(({ index, from }) => [index, [{ from, to: from + 1 }]]));
      const cameras = episodes[0]?.cameras.map(({ name }) => name) ?? [];
      const size = { height, width };
      const decoded = episodeFrames({
        dataset,
        episodes: [...byIndex.keys()],
        spans,
        cameras,
        size,
        onSkip: () => {},
      });
      for await (const { index, frames } of decoded) {
        const { id, columns } = byIndex.get(index) as ClipEpisode;
        const text = dataset.tasks[columns.taskIndex[0] ?? -1] ?? "";
        openings.push({ picture: frames, text, goal: hindsight.goalOf(id) as Float32Array });
      }
    }
    if (openings.length === 0)
      throw new DataError(
        "Openings.read: none of the episodes in which a task was done has a first picture that can be decoded. Check them with `orrery data info`.",
      );
    return new Openings(openings, loader.shape);
  }

  get size(): number {
    return this.#openings.length;
  }

  /** B of them, each as likely as any other. */
  draw(B: number, rng: Rng): OpeningBatch {
    const { V, H, W, P } = this.#shape;
    const drawn = Array.from({ length: B }, () => this.#openings[rng.int(this.size)] as Opening);
    const frames = new Uint8Array(B * V * H * W * 3);
    const goal = new Float32Array(B * P);
    for (const [b, each] of drawn.entries()) {
      frames.set(each.picture, b * V * H * W * 3);
      goal.set(each.goal, b * P);
    }
    return { B, V, H, W, frames, texts: drawn.map(({ text }) => text), goal };
  }
}

/** Episodes with a goal, by dataset: of kept spans of one the first, which alone begins with an opening. */
function chosen(episodes: readonly ClipEpisode[], hindsight: Hindsight): Map<DatasetReader, ClipEpisode[]> {
  const first = new Map<number, ClipEpisode>();
  for (const episode of episodes) {
    const known = first.get(episode.id);
    const isGoal = hindsight.goalOf(episode.id) !== undefined;
    if (isGoal && (known === undefined || episode.from < known.from)) first.set(episode.id, episode);
  }
  const all = [...first.values()];
  const stride = Math.max(1, all.length / MOST);
  const byDataset = new Map<DatasetReader, ClipEpisode[]>();
  for (let i = 0; i < all.length; i += stride) {
    const episode = all[Math.floor(i)] as ClipEpisode;
    const known = byDataset.get(episode.dataset);
    if (known === undefined) byDataset.set(episode.dataset, [episode]);
    else known.push(episode);
  }
  return byDataset;
}
