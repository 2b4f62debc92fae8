/**
 * Single recorded pictures in memory, evenly from all rows: what an encoder learns places by, for which one picture says
 * all and clips would be decoded for nothing.
 *
 * Shapes: B pictures of V cameras, H W pixels.
 */
import { DataError, type Clip, type Rng } from "@orrery/core";
import { episodeFrames, type ClipEpisode, type ClipLoader } from "@orrery/data";

/** Of pictures held in memory, 80,000 of 64 x 64 pixels. */
const MOST_BYTES = 1e9;
/** More pictures do not change their mean. */
const MEAN_OF = 4000;

export interface PictureBatch extends Pick<Clip, "B" | "V" | "H" | "W"> {
  readonly frames: Uint8Array; // [B, V, H, W, 3]
}

export class Pictures {
  readonly #pictures: readonly Uint8Array[]; // [V, H, W, 3] each
  readonly #shape: ClipLoader["shape"];

  private constructor(pictures: readonly Uint8Array[], shape: ClipLoader["shape"]) {
    this.#pictures = pictures;
    this.#shape = shape;
  }

  /**
   * Decodes them; episodes whose pictures cannot be decoded are left out.
   * @param most bytes that they may have together
   * @throws {DataError} if that leaves none
   */
  static async read({ episodes, shape }: ClipLoader, most = MOST_BYTES): Promise<Pictures> {
    const bytes = shape.V * shape.H * shape.W * 3;
    const rows = episodes.reduce((sum, { length }) => sum + length, 0);
    const stride = Math.max(1, (rows * bytes) / most);
    const pictures: Uint8Array[] = [];
    let next = 0; // of the rows of all episodes in a row
    let passed = 0;
    for (const group of byDataset(episodes)) {
      const { dataset, cameras } = group[0] as ClipEpisode;
      const spans = new Map<number, { from: number; to: number }[]>();
      for (const { index, from, length } of group)
        spans.set(index, [...(spans.get(index) ?? []), { from, to: from + length }]);
      const decoded = episodeFrames({
        dataset,
        episodes: [...spans.keys()],
        spans,
        cameras: cameras.map(({ name }) => name),
        size: { height: shape.H, width: shape.W },
        onSkip: () => {},
      });
      for await (const { length, frames } of decoded) {
        for (; next < passed + length; next += stride) {
          const at = (Math.floor(next) - passed) * bytes;
          pictures.push(frames.slice(at, at + bytes));
        }
        passed += length;
      }
    }
    if (pictures.length === 0)
      throw new DataError(
        "Pictures.read: none of the episodes has pictures that can be decoded. Check them with `orrery data info`.",
      );
    return new Pictures(pictures, shape);
  }

  get size(): number {
    return this.#pictures.length;
  }

  /** B of them, each as likely as any other. */
  draw(B: number, rng: Rng): PictureBatch {
    const { V, H, W } = this.#shape;
    const frames = new Uint8Array(B * V * H * W * 3);
    for (let b = 0; b < B; b++)
      frames.set(this.#pictures[rng.int(this.size)] as Uint8Array, b * V * H * W * 3);
    return { B, V, H, W, frames };
  }

  /** Of them, brightness 0 to 255: [V, H, W, 3]. */
  mean(): Float32Array {
    const sum = new Float64Array(this.#pictures[0]?.length ?? 0);
    const stride = Math.max(1, this.size / MEAN_OF);
    let count = 0;
    for (let i = 0; i < this.size; i += stride, count++) {
      const picture = this.#pictures[Math.floor(i)] as Uint8Array;
      for (let k = 0; k < sum.length; k++) sum[k] = (sum[k] as number) + (picture[k] as number);
    }
    return Float32Array.from(sum, (each) => each / count);
  }
}

function byDataset(episodes: readonly ClipEpisode[]): ClipEpisode[][] {
  const groups = new Map<ClipEpisode["dataset"], ClipEpisode[]>();
  for (const episode of episodes) {
    const group = groups.get(episode.dataset);
    if (group === undefined) groups.set(episode.dataset, [episode]);
    else group.push(episode);
  }
  return [...groups.values()];
}
