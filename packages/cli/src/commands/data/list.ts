/** `orrery data list`: the datasets of a store. */
import type { Command } from "commander";
import { formatTable } from "../../format.ts";
import { runs, snakeKeys } from "../../run.ts";

export function addDataList(data: Command): void {
  const command = data
    .command("list")
    .argument("<store>", "folder that holds datasets")
    .description("list the datasets of a store");
  runs(command, async ([path = ""], _options, run) => {
    const { listStore } = await import("@orrery/data");
    const entries = await listStore(path);
    const datasets = entries.flatMap((entry) => ("dataset" in entry ? [entry.dataset] : []));
    const unreadable = entries.flatMap((entry) => ("error" in entry ? [entry] : []));
    const rows = datasets.map((dataset) => [
      dataset.name,
      dataset.episodes,
      dataset.frames,
      dataset.fps,
      dataset.hours.toFixed(1),
      dataset.cameras.map(({ name }) => name).join(", ") || "none",
      dataset.problems.length,
    ]);
    run.print(
      entries.length === 0
        ? `No dataset lies in ${path}.`
        : formatTable(["dataset", "episodes", "frames", "fps", "hours", "cameras", "problems"], rows),
    );
    for (const { name, error } of unreadable) run.print(`${name} cannot be opened: ${error}`);
    return {
      store: path,
      episodes: datasets.reduce((sum, { episodes }) => sum + episodes, 0),
      frames: datasets.reduce((sum, { frames }) => sum + frames, 0),
      datasets: datasets.map(snakeKeys),
      problems: unreadable,
    };
  });
}
