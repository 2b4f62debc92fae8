/** `orrery data label`: what the actions in video of a known body seem to have been. */
import type { Command } from "commander";
import { formatNumber } from "../../format.ts";
import { episodeList } from "../../options.ts";
import { runs, snakeKeys } from "../../run.ts";

interface LabelFlags {
  readonly model: string;
  readonly to: string;
  readonly episodes?: number[];
  readonly cameras?: string;
  readonly sameBody?: true;
  readonly asVideo?: true;
}

export function addDataLabel(data: Command): void {
  const command = data
    .command("label")
    .argument("<dataset>", "video of the body that the model was trained on")
    .requiredOption("--model <run>", "inverse dynamics run (orrery train idm-tiny)")
    .requiredOption("--to <store/name>", "dataset to make: the same video, with inferred actions beside it")
    .option("--episodes <range>", "episodes to label, as 0-63; all where left out", episodeList)
    .option("--cameras <names>", "cameras that stand for the model's, in its order, parted by commas")
    .option("--same-body", "the pictures show the model's body, although the dataset names another one")
    .option("--as-video", "leave recorded actions, states and rewards behind, and label those episodes too")
    .description("infer the actions of video without any; never presented as recorded ones");
  runs(command, async ([from = ""], options, run) => {
    const flags = options as LabelFlags;
    const { labelDataset } = await import("@orrery/models");
    const report = await labelDataset({
      model: flags.model,
      from,
      to: flags.to,
      ...(flags.episodes === undefined ? {} : { episodes: flags.episodes }),
      ...(flags.cameras === undefined ? {} : { cameras: flags.cameras.split(",") }),
      ...(flags.sameBody ? { isSameBody: true } : {}),
      ...(flags.asVideo ? { asVideo: true } : {}),
      onProgress: ({ episodes, totalEpisodes }) =>
        run.progress.update({ what: "label", done: episodes, total: totalEpisodes, unit: "episodes" }),
      signal: run.signal,
    });
    run.progress.end();
    const { episodes, alreadyThere, labelledFrames, meanConfidence, skipped } = report;
    run.print(
      `${formatNumber(episodes)} episodes labelled${alreadyThere > 0 ? `, ${formatNumber(alreadyThere)} were there already` : ""}: ${formatNumber(labelledFrames)} actions inferred` +
        (labelledFrames > 0 ? `, mean confidence ${meanConfidence.toFixed(2)}.` : "."),
    );
    for (const { what, reason } of skipped) run.print(`skipped ${what}: ${reason}`);
    run.print(
      `Dataset: ${report.dataset} (columns inferred.action, inferred.action_std, inferred.confidence, inferred.source)`,
    );
    return snakeKeys({ ...report, meanConfidence: labelledFrames > 0 ? meanConfidence : null });
  });
}
