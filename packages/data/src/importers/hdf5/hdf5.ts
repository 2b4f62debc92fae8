/** Demonstrations in HDF5 files: robomimic, robosuite and ALOHA layouts, one file or a folder of them. */
import { basename, join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { stepsOf } from "../shared/columns.ts";
import { firstBytes, hashFile, kindOf, listFiles, otherFiles } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { H5File } from "./h5file.ts";
import { episodeGroups, type H5Episode, readEpisode } from "./layouts.ts";

const Settings = z.strictObject({
  /** Control rate in Hz; 20 for robosuite and 50 for ALOHA where the file does not say. */
  rateHz: rateSetting.optional(),
  /** Task text of every episode, which these layouts do not hold. */
  task: z.string().optional(),
});

const NAME = /\.(hdf5|h5)$/i;
const MAGIC = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

export const hdf5Format: SourceFormat = {
  name: "hdf5",
  async recognise(path) {
    const kind = await kindOf(path);
    if (kind === "file") return (await firstBytes(path, 8)).equals(MAGIC) ? 0.95 : 0;
    return kind === "folder" && (await listFiles(path)).some((file) => NAME.test(file)) ? 0.9 : 0;
  },
  open: openHdf5,
};

/** Opens one HDF5 file or a folder that holds some. */
export async function openHdf5(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("hdf5", Settings, options);
  const skipped: Skip[] = [];
  const isFolder = (await kindOf(path)) === "folder";
  const all = isFolder ? await listFiles(path, (skip) => skipped.push(skip)) : [""];
  const files = isFolder ? all.filter((file) => NAME.test(file)) : all;
  skipped.push(...otherFiles(all, files, "not HDF5"));
  if (files.length === 0)
    throw new DataError(`import hdf5: ${path} must hold .hdf5 or .h5 files, found none.`, { path });
  return new Hdf5Source(path, files, skipped, options, settings);
}

class Hdf5Source implements EpisodeSource {
  readonly format = "hdf5";
  readonly #root: string;
  readonly #files: readonly string[];
  readonly #skipped: readonly Skip[];
  readonly #options: SourceOptions;
  readonly #settings: z.output<typeof Settings>;

  constructor(
    root: string,
    files: readonly string[],
    skipped: readonly Skip[],
    options: SourceOptions,
    settings: z.output<typeof Settings>,
  ) {
    this.#root = root;
    this.#files = files;
    this.#skipped = skipped;
    this.#options = options;
    this.#settings = settings;
  }

  async describe(): Promise<SourceSummary> {
    const skipped: Skip[] = [...this.#skipped];
    const notes = new Set<string>();
    let episodes = 0;
    let frames = 0;
    for await (const found of this.#walk()) {
      if ("reason" in found) skipped.push(found);
      else {
        episodes++;
        frames += found.episode.steps;
        skipped.push(...found.episode.skipped);
        const { name, controlRateHz, cameras } = found.episode.embodiment;
        notes.add(`${name} at ${controlRateHz} Hz, ${cameras.length} cameras`);
      }
    }
    return { episodes, frames, notes: [...notes], skipped };
  }

  async *episodes(): AsyncGenerator<SourceEpisode | Skip> {
    yield* this.#skipped;
    let hashed = { file: "", hash: "" };
    for await (const found of this.#walk()) {
      if ("reason" in found) {
        yield found;
        continue;
      }
      const { id, path, group, episode } = found;
      for (const skip of episode.skipped) yield { what: `${id}: ${skip.what}`, reason: skip.reason };
      if (hashed.file !== path) hashed = { file: path, hash: await hashFile(path) };
      const findings = new Findings();
      const rateHz = episode.embodiment.controlRateHz;
      yield {
        id,
        embodiment: episode.embodiment,
        ...(this.#settings.task !== undefined && { task: this.#settings.task }),
        provenance: {
          stream: this.#options.stream ?? episode.stream,
          source: `hdf5:${basename(path)}`,
          sourceHash: hashed.hash,
          labels: episode.labels,
        },
        steps: () => watched(readSteps(path, group, this.#settings.rateHz), rateHz, findings),
        findings: () => findings.list(),
      };
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Every episode's structure, or why a file or group has none. */
  async *#walk(): AsyncGenerator<Skip | { id: string; path: string; group: string; episode: H5Episode }> {
    for (const name of this.#files) {
      const path = name === "" ? this.#root : join(this.#root, name);
      const label = name === "" ? basename(path) : name;
      let file: H5File | undefined;
      try {
        file = await H5File.open(path);
        for (const group of episodeGroups(file)) {
          const id = group === "" ? label : `${label}:${group}`;
          try {
            yield { id, path, group, episode: await readEpisode(file, group, this.#settings.rateHz) };
          } catch (error) {
            if (!(error instanceof DataError)) throw error;
            yield { what: id, reason: error.message };
          }
        }
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        yield { what: label, reason: messageOf(error) };
      } finally {
        file?.close();
      }
    }
  }
}

/** Opens the file anew, so that steps may be read at any time and do not hold the file open before. */
async function* readSteps(
  path: string,
  group: string,
  rateHz: number | undefined,
): ReturnType<typeof stepsOf> {
  const file = await H5File.open(path);
  try {
    const { plan, steps } = await readEpisode(file, group, rateHz);
    yield* stepsOf(plan, 0, steps);
  } finally {
    file.close();
  }
}
