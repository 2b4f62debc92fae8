/**
 * What words are learnt from: the first pictures of episodes in which a task was done, the words of it, and what was felt
 * when it was done. Later pictures are no teacher, since the hand on its way tells where it goes; and each episode counts
 * once, however long it is, since it has one opening. Where an operator took over from a policy it has two: there the hand
 * is where the policy had brought it for nothing, and things lie where they lay when it was done after all.
 *
 * Shapes: B openings, V cameras, H W pixels, P state width.
 */
import { createHash } from "node:crypto";
import { DataError, type Clip, type Rng } from "@orrery/core";
import { episodeFrames, type ClipEpisode, type ClipLoader, type DatasetReader } from "@orrery/data";
import type { Hindsight } from "./hindsight.ts";
import { takeoverRows } from "./takeovers.ts";

export interface OpeningBatch extends Pick<Clip, "B" | "V" | "H" | "W"> {
  readonly frames: Uint8Array; // [B, V, H, W, 3]
  readonly texts: readonly string[]; // [B]
  readonly goal: Float32Array; // [B, P]; narrower bodies are filled up with zeros
}

interface Opening {
  readonly picture: Uint8Array; // [V, H, W, 3]
  readonly text: string;
  readonly goal: Float32Array;
  /** Of what the episode's first picture holds. */
  readonly checksum: number;
}

/** One in so many is held back. */
const HELD_ONE_IN = 6;
/** Fewer say nothing. */
const LEAST_HELD = 4;

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
   * Decodes the pictures; episodes whose pictures cannot be decoded are left out.
   * @throws {DataError} if that leaves none
   */
  static async read(loader: ClipLoader, hindsight: Hindsight): Promise<Openings> {
    const { H: height, W: width } = loader.shape;
    const openings: Opening[] = [];
    for (const [dataset, episodes] of chosen(loader.episodes, hindsight)) {
      const byIndex = new Map(episodes.map((episode) => [episode.index, episode]));
      const rowsOf = openingRows(dataset);
      const spans = new Map(
        episodes.map((each) => [each.index, rowsOf(each).map((from) => ({ from, to: from + 1 }))]),
      );
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
      const checksums = new Map<number, number>();
      for await (const { index, frames: picture } of decoded) {
        const { id, columns } = byIndex.get(index) as ClipEpisode;
        const text = dataset.tasks[columns.taskIndex[0] ?? -1] ?? "";
        const goal = hindsight.goalOf(id) as Float32Array;
        const own = checksums.get(index) ?? checksum(picture);
        checksums.set(index, own);
        openings.push({ picture, text, goal, checksum: own });
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

  /**
   * Those to learn from and those held back, on which one sees how well it was learnt; none are where they would be too
   * few. An episode is held back by what is in its first picture: who trains on with more of them holds back the same ones again.
   */
  divided(): { readonly learnt: Openings; readonly held: Openings } {
    const isHeld = (opening: Opening): boolean => opening.checksum % HELD_ONE_IN === 0;
    const held = this.#openings.filter(isHeld);
    const learnt = this.#openings.filter((opening) => !isHeld(opening));
    if (held.length < LEAST_HELD || learnt.length === 0) return { learnt: this, held: this.#of([]) };
    return { learnt: this.#of(learnt), held: this.#of(held) };
  }

  /** B of them, each as likely as any other. */
  draw(B: number, rng: Rng): OpeningBatch {
    return this.#batch(Array.from({ length: B }, () => this.#openings[rng.int(this.size)] as Opening));
  }

  /** All of them once, at most B at a time. */
  *batches(B: number): Generator<OpeningBatch> {
    for (let from = 0; from < this.size; from += B) yield this.#batch(this.#openings.slice(from, from + B));
  }

  #of(openings: readonly Opening[]): Openings {
    return new Openings(openings, this.#shape);
  }

  #batch(drawn: readonly Opening[]): OpeningBatch {
    const { V, H, W, P } = this.#shape;
    const B = drawn.length;
    const frames = new Uint8Array(B * V * H * W * 3);
    const goal = new Float32Array(B * P);
    for (const [b, each] of drawn.entries()) {
      frames.set(each.picture, b * V * H * W * 3);
      goal.set(each.goal, b * P);
    }
    return { B, V, H, W, frames, texts: drawn.map(({ text }) => text), goal };
  }
}

/** A function that gives the rows of an episode at which nothing was done yet of what brought it to its end. */
function openingRows(dataset: DatasetReader): (episode: ClipEpisode) => number[] {
  const takeoverOf = takeoverRows(dataset);
  return (episode) => {
    const { from, length } = episode;
    const row = takeoverOf(episode);
    return row !== null && row > from && row < from + length ? [from, row] : [from];
  };
}

function checksum(bytes: Uint8Array): number {
  return createHash("sha256").update(bytes).digest().readUInt32LE();
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
