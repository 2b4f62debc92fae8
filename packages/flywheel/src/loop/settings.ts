/**
 * What a flywheel does, decided once and kept in its journal: a loop that is resumed must be the one that was begun.
 *
 * Seeds never meet: recordings draw 32-bit hashes of (seed, index), trials of the harness lie from 1,000,000 to
 * 1,001,010,000, and the homes of the fleet lie from `FLEET_SEED` on.
 */
import { ConfigError } from "@orrery/core";
import type { CameraSize } from "@orrery/sim";

/** Homes of the fleet begin here; no recording and no trial takes a seed from here on purpose. */
export const FLEET_SEED = 2_000_000_000;
const HOMES_PER_RUN = 20_000;
const HOMES_PER_ROUND = 1_000;
const MAX_RUN_SEED = 100_000;
const MAX_ROUNDS = HOMES_PER_RUN / HOMES_PER_ROUND;

export interface SelectionSettings {
  /** Share of the fleet's failures, from the least surprising up, that the model is held to know already. */
  readonly knownShare: number;
  /** Failures kept for each success, the most surprising first. */
  readonly failuresPerSuccess: number;
  /** Failures kept even where nothing succeeded. */
  readonly leastFailures: number;
  /** An episode nearer to a kept one than this share of the median distance between episodes is a repetition. */
  readonly repetitionShare: number;
}

export interface FlywheelSettings {
  /** That the amounts below were planned for. */
  readonly minutes: number;
  readonly tasks: readonly string[];
  /** Split that the fleet's homes and the trials are drawn from. */
  readonly homes: string;
  readonly rounds: number;
  /** Fleet processes at once. */
  readonly robots: number;
  readonly seed: number;
  /** Preset of the model, or a .json file of differences from one. */
  readonly config: string;
  /** Robot that operators and fleet have; the simulator's first where null. */
  readonly body: string | null;
  /** Of that robot; its first one, small, where null. */
  readonly cameras: readonly CameraSize[] | null;
  /** Search and planner options that every release plans with, as ":search=cem:samples=64"; may be empty. */
  readonly planner: string;
  /** Per task. */
  readonly expertEpisodes: number;
  readonly playEpisodes: number;
  /** Longest recording of an expert, in the world's time; the task's own limit where null. */
  readonly expertSec: number | null;
  /** Of play in one scene: after a while another scene teaches more than more of the same. */
  readonly playSec: number;
  /** Per task and round. */
  readonly fleetEpisodes: number;
  readonly baseMinutes: number;
  /** Of one round's training; the control run is given the same number of steps. */
  readonly roundMinutes: number;
  /**
   * Steps of the model's main phase instead of minutes, for a loop that is to come out the same on any machine; null
   * where the minutes decide.
   */
  readonly baseSteps: number | null;
  readonly roundSteps: number | null;
  /** Per release and task. */
  readonly trials: number;
  /** A candidate is promoted if its success exceeds the champion's by more than this, in shares. */
  readonly margin: number;
  /** Most of the windows that training draws from the fleet's episodes, as a share. */
  readonly fleetShare: number;
  /** A frame of the fleet's is drawn at most so many times as often as one of the operators'. */
  readonly fleetBoost: number;
  /** Longest episode of fleet and trials, in the world's time; the task's own limit where null. */
  readonly episodeSec: number | null;
  /**
   * Longest episode of the fleet, which may go on looking where a trial ends: what it finds then is what the model did not
   * know. As trials where null.
   */
  readonly fleetSec: number | null;
  /**
   * For so long an operator acts where the fleet has not succeeded in its time; nobody does where null. By itself a fleet
   * succeeds where the model knew the answer; what it did not know only an operator shows.
   */
  readonly takeoverSec: number | null;
  /** A robot that has not finished an episode after so long, on the wall clock, is started anew. */
  readonly answerSec: number;
  readonly selection: SelectionSettings;
}

export const SELECTION_DEFAULTS: SelectionSettings = {
  knownShare: 0.1,
  failuresPerSuccess: 4,
  leastFailures: 32,
  repetitionShare: 0.05,
};

/** Seed of the home that episode `index` of a round is set in. */
export function homeSeed(seed: number, round: number, index: number): number {
  return FLEET_SEED + seed * HOMES_PER_RUN + round * HOMES_PER_ROUND + index;
}

/** @throws {ConfigError} listing every number out of range */
export function checkSettings(settings: FlywheelSettings): void {
  const problems: string[] = [];
  const whole = (name: keyof FlywheelSettings, least: number, most: number): void => {
    const value = Number(settings[name]);
    if (!Number.isInteger(value) || value < least || value > most)
      problems.push(`${name} must be a whole number from ${least} to ${most}, got ${value}`);
  };
  const positive = (name: keyof FlywheelSettings): void => {
    if (!(Number(settings[name]) > 0))
      problems.push(`${name} must be above 0, got ${Number(settings[name])}`);
  };
  const { tasks } = settings;
  if (tasks.length === 0) problems.push("tasks must name at least one, got none");
  const twice = tasks.find((task, i) => tasks.indexOf(task) !== i);
  if (twice !== undefined) problems.push(`tasks must not repeat, got "${twice}" twice`);
  whole("rounds", 1, MAX_ROUNDS);
  whole("robots", 1, 64);
  whole("seed", 0, MAX_RUN_SEED);
  whole("expertEpisodes", 0, 1e6);
  whole("playEpisodes", 0, 1e6);
  whole("fleetEpisodes", 1, Math.floor(HOMES_PER_ROUND / Math.max(1, tasks.length)));
  whole("trials", 1, 10_000);
  if (settings.baseSteps !== null) whole("baseSteps", 1, 1e9);
  if (settings.roundSteps !== null) whole("roundSteps", 1, 1e9);
  positive("minutes");
  positive("baseMinutes");
  positive("roundMinutes");
  positive("answerSec");
  positive("fleetBoost");
  positive("playSec");
  if (settings.expertSec !== null) positive("expertSec");
  if (settings.episodeSec !== null) positive("episodeSec");
  if (settings.fleetSec !== null) positive("fleetSec");
  if (settings.takeoverSec !== null) positive("takeoverSec");
  if (settings.cameras?.length === 0) problems.push("cameras must name at least one, got none");
  if (settings.expertEpisodes + settings.playEpisodes === 0)
    problems.push("expertEpisodes and playEpisodes must not both be 0: there would be nothing to begin with");
  if (!(settings.margin >= 0 && settings.margin <= 1))
    problems.push(`margin must be from 0 to 1, got ${settings.margin}`);
  if (!(settings.fleetShare > 0 && settings.fleetShare < 1))
    problems.push(`fleetShare must lie between 0 and 1, got ${settings.fleetShare}`);
  problems.push(...selectionProblems(settings.selection));
  if (problems.length > 0) throw new ConfigError("flywheel", problems);
}

function selectionProblems(selection: SelectionSettings): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(selection)) {
    if (!(value >= 0)) problems.push(`selection.${name} must be 0 or more, got ${value}`);
  }
  if (selection.knownShare >= 1)
    problems.push(`selection.knownShare must be below 1, got ${selection.knownShare}`);
  return problems;
}
