/** What a demo does, and how its time is split: a model that dreams, then one small turn of the loop with one that plans. */
import { planFlywheel, type FlywheelSettings } from "@orrery/flywheel";

/** One recording session of the demo. */
export interface Session {
  readonly task: string;
  readonly operator: "expert" | "play";
  readonly episodes: number;
  readonly seed: number;
}

export interface DemoPlan {
  readonly training: readonly Session[];
  readonly heldOut: readonly Session[];
  readonly trainMinutes: number;
  /** Windows scored on the held-out episodes. */
  readonly windows: number;
  /** Frames of each short dream, and of the long one. */
  readonly dreamFrames: number;
  readonly longDreamFrames: number;
  readonly loop: FlywheelSettings;
}

/** Minutes that all amounts below are meant for. */
const REFERENCE_MINUTES = 11.5;
/** Of them, training the model that dreams. Recording for it, scoring and dreaming take about 2. */
const TRAIN_MINUTES = 4.8;
/** Held-out seeds begin here, far from those of training. */
const HELD_OUT_SEED = 1_000_000;

/**
 * The turn of the loop. Closing a drawer with one arm is what a hundred demonstrations and a minute of training are enough
 * for; a short search near what the policy prior expects leaves time for more homes and trials.
 */
const LOOP = { tasks: ["close-drawer"], rounds: 1, robots: 2 } as const;
const LOOP_MANNER = {
  body: "arm6",
  cameras: [{ name: "overview", width: 64, height: 64 }],
  planner:
    ":search=mppi:samples=64:elites=8:iterations=2:horizon=3:block=3:hold=3:replanEvery=1:towards=tool_position",
  playSec: 1.6,
  episodeSec: 6,
  takeoverSec: 10,
} as const;
const LOOP_MINUTES = { base: 1.3, round: 0.7 } as const;

/** The same plan for the same minutes and seed, whatever the machine. */
export function planDemo(minutes: number, seed: number): DemoPlan {
  const scale = minutes / REFERENCE_MINUTES;
  const count = (atReference: number, least: number): number =>
    Math.max(least, Math.round(atReference * scale));
  const sessions = (from: number, share: number): Session[] => [
    { task: "push", operator: "expert", episodes: count(110 * share, 2), seed: from },
    { task: "reach", operator: "expert", episodes: count(60 * share, 2), seed: from + 1 },
    { task: "push", operator: "play", episodes: count(130 * share, 2), seed: from + 2 },
  ];
  return {
    training: sessions(seed, 1),
    heldOut: sessions(HELD_OUT_SEED + seed, 0.08),
    trainMinutes: TRAIN_MINUTES * scale,
    windows: count(96, 8),
    dreamFrames: 48,
    longDreamFrames: 300,
    loop: planFlywheel({
      ...LOOP,
      minutes,
      seed,
      settings: {
        ...LOOP_MANNER,
        expertEpisodes: count(120, 4),
        playEpisodes: count(200, 4),
        fleetEpisodes: count(48, 4),
        trials: count(40, 4),
        baseMinutes: LOOP_MINUTES.base * scale,
        roundMinutes: LOOP_MINUTES.round * scale,
      },
    }),
  };
}
