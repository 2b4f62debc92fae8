/**
 * Donkeycar tubs, version 2: catalogs of JSON lines beside a folder of JPEGs; a folder or a .tar / .tar.gz of one.
 *
 * Row t holds the picture and the steering and throttle that were given on seeing it, which is our alignment. Rows
 * follow the order of frames at the drive loop's rate: tubs are often converted, and their time stamps then say when
 * the conversion ran. Records marked as deleted, missing indexes and new sessions each begin another episode.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DataError, type Embodiment, type Image, messageOf, type Step } from "@orrery/core";
import { z } from "zod";
import type {
  EpisodeSource,
  Skip,
  SourceEpisode,
  SourceFormat,
  SourceOptions,
  SourceSummary,
} from "../../source.ts";
import { hashFile, kindOf, listFiles, readSmallFile } from "../shared/files.ts";
import { Findings, watched } from "../shared/findings.ts";
import { parseJsonLine, readLines } from "../shared/lines.ts";
import { decodePicture, pictureSize } from "../shared/pictures.ts";
import { parseSettings, rateSetting } from "../shared/settings.ts";
import { readTar, unpackTar } from "../shared/tar.ts";

const Settings = z.strictObject({
  /** Rate of the drive loop in Hz; Donkeycar's default. */
  rateHz: rateSetting.default(20),
  task: z.string().optional(),
});
type TubSettings = z.output<typeof Settings>;

const ARCHIVE = /\.(tar|tar\.gz|tgz)$/;
const UNPACK_LIMITS = { files: 2_000_000, bytes: 64 * 2 ** 30 };
const MAX_PICTURE_BYTES = 32 << 20;

export const tubFormat: SourceFormat = {
  name: "tub",
  async recognise(path) {
    const kind = await kindOf(path);
    if (kind === "folder") return (await findTub(path)) === undefined ? 0 : 0.95;
    if (kind !== "file" || !ARCHIVE.test(path)) return 0;
    try {
      let left = 200; // the catalog stands near the front of every tub archive seen; more would read too much
      for await (const { name } of readTar(path)) {
        if (/(^|\/)catalog_\d+\.catalog$/.test(name)) return 0.95;
        if (--left === 0) return 0;
      }
    } catch {
      // Damaged archives are reported when they are opened on purpose.
    }
    return 0;
  },
  open: openTub,
};

/** Opens a tub folder, a folder around one, or an archive, which is unpacked to a temporary folder until `close`. */
export async function openTub(path: string, options: SourceOptions): Promise<EpisodeSource> {
  const settings = parseSettings("tub", Settings, options);
  if ((await kindOf(path)) === "folder") return makeSource(path, path, [], settings, options);
  const temporary = await mkdtemp(join(tmpdir(), "orrery-tub-"));
  try {
    const isWanted = (name: string): boolean =>
      /(manifest\.json|\.catalog|\.jpe?g|\.png)$/i.test(name) && !basename(name).startsWith("._");
    const { refused } = await unpackTar(path, temporary, isWanted, UNPACK_LIMITS);
    const skipped = refused.map(({ name, reason }) => ({ what: name, reason }));
    const source = await makeSource(temporary, path, skipped, settings, options);
    return { ...source, close: () => rm(temporary, { recursive: true, force: true }) };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** The folder that holds manifest.json and catalogs: the path itself or one of its sub-folders. */
async function findTub(path: string): Promise<string | undefined> {
  const catalog = (await listFiles(path)).find((name) => /(^|\/)catalog_\d+\.catalog$/.test(name));
  return catalog === undefined ? undefined : join(path, catalog, "..");
}

/** Consecutive records of one session; where its first line begins. */
interface Run {
  readonly catalog: number;
  readonly at: number;
  readonly firstIndex: number;
  count: number;
  firstMs: number;
  lastMs: number;
}

async function makeSource(
  folder: string,
  shown: string,
  skipped: readonly Skip[],
  settings: TubSettings,
  options: SourceOptions,
): Promise<EpisodeSource> {
  const tub = await findTub(folder);
  if (tub === undefined) {
    throw new DataError(
      `import tub: ${shown} must hold catalog_<n>.catalog files (Donkeycar tub version 2), found none. ` +
        "Convert version 1 tubs with donkeycar's convert_to_tub_v2.py.",
      { path: shown },
    );
  }
  const { catalogs, deleted } = await readManifest(tub);
  const { runs, skipped: found } = await findRuns(catalogs, deleted);
  const allSkipped = [...skipped, ...found];
  const hash = await hashFile(catalogs[0] ?? "");

  return {
    format: "tub",
    describe(): Promise<SourceSummary> {
      const frames = runs.reduce((sum, run) => sum + run.count, 0);
      const notes = [`rows follow the order of frames at ${settings.rateHz} Hz`];
      return Promise.resolve({ episodes: runs.length, frames, notes, skipped: allSkipped });
    },
    async *episodes() {
      yield* allSkipped;
      for (const run of runs) {
        try {
          yield await makeEpisode(tub, catalogs, run, basename(shown), hash, settings, options);
        } catch (error) {
          yield { what: `records from ${run.firstIndex}`, reason: messageOf(error) };
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Catalogs in order and the indexes marked as deleted. Without a manifest, catalogs go by their numbers. */
async function readManifest(tub: string): Promise<{ catalogs: string[]; deleted: ReadonlySet<number> }> {
  const present = (await listFiles(tub)).filter((name) => /^catalog_\d+\.catalog$/.test(name));
  present.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const deleted = new Set<number>();
  const manifest = join(tub, "manifest.json");
  if ((await kindOf(manifest)) === "file") {
    for await (const { text } of readLines(manifest)) {
      const indexes = parseJsonLine(text)?.["deleted_indexes"];
      if (Array.isArray(indexes))
        for (const index of indexes) if (typeof index === "number") deleted.add(index);
    }
  }
  return { catalogs: present.map((name) => join(tub, name)), deleted };
}

/** One pass over all lines that keeps only where each run begins and how long it is. */
async function findRuns(
  catalogs: readonly string[],
  deleted: ReadonlySet<number>,
): Promise<{ runs: Run[]; skipped: Skip[] }> {
  const runs: Run[] = [];
  let numDeleted = 0;
  let numBad = 0;
  let last = { index: Number.NaN, session: "" };
  for (const [catalog, path] of catalogs.entries()) {
    for await (const { text, at } of readLines(path)) {
      const record = parseJsonLine(text);
      const index = record?.["_index"];
      const name = record?.["cam/image_array"];
      const isWhole = typeof index === "number" && typeof name === "string" && isPictureName(name);
      if (!isWhole || deleted.has(index)) {
        if (isWhole) numDeleted++;
        else if (text.trim() !== "") numBad++;
        last = { index: Number.NaN, session: "" };
        continue;
      }
      const stamp = record?.["_timestamp_ms"];
      const ms = typeof stamp === "number" ? stamp : Number.NaN;
      const session = JSON.stringify(record?.["_session_id"] ?? "");
      const run = runs.at(-1);
      if (run && index === last.index + 1 && session === last.session) {
        run.count++;
        run.lastMs = ms;
      } else runs.push({ catalog, at, firstIndex: index, count: 1, firstMs: ms, lastMs: ms });
      last = { index, session };
    }
  }
  const skipped: Skip[] = [];
  if (numDeleted > 0)
    skipped.push({ what: `${numDeleted} records`, reason: "marked as deleted in the manifest" });
  if (numBad > 0)
    skipped.push({ what: `${numBad} records`, reason: "no index, no picture name, or damaged JSON" });
  return { runs, skipped };
}

async function makeEpisode(
  tub: string,
  catalogs: readonly string[],
  run: Run,
  name: string,
  hash: string,
  settings: TubSettings,
  options: SourceOptions,
): Promise<SourceEpisode> {
  const first = await firstRecord(catalogs, run);
  const picture = String(first["cam/image_array"]);
  const size = await pictureSize(
    await readSmallFile(join(tub, "images", picture), MAX_PICTURE_BYTES),
    picture,
  );
  const embodiment: Embodiment = {
    name: "donkeycar",
    controlRateHz: settings.rateHz,
    state: [],
    action: [
      { name: "steering", width: 1, unit: "1", limits: [[-1, 1]], kind: "continuous", mode: "absolute" },
      { name: "throttle", width: 1, unit: "1", limits: [[-1, 1]], kind: "continuous", mode: "absolute" },
    ],
    cameras: [{ name: "front", width: size.width, height: size.height, mount: "car" }],
  };
  const findings = new Findings();
  const meanHz = ((run.count - 1) * 1000) / (run.lastMs - run.firstMs);
  if (run.count > 1 && !(meanHz > settings.rateHz / 2 && meanHz < settings.rateHz * 2)) {
    const found = Number.isFinite(meanHz) ? `${meanHz.toFixed(1)} Hz` : "no rate at all";
    findings.add(`time stamps say ${found}; the order of frames at ${settings.rateHz} Hz is used`, 0);
  }
  return {
    id: `records_${run.firstIndex}`,
    embodiment,
    ...(settings.task !== undefined && { task: settings.task }),
    provenance: {
      stream: options.stream ?? "teleop",
      source: `tub:${name}`,
      sourceHash: `${hash}:${run.firstIndex}`,
      labels: { mode: typeof first["user/mode"] === "string" ? first["user/mode"] : "unknown" },
    },
    steps: () => watched(readSteps(tub, catalogs, run), settings.rateHz, findings),
    findings: () => findings.list(),
  };
}

async function firstRecord(
  catalogs: readonly string[],
  run: Run,
): Promise<Readonly<Record<string, unknown>>> {
  for await (const { text } of readLines(catalogs[run.catalog] ?? "", run.at))
    return parseJsonLine(text) ?? {};
  return {};
}

async function* readSteps(tub: string, catalogs: readonly string[], run: Run): AsyncGenerator<Step> {
  let left = run.count;
  for (let catalog = run.catalog; left > 0 && catalog < catalogs.length; catalog++) {
    const start = catalog === run.catalog ? run.at : 0;
    for await (const { text } of readLines(catalogs[catalog] ?? "", start)) {
      const record = parseJsonLine(text);
      const name = record?.["cam/image_array"];
      if (!record || typeof name !== "string") continue; // blank lines; damaged ones have ended the run before
      yield {
        images: { front: await readPicture(tub, name) },
        action: [numberOf(record["user/angle"]), numberOf(record["user/throttle"])],
      };
      if (--left === 0) return;
    }
  }
}

async function readPicture(tub: string, name: string): Promise<Image> {
  return decodePicture(await readSmallFile(join(tub, "images", name), MAX_PICTURE_BYTES), name);
}

/** A bare file name: nothing that could lead out of the images folder. */
function isPictureName(name: string): boolean {
  return /^[\w.-]+$/.test(name) && !name.includes("..");
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}
