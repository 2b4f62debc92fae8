/** Episodes as pictures, for people: what a camera sees while an operator works, row by row. */
import type { Image } from "@orrery/core";
import { bodyNamed } from "../bodies/registry.ts";
import { type OperatorName, checkOperator } from "../operators/operator.ts";
import { DEFAULT_BODY, type KitchenWorld, makeKitchenWorld } from "../world/kitchen-world.ts";
import { episodeSeed, runEpisode } from "./episode.ts";

/** Which episodes are shown, and how. */
export interface FilmOptions {
  readonly task: string;
  readonly operator?: string;
  readonly body?: string;
  readonly split?: string;
  readonly strength?: number;
  /** The body's first camera where left out. */
  readonly camera?: string;
  /** Side of each picture, pixels. */
  readonly size?: number;
  readonly seed?: number;
  readonly timeLimitSec?: number;
}

/** One episode as it was seen. */
export interface Film {
  /** One per control step. */
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
 */
export async function* filmEpisodes(count: number, options: FilmOptions): AsyncGenerator<Film> {
  const { size = FILM_SIZE_PX, seed = 0 } = options;
  const operator = checkOperator(options.operator ?? "expert");
  const camera = options.camera ?? bodyNamed(options.body ?? DEFAULT_BODY).spec.cameras[0]!.name;
  const world = await makeKitchenWorld({
    ...options,
    cameras: [{ name: camera, width: size, height: size }],
    endless: true,
  });
  try {
    for (let i = 0; i < count; i++) yield await filmOne(world, operator, camera, episodeSeed(seed, i));
  } finally {
    await world.close();
  }
}

async function filmOne(
  world: KitchenWorld,
  operator: OperatorName,
  camera: string,
  seed: number,
): Promise<Film> {
  const images: Image[] = [];
  const { instruction, success, failure } = await runEpisode(world, operator, seed, (step) => {
    images.push(step.images[camera]!);
  });
  // Nothing is asked of play, so nothing can be said of its success.
  const caption =
    operator === "play" ? "play" : `${instruction}: ${success ? "done" : (failure ?? "not done")}`;
  return { images, instruction, success, caption, controlRateHz: world.spec.controlRateHz };
}
