/** Episodes as pictures, for people: what a camera sees while an operator works, drawn with smooth edges. */
import { ConfigError, type Image, UsageError, didYouMean, makeRng } from "@orrery/core";
import { bodyNamed } from "../bodies/registry.ts";
import { type OperatorName, checkOperator } from "../operators/operator.ts";
import { perturbationOf } from "../perturb/splits.ts";
import { checkPushTOperator, runPushTEpisode } from "../pusht/episode.ts";
import { PUSHT } from "../pusht/record.ts";
import { PushTWorld } from "../pusht/world.ts";
import { episodeSeed, runEpisode } from "../record/episode.ts";
import { RayCaster } from "../render/raycaster.ts";
import { ROOM_CAMERA } from "../scene/room.ts";
import { seedProblems } from "../seed.ts";
import { DEFAULT_BODY, type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";
import { checkSizes, evenIndices, halved } from "./sheet.ts";

/** Which episodes are shown, and how. */
export interface FilmOptions {
  /** A task of the kitchen, or "pusht". */
  readonly task: string;
  readonly operator?: string;
  readonly body?: string;
  readonly split?: string;
  readonly strength?: number;
  /** One of the body's cameras (the first where left out), or "room": an onlooker who sees the robot too. */
  readonly camera?: string;
  /** Side of each picture, pixels. */
  readonly size?: number;
  readonly seed?: number;
  readonly timeLimitSec?: number;
  /** Only this many pictures, from the first to the last at even distances; every control step where left out. */
  readonly pictures?: number;
}

/** One episode as it was seen. */
export interface Film {
  readonly images: readonly Image[];
  readonly instruction: string;
  readonly success: boolean;
  /** Instruction and outcome in one line. */
  readonly caption: string;
  readonly controlRateHz: number;
}

/** Side of a picture where nothing else is asked for. */
export const FILM_SIZE_PX = 128;

/**
 * Films the first `count` episodes that a recording with the same seed would hold.
 * @throws {UsageError} for an unknown task, operator, body, split or camera
 * @throws {ConfigError} for sizes out of range
 */
export async function* filmEpisodes(count: number, options: FilmOptions): AsyncGenerator<Film> {
  const { size = FILM_SIZE_PX, seed = 0, pictures = 1 } = options;
  checkSizes("filmEpisodes", { count, size, pictures });
  const problems = seedProblems(seed);
  if (problems.length > 0) throw new ConfigError("filmEpisodes", problems);
  if (options.task === PUSHT) {
    for (let i = 0; i < count; i++) yield await filmPushT(options, episodeSeed(seed, i));
    return;
  }
  const operator = checkOperator(options.operator ?? "expert");
  checkCamera(options);
  const world = await makeKitchenWorld({ ...options, cameras: [], endless: true });
  try {
    for (let i = 0; i < count; i++) yield await filmOne(world, operator, options, episodeSeed(seed, i));
  } finally {
    await world.close();
  }
}

async function filmOne(
  world: KitchenWorld,
  operator: OperatorName,
  options: FilmOptions,
  seed: number,
): Promise<Film> {
  const wanted = await wantedSteps(options, () => runEpisode(world, operator, seed, () => {}));
  const take = photographer(world, options, seed);
  const images: Image[] = [];
  let step = 0;
  const { instruction, success, failure } = await runEpisode(world, operator, seed, () => {
    if (wanted === null || wanted.has(step)) images.push(take());
    step++;
  });
  return {
    images: padded(images, options),
    instruction,
    success,
    caption: captionOf(operator, instruction, success, failure),
    controlRateHz: world.spec.controlRateHz,
  };
}

/** Takes pictures of the world as it stands: twice as large and halved, then perturbed as an observation is. */
function photographer(
  world: KitchenWorld,
  { split, strength, camera, size = FILM_SIZE_PX }: FilmOptions,
  seed: number,
): () => Image {
  const caster = new RayCaster({ width: 2 * size, height: 2 * size });
  const perturbation = perturbationOf(split, strength);
  const noise = makeRng(seed, "film");
  return () => {
    const { physics, renderScene } = world;
    const id = physics.id("camera", camera ?? world.spec.cameras[0]!.name);
    const image = halved(caster.render(renderScene, physics, id));
    perturbation.family?.image?.(image, perturbation.strength, noise);
    return image;
  };
}

async function filmPushT(options: FilmOptions, seed: number): Promise<Film> {
  const operator = checkPushTOperator(options.operator ?? "expert");
  refuseKitchenOptions(options);
  const { size = FILM_SIZE_PX, timeLimitSec = operator === "play" ? 12 : 30 } = options;
  const world = new PushTWorld({ imageSizePx: size, maxSteps: Math.max(1, Math.round(10 * timeLimitSec)) });
  const images: Image[] = [];
  const { success, coverage } = await runPushTEpisode(world, operator, seed, ({ images: { top } }) => {
    if (top) images.push(top);
  });
  const wanted = options.pictures;
  const outcome = `${(100 * coverage).toFixed(0)} % covered`;
  return {
    images: wanted === undefined ? images : evenIndices(images.length, wanted).map((i) => images[i]!),
    instruction: world.instruction,
    success,
    caption: operator === "play" ? "play" : `${world.instruction} ${outcome}`,
    controlRateHz: world.embodiment.controlRateHz,
  };
}

/** The steps to be drawn, found by running the episode once unseen: drawing takes most of the time. */
async function wantedSteps(
  { pictures }: FilmOptions,
  rehearse: () => Promise<{ readonly steps: number }>,
): Promise<ReadonlySet<number> | null> {
  if (pictures === undefined) return null;
  const { steps } = await rehearse();
  return new Set(evenIndices(steps, pictures));
}

/** Episodes shorter than the number of pictures end on their last one, again and again. */
function padded(images: Image[], { pictures = 0 }: FilmOptions): Image[] {
  while (images.length < pictures) images.push(images.at(-1)!);
  return images;
}

/** Nothing is asked of play, so nothing can be said of its success. */
function captionOf(operator: string, instruction: string, success: boolean, failure?: string): string {
  return operator === "play" ? "play" : `${instruction}: ${success ? "done" : (failure ?? "not done")}`;
}

function checkCamera({ camera, body }: FilmOptions): void {
  if (camera === undefined) return;
  const known = [...bodyNamed(body ?? DEFAULT_BODY).spec.cameras.map(({ name }) => name), ROOM_CAMERA];
  if (known.includes(camera)) return;
  throw new UsageError(
    `filmEpisodes: the camera must be one of ${known.join(", ")}, got "${camera}".${didYouMean(camera, known)}`,
  );
}

/** PushT has one body, one camera and no perturbation families. */
function refuseKitchenOptions({ body, split, camera }: FilmOptions): void {
  const given = Object.entries({ body, split, camera }).filter(([, value]) => value !== undefined);
  if (given.length === 0) return;
  const names = given.map(([name, value]) => `${name} "${value}"`).join(", ");
  throw new UsageError(
    `filmEpisodes: PushT has no choice of body, split or camera, got ${names}. Leave it out.`,
  );
}
