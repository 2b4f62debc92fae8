/** `orrery sim view`: a contact sheet or a short video of any task, so that a person sees what is recorded. */
import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import type { Command } from "commander";
import type { FilmOptions } from "@orrery/sim";
import { fraction, positiveNumber, positiveWhole } from "../../options.ts";
import { type Result, runs } from "../../run.ts";

interface ViewFlags {
  readonly task: string;
  readonly out: string;
  readonly operator?: string;
  readonly body?: string;
  readonly split?: string;
  readonly family?: string;
  readonly strength?: number;
  readonly camera?: string;
  readonly size?: number;
  readonly episodes?: number;
  readonly columns?: number;
  readonly timeLimit?: number;
}

export function addSimView(sim: Command): void {
  const command = sim
    .command("view")
    .requiredOption("--task <name>", "what is done: reach, push, ...")
    .requiredOption("--out <file>", "picture (.png) or video (.mp4) to write")
    .option("--operator <name>", "who does it: expert or play")
    .option("--body <name>", "robot")
    .option("--family <name>", "perturbation family: light, objects, ...; short for --split novel-<name>")
    .option("--split <name>", "seen, novel-<family> or novel-combination")
    .option("--strength <s>", "how far a family goes, from 0 to 1", fraction)
    .option("--camera <name>", "whose view; the body's first camera where left out")
    .option("--size <px>", "side of each picture", positiveWhole)
    .option(
      "--episodes <n>",
      "rows of the sheet (4 unless given), or episodes in the video (1)",
      positiveWhole,
    )
    .option("--columns <n>", "pictures in a row of the sheet", positiveWhole)
    .option("--time-limit <seconds>", "longest episode", positiveNumber)
    .description("show a task as a contact sheet or a video");
  runs(command, async (_args, options, run) => {
    const flags = options as ViewFlags;
    const film = { ...(await filmOptions(flags)), seed: run.seed };
    const shown =
      extname(flags.out) === ".mp4" ? await writeVideo(flags, film) : await writeSheet(flags, film);
    for (const caption of shown.captions) run.print(caption);
    run.print(`Written: ${flags.out}`);
    return { file: flags.out, ...shown };
  });
}

type Shown = Result & { readonly captions: readonly string[] };

async function writeSheet(flags: ViewFlags, film: FilmOptions): Promise<Shown> {
  const { contactSheet } = await import("@orrery/sim");
  const { encodePng } = await import("@orrery/data");
  const { image, captions, successes } = await contactSheet({
    ...film,
    ...(flags.episodes === undefined ? {} : { rows: flags.episodes }),
    ...(flags.columns === undefined ? {} : { columns: flags.columns }),
  });
  writeFileSync(flags.out, await encodePng(image));
  return { episodes: captions.length, successes, captions, width: image.width, height: image.height };
}

async function writeVideo(flags: ViewFlags, options: FilmOptions): Promise<Shown> {
  const { filmEpisodes } = await import("@orrery/sim");
  const { writeMp4 } = await import("@orrery/data");
  const films = [];
  for await (const film of filmEpisodes(flags.episodes ?? 1, options)) films.push(film);
  const frames = writeMp4(
    flags.out,
    films.flatMap(({ images }) => images),
    { fps: films[0]!.controlRateHz },
  );
  const successes = films.filter(({ success }) => success).length;
  return { episodes: films.length, successes, captions: films.map(({ caption }) => caption), frames };
}

/** Flags as the simulator wants them; wrong file endings and contradictions are found before anything runs. */
async function filmOptions(flags: ViewFlags): Promise<FilmOptions> {
  const { UsageError } = await import("@orrery/core");
  const ending = extname(flags.out);
  if (ending !== ".png" && ending !== ".mp4") {
    throw new UsageError(`sim view: --out must end in .png or .mp4, got "${flags.out}".`);
  }
  if (flags.family !== undefined && flags.split !== undefined) {
    throw new UsageError(
      `sim view: give --family or --split, not both; got "${flags.family}" and "${flags.split}".`,
    );
  }
  const split = flags.family === undefined ? flags.split : `novel-${flags.family}`;
  if (flags.strength !== undefined && (split ?? "seen") === "seen") {
    throw new UsageError("sim view: --strength needs a --family whose strength it is.");
  }
  const { task, operator, body, strength, camera, size, timeLimit } = flags;
  return {
    task,
    ...(operator === undefined ? {} : { operator }),
    ...(body === undefined ? {} : { body }),
    ...(split === undefined ? {} : { split }),
    ...(strength === undefined ? {} : { strength }),
    ...(camera === undefined ? {} : { camera }),
    ...(size === undefined ? {} : { size }),
    ...(timeLimit === undefined ? {} : { timeLimitSec: timeLimit }),
  };
}
