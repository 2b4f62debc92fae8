/** From minutes to a flywheel: how much is recorded, trained and tried, so that the whole takes about that long. */
import { SELECTION_DEFAULTS, type FlywheelSettings } from "./settings.ts";

export interface PlanRequest {
  readonly minutes: number;
  readonly tasks: readonly string[];
  readonly rounds: number;
  readonly robots: number;
  readonly seed: number;
  /** What is to be as it says, whatever the minutes. */
  readonly settings?: Partial<FlywheelSettings>;
}

/** Shares of the time; fleets and trials take the rest, in numbers that two cores manage in it. */
const BASE_SHARE = 0.2;
/** Of all rounds together, candidates and controls alike. */
const ROUNDS_SHARE = 0.35;
/**
 * Episodes that operators record in a flywheel of an hour, over all tasks. Many: a model learns what words name from many
 * scenes (`docs/experiments.md`), and recording one takes a core a fifth of a second.
 */
const EXPERTS_PER_HOUR = 1200;
const PLAY_PER_HOUR = 900;
/** Fleet episodes and trials, over all tasks, rounds and releases, that an hour has room for beside the training. */
const FLEET_PER_HOUR = 160;
const TRIALS_PER_HOUR = 240;

/** The same plan for the same request, whatever the machine. */
export function planFlywheel({
  minutes,
  tasks,
  rounds,
  robots,
  seed,
  settings = {},
}: PlanRequest): FlywheelSettings {
  const hours = minutes / 60;
  const count = (perHour: number, least: number, parts: number): number =>
    Math.max(least, Math.round((perHour * hours) / parts));
  const releases = 1 + 2 * rounds;
  return {
    minutes,
    tasks,
    homes: "seen",
    rounds,
    robots,
    seed,
    config: "jepa-tiny",
    body: null,
    cameras: null,
    planner: "",
    expertEpisodes: count(EXPERTS_PER_HOUR, 4, tasks.length),
    playEpisodes: count(PLAY_PER_HOUR, 2, tasks.length),
    expertSec: null,
    playSec: 4,
    fleetEpisodes: Math.min(1000 / tasks.length, count(FLEET_PER_HOUR, 4, rounds * tasks.length)),
    baseMinutes: minutes * BASE_SHARE,
    // Every round trains a candidate and a control.
    roundMinutes: (minutes * ROUNDS_SHARE) / (2 * rounds),
    baseSteps: null,
    roundSteps: null,
    trials: count(TRIALS_PER_HOUR, 4, releases * tasks.length),
    margin: 0.05,
    fleetShare: 0.4,
    fleetBoost: 4,
    episodeSec: null,
    fleetSec: null,
    takeoverSec: null,
    answerSec: 300,
    selection: SELECTION_DEFAULTS,
    ...settings,
  };
}
