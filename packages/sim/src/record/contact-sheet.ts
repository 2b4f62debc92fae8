/** A contact sheet: one row per seed, pictures from the first to the last, so that a person sees what is recorded. */
import { ConfigError, type Image } from "@orrery/core";
import { FILM_SIZE_PX, type FilmOptions, filmEpisodes } from "./film.ts";

export interface ContactSheetOptions extends FilmOptions {
  readonly rows?: number;
  readonly columns?: number;
}

export interface ContactSheet {
  readonly image: Image;
  /** One line per row: instruction and outcome. */
  readonly captions: readonly string[];
  /** How many rows ended in success. */
  readonly successes: number;
}

const GAP_PX = 2;

/**
 * Runs episodes and lays their pictures out in a grid.
 * @throws {UsageError} for an unknown task, operator, split or camera
 * @throws {ConfigError} for sizes out of range
 */
export async function contactSheet(options: ContactSheetOptions): Promise<ContactSheet> {
  const { size = FILM_SIZE_PX, rows = 4, columns = 8 } = options;
  const problems = Object.entries({ size, rows, columns })
    .filter(([, value]) => !Number.isInteger(value) || value < 1 || value > 2048)
    .map(([name, value]) => `${name} must be a whole number from 1 to 2048, got ${value}`);
  if (problems.length > 0) throw new ConfigError("contactSheet", problems);
  const strips: (readonly Image[])[] = [];
  const captions: string[] = [];
  let successes = 0;
  for await (const film of filmEpisodes(rows, options)) {
    strips.push(evenly(film.images, columns));
    captions.push(film.caption);
    successes += film.success ? 1 : 0;
  }
  return { image: gridOf(strips), captions, successes };
}

/** `count` of the images, from the first to the last at even distances. */
export function evenly<T>(items: readonly T[], count: number): T[] {
  const gaps = Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / gaps)]!);
}

/** Lays rows of pictures, all of one size, out on white. */
export function gridOf(rows: readonly (readonly Image[])[]): Image {
  const { width, height } = rows[0]![0]!;
  const columns = Math.max(...rows.map((row) => row.length));
  const sheet = {
    width: columns * (width + GAP_PX) - GAP_PX,
    height: rows.length * (height + GAP_PX) - GAP_PX,
  };
  const image: Image = { ...sheet, data: new Uint8Array(sheet.width * sheet.height * 3).fill(255) };
  rows.forEach((row, r) =>
    row.forEach((picture, c) => paste(image, picture, c * (width + GAP_PX), r * (height + GAP_PX))),
  );
  return image;
}

function paste(sheet: Image, picture: Image, left: number, top: number): void {
  for (let y = 0; y < picture.height; y++) {
    const row = picture.data.subarray(3 * y * picture.width, 3 * (y + 1) * picture.width);
    sheet.data.set(row, 3 * ((top + y) * sheet.width + left));
  }
}
