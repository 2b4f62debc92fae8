/**
 * One import into a fresh store beside ffmpeg decoding and encoding the same file: the same frames, the same encoder with
 * the same options, the same pixel format and colour tags. What differs speaks for ffmpeg: it chooses its own number of
 * threads, brings chroma to full size with its default scaler, whose rounding depends on the processor, and its clock
 * runs from its first frame to its last; ours runs from opening the file to the closed dataset on disk.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@orrery/core";
import { importDataset, type ImportOptions, type ImportReport } from "../src/store/import.ts";
import { openVideos } from "../src/importers/videos/videos.ts";
import { DEFAULT_GOP, ENCODERS, X264_PARAMS } from "../src/video/writer.ts";
import type { BenchInput } from "./inputs.ts";

export interface ImportComparison extends BenchInput {
  /** Frames per second, the best round: everything from opening the file to the closed dataset. */
  readonly ours: number;
  /** ffmpeg's, by its own clock from its first frame to its last, with as many threads as it likes. */
  readonly peer: number | null;
  readonly ratio: number | null;
  /** Processor time per frame in milliseconds, which other work on the machine disturbs less. */
  readonly oursCpuMs: number;
  readonly peerCpuMs: number | null;
}

interface Speed {
  readonly seconds: number;
  readonly cpuSec: number;
}

/** Rounds alternate, so that a busy moment does not fall on one side; the best of each side counts. */
export async function compareImport(
  input: BenchInput,
  scratch: string,
  rounds: number,
): Promise<ImportComparison> {
  const ours: Speed[] = [];
  const peer: Speed[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await importOnce(input, join(scratch, "store")));
    const speed = peerOnce(input, join(scratch, "peer.mp4"));
    if (speed) peer.push(speed);
  }
  const { frames } = input;
  const best = (speeds: readonly Speed[], of: (speed: Speed) => number): number =>
    Math.min(...speeds.map(of));
  const oursPerSec = frames / best(ours, ({ seconds }) => seconds);
  const peerPerSec = peer.length === 0 ? null : frames / best(peer, ({ seconds }) => seconds);
  const cpuMs = (speeds: readonly Speed[]): number => (1000 * best(speeds, ({ cpuSec }) => cpuSec)) / frames;
  return {
    ...input,
    ours: oursPerSec,
    peer: peerPerSec,
    ratio: peerPerSec === null ? null : oursPerSec / peerPerSec,
    oursCpuMs: cpuMs(ours),
    peerCpuMs: peer.length === 0 ? null : cpuMs(peer),
  };
}

/** One video as one episode. */
export async function importVideo(
  path: string,
  store: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const source = await openVideos(path, { settings: { maxSec: 3600 } });
  try {
    return await importDataset(source, store, options);
  } finally {
    await source.close();
  }
}

async function importOnce({ path, frames }: BenchInput, store: string): Promise<Speed> {
  rmSync(store, { recursive: true, force: true });
  const began = performance.now();
  const cpu = process.cpuUsage();
  const report = await importVideo(path, store);
  const { user, system } = process.cpuUsage(cpu);
  // Recordings with uneven clocks gain or lose a few frames on an even one.
  if (Math.abs((report.frames ?? 0) - frames) > 0.1 * frames) {
    throw new DataError(`bench import: ${path} must give about ${frames} frames, got ${report.frames}.`, {
      path,
    });
  }
  return { seconds: (performance.now() - began) / 1000, cpuSec: (user + system) / 1e6 };
}

/** @returns null where ffmpeg is not installed */
function peerOnce({ path }: BenchInput, out: string): Speed | null {
  const { name, preset, crf } = ENCODERS.h264;
  const encoding = ["-preset", preset, "-crf", `${crf}`, "-g", `${DEFAULT_GOP}`, "-pix_fmt", "yuv444p"];
  const args = ["-y", "-benchmark", "-i", path, "-an", "-c:v", name, ...encoding];
  const done = spawnSync("ffmpeg", [...args, "-x264-params", X264_PARAMS.model, out], { encoding: "utf8" });
  if ((done.error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return null;
  const found = /bench: utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s/.exec(done.stderr);
  if (done.status !== 0 || !found) {
    throw new DataError(
      `bench import: ffmpeg could not encode ${path}: ${done.stderr.trim().split("\n").at(-1)}`,
      {
        path,
      },
    );
  }
  const [, user, system, real] = found.map(Number);
  return { seconds: real as number, cpuSec: (user as number) + (system as number) };
}
