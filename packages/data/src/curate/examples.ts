/**
 * Pictures of what curation decided: for each verdict a few spans as film strips, and as many that were kept. A number
 * of dropped frames can be believed only after looking at some of them.
 */
import { messageOf } from "@orrery/core";
import sharp from "sharp";
import type { DatasetReader } from "../reader.ts";
import { openDataset } from "../open.ts";
import { VideoReader } from "../video/index.ts";
import type { Finding, Verdict } from "./finding.ts";
import { groupBy } from "./group-by.ts";
import type { Curation } from "./sidecar.ts";
import { maskOf, runsOf, type Span } from "./spans.ts";

/** One span to look at. */
export interface CurationExample extends Span {
  /** "kept", or what was found. */
  readonly verdict: Verdict | "kept";
  readonly action: Finding["action"] | "keep";
  readonly episode: number;
  /** Camera that the strip shows; empty where the dataset has none. */
  readonly camera: string;
  readonly reason: string;
  /** Rows shown from left to right. */
  readonly rows: readonly number[];
  /** JPEG, the rows' pictures side by side, those of the span with a bar below; null where they cannot be read, with the reason in `unreadable`. */
  readonly strip: Uint8Array | null;
  readonly unreadable?: string;
}

export interface ExampleOptions {
  /** Spans per verdict, and of what was kept. */
  readonly each?: number;
  /** Pictures in a strip. */
  readonly pictures?: number;
  /** Height of a picture; its width follows from the camera. */
  readonly heightPx?: number;
}

/** @throws {DataError} if the dataset is gone */
export async function curationExamples(
  path: string,
  curation: Curation,
  options: ExampleOptions = {},
): Promise<CurationExample[]> {
  const { each = 3, pictures = 6, heightPx = 96 } = options;
  const dataset = await openDataset(path);
  const lengths = new Map(curation.episodes.map(({ episode, length }) => [episode, length]));
  const findings = await curation.findings();
  const all = [...findings, ...curation.episodes.flatMap((episode) => shortSpans(episode, findings))];
  const chosen: Chosen[] = [
    ...spread(
      curation.episodes.flatMap(({ episode, kept }) => kept.map((span) => keptExample(episode, span))),
      2 * each,
    ),
    ...[...groupBy(all, ({ verdict }) => verdict).values()].flatMap((list) => spread(list, each)),
  ];
  const strips = new Strips(dataset, heightPx);
  try {
    const examples: CurationExample[] = [];
    for (const { verdict, action, episode, from, to, reason, camera: found } of chosen) {
      const camera = found || (dataset.cameras.find(({ isDepth }) => !isDepth)?.name ?? "");
      const rows = rowsToShow({ from, to }, lengths.get(episode) ?? 0, pictures);
      const isInside = rows.map((row) => row >= from && row < to);
      const strip = await strips.take({ episode, camera, rows, isInside, colour: COLOURS[action] });
      examples.push({ verdict, action, episode, camera, from, to, reason, rows, ...strip });
    }
    return examples;
  } finally {
    strips.close();
  }
}

type Chosen = Omit<CurationExample, "rows" | "strip">;

const COLOURS = { keep: "#2e7d32", drop: "#c62828", divide: "#ef6c00", note: "#757575" } as const;

function keptExample(episode: number, { from, to }: Span): Chosen {
  return {
    verdict: "kept",
    action: "keep",
    episode,
    camera: "",
    from,
    to,
    reason: "nothing speaks against it",
  };
}

/** What was dropped only for being short: no finding of its own covers it. */
function shortSpans(
  { episode, length, kept }: Curation["episodes"][number],
  findings: readonly (Finding & { readonly episode: number })[],
): Chosen[] {
  const drops = findings.filter((finding) => finding.episode === episode && finding.action === "drop");
  const isTaken = maskOf(length, [...kept, ...drops]);
  return runsOf(length, (t) => isTaken[t] === 0, 1, 0).map(({ from, to }) => ({
    verdict: "short",
    action: "drop",
    episode,
    camera: "",
    from,
    to,
    reason: `${to - from} frames are too few to be of use`,
  }));
}

/** At most `count` entries, evenly spread over the list, so that no single episode stands for all. */
export function spread<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.floor(((i + 0.5) * list.length) / count)] as T);
}

/** Evenly spread rows of a span; a span with fewer is shown with its neighbours, for a cut is nothing by itself. */
export function rowsToShow({ from, to }: Span, length: number, count: number): number[] {
  const missing = Math.max(0, Math.min(count, length) - (to - from));
  const first = Math.max(0, Math.min(from - Math.ceil(missing / 2), length - Math.min(count, length)));
  const end = Math.min(length, Math.max(to, first + Math.min(count, length)));
  const shown = Math.min(count, end - first);
  return Array.from({ length: shown }, (_, i) =>
    shown === 1 ? first : Math.round(first + (i * (end - 1 - first)) / (shown - 1)),
  );
}

const GAP_PX = 2;
const BAR_PX = 5;

interface StripRequest {
  readonly episode: number;
  readonly camera: string;
  readonly rows: readonly number[];
  /** By row: true inside the span. */
  readonly isInside: readonly boolean[];
  readonly colour: string;
}

/** Reads pictures at thumbnail size; the last video stays open, since examples of one episode follow each other. */
class Strips {
  readonly #dataset: DatasetReader;
  readonly #heightPx: number;
  #open: { path: string; reader: VideoReader } | undefined;

  constructor(dataset: DatasetReader, heightPx: number) {
    this.#dataset = dataset;
    this.#heightPx = heightPx;
  }

  async take(request: StripRequest): Promise<Pick<CurationExample, "strip" | "unreadable">> {
    const { episode, camera, rows } = request;
    if (camera === "") return { strip: null, unreadable: "the dataset has no camera" };
    try {
      const pictures: Picture[] = [];
      for (const row of rows) pictures.push(await this.#picture(episode, camera, row));
      return { strip: await join(pictures, this.#heightPx, request) };
    } catch (error) {
      this.close();
      return { strip: null, unreadable: messageOf(error) };
    }
  }

  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  async #picture(episode: number, camera: string, row: number): Promise<Picture> {
    const height = this.#heightPx;
    const source = this.#dataset.episodes.find(({ index }) => index === episode)?.cameras[camera];
    if (source?.kind !== "video") {
      const [bytes] = await this.#dataset.readPictures(episode, camera, row, row + 1);
      const { data, info } = await sharp(bytes)
        .resize({ height })
        .flatten({ background: "black" })
        .toColourspace("srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true });
      return { data, width: info.width };
    }
    if (this.#open?.path !== source.path) {
      this.close();
      this.#open = { path: source.path, reader: openThumbnails(source.path, height) };
    }
    const { reader } = this.#open as { reader: VideoReader };
    const { data, width } = reader.frameAt(reader.indexAt(source.fromSec) + row);
    return { data, width };
  }
}

/** RGB, of the strip's height. */
interface Picture {
  readonly data: Uint8Array;
  readonly width: number;
}

function openThumbnails(path: string, height: number): VideoReader {
  const probe = new VideoReader(path);
  const { width: fullWidth, height: fullHeight } = probe.sourceSize;
  probe.close();
  const width = Math.max(1, Math.round((height * fullWidth) / fullHeight));
  return new VideoReader(path, { size: { width, height }, allowDamage: true });
}

async function join(
  pictures: readonly Picture[],
  height: number,
  { isInside, colour }: StripRequest,
): Promise<Uint8Array> {
  let left = 0;
  const parts = pictures.flatMap(({ data, width }, i) => {
    const picture = { input: Buffer.from(data), raw: { width, height, channels: 3 as const }, left, top: 0 };
    const block = { width, height: BAR_PX, channels: 3 as const, background: colour };
    const bar = { input: { create: block }, left, top: height };
    left += width + GAP_PX;
    return isInside[i] ? [picture, bar] : [picture];
  });
  const size = { width: Math.max(1, left - GAP_PX), height: height + BAR_PX };
  return sharp({ create: { ...size, channels: 3, background: "white" } })
    .composite(parts)
    .jpeg({ quality: 80 })
    .toBuffer();
}
