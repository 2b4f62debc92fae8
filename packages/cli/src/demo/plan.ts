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
 * The turn of the loop. Reach is what a model learns in minutes; a short search leaves time for more homes and trials,
 * and a robot that is still on its way after five seconds seldom arrives.
 */
const LOOP = { tasks: ["reach"], rounds: 1, robots: 2 } as const;
const LOOP_MANNER = { planner: ":samples=100:elites=10:iterations=3", episodeSec: 5 } as const;
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
        expertEpisodes: count(240, 4),
        playEpisodes: count(180, 2),
        fleetEpisodes: count(32, 4),
        trials: count(24, 4),
        baseMinutes: LOOP_MINUTES.base * scale,
        roundMinutes: LOOP_MINUTES.round * scale,
      },
    }),
  };
}
