/**
 * Verdicts on disk, beside the dataset and apart from it: `meta/curation/summary.json` names the folder of tables that
 * belongs to it, and is replaced in one rename, so that a reader sees the last curation or the one before, never half.
 *
 * `episodes.parquet`: one row per episode, with `<verdict>_frames` and `<verdict>_reason` for each verdict;
 * `findings.parquet`: one row per finding; `kept.parquet`: the spans to learn from; `cameras.parquet`: facts and motion.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError, messageOf } from "@orrery/core";
import { writeFileAtomic, writeJsonAtomic } from "@orrery/core/node";
import { z } from "zod";
import { FolderFiles } from "../files-node.ts";
import { ParquetFile, type RawColumn } from "../parquet/read.ts";
import { ParquetBuilder } from "../parquet/write.ts";
import type { CurationConfig } from "./config.ts";
import { VERDICTS, type Finding, type Verdict } from "./finding.ts";
import { groupBy } from "./group-by.ts";
import type { CurationReport, EpisodeVerdict } from "./report.ts";
import type { Span } from "./spans.ts";

/** What was decided, for whoever draws episodes. */
export interface Curation {
  readonly dataset: string;
  readonly report: CurationReport;
  readonly config: CurationConfig;
  /** Every episode that was judged, in order of index. */
  readonly episodes: readonly CuratedEpisode[];
  /** Indices of the episodes of which something is kept. */
  readonly keptEpisodes: readonly number[];
  /** Findings of all episodes, read when asked for. */
  findings(): Promise<readonly (Finding & { readonly episode: number })[]>;
}

export interface CuratedEpisode {
  readonly episode: number;
  /** Rows when it was judged. */
  readonly length: number;
  /** Spans of rows to learn from; empty where nothing is kept. No cut or clock gap lies inside one. */
  readonly kept: readonly Span[];
  /** Why something was dropped; empty where all is kept. */
  readonly reason: string;
}

export function defaultSidecar(dataset: string): string {
  return join(dataset, "meta", "curation");
}

/** Whether a dataset has verdicts inside it. */
export function isCurated(dataset: string): boolean {
  return existsSync(join(defaultSidecar(dataset), "summary.json"));
}

/** A table as columns with their numpy types. */
type Table = readonly (readonly [name: string, dtype: string, values: readonly unknown[]])[];

export function writeCuration(
  folder: string,
  config: CurationConfig,
  report: CurationReport,
  verdicts: readonly EpisodeVerdict[],
): void {
  const tables: Record<string, Table> = {
    episodes: episodeTable(verdicts),
    findings: findingTable(verdicts),
    kept: keptTable(verdicts),
    cameras: cameraTable(verdicts),
  };
  const bytes = Object.entries(tables).map(([name, table]) => [name, encode(table)] as const);
  const hash = createHash("sha256");
  for (const [, table] of bytes) hash.update(table);
  // Named by content: writing the same verdicts again changes nothing.
  const tablesFolder = `tables-${hash.digest("hex").slice(0, 12)}`;
  for (const [name, table] of bytes) writeFileAtomic(join(folder, tablesFolder, `${name}.parquet`), table);
  writeJsonAtomic(join(folder, "summary.json"), { version: 1, tables: tablesFolder, config, report });
  for (const name of readdirSync(folder)) {
    if (name.startsWith("tables-") && name !== tablesFolder) rmSync(join(folder, name), { recursive: true });
  }
}

const SummarySchema = z.object({
  version: z.literal(1),
  tables: z.string().regex(/^tables-[0-9a-f]+$/),
  config: z.custom<CurationConfig>((value) => typeof value === "object" && value !== null),
  report: z.custom<CurationReport>((value) => typeof value === "object" && value !== null),
});

/**
 * The curation of a dataset.
 * @param sidecar where it lies, if not inside the dataset
 * @throws {DataError} if the dataset has not been curated, or the files are damaged
 */
export async function readCuration(dataset: string, sidecar = defaultSidecar(dataset)): Promise<Curation> {
  const path = join(sidecar, "summary.json");
  let summary: z.output<typeof SummarySchema>;
  try {
    summary = SummarySchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const found = isMissing ? "there is none" : `it cannot be read (${messageOf(error)})`;
    throw new DataError(
      `readCuration: ${path} must hold the curation of ${dataset}, ${found}. Run: ./orrery data curate ${dataset}`,
      { path, cause: error },
    );
  }
  const folder = join(sidecar, summary.tables);
  const episodes = await readTable(folder, "episodes", ["episode_index", "length", "reason"]);
  const kept = await readTable(folder, "kept", ["episode_index", "from", "to"]);
  const spans = groupBy(
    numbers(kept, "episode_index").map((episode, i) => ({
      episode,
      from: Number(kept.get("from")?.[i]),
      to: Number(kept.get("to")?.[i]),
    })),
    ({ episode }) => episode,
  );
  const judged = numbers(episodes, "episode_index").map((episode, i) => ({
    episode,
    length: Number(episodes.get("length")?.[i]),
    kept: (spans.get(episode) ?? []).map(({ from, to }) => ({ from, to })),
    reason: String(episodes.get("reason")?.[i]),
  }));
  return {
    dataset,
    report: summary.report,
    config: summary.config,
    episodes: judged,
    keptEpisodes: judged.filter((episode) => episode.kept.length > 0).map(({ episode }) => episode),
    findings: () => readFindings(folder),
  };
}

/**
 * Spans to learn from, by episode, as the clip loader takes them; empty for an episode of which nothing is kept. An
 * episode recorded after the curation is not in it: leave it out, or it counts as kept whole.
 */
export function keptSpansOf({ episodes }: Pick<Curation, "episodes">): Map<number, readonly Span[]> {
  return new Map(episodes.map(({ episode, kept }) => [episode, kept]));
}

async function readFindings(folder: string): Promise<(Finding & { episode: number })[]> {
  const names = [
    "episode_index",
    "camera",
    "verdict",
    "action",
    "from",
    "to",
    "reason",
    "value",
    "threshold",
  ];
  const table = await readTable(folder, "findings", names);
  const text = (name: string, i: number): string => String(table.get(name)?.[i]);
  const number = (name: string, i: number): number => Number(table.get(name)?.[i]);
  return numbers(table, "episode_index").map((episode, i) => ({
    episode,
    camera: text("camera", i),
    verdict: text("verdict", i) as Verdict,
    action: text("action", i) as Finding["action"],
    from: number("from", i),
    to: number("to", i),
    reason: text("reason", i),
    value: number("value", i),
    threshold: number("threshold", i),
  }));
}

async function readTable(
  folder: string,
  name: string,
  columns: readonly string[],
): Promise<Map<string, RawColumn>> {
  const files = new FolderFiles(folder);
  const file = await ParquetFile.open(join(folder, `${name}.parquet`), await files.open(`${name}.parquet`));
  return file.readAll(columns);
}

function numbers(table: ReadonlyMap<string, RawColumn>, name: string): number[] {
  return Array.from(table.get(name) ?? [], Number);
}

function encode(table: Table): Uint8Array {
  const builder = new ParquetBuilder(table.map(([name, dtype]) => ({ name, dtype, depth: 0 })));
  builder.addGroup(new Map(table.map(([name, , values]) => [name, values])), table[0]?.[2].length ?? 0);
  return builder.finish();
}

function episodeTable(verdicts: readonly EpisodeVerdict[]): Table {
  const each = (of: (verdict: EpisodeVerdict) => unknown): unknown[] => verdicts.map(of);
  return [
    ["episode_index", "int64", each(({ episode }) => episode)],
    ["length", "int64", each(({ length }) => length)],
    ["kept_frames", "int64", each(({ keptFrames }) => keptFrames)],
    ["keep", "bool", each(({ kept }) => kept.length > 0)],
    ["reason", "string", each(reasonOf)],
    ["operator", "string", each(({ operator }) => operator)],
    ["jerk", "float32", each(({ jerk }) => jerk)],
    ...VERDICTS.flatMap((verdict): Table => {
      const ofKind = ({ findings }: EpisodeVerdict): readonly Finding[] =>
        findings.filter((finding) => finding.verdict === verdict);
      const framesOf = (episode: EpisodeVerdict): number =>
        episode.droppedFrames[verdict] ?? ofKind(episode).reduce((sum, { from, to }) => sum + to - from, 0);
      return [
        [`${verdict}_frames`, "int64", each(framesOf)],
        [`${verdict}_reason`, "string", each((episode) => longest(ofKind(episode))?.reason ?? "")],
      ];
    }),
  ];
}

/** "static 120 frames (nothing moves for ...)" per verdict that dropped something. */
function reasonOf({ droppedFrames, findings }: EpisodeVerdict): string {
  return VERDICTS.filter((verdict) => (droppedFrames[verdict] ?? 0) > 0)
    .map((verdict) => {
      const worst = longest(findings.filter((finding) => finding.verdict === verdict));
      return `${verdict} ${droppedFrames[verdict]} frames${worst ? ` (${worst.reason})` : ""}`;
    })
    .join("; ");
}

function longest(findings: readonly Finding[]): Finding | undefined {
  return findings.reduce<Finding | undefined>(
    (best, finding) => (best && best.to - best.from >= finding.to - finding.from ? best : finding),
    undefined,
  );
}

function findingTable(verdicts: readonly EpisodeVerdict[]): Table {
  const rows = verdicts.flatMap(({ episode, findings }) => findings.map((finding) => ({ episode, finding })));
  const each = (of: (finding: Finding) => unknown): unknown[] => rows.map(({ finding }) => of(finding));
  return [
    ["episode_index", "int64", rows.map(({ episode }) => episode)],
    ["camera", "string", each(({ camera }) => camera)],
    ["verdict", "string", each(({ verdict }) => verdict)],
    ["action", "string", each(({ action }) => action)],
    ["from", "int64", each(({ from }) => from)],
    ["to", "int64", each(({ to }) => to)],
    ["reason", "string", each(({ reason }) => reason)],
    ["value", "float64", each(({ value }) => value)],
    ["threshold", "float64", each(({ threshold }) => threshold)],
  ];
}

function keptTable(verdicts: readonly EpisodeVerdict[]): Table {
  const rows = verdicts.flatMap(({ episode, kept }) => kept.map((span) => ({ episode, ...span })));
  return [
    ["episode_index", "int64", rows.map(({ episode }) => episode)],
    ["from", "int64", rows.map(({ from }) => from)],
    ["to", "int64", rows.map(({ to }) => to)],
  ];
}

function cameraTable(verdicts: readonly EpisodeVerdict[]): Table {
  const rows = verdicts.flatMap(({ episode, cameras }) => cameras.map((camera) => ({ episode, ...camera })));
  type Row = (typeof rows)[number];
  const column = (name: string, dtype: string, of: (row: Row) => unknown): Table[number] => [
    name,
    dtype,
    rows.map(of),
  ];
  return [
    column("episode_index", "int64", ({ episode }) => episode),
    column("camera", "string", ({ facts }) => facts.camera),
    column("width", "int64", ({ facts }) => facts.width),
    column("height", "int64", ({ facts }) => facts.height),
    column("fps", "float64", ({ facts }) => facts.fps),
    column("codec", "string", ({ facts }) => facts.codec),
    ...(["left", "top", "right", "bottom"] as const).map((side, i) =>
      column(`content_${side}`, "float32", ({ facts }) => facts.contentBox[i]),
    ),
    column("motion", "string", ({ motion }) => motion.label),
    column("pan_per_sec", "float32", ({ motion }) => motion.panPerSec),
    column("tilt_per_sec", "float32", ({ motion }) => motion.tiltPerSec),
    column("zoom_per_sec", "float32", ({ motion }) => motion.zoomPerSec),
    column("speed_per_sec", "float32", ({ motion }) => motion.speedPerSec),
    column("motion_trusted", "float32", ({ motion }) => motion.trusted),
  ];
}
