/** `orrery bench import`: bringing video into the store beside ffmpeg, and random access beside decoding in order. */
import { existsSync } from "node:fs";
import { UsageError } from "@orrery/core";
import type { ImportBench } from "@orrery/data/bench";
import type { Command } from "commander";
import { formatNumber, formatTable } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";

export function addBenchImport(bench: Command): void {
  const command = bench
    .command("import")
    .argument("[folder]", "folder of videos; the recordings of ORRERY_TEST_DATA where left out")
    .option("--quick", "one round only, with rough numbers")
    .description("importing video beside ffmpeg decoding and encoding it; random access by codec");
  runs(command, async ([folder = testRecordings()], options, run) => {
    const { quick = false } = options as { quick?: boolean };
    const { benchImport, IMPORT_BAR } = await import("@orrery/data/bench");
    const result = await benchImport({
      folder,
      isQuick: quick,
      onProgress: (text) => process.stderr.write(`bench import: ${text}\n`),
    });
    run.print(describeBench(result));
    const { ratio } = result;
    run.print(
      ratio === null
        ? "ffmpeg is not installed, so there is nothing to compare with: apt-get install ffmpeg"
        : `lowest ratio ${ratio.toFixed(2)} (bar ${IMPORT_BAR})`,
    );
    return { ...snakeKeys(result), bar: IMPORT_BAR, meets_bar: ratio === null ? null : ratio >= IMPORT_BAR };
  });
}

function describeBench({ imports, access }: ImportBench): string {
  const rate = (value: number | null): string => (value === null ? "-" : formatNumber(value));
  return [
    formatTable(
      ["codec", "size", "frames", "ours frames/s", "ffmpeg", "ratio", "cpu ms", "ffmpeg's"],
      imports.map((row) => [
        row.isMade ? `${row.codec} (made)` : row.codec,
        `${row.width}x${row.height}`,
        row.frames,
        rate(row.ours),
        rate(row.peer),
        row.ratio?.toFixed(2) ?? "-",
        row.oursCpuMs.toFixed(1),
        row.peerCpuMs?.toFixed(1) ?? "-",
      ]),
    ),
    formatTable(
      ["to 64 x 64", "size", "keyframe every", "in order frames/s of a core", "random", "share", "loader"],
      access.map((row) => [
        row.codec,
        `${row.width}x${row.height}`,
        row.keyframeSpacing,
        rate(row.sequential),
        rate(row.random),
        (row.random / row.sequential).toFixed(2),
        rate(row.loader),
      ]),
    ),
  ].join("\n");
}

/** @throws {UsageError} if no folder is known */
function testRecordings(): string {
  const folder = process.env["ORRERY_TEST_DATA"];
  if (folder !== undefined && existsSync(folder)) return folder;
  throw new UsageError(
    `bench import: a folder of videos must be named, or ORRERY_TEST_DATA name one; it is ${folder ?? "not set"}${folder === undefined ? "" : ", where nothing is"}.`,
  );
}
