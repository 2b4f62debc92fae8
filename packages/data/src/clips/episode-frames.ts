/** Episodes (whole, or their kept spans) at model size, for evaluation and for encoding them into latents. */
import { DataError, messageOf } from "@orrery/core";
import type { EpisodeColumns } from "../episode-info.ts";
import type { DatasetReader } from "../reader.ts";
import type { Fit, Size } from "../video/index.ts";
import { readCatalogue, type ClipEpisode, type KeptSpans, type SkippedEpisode } from "./catalogue.ts";
import { DecodePool } from "./decode-pool.ts";
import { EpisodeVideoDecoder } from "./decode-episode.ts";
import { makeEpisodeDecoder, type VideoDecoding } from "./frames.ts";

export interface EpisodeFramesOptions {
  readonly dataset: DatasetReader;
  /** In this order; all where left out. */
  readonly episodes?: readonly number[];
  /** All colour cameras where left out. */
  readonly cameras?: readonly string[];
  /** Rows to take: each span comes by itself, as if it were an episode. Whole episodes where left out. */
  readonly spans?: KeptSpans;
  readonly size: Size;
  readonly fit?: Fit;
  /** Decoding threads, and episodes decoded ahead; 2 where left out. */
  readonly workers?: number;
  /** Told of each episode that is left out; without it such an episode is an error. */
  readonly onSkip?: (skipped: SkippedEpisode) => void;
}

/** One episode, or one kept span of it, with all its pictures. */
export interface EpisodeFrames {
  readonly index: number;
  /** First row; 0 unless spans were asked for. */
  readonly from: number;
  /** T, rows from there on. */
  readonly length: number;
  /** [T, V, H, W, 3] in shared memory; the caller's own. */
  readonly frames: Uint8Array;
  readonly cameras: readonly string[];
  readonly columns: EpisodeColumns;
}

/** Episodes one after another, decoded a few ahead of the caller. */
export async function* episodeFrames(options: EpisodeFramesOptions): AsyncGenerator<EpisodeFrames> {
  const { dataset, size, fit = "stretch", workers = 2 } = options;
  const { episodes, skipped, cameras } = await readCatalogue({
    dataset,
    minRows: 1,
    idBase: 0,
    ...(options.episodes ? { episodes: options.episodes } : {}),
    ...(options.cameras ? { cameras: options.cameras } : {}),
    ...(options.spans ? { spans: options.spans } : {}),
  });
  const skip = (left: SkippedEpisode): void => {
    if (!options.onSkip) {
      throw new DataError(`episodeFrames: episode ${left.episode} of ${left.dataset}: ${left.reason}`);
    }
    options.onSkip(left);
  };
  for (const left of skipped) skip(left);

  const pool = new DecodePool(workers);
  const decode = makeEpisodeDecoder(pool, size, fit);
  const begin = (episode: ClipEpisode): Promise<Uint8Array | Error> => {
    const memory = new SharedArrayBuffer(episode.length * cameras.length * size.width * size.height * 3);
    // Errors wait for their turn as values, since a rejection that nobody awaits yet would end the process.
    return decode(episode, memory, 0).then(
      () => new Uint8Array(memory),
      (error: unknown) => (error instanceof Error ? error : new Error(messageOf(error))),
    );
  };
  try {
    const ahead: Promise<Uint8Array | Error>[] = [];
    for (let i = 0; i < episodes.length; i++) {
      while (ahead.length <= workers && i + ahead.length < episodes.length) {
        ahead.push(begin(episodes[i + ahead.length] as ClipEpisode));
      }
      const episode = episodes[i] as ClipEpisode;
      const frames = await (ahead.shift() as Promise<Uint8Array | Error>);
      if (frames instanceof Error) {
        skip({ dataset: dataset.files.root, episode: episode.index, reason: frames.message });
        continue;
      }
      const { index, from, length, columns } = episode;
      yield { index, from, length, frames, cameras, columns };
    }
  } finally {
    await pool.close();
  }
}

/**
 * All frames of one camera of one episode, [T, H, W, 3].
 * @throws {DataError} if the episode, its camera or its video cannot be used
 */
export async function loadFrames(
  dataset: DatasetReader,
  episode: number,
  camera: string,
  size: Size,
  fit: Fit = "stretch",
): Promise<Uint8Array> {
  const { episodes, skipped } = await readCatalogue({
    dataset,
    episodes: [episode],
    cameras: [camera],
    minRows: 1,
    idBase: 0,
  });
  const [chosen] = episodes;
  if (!chosen)
    throw new DataError(`loadFrames: episode ${episode} of ${dataset.files.root}: ${skipped[0]?.reason}.`);
  // One episode decodes faster here than a thread would start.
  const decoder = new EpisodeVideoDecoder();
  const here: VideoDecoding = { decode: async (request) => void decoder.decode(request) };
  const memory = new SharedArrayBuffer(chosen.length * size.width * size.height * 3);
  try {
    await makeEpisodeDecoder(here, size, fit)(chosen, memory, 0);
  } finally {
    decoder.close();
  }
  return new Uint8Array(memory);
}
