/** What the worker does with one HDF5 file: list its episodes, and read the steps of one. */
import { DataError, type Step } from "@orrery/core";
import type { Skip } from "../../source.ts";
import { stepsOf } from "../shared/columns.ts";
import { H5File, isTrap } from "./h5file.ts";
import { episodeGroups, type H5Episode, readEpisode } from "./layouts.ts";

/** An episode without its columns, which cannot leave the thread. */
export interface H5Found {
  readonly id: string;
  readonly group: string;
  readonly episode: Omit<H5Episode, "plan">;
}

/** Every episode's structure, or why a group or the whole file has none. */
export async function* walkH5File(
  path: string,
  label: string,
  rateHz: number | undefined,
): AsyncGenerator<Skip | H5Found> {
  let file: H5File | undefined;
  try {
    file = await H5File.open(path);
    for (const group of episodeGroups(file)) {
      const id = group === "" ? label : `${label}:${group}`;
      try {
        const { plan: _plan, ...episode } = await readEpisode(file, group, rateHz);
        yield { id, group, episode };
      } catch (error) {
        yield skipFor(id, error);
      }
    }
  } catch (error) {
    yield skipFor(label, error);
  } finally {
    file?.close();
  }
}

/** Opens the file anew, so that steps may be read at any time and do not hold the file open before. */
export async function* readH5Steps(
  path: string,
  group: string,
  rateHz: number | undefined,
): AsyncGenerator<Step> {
  const file = await H5File.open(path);
  try {
    const { plan, steps } = await readEpisode(file, group, rateHz);
    yield* stepsOf(plan, 0, steps);
  } finally {
    file.close();
  }
}

/** Damage is a skip; a trap of the library ends the thread instead. */
function skipFor(what: string, error: unknown): Skip {
  if (!(error instanceof DataError) || isTrap(error.cause)) throw error;
  return { what, reason: error.message };
}
