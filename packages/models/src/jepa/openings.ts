/**
 * What words are learnt from: the first pictures of episodes in which a task was done, the words of it, and what was felt
 * when it was done. Later pictures are no teacher, since the hand on its way tells where it goes; and each episode counts
 * once, however long it is, since it has one opening. Where an operator took over from a policy it has two: there the hand
 * is where the policy had brought it for nothing, and things lie where they lay when it was done after all.
 *
 * Where goals are rests, words are asked at every rest again, and the pictures there teach as well what is next; and, on
 * the way from one to the next, that it is still the same. A third of the draws stay openings: at the others what is felt
 * tells most of the answer.
 *
 * Shapes: B openings, V cameras, H W pixels, P state width.
 */
import { createHash } from "node:crypto";
import { DataError, type Clip, type Rng } from "@orrery/core";
import { episodeFrames, type ClipEpisode, type ClipLoader, type DatasetReader } from "@orrery/data";
import type { Hindsight, Stage } from "./hindsight.ts";

export interface OpeningBatch extends Pick<Clip, "B" | "V" | "H" | "W"> {
  readonly frames: Uint8Array; // [B, V, H, W, 3]
  readonly texts: readonly string[]; // [B]
  /** What is felt in that moment. */
  readonly state: Float32Array; // [B, P]
  readonly goal: Float32Array; // [B, P]; narrower bodies are filled up with zeros
}

interface Opening {
  readonly picture: Uint8Array; // [V, H, W, 3]
  readonly text: string;
  readonly state: Float32Array;
  readonly goal: Float32Array;
  /** Of what the episode's first picture holds. */
  readonly checksum: number;
  /** Nothing was done yet of what brought it to its goal; or a rest was reached; or it is on its way. */
  readonly kind: Kind;
}

type Kind = "first" | "rest" | "way";

const KINDS: readonly Kind[] = ["first", "rest", "way"];

/** One in so many is held back. */
const HELD_ONE_IN = 6;
/** Fewer say nothing. */
const LEAST_HELD = 4;

/** Of pictures held in memory, 120,000 of 64 x 64 pixels; of more episodes evenly many are left out. */
const MOST_BYTES = 1.5e9;

export class Openings {
  readonly #openings: readonly Opening[];
  /** By kind. */
  readonly #kinds: readonly (readonly Opening[])[];
  readonly #shape: ClipLoader["shape"];

  private constructor(openings: readonly Opening[], shape: ClipLoader["shape"]) {
    this.#openings = openings;
    const kinds = KINDS.map((kind) => openings.filter((each) => each.kind === kind));
    this.#kinds = kinds.filter((kind) => kind.length > 0);
    this.#shape = shape;
  }

  /**
   * Decodes the pictures; episodes whose pictures cannot be decoded are left out.
   * @throws {DataError} if that leaves none
   */
  static async read(loader: ClipLoader, hindsight: Hindsight): Promise<Openings> {
    const { V, H: height, W: width } = loader.shape;
    const openings: Opening[] = [];
    const most = MOST_BYTES / (V * height * width * 3);
    for (const [dataset, episodes] of chosen(loader.episodes, hindsight, most)) {
      const byIndex = new Map(episodes.map((episode) => [episode.index, episode]));
      // All that lies between is decoded anyway.
      const spans = new Map(
        episodes.map(({ index, id }) => {
          const rows = askedIn(hindsight, id).map(({ from }) => from);
          return [index, [{ from: Math.min(...rows), to: Math.max(...rows) + 1 }]];
        }),
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
      for await (const { index, from, length, frames } of decoded) {
        const { id, columns } = byIndex.get(index) as ClipEpisode;
        const text = dataset.tasks[columns.taskIndex[0] ?? -1] ?? "";
        const bytes = frames.length / length;
        const pictureOf = (row: number): Uint8Array =>
          frames.slice((row - from) * bytes, (row - from + 1) * bytes);
        const stages = hindsight.stagesOf(id);
        const first = stages[0]?.to;
        const own = checksum(frames.subarray(0, bytes));
        const put = (row: number, its: Pick<Opening, "state" | "goal" | "kind">): void =>
          void openings.push({ ...its, picture: pictureOf(row), text, checksum: own });
        for (const { from: row, to, start: state, goal } of stages)
          put(row, { state, goal, kind: to === first ? "first" : "rest" });
        for (const { from: row, start: state, goal } of hindsight.waysOf(id))
          put(row, { state, goal, kind: "way" });
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

  /** B of them, each as likely as any other of its kind. */
  draw(B: number, rng: Rng): OpeningBatch {
    const kinds = this.#kinds;
    return this.#batch(
      Array.from({ length: B }, (_, b) => {
        const kind = kinds[b % kinds.length] as readonly Opening[];
        return kind[rng.int(kind.length)] as Opening;
      }),
    );
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
    const state = new Float32Array(B * P);
    const goal = new Float32Array(B * P);
    for (const [b, each] of drawn.entries()) {
      frames.set(each.picture, b * V * H * W * 3);
      state.set(each.state, b * P);
      goal.set(each.goal, b * P);
    }
    return { B, V, H, W, frames, texts: drawn.map(({ text }) => text), state, goal };
  }
}

function checksum(bytes: Uint8Array): number {
  return createHash("sha256").update(bytes).digest().readUInt32LE();
}

/** All moments of an episode at which it is asked what comes next. */
function askedIn(hindsight: Hindsight, id: number): readonly Stage[] {
  return [...hindsight.stagesOf(id), ...hindsight.waysOf(id)];
}

/**
 * Episodes with a goal, by dataset: of kept spans of one the first, which alone begins with an opening.
 * @param most pictures that they may have
 */
function chosen(
  episodes: readonly ClipEpisode[],
  hindsight: Hindsight,
  most: number,
): Map<DatasetReader, ClipEpisode[]> {
  const first = new Map<number, ClipEpisode>();
  for (const episode of episodes) {
    const known = first.get(episode.id);
    const isGoal = hindsight.stagesOf(episode.id).length > 0;
    if (isGoal && (known === undefined || episode.from < known.from)) first.set(episode.id, episode);
  }
  const all = [...first.values()];
  const pictures = all.reduce((sum, { id }) => sum + askedIn(hindsight, id).length, 0);
  const stride = Math.max(1, pictures / most);
  const byDataset = new Map<DatasetReader, ClipEpisode[]>();
  for (let i = 0; i < all.length; i += stride) {
    const episode = all[Math.floor(i)] as ClipEpisode;
    const known = byDataset.get(episode.dataset);
    if (known === undefined) byDataset.set(episode.dataset, [episode]);
    else known.push(episode);
  }
  return byDataset;
}
