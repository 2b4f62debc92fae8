/** `orrery data check`: decodes a dataset from end to end and lists whatever is not as its format promises. */
import type { Command } from "commander";
import { runs, snakeKeys } from "../../run.ts";
import { describeForPeople } from "./print.ts";

export function addDataCheck(data: Command): void {
  const command = data
    .command("check")
    .argument("<dataset>", "folder of a LeRobotDataset")
    .description("decode everything in a dataset; exit code 1 if any of it cannot be used");
  runs(command, async ([path = ""], _options, run) => {
    const { checkDataset, describeDataset } = await import("@orrery/data");
    const description = await describeDataset(path);
    const check = await checkDataset(path, {
      signal: run.signal,
      onProgress: (done, total) => run.progress.update({ what: "check", done, total, unit: "episodes" }),
    });
    run.progress.end();
    const result = { ...description, ...check };
    run.print(describeForPeople(result));
    run.print(check.isClean ? "Everything decodes and agrees." : "Read the problems above.");
    const isBroken = check.problems.some(({ severity }) => severity === "error");
    return { result: snakeKeys(result), exitCode: isBroken ? 1 : 0 };
  });
}
