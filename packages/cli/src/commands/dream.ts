/** `orrery dream`: imagine on from a recorded start. */
import { statSync } from "node:fs";
import { InvalidArgumentError, type Command } from "commander";
import { formatNumber } from "../format.ts";
import { positiveWhole, wholeNumber } from "../options.ts";
import { runs } from "../run.ts";

interface DreamFlags {
  readonly model: string;
  readonly data: string;
  readonly episode: number;
  readonly out: string;
  readonly start: number;
  readonly context: number;
  readonly frames: number;
  readonly actions: "recorded" | "none" | "zero";
}

/** Pictures in a film strip, and how much each is enlarged. */
const STRIP_MOMENTS = 8;
const STRIP_SCALE = 2;

export function addDream(program: Command): void {
  const command = program
    .command("dream")
    .requiredOption("--model <run>", "run folder")
    .requiredOption("--data <dataset>", "dataset with the start")
    .requiredOption("--episode <n>", "episode to start from", wholeNumber)
    .requiredOption(
      "--out <file>",
      "an .mp4, the recording left and the dream right, or a .png film strip",
      pictureFile,
    )
    .option("--start <row>", "first row of the context", wholeNumber, 0)
    .option("--context <frames>", "recorded frames given", positiveWhole, 8)
    .option("--frames <n>", "frames to dream", positiveWhole, 100)
    .option("--actions <which>", "recorded (begun again when they end), zero, or none", "recorded")
    .description("imagine what follows a recorded start, frame by frame");
  runs(command, async (_args, options, run) => {
    const flags = options as DreamFlags;
    const { UsageError } = await import("@orrery/core");
    const { writeFileAtomic } = await import("@orrery/core/node");
    const { encodePng, enlarge, openDataset, writeMp4 } = await import("@orrery/data");
    const { choosePrecision, openModel } = await import("@orrery/models");
    const { dreamOn, filmStrip, loadEpisode, recordedActions, truthBesideDream } =
      await import("@orrery/eval");
    if (!["recorded", "none", "zero"].includes(flags.actions)) {
      throw new UsageError(`dream: --actions must be recorded, zero or none, got "${flags.actions}".`);
    }
    const model = openModel(flags.model);
    const dataset = await openDataset(flags.data);
    const episode = await loadEpisode(model, dataset, flags.episode);
    if (flags.start + flags.context > episode.length) {
      throw new UsageError(
        `dream: the context, rows ${flags.start} to ${flags.start + flags.context - 1}, must lie in episode ${flags.episode}, whose last row is ${episode.length - 1}. Lower --start or --context.`,
      );
    }
    const width = model.facts.actionWidth;
    const recorded = recordedActions(episode, flags.start + flags.context - 1, flags.frames, width);
    const actions = { recorded, none: null, zero: new Float32Array(flags.frames * width) }[flags.actions];
    const { truth, dreams, surprise, framesPerSecond } = await dreamOn({
      model,
      episode,
      start: flags.start,
      contextFrames: flags.context,
      frames: flags.frames,
      actions: [actions],
      seed: run.seed,
      usesBfloat16: choosePrecision("cpu").usesBfloat16,
      onProgress: (done, total) => run.progress.update({ what: "dream", done, total, unit: "frames" }),
      signal: run.signal,
    });
    run.progress.end();
    const [dreamt = []] = dreams;
    const frames = dreamt.length;
    if (flags.out.endsWith(".png")) {
      const strip = filmStrip(truth, dreamt, flags.context, STRIP_MOMENTS);
      const { width, height } = strip;
      const large = enlarge(strip, STRIP_SCALE, width * STRIP_SCALE, height * STRIP_SCALE);
      writeFileAtomic(flags.out, await encodePng(large));
    } else {
      writeMp4(flags.out, truthBesideDream(truth, dreamt), { fps: model.facts.controlRateHz });
    }
    run.print(
      `${frames} frames, the first ${flags.context} given; ${formatNumber(framesPerSecond)} dreamt frames/s (${(framesPerSecond / model.facts.controlRateHz).toFixed(1)} x real time).`,
    );
    run.print(`Written: ${flags.out}`);
    return { file: flags.out, frames, frames_per_second: framesPerSecond, surprise: surprise[0] };
  });
}

/** A path that a video or picture can be written to; found out before an hour of dreaming, not after. */
function pictureFile(path: string): string {
  if (!/\.(mp4|png)$/i.test(path))
    throw new InvalidArgumentError(`It must end in .mp4 or .png, got "${path}".`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new InvalidArgumentError(`It must be a file, ${path} is a folder.`);
  return path;
}
