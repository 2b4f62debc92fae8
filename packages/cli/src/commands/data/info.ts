/** `orrery data info`: what a dataset holds, from its metadata alone. */
import type { Command } from "commander";
import { runs, snakeKeys } from "../../run.ts";
import { describeForPeople } from "./print.ts";

export function addDataInfo(data: Command): void {
  const command = data
    .command("info")
    .argument("<dataset>", "folder of a LeRobotDataset")
    .description("say what a dataset holds, from its metadata");
  runs(command, async ([path = ""], _options, run) => {
    const { describeDataset } = await import("@orrery/data");
    const description = await describeDataset(path);
    run.print(describeForPeople(description));
    return snakeKeys(description);
  });
}
