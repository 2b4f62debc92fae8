/** The sheets that show a whole list at once: all tasks, all families, all concepts. */
import type { Image } from "@orrery/core";
import { CONCEPTS, CONCEPT_VARIANTS, type ConceptVariant, conceptClip } from "../concepts/clip.ts";
import { FAMILIES } from "../perturb/splits.ts";
import { PUSHT } from "../pusht/record.ts";
import { TASKS } from "../tasks/registry.ts";
import { type Film, type FilmOptions, filmEpisodes } from "./film.ts";
import { type SheetRow, evenly, halved, sheetOf } from "./sheet.ts";

export interface ContactSheet {
  readonly image: Image;
  /** One line per row. */
  readonly captions: readonly string[];
}

export interface ContactSheetOptions extends Omit<FilmOptions, "pictures"> {
  /** Episodes, one per row. */
  readonly rows?: number;
  readonly columns?: number;
}

const COLUMNS = 8;

/**
 * One row per episode of a task.
 * @throws {UsageError} for an unknown task, operator, body, split or camera
 * @throws {ConfigError} for sizes out of range
 */
export async function contactSheet(
  options: ContactSheetOptions,
): Promise<ContactSheet & { readonly successes: number }> {
  const { rows = 4, columns = COLUMNS } = options;
  const films: Film[] = [];
  for await (const film of filmEpisodes(rows, { ...options, pictures: columns })) films.push(film);
  const successes = films.filter(({ success }) => success).length;
  return { ...laidOut(films), successes };
}

const MOSAIC_COLUMNS = 5;
/** The mosaic shows one of so many moments of an episode: late enough for hands to be at their things. */
const MOMENTS = 8;
const SHOWN_MOMENT = 5;

/** One row per task of the kitchen, and PushT below them; with one column, a mosaic of a moment of each. */
export async function taskSheet(options: Omit<ContactSheetOptions, "task" | "rows">): Promise<ContactSheet> {
  const { columns = COLUMNS } = options;
  if (columns > 1)
    return sheet((await filmTasks(options, columns)).map(({ name, film }) => rowOf(name, film)));
  const films = await filmTasks(options, MOMENTS);
  const rows: SheetRow[] = [];
  for (let i = 0; i < films.length; i += MOSAIC_COLUMNS) {
    const some = films.slice(i, i + MOSAIC_COLUMNS);
    rows.push({
      caption: some.map(({ name }) => name),
      images: some.map(({ film }) => film.images[SHOWN_MOMENT]!),
    });
  }
  return { image: sheetOf(rows), captions: films.map(({ name, film }) => `${name}: ${film.instruction}`) };
}

interface TaskFilm {
  readonly name: string;
  readonly film: Film;
}

async function filmTasks(
  options: Omit<ContactSheetOptions, "task" | "rows">,
  pictures: number,
): Promise<TaskFilm[]> {
  const films: TaskFilm[] = [];
  for (const { name } of TASKS) {
    films.push({ name, film: await firstFilm({ ...options, task: name, pictures }) });
  }
  const { seed = 0, size } = options;
  const plain = { task: PUSHT, seed, pictures, ...(size === undefined ? {} : { size }) };
  return [...films, { name: PUSHT, film: await firstFilm(plain) }];
}

function rowOf(name: string, { instruction, images }: Film): SheetRow {
  return { caption: `${name}: ${instruction}`, images };
}

const STRENGTHS = [0, 0.5, 1] as const;

/** One row per perturbation family: the same moments of the same episodes at strengths 0, 0.5 and 1. */
export async function familySheet(
  options: Omit<ContactSheetOptions, "split" | "strength" | "rows">,
): Promise<ContactSheet> {
  const { columns = 6, seed = 0 } = options;
  const each = Math.max(1, Math.floor(columns / STRENGTHS.length));
  const rows: SheetRow[] = [];
  for (const { name } of FAMILIES) {
    const images: Image[] = [];
    for (const strength of STRENGTHS) {
      for (let k = 0; k < each; k++) {
        const film = await firstFilm({
          ...options,
          split: `novel-${name}`,
          strength,
          seed: seed + k,
          pictures: 5,
        });
        images.push(film.images[2]!); // halfway, where hands and things meet
      }
    }
    rows.push({ caption: `${name} at ${STRENGTHS.join(", ")}`, images });
  }
  return sheet(rows);
}

/**
 * One concept: a row per variant. All of them (`name` left out): a possible and an impossible row each.
 * @throws {UsageError} for an unknown concept
 */
export async function conceptSheet(options: {
  readonly name?: string;
  readonly seed?: number;
  readonly size?: number;
  readonly columns?: number;
}): Promise<ContactSheet> {
  const { name, seed = 0, size = 96, columns = 10 } = options;
  const pair: readonly ConceptVariant[] = ["possible-a", "impossible-a"];
  const rows: SheetRow[] = [];
  const all = CONCEPTS.map((concept) => concept.name);
  for (const concept of name === undefined ? all : [name]) {
    for (const variant of name === undefined ? pair : CONCEPT_VARIANTS) {
      const images = await conceptPictures(concept, variant, seed, size);
      rows.push({ caption: `${concept}, ${variant}`, images: evenly(images, columns) });
    }
  }
  return sheet(rows);
}

/** The quadruplet of a concept as one film: possible above, impossible below, frame by frame. */
export async function conceptFilm(name: string, seed: number, size: number): Promise<Image[]> {
  const clips: Image[][] = [];
  for (const variant of ["possible-a", "possible-b", "impossible-a", "impossible-b"] as const) {
    clips.push(await conceptPictures(name, variant, seed, size));
  }
  const [a, b, c, d] = clips as [Image[], Image[], Image[], Image[]];
  return a.map((image, t) =>
    sheetOf([
      { caption: "possible", images: [image, b[t]!] },
      { caption: "impossible", images: [c[t]!, d[t]!] },
    ]),
  );
}

async function conceptPictures(
  name: string,
  variant: ConceptVariant,
  seed: number,
  size: number,
): Promise<Image[]> {
  const { images } = await conceptClip(name, seed, variant, 2 * size);
  return images.map(halved);
}

async function firstFilm(options: FilmOptions): Promise<Film> {
  for await (const film of filmEpisodes(1, options)) return film;
  throw new Error("internal: no film of one episode.");
}

function laidOut(films: readonly Film[]): ContactSheet {
  return sheet(films.map(({ caption, images }) => ({ caption, images })));
}

function sheet(rows: readonly SheetRow[]): ContactSheet {
  return { image: sheetOf(rows), captions: rows.map(({ caption }) => String(caption ?? "")) };
}
