/** From the fleet's dataset to a mixture: verdicts beside the dataset, and which episodes training draws from how often. */
import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "@orrery/core/node";
import { openDataset, writeMixtureFile, type MixtureSpec } from "@orrery/data";
import { readCandidates } from "../select/candidates.ts";
import { countReasons, selectEpisodes, type SelectionVerdict } from "../select/select.ts";
import type { Places } from "./places.ts";
import type { SelectionSummary } from "./results.ts";
import type { FlywheelSettings } from "./settings.ts";

/** Judges every episode of a round and writes the verdicts, one JSON line each. */
export async function selectRound(
  places: Places,
  round: number,
  settings: FlywheelSettings,
  minFrames: number,
): Promise<SelectionSummary> {
  const dataset = await openDataset(places.fleet(round));
  const candidates = await readCandidates(dataset);
  const verdicts = selectEpisodes(candidates, settings.selection, minFrames);
  const lines = verdicts.map((verdict) => `${JSON.stringify(verdict)}\n`);
  writeFileAtomic(places.selection(round), lines.join(""));
  const isKept = new Set(verdicts.filter(({ keep }) => keep).map(({ episode }) => episode));
  return {
    episodes: candidates.length,
    kept: isKept.size,
    keptFrames: candidates.reduce((sum, { episode, frames }) => sum + (isKept.has(episode) ? frames : 0), 0),
    reasons: countReasons(verdicts),
  };
}

/** The verdicts of a round; none before it was judged. */
export function readSelection(places: Places, round: number): SelectionVerdict[] {
  const path = places.selection(round);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as SelectionVerdict);
}

/** What there is to learn from. */
export interface Gathered {
  /** Operators' recordings, and the frames in them. */
  readonly datasets: readonly string[];
  readonly frames: number;
  /** Kept of all fleets so far. */
  readonly fleetFrames: number;
}

/**
 * Writes what is learnt from after a round: all that operators recorded, and what was kept of every fleet so far,
 * refused candidates' included. Round 0 is the operators' recordings alone.
 */
export function writeMixture(
  places: Places,
  round: number,
  { datasets, frames, fleetFrames }: Gathered,
  { fleetShare, fleetBoost }: FlywheelSettings,
): string {
  // A few new frames must not be drawn so often that they are learnt by heart.
  const share = Math.min(fleetShare, (fleetBoost * fleetFrames) / (fleetBoost * fleetFrames + frames));

  const fleets = Array.from({ length: round }, (_, i) => i + 1).flatMap((past) => {
    const kept = readSelection(places, past).filter(({ keep }) => keep);
    if (kept.length === 0) return [];
    return [
      { dataset: places.fleet(past), episodes: kept.map(({ episode }) => episode).join(","), curated: false },
    ];
  });
  const spec: MixtureSpec = {
    name: `round-${round}`,
    ...(fleets.length === 0 ? {} : { streams: { sim: 1 - share, fleet: share } }),
    sources: [...datasets.map((dataset) => ({ dataset, curated: false })), ...fleets],
  };
  const path = places.mixture(round);
  writeMixtureFile(path, spec);
  return path;
}
