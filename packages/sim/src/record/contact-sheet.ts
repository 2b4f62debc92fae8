/** A contact sheet: one row per seed, pictures from the first to the last, so that a person sees what is recorded. */
import { ConfigError, type Image } from "@orrery/core";
import { checkOperator } from "../operators/operator.ts";
import { makeKitchenWorld } from "../world/kitchen-world.ts";
import { episodeSeed, runEpisode } from "./episode.ts";

export interface ContactSheetOptions {
  readonly task: string;
  readonly operator?: string;
  readonly split?: string;
  readonly strength?: number;
  readonly camera?: string;
  /** Side of each picture, pixels. */
  readonly size?: number;
  readonly rows?: number;
  readonly columns?: number;
  readonly seed?: number;
  readonly timeLimitSec?: number;
}

export interface ContactSheet {
  readonly image: Image;
  /** One line per row: instruction and outcome. */
  readonly captions: readonly string[];
}

const GAP_PX = 2;

/**
 * Runs episodes and lays their pictures out in a grid.
 * @throws {UsageError} for an unknown task, operator, split or camera
 * @throws {ConfigError} for sizes out of range
 */
export async function contactSheet(options: ContactSheetOptions): Promise<ContactSheet> {
  const { camera = "head", size = 128, rows = 4, columns = 8, seed = 0 } = options;
  const problems = Object.entries({ size, rows, columns })
    .filter(([, value]) => !Number.isInteger(value) || value < 1 || value > 2048)
    .map(([name, value]) => `${name} must be a whole number from 1 to 2048, got ${value}`);
  if (problems.length > 0) throw new ConfigError("contactSheet", problems);
  const operator = checkOperator(options.operator ?? "expert");
  const world = await makeKitchenWorld({
    task: options.task,
    cameras: [{ name: camera, width: size, height: size }],
    endless: true,
    ...(options.split === undefined ? {} : { split: options.split }),
    ...(options.strength === undefined ? {} : { strength: options.strength }),
    ...(options.timeLimitSec === undefined ? {} : { timeLimitSec: options.timeLimitSec }),
  });
  const sheet = makeSheet(columns * (size + GAP_PX) - GAP_PX, rows * (size + GAP_PX) - GAP_PX);
  const captions: string[] = [];
  try {
    for (let row = 0; row < rows; row++) {
      const pictures: Image[] = [];
      const outcome = await runEpisode(world, operator, episodeSeed(seed, row), ({ images }) => {
        pictures.push(images[camera]!);
      });
      captions.push(`${outcome.instruction}: ${outcome.success ? "done" : (outcome.failure ?? "not done")}`);
      for (let column = 0; column < columns; column++) {
        const at = Math.round((column * (pictures.length - 1)) / Math.max(1, columns - 1));
        paste(sheet, pictures[at]!, column * (size + GAP_PX), row * (size + GAP_PX));
      }
    }
  } finally {
    await world.close();
  }
  return { image: sheet, captions };
}

function makeSheet(width: number, height: number): Image {
  return { width, height, data: new Uint8Array(width * height * 3).fill(255) };
}

function paste(sheet: Image, picture: Image, left: number, top: number): void {
  for (let y = 0; y < picture.height; y++) {
    const row = picture.data.subarray(3 * y * picture.width, 3 * (y + 1) * picture.width);
    sheet.data.set(row, 3 * ((top + y) * sheet.width + left));
  }
}
