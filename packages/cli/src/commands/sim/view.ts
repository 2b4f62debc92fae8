/** `orrery sim view`: pictures or a short video of anything that is simulated, so that a person sees what is recorded. */
import { extname } from "node:path";
import { UsageError } from "@orrery/core";
import type { Image } from "@orrery/core";
import { writeFileAtomic } from "@orrery/core/node";
import type { Command } from "commander";
import type { FilmOptions } from "@orrery/sim";
import { fraction, positiveNumber, positiveWhole } from "../../options.ts";
import { type Result, runs } from "../../run.ts";

interface ViewFlags {
  readonly task?: string;
  readonly concept?: string;
  readonly object?: string;
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

/** Stands for every task, family, concept or kind of object. */
const ALL = "all";
const CONCEPT_FILM_PX = 192;

export function addSimView(sim: Command): void {
  const command = sim
    .command("view")
    .option("--task <name>", 'what is done: reach, push, ..., pusht; or "all"')
    .option("--concept <name>", 'a concept scene: permanence, solidity, ...; or "all"')
    .option("--object <name>", 'a kind of object: mug, banana, ...; or "all"')
    .requiredOption("--out <file>", "picture (.png) or video (.mp4) to write")
    .option("--operator <name>", "who does it: expert, play or trainee; on PushT expert, play or human-like")
    .option("--body <name>", "robot")
    .option("--family <name>", 'perturbation family: light, objects, ...; or "all" at strengths 0, 0.5 and 1')
    .option("--split <name>", "seen, novel-<family> or novel-combination")
    .option("--strength <s>", "how far a family goes, from 0 to 1", fraction)
    .option("--camera <name>", "whose view: a camera of the body (its first where left out), or room")
    .option("--size <px>", "side of each picture", positiveWhole)
    .option(
      "--episodes <n>",
      "rows of the sheet (4 unless given), or episodes in the video (1)",
      positiveWhole,
    )
    .option("--columns <n>", "pictures in a row of the sheet", positiveWhole)
    .option("--time-limit <seconds>", "longest episode", positiveNumber)
    .description("show a task, a concept scene or objects as a sheet of pictures or a video");
  runs(command, async (_args, options, run) => {
    const flags = options as ViewFlags;
    checkFlags(flags);
    const shown = await show(flags, run.seed);
    if (shown.image) {
      const { encodePng } = await import("@orrery/data");
      writeFileAtomic(flags.out, await encodePng(shown.image));
    }
    for (const caption of shown.result.captions) run.print(caption);
    run.print(`Written: ${flags.out}`);
    const size = shown.image ? { width: shown.image.width, height: shown.image.height } : {};
    return { file: flags.out, ...shown.result, ...size };
  });
}

/** What was shown; `image` is missing where a video has been written. */
interface Shown {
  readonly image?: Image;
  readonly result: Result & { readonly captions: readonly string[] };
}

async function show(flags: ViewFlags, seed: number): Promise<Shown> {
  const isVideo = extname(flags.out) === ".mp4";
  if (flags.object !== undefined) return showObjects(flags, flags.object, seed);
  if (flags.concept !== undefined) {
    return isVideo ? filmConcept(flags, flags.concept, seed) : showConcepts(flags, flags.concept, seed);
  }
  const film = await filmOptions(flags, seed);
  if (isVideo) return filmTask(flags, film);
  const { contactSheet, familySheet, taskSheet } = await import("@orrery/sim");
  const sheet = { ...film, ...given({ columns: flags.columns }) };
  if (flags.family === ALL) {
    const { image, captions } = await familySheet(sheet);
    return { image, result: { captions } };
  }
  if (flags.task === ALL) {
    const { image, captions } = await taskSheet(sheet);
    return { image, result: { captions } };
  }
  const { image, captions, successes } = await contactSheet({ ...sheet, ...given({ rows: flags.episodes }) });
  return { image, result: { episodes: captions.length, successes, captions } };
}

async function showObjects({ size, columns }: ViewFlags, name: string, seed: number): Promise<Shown> {
  const { kindSheet, objectSheet } = await import("@orrery/sim");
  const image =
    name === ALL
      ? await objectSheet(size ?? 96, seed, columns)
      : await kindSheet(name, size ?? 96, seed, columns);
  return { image, result: { captions: [] } };
}

async function showConcepts({ size, columns }: ViewFlags, concept: string, seed: number): Promise<Shown> {
  const { conceptSheet } = await import("@orrery/sim");
  const name = concept === ALL ? undefined : concept;
  const { image, captions } = await conceptSheet({ seed, ...given({ name, size, columns }) });
  return { image, result: { captions } };
}

async function filmConcept({ out, size }: ViewFlags, concept: string, seed: number): Promise<Shown> {
  const { CONCEPT_FPS, conceptFilm } = await import("@orrery/sim");
  const { writeMp4 } = await import("@orrery/data");
  const images = await conceptFilm(concept, seed, size ?? CONCEPT_FILM_PX);
  return { result: { captions: [concept], frames: writeMp4(out, images, { fps: CONCEPT_FPS }) } };
}

async function filmTask(flags: ViewFlags, options: FilmOptions): Promise<Shown> {
  const { filmEpisodes } = await import("@orrery/sim");
  const { writeMp4 } = await import("@orrery/data");
  const films = [];
  for await (const film of filmEpisodes(flags.episodes ?? 1, options)) films.push(film);
  const images = films.flatMap((film) => film.images);
  const frames = writeMp4(flags.out, images, { fps: films[0]!.controlRateHz });
  const successes = films.filter(({ success }) => success).length;
  const captions = films.map(({ caption }) => caption);
  return { result: { episodes: films.length, successes, captions, frames } };
}

/** Wrong file endings and contradictions, found before anything runs. */
function checkFlags(flags: ViewFlags): void {
  const { task, concept, object, family, split, strength, out } = flags;
  const subjects = [task, concept, object].filter((name) => name !== undefined).length;
  const isFamilySheet = family === ALL && subjects === 0; // shown on a task of our choice
  if (subjects !== 1 && !isFamilySheet) {
    throw new UsageError(
      `sim view: give one of --task, --concept and --object, got ${subjects === 0 ? "none" : subjects}.`,
    );
  }
  const ending = extname(out);
  if (ending !== ".png" && ending !== ".mp4") {
    throw new UsageError(`sim view: --out must end in .png or .mp4, got "${out}".`);
  }
  const all = Object.entries({ task, concept, object, family }).find(([, name]) => name === ALL);
  if (ending === ".mp4" && (all || object !== undefined)) {
    throw new UsageError(
      `sim view: --${all?.[0] ?? "object"} ${all?.[1] ?? object} makes a .png, got "${out}".`,
    );
  }
  if (task === undefined && !isFamilySheet) refuseTaskFlags(flags);
  if (family !== undefined && split !== undefined) {
    throw new UsageError(`sim view: give --family or --split, not both; got "${family}" and "${split}".`);
  }
  if (strength !== undefined && (family === ALL || (family ?? split ?? "seen") === "seen")) {
    throw new UsageError("sim view: --strength needs one --family whose strength it is.");
  }
}

/** What would be left aside without a word: flags about an episode, where none is shown. */
function refuseTaskFlags({
  operator,
  body,
  family,
  split,
  strength,
  camera,
  episodes,
  timeLimit,
}: ViewFlags): void {
  const episodeFlags = { operator, body, family, split, strength, camera, episodes, "time-limit": timeLimit };
  const wrong = Object.entries(episodeFlags).find(([, value]) => value !== undefined);
  if (wrong)
    throw new UsageError(`sim view: --${wrong[0]} needs a --task, got ${wrong[0]} ${wrong[1]} without.`);
}

/** Flags as the simulator wants them. */
async function filmOptions(flags: ViewFlags, seed: number): Promise<FilmOptions> {
  const { familyNamed } = await import("@orrery/sim");
  const { task = "pick", operator, body, strength, camera, size, timeLimit, family } = flags;
  const isOneFamily = family !== undefined && family !== ALL;
  const split = isOneFamily ? `novel-${familyNamed(family).name}` : flags.split;
  return { task, seed, ...given({ operator, body, split, strength, camera, size, timeLimitSec: timeLimit }) };
}

/** The fields that have a value, since an option left out is not an option of undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
