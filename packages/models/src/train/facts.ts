/** What a model must know of its data before it can be built, and where the data come from. */
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { DataError, widthOf } from "@orrery/core";
import type { ClipEpisode } from "@orrery/data";
import { INFERRED_ACTION } from "../inverse/inferred-columns.ts";
import type { Lineage } from "../release.ts";
import type { StreamFacts } from "../world-model.ts";
import type { TrainingSource } from "./latent-store.ts";

/**
 * What a model must be built for: the cameras, and the widest action and state.
 * @param cameras asked for, of every source; what the sources name themselves where left out, or else what all share
 * @throws {DataError} if no camera is shared, or two sources name lists of different lengths
 */
export function streamFacts(sources: readonly TrainingSource[], cameras?: readonly string[]): StreamFacts {
  const [first] = sources;
  if (first === undefined) throw new DataError("streamFacts: training needs at least one dataset, got none.");
  const shared = cameras ?? sharedCameras(sources);
  const embodiments = sources.map(({ dataset }) => dataset.embodiment);
  const actionWidth = Math.max(...embodiments.map((e) => widthOf(e.action)));
  return {
    cameras: shared,
    actionWidth,
    ...(sources.some(hasHints) ? { hintWidth: actionWidth } : {}),
    stateWidth: Math.max(...embodiments.map((e) => widthOf(e.state))),
    controlRateHz: first.dataset.fps,
    embodiment: first.dataset.embodiment,
  };
}

/** Whether a source brings inferred actions that are to be told apart from recorded ones. */
function hasHints({ dataset, inferredActions = "apart" }: TrainingSource): boolean {
  return inferredActions === "apart" && dataset.features.some(({ name }) => name === INFERRED_ACTION);
}

/** The sources with the cameras that each is read from; a list asked for overrules what they name themselves. */
export function withCameras(
  sources: readonly TrainingSource[],
  facts: StreamFacts,
  cameras?: readonly string[],
): TrainingSource[] {
  return sources.map((source) => ({ ...source, cameras: cameras ?? source.cameras ?? facts.cameras }));
}

/** Cameras of a mixture: those of one body need not have the names of another's, but there must be as many. */
function sharedCameras(sources: readonly TrainingSource[]): readonly string[] {
  const namesOf = ({ dataset }: TrainingSource): string[] =>
    dataset.cameras.filter((c) => !c.isDepth).map((c) => c.name);
  const open = sources.filter((source) => source.cameras === undefined);
  const [first] = open;
  const shared =
    first === undefined
      ? (sources[0]?.cameras ?? [])
      : namesOf(first).filter((name) => open.every((source) => namesOf(source).includes(name)));
  if (shared.length === 0) {
    throw new DataError(
      `streamFacts: the datasets must share a camera, got ${sources.map((s) => namesOf(s).join("+") || "none").join("; ")}.`,
    );
  }
  const odd = sources.find(
    (source) => source.cameras !== undefined && source.cameras.length !== shared.length,
  );
  if (odd !== undefined) {
    throw new DataError(
      `streamFacts: every source must give as many cameras, ${odd.dataset.files.root} names ${odd.cameras?.join("+")} ` +
        `and the others give ${shared.join("+")}. Name \`cameras\` for each source of the mixture.`,
    );
  }
  return shared;
}

/** The task texts of all sources, episodes that are not trained on included. */
export function taskTexts(sources: readonly TrainingSource[]): string[] {
  return sources.flatMap(({ dataset }) => [...dataset.tasks]);
}

/** Hashes of the rows that are trained on, so that a release can be traced back to its data. */
export function lineageOf(
  sources: readonly TrainingSource[],
  episodes: readonly ClipEpisode[],
  seed: number,
): Lineage {
  return {
    datasets: sources.map(({ dataset }) => {
      const own = episodes.filter((episode) => episode.dataset === dataset);
      const hash = createHash("sha256").update(JSON.stringify(dataset.features));
      for (const { index, from, columns } of own) {
        hash.update(from > 0 ? `${index} from ${from}` : `${index}`);
        for (const values of [columns.state, columns.action]) if (values !== null) hash.update(values);
      }
      return {
        path: dataset.files.root,
        episodes: [...new Set(own.map(({ index }) => index))],
        frames: own.reduce((sum, { length }) => sum + length, 0),
        sha256: hash.digest("hex"),
      };
    }),
    seed,
    codeVersion: codeVersion(),
    machine: `${cpus()[0]?.model ?? "unknown processor"} x ${cpus().length}`,
    startedAt: new Date().toISOString(),
  };
}

/** Version of the package, and the commit where there is a repository. */
function codeVersion(): string {
  const here = new URL(".", import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", here), "utf8")) as {
    version: string;
  };
  try {
    const cwd = fileURLToPath(here);
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return `${version}+${commit.toString().trim()}`;
  } catch {
    return version; // not a checkout, or no git
  }
}
