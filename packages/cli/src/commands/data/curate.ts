/** `orrery data curate`: which frames are worth learning from, and why not the others. */
import { join } from "node:path";
import { writeFileAtomic } from "@orrery/core/node";
import type { Command } from "commander";
import type { CurationReport } from "@orrery/data";
import { formatDuration, formatNumber, formatTable } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";
import { curationPage } from "./curation-report.ts";

interface CurateFlags {
  readonly against?: string;
  readonly config?: string;
  readonly sidecar?: string;
  readonly report?: string;
}

export function addDataCurate(data: Command): void {
  const command = data
    .command("curate")
    .argument("<dataset>", "folder of a LeRobotDataset; only its meta/curation is written")
    .option("--against <dataset,...>", "curated datasets whose moments must not come twice, parted by commas")
    .option("--config <file>", "JSON file of thresholds that differ from the defaults (docs/curation.md)")
    .option("--sidecar <folder>", "keep measures and verdicts here instead of inside the dataset")
    .option(
      "--report <file>",
      "where the page with pictures goes; report.html beside the verdicts where left out",
    )
    .description("judge every frame of a dataset: shots, copies, stillness, faults; nothing is deleted");
  runs(command, async ([path = ""], options, run) => {
    const { against, config, sidecar, report: reportPath } = options as CurateFlags;
    const { curateDataset, curationExamples, loadCurationConfig, readCuration } =
      await import("@orrery/data");
    const began = performance.now();
    const report = await curateDataset(path, {
      ...(config === undefined ? {} : { config: loadCurationConfig(config) }),
      ...(against === undefined ? {} : { against: against.split(",").filter((name) => name !== "") }),
      ...(sidecar === undefined ? {} : { sidecar }),
      signal: run.signal,
      onProgress: ({ phase, done, total }) =>
        run.progress.update({ what: phase, done, total, unit: phase === "measure" ? "frames" : "episodes" }),
    });
    const curation = await readCuration(path, report.sidecar);
    const { renderReport } = await import("@orrery/eval/report");
    const page = reportPath ?? join(report.sidecar, "report.html");
    const facts = { command: commandOf(path, options), seconds: (performance.now() - began) / 1000 };
    writeFileAtomic(page, renderReport(curationPage(report, await curationExamples(path, curation), facts)));
    run.progress.end();
    run.print(describeCuration(report));
    run.print(`Report with pictures: ${page}`);
    const { cameraMotion, ...rest } = report;
    // Camera names are data, not field names.
    return { ...snakeKeys(rest), camera_motion: cameraMotion, report: page };
  });
}

function commandOf(path: string, { against, config, sidecar }: CurateFlags): string {
  const flags = Object.entries({ against, config, sidecar }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${value}`],
  );
  return ["./orrery data curate", path, ...flags].join(" ");
}

/** What went where, as a person reads it. */
export function describeCuration(report: CurationReport): string {
  const { episodes, keptEpisodes, frames, keptFrames, seconds, keptSeconds, keptSpans, operators } = report;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const rows = [
    [
      "kept",
      keptSpans,
      keptEpisodes,
      keptFrames,
      formatDuration(keptSeconds),
      percent(keptFrames / Math.max(1, frames)),
      0,
    ],
    ...report.verdicts.map((total) => [
      total.verdict,
      total.findings,
      total.episodes,
      total.droppedFrames,
      formatDuration(total.droppedSeconds),
      percent(total.droppedFrames / Math.max(1, frames)),
      total.notedFrames,
    ]),
  ];
  const parts = [
    `${formatNumber(episodes)} episodes, ${formatNumber(frames)} frames, ${formatDuration(seconds)}. ` +
      "A frame counts as dropped once, under the first verdict that applies; notes may overlap.",
    formatTable(["verdict", "spans", "episodes", "frames", "time", "share", "only noted"], rows),
  ];
  if (
    operators.length > 1 ||
    operators.some(({ operator, jerk }) => operator !== "unknown" || jerk !== null)
  ) {
    parts.push(
      formatTable(
        ["operator", "episodes", "time", "kept", "success", "idle", "clipped", "jerk"],
        operators.map((total) => [
          total.operator,
          total.episodes,
          formatDuration(total.seconds),
          percent(total.keptSeconds / Math.max(1e-9, total.seconds)),
          total.successRate === null ? "not recorded" : percent(total.successRate),
          percent(total.idleShare),
          percent(total.clippedShare),
          total.jerk === null ? "-" : formatNumber(total.jerk),
        ]),
      ),
    );
  }
  for (const [camera, motion] of Object.entries(report.cameraMotion)) {
    const counts = Object.entries(motion).map(([label, count]) => `${label} ${count}`);
    parts.push(`camera ${camera}: ${counts.join(", ")} (episodes by motion)`);
  }
  parts.push(...report.notes.map((note) => `note: ${note}`), `Verdicts: ${report.sidecar}`);
  return parts.join("\n");
}
