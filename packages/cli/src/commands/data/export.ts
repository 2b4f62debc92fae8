/** `orrery data export`: a dataset of the store for other tools. */
import { Option, type Command } from "commander";
import { runs, snakeKeys } from "../../run.ts";

const VERSIONS = { lerobot: "v3.0", "lerobot-v2.1": "v2.1" } as const;

interface ExportFlags {
  readonly format: keyof typeof VERSIONS | "mcap";
  readonly to: string;
  readonly recordedTimestamps?: true;
}

export function addDataExport(data: Command): void {
  const command = data
    .command("export")
    .argument("<dataset>", "folder of a LeRobotDataset")
    .addOption(
      new Option("--format <name>", "what to write")
        .choices([...Object.keys(VERSIONS), "mcap"])
        .makeOptionMandatory(),
    )
    .requiredOption("--to <folder>", "folder to make; it must not exist yet")
    .option("--recorded-timestamps", "keep the clock as it was recorded (lerobot-v2.1 only)")
    .description("write a dataset for other tools; videos are copied where they can be");
  runs(command, async ([from = ""], options, run) => {
    const { format, to, recordedTimestamps } = options as ExportFlags;
    const { exportDataset, exportMcapDataset } = await import("@orrery/data");
    run.progress.update({ what: "export", done: 0, unit: "episodes" });
    const watched = {
      signal: run.signal,
      onProgress: ({ episodes, totalEpisodes }: { episodes: number; totalEpisodes: number }) =>
        run.progress.update({ what: "export", done: episodes, total: totalEpisodes, unit: "episodes" }),
    };
    const report =
      format === "mcap"
        ? await exportMcapDataset(from, to, watched)
        : await exportDataset(from, to, {
            ...watched,
            version: VERSIONS[format],
            timestamps: recordedTimestamps ? "recorded" : "frames",
          });
    run.progress.end();
    const amount = "frames" in report ? `${report.frames} frames` : `${report.messages} messages`;
    run.print(`${report.episodes} episodes, ${amount} in ${report.files.length} files: ${report.path}`);
    for (const { what, reason } of report.skipped) run.print(`left out: ${what}: ${reason}`);
    return { format, ...snakeKeys(report) };
  });
}
