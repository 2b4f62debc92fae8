/** Which episodes can be drawn from, with their numbers in memory; pictures come later. */
import { messageOf, UsageError } from "@orrery/core";
import type { CameraSource, EpisodeColumns } from "../episode-info.ts";
import type { DatasetReader } from "../reader.ts";

/** An episode that is ready to be cut into windows. */
export interface ClipEpisode {
  /** Unique over all sources; the dataset's own index for the first source. It stands in `Clip.origin`. */
  readonly id: number;
  readonly dataset: DatasetReader;
  /** In its dataset. */
  readonly index: number;
  /** Rows. */
  readonly length: number;
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
  /** Rows an episode needs at least. */
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
        const bad = columns.nonFiniteRows;
        if (bad.length > 0) skip(`${bad.length} rows hold a NaN or an infinity, first row ${bad[0]}`);
        else if (columns.length < minRows)
          skip(`${columns.length} rows are fewer than a window's ${minRows}`);
        else {
          episodes.push({
            id: idBase + index,
            dataset,
            index,
            length: columns.length,
            columns,
            cameras: cameras.map((name) => ({ name, source: info.cameras[name] as CameraSource })),
          });
        }
      } catch (error) {
        skip(messageOf(error));
      }
    }
  }
  return { episodes, skipped, cameras };
}
