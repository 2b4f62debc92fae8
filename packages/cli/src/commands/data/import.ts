/** `orrery data import`: any supported recording into the store. */
import { STREAMS, UsageError, type Stream } from "@orrery/core";
import { Option, type Command } from "commander";
import { formatNumber } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";

interface ImportFlags {
  readonly to: string;
  readonly format?: string;
  readonly stream?: Stream;
  readonly licence?: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly dryRun?: true;
  readonly reencode?: true;
}

/** Reasons shown to a person; `--json` has all of them. */
const SHOWN = 10;

export function addDataImport(data: Command): void {
  const command = data
    .command("import")
    .argument("<source>", "file or folder of recordings; it is only read")
    .requiredOption("--to <store/name>", "dataset to make or to go on with")
    .option("--format <name>", "format of the source; guessed where left out")
    .addOption(new Option("--stream <name>", "kind of source").choices(STREAMS))
    .option("--licence <text>", "licence of the recordings, kept with every episode")
    .option("--set <key=value>", "setting of the format, can be repeated", collectSetting, {})
    .option("--reencode", "encode videos again even where they could be copied")
    .option("--dry-run", "only say what would be imported")
    .description("bring recordings into the store; run it again to go on after an interruption");
  runs(command, async ([from = ""], options, run) => {
    const { to, format, stream, licence, set, dryRun, reencode } = options as ImportFlags;
    const { assertApart, formats, importDataset } = await import("@orrery/data");
    assertApart(from, to);
    const source = await formats.open(from, {
      settings: set,
      ...(format === undefined ? {} : { format }),
      ...(stream === undefined ? {} : { stream }),
    });
    run.progress.update({ what: "import", done: 0, unit: "episodes" });
    try {
      const report = await importDataset(source, to, {
        dryRun: dryRun ?? false,
        reencode: reencode ?? false,
        ...(licence === undefined ? {} : { licence }),
        signal: run.signal,
        onProgress: ({ episodes, totalEpisodes, frames }) =>
          run.progress.update({
            what: "import",
            done: episodes,
            total: totalEpisodes,
            unit: "episodes",
            note: `${formatNumber(frames)} frames`,
          }),
      });
      run.progress.end();
      const verb = dryRun ? "would be imported" : "imported";
      const frames = report.frames === null ? "" : `, ${formatNumber(report.frames)} frames`;
      run.print(`${report.episodes} episodes${frames} ${verb} as ${source.format}.`);
      if (report.alreadyThere > 0) run.print(`${report.alreadyThere} episodes were there already.`);
      printSome(
        run.print,
        "left out",
        report.skipped.map(({ what, reason }) => `${what}: ${reason}`),
      );
      printSome(run.print, "noted", report.notes);
      run.print(`Dataset: ${report.dataset}`);
      return { format: source.format, ...snakeKeys(report) };
    } finally {
      await source.close();
    }
  });
}

function printSome(print: (text: string) => void, heading: string, lines: readonly string[]): void {
  for (const line of lines.slice(0, SHOWN)) print(`${heading}: ${line}`);
  if (lines.length > SHOWN) print(`${heading}: ${lines.length - SHOWN} more, see --json`);
}

/** "rate=10" and "topics={...}": JSON where it parses, text where it does not. */
export function collectSetting(
  text: string,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at <= 0) throw new UsageError(`data import: --set must be key=value, got "${text}".`);
  const value = text.slice(at + 1);
  return { ...settings, [text.slice(0, at)]: jsonOrText(value) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
