/**
 * The clip loader: endless batches of windows in an order fixed by the seed. Decoding runs ahead in worker threads; once
 * the frames are in memory a batch costs one copy. Values are not normalised here.
 */
import { DataError, type Clip } from "@orrery/core";
import { makeClip, putWindow, rowsOf, type ClipShape } from "./assemble.ts";
import { readCatalogue, type ClipEpisode, type SkippedEpisode } from "./catalogue.ts";
import { DecodePool } from "./decode-pool.ts";
import { makeEpisodeDecoder } from "./frames.ts";
import { resolveOptions, type ClipLoaderOptions, type ResolvedOptions } from "./options.ts";
import { nextSource, WindowOrder } from "./order.ts";
import { Residency, shareBudget, type Resident } from "./residency.ts";

/** Where a loader stands: all that is needed to go on with the same data. */
export interface ClipLoaderState {
  /** Batches given out. */
  readonly step: number;
  /** Windows drawn from each source. */
  readonly drawn: readonly number[];
}

/** How the loader has kept up since it was made. */
export interface ClipLoaderStats {
  readonly batches: number;
  /** Time the caller waited for frames, and time spent copying. */
  readonly waitMs: number;
  readonly copyMs: number;
  /** Time the caller spent between batches. */
  readonly computeMs: number;
  readonly framesDecoded: number;
  /** Summed over the threads. */
  readonly decodeMs: number;
  /** Windows whose episode was in memory when asked for, and those that were waited for. */
  readonly hits: number;
  readonly misses: number;
  /** Bytes of frames copied into batches. */
  readonly copiedBytes: number;
  /** Memory set aside for decoded frames. */
  readonly cacheBytes: number;
}

interface LoadedSource {
  readonly episodes: readonly ClipEpisode[];
  readonly order: WindowOrder;
  readonly residency: Residency;
  /** Loader-wide id of each of the dataset's tasks. */
  readonly taskId: readonly number[];
  readonly share: number;
}

/**
 * Opens the sources and starts nothing: decoding begins with the first `next`.
 * @throws {ConfigError} if options are out of range; @throws {DataError} if no episode can be used
 */
export async function makeClipLoader(options: ClipLoaderOptions): Promise<ClipLoader> {
  const resolved = resolveOptions(options);
  const { sources, window, frameSkip } = resolved;
  const catalogues = [];
  let idBase = 0;
  for (const { dataset, episodes, cameras, spans } of sources) {
    const minRows = rowsOf(window, frameSkip);
    catalogues.push(
      await readCatalogue({
        dataset,
        minRows,
        idBase,
        ...(episodes ? { episodes } : {}),
        ...(cameras ? { cameras } : {}),
        ...(spans ? { spans } : {}),
      }),
    );
    idBase += 1 + dataset.episodes.reduce((last, { index }) => Math.max(last, index), -1);
  }
  const numCameras = new Set(catalogues.map(({ cameras }) => cameras.length));
  if (numCameras.size > 1) {
    const found = catalogues.map(({ cameras }) => cameras.join("+") || "none").join("; ");
    throw new DataError(`makeClipLoader: sources must have as many cameras each, got ${found}. Name them.`);
  }
  catalogues.forEach(({ episodes, skipped }, i) => {
    if (episodes.length > 0) return;
    const reason = skipped[0] ? ` The first was left out because ${skipped[0].reason}.` : "";
    const root = sources[i]?.dataset.files.root;
    throw new DataError(`makeClipLoader: no episode of ${root} can be used.${reason}`);
  });
  return new ClipLoader(
    resolved,
    catalogues.map(({ episodes }) => episodes),
    catalogues.flatMap(({ skipped }) => skipped),
    [...numCameras][0] as number,
  );
}

export class ClipLoader {
  readonly shape: ClipShape;
  /** Task texts; `Clip.task` points into it. */
  readonly tasks: readonly string[];
  /** Episodes in use, or kept spans of them; `Clip.origin` holds their `id` and the row in the episode. */
  readonly episodes: readonly ClipEpisode[];
  /** Windows in one epoch of each source. */
  readonly numWindows: readonly number[];
  readonly #sources: LoadedSource[];
  readonly #skipped: SkippedEpisode[];
  readonly #pool: DecodePool;
  #step = 0;
  #drawn: number[];
  #waitMs = 0;
  #copyMs = 0;
  #computeMs = 0;
  #batches = 0;
  #hits = 0;
  #misses = 0;
  #returnedAt: number | undefined;

  /** Use `makeClipLoader`. */
  constructor(options: ResolvedOptions, episodes: ClipEpisode[][], skipped: SkippedEpisode[], V: number) {
    const { sources, batch: B, window: T, size, frameSkip: skip, seed } = options;
    const widest = (of: "state" | "action"): number =>
      episodes.flat().reduce((w, { columns }) => Math.max(w, (columns[of]?.length ?? 0) / columns.length), 0);
    const { width: W, height: H } = size;
    this.shape = { B, T, V, H, W, A: widest("action") * skip, P: widest("state"), skip };
    this.episodes = episodes.flat();
    this.#skipped = skipped;
    this.#pool = new DecodePool(options.workers);
    this.#drawn = sources.map(() => 0);

    const tasks: string[] = [];
    const rowBytes = V * H * W * 3;
    const totals = episodes.map((list) => list.reduce((sum, { length }) => sum + length * rowBytes, 0));
    const budgets = shareBudget(totals, options.cacheBytes);
    const counts = episodes.map((list) => list.reduce((sum, e) => sum + e.length - rowsOf(T, skip) + 1, 0));
    const weights = sources.map(({ weight }, i) => weight ?? (counts[i] as number));
    const decode = makeEpisodeDecoder(this.#pool, size, options.fit);
    this.#sources = sources.map(({ dataset }, i) => {
      const list = episodes[i] as ClipEpisode[];
      const holdsAll = (budgets[i] as number) >= (totals[i] as number);
      const halfBytes = holdsAll ? (totals[i] as number) : Math.floor((budgets[i] as number) / 2);
      const largest = Math.max(...list.map(({ length }) => length * rowBytes));
      if (largest > halfBytes) {
        throw new DataError(
          `makeClipLoader: half of the cache must hold the longest episode (${largest} bytes), it has ${halfBytes} ` +
            `(${dataset.files.root}). Raise cacheBytes above ${largest * 2 * sources.length} or lower the size.`,
        );
      }
      const items = list.map(({ length }) => ({
        numStarts: length - rowsOf(T, skip) + 1,
        bytes: length * rowBytes,
      }));
      const order = new WindowOrder(items, halfBytes, seed, i);
      const taskId = dataset.tasks.map((text) => {
        if (!tasks.includes(text)) tasks.push(text);
        return tasks.indexOf(text);
      });
      const onFailure = (episode: ClipEpisode, reason: string): void =>
        void this.#skipped.push({ dataset: dataset.files.root, episode: episode.index, reason });
      const residency = new Residency({
        episodes: list,
        order,
        rowBytes,
        halfBytes,
        holdsAll,
        decode,
        onFailure,
      });
      const share = (weights[i] as number) / weights.reduce((sum, w) => sum + w, 0);
      return { episodes: list, order, residency, taskId, share };
    });
    this.tasks = tasks;
    this.numWindows = this.#sources.map(({ order }) => order.numWindows);
  }

  /** Episodes left out so far, and why; those whose video fails join when it is decoded. */
  get skipped(): readonly SkippedEpisode[] {
    return this.#skipped;
  }

  /** Position after the batches given out so far, as plain JSON. */
  get state(): ClipLoaderState {
    return { step: this.#step, drawn: [...this.#drawn] };
  }

  /** Goes to a position saved by a loader with the same options and episodes. */
  restore({ step, drawn }: ClipLoaderState): void {
    if (drawn.length !== this.#sources.length) {
      throw new DataError(
        `ClipLoader.restore: the state must be of ${this.#sources.length} sources, got ${drawn.length}. ` +
          "Resume with the datasets that the run began with.",
      );
    }
    this.#step = step;
    this.#drawn = [...drawn];
  }

  /**
   * The next batch, the caller's own. One call at a time.
   * @throws {DataError} if no episode near this position can be decoded
   */
  async next(): Promise<Clip> {
    const began = performance.now();
    if (this.#returnedAt !== undefined) this.#computeMs += began - this.#returnedAt;
    let waitedMs = 0;
    const clip = makeClip(this.shape);
    for (let b = 0; b < this.shape.B; b++) waitedMs += await this.#put(clip, b);
    this.#step++;
    this.#batches++;
    this.#returnedAt = performance.now();
    this.#waitMs += waitedMs;
    this.#copyMs += this.#returnedAt - began - waitedMs;
    return clip;
  }

  stats(): ClipLoaderStats {
    const { B, T, V, H, W } = this.shape;
    return {
      batches: this.#batches,
      waitMs: this.#waitMs,
      copyMs: this.#copyMs,
      computeMs: this.#computeMs,
      framesDecoded: this.#pool.framesDecoded,
      decodeMs: this.#pool.decodeMs,
      hits: this.#hits,
      misses: this.#misses,
      copiedBytes: this.#batches * B * T * V * H * W * 3,
      cacheBytes: this.#sources.reduce((sum, { residency }) => sum + residency.bytes, 0),
    };
  }

  /** Stops the threads. A loader that is not closed lets the process end once its decoding is done. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Draws one window into place `b`. @returns milliseconds waited for its frames */
  async #put(clip: Clip, b: number): Promise<number> {
    const s = nextSource(
      this.#sources.map(({ share }) => share),
      this.#drawn,
    );
    const source = this.#sources[s] as LoadedSource;
    const n = this.#drawn[s] as number;
    const began = performance.now();
    let draw = source.order.draw(n);
    let wasReady = true;
    for (let attempt = 0; ; attempt++) {
      const resident: Resident = source.residency.find(draw.pool, draw.item, n);
      if (attempt === 0) source.residency.advance(draw.pool);
      if (resident.state === "decoding") {
        wasReady = false;
        await resident.done;
      }
      if (resident.state === "ready") {
        const waitedMs = wasReady ? 0 : performance.now() - began;
        const episode = source.episodes[draw.item] as ClipEpisode;
        const { frames } = resident;
        const { taskId } = source;
        putWindow(clip, b, { episode, frames, start: draw.start, skip: this.shape.skip, taskId });
        this.#drawn[s] = n + 1;
        if (wasReady) this.#hits++;
        else this.#misses++;
        return waitedMs;
      }
      if (source.residency.hasFailed(draw.pool)) {
        const { dataset, episode, reason } = this.#skipped.at(-1) as SkippedEpisode;
        throw new DataError(
          `ClipLoader: none of ${draw.pool.members.length} episodes can be decoded; the last, ${episode} of ${dataset}: ${reason}`,
        );
      }
      draw = source.order.redraw(n, attempt);
    }
  }
}
