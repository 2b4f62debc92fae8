/**
 * Measurements on disk, so that thresholds can be changed, and datasets compared, without decoding again.
 *
 * `measures/part-00000.parquet` holds whole episodes, one row group each, one row per camera and frame. Which episodes
 * a part holds, with the facts of each camera, stands in its footer under `orrery_measures`.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { writeFileAtomic } from "@orrery/core/node";
import { z } from "zod";
import { FolderFiles } from "../files-node.ts";
import { ParquetFile } from "../parquet/read.ts";
import { ParquetBuilder, type ParquetColumn } from "../parquet/write.ts";
import { FRAME_MEASURES, type CameraMeasures, type FrameMeasures, type HashedFrame } from "./frame-meter.ts";
import { HASH_CROPS } from "./perceptual-hash.ts";

/** Raise it when a measure changes its meaning: older files are then measured again. */
const VERSION = 1;
const FOOTER_KEY = "orrery_measures";

const CameraFactsSchema = z.object({
  camera: z.string(),
  /** Frames that were decoded. */
  frames: z.int().nonnegative(),
  width: z.number(),
  height: z.number(),
  fps: z.number(),
  codec: z.string(),
  damagedFrames: z.number(),
  contentBox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  /** Why decoding ended early. */
  error: z.string().optional(),
});
/** What is known of a camera in an episode beside its frames' measures. */
export type CameraFacts = z.output<typeof CameraFactsSchema>;

const EpisodeSchema = z.object({
  episode: z.int().nonnegative(),
  key: z.string(),
  rowsHash: z.string(),
  cameras: z.array(CameraFactsSchema),
});
const FooterSchema = z.object({ version: z.literal(VERSION), episodes: z.array(EpisodeSchema) });

export interface MeasuredCamera extends CameraMeasures {
  readonly facts: CameraFacts;
}

export interface EpisodeMeasures {
  readonly episode: number;
  /** Names the content that was measured; another key means that the episode has changed. */
  readonly key: string;
  /** Of the state and action alone; empty where the episode has neither. */
  readonly rowsHash: string;
  readonly cameras: readonly MeasuredCamera[];
}

const COLUMNS: readonly ParquetColumn[] = [
  { name: "episode_index", dtype: "int32", depth: 0 },
  { name: "camera", dtype: "string", depth: 0 },
  { name: "frame_index", dtype: "int32", depth: 0 },
  ...FRAME_MEASURES.map((name) => ({ name, dtype: "float32", depth: 0 })),
  { name: "hash", dtype: "string", depth: 0 },
];

/** Writes `episodes` as the next part. */
export function writeMeasures(folder: string, episodes: readonly EpisodeMeasures[]): void {
  const parts = partsOf(folder);
  const number = parts.length === 0 ? 0 : 1 + Math.max(...parts.map((name) => Number(name.slice(5, -8))));
  const footer = {
    version: VERSION,
    episodes: episodes.map(({ episode, key, rowsHash, cameras }) => ({
      episode,
      key,
      rowsHash,
      cameras: cameras.map(({ facts }) => facts),
    })),
  };
  const builder = new ParquetBuilder(COLUMNS, [{ key: FOOTER_KEY, value: JSON.stringify(footer) }]);
  for (const { episode, cameras } of episodes) {
    const numRows = cameras.reduce((sum, { facts }) => sum + facts.frames, 0);
    const each = <T>(of: (camera: MeasuredCamera) => readonly T[]): T[] =>
      cameras.flatMap((camera) => of(camera));
    const values = new Map<string, readonly unknown[]>([
      ["episode_index", Array.from({ length: numRows }, () => episode)],
      ["camera", each(({ facts }) => Array.from({ length: facts.frames }, () => facts.camera))],
      ["frame_index", each(({ facts }) => Array.from({ length: facts.frames }, (_, t) => t))],
      ["hash", each(({ facts, hashes }) => hashColumn(facts.frames, hashes))],
    ]);
    for (const name of FRAME_MEASURES)
      values.set(
        name,
        each(({ frames }) => Array.from(frames[name])),
      );
    builder.addGroup(values, numRows);
  }
  writeFileAtomic(join(folder, `part-${String(number).padStart(5, "0")}.parquet`), builder.finish());
}

/** Where the measures of each episode lie. */
export class MeasureStore {
  readonly #places = new Map<
    number,
    { file: ParquetFile; group: number; about: z.output<typeof EpisodeSchema> }
  >();

  /** Reads footers only. Parts of another version or with damage are passed over, and measured again. */
  static async open(folder: string): Promise<MeasureStore> {
    const store = new MeasureStore();
    const files = new FolderFiles(folder);
    for (const name of partsOf(folder)) {
      try {
        const file = await ParquetFile.open(join(folder, name), await files.open(name));
        const { episodes } = FooterSchema.parse(JSON.parse(file.keyValue(FOOTER_KEY) ?? "null"));
        let group = 0;
        for (const about of episodes) {
          store.#places.set(about.episode, { file, group, about });
          // An episode without frames has no row group.
          if (about.cameras.some(({ frames }) => frames > 0)) group++;
        }
      } catch (error) {
        if (!(error instanceof DataError || error instanceof z.ZodError || error instanceof SyntaxError))
          throw error;
      }
    }
    return store;
  }

  /** Key of the content that was measured, undefined where nothing was. */
  keyOf(episode: number): string | undefined {
    return this.#places.get(episode)?.about.key;
  }

  /** @throws {DataError} if the part has been damaged since it was opened */
  async read(episode: number): Promise<EpisodeMeasures> {
    const place = this.#places.get(episode);
    if (!place)
      throw new DataError(`curation: episode ${episode} has not been measured. Run curation again.`);
    const { about, file, group } = place;
    const hasRows = about.cameras.some(({ frames }) => frames > 0);
    const columns = hasRows ? await file.readGroup(group, [...FRAME_MEASURES, "hash"]) : new Map();
    let at = 0;
    const cameras = about.cameras.map((facts) => {
      const rows = <T>(name: string): T[] =>
        Array.prototype.slice.call(columns.get(name) ?? [], at, at + facts.frames) as T[];
      const frames = Object.fromEntries(
        FRAME_MEASURES.map((name) => [name, Float32Array.from(rows<number>(name))]),
      ) as FrameMeasures;
      const hashes = rows<string>("hash").flatMap((text, frame) => parseHashes(text, frame));
      at += facts.frames;
      return { facts, frames, hashes, contentBox: facts.contentBox };
    });
    return { episode, key: about.key, rowsHash: about.rowsHash, cameras };
  }
}

function partsOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^part-\d+\.parquet$/.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new DataError(`curation: ${folder} cannot be listed (${messageOf(error)}).`, {
      path: folder,
      cause: error,
    });
  }
}

/** Sixteen hexadecimal digits per crop, nothing in the frames between samples. */
function hashColumn(length: number, hashes: readonly HashedFrame[]): string[] {
  const column = Array.from({ length }, () => "");
  for (const { frame, hashes: ofFrame } of hashes) {
    column[frame] = ofFrame.map(({ high, low }) => hex(high) + hex(low)).join("");
  }
  return column;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function parseHashes(text: string, frame: number): HashedFrame[] {
  if (text.length !== HASH_CROPS.length * 16) return [];
  const hashes = HASH_CROPS.map((_, i) => ({
    high: Number.parseInt(text.slice(16 * i, 16 * i + 8), 16),
    low: Number.parseInt(text.slice(16 * i + 8, 16 * i + 16), 16),
  }));
  return [{ frame, hashes }];
}
