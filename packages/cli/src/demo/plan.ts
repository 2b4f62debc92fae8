/** What a demo does, and how its time is split. */

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
}

/** Share of the time that goes into training; recording, scoring and dreaming share the rest. */
const TRAINING_SHARE = 0.68;
/** Minutes that the numbers of episodes below are meant for. */
const REFERENCE_MINUTES = 11;
/** Held-out seeds begin here, far from those of training. */
const HELD_OUT_SEED = 1_000_000;

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
    trainMinutes: minutes * TRAINING_SHARE,
    windows: count(96, 8),
    dreamFrames: 48,
    longDreamFrames: 300,
  };
}
