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
import { firstBytes, hashFile, kindOf, listFiles, otherFiles } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { IsolatedH5 } from "./isolated.ts";
import type { H5Found } from "./read-file.ts";

const Settings = z.strictObject({
  /** Control rate in Hz; 20 for robosuite and 50 for ALOHA where the file does not say. */
  rateHz: rateSetting.optional(),
  /** Task text of every episode, which these layouts do not hold. */
  task: z.string().optional(),
  /** How long the HDF5 library may take for one answer before the file is given up. */
  stallSec: z.coerce.number().positive().max(3600).default(30),
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
  readonly #library: IsolatedH5;

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
    this.#library = new IsolatedH5(settings.stallSec);
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
        steps: () => watched(this.#library.steps(path, group, this.#settings.rateHz), rateHz, findings),
        findings: () => findings.list(),
      };
    }
  }

  close(): Promise<void> {
    return this.#library.close();
  }

  /** Every file in turn; one that stalls or crashes the library is left with the reason, and the next is read. */
  async *#walk(): AsyncGenerator<Skip | (H5Found & { path: string })> {
    for (const name of this.#files) {
      const path = name === "" ? this.#root : join(this.#root, name);
      const label = name === "" ? basename(path) : name;
      try {
        for await (const found of this.#library.walk(path, label, this.#settings.rateHz)) {
          yield "reason" in found ? found : { ...found, path };
        }
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        yield { what: label, reason: messageOf(error) };
      }
    }
  }
}
