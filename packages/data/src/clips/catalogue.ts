/** Which episodes can be drawn from, with their numbers in memory; pictures come later. */
import { messageOf, UsageError } from "@orrery/core";
import { spoiledRows } from "../assemble.ts";
import type { Span } from "../curate/spans.ts";
import type { CameraSource, EpisodeColumns, EpisodeInfo } from "../episode-info.ts";
import type { DatasetReader } from "../reader.ts";
import { sliceColumns } from "./slice-columns.ts";

/** Spans of rows to learn from, by episode; an episode that is not named is taken whole. */
export type KeptSpans = ReadonlyMap<number, readonly Span[]>;

/** An episode, or a kept span of one, that is ready to be cut into windows. */
export interface ClipEpisode {
  /**
   * Of the episode: unique over all sources, the dataset's own index for the first source. It stands in `Clip.origin`.
   * Spans of one episode share it.
   */
  readonly id: number;
  readonly dataset: DatasetReader;
  /** In its dataset. */
  readonly index: number;
  /** First row, 0 for a whole episode. */
  readonly from: number;
  /** Rows from there on. */
  readonly length: number;
  /** Those rows. */
  readonly columns: EpisodeColumns;
  /** In the order of the V axis. */
  readonly cameras: readonly { readonly name: string; readonly source: CameraSource }[];
}

/** An episode left out, and why. */
export interface SkippedEpisode {
  readonly dataset: string;
  readonly episode: number;
  readonly reason: string;
}

export interface CatalogueRequest {
  readonly dataset: DatasetReader;
  readonly episodes?: readonly number[];
  readonly cameras?: readonly string[];
  readonly spans?: KeptSpans;
  /** Rows an episode or span needs at least. */
  readonly minRows: number;
  /** Added to each episode's index to make its id. */
  readonly idBase: number;
}

export interface Catalogue {
  readonly episodes: ClipEpisode[];
  readonly skipped: SkippedEpisode[];
  readonly cameras: readonly string[];
}

/** Colour cameras of a dataset that at least one episode has pictures of; some sets declare more than they hold. */
export function colourCameras(dataset: DatasetReader): string[] {
  return dataset.cameras
    .filter(({ isDepth, name }) => !isDepth && dataset.episodes.some(({ cameras }) => cameras[name]))
    .map(({ name }) => name);
}

/**
 * Reads the rows of the chosen episodes and sorts out those that cannot be used.
 * @throws {UsageError} if a camera or episode is asked for that the dataset does not have
 */
export async function readCatalogue(request: CatalogueRequest): Promise<Catalogue> {
  const { dataset, minRows, idBase } = request;
  const cameras = request.cameras ?? colourCameras(dataset);
  const root = dataset.files.root;
  const known = dataset.cameras.map(({ name }) => name);
  const unknown = cameras.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `clips: camera ${unknown.join(", ")} must be one of ${known.join(", ") || "none"} (${root}).`,
    );
  }
  const byIndex = new Map(dataset.episodes.map((episode) => [episode.index, episode]));
  const episodes: ClipEpisode[] = [];
  const skipped: SkippedEpisode[] = [];
  for (const index of request.episodes ?? byIndex.keys()) {
    const info = byIndex.get(index);
    if (!info) {
      const last = dataset.episodes.at(-1)?.index ?? -1;
      throw new UsageError(`clips: episode must be one of 0 to ${last}, got ${index} (${root}).`);
    }
    const skip = (reason: string): void => void skipped.push({ dataset: root, episode: index, reason });
    const missing = cameras.filter((name) => !info.cameras[name]);
    if (!info.readable) skip("its data file is missing");
    else if (missing.length > 0) skip(`no pictures of camera ${missing.join(", ")}`);
    else {
      try {
        const columns = await dataset.readEpisode(index);
        const about = { ...request, cameras, info, id: idBase + index };
        for (const span of spansOf(request.spans, index, columns.length)) {
          const reason = whyNot(columns, span, minRows);
          if (reason === null) episodes.push(piece(about, columns, span));
          else skip(reason);
        }
      } catch (error) {
        skip(messageOf(error));
      }
    }
  }
  return { episodes, skipped, cameras };
}

/** The spans of an episode of `length` rows that are to be learnt from. */
function spansOf(spans: KeptSpans | undefined, index: number, length: number): Span[] {
  const kept = spans?.get(index) ?? [{ from: 0, to: length }];
  return kept.map(({ from, to }) => ({ from: Math.min(from, length), to: Math.min(to, length) }));
}

/** Why no window can be cut from a span, null where one can. */
function whyNot(columns: EpisodeColumns, { from, to }: Span, minRows: number): string | null {
  const bad = spoiledRows(columns, from, to);
  if (bad.length > 0) return `${bad.length} rows hold a NaN or an infinity, first row ${bad[0]}`;
  if (to - from >= minRows) return null;
  const place = to - from === columns.length ? "" : ` from row ${from} on`;
  return `${to - from} rows${place} are fewer than a window's ${minRows}`;
}

interface About {
  readonly dataset: DatasetReader;
  readonly cameras: readonly string[];
  readonly info: EpisodeInfo;
  readonly id: number;
}

function piece(
  { dataset, cameras, info, id }: About,
  columns: EpisodeColumns,
  { from, to }: Span,
): ClipEpisode {
  return {
    id,
    dataset,
    index: info.index,
    from,
    length: to - from,
    columns: to - from === columns.length ? columns : sliceColumns(columns, from, to),
    cameras: cameras.map((name) => ({ name, source: info.cameras[name] as CameraSource })),
  };
}
