/**
 * Texts that belong to videos: captions.txt, .csv or .jsonl in the folder, or one .txt beside each video. A text may
 * hold for a span of its video; the video is then cut there, so that every episode has the text that fits it.
 */
import { join } from "node:path";
import { messageOf } from "@orrery/core";
import type { Skip } from "../../source.ts";
import { csvColumns, csvNumber, readCsv } from "../shared/csv.ts";
import { readSmallFile } from "../shared/files.ts";
import { parseJsonLine, readLines } from "../shared/lines.ts";

/** One text and where it holds; the whole video where the times are absent. */
export interface Caption {
  readonly text: string;
  readonly fromSec?: number;
  readonly toSec?: number;
}

/** Texts by video path relative to the folder, in order of time. */
export type Captions = ReadonlyMap<string, readonly Caption[]>;

const MAX_TEXT_BYTES = 64 << 10;
const FILE_COLUMNS = ["file", "video", "path", "filename", "file_name", "source_file"];
const TEXT_COLUMNS = ["caption", "text", "command", "task", "activity", "instruction", "prompt"];
const FROM_COLUMNS = ["from_sec", "start", "start_sec", "start_seconds_from_video_start"];
const TO_COLUMNS = ["to_sec", "end", "end_sec", "end_seconds_from_video_start"];

/**
 * Reads all texts of a folder. Lines that name no video of the folder, or make no sense, are given to `onSkip`.
 * @param files all files of the folder, relative to it
 */
export async function readCaptions(
  root: string,
  files: readonly string[],
  videos: readonly string[],
  onSkip: (skip: Skip) => void,
): Promise<{ captions: Captions; used: string[] }> {
  const captions = new Map<string, Caption[]>();
  const used: string[] = [];
  const add = (from: string, name: string, caption: Caption): void => {
    const video = findVideo(name, from, videos);
    if (video === undefined) onSkip({ what: `${from}: "${name}"`, reason: "no such video in the folder" });
    else captions.set(video, [...(captions.get(video) ?? []), caption]);
  };
  for (const file of files) {
    const name = file.slice(file.lastIndexOf("/") + 1);
    const beside = file.endsWith(".txt") && videos.find((video) => stem(video) === stem(file));
    const path = join(root, file);
    try {
      if (beside) {
        const text = (await readSmallFile(path, MAX_TEXT_BYTES)).toString("utf8").trim();
        if (text !== "") add(file, beside, { text });
      } else if (name === "captions.txt") await readTextLines(path, file, add, onSkip);
      else if (name === "captions.jsonl") await readJsonLines(path, file, add, onSkip);
      else if (name === "captions.csv" || (file.endsWith(".csv") && isActivityLog(await csvColumns(path)))) {
        await readTable(path, file, add, onSkip);
      } else continue;
      used.push(file);
    } catch (error) {
      onSkip({ what: file, reason: messageOf(error) });
    }
  }
  for (const list of captions.values()) list.sort((a, b) => (a.fromSec ?? 0) - (b.fromSec ?? 0));
  return { captions, used };
}

/** True for logs of timed activities as published for Egocentric-10K. */
export function isActivityLog(columns: readonly string[]): boolean {
  return ["activity", "source_file", "start_seconds_from_video_start"].every((name) =>
    columns.includes(name),
  );
}

type Add = (from: string, name: string, caption: Caption) => void;

/** "clip.mp4<TAB>put the cup down", also with "|" or ": " between. */
async function readTextLines(
  path: string,
  file: string,
  add: Add,
  onSkip: (skip: Skip) => void,
): Promise<void> {
  let number = 0;
  for await (const { text } of readLines(path)) {
    number++;
    if (text.trim() === "" || text.startsWith("#")) continue;
    const match = /^(.+?)(?:\t|\s*\|\s*|:\s+)(.+)$/.exec(text);
    if (match?.[1] && match[2]) add(file, match[1].trim(), { text: match[2].trim() });
    else onSkip({ what: `${file} line ${number}`, reason: 'must read "video file<TAB>text"' });
  }
}

async function readJsonLines(
  path: string,
  file: string,
  add: Add,
  onSkip: (skip: Skip) => void,
): Promise<void> {
  let number = 0;
  for await (const { text } of readLines(path)) {
    number++;
    if (text.trim() === "") continue;
    const record = parseJsonLine(text) ?? {};
    const pick = (names: readonly string[]): unknown =>
      names.map((name) => record[name]).find((v) => v !== undefined);
    const name = pick(FILE_COLUMNS);
    const caption = pick(TEXT_COLUMNS);
    if (typeof name === "string" && typeof caption === "string") {
      add(file, name, { text: caption, ...span(Number(pick(FROM_COLUMNS)), Number(pick(TO_COLUMNS))) });
    } else onSkip({ what: `${file} line ${number}`, reason: "must be an object with file and caption" });
  }
}

async function readTable(path: string, file: string, add: Add, onSkip: (skip: Skip) => void): Promise<void> {
  let row = 0;
  for await (const record of readCsv(path)) {
    row++;
    const pick = (names: readonly string[]): string | undefined =>
      names.map((n) => record[n]).find((v) => v !== undefined);
    const name = pick(FILE_COLUMNS);
    const text = pick(TEXT_COLUMNS)?.trim();
    if (!name || !text) onSkip({ what: `${file} row ${row}`, reason: "has no file or no text" });
    else add(file, name, { text, ...span(csvNumber(pick(FROM_COLUMNS)), csvNumber(pick(TO_COLUMNS))) });
  }
}

function span(from: number, to: number): { fromSec?: number; toSec?: number } {
  return Number.isFinite(from) && Number.isFinite(to) && from >= 0 && to > from
    ? { fromSec: from, toSec: to }
    : {};
}

/** The video a line means: its path, its path beside the captions file, its name, or its name without ending. */
function findVideo(name: string, from: string, videos: readonly string[]): string | undefined {
  const folder = from.slice(0, from.lastIndexOf("/") + 1);
  return (
    videos.find((video) => video === name || video === folder + name) ??
    videos.find((video) => base(video) === base(name)) ??
    videos.find((video) => stem(base(video)) === stem(base(name)))
  );
}

function base(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function stem(path: string): string {
  return path.replace(/\.[^./]+$/, "");
}
